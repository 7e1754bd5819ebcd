/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_KERNELS_LEVELS_H
#define ROG_NN_KERNELS_LEVELS_H

/* The tables of kernels.c, one for each instruction set level for which it is compiled. */

struct rog_kernels;

extern const struct rog_kernels rog_kernels_baseline;
#ifdef __x86_64__
extern const struct rog_kernels rog_kernels_x86_64_v3; /* AVX2, FMA */
extern const struct rog_kernels rog_kernels_x86_64_v4; /* AVX-512 */
#endif

#endif
