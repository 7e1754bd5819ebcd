/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_VERIFY_H
#define ROG_CHECK_VERIFY_H

/*
 * Replays what is recorded of a run and checks it against itself and against its strategy: that no
 * worker passed an admission which the strategy's staleness bound forbids, that times, rows and
 * bytes add up, and that the tables hold what the trainer wrote. What the strategy promises is
 * asked of its plugin; where that states nothing or cannot be loaded, the checks say what they left
 * out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/check/findings.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/setbacks.h>

enum rog_verify_check {
    ROG_VERIFY_COMPLETE,   /* the run is done, its iterations are without gaps */
    ROG_VERIFY_SETTINGS,   /* those of its row, its configuration, its files and its stream */
    ROG_VERIFY_TIMES,      /* compute, push, stall and pull add up to the iteration */
    ROG_VERIFY_ADMISSIONS, /* each where its iteration's stall ends */
    ROG_VERIFY_BOUND,      /* the staleness bound, from the pushes that had arrived */
    ROG_VERIFY_STALENESS,
    ROG_VERIFY_ROWS,   /* none beyond the model's, at least the strategy's least share */
    ROG_VERIFY_BYTES,  /* no more than the link let through */
    ROG_VERIFY_METERS, /* energy, bandwidth and checkpoints run forwards */
    ROG_VERIFY_SAVED,  /* checkpoints: their files, and what their tests said */
    ROG_VERIFY_STREAM, /* the tables hold the trainer's event stream, line for line */
    ROG_VERIFY_CHECKS
};

struct rog_verify {
    struct rog_finding_list check[ROG_VERIFY_CHECKS];
    /* What the run lost by its own account. It is no finding, and neither is what follows from it:
     * workers that go back, iterations that are missing or made again. */
    struct rog_setbacks setbacks;
};

/* ROG_ENOTFOUND for a run that is not recorded, by its whole id. What is found wrong is no error of
 * this function: see rog_verify_failed. */
int rog_verify_run(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                   struct rog_error *err);
void rog_verify_release(struct rog_verify *verify);
size_t rog_verify_failed(const struct rog_verify *verify);
/* How many the run has. Without any there was nothing to check. */
size_t rog_verify_iterations(const struct rog_verify *verify);

#endif
