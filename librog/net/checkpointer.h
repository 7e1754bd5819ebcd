/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_CHECKPOINTER_H
#define ROG_LINK_CHECKPOINTER_H

/*
 * What a server saves in order to resume: its checkpoints, with DIR/server.json beside them, and
 * between them its state, at least every `state_period_s`, in DIR/state (state_slots.h). The owner
 * decides when a checkpoint is due, and how its file is written and read. The model is copied and
 * written by another thread while the links continue. If saving the state takes long, it is saved
 * less often: saving takes at most a twentieth of the time.
 *
 * The time of the run continues while no server is running. If it should not, because no other node
 * was running either, the program that resumes the run creates an empty file DIR/paused: then time
 * continues from the saved moment. Once it continues, the file holds the new origin of the run, in
 * case the server is killed before it has saved anything, and it is removed when something has been
 * saved.
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
    /* The difference from the initial model (rog_server_saved_change). */
    const float *(*change)(void *owner);
    /* Writing has failed. */
    void (*failed)(void *owner, int code, const struct rog_error *err);
    const struct rog_state_hooks *state; /* everything that is saved besides the model */
    void *owner;                         /* for `change`, `failed` and `state` */
};

int rog_checkpointer_new(struct rog_checkpointer **checkpointer,
                         const struct rog_checkpointer_config *config, struct rog_error *err);
/* Only when nothing is being written. No effect on NULL. */
void rog_checkpointer_free(struct rog_checkpointer *checkpointer);

/* Reads the newest complete save, a state or a checkpoint, into the model, and restores what was
 * saved with it. *from: its moment. ROG_EFORMAT if all are damaged. */
int rog_checkpointer_restore(struct rog_checkpointer *checkpointer, struct rog_moment *from,
                             struct rog_error *err);
/* Paused time continues: from now on, saves belong to a run with this origin. */
int rog_checkpointer_go_on(struct rog_checkpointer *checkpointer,
                           const struct rog_run_origin *origin, struct rog_error *err);
/* Makes the next save of the state due at once, if the state is saved at all. */
void rog_checkpointer_hasten(struct rog_checkpointer *checkpointer);
/* Starts to write a checkpoint or the state if one is due and none is being written. */
void rog_checkpointer_if_due(struct rog_checkpointer *checkpointer,
                             const struct rog_run_origin *origin, double t_s, uint32_t iteration);
/* Writes the last checkpoint synchronously, with the model as it is after rog_server_end; the state
 * is then obsolete. Only when nothing is being written. */
int rog_checkpointer_last(struct rog_checkpointer *checkpointer,
                          const struct rog_run_origin *origin, double t_s, uint32_t iteration,
                          struct rog_error *err);
/* Returns true while something is being written. */
bool rog_checkpointer_busy(const struct rog_checkpointer *checkpointer);

#endif
