/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_LEASH_H
#define ROG_HOST_LEASH_H

/*
 * Connects a role that runs behind a wrapper with its supervisor. The wrapper's process does not
 * show the role's state: the client of a container may be killed while the container continues in
 * namespaces of its own, and need not forward signals. Therefore both ends meet in the run's
 * folder:
 *
 *   leash-N      a pipe that the supervisor holds at its N-th start of the role. When it is
 *                released, or the supervisor is dead, rog-trainer inside (inside.h) ends the role.
 *   inside       locked by rog-trainer inside, and by all its descendants that do not close
 *                inherited descriptors, as long as they live
 *   inside.json  how the role ended: {"status", "signal"}
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_LEASH_LOCK "inside"
#define ROG_LEASH_OUTCOME "inside.json"
/* Seconds in which a role ends after the leash was released, unless nothing can end it. */
#define ROG_LEASH_END_S 12.0

struct rog_leash {
    int fd; /* -1: not held */
    uint32_t start;
};
#define ROG_LEASH_NONE ((struct rog_leash){.fd = -1})

/* Creates the supervisor's end in the current folder, which is the run's. Removes the outcome of an
 * earlier start. ROG_EIO. */
int rog_leash_hold(struct rog_leash *leash, uint32_t start, struct rog_error *err);
/* Does nothing if the leash is not held. */
void rog_leash_let_go(struct rog_leash *leash);

/* Returns whether anything is alive inside, now or after waiting timeout_s; `folder` is the
 * run's. */
bool rog_leash_is_taken(const char *folder);
bool rog_leash_await(const char *folder, double timeout_s);

/* Opens the other end. *fd becomes readable when the supervisor has released the leash; *lock is
 * held until it, and each copy of it, is closed. ROG_EFAILED: the supervisor is gone; ROG_EBUSY:
 * another process is inside already; ROG_EIO. */
int rog_leash_take(uint32_t start, int *fd, int *lock, struct rog_error *err);

#endif
