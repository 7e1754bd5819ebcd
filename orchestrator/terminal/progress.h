/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_H

/*
 * Progress of runs that are being executed, on standard error: on a terminal a table that is
 * redrawn in place (progress_table.h); elsewhere occasional plain lines.
 */

#include <orchestrator/fleet/fleet.h>
#include <orchestrator/terminal/output.h>

struct rog_curves; /* progress_curves.h */

struct rog_progress {
    struct rog_output output;
    struct rog_db *db;  /* for curves of test results; NULL: no curves are drawn. Borrowed */
    bool terminal;      /* the table can be redrawn in place */
    bool changes_only;  /* no periodic lines: other commands read the database */
    int slots;          /* runs at the same time, for estimating the time left; 0: all of them */
    size_t done_before; /* runs of the sweep that are not among the jobs */
    char *shown;        /* text on the screen that the next drawing replaces; NULL: nothing */
    bool shows_all;     /* all jobs are in the table */
    double drawn_s;     /* time of the last drawing, or of the last plain lines */
    double model_s;     /* time at which the training of an initial model was last mentioned */
    struct rog_curves *curves;
};

void rog_progress_init(struct rog_progress *progress, const struct rog_output *output);
void rog_progress_release(struct rog_progress *progress);
/* Returns the observer for the execution; it refers to `progress`. */
struct rog_fleet_observer rog_progress_observer(struct rog_progress *progress);

/* Prints text of other parts, whole lines, above the table. */
void rog_progress_print(struct rog_progress *progress, const char *text);

/* Callers should shorten longer labels by removing what they share (launch.c); a line does not cut
 * them as long as it has room. */
#define ROG_PROGRESS_LABEL_COLUMNS 20

/* Formats a job as a line of at most `width` columns, without line end; also used by tests. */
void rog_progress_line(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes);
/* Formats what the job waits for and for how long, as a line below it; "" if it waits for
 * nothing. */
void rog_progress_waiting(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes);

#endif
