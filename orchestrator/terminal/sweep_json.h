/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_SWEEP_JSON_H
#define ROG_ORCHESTRATOR_TERMINAL_SWEEP_JSON_H

/* Entries of sweeps (rog_sweeps_load) with their runs, as `rogctl status --json` prints them. */

#include <orchestrator/terminal/sweep_view.h>

/* Returns the last entry that is another attempt at what this one did: the same command again, or
 * one with other options but the same runs. Returns `index` if there is none. */
size_t rog_sweep_last_attempt(const struct rog_json *sweeps, size_t index);

/* Owned by the caller. */
struct rog_json *rog_sweep_json(const struct rog_json *sweeps, size_t index,
                                const struct rog_sweep_view *view);

#endif
