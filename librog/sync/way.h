/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WAY_H
#define ROG_SYNC_WAY_H

/* How the rows of a table are encoded in one direction: with which codec and parameters, and the
 * memory and bytes that this takes for the rows of each tensor. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/codecs/codecs.h>
#include <librog/sync/tensor.h>
#include <rog/error.h>

/* For each row of a tensor. */
struct rog_way_tensor {
    struct rog_codec_bytes bytes; /* in a message, at any level, in any iteration */
    size_t memory;                /* floats of codec memory per row at a sender */
    uint64_t memory_at;           /* position of the first row's memory in that of all rows */
};

struct rog_way {
    const struct rog_codec *codec;
    const void *parameters;            /* the codec's parameters, borrowed; NULL: it has none */
    struct rog_way_tensor *tensors;    /* [tensor] */
    const struct rog_rows_tensor *cut; /* [tensor], borrowed: the rows that they are cut into */
    uint64_t memory_floats;            /* total of all rows */
    size_t scratch_bytes;              /* maximum of scratch memory */
    uint64_t wire_bytes;               /* maximum bytes of the scales and rows of a full exchange */
    bool whole;                        /* all tensors have one scale, computed from all waiting
                                          values */
};

/* ROG_EINVAL: the codec contradicts itself. */
int rog_way_init(struct rog_way *way, const struct rog_codec *codec, const void *parameters,
                 const struct rog_rows_tensor *tensors, uint32_t count, struct rog_error *err);
/* No effect on a struct that is all zero. */
void rog_way_release(struct rog_way *way);

/* Returns the maximum bytes of a row of this tensor at this level in this iteration (0: in any). */
size_t rog_way_most(const struct rog_way *way, uint32_t tensor, uint32_t level, uint32_t iteration);

/* Allocates the codec's memory at one sender, all 0; NULL if it needs none. */
int rog_way_memory(const struct rog_way *way, float **memory, struct rog_error *err);

static inline uint32_t rog_way_levels(const struct rog_way *way)
{
    return way->codec->levels > 1 ? way->codec->levels : 1;
}

#endif
