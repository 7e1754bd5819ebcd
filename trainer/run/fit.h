/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_FIT_H
#define ROG_RUN_FIT_H

/*
 * Trains a model from scratch on one machine, for pre-training.
 *
 * SGD with Nesterov momentum 0.9 and one rise and fall of the learning rate (Smith & Topin 2017,
 * "Super-Convergence", with a half cosine for the fall); weight decay 5e-4 on matrices and kernels
 * only; label smoothing 0.1; random flips and shifts; batch statistics in BatchNorm.
 */

#include <stdint.h>

#include <rog/error.h>
#include <trainer/data/dataset.h>
#include <trainer/nn/arch.h>

struct rog_fit_options {
    uint32_t epochs;      /* > 0 */
    uint32_t batch;       /* images, >= 2 */
    double learning_rate; /* the largest of the schedule */
    uint64_t seed;        /* for the order of the images and the augmentation */
};

struct rog_fit_progress {
    double done;            /* 0..1 */
    uint32_t epoch, epochs; /* epoch: 1..epochs */
    double loss;            /* mean over the batches since the last call */
    double wall_s;          /* since the training began */
};

/* Called about once per second and at the end; a result other than 0 stops the training
 * (ROG_EINTR). */
typedef int (*rog_fit_watch)(void *user, const struct rog_fit_progress *progress);

/*
 * Trains params (arch->params floats) and buffers (arch->buffers floats, BatchNorm's running
 * statistics) in place, always on two threads, so that the result does not depend on the machine.
 * They share the caller's other OpenMP threads. `watch` may be NULL. ROG_EFAILED if the loss is no
 * longer finite.
 */
int rog_fit(const struct rog_dataset *dataset, const struct rog_arch *arch,
            const struct rog_fit_options *options, rog_fit_watch watch, void *user, float *params,
            float *buffers, struct rog_error *err);

#endif
