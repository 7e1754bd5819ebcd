/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_PREFETCH_H
#define ROG_SYNC_PREFETCH_H

/*
 * The rows of a message are scattered over arrays that fit no cache, and most rows are too short
 * for the processor to predict the next access. Loops over rows therefore prefetch the rows a few
 * places ahead. This changes no result, only when memory is read. For a compiler such a function
 * has no effect, so it drops the call unless it inlines the function first.
 */

#include <stdint.h>

#include <librog/sync/rows.h>

#define ROG_PREFETCH_ROWS 8
#define ROG_PREFETCH_ELEMENTS 2048 /* of each row; the processor prefetches the rest itself */
#define ROG_PREFETCH_LINE 16       /* floats per cache line */

/* Call this before handling the i-th of `count` rows. values: rows->params floats; if it is NULL,
 * `tensors` has the values of each tensor. */
static inline __attribute__((always_inline)) void
rog_prefetch(const struct rog_rows *rows, const float *values, float *const *tensors,
             const uint32_t *list, uint32_t count, uint32_t i)
{
    uint32_t end = count - i > ROG_PREFETCH_ROWS ? i + ROG_PREFETCH_ROWS + 1 : count;
    for (uint32_t k = i ? i + ROG_PREFETCH_ROWS : 0; k < end; k++) {
        uint32_t size = rog_rows_size(rows, list[k]);
        const float *row =
            values ? values + rog_rows_offset(rows, list[k]) : rog_rows_in(rows, tensors, list[k]);
        uint32_t most = size < ROG_PREFETCH_ELEMENTS ? size : ROG_PREFETCH_ELEMENTS;
        for (uint32_t at = 0; at < most; at += ROG_PREFETCH_LINE)
            __builtin_prefetch(row + at, 1);
    }
}

#endif
