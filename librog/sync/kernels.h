/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_KERNELS_H
#define ROG_SYNC_KERNELS_H

/*
 * The arithmetic of the codec (dist-EF-blockSGDM: Zheng, Huang, Kwok, NeurIPS 2019, "Communication-
 * Efficient Distributed Blockwise Momentum SGD with Error-Feedback") over n elements of one row.
 *
 * Signs travel as one bit an element, least significant bit first, 1 for negative (the sign bit of
 * the float), padded with zeros to a whole byte: (n + 7) / 8 bytes.
 *
 * Sums are formed in a fixed order whatever the processor's vector width: ROG_KERNEL_LANES float
 * accumulators, element i goes to lane i % LANES, over blocks of ROG_KERNEL_BLOCK elements, lanes
 * added pairwise (0+8, 1+9 ..., then 0+4 ...), blocks added in double.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_KERNEL_LANES 16
#define ROG_KERNEL_BLOCK 4096

struct rog_kernel_step {
    float learning_rate;
    float momentum;      /* mu */
    float weight_decay;  /* wd / (1 - mu) */
    float coupled_decay; /* a decay that momentum sees too, as in Sutskever et al., ICML 2013 */
    bool heavy_ball;     /* Polyak's momentum instead of Nesterov's */
};

/* d <- g + coupled w;  m <- mu m + d;  u <- u + lr (d + mu m + wd/(1-mu) w), with heavy_ball
 * u <- u + lr (m + wd/(1-mu) w).  Returns sum |u|. */
double rog_kernel_fold(const struct rog_kernel_step *step, const float *g, const float *w, float *m,
                       float *u, size_t n);

/* sum |u| */
double rog_kernel_absolute(const float *u, size_t n);

/* sum |a - b| */
double rog_kernel_difference(const float *a, const float *b, size_t n);

/* signs <- sign(u);  u <- u - s sign(u).  What is left in u is the error fed back. */
void rog_kernel_take(float *u, size_t n, float s, uint8_t *signs);

/* signs <- sign(held - model);  held <- held - s sign(held - model). */
void rog_kernel_take_difference(float *held, const float *model, size_t n, float s, uint8_t *signs);

/* w <- w - s sign: the receiver's side of both. */
void rog_kernel_apply(float *w, size_t n, float s, const uint8_t *signs);

bool rog_kernel_finite(const float *x, size_t n);

/*
 * The same without compression: elements travel as little-endian float32, four bytes each.
 */

/* bytes <- u;  u <- 0. */
void rog_kernel_take_plain(float *u, size_t n, uint8_t *bytes);
/* w <- w - share x, x the elements in bytes. */
void rog_kernel_apply_plain(float *w, size_t n, float share, const uint8_t *bytes);
/* held <- model;  bytes <- model. */
void rog_kernel_take_copy(float *held, const float *model, size_t n, uint8_t *bytes);
/* w <- the elements in bytes. */
void rog_kernel_apply_copy(float *w, size_t n, const uint8_t *bytes);
/* Of n elements in bytes. */
bool rog_kernel_finite_bytes(const uint8_t *bytes, size_t n);

#endif
