/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_GUARD_H
#define ROG_SHAPE_GUARD_H

/* The process that puts the interface back when the replay ends, and the dead-man's timer. */

#include <rog/error.h>
#include <trainer/shape/state.h>
#include <trainer/shape/watchdog.h>

/* Forks the guard. It shares the state's lock. `lease` may be NULL. */
int rog_shape_guard_start(struct rog_watchdog *guard, struct rog_shape_state *state,
                          const char *lease, double lease_timeout_s, struct rog_error *err);
/* Lets it act and waits for it. ROG_EFAILED when it could not put the interface back. */
int rog_shape_guard_end(struct rog_watchdog *guard, struct rog_error *err);

#endif
