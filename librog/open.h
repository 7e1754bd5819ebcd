/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CLIENT_OPEN_H
#define ROG_CLIENT_OPEN_H

/* librog for the programs of this project, which have a run's configuration in parsed form. Not
 * part of the library's interface. */

#include <common/run_config.h>
#include <rog/error.h>
#include <rog/rog.h>

/* rog_open with this configuration instead of options->config, which is NULL. It is borrowed until
 * rog_close. */
int rog_open_configured(struct rog **rog, const struct rog_options *options,
                        const struct rog_run_config *config, struct rog_error *err);

/* Returns the iteration of the next exchange, as of the last call that returned: gradients or local
 * steps before it belong to this iteration. */
uint32_t rog_next_iteration(const struct rog *rog);

#endif
