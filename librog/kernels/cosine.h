/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_COSINE_H
#define ROG_KERNELS_COSINE_H

/*
 * The orthonormal discrete cosine transform, DCT-II (Ahmed, Natarajan, Rao, IEEE Trans. Comput.
 * 1974), of blocks of h x w numbers, in both directions, and its inverse. Of n numbers it is
 *
 *     y_j = s_j sum_i x_i cos((2 i + 1) j pi / 2 n),   s_0 = sqrt(1/n), s_j = sqrt(2/n)
 *
 * As long as n is even, the coefficients of even j are the transform of the n / 2 sums
 * x_i + x_(n-1-i), and those of odd j a product of a matrix with as many differences; what is left
 * is a product with a matrix. So nothing but sums and products with cosines is formed, the same
 * whatever the processor's vector width. Coefficients stay in that order: for n = 12 those of
 * j = 0 4 8 | 2 6 10 | 1 3 5 7 9 11.
 */

#include <stddef.h>
#include <stdint.h>

/* For blocks of one size. */
struct rog_cosine {
    uint32_t h, w;
    float *of_h, *of_w; /* matrices */
    float *halfway, *columns, *room;
};

/* Bytes of memory for one, and one that lies there, aligned for floats. */
size_t rog_cosine_scratch(uint32_t h, uint32_t w);
struct rog_cosine rog_cosine_make(uint32_t h, uint32_t w, void *scratch);

/* x: rows of a block at a distance of `stride` floats. y: row after row. */
void rog_cosine_forward(const struct rog_cosine *cosine, const float *x, size_t stride, float *y);
/* In place, row after row. */
void rog_cosine_inverse(const struct rog_cosine *cosine, float *y);

/* j of the coefficient at this place of n. */
uint32_t rog_cosine_frequency(uint32_t n, uint32_t place);

#endif
