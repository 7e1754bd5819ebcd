/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_CHECKPOINTER_H
#define ROG_LINK_CHECKPOINTER_H

/*
 * What a server saves for one that goes on: its checkpoints, with DIR/server.json beside them; and
 * between them its state, at least every `state_period_s`, in DIR/state (state_slots.h). When a
 * checkpoint is due, what its file looks like and how it is read is the user's. The model is copied
 * and written by another thread, the links go on meanwhile. Where saving the state takes long, it
 * is saved less often: no more than a twentieth of the time goes into it.
 *
 * The time of the run goes on while no server is there. Where it has stood still, as nobody else of
 * the run was there either, whoever takes the run up puts an empty file DIR/paused there: then time
 * goes on from what was saved. Once it goes on, the file has the run's new origin, for a server
 * that is killed before it has saved anything, and is removed when something has been saved.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/events/checkpoint.h>
#include <librog/net/checkpoint_hooks.h>
#include <librog/net/model.h>
#include <librog/net/moment.h>
#include <librog/net/state_file.h>
#include <rog/error.h>

struct rog_checkpointer;

struct rog_checkpointer_config { /* borrowed */
    uv_loop_t *loop;
    const char *folder;
    double state_period_s; /* 0: nothing is saved between checkpoints */
    const struct rog_model *model;
    struct rog_events *events;
    const struct rog_checkpoint_hooks *hooks;
    void *user;
    /* What is to be added to the model that the run began with (rog_server_saved_change). */
    const float *(*change)(void *owner);
    /* It could not be written. */
    void (*failed)(void *owner, int code, const struct rog_error *err);
    const struct rog_state_hooks *state; /* what there is beside the model */
    void *owner;                         /* for `change`, `failed` and `state` */
};

int rog_checkpointer_new(struct rog_checkpointer **checkpointer,
                         const struct rog_checkpointer_config *config, struct rog_error *err);
/* Only when nothing is being written. Harmless on NULL. */
void rog_checkpointer_free(struct rog_checkpointer *checkpointer);

/* Reads the newest of what was saved and is whole, the state or the checkpoint, into the model, and
 * gives back what was beside it. *from: of which moment it is. ROG_EFORMAT where all is damaged. */
int rog_checkpointer_restore(struct rog_checkpointer *checkpointer, struct rog_moment *from,
                             struct rog_error *err);
/* Time that has stood still goes on: what was saved is of a run with this origin from now on. */
int rog_checkpointer_go_on(struct rog_checkpointer *checkpointer,
                           const struct rog_run_origin *origin, struct rog_error *err);
/* The state is due at once, where it is saved at all. */
void rog_checkpointer_hasten(struct rog_checkpointer *checkpointer);
/* Begins to write a checkpoint or the state, where one is due and none is being written. */
void rog_checkpointer_if_due(struct rog_checkpointer *checkpointer,
                             const struct rog_run_origin *origin, double t_s, uint32_t iteration);
/* Waits for nothing: writes the last checkpoint at once, of the model as it is after
 * rog_server_end; the state has served its purpose then. Only when nothing is being written. */
int rog_checkpointer_last(struct rog_checkpointer *checkpointer,
                          const struct rog_run_origin *origin, double t_s, uint32_t iteration,
                          struct rog_error *err);
/* Something is being written. */
bool rog_checkpointer_busy(const struct rog_checkpointer *checkpointer);

#endif
