/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_STATE_H
#define ROG_SHAPE_STATE_H

/*
 * Who shapes an interface and what was there before: one file an interface and network namespace
 * in ROG_SHAPE_STATE_DIR, of users that are not root in ROG_SHAPE_USER_STATE_DIR-UID. Its lock is
 * held by the replay and by its guard; a file that nobody locks is what a replay has left.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <rog/error.h>
#include <trainer/shape/host.h>

struct rog_shape_state {
    int fd; /* holds the lock; -1: none */
    char *path;
    char iface[ROG_SHAPE_IFACE_BYTES];
    char ifb[ROG_SHAPE_IFACE_BYTES];
    char recreate[128]; /* the root qdisc to make again, "" for the default */
    pid_t pid;          /* who shapes */
};

/* Takes the lock, making the file where there is none. ROG_EBUSY when it is taken: state->pid is
 * who has it. state->recreate is what a replay has left written there. */
int rog_shape_state_take(struct rog_shape_state *state, const char *iface, struct rog_error *err);
/* Writes it down: to be called before anything is changed. */
int rog_shape_state_write(struct rog_shape_state *state, struct rog_error *err);
/* Puts the interface back and removes the file. */
int rog_shape_state_undo(struct rog_shape_state *state, bool *found, struct rog_error *err);
/* Gives the lock up. The file stays where the interface is still changed. */
void rog_shape_state_release(struct rog_shape_state *state);

#endif
