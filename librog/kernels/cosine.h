/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_COSINE_H
#define ROG_KERNELS_COSINE_H

/*
 * The orthonormal discrete cosine transform, DCT-II (Ahmed, Natarajan, Rao, IEEE Trans. Comput.
 * 1974), of blocks of h x w numbers, in both directions, and its inverse. Of n numbers it is
 *
 *     y_j = s_j sum_i x_i cos((2 i + 1) j pi / 2 n),   s_0 = sqrt(1/n), s_j = sqrt(2/n)
 *
 * C2 of n is C2 and C4 (DCT-IV) of half as many numbers, and C4 is two C2 of half as many, with
 * rotations before and sums and differences behind (Chen, Smith, Fralick, IEEE Trans. Commun. 1977;
 * in this orthogonal form Plonka, Tasche, Linear Algebra Appl. 2005, which shows it to be stable),
 * down to small or odd n, where it is a product with the matrix. Numbers are the same whatever the
 * processor's vector width. Coefficients are left in an order that these steps make.
 */

#include <stddef.h>
#include <stdint.h>

/* For blocks of one size. */
struct rog_cosine {
    uint32_t h, w;
    float *of_h, *of_w; /* tables */
    float *halfway, *columns, *room;
};

/* The bytes of one, and one in that memory, aligned for floats. */
size_t rog_cosine_scratch(uint32_t h, uint32_t w);
struct rog_cosine rog_cosine_make(uint32_t h, uint32_t w, void *scratch);

/* x: rows of a block, `stride` floats apart. y: row after row. */
void rog_cosine_forward(const struct rog_cosine *cosine, const float *x, size_t stride, float *y);
/* In place, row after row. */
void rog_cosine_inverse(const struct rog_cosine *cosine, float *y);

#endif
