/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_CHECKPOINTER_H
#define ROG_LINK_CHECKPOINTER_H

/*
 * A server's checkpoints, and beside them DIR/server.json: what a server that is started again has
 * to know. When one is due, what its file looks like and how it is read is the user's. The model is
 * copied and written by another thread, the links go on meanwhile.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/events/checkpoint.h>
#include <librog/net/checkpoint_hooks.h>
#include <librog/net/model.h>
#include <librog/net/state_file.h>
#include <rog/error.h>

struct rog_checkpointer;

/* When the run began. */
struct rog_run_origin {
    double steady_s; /* a time of rog_link_now */
    double wall_s;   /* the same since 1970, for a server that goes on */
};

struct rog_checkpointer_config { /* borrowed */
    uv_loop_t *loop;
    const char *folder;
    const struct rog_model *model;
    struct rog_events *events;
    const struct rog_checkpoint_hooks *hooks;
    void *user;
    /* What is to be added to the model that the run began with (rog_server_saved_change). */
    const float *(*change)(void *owner);
    /* One could not be written. */
    void (*failed)(void *owner, int code, const struct rog_error *err);
    const struct rog_state_hooks *state; /* what there is beside the model */
    void *owner;                         /* for `change`, `failed` and `state` */
};

int rog_checkpointer_new(struct rog_checkpointer **checkpointer,
                         const struct rog_checkpointer_config *config, struct rog_error *err);
/* Only when none is being written. Harmless on NULL. */
void rog_checkpointer_free(struct rog_checkpointer *checkpointer);

/* Reads server.json, the checkpoint it names into the model, and gives back what was beside it.
 * ROG_EFORMAT where they are damaged. */
int rog_checkpointer_restore(struct rog_checkpointer *checkpointer, struct rog_run_origin *origin,
                             uint32_t *iteration, struct rog_error *err);
/* Begins to write one, where one is due and none is being written. */
void rog_checkpointer_if_due(struct rog_checkpointer *checkpointer,
                             const struct rog_run_origin *origin, double t_s, uint32_t iteration);
/* Waits for nothing: writes the last checkpoint at once, of the model as it is after
 * rog_server_end. Only when none is being written. */
int rog_checkpointer_last(struct rog_checkpointer *checkpointer,
                          const struct rog_run_origin *origin, double t_s, uint32_t iteration,
                          struct rog_error *err);
/* One is being written. */
bool rog_checkpointer_busy(const struct rog_checkpointer *checkpointer);

#endif
