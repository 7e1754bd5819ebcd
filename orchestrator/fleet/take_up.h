/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_TAKE_UP_H
#define ROG_FLEET_TAKE_UP_H

/*
 * Resumes runs in real time whose attempt failed or was stopped: the next attempt continues from
 * what their server had saved (docs/training-link.md) in the run's folder here: its last checkpoint
 * with server.json, or its state, if the server ran here. What the run recorded after that moment
 * is removed from its streams, which are stored again; time continues from there. The workers
 * receive the model, like those that reconnect to a restarted server.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/store/db.h>
#include <rog/error.h>

struct rog_take_up {
    double t_s;       /* the moment from which it resumes */
    double reached_s; /* how far the run had got; set by rog_take_up_prepare */
};

/* Finds the moment to resume from. Returns ROG_ENOTFOUND, with the reason, if there is none. A
 * moment from which an attempt has already resumed without reaching a later one does not count, as
 * it would fail again. `stopped`: the attempt did not fail. */
int rog_take_up_look(const char *folder, bool stopped, struct rog_take_up *found,
                     struct rog_error *err);

/* Prepares folder and tables for another attempt, and counts it. */
int rog_take_up_prepare(struct rog_db *db, const char *run_id, const char *folder,
                        const char *config_text, struct rog_take_up *found, struct rog_error *err);

/* Records the resume, and writes a text for the user. */
#define ROG_TAKE_UP_BYTES 128
void rog_take_up_log(const char *folder, const struct rog_take_up *found,
                     char text[ROG_TAKE_UP_BYTES]);

#endif
