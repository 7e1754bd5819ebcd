/* SPDX-License-Identifier: Apache-2.0 */
/* The table of server optimizers. */
#include <librog/optimizers/optimizers.h>

#include <stddef.h>

extern const struct rog_server_optimizer rog_server_optimizer_mean;

const struct rog_server_optimizer *const rog_server_optimizers[] = {&rog_server_optimizer_mean,
                                                                    NULL};
