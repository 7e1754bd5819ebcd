/* SPDX-License-Identifier: Apache-2.0 */
/* The table of local optimizers. */
#include <librog/parts/local.h>

#include <stddef.h>

static const struct rog_parameter adamw_parameters[] = {
    {.name = "beta1",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct rog_adamw_parameters, beta1),
     .fallback = "0.9",
     .min = 0,
     .max = 0.999999,
     .help = "beta1: decay of the mean of the gradients"},
    {.name = "beta2",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct rog_adamw_parameters, beta2),
     .fallback = "0.999",
     .min = 0,
     .max = 0.999999,
     .help = "beta2: decay of the mean of their squares"},
    {.name = "epsilon",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct rog_adamw_parameters, epsilon),
     .fallback = "1e-8",
     .min = 0,
     .max = 1,
     .help = "epsilon: added to the denominator"},
    {.name = NULL},
};

const struct rog_local_optimizer rog_local_optimizers[] = {
    {.name = "sgd", .summary = "SGD, with heavy-ball momentum", .kind = ROG_LOCAL_SGD},
    {.name = "nesterov", .summary = "SGD with Nesterov momentum", .kind = ROG_LOCAL_NESTEROV},
    {.name = "adamw",
     .summary = "Adam with decoupled weight decay",
     .kind = ROG_LOCAL_ADAMW,
     .parameters = adamw_parameters,
     .parameter_bytes = sizeof(struct rog_adamw_parameters)},
    {.name = NULL},
};
