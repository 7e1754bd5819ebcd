/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_OPTIMIZERS_EVERY_H
#define ROG_OPTIMIZERS_EVERY_H

/* The parameter that all optimizers in rounds have. */

#include <rog/server_optimizer.h>

/* The number of contributions in a round is their parameter `every`: its row, and an int64_t, the
 * first member of their struct. */
#define ROG_EVERY(number, text)                                                                   \
    {                                                                                             \
        .name = "every", .type = ROG_PARAMETER_INTEGER, .fallback = number, .max = ROG_ROUND_MAX, \
        .unit = "pushes", .help = text                                                            \
    }
#define ROG_EVERY_HELP "pushes per step; 0: the number of workers"

/* Their hook `round`. */
uint32_t rog_every_round(const struct rog_server_optimizer_config *config, uint32_t all);

#endif
