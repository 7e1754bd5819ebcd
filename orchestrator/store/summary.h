/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_SUMMARY_H
#define ROG_STORE_SUMMARY_H

/*
 * Aggregates what is recorded about a run or a case. show, report and the figures all use these
 * queries, so that they always agree. Ranks of workers are 1..N; no mean includes the server (rank
 * 0).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <common/metric.h>
#include <orchestrator/curves/roughness.h>
#include <orchestrator/store/db.h>

struct rog_energy;

/* A row of `runs`. Texts are heap memory, NULL if the column is NULL. */
struct rog_run_row {
    char *id, *library, *control, *note, *workload, *cluster, *status;
    char *started_at, *ended_at, *error, *config_hash;
    char *config, *versions; /* JSON */
    int64_t threshold, batchsize, epochs, seed, attempt;
    struct rog_metric metric; /* what its tests measure */
    bool is_virtual;          /* times are virtual: one process wrote its events */
};

/* `id` is the complete id (see rog_run_find). Errors: ROG_ENOTFOUND for an id that is not
 * recorded. */
int rog_run_row_load(struct rog_db *db, const char *id, struct rog_run_row *row,
                     struct rog_error *err);
void rog_run_row_release(struct rog_run_row *row);

/* Heap copies of texts, in the order of the query. */
struct rog_names {
    char **name;
    size_t count;
};
void rog_names_release(struct rog_names *names);

/* Finds the run that `text` refers to: its id, any unambiguous prefix of it, or a path that ends in
 * it. *id is heap memory. Errors: ROG_ENOTFOUND if there is none; ROG_EINVAL if there are several,
 * with a message that lists them. */
int rog_run_find(struct rog_db *db, const char *text, char **id, struct rog_error *err);

/* A row of `cases` with its settings. */
struct rog_case_row {
    char *name, *figure, *created_at;
    char *contender, *baseline; /* whose gains are reported, and over what: a library or a run's
                                   note; NULL: not set */
    double target_accuracy;     /* of the tested metric; NaN if the case has none */
    struct rog_json *options;   /* further settings of its experiment file; may be empty */
    int64_t runs;
};
int rog_case_row_load(struct rog_db *db, const char *name, struct rog_case_row *row,
                      struct rog_error *err);
void rog_case_row_release(struct rog_case_row *row);
/* Loads its runs' ids, by position. Errors: ROG_ENOTFOUND for an unknown case, with a list of
 * cases. */
int rog_case_runs(struct rog_db *db, const char *name, struct rog_names *ids,
                  struct rog_error *err);

/* Average times within an iteration: for each worker the mean over its iterations, then the mean
 * over workers, s. NaN if nothing is recorded. */
struct rog_composition {
    double compute_s;
    double communication_s; /* push and pull, without the stall */
    double stall_s;
    int64_t workers;
};
/* Loads it with a query that takes the run as its only parameter and returns one row: compute,
 * communication, stall (s) and the number of workers. */
int rog_composition_query(struct rog_db *db, const char *sql, const char *run_id,
                          struct rog_composition *composition, struct rog_error *err);

/* How far the run got; sums are over workers. */
struct rog_extent {
    int64_t iterations;                 /* largest of all workers */
    double seconds;                     /* virtual or real duration of the run so far */
    int64_t bytes_pushed, bytes_pulled; /* ROG_ABSENT: not recorded */
    double energy_j;                    /* until `seconds`, mean over workers; NaN: not recorded */
    /* Share of the pushes that had hardly more rows than the smallest push. Under a strategy with
     * time budgets these had no rows beyond the minimum. NaN if rows were not recorded. */
    double least_pushes;
    int64_t workers; /* all that take part, including those without a finished iteration */
};

/* Composition and extent, in one pass over the run's iterations, as there may be millions. The
 * object `means`, unless NULL, gets the mean of each column that is a series, averaged over the
 * means of the workers; null if not recorded. `energy`, unless NULL, gets the readings that
 * energy_j is computed from (energy.h); the caller releases them in any case. */
struct rog_totals {
    struct rog_composition composition;
    struct rog_extent extent;
};
int rog_totals_load(struct rog_db *db, const char *run_id, struct rog_totals *totals,
                    struct rog_json *means, struct rog_energy *energy, struct rog_error *err);

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
/* Computes the roughness of accuracy over time. */
int rog_accuracy_roughness(const struct rog_accuracy *accuracy, bool less_is_better,
                           struct rog_roughness *rough, struct rog_error *err);

/* Builds what `rogctl show RUN --json` prints. Owned by the caller. */
int rog_run_summary(struct rog_db *db, const char *run_id, struct rog_json **summary,
                    struct rog_error *err);
/* Does the same with "means" (see rog_totals_load). */
int rog_run_summary_means(struct rog_db *db, const char *run_id, struct rog_json **summary,
                          struct rog_error *err);

#endif
