/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_SERIES_H
#define ROG_EXPORT_SERIES_H

/*
 * The curves of a run, for programs that draw them: test results and, for each worker, the parts of
 * its iterations' time, other columns of iterations, energy and bandwidth.
 */

#include <stdint.h>

#include <orchestrator/store/db.h>

enum rog_series_order {
    ROG_SERIES_BY_TIME,   /* t, then key, rank, source */
    ROG_SERIES_BY_WORKER, /* rank, then t, key, source */
};

/* Which points are selected: iterations after `iteration`, readings after t_s. */
struct rog_series_since {
    int64_t iteration;
    double t_s;
};
#define ROG_SERIES_ALL ((struct rog_series_since){-1, -1})

struct rog_series_choice {
    enum rog_series_order order;
    bool bandwidth; /* include bandwidth */
    /* The run is in progress: leaves out points that may still change, or may still be followed by
     * earlier ones. */
    bool in_progress;
    struct rog_series_since since;
};

/* Columns of the query. The step is an iteration; for energy and bandwidth a second. */
enum {
    ROG_SERIES_KEY,    /* "accuracy", "stall_s" */
    ROG_SERIES_RANK,   /* 0: of the run itself */
    ROG_SERIES_SOURCE, /* of energy, otherwise NULL */
    ROG_SERIES_VALUE,
    ROG_SERIES_T, /* s since the run's start */
    ROG_SERIES_STEP,
};

/* Energy is the last reading in every ten seconds, bandwidth the mean of each second in which it
 * changed, weighted by time. Test results are always included completely, regardless of `since`. */
int rog_series_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                     const struct rog_series_choice *choice, struct rog_error *err);

#endif
