/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_ROWS_H
#define ROG_SYNC_ROWS_H

/*
 * The row table: how a model's flat parameter array is cut into rows (ROG, MICRO 2022). In
 * parameter order: a tensor that is one-dimensional or has fewer than 1000 elements is one row; any
 * other tensor has one row per index of its first dimension. Tensors ("blocks" of the codec) have
 * one scale each.
 *
 * A table also says how its rows travel: as sign bits, or as they are, 32 bits an element, which is
 * for comparisons with training that compresses nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_ROW_MIN_ELEMENTS 1000

struct rog_rows_tensor {
    uint64_t offset;    /* first element in the flat array */
    uint64_t size;      /* elements, > 0 */
    uint32_t first_row; /* rows first_row .. first_row + rows - 1 */
    uint32_t rows;
    uint32_t row_size; /* elements of each of its rows: size / rows */
    const char *name;  /* for messages, borrowed; NULL: it has none */
};

struct rog_rows {
    uint64_t params;
    uint32_t tensor_count, row_count;
    bool plain; /* rows travel as float32, not as sign bits */
    struct rog_rows_tensor *tensors;
    uint32_t *row_tensor; /* [row]: its tensor */
    uint64_t wire_bytes;  /* payload of a full exchange in this project's own encoding */
};

/* dims[i] dimensions of tensor i, shapes concatenated. Empty or overflowing shapes: ROG_EINVAL. */
int rog_rows_new(struct rog_rows **rows, const uint32_t *dims, const uint32_t *shapes,
                 uint32_t tensor_count, struct rog_error *err);
void rog_rows_free(struct rog_rows *rows);
/* Rows of this table travel as float32 from now on. */
void rog_rows_set_plain(struct rog_rows *rows);

/* Bytes that a row of so many elements takes in a message. */
static inline size_t rog_rows_payload(const struct rog_rows *rows, uint32_t row_size)
{
    return rows->plain ? row_size * sizeof(float) : ((size_t)row_size + 7) / 8;
}

static inline uint64_t rog_rows_offset(const struct rog_rows *rows, uint32_t row)
{
    const struct rog_rows_tensor *tensor = &rows->tensors[rows->row_tensor[row]];
    return tensor->offset + (uint64_t)(row - tensor->first_row) * tensor->row_size;
}

/* The same where each tensor has a place of its own. */
static inline float *rog_rows_in(const struct rog_rows *rows, float *const *tensors, uint32_t row)
{
    uint32_t index = rows->row_tensor[row];
    const struct rog_rows_tensor *tensor = &rows->tensors[index];
    return tensors[index] + (uint64_t)(row - tensor->first_row) * tensor->row_size;
}

static inline uint32_t rog_rows_size(const struct rog_rows *rows, uint32_t row)
{
    return rows->tensors[rows->row_tensor[row]].row_size;
}

#endif
