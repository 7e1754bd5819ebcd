/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mean at once: each row that arrives is divided by the number of workers and subtracted from
 * the model, without waiting for those of other workers (Zheng, Huang, Kwok, NeurIPS 2019; ROG,
 * MICRO 2022). Workers that have left count as well, so that the size of a step does not depend on
 * which workers are connected.
 */

#include <librog/optimizers/optimizers.h>

static void apply(const struct rog_server_optimizer_config *config,
                  const struct rog_arrival *arrival, float *const *memory, float *model)
{
    (void)memory;
    rog_arrival_subtract(arrival, config->share * arrival->weight, model);
}

const struct rog_server_optimizer rog_server_optimizer_mean = {
    .name = "mean",
    .summary = "the mean over all workers, each row as it arrives",
    .apply = apply,
};
