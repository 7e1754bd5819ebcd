/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_OPTIMIZERS_EVERY_H
#define ROG_OPTIMIZERS_EVERY_H

/* The parameter that all optimizers in rounds share. */

#include <rog/server_optimizer.h>

/* The number of contributions in a round is the parameter `every`: this is its row; its member, an
 * int64_t, must be the first of the struct. */
#define ROG_EVERY(number, text)                                                                   \
    {                                                                                             \
        .name = "every", .type = ROG_PARAMETER_INTEGER, .fallback = number, .max = ROG_ROUND_MAX, \
        .unit = "pushes", .help = text                                                            \
    }
#define ROG_EVERY_HELP "pushes per step; 0: the number of workers"

/* The hook `round` of these optimizers. */
uint32_t rog_every_round(const struct rog_server_optimizer_config *config, uint32_t all);

#endif
