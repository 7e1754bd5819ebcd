/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_STATE_H
#define ROG_SHAPE_STATE_H

/*
 * Which process shapes an interface, and its previous state: one file for each interface and
 * network namespace in ROG_SHAPE_STATE_DIR, of users other than root in
 * ROG_SHAPE_USER_STATE_DIR-UID. The replay and its guard hold its lock; a file that is not locked
 * was left by a killed replay.
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
    char recreate[128]; /* the root qdisc to recreate, "" for the default */
    pid_t pid;          /* the process that shapes */
};

/* Takes the lock, and creates the file if necessary. ROG_EBUSY if the lock is held: state->pid is
 * its holder. state->recreate is read from the file that a replay has left. */
int rog_shape_state_take(struct rog_shape_state *state, const char *iface, struct rog_error *err);
/* Writes the state; call it before anything is changed. */
int rog_shape_state_write(struct rog_shape_state *state, struct rog_error *err);
/* Restores the interface and removes the file. */
int rog_shape_state_undo(struct rog_shape_state *state, bool *found, struct rog_error *err);
/* Releases the lock. The file stays if the interface is still changed. */
void rog_shape_state_release(struct rog_shape_state *state);

#endif
