/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_SOURCES_H
#define ROG_DATA_SOURCES_H

/* The known data sets, which are opened by name, optionally with noise. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/data/dataset.h>

/* The seed with which runs open their data sets: all runs of a case, whatever their own seed, train
 * and are tested on the same images. */
#define ROG_DATASET_SEED 1

/* Classes of every source. */
#define ROG_DATASET_CLASSES 100

/*
 * source: "synth100", "cifar100:FOLDER" (train.bin, test.bin), "fed-cifar100:FOLDER"
 * (fed_cifar100_train.h5, fed_cifar100_test.h5) or "noisy-cifar100:FOLDER" (noisy_cifar.h), whose
 * images accept only the noise "none".
 *
 * noise: a name of trainer/data/noise.h, "none" for the clean images. Noise is drawn once from
 * `seed` and cached under the cache folder by content hash, as is synth100 (which has its own
 * seed). Test and train images never overlap.
 *
 * Errors: ROG_EINVAL for an unknown source or noise, ROG_EFORMAT for a damaged source, ROG_EIO.
 */
int rog_dataset_open(struct rog_dataset **dataset, const char *source, enum rog_split split,
                     const char *noise, uint64_t seed, struct rog_error *err);

/* Checks whether rog_dataset_open would succeed, in far less time unless the data set is new. */
int rog_dataset_check(const char *source, enum rog_split split, const char *noise,
                      struct rog_error *err);

/* Describes the result of rog_dataset_open without creating it, in text that differs if the images
 * do. For caches of derived data. At most `bytes`, 1024 are enough. */
int rog_dataset_describe(const char *source, enum rog_split split, const char *noise, uint64_t seed,
                         char *text, size_t bytes, struct rog_error *err);

/* Returns whether the source has only images that are noisy already. */
bool rog_dataset_is_noisy(const char *source);

/* Returns the name of a class of `source`. ROG_CLASS_NAME_BYTES are enough. ROG_EINVAL for an
 * unknown source or label. */
#define ROG_CLASS_NAME_BYTES 32
int rog_dataset_class_name(const char *source, uint32_t label, char *text, size_t bytes,
                           struct rog_error *err);

#endif
