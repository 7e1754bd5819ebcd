/* SPDX-License-Identifier: Apache-2.0 */
/* Subsets of the elements of an array. */
#include <librog/kernels/mask.h>

#include <string.h>

#include <librog/kernels/kernels.h>

size_t rog_mask_count(const uint64_t *set, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < rog_mask_words(n); i++)
        count += (size_t)__builtin_popcountll(set[i]);
    return count;
}

ROG_KERNEL_WIDE void rog_mask_gather(const uint64_t *set, size_t n, const float *restrict x,
                                     float *restrict values)
{
    for (size_t base = 0; base < n; base += 64) {
        uint64_t in = set[base / 64];
        if (in == UINT64_MAX) {
            memcpy(values, x + base, 64 * sizeof *x);
            values += 64;
            continue;
        }
        for (; in; in &= in - 1)
            *values++ = x[base + (size_t)__builtin_ctzll(in)];
    }
}

ROG_KERNEL_WIDE void rog_mask_take(const uint64_t *set, size_t n, float *restrict x,
                                   float *restrict values)
{
    for (size_t base = 0; base < n; base += 64) {
        uint64_t in = set[base / 64];
        if (in == UINT64_MAX) {
            memcpy(values, x + base, 64 * sizeof *x);
            memset(x + base, 0, 64 * sizeof *x);
            values += 64;
            continue;
        }
        for (; in; in &= in - 1) {
            float *at = x + base + (size_t)__builtin_ctzll(in);
            *values++ = *at;
            *at = 0;
        }
    }
}

ROG_KERNEL_WIDE void rog_mask_subtract(const uint64_t *set, size_t n, const float *restrict values,
                                       float share, float *restrict x)
{
    for (size_t base = 0; base < n; base += 64) {
        uint64_t in = set[base / 64];
        if (in == UINT64_MAX) {
            for (size_t i = 0; i < 64; i++)
                x[base + i] -= share * values[i];
            values += 64;
            continue;
        }
        for (; in; in &= in - 1)
            x[base + (size_t)__builtin_ctzll(in)] -= share * *values++;
    }
}
