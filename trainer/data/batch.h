/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_BATCH_H
#define ROG_DATA_BATCH_H

/* Batches from a shard: shuffled epochs, augmentation, mixup, label smoothing, normalization. */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/rng.h>
#include <rog/error.h>
#include <trainer/data/dataset.h>

struct rog_batch_options {
    uint32_t batch;         /* images per batch, > 0 */
    uint32_t image_size;    /* edge of the network's images, to which images are scaled
                               bilinearly */
    double label_smoothing; /* [0, 1) */
    double mixup;           /* alpha; 0: off */
    bool augment;           /* random horizontal flips and shifts (pre-training only) */
};

struct rog_sampler;

/* dataset is borrowed; indices are copied. All random numbers derive from (seed, stream, index). */
int rog_sampler_new(struct rog_sampler **sampler, const struct rog_dataset *dataset,
                    const uint32_t *indices, uint32_t count,
                    const struct rog_batch_options *options, uint64_t seed, const char *stream,
                    uint64_t index, struct rog_error *err);
void rog_sampler_free(struct rog_sampler *sampler);

/* Returns the batches per epoch: count / batch, rounded down. (12,500 / 24 = 520.) */
uint32_t rog_sampler_batches(const struct rog_sampler *sampler);

/* Returns the next batch: images (batch, S, S, 3) normalized float32, targets (batch, classes).
 * Each epoch is shuffled again. */
void rog_sampler_next(struct rog_sampler *sampler, float *images, float *targets);

/* Saves or loads the position in the epoch and the random generator. */
void rog_sampler_archive(struct rog_sampler *sampler, struct rog_archive *archive);

/* Returns images first..first+count-1 of the data set unchanged, for testing; images (count, S, S,
 * 3). */
void rog_batch_plain(const struct rog_dataset *dataset, uint32_t first, uint32_t count,
                     uint32_t image_size, float *images);

#endif
