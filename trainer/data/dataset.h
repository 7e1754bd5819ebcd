/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_DATASET_H
#define ROG_DATA_DATASET_H

/* Labelled images in memory: 8-bit RGB, channels last, as they come from the source. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

/* The seed that runs open their data sets with: all runs of a case, whatever their own seed, see
 * the same images and are tested on the same images. */
#define ROG_DATASET_SEED 1

/* Of every source there is. */
#define ROG_DATASET_CLASSES 100

enum rog_split { ROG_SPLIT_TRAIN, ROG_SPLIT_TEST };

struct rog_dataset {
    uint32_t count, classes, height, width;
    uint8_t *pixels;  /* (count, height, width, 3) */
    uint16_t *labels; /* (count), < classes */
    char sha256[65];  /* of pixels and labels: what the start event and the caches name */
};

/*
 * source: "synth100", "cifar100:FOLDER" (train.bin, test.bin) or "fed-cifar100:FOLDER"
 * (fed_cifar100_train.h5, fed_cifar100_test.h5).
 * noise: a name of trainer/data/noise.h, "none" for the clean images. Noise is drawn once from
 * `seed` and, like the drawing of synth100 (which has a seed of its own), cached under the cache
 * folder by content hash. Test and train images never overlap.
 * Errors: ROG_EINVAL for an unknown source or noise, ROG_EFORMAT for a damaged source, ROG_EIO.
 */
int rog_dataset_open(struct rog_dataset **dataset, const char *source, enum rog_split split,
                     const char *noise, uint64_t seed, struct rog_error *err);
void rog_dataset_free(struct rog_dataset *dataset);

/* What rog_dataset_open would give, in words that differ where the images do; without making it.
 * For caches of what is derived from it. At most `bytes`, 1024 are enough. */
int rog_dataset_describe(const char *source, enum rog_split split, const char *noise, uint64_t seed,
                         char *text, size_t bytes, struct rog_error *err);

/* What a class of `source` is called. ROG_CLASS_NAME_BYTES are enough. ROG_EINVAL for an unknown
 * source or label. */
#define ROG_CLASS_NAME_BYTES 32
int rog_dataset_class_name(const char *source, uint32_t label, char *text, size_t bytes,
                           struct rog_error *err);

/* "train" or "test". */
const char *rog_split_name(enum rog_split split);

/* The non-IID split: images sorted by label (stable), cut into `workers` equal shards; *indices is
 * the heap array of the `worker`-th (zero-based), left-over images at the end belong to nobody. */
int rog_dataset_shard(const struct rog_dataset *dataset, uint32_t workers, uint32_t worker,
                      uint32_t **indices, uint32_t *count, struct rog_error *err);

/* For the sources of trainer/data: room for so many images, zeroed; and, when they are filled in,
 * their hash. Sizes beyond 2^31 bytes of pixels are ROG_EINVAL. */
int rog_dataset_new(struct rog_dataset **dataset, uint32_t count, uint32_t classes, uint32_t height,
                    uint32_t width, struct rog_error *err);
int rog_dataset_seal(struct rog_dataset *dataset, struct rog_error *err);

/* Bytes of all pixels. */
static inline uint64_t rog_dataset_bytes(const struct rog_dataset *dataset)
{
    return (uint64_t)dataset->count * dataset->height * dataset->width * 3;
}

#endif
