/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_GUARD_H
#define ROG_SHAPE_GUARD_H

/* The process that puts the interface back when the replay ends, and the dead-man's timer. */

#include <sys/types.h>

#include <rog/error.h>
#include <trainer/shape/state.h>

struct rog_shape_guard {
    pid_t pid;    /* 0: none */
    int lifeline; /* write end of a pipe: the guard acts when it is closed everywhere */
};
#define ROG_SHAPE_GUARD_NONE ((struct rog_shape_guard){.lifeline = -1})

/* Forks the guard. It shares the state's lock. `lease` may be NULL. */
int rog_shape_guard_start(struct rog_shape_guard *guard, struct rog_shape_state *state,
                          const char *lease, double lease_timeout_s, struct rog_error *err);
/* Lets it act and waits for it. ROG_EFAILED when it could not put the interface back. */
int rog_shape_guard_end(struct rog_shape_guard *guard, struct rog_error *err);

#endif
