/* SPDX-License-Identifier: Apache-2.0 */
/* The table of server optimizers. */
#include <librog/optimizers/optimizers.h>

#include <stddef.h>

extern const struct rog_server_optimizer rog_server_optimizer_mean, rog_server_optimizer_buffer,
    rog_server_optimizer_nesterov, rog_server_optimizer_adam, rog_server_optimizer_majority;

const struct rog_server_optimizer *const rog_server_optimizers[] = {
    &rog_server_optimizer_mean, &rog_server_optimizer_buffer,   &rog_server_optimizer_nesterov,
    &rog_server_optimizer_adam, &rog_server_optimizer_majority, NULL};
