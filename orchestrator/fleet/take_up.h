/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_TAKE_UP_H
#define ROG_FLEET_TAKE_UP_H

/*
 * Runs in real time whose attempt has come to nothing, or was stopped, and that go on in the next
 * one from what their server had saved (docs/training-link.md) and is in the run's folder here: its
 * last checkpoint with server.json, or its state, where the server ran here. What the run recorded
 * after that moment is removed from its streams, which are stored again; time goes on from there.
 * The workers are given the model, as those that come back to a server that was killed are.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <rog/error.h>

struct rog_take_up {
    double t_s;       /* the moment that it goes on from */
    double reached_s; /* how far the run had got; known after rog_take_up_prepare */
};

/* ROG_ENOTFOUND: there is nothing to go on from, and why. A moment that an attempt has gone on from
 * already without coming to a later one is none: what ended it then would do so again. With
 * `stopped` it was no failure that ended it. */
int rog_take_up_look(const char *folder, bool stopped, struct rog_take_up *found,
                     struct rog_error *err);

/* Prepares folder and tables for another attempt, which is counted. */
int rog_take_up_prepare(struct rog_db *db, const char *run_id, const char *folder,
                        const char *config_text, struct rog_take_up *found, struct rog_error *err);

/* Says so: into the run's record, and as a text for people. */
#define ROG_TAKE_UP_BYTES 128
void rog_take_up_log(const char *folder, const struct rog_take_up *found,
                     char text[ROG_TAKE_UP_BYTES]);

#endif
