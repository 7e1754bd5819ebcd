/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SUMMARY_H
#define ROG_STORE_SUMMARY_H

/*
 * What is recorded about a run or a case, aggregated: one place for the queries behind show,
 * report and the figures, so that they never disagree. Ranks of workers are 1..N; the server
 * (rank 0) is no part of any mean.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <common/metric.h>
#include <orchestrator/curves/roughness.h>
#include <orchestrator/store/db.h>

/* A row of `runs`. Texts are heap memory, NULL where the column is NULL. */
struct rog_run_row {
    char *id, *library, *control, *note, *workload, *cluster, *status;
    char *started_at, *ended_at, *error, *config_hash;
    char *config, *versions; /* JSON */
    int64_t threshold, batchsize, epochs, seed, attempt;
    struct rog_metric metric; /* what its tests measure */
    bool is_virtual;          /* its times are virtual: one process wrote its events */
};

/* ROG_ENOTFOUND for an id that is not recorded. `id` is the whole id (see rog_run_find). */
int rog_run_row_load(struct rog_db *db, const char *id, struct rog_run_row *row,
                     struct rog_error *err);
void rog_run_row_release(struct rog_run_row *row);

/* Heap copies of texts, in the order of the query. */
struct rog_names {
    char **name;
    size_t count;
};
void rog_names_release(struct rog_names *names);

/* The id meant by `text`: the id itself, any unambiguous beginning of it, or a path that ends in
 * it. *id is heap memory. ROG_ENOTFOUND when there is none; ROG_EINVAL when there are several, with
 * a message that lists them. */
int rog_run_find(struct rog_db *db, const char *text, char **id, struct rog_error *err);

/* A row of `cases` with its settings. */
struct rog_case_row {
    char *name, *figure, *created_at;
    char *contender, *baseline; /* what its gains are of and over: a library or a run's note; NULL:
                                   not said */
    double target_accuracy;     /* of what is tested, NaN where the case has none */
    struct rog_json *options;   /* what else its experiment file says of the case: an object, empty
                                   where that says nothing */
    int64_t runs;
};
int rog_case_row_load(struct rog_db *db, const char *name, struct rog_case_row *row,
                      struct rog_error *err);
void rog_case_row_release(struct rog_case_row *row);
/* Its runs' ids, by position. ROG_ENOTFOUND, with the cases there are, for an unknown case. */
int rog_case_runs(struct rog_db *db, const char *name, struct rog_names *ids,
                  struct rog_error *err);

/* The average time composition of an iteration: for each worker the mean over its iterations, then
 * the mean over workers, s. NaN where nothing is recorded. */
struct rog_composition {
    double compute_s;
    double communication_s; /* push and pull, without the stall */
    double stall_s;
    int64_t workers;
};
/* By a query: one row of compute, communication, stall (s) and the number of
 * workers, for the run that is its only parameter. */
int rog_composition_query(struct rog_db *db, const char *sql, const char *run_id,
                          struct rog_composition *composition, struct rog_error *err);

/* How far the run got, in sums over workers. */
struct rog_extent {
    int64_t iterations;                 /* largest of any worker */
    double seconds;                     /* virtual or real time that the run took so far */
    int64_t bytes_pushed, bytes_pulled; /* ROG_ABSENT: not recorded */
    double energy_j;                    /* until `seconds`, mean over workers; NaN without energy */
    /* Share of the pushes that had hardly more rows than the smallest one: under a strategy with
     * time budgets those that had none. NaN where rows were not recorded. */
    double least_pushes;
    int64_t workers; /* that take part, also those that have not finished an iteration */
};

/* Both, in one pass over the run's iterations, as they may be millions. With `means`, an object, it
 * gets the mean of each column that is a series, over the means of the workers; null where nothing
 * is known. */
struct rog_totals {
    struct rog_composition composition;
    struct rog_extent extent;
};
int rog_totals_load(struct rog_db *db, const char *run_id, struct rog_totals *totals,
                    struct rog_json *means, struct rog_error *err);

/* Tested checkpoints by time. */
struct rog_accuracy_point {
    double t; /* s */
    int64_t iteration;
    double percent;
};
struct rog_accuracy {
    struct rog_accuracy_point *point;
    size_t count;
};
int rog_accuracy_load(struct rog_db *db, const char *run_id, struct rog_accuracy *accuracy,
                      struct rog_error *err);
void rog_accuracy_release(struct rog_accuracy *accuracy);
/* How rough it is in time. */
int rog_accuracy_roughness(const struct rog_accuracy *accuracy, bool less_is_better,
                           struct rog_roughness *rough, struct rog_error *err);

/* SQL: the readings of energy that count for the workers of run ?1. Several sensors of a host, each
 * of which counts from its own start, add up; the power model counts where no sensor measures. */
#define ROG_ENERGY_COUNTED                                                       \
    "(SELECT rank, t, joules, source FROM energy WHERE run_id = ?1 AND rank > 0" \
    " AND (source IS NOT 'model' OR rank NOT IN"                                 \
    " (SELECT rank FROM energy WHERE run_id = ?1 AND source IS NOT 'model')))"

/* Cumulative energy of each worker against time. */
struct rog_energy_point {
    int64_t rank;
    int64_t sensor; /* another number for another sensor of the rank */
    double t;       /* s */
    double joules;  /* since the run's start */
};
struct rog_energy {
    struct rog_energy_point *point; /* by rank, sensor, then t */
    size_t count;
};
int rog_energy_load(struct rog_db *db, const char *run_id, struct rog_energy *energy,
                    struct rog_error *err);
void rog_energy_release(struct rog_energy *energy);
/* Joules used until t, the mean over workers of the sums over their sensors; linear between
 * readings, from 0 J at 0 s, held after a sensor's last reading. NaN when nothing is recorded. */
double rog_energy_at(const struct rog_energy *energy, double t);
/* At many times, which ascend. */
void rog_energy_at_each(const struct rog_energy *energy, const double *t, size_t count,
                        double *joules);

/* What `rogctl show RUN --json` prints. Owned by the caller. */
int rog_run_summary(struct rog_db *db, const char *run_id, struct rog_json **summary,
                    struct rog_error *err);
/* The same with "means" (see rog_totals_load). */
int rog_run_summary_means(struct rog_db *db, const char *run_id, struct rog_json **summary,
                          struct rog_error *err);

#endif
