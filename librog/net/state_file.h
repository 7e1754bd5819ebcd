/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_STATE_FILE_H
#define ROG_LINK_STATE_FILE_H

/*
 * What a server keeps beside its model (rog_server_save), as a file with each checkpoint:
 * DIR/server-INDEX.state. server.json says which file, its hash and whose state it is, so that a
 * server that goes on never takes the state of another moment than the model's, or of another
 * optimizer. Once that has been written all other such files are removed. Where there is nothing to
 * keep there is no file.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_state_hooks {
    /* Whose state it is: an optimizer's name. */
    const char *(*kind)(void *owner);
    /* How many bytes, and these, at this moment. */
    size_t (*bytes)(void *owner);
    void (*save)(void *owner, uint8_t *bytes);
    int (*load)(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err);
    /* Who is there at this moment, and after which iteration each goes on; its owner is the caller.
     * And the same when a server goes on, all else has been given back: NULL where it was not
     * kept. */
    struct rog_json *(*workers)(void *owner);
    int (*go_on)(void *owner, uint32_t iteration, const struct rog_json *workers,
                 struct rog_error *err);
};

struct rog_state_file {
    const char *folder;
    const struct rog_state_hooks *hooks;
    void *owner;
    uint8_t *copy; /* of the moment of the checkpoint */
    size_t size;
    char name[32]; /* the file of this checkpoint; "": none */
};

void rog_state_file_release(struct rog_state_file *file);

/* Takes the copy. */
int rog_state_file_copy(struct rog_state_file *file, uint32_t index, struct rog_error *err);
/* Writes it and says so in `state`. May be called by another thread than the others. */
int rog_state_file_write(const struct rog_state_file *file, struct rog_json *state,
                         struct rog_error *err);
/* server.json with that has been written: files before are of no use any more. */
void rog_state_file_written(struct rog_state_file *file);
/* Gives back what `about` says is in `bytes`; ROG_EFORMAT where it is another optimizer's. `where`:
 * what they are of, for messages. */
int rog_state_file_load(struct rog_state_file *file, const char *where,
                        const struct rog_json *about, const char *bytes, size_t size,
                        struct rog_error *err);
/* Gives back what `state` names; ROG_EFORMAT also where it is damaged. */
int rog_state_file_restore(struct rog_state_file *file, const struct rog_json *state,
                           struct rog_error *err);

#endif
