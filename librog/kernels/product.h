/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_PRODUCT_H
#define ROG_KERNELS_PRODUCT_H

/*
 * Products of a matrix and a few vectors. m is rows x width, one row after the other; of `rank`
 * vectors p has rows elements each and q has width, one vector after the other. Sums are formed in
 * a fixed order whatever the processor's vector width.
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

/* Of `rank` vectors of n elements, one after the other, as many that span the same and are
 * orthonormal (modified Gram-Schmidt, as in Vogels et al., NeurIPS 2019; twice, as the second pass
 * takes off what rounding has left of the first: Giraud, Langou, Rozloznik, Comput. Math. Appl.
 * 2005). One that depends on those before it, up to rounding, becomes 0. */
void rog_product_orthonormal(size_t n, size_t rank, float *p);

/* Multiplies by a power of two, so that the largest magnitude is near 1. */
void rog_product_to_one(float *x, size_t n);

#endif
