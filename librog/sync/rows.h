/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_ROWS_H
#define ROG_SYNC_ROWS_H

/*
 * The row table: how a model's flat parameter array is cut into rows (ROG, MICRO 2022). In
 * parameter order: a tensor that is one-dimensional or has fewer than 1000 elements is one row; any
 * other tensor has one row per index of its first dimension. Tensors ("blocks" of the
 * codec) have one scale each.
 *
 * A table also says how its rows travel: by which codec, with which values of its parameters.
 */

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/codecs/codecs.h>
#include <rog/error.h>
#include <rog/strategy.h>

#define ROG_ROW_MIN_ELEMENTS 1000

struct rog_rows_tensor {
    uint64_t offset;    /* first element in the flat array */
    uint64_t size;      /* elements, > 0 */
    uint32_t first_row; /* rows first_row .. first_row + rows - 1 */
    uint32_t rows;
    uint32_t row_size;                /* elements of each of its rows: size / rows */
    struct rog_codec_bytes row_bytes; /* of each of its rows in a message */
    const char *name;                 /* borrowed, rog_rows_set_name; NULL: it has none */
};

struct rog_rows {
    uint64_t params;
    uint32_t tensor_count, row_count;
    struct rog_rows_tensor *tensors;
    uint32_t *row_tensor;                             /* [row]: its tensor */
    uint32_t *first_row;                              /* [tensor_count + 1] */
    struct rog_model_view model;                      /* all of this, as strategies see it */
    uint32_t *row_elements, *push_bytes, *pull_bytes; /* the model's */
    const char **names;
    const struct rog_codec *codec;
    const void *parameters; /* the codec's, borrowed; NULL: it has none */
    uint64_t wire_bytes;    /* most that scales and rows of a full exchange take */
};

/* dims[i] dimensions of tensor i, shapes concatenated. The codec is the first of rog_codecs. Empty
 * or overflowing shapes: ROG_EINVAL. */
int rog_rows_new(struct rog_rows **rows, const uint32_t *dims, const uint32_t *shapes,
                 uint32_t tensor_count, struct rog_error *err);
void rog_rows_free(struct rog_rows *rows);
/* Borrowed. */
void rog_rows_set_name(struct rog_rows *rows, uint32_t tensor, const char *name);
/* Rows of this table travel by this codec from now on. parameters: the codec's struct of them,
 * borrowed; NULL where it has none. */
void rog_rows_set_codec(struct rog_rows *rows, const struct rog_codec *codec,
                        const void *parameters);

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

/* Where each tensor begins in a flat array: to places, rows->tensor_count of them. */
static inline void rog_rows_places(const struct rog_rows *rows, float *flat, float **places)
{
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        places[i] = flat + rows->tensors[i].offset;
}

/* How many bytes a row takes in a message. */
static inline const struct rog_codec_bytes *rog_rows_bytes(const struct rog_rows *rows,
                                                           uint32_t row)
{
    return &rows->tensors[rows->row_tensor[row]].row_bytes;
}

/* What this row is encoded and decoded with, where each tensor has such a scale. */
static inline struct rog_codec_row rog_rows_coded(const struct rog_rows *rows, uint32_t row,
                                                  const float *scale)
{
    uint32_t tensor = rows->row_tensor[row];
    return (struct rog_codec_row){.parameters = rows->parameters,
                                  .elements = rows->tensors[tensor].row_size,
                                  .scale = scale[tensor]};
}

/* How many bytes the row takes that begins here, with `size` bytes to the end of the message; it
 * has been checked. */
static inline size_t rog_rows_length(const struct rog_rows *rows, uint32_t row,
                                     const uint8_t *bytes, size_t size)
{
    const struct rog_codec_bytes *range = rog_rows_bytes(rows, row);
    const struct rog_codec_row unscaled = {
        .parameters = rows->parameters, .elements = rog_rows_size(rows, row), .limit = FLT_MAX};
    const char *why;
    return range->least == range->most ? range->most
                                       : rows->codec->check(&unscaled, bytes, size, &why);
}

#endif
