/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A vote over rounds: each weight moves by the learning rate in the direction of most contributions
 * x_i (signSGD with majority vote: Bernstein et al., ICML 2018, Algorithm 3), or of their sum (the
 * step of DeMo: Peng, Quesnelle, Kingma, arXiv:2411.19870, Algorithm 1):
 *
 *     signs:   w <- w - eta sign(sum_i sign x_i)
 *     values:  w <- w - eta sign(sum_i x_i)
 *
 * The sign of 0 is 0: a contribution of 0 does not vote, and a tie changes nothing.
 */

#include <librog/optimizers/optimizers.h>

#include <librog/kernels/kernels.h>
#include <librog/optimizers/every.h>

enum { OF_SIGNS, OF_VALUES };

struct parameters {
    int64_t every;
    double learning_rate;
    uint32_t of;
};

static const struct rog_parameter table[] = {
    ROG_EVERY("0", ROG_EVERY_HELP),
    {.name = "learning_rate",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, learning_rate),
     .fallback = "1e-4",
     .max = 1000,
     .help = "eta, the learning rate: how far a step moves each weight"},
    {.name = "of",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, of),
     .choices = "signs|values",
     .fallback = "signs",
     .help = "what is summed; the sign of the sum is the direction"},
    {.name = NULL},
};

static bool votes(const struct rog_server_optimizer_config *config)
{
    const struct parameters *parameters = config->parameters;
    return parameters->of == OF_SIGNS;
}

static ROG_KERNEL_WIDE void move(float rate, const float *restrict sum, float *restrict w, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        w[i] -= rate * (float)((sum[i] > 0) - (sum[i] < 0));
}

static void step(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements)
{
    const struct parameters *parameters = config->parameters;
    (void)round, (void)memory;
    move((float)parameters->learning_rate, sum, model, elements);
}

const struct rog_server_optimizer rog_server_optimizer_majority = {
    .name = "majority",
    .summary = "majority vote of the signs in each round (signSGD)",
    .parameters = table,
    .parameter_bytes = sizeof(struct parameters),
    .round = rog_every_round,
    .step = step,
    .votes = votes,
};
