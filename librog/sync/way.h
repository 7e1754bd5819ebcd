/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WAY_H
#define ROG_SYNC_WAY_H

/* How the rows of a table travel in one direction: by which codec, with which values of its
 * parameters, and what that takes for the rows of each tensor. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/codecs/codecs.h>
#include <librog/sync/tensor.h>
#include <rog/error.h>

/* For each row of a tensor. */
struct rog_way_tensor {
    struct rog_codec_bytes bytes; /* in a message, at any level, in any iteration */
    size_t memory;                /* floats that the codec has kept at a sender */
    uint64_t memory_at;           /* those of the first row, among those of all */
};

struct rog_way {
    const struct rog_codec *codec;
    const void *parameters;            /* the codec's, borrowed; NULL: it has none */
    struct rog_way_tensor *tensors;    /* [tensor] */
    const struct rog_rows_tensor *cut; /* [tensor], borrowed: what they are cut into */
    uint64_t memory_floats;            /* of all rows */
    size_t scratch_bytes;              /* most that the codec works with */
    uint64_t wire_bytes;               /* most that scales and rows of a full exchange take */
    bool whole;                        /* all tensors have one scale, from all values that wait */
};

/* ROG_EINVAL for a codec that contradicts itself. */
int rog_way_init(struct rog_way *way, const struct rog_codec *codec, const void *parameters,
                 const struct rog_rows_tensor *tensors, uint32_t count, struct rog_error *err);
/* Harmless on one that is all 0. */
void rog_way_release(struct rog_way *way);

/* Most bytes of a row of this tensor at this level in this iteration (0: in any). */
size_t rog_way_most(const struct rog_way *way, uint32_t tensor, uint32_t level, uint32_t iteration);

/* What the codec keeps at one sender, all 0; NULL where it keeps nothing. */
int rog_way_memory(const struct rog_way *way, float **memory, struct rog_error *err);

static inline uint32_t rog_way_levels(const struct rog_way *way)
{
    return way->codec->levels > 1 ? way->codec->levels : 1;
}

#endif
