/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Adam over rounds (Kingma, Ba, ICLR 2015, Algorithm 1, as in torch.optim.Adam; without
 * bias_correction FedAdam: Reddi et al., ICLR 2021, "Adaptive Federated Optimization", Algorithm 2,
 * whose tau is epsilon). With g, the mean of the contributions, at a row's step t:
 *
 *     m <- b1 m + (1 - b1) g;   v <- b2 v + (1 - b2) g^2
 *     w <- w - eta m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
 *
 * After freeze_after steps v, with its correction, no longer changes (1-bit Adam: Tang et al., ICML
 * 2021, "1-bit Adam: Communication Efficient Large-Scale Training with Adam's Convergence Speed",
 * Algorithm 1).
 */

#include <librog/optimizers/optimizers.h>

#include <math.h>

#include <librog/kernels/kernels.h>
#include <librog/optimizers/every.h>

struct parameters {
    int64_t every, freeze_after;
    double learning_rate, beta1, beta2, epsilon;
    bool bias_correction;
};

static const struct rog_parameter table[] = {
    ROG_EVERY("0", ROG_EVERY_HELP),
    {.name = "learning_rate",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, learning_rate),
     .fallback = "0.001",
     .max = 1000,
     .help = "eta, the learning rate: about how far a step moves each weight"},
    {.name = "beta1",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, beta1),
     .fallback = "0.9",
     .max = 0.9999,
     .help = "beta1: decay of the mean m per step"},
    {.name = "beta2",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, beta2),
     .fallback = "0.999",
     .max = 0.999999,
     .help = "beta2: decay of the mean square v per step"},
    {.name = "epsilon",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, epsilon),
     .fallback = "1e-8",
     .min = 1e-16,
     .max = 1,
     .help = "epsilon: added to the square root of v, in the unit of the pushes"},
    {.name = "bias_correction",
     .type = ROG_PARAMETER_BOOLEAN,
     .offset = offsetof(struct parameters, bias_correction),
     .fallback = "true",
     .help = "correct m and v for their start at 0 (Adam), or not (FedAdam)"},
    {.name = "freeze_after",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, freeze_after),
     .fallback = "0",
     .max = UINT32_MAX,
     .unit = "steps",
     .help = "freeze v after this many steps (1-bit Adam); 0: never"},
    {.name = NULL},
};

/* For one step: b1, 1 - b1, ..., the factors of the sum, of m and of the square root of v. */
struct factors {
    float of_m, of_g, of_v, of_square, share, rate, of_root, epsilon;
};

static ROG_KERNEL_WIDE void move(const struct factors *factors, const float *restrict sum,
                                 float *restrict m, float *restrict v, float *restrict w, size_t n)
{
    const struct factors f = *factors;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float g = f.share * sum[i];
        m[i] = f.of_m * m[i] + f.of_g * g;
        v[i] = f.of_v * v[i] + f.of_square * g * g;
        w[i] -= f.rate * m[i] / (f.of_root * sqrtf(v[i]) + f.epsilon);
    }
}

static void step(const struct rog_server_optimizer_config *config, const struct rog_round *round,
                 const float *sum, float *const *memory, float *model, uint32_t elements)
{
    const struct parameters *p = config->parameters;
    bool frozen = p->freeze_after > 0 && round->steps > p->freeze_after;
    double squares = frozen ? (double)p->freeze_after : (double)round->steps;
    double bias1 = p->bias_correction ? 1 - pow(p->beta1, round->steps) : 1;
    double bias2 = p->bias_correction ? 1 - pow(p->beta2, squares) : 1;
    const struct factors factors = {.of_m = (float)p->beta1,
                                    .of_g = (float)(1 - p->beta1),
                                    .of_v = frozen ? 1 : (float)p->beta2,
                                    .of_square = frozen ? 0 : (float)(1 - p->beta2),
                                    .share = 1.0f / (float)round->contributions,
                                    .rate = (float)(p->learning_rate / bias1),
                                    .of_root = (float)(1 / sqrt(bias2)),
                                    .epsilon = (float)p->epsilon};
    move(&factors, sum, memory[0], memory[1], model, elements);
}

const struct rog_server_optimizer rog_server_optimizer_adam = {
    .name = "adam",
    .summary = "Adam on the mean of each round (FedAdam, 1-bit Adam)",
    .parameters = table,
    .parameter_bytes = sizeof(struct parameters),
    .memory = 2,
    .round = rog_every_round,
    .step = step,
};
