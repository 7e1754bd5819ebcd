/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_VERIFY_H
#define ROG_CHECK_VERIFY_H

/*
 * Replays what is recorded of a run and checks it against itself and against its strategy: that no
 * worker passed an admission which the staleness threshold forbids, that times, rows and bytes add
 * up, and that the tables hold what the trainer wrote.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/store/db.h>

#define ROG_FINDINGS_MAX 5 /* kept of each check; all are counted */

/* One check and how it went. */
struct rog_finding_list {
    const char *name; /* "admissions" */
    const char *what; /* one line: what was checked */
    size_t checked;   /* how many values; 0: the run has none of them */
    size_t failed;
    char *finding[ROG_FINDINGS_MAX]; /* which event, what it says, what it should */
    size_t findings;
};

enum rog_verify_check {
    ROG_VERIFY_COMPLETE,   /* the run is done, its iterations are without gaps */
    ROG_VERIFY_TIMES,      /* compute, push, stall and pull add up to the iteration */
    ROG_VERIFY_ADMISSIONS, /* each where its iteration's stall ends */
    ROG_VERIFY_BOUND,      /* the staleness bound, from the pushes that had arrived */
    ROG_VERIFY_STALENESS,
    ROG_VERIFY_ROWS,   /* none beyond the model's, all or at least the minimum of the strategy */
    ROG_VERIFY_BYTES,  /* no more than the link let through */
    ROG_VERIFY_METERS, /* energy, bandwidth and checkpoints run forwards */
    ROG_VERIFY_STREAM, /* the tables hold the trainer's event stream, line for line */
    ROG_VERIFY_CHECKS
};

struct rog_verify {
    struct rog_finding_list check[ROG_VERIFY_CHECKS];
};

/* ROG_ENOTFOUND for a run that is not recorded, by its whole id. What is found wrong is no error of
 * this function: see rog_verify_failed. */
int rog_verify_run(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                   struct rog_error *err);
void rog_verify_release(struct rog_verify *verify);
size_t rog_verify_failed(const struct rog_verify *verify);

/* A finding, printf-like; counted always, kept while there is room. */
void rog_verify_find(struct rog_finding_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
