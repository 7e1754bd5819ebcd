/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A buffer of contributions, each with a weight that decreases with the age of the model from which
 * it was computed; no worker waits for another (FedBuff: Nguyen et al., AISTATS 2022, "Federated
 * Learning with Buffered Asynchronous Aggregation", Algorithm 1; the weight is that of its section
 * on staleness). With K contributions x_i that are tau_i steps behind:
 *
 *     w <- w - eta / K sum_i (1 + tau_i)^-p x_i
 */

#include <librog/optimizers/optimizers.h>

#include <math.h>

#include <librog/kernels/kernels.h>
#include <librog/optimizers/every.h>

struct parameters {
    int64_t every;
    double learning_rate, exponent;
};

static const struct rog_parameter table[] = {
    ROG_EVERY("10", "K, " ROG_EVERY_HELP),
    {.name = "learning_rate",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, learning_rate),
     .fallback = "1",
     .max = 1000,
     .help = "eta, the learning rate: factor for their mean"},
    {.name = "exponent",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, exponent),
     .fallback = "0.5",
     .max = 10,
     .help = "p: weight of a push that is tau steps behind is (1 + tau)^-p; 0: weight 1"},
    {.name = NULL},
};

static double weigh(const struct rog_server_optimizer_config *config, uint64_t behind)
{
    const struct parameters *parameters = config->parameters;
    return pow(1 + (double)behind, -parameters->exponent);
}

static ROG_KERNEL_WIDE void subtract(float rate, const float *restrict sum, float *restrict w,
                                     size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        w[i] -= rate * sum[i];
}

static void step(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements)
{
    const struct parameters *parameters = config->parameters;
    (void)memory;
    subtract((float)(parameters->learning_rate / round->contributions), sum, model, elements);
}

const struct rog_server_optimizer rog_server_optimizer_buffer = {
    .name = "buffer",
    .summary = "the mean of K pushes, with less weight for stale ones (FedBuff)",
    .parameters = table,
    .parameter_bytes = sizeof(struct parameters),
    .round = rog_every_round,
    .weigh = weigh,
    .step = step,
};
