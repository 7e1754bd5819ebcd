/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_STATE_FILE_H
#define ROG_LINK_STATE_FILE_H

/*
 * What a server keeps beside its model (rog_server_save), as a file with each checkpoint:
 * DIR/server-INDEX.state. server.json names it with its hash, so that a server that goes on never
 * takes the state of another moment than the model's; only the last is left. Where there is nothing
 * to keep there is no file.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_state_hooks {
    /* How many bytes, and these, at this moment. */
    size_t (*bytes)(void *owner);
    void (*save)(void *owner, uint8_t *bytes);
    int (*load)(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err);
};

struct rog_state_file {
    const char *folder;
    const struct rog_state_hooks *hooks;
    void *owner;
    uint8_t *copy; /* of the moment of the checkpoint */
    size_t size;
    char name[32], before[32]; /* files: of this checkpoint and of the one before; "": none */
};

void rog_state_file_release(struct rog_state_file *file);

/* Takes the copy. */
int rog_state_file_copy(struct rog_state_file *file, uint32_t index, struct rog_error *err);
/* Writes it and says so in `state`. May be called by another thread than the others. */
int rog_state_file_write(const struct rog_state_file *file, struct rog_json *state,
                         struct rog_error *err);
/* server.json with that has been written: the file before is of no use any more. */
void rog_state_file_written(struct rog_state_file *file);
/* Gives back what `state` names; ROG_EFORMAT where it is damaged or somebody else's. */
int rog_state_file_restore(struct rog_state_file *file, const struct rog_json *state,
                           struct rog_error *err);

#endif
