/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_PREFETCH_H
#define ROG_SYNC_PREFETCH_H

/*
 * The rows of a message lie scattered over arrays that no cache holds, and most are too short for
 * the processor to guess what comes next. Who walks them asks for those a few places ahead. This
 * changes no result, only when memory is read; for a compiler it is therefore without effect, and
 * it leaves calls of such a function out unless they are inlined first.
 */

#include <stdint.h>

#include <librog/sync/rows.h>

#define ROG_PREFETCH_ROWS 8
#define ROG_PREFETCH_ELEMENTS 2048 /* of each row; after these the processor goes on by itself */
#define ROG_PREFETCH_LINE 16       /* floats of a cache line */

/* The i-th of `count` rows is next; `values`: rows->params floats, or where that is NULL `tensors`:
 * those of each tensor. */
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
