/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_ROWS_H
#define ROG_SYNC_ROWS_H

/*
 * The row table: how a model's flat parameter array is cut into rows (ROG, MICRO 2022). In
 * parameter order: a tensor that is one-dimensional or has fewer than 1000 elements is one row; any
 * other tensor has one row per index of its first dimension. Each tensor ("block" of the codec) has
 * one scale.
 *
 * A table also contains how its rows are encoded, in each direction and in the iterations of a
 * warm-up. With a codec of whole tensors, every tensor is one row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/tensor.h>
#include <librog/sync/way.h>
#include <rog/error.h>
#include <rog/strategy.h>

#define ROG_ROW_MIN_ELEMENTS 1000

enum rog_rows_direction { ROG_ROWS_PUSH, ROG_ROWS_PULL };
#define ROG_ROWS_DIRECTIONS 2

/* How the rows of a run are encoded. */
struct rog_rows_codecs {
    const struct rog_codec *push, *pull;           /* pull NULL: pulls are encoded as pushes */
    const void *push_parameters, *pull_parameters; /* their structs of parameters, borrowed; NULL if
                                                      they have none */
    uint32_t warmup; /* pushes and pulls of iterations up to this one are not compressed */
    uint64_t seed;   /* seed of the run */
};

struct rog_rows {
    uint64_t params;
    uint32_t tensor_count, row_count;
    struct rog_rows_tensor *tensors;
    uint32_t *row_tensor;                                /* [row]: its tensor's index */
    uint32_t *first_row;                                 /* [tensor_count + 1] */
    struct rog_model_view model;                         /* the table as strategies see it */
    uint32_t *row_elements, *bytes[ROG_ROWS_DIRECTIONS]; /* arrays that `model` points to */
    const char **names;
    struct rog_way way[ROG_ROWS_DIRECTIONS];
    struct rog_way warm; /* both directions in iterations up to `warmup` */
    uint32_t warmup;
    uint64_t seed;
};

/* Tensor i has dims[i] dimensions; `shapes` has all shapes, one after the other. Both directions
 * use the first of rog_codecs. ROG_EINVAL: a shape is empty or too large. */
int rog_rows_new(struct rog_rows **rows, const uint32_t *dims, const uint32_t *shapes,
                 uint32_t tensor_count, struct rog_error *err);
void rog_rows_free(struct rog_rows *rows);
/* The name is borrowed. */
void rog_rows_set_name(struct rog_rows *rows, uint32_t tensor, const char *name);
/* Sets how rows of this table are encoded from now on; the number of rows, and so the model view,
 * may change. ROG_EINVAL: a tensor is too large to be one row, or a codec contradicts itself; the
 * table must not be used after that. */
int rog_rows_set_codecs(struct rog_rows *rows, const struct rog_rows_codecs *codecs,
                        struct rog_error *err);

/* Returns how rows of a stream of this iteration are encoded. */
static inline const struct rog_way *
rog_rows_way(const struct rog_rows *rows, enum rog_rows_direction direction, uint32_t iteration)
{
    return iteration <= rows->warmup ? &rows->warm : &rows->way[direction];
}

/* Returns the maximum bytes of scratch memory that its codecs need. */
size_t rog_rows_scratch_bytes(const struct rog_rows *rows);

static inline uint64_t rog_rows_offset(const struct rog_rows *rows, uint32_t row)
{
    const struct rog_rows_tensor *tensor = &rows->tensors[rows->row_tensor[row]];
    return tensor->offset + (uint64_t)(row - tensor->first_row) * tensor->row_size;
}

/* The same if each tensor has its own array. */
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

/* Sets places[i], for each of rows->tensor_count tensors, to the tensor's position in a flat
 * array. */
static inline void rog_rows_places(const struct rog_rows *rows, float *flat, float **places)
{
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        places[i] = flat + rows->tensors[i].offset;
}

/* Returns the least and the most bytes of a row in a message of this way. */
static inline const struct rog_codec_bytes *rog_rows_bytes(const struct rog_rows *rows,
                                                           const struct rog_way *way, uint32_t row)
{
    return &way->tensors[rows->row_tensor[row]].bytes;
}

#endif
