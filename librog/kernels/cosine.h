/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_COSINE_H
#define ROG_KERNELS_COSINE_H

/*
 * The orthonormal discrete cosine transform, DCT-II (Ahmed, Natarajan, Rao, IEEE Trans. Comput.
 * 1974), of blocks of h x w numbers, in both directions, and its inverse. For n numbers it is
 *
 *     y_j = s_j sum_i x_i cos((2 i + 1) j pi / 2 n),   s_0 = sqrt(1/n), s_j = sqrt(2/n)
 *
 * C2 of n numbers is computed from C2 and C4 (DCT-IV) of half as many, and C4 from two C2 of half
 * as many, with rotations before and sums and differences after them (Chen, Smith, Fralick, IEEE
 * Trans. Commun. 1977; in this orthogonal form Plonka, Tasche, Linear Algebra Appl. 2005, which
 * shows it to be stable), down to small or odd n, for which it is a product with the matrix.
 * Results do not depend on the processor's vector width. Coefficients stay in the order that
 * results from these steps.
 */

#include <stddef.h>
#include <stdint.h>

/* Tables and memory for blocks of one size. */
struct rog_cosine {
    uint32_t h, w;
    float *of_h, *of_w; /* tables */
    float *halfway, *columns, *room;
};

/* The size of its memory in bytes, and creating it in that memory, aligned for floats. */
size_t rog_cosine_scratch(uint32_t h, uint32_t w);
struct rog_cosine rog_cosine_make(uint32_t h, uint32_t w, void *scratch);

/* x: rows of a block, `stride` floats apart. y: row after row. */
void rog_cosine_forward(const struct rog_cosine *cosine, const float *x, size_t stride, float *y);
/* In place, row after row. */
void rog_cosine_inverse(const struct rog_cosine *cosine, float *y);

#endif
