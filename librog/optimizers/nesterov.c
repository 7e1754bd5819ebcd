/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Outer Nesterov momentum over rounds (DiLoCo: Douillard et al., arXiv:2311.08105, Algorithm 1, its
 * OuterOpt; the form of Nesterov's momentum is that of Sutskever et al., ICML 2013, as in
 * torch.optim.SGD(nesterov=True)). With the outer gradient g, the mean of the contributions:
 *
 *     v <- mu v + g;   w <- w - eta (g + mu v)
 */

#include <librog/optimizers/optimizers.h>

#include <librog/kernels/kernels.h>
#include <librog/optimizers/every.h>

struct parameters {
    int64_t every;
    double learning_rate, momentum;
};

static const struct rog_parameter table[] = {
    ROG_EVERY("0", ROG_EVERY_HELP),
    {.name = "learning_rate",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, learning_rate),
     .fallback = "0.7",
     .max = 1000,
     .help = "eta, the learning rate: factor for the mean push"},
    {.name = "momentum",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, momentum),
     .fallback = "0.9",
     .max = 0.9999,
     .help = "mu"},
    {.name = NULL},
};

static ROG_KERNEL_WIDE void move(float share, float rate, float momentum, const float *restrict sum,
                                 float *restrict v, float *restrict w, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float g = share * sum[i];
        v[i] = momentum * v[i] + g;
        w[i] -= rate * (g + momentum * v[i]);
    }
}

static void step(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements)
{
    const struct parameters *parameters = config->parameters;
    move(1.0f / (float)round->contributions, (float)parameters->learning_rate,
         (float)parameters->momentum, sum, memory[0], model, elements);
}

const struct rog_server_optimizer rog_server_optimizer_nesterov = {
    .name = "nesterov",
    .summary = "Nesterov momentum on the mean of each round (DiLoCo)",
    .parameters = table,
    .parameter_bytes = sizeof(struct parameters),
    .memory = 1,
    .round = rog_every_round,
    .step = step,
};
