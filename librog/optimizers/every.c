/* SPDX-License-Identifier: Apache-2.0 */
/* Determines how many pushes make a round. */
#include <librog/optimizers/every.h>

uint32_t rog_every_round(const struct rog_server_optimizer_config *config, uint32_t all)
{
    const int64_t every = *(const int64_t *)config->parameters;
    return every > 0 ? (uint32_t)every : all;
}
