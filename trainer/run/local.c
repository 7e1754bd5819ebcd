/* SPDX-License-Identifier: Apache-2.0 */
/* Local optimizers: SGD and AdamW. */
#include <trainer/run/local.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/kernels/kernels.h>

struct rog_local {
    const struct rog_local_optimizer *optimizer;
    const void *parameters;
    uint64_t count; /* number of values */
    uint64_t steps; /* t */
    float *mean;    /* m */
    float *square;  /* v; NULL if the optimizer has none */
};

static int make(float **array, uint64_t count, struct rog_error *err)
{
    *array = rog_floats(count);
    if (!*array)
        return rog_fail_nomem(err);
    memset(*array, 0, count * sizeof **array);
    return ROG_OK;
}

int rog_local_new(struct rog_local **out, const struct rog_local_optimizer *optimizer,
                  const void *parameters, uint64_t count, struct rog_error *err)
{
    *out = NULL;
    struct rog_local *local = calloc(1, sizeof *local);
    if (!local)
        return rog_fail_nomem(err);
    *local = (struct rog_local){.optimizer = optimizer, .parameters = parameters, .count = count};
    int code = make(&local->mean, count, err);
    if (!code && optimizer->kind == ROG_LOCAL_ADAMW)
        code = make(&local->square, count, err);
    if (code)
        rog_local_free(local);
    else
        *out = local;
    return code;
}

void rog_local_free(struct rog_local *local)
{
    if (!local)
        return;
    free(local->square);
    free(local->mean);
    free(local);
}

void rog_local_archive(struct rog_local *local, struct rog_archive *archive)
{
    rog_archive_u64(archive, &local->steps);
    rog_archive_bytes(archive, local->mean, local->count * sizeof *local->mean);
    if (local->square)
        rog_archive_bytes(archive, local->square, local->count * sizeof *local->square);
}

static void clip(const struct rog_local *local, double most, float *gradient)
{
    double squares = most > 0 ? rog_kernel_squares(gradient, local->count) : 0;
    if (squares > most * most)
        rog_kernel_scale(gradient, gradient, (float)(most / sqrt(squares)), local->count);
}

static void step_sgd(struct rog_local *local, const struct rog_local_rates *rates,
                     const float *restrict g, float *restrict w)
{
    float *restrict m = local->mean;
    float lr = (float)rates->learning_rate, mu = (float)rates->momentum;
    float wd = (float)rates->weight_decay;
    bool nesterov = local->optimizer->kind == ROG_LOCAL_NESTEROV;
    float of_d = nesterov ? 1 : 0, of_m = nesterov ? mu : 1;
    for (uint64_t i = 0; i < local->count; i++) {
        float d = g[i] + wd * w[i];
        m[i] = mu * m[i] + d;
        w[i] -= lr * (of_d * d + of_m * m[i]);
    }
}

static void step_adamw(struct rog_local *local, const struct rog_local_rates *rates,
                       const float *restrict g, float *restrict w)
{
    const struct rog_adamw_parameters *own = local->parameters;
    double t = (double)local->steps;
    float *restrict m = local->mean, *restrict v = local->square;
    float keep = (float)(1 - rates->learning_rate * rates->weight_decay);
    float beta1 = (float)own->beta1, rest1 = (float)(1 - own->beta1);
    float beta2 = (float)own->beta2, rest2 = (float)(1 - own->beta2);
    float step = (float)(rates->learning_rate / (1 - pow(own->beta1, t)));
    float root = (float)sqrt(1 - pow(own->beta2, t)), epsilon = (float)own->epsilon;
    for (uint64_t i = 0; i < local->count; i++) {
        m[i] = beta1 * m[i] + rest1 * g[i];
        v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
        w[i] = keep * w[i] - step * (m[i] / (sqrtf(v[i]) / root + epsilon));
    }
}

void rog_local_step(struct rog_local *local, const struct rog_local_rates *rates, float *gradient,
                    float *params)
{
    clip(local, rates->clip_norm, gradient);
    local->steps++;
    if (local->optimizer->kind == ROG_LOCAL_ADAMW)
        step_adamw(local, rates, gradient, params);
    else
        step_sgd(local, rates, gradient, params);
}
