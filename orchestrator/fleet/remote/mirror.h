/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_MIRROR_H
#define ROG_FLEET_REMOTE_MIRROR_H

/*
 * What a host has written, brought here. How much of an event stream is here is how long the file
 * here is, so that it goes on there after any interruption.
 */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/hosts/connection.h>

/* Appends to HERE/NAME the whole lines that THERE/NAME has more, the checkpoints that they name
 * first, and what the server needs besides the last of them to go on from it (take_up.h). A file
 * that is not there has none. Errors: as rog_connection_download's; ROG_EFORMAT what came is no
 * event stream, or a checkpoint that is not what its event says; ROG_EIO the disk here.
 *
 * *checkpoint_bytes is the most that a checkpoint may have: a larger one is not taken
 * (ROG_EFORMAT). 0: it is not known, and follows from the first checkpoint that comes. */
int rog_mirror_pull(struct rog_connection *connection, const char *there, const char *here,
                    const char *name, uint64_t *checkpoint_bytes, struct rog_error *err);

/* What a server goes on from that has ended, whatever was fetched before: its last checkpoint and
 * what belongs to it, and of one that was killed its state (state_slots.h). What is not there is no
 * error; others as above. */
int rog_mirror_saved(struct rog_connection *connection, const char *there, const char *here,
                     uint64_t *checkpoint_bytes, struct rog_error *err);

/* What a checkpoint of a run may have that begins with this file; 0 where it is NULL. */
uint64_t rog_mirror_checkpoint_bytes(const char *start_model);

/* The end of a log into the file `path` here. One that is not there is no error. */
int rog_mirror_log(struct rog_connection *connection, const char *there, const char *name,
                   const char *path, struct rog_error *err);

/* A small JSON file. ROG_ENOTFOUND. */
int rog_mirror_json(struct rog_connection *connection, const char *there, const char *name,
                    struct rog_json **json, struct rog_error *err);

#endif
