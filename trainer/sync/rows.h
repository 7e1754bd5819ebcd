/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_ROWS_H
#define ROG_SYNC_ROWS_H

/*
 * The row table: how a model's flat parameter array is cut into rows (ROG, MICRO 2022). In
 * parameter order: a tensor that is one-dimensional or has fewer than 1000 elements is one row; any
 * other tensor has one row per index of its first dimension. Tensors ("blocks" of the codec) have
 * one scale each.
 */

#include <stdint.h>

#include <rog/error.h>

#define ROG_ROW_MIN_ELEMENTS 1000

struct rog_rows_tensor {
    uint64_t offset;    /* first element in the flat array */
    uint64_t size;      /* elements, > 0 */
    uint32_t first_row; /* rows first_row .. first_row + rows - 1 */
    uint32_t rows;
    uint32_t row_size; /* elements of each of its rows: size / rows */
};

struct rog_rows {
    uint64_t params;
    uint32_t tensor_count, row_count;
    struct rog_rows_tensor *tensors;
    uint32_t *row_tensor; /* [row]: its tensor */
    uint64_t wire_bytes;  /* payload of a full exchange in this project's own encoding */
};

/* dims[i] dimensions of tensor i, shapes concatenated. Empty or overflowing shapes: ROG_EINVAL. */
int rog_rows_new(struct rog_rows **rows, const uint32_t *dims, const uint32_t *shapes,
                 uint32_t tensor_count, struct rog_error *err);
void rog_rows_free(struct rog_rows *rows);

static inline uint64_t rog_rows_offset(const struct rog_rows *rows, uint32_t row)
{
    const struct rog_rows_tensor *tensor = &rows->tensors[rows->row_tensor[row]];
    return tensor->offset + (uint64_t)(row - tensor->first_row) * tensor->row_size;
}

static inline uint32_t rog_rows_size(const struct rog_rows *rows, uint32_t row)
{
    return rows->tensors[rows->row_tensor[row]].row_size;
}

#endif
