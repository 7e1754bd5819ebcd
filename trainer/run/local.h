/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_LOCAL_H
#define ROG_RUN_LOCAL_H

/*
 * The local optimizers of workers with the built-in network, for runs that exchange deltas
 * (librog/sync/contribution.h). g is a gradient at w, both over all tensors; lr, mu and wd are the
 * run's learning_rate, momentum and weight_decay:
 *
 *   sgd       d <- g + wd w;  m <- mu m + d;  w <- w - lr m            torch.optim.SGD
 *   nesterov  d <- g + wd w;  m <- mu m + d;  w <- w - lr (d + mu m)   the same, nesterov=True
 *   adamw     w <- (1 - lr wd) w;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2; w <- w - lr /
 *             (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon) Loshchilov and Hutter, ICLR 2019,
 *             algorithm 2, with a schedule of 1; torch.optim.AdamW. mu is not used
 *
 * Each worker has its own m and v, initially 0, which it keeps between exchanges.
 */

#include <stdint.h>

#include <common/archive.h>
#include <librog/parts/local.h>
#include <rog/error.h>

struct rog_local;

struct rog_local_rates {
    double learning_rate, momentum, weight_decay;
    double clip_norm; /* gradients are first scaled down to this 2-norm; 0: not */
};

/* Creates the state for a model of `count` values. parameters: the optimizer's struct of them,
 * borrowed; NULL if it has none. */
int rog_local_new(struct rog_local **local, const struct rog_local_optimizer *optimizer,
                  const void *parameters, uint64_t count, struct rog_error *err);
void rog_local_free(struct rog_local *local);

/* Makes one step. Scales the gradient in place. */
void rog_local_step(struct rog_local *local, const struct rog_local_rates *rates, float *gradient,
                    float *params);

/* Saves or loads m, v and the number of steps. */
void rog_local_archive(struct rog_local *local, struct rog_archive *archive);

#endif
