/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_CODING_H
#define ROG_SYNC_CODING_H

/* The context for encoding or decoding the rows of one message. */

#include <float.h>

#include <librog/sync/rows.h>
#include <rog/random.h>

struct rog_coding {
    const struct rog_rows *rows;
    const struct rog_way *way;
    const float *scale; /* [tensor] */
    void *scratch;      /* way->scratch_bytes bytes */
    /* For encoding only. */
    const uint8_t *level; /* [row]; NULL: the codec's best level */
    float *memory;        /* way->memory_floats floats; NULL: none */
    uint32_t iteration;
    uint64_t seed; /* seed of the stream */

    struct rog_codec_row row; /* the current row */
};

/* Returns the seed of a stream of this worker. */
static inline uint64_t rog_coding_seed(const struct rog_rows *rows,
                                       enum rog_rows_direction direction, uint32_t worker,
                                       uint32_t iteration)
{
    return rog_random(rog_random(rows->seed, direction, worker), iteration, 0);
}

/* Distance between the seeds of two rows. It is not a multiple of the constants in rog_random, so
 * that no two rows of a stream have the same random numbers. */
#define ROG_CODING_STRIDE UINT64_C(0xa0761d6478bd642f)

/* Returns a row for the codec; valid until the next call. */
static inline const struct rog_codec_row *rog_coding_row(struct rog_coding *coding, uint32_t row)
{
    uint32_t index = coding->rows->row_tensor[row];
    const struct rog_rows_tensor *tensor = &coding->rows->tensors[index];
    struct rog_codec_row *coded = &coding->row;
    coded->elements = tensor->row_size;
    coded->width = tensor->width;
    coded->scale = coding->scale[index];
    coded->seed = coding->seed + row * ROG_CODING_STRIDE;
    if (coding->level)
        coded->level = coding->level[row];
    if (coding->memory) {
        const struct rog_way_tensor *kept = &coding->way->tensors[index];
        uint64_t at = kept->memory_at + (uint64_t)(row - tensor->first_row) * kept->memory;
        coded->memory = kept->memory ? coding->memory + at : NULL;
    }
    return coded;
}

static inline void rog_coding_begin(struct rog_coding *coding)
{
    if (rog_way_levels(coding->way) == 1) /* as in a warm-up, whatever the plan says */
        coding->level = NULL;
    coding->row = (struct rog_codec_row){.parameters = coding->way->parameters,
                                         .iteration = coding->iteration,
                                         .scratch = coding->scratch};
}

/* For messages without values, with a codec that has levels: writes the level of each listed row,
 * one byte per row. Returns the number of bytes. */
static inline size_t rog_coding_put_levels(const struct rog_coding *coding, const uint32_t *list,
                                           uint32_t count, uint8_t *bytes)
{
    if (rog_way_levels(coding->way) == 1)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = coding->level ? coding->level[list[i]] : 0;
    return count;
}

/* Returns how many bytes the row takes that begins at `bytes`; `size` bytes are left in the
 * message, which has been checked. */
static inline size_t rog_coding_length(const struct rog_coding *coding, uint32_t row,
                                       const uint8_t *bytes, size_t size)
{
    const struct rog_way *way = coding->way;
    uint32_t index = coding->rows->row_tensor[row];
    const struct rog_codec_bytes *range = &way->tensors[index].bytes;
    const struct rog_codec_row unscaled = {.parameters = way->parameters,
                                           .elements = coding->rows->tensors[index].row_size,
                                           .width = coding->rows->tensors[index].width,
                                           .limit = FLT_MAX};
    const char *why;
    return range->least == range->most ? range->most
                                       : way->codec->check(&unscaled, bytes, size, &why);
}

#endif
