/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_H

/*
 * What a person sees of runs that are executed, on standard error: on a terminal a table that is
 * drawn again in place (progress_table.h); elsewhere a plain line now and then.
 */

#include <orchestrator/fleet/fleet.h>
#include <orchestrator/terminal/output.h>

struct rog_curves; /* progress_curves.h */

struct rog_progress {
    struct rog_output output;
    struct rog_db *db;  /* for curves of what was tested; NULL: none are drawn. Borrowed */
    bool terminal;      /* where the table can be drawn again */
    bool changes_only;  /* nothing is said now and then: others look at the database */
    int slots;          /* runs at once, for the time that is left; 0: all of them */
    size_t done_before; /* runs of the sweep that are none of the jobs */
    char *shown;        /* on the screen, which the next drawing replaces; NULL: nothing */
    bool shows_all;     /* all jobs are in the table */
    double drawn_s;     /* when that was; or when the last plain lines were printed */
    double model_s;     /* when the training of a starting model was last mentioned */
    struct rog_curves *curves;
};

void rog_progress_init(struct rog_progress *progress, const struct rog_output *output);
void rog_progress_release(struct rog_progress *progress);
/* The observer to execute with; it refers to `progress`. */
struct rog_fleet_observer rog_progress_observer(struct rog_progress *progress);

/* Text of somebody else, whole lines, above the table. */
void rog_progress_print(struct rog_progress *progress, const char *text);

/* Labels that are longer had better lose what they share (launch.c); a line does not cut them while
 * it has room. */
#define ROG_PROGRESS_LABEL_COLUMNS 20

/* One job as a line of at most `width` columns, without its end; for tests as well. */
void rog_progress_line(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes);
/* What the job waits for and for how long, as a line below it; "" where it waits for nothing. */
void rog_progress_waiting(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes);

#endif
