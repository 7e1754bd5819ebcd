/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_SGD_H
#define ROG_NN_SGD_H

/* Stochastic gradient descent with Nesterov momentum, as torch.optim.SGD(nesterov=True), and the
 * learning rate of a one-cycle schedule. */

#include <stdint.h>

#include <trainer/nn/arch.h>

struct rog_sgd {
    float momentum;     /* [0, 1) */
    float weight_decay; /* for matrices and kernels; norms and biases do not decay */
};

/*
 *   g = grads + decay params;  velocity = momentum velocity + g;
 *   params -= rate (g + momentum velocity).
 * All three arrays have arch->params floats; velocity is initially zero.
 */
void rog_sgd_step(const struct rog_sgd *sgd, const struct rog_arch *arch, float rate,
                  const float *grads, float *velocity, float *params);

/* Returns the rate at `done` in [0, 1] of a training: a linear rise from 0 to `peak` over the share
 * `rise`, then a fall to 0 along half a cosine (after Smith and Topin 2017). */
double rog_one_cycle(double peak, double rise, double done);

#endif
