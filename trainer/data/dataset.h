/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_DATASET_H
#define ROG_DATA_DATASET_H

/* Labelled images in memory: 8-bit RGB, channels last, as they come from the source. */

#include <stdint.h>

#include <rog/error.h>

enum rog_split { ROG_SPLIT_TRAIN, ROG_SPLIT_TEST };

struct rog_dataset {
    uint32_t count, classes, height, width;
    uint8_t *pixels;  /* (count, height, width, 3) */
    uint16_t *labels; /* (count), < classes */
    char sha256[65];  /* of pixels and labels: what the start event and the caches name */
};

/*
 * source: "synth100" or "cifar100:FOLDER" (train.bin, test.bin).
 * noise: a name of trainer/data/noise.h, "none" for the clean images. Noise is drawn once from
 * `seed` and, like the drawing of synth100, cached under the cache folder by content hash.
 * Test and train images never overlap.
 */
int rog_dataset_open(struct rog_dataset **dataset, const char *source, enum rog_split split,
                     const char *noise, uint64_t seed, struct rog_error *err);
void rog_dataset_free(struct rog_dataset *dataset);

/* The non-IID split: images sorted by label (stable), cut into `workers` equal shards; *indices is
 * the heap array of the `worker`-th (zero-based), left-over images at the end belong to nobody. */
int rog_dataset_shard(const struct rog_dataset *dataset, uint32_t workers, uint32_t worker,
                      uint32_t **indices, uint32_t *count, struct rog_error *err);

#endif
