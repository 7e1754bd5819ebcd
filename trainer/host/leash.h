/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_LEASH_H
#define ROG_HOST_LEASH_H

/*
 * What ties a role that runs behind a wrapper to its supervisor. The wrapper's process tells
 * nothing: the client of a container may be killed while what it has started goes on, in namespaces
 * of its own, and a signal to it need not be passed on. So both ends meet in the run's folder:
 *
 *   leash-N      a pipe that the supervisor holds at its N-th start of the role. When it lets go,
 *                or is dead, rog-trainer inside (inside.h) ends the role.
 *   inside       locked by rog-trainer inside, and by all that it has started and that does not
 *                close what it inherits, as long as they are there
 *   inside.json  how the role ended: {"status", "signal"}
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_LEASH_LOCK "inside"
#define ROG_LEASH_OUTCOME "inside.json"
/* After it was let go a role has ended within this time, unless nothing can end it. */
#define ROG_LEASH_END_S 12.0

struct rog_leash {
    int fd; /* -1: not held */
    uint32_t start;
};
#define ROG_LEASH_NONE ((struct rog_leash){.fd = -1})

/* The supervisor's end; the current folder is the run's. What an earlier start has left there of
 * its outcome is removed. ROG_EIO. */
int rog_leash_hold(struct rog_leash *leash, uint32_t start, struct rog_error *err);
/* Harmless where it is not held. */
void rog_leash_let_go(struct rog_leash *leash);

/* Whether anything is inside, now or still after so long; `folder` is the run's. */
bool rog_leash_is_taken(const char *folder);
bool rog_leash_await(const char *folder, double timeout_s);

/* The other end. *fd becomes readable when the supervisor has let go; *lock is held until it, and
 * each copy of it, is closed. ROG_EFAILED: the supervisor is gone; ROG_EBUSY: something is inside
 * already; ROG_EIO. */
int rog_leash_take(uint32_t start, int *fd, int *lock, struct rog_error *err);

#endif
