/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SERIES_H
#define ROG_STORE_SERIES_H

/*
 * What a run recorded against time, in buckets of equal length: as much as a screen can show of a
 * run of any length, read in one pass over its rows.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

/* The workers with recorded iterations, and when the run ended or how far it is. Equal to the run's
 * summary, but read without a pass over all rows. */
struct rog_run_span {
    int64_t *rank;
    size_t ranks;
    double seconds;
};
int rog_run_span_load(struct rog_db *db, const char *run_id, struct rog_run_span *span,
                      struct rog_error *err);
void rog_run_span_release(struct rog_run_span *span);

struct rog_bucket {
    int64_t count; /* number of recorded values; 0: none */
    double weight; /* seconds or number of values that `sum` is over */
    double sum, min, max;
};

/* Buckets for several lines (a worker, or all workers together) and several values. */
struct rog_buckets {
    double from, to;
    size_t points, values, lines;
    const int64_t *rank;       /* [lines]; 0: all workers */
    struct rog_bucket *bucket; /* [lines * values * points] */
};
/* Allocates buckets for the sizes that are set. */
int rog_buckets_init(struct rog_buckets *buckets, struct rog_error *err);
void rog_buckets_release(struct rog_buckets *buckets);
const struct rog_bucket *rog_bucket_at(const struct rog_buckets *buckets, size_t line, size_t value,
                                       size_t point);

/* Fills the buckets. The values are SQL expressions over the columns of iterations. */
int rog_series_iterations(struct rog_db *db, const char *run_id, const char *const *expressions,
                          struct rog_buckets *buckets, struct rog_error *err);
/* Fills the buckets with Mbit/s, one value. A reading holds until the next one, so means are over
 * time. */
int rog_series_bandwidth(struct rog_db *db, const char *run_id, struct rog_buckets *buckets,
                         struct rog_error *err);

#endif
