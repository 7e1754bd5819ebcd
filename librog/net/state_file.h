/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_STATE_FILE_H
#define ROG_LINK_STATE_FILE_H

/*
 * What a server saves besides its model (rog_server_save), as a file with each checkpoint:
 * DIR/server-INDEX.state. server.json names the file, its hash and its optimizer, so that a
 * resuming server never uses the state of another moment or of another optimizer. After server.json
 * has been written, all other such files are removed. If there is nothing to save there is no file.
 */

#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_state_hooks {
    /* The name of the optimizer. */
    const char *(*kind)(void *owner);
    /* The number of bytes, and the bytes, of the current state. */
    size_t (*bytes)(void *owner);
    void (*save)(void *owner, uint8_t *bytes);
    int (*load)(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err);
    /* workers: returns the connected workers, and after which iteration each continues; owned by
     * the caller. go_on: restores this when a server resumes, after everything else; NULL if it was
     * not saved. */
    struct rog_json *(*workers)(void *owner);
    int (*go_on)(void *owner, uint32_t iteration, const struct rog_json *workers,
                 struct rog_error *err);
};

struct rog_state_file {
    const char *folder;
    const struct rog_state_hooks *hooks;
    void *owner;
    uint8_t *copy; /* of the state at the checkpoint */
    size_t size;
    char name[32]; /* the file of this checkpoint; "": none */
};

void rog_state_file_release(struct rog_state_file *file);

/* Copies the state. */
int rog_state_file_copy(struct rog_state_file *file, uint32_t index, struct rog_error *err);
/* Writes the copy and records it in `state`. May be called from another thread than the others. */
int rog_state_file_write(const struct rog_state_file *file, struct rog_json *state,
                         struct rog_error *err);
/* server.json has been written: previous files are obsolete. */
void rog_state_file_written(struct rog_state_file *file);
/* Restores `bytes` as described by `about`; ROG_EFORMAT: they belong to another optimizer. `where`:
 * their source, for messages. */
int rog_state_file_load(struct rog_state_file *file, const char *where,
                        const struct rog_json *about, const char *bytes, size_t size,
                        struct rog_error *err);
/* Restores the file that `state` names; ROG_EFORMAT also if it is damaged. */
int rog_state_file_restore(struct rog_state_file *file, const struct rog_json *state,
                           struct rog_error *err);

#endif
