/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_DATASET_H
#define ROG_DATA_DATASET_H

/* A data set: labelled images in memory, 8-bit RGB, channels last, as in the source. sources.h
 * lists the sources. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

enum rog_split { ROG_SPLIT_TRAIN, ROG_SPLIT_TEST };

struct rog_dataset {
    uint32_t count, classes, height, width;
    uint8_t *pixels;  /* (count, height, width, 3) */
    uint16_t *labels; /* (count), < classes */
    char sha256[65];  /* of pixels and labels; it identifies the data set in the start event and
                         the caches */
};

void rog_dataset_free(struct rog_dataset *dataset);

/* "train" or "test". */
const char *rog_split_name(enum rog_split split);

/* The non-IID split: images sorted by label (stable), cut into `workers` equal shards; *indices is
 * the heap array of the `worker`-th (zero-based). Images left over at the end belong to no
 * shard. */
int rog_dataset_shard(const struct rog_dataset *dataset, uint32_t workers, uint32_t worker,
                      uint32_t **indices, uint32_t *count, struct rog_error *err);

/* For the sources (sources.h): allocate `count` zeroed images, and compute their hash when they are
 * filled in. ROG_EINVAL for more than 2^31 bytes of pixels. */
int rog_dataset_new(struct rog_dataset **dataset, uint32_t count, uint32_t classes, uint32_t height,
                    uint32_t width, struct rog_error *err);
int rog_dataset_seal(struct rog_dataset *dataset, struct rog_error *err);

/* Returns the bytes of all pixels. */
static inline uint64_t rog_dataset_bytes(const struct rog_dataset *dataset)
{
    return (uint64_t)dataset->count * dataset->height * dataset->width * 3;
}

#endif
