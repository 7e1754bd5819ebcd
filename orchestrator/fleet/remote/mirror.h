/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_MIRROR_H
#define ROG_FLEET_REMOTE_MIRROR_H

/*
 * Copies what a host has written. The length of a local event stream is the position up to which it
 * has been fetched, so that fetching can resume after any interruption.
 */

#include <stdint.h>

#include <common/json.h>
#include <orchestrator/hosts/connection.h>

/* Appends the new complete lines of THERE/NAME to HERE/NAME, after fetching the checkpoints that
 * they name, and the files that the server needs in order to resume from the last of them
 * (take_up.h). A missing file has no lines. Errors: those of rog_connection_download; ROG_EFORMAT
 * if the data are not an event stream, or a checkpoint does not match its event; ROG_EIO for the
 * local disk. *checkpoint_bytes is the maximum size of a checkpoint: a larger one is rejected
 * (ROG_EFORMAT). 0: unknown; the first checkpoint then determines it. */
int rog_mirror_pull(struct rog_connection *connection, const char *there, const char *here,
                    const char *name, uint64_t *checkpoint_bytes, struct rog_error *err);

/* Fetches what a server that has ended can resume from, whatever was fetched before: its last
 * checkpoint with its files and, if it was killed, its state (state_slots.h). Missing files are not
 * an error. Other errors: those of rog_mirror_pull. */
int rog_mirror_saved(struct rog_connection *connection, const char *there, const char *here,
                     uint64_t *checkpoint_bytes, struct rog_error *err);

/* Returns the maximum size of a checkpoint of a run that starts from this file; 0 if it is NULL. */
uint64_t rog_mirror_checkpoint_bytes(const char *start_model);

/* Copies the end of a log to the local file `path`. A missing log is not an error. */
int rog_mirror_log(struct rog_connection *connection, const char *there, const char *name,
                   const char *path, struct rog_error *err);

/* Reads a small JSON file. Errors: ROG_ENOTFOUND and others. */
int rog_mirror_json(struct rog_connection *connection, const char *there, const char *name,
                    struct rog_json **json, struct rog_error *err);

#endif
