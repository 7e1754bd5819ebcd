/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_SOURCES_H
#define ROG_DATA_SOURCES_H

/* The data sets there are, and how one is opened by name, with noise where that is asked for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/data/dataset.h>

/* The seed that runs open their data sets with: all runs of a case, whatever their own seed, see
 * the same images and are tested on the same images. */
#define ROG_DATASET_SEED 1

/* Of every source there is. */
#define ROG_DATASET_CLASSES 100

/*
 * source: "synth100", "cifar100:FOLDER" (train.bin, test.bin), "fed-cifar100:FOLDER"
 * (fed_cifar100_train.h5, fed_cifar100_test.h5) or "noisy-cifar100:FOLDER" (noisy_cifar.h), whose
 * images take no other noise than "none".
 * noise: a name of trainer/data/noise.h, "none" for the clean images. Noise is drawn once from
 * `seed` and, like the drawing of synth100 (which has a seed of its own), cached under the cache
 * folder by content hash. Test and train images never overlap.
 * Errors: ROG_EINVAL for an unknown source or noise, ROG_EFORMAT for a damaged source, ROG_EIO.
 */
int rog_dataset_open(struct rog_dataset **dataset, const char *source, enum rog_split split,
                     const char *noise, uint64_t seed, struct rog_error *err);

/* Whether rog_dataset_open would succeed, in far less time where the data set is no new one. */
int rog_dataset_check(const char *source, enum rog_split split, const char *noise,
                      struct rog_error *err);

/* What rog_dataset_open would give, in words that differ where the images do; without making it.
 * For caches of what is derived from it. At most `bytes`, 1024 are enough. */
int rog_dataset_describe(const char *source, enum rog_split split, const char *noise, uint64_t seed,
                         char *text, size_t bytes, struct rog_error *err);

/* Whether there are only images that have their noise already. */
bool rog_dataset_is_noisy(const char *source);

/* What a class of `source` is called. ROG_CLASS_NAME_BYTES are enough. ROG_EINVAL for an unknown
 * source or label. */
#define ROG_CLASS_NAME_BYTES 32
int rog_dataset_class_name(const char *source, uint32_t label, char *text, size_t bytes,
                           struct rog_error *err);

#endif
