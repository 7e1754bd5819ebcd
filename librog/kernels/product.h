/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_PRODUCT_H
#define ROG_KERNELS_PRODUCT_H

/*
 * Products of a matrix and a few vectors. m is rows x width, one row after the other; p has `rank`
 * vectors of `rows` elements, q has `rank` vectors of `width` elements, one vector after the other.
 * Sums are computed in a fixed order, independent of the processor's vector width.
 */

#include <stddef.h>

struct rog_product_shape {
    size_t rows, width, rank;
};

/* p <- m q */
void rog_product_rows(const struct rog_product_shape *shape, const float *m, const float *q,
                      float *p);

/* q <- m^T p */
void rog_product_columns(const struct rog_product_shape *shape, const float *m, const float *p,
                         float *q);

/* m <- m - share p q^T */
void rog_product_subtract(const struct rog_product_shape *shape, float share, const float *p,
                          const float *q, float *m);

/* Replaces `rank` vectors of n elements, one after the other, by orthonormal vectors that span the
 * same space (modified Gram-Schmidt, as in Vogels et al., NeurIPS 2019; twice, because the second
 * pass removes the rounding errors of the first: Giraud, Langou, Rozloznik, Comput. Math. Appl.
 * 2005). A vector that depends on the previous ones, up to rounding, becomes 0. */
void rog_product_orthonormal(size_t n, size_t rank, float *p);

/* Multiplies by a power of two, so that the largest magnitude is near 1. */
void rog_product_to_one(float *x, size_t n);

#endif
