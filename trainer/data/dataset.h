/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_DATASET_H
#define ROG_DATA_DATASET_H

/* The type of a data set: labelled images in memory, 8-bit RGB, channels last, as they come from
 * the source. Where they come from is written in sources.h. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

enum rog_split { ROG_SPLIT_TRAIN, ROG_SPLIT_TEST };

struct rog_dataset {
    uint32_t count, classes, height, width;
    uint8_t *pixels;  /* (count, height, width, 3) */
    uint16_t *labels; /* (count), < classes */
    char sha256[65];  /* of pixels and labels: what the start event and the caches name */
};

void rog_dataset_free(struct rog_dataset *dataset);

/* "train" or "test". */
const char *rog_split_name(enum rog_split split);

/* The non-IID split: images sorted by label (stable), cut into `workers` equal shards; *indices is
 * the heap array of the `worker`-th (zero-based), left-over images at the end belong to nobody. */
int rog_dataset_shard(const struct rog_dataset *dataset, uint32_t workers, uint32_t worker,
                      uint32_t **indices, uint32_t *count, struct rog_error *err);

/* For the sources (sources.h): room for so many images, zeroed; and, when they are filled in, their
 * hash. Sizes beyond 2^31 bytes of pixels are ROG_EINVAL. */
int rog_dataset_new(struct rog_dataset **dataset, uint32_t count, uint32_t classes, uint32_t height,
                    uint32_t width, struct rog_error *err);
int rog_dataset_seal(struct rog_dataset *dataset, struct rog_error *err);

/* Bytes of all pixels. */
static inline uint64_t rog_dataset_bytes(const struct rog_dataset *dataset)
{
    return (uint64_t)dataset->count * dataset->height * dataset->width * 3;
}

#endif
