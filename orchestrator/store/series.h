/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SERIES_H
#define ROG_STORE_SERIES_H

/*
 * What a run recorded against time, in buckets of equal length: as much as a screen can show of a
 * run of any length, in one pass over its rows.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

/* The workers of which iterations are recorded, and when the run ended or how far it is: as the
 * run's summary says, without going through its rows. */
struct rog_run_span {
    int64_t *rank;
    size_t ranks;
    double seconds;
};
int rog_run_span_load(struct rog_db *db, const char *run_id, struct rog_run_span *span,
                      struct rog_error *err);
void rog_run_span_release(struct rog_run_span *span);

struct rog_bucket {
    int64_t count; /* of what was recorded; 0: nothing */
    double weight; /* s or number that `sum` is over */
    double sum, min, max;
};

/* Buckets of several lines, which are workers or all of them together, and of several values. */
struct rog_buckets {
    double from, to;
    size_t points, values, lines;
    const int64_t *rank;       /* [lines]; 0: all workers */
    struct rog_bucket *bucket; /* [lines * values * points] */
};
int rog_buckets_init(struct rog_buckets *buckets, struct rog_error *err); /* of what is set */
void rog_buckets_release(struct rog_buckets *buckets);
const struct rog_bucket *rog_bucket_at(const struct rog_buckets *buckets, size_t line, size_t value,
                                       size_t point);

/* The values are expressions of SQL over the columns of iterations. */
int rog_series_iterations(struct rog_db *db, const char *run_id, const char *const *expressions,
                          struct rog_buckets *buckets, struct rog_error *err);
/* Mbit/s, which hold until the next reading: means are over time. One value. */
int rog_series_bandwidth(struct rog_db *db, const char *run_id, struct rog_buckets *buckets,
                         struct rog_error *err);

#endif
