/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_LEARNER_H
#define ROG_RUN_LEARNER_H

/*
 * Computes the gradients of a run's workers, virtual or real, and their local steps, on the noisy
 * training images. Worker i has the i-th shard of the non-IID split and draws its batches from it
 * by its own generator. Workers with the same batch size share one network (the weights are
 * arguments), so that memory for activations does not grow with the cluster.
 */

#include <stdint.h>

#include <common/archive.h>
#include <common/run_config.h>
#include <librog/parts/parts.h>
#include <rog/error.h>
#include <trainer/nn/arch.h>

struct rog_learner;

/* config, parts and arch are borrowed. buffers: the running statistics of BatchNorm, arch->buffers
 * floats, borrowed and not changed (they are frozen). ROG_EINVAL for a worker whose shard is
 * smaller than its batch. */
int rog_learner_new(struct rog_learner **learner, const struct rog_run_config *config,
                    const struct rog_parts *parts, const struct rog_arch *arch, float *buffers,
                    struct rog_error *err);
void rog_learner_free(struct rog_learner *learner);

/* Saves or loads each worker's position in its shard, its generator, and the state of its local
 * optimizer. */
void rog_learner_archive(struct rog_learner *learner, struct rog_archive *archive);

/* Batches in a pass of the zero-based worker over its shard. */
uint32_t rog_learner_batches(const struct rog_learner *learner, uint32_t worker);
/* SHA-256 of the training images and labels, as 64 hexadecimal digits. Borrowed. */
const char *rog_learner_data_sha256(const struct rog_learner *learner);

/* Computes the gradient of the worker's next `steps` batches at `params`: each batch is evaluated
 * at the same weights and the mean is taken, as the worker's weights change only by its pulls.
 * *gradients: arch->params floats, owned by the learner, valid until its next call; *loss: the mean
 * over the batches. */
int rog_learner_gradients(struct rog_learner *learner, uint32_t worker, uint32_t steps,
                          const float *params, const float **gradients, double *loss,
                          struct rog_error *err);

/* Makes the next `steps` local steps of the worker, of this iteration (counted from 1), and updates
 * `params`: in each step the run's local optimizer applies the gradient of one batch. *loss as
 * above. */
int rog_learner_steps(struct rog_learner *learner, uint32_t worker, uint32_t iteration,
                      uint32_t steps, float *params, double *loss, struct rog_error *err);

#endif
