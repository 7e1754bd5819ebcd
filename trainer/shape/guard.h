/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_GUARD_H
#define ROG_SHAPE_GUARD_H

/* The process that restores the interface when the replay ends or its lease expires. */

#include <rog/error.h>
#include <trainer/shape/state.h>
#include <trainer/shape/watchdog.h>

/* Forks the guard. It shares the state's lock. `lease` may be NULL. */
int rog_shape_guard_start(struct rog_watchdog *guard, struct rog_shape_state *state,
                          const char *lease, double lease_timeout_s, struct rog_error *err);
/* Lets the guard act and waits for it. ROG_EFAILED if it could not restore the interface. */
int rog_shape_guard_end(struct rog_watchdog *guard, struct rog_error *err);

#endif
