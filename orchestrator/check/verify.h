/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_VERIFY_H
#define ROG_CHECK_VERIFY_H

/*
 * Replays the record of a run and checks it against itself and against its strategy: that no worker
 * passed an admission that the strategy's staleness bound forbids, that times, rows and bytes add
 * up, and that the tables match what the trainer wrote. The promises of the strategy come from its
 * plugin; if it states none or cannot be loaded, the checks say what they left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/check/findings.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/setbacks.h>

enum rog_verify_check {
    ROG_VERIFY_COMPLETE,   /* the run is done and has no gaps */
    ROG_VERIFY_SETTINGS,   /* the settings in its row, configuration, files and stream agree */
    ROG_VERIFY_TIMES,      /* compute, push, stall and pull add up to the iteration */
    ROG_VERIFY_ADMISSIONS, /* each at the end of its iteration's stall */
    ROG_VERIFY_BOUND,      /* the staleness bound, against the pushes that had arrived */
    ROG_VERIFY_STALENESS,
    ROG_VERIFY_ROWS,   /* not more than the model has, and at least the strategy's minimum share */
    ROG_VERIFY_BYTES,  /* no more than the link could carry */
    ROG_VERIFY_METERS, /* energy, bandwidth and checkpoints ascend */
    ROG_VERIFY_SAVED,  /* checkpoints: their files and test results */
    ROG_VERIFY_STREAM, /* the tables match the trainer's event stream, line by line */
    ROG_VERIFY_CHECKS
};

struct rog_verify {
    struct rog_finding_list check[ROG_VERIFY_CHECKS];
    /* Losses that the run itself recorded. They are not findings, and neither are their
     * consequences: workers that go back, iterations that are missing or repeated. */
    struct rog_setbacks setbacks;
};

/* ROG_ENOTFOUND: the run, by its full id, is not recorded. Findings are not errors of this
 * function: see rog_verify_failed. */
int rog_verify_run(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                   struct rog_error *err);
void rog_verify_release(struct rog_verify *verify);
size_t rog_verify_failed(const struct rog_verify *verify);
/* The number of iterations. Without any there was nothing to check. */
size_t rog_verify_iterations(const struct rog_verify *verify);

#endif
