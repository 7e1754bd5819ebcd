/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_SWEEP_VIEW_H
#define ROG_ORCHESTRATOR_TERMINAL_SWEEP_VIEW_H

/* A sweep of this user (sweeps/registry.h), running or ended, as jobs: what `status` and `attach`
 * show, read from the database that the sweep writes. */

#include <common/meant.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/terminal/time_left.h>

struct rog_sweep_view {
    struct rog_db *db;         /* NULL: the sweep has not created it yet */
    struct rog_fleet_job *job; /* [count]; their texts are the view's */
    size_t count;
    int slots;
    bool real_time;
    /* Numbers of runs that are "running" in the table but that no process executes: */
    size_t interrupted, left; /* those in `left` continue on their hosts */
};

/* Release it also after an error. */
int rog_sweep_view_load(struct rog_sweep_view *view, const struct rog_json *sweep,
                        struct rog_error *err);
/* Reads the state again and reports what has changed (observer->changed); observer NULL: changes
 * are not reported. */
int rog_sweep_view_refresh(struct rog_sweep_view *view, const struct rog_fleet_observer *observer,
                           struct rog_error *err);
void rog_sweep_view_release(struct rog_sweep_view *view);

/* The command line of the sweep in shell syntax, for messages. Heap memory. */
char *rog_sweep_command_text(const struct rog_json *sweep);

/* Returns whether the sweep writes to this database, given as a path. */
bool rog_sweep_writes(const struct rog_json *sweep, const char *database);

/* The time since a moment of the entry, "since" or "ended", as text: "25 min". */
const char *rog_sweep_age_text(const struct rog_json *sweep, const char *moment,
                               char text[ROG_TIME_LEFT_BYTES]);

/* " (did you mean ID?)" for a sweep with a similar ID, or "". */
const char *rog_sweep_meant(const struct rog_json *sweeps, const char *text,
                            char meant[ROG_MEANT_BYTES]);

/* Selects the sweep that the user means: by its ID, or by an unambiguous beginning of it, at least
 * among running sweeps; NULL: the only one that is running. ROG_ENOTFOUND, ROG_EINVAL: several. */
int rog_sweep_choose(const struct rog_json *sweeps, const char *text, const struct rog_json **sweep,
                     struct rog_error *err);

#endif
