/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_SWEEP_VIEW_H
#define ROG_ORCHESTRATOR_TERMINAL_SWEEP_VIEW_H

/* A sweep that some process of this user executes or has executed (sweeps/registry.h), as jobs:
 * what `status` and `attach` show, out of the database that it writes. */

#include <common/meant.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/terminal/time_left.h>

struct rog_sweep_view {
    struct rog_db *db;         /* NULL: it has not begun to write */
    struct rog_fleet_job *job; /* [count]; their texts are the view's */
    size_t count;
    int slots;
    bool real_time;
    /* Of those that the table says to be running, who nobody executes: */
    size_t interrupted, left; /* `left` go on on their hosts */
};

/* Release it in any case. */
int rog_sweep_view_load(struct rog_sweep_view *view, const struct rog_json *sweep,
                        struct rog_error *err);
/* Looks again. Says what has changed (observer->changed); NULL: to nobody. */
int rog_sweep_view_refresh(struct rog_sweep_view *view, const struct rog_fleet_observer *observer,
                           struct rog_error *err);
void rog_sweep_view_release(struct rog_sweep_view *view);

/* For messages: the command that the sweep is, as a shell takes it. Heap memory. */
char *rog_sweep_command_text(const struct rog_json *sweep);

/* Whether this database, a path, is the one that it writes. */
bool rog_sweep_writes(const struct rog_json *sweep, const char *database);

/* How long ago a moment of the entry was, "since" or "ended": "25 min". */
const char *rog_sweep_age_text(const struct rog_json *sweep, const char *moment,
                               char text[ROG_TIME_LEFT_BYTES]);

/* " (did you mean ID?)" of a sweep whose ID is near, or "". */
const char *rog_sweep_meant(const struct rog_json *sweeps, const char *text,
                            char meant[ROG_MEANT_BYTES]);

/* The sweep that people mean: by its ID, or any beginning of it that is unambiguous, at least among
 * those that are running; NULL: the only one that is running. ROG_ENOTFOUND, ROG_EINVAL: several.
 */
int rog_sweep_choose(const struct rog_json *sweeps, const char *text, const struct rog_json **sweep,
                     struct rog_error *err);

#endif
