/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_KERNELS_H
#define ROG_KERNELS_KERNELS_H

/*
 * The arithmetic of an iteration, the same for every codec (dist-EF-blockSGDM: Zheng, Huang, Kwok,
 * NeurIPS 2019, "Communication-Efficient Distributed Blockwise Momentum SGD with Error-Feedback")
 * over n elements of a row: adding gradients to the updates that wait to be sent, and sums.
 *
 * Sums are computed in a fixed order, independent of the processor's vector width: ROG_KERNEL_LANES
 * float accumulators, element i goes to lane i % LANES, over blocks of ROG_KERNEL_BLOCK elements,
 * lanes added pairwise (0+8, 1+9 ..., then 0+4 ...), blocks added in double.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compiled again for wider vectors; the variant is chosen when the program starts. Without
 * contraction the results are the same to the bit. Not with sanitizers, which run before that
 * choice, nor with Clang (14), which gives functions that other files call a name that these do not
 * know. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ROG_KERNEL_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ROG_KERNEL_WIDE
#endif

#define ROG_KERNEL_LANES 16
#define ROG_KERNEL_BLOCK 4096

struct rog_kernel_step {
    float learning_rate;
    float momentum;      /* mu */
    float weight_decay;  /* wd / (1 - mu) */
    float coupled_decay; /* a decay that is part of the momentum, as in Sutskever et al., ICML
                            2013 */
    bool heavy_ball;     /* Polyak's momentum instead of Nesterov's */
};

/* d <- g + coupled w;  m <- mu m + d;  u <- u + lr (d + mu m + wd/(1-mu) w), with heavy_ball
 * u <- u + lr (m + wd/(1-mu) w).  Returns sum |u|. */
double rog_kernel_accumulate(const struct rog_kernel_step *step, const float *g, const float *w,
                             float *m, float *u, size_t n);

/* sum |u| */
double rog_kernel_absolute(const float *u, size_t n);

/* sum |a - b| */
double rog_kernel_difference(const float *a, const float *b, size_t n);

/* a <- a + share (b - a) */
void rog_kernel_approach(float *a, const float *b, float share, size_t n);

/* x <- x + y */
void rog_kernel_add(float *x, const float *y, size_t n);

/* to <- x + y */
void rog_kernel_sum(float *to, const float *x, const float *y, size_t n);

/* x <- x - share y */
void rog_kernel_subtract(float *x, const float *y, float share, size_t n);

/* to <- share x; both may be the same */
void rog_kernel_scale(float *to, const float *x, float share, size_t n);

/* sum x^2, in double */
double rog_kernel_squares(const float *x, size_t n);

/* m <- 0 where u is 0 */
void rog_kernel_mask(float *m, const float *u, size_t n);

/* u <- u + (base - w);  base <- w */
void rog_kernel_delta(const float *w, float *base, float *u, size_t n);

/* w <- a + (w - base);  base <- a */
void rog_kernel_rebase(float *w, float *base, const float *a, size_t n);

/* w <- share w + (1 - share) a;  base <- a */
void rog_kernel_mix(float *w, float *base, const float *a, float share, size_t n);

/* max |x|, of finite numbers */
float rog_kernel_greatest(const float *x, size_t n);

bool rog_kernel_finite(const float *x, size_t n);

#endif
