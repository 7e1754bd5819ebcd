/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_MICROEVENTS_H
#define ROG_FIGURES_MICROEVENTS_H

/* The data of figure 8: one worker, second by second. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

struct rog_microevent {
    double t; /* s since the run's start */
    double value;
};

struct rog_microevent_list {
    struct rog_microevent *item;
    size_t count;
};

struct rog_microevents {
    char *run_id;
    int64_t rank, threshold;
    bool is_virtual; /* its times are virtual */
    bool unlimited;  /* the worker's link is unlimited and has no bandwidth */
    bool as_published;
    double from_s, to_s;                  /* the time shown; to_s is not beyond the run's end */
    struct rog_microevent_list bandwidth; /* Mbit/s, valid until the next point; begins at from_s */
    struct rog_microevent_list push;      /* percent of rows, at the end of the transmission */
    struct rog_microevent_list pull;
    /* Iterations behind the fastest worker, valid until the next point; begins at from_s. */
    struct rog_microevent_list staleness;
};

/* As published: all are points, joined by straight lines, including those just before and after the
 * time shown; staleness is sampled (queries.h); to_s may be beyond the run's end. Errors: see
 * rog_figures_draw_microevents. */
int rog_microevents_load(struct rog_db *db, const char *run, int64_t rank, double start_s,
                         double span_s, bool as_published, struct rog_microevents *events,
                         struct rog_error *err);
void rog_microevents_release(struct rog_microevents *events);

#endif
