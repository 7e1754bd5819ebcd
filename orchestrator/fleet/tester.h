/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_TESTER_H
#define ROG_FLEET_TESTER_H

/*
 * Runs `rog-trainer test` beside a run: starts it with the first checkpoint, gives it one path
 * after the other, and closes its input at the end, upon which it exits. Results are stored in the
 * table checkpoints. If the cluster has a tester host, the tests run there.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/process.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/fleet/executor.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/store/db.h>

struct rog_fleet_tester {
    struct rog_db *db;                             /* borrowed */
    const char *trainer, *run_id;                  /* borrowed */
    struct rog_credentials *credentials;           /* borrowed */
    char *folder;                                  /* the run's */
    char *config_path, *log_path;                  /* relative to the run's folder */
    const struct rog_cluster *cluster;             /* borrowed; may be NULL */
    const struct rog_checkpoint_tester *elsewhere; /* on a tester host; NULL: tests run here */
    void *state;                                   /* of the remote tester; NULL: none (yet) */
    struct rog_process process;
    struct rog_lines lines;
    char *in_flight;        /* the checkpoint being tested, as in the table; NULL: none */
    bool away;              /* the tester host gave no answer */
    double accuracy;        /* result of the last one; NaN before */
    struct rog_json *known; /* results of another process, by name; NULL: the database has all */
    size_t tested;
};

/* options: its db, trainer and credentials are used. folder: the run's. cluster: NULL, or one whose
 * tester host, if any, runs the tests. */
int rog_fleet_tester_init(struct rog_fleet_tester *tester, const struct rog_fleet_options *options,
                          const struct rog_cluster *cluster, const char *run_id, const char *folder,
                          struct rog_error *err);
/* Loads results from the folder (store/checkpoints.h), where another process with its own database
 * has stored them. Checkpoints that have a result are not tested again. */
int rog_fleet_tester_take_known(struct rog_fleet_tester *tester, struct rog_error *err);
/* Stores such results in the tables. Sets *all if every checkpoint has one. */
int rog_fleet_tester_take_in(struct rog_db *db, const char *run_id, const char *folder, bool *all,
                             struct rog_error *err);
/* Also stops the process. */
void rog_fleet_tester_release(struct rog_fleet_tester *tester);

/* Stores results and hands over the next untested checkpoint; never waits. Sets *idle if nothing is
 * left to test. ROG_EFAILED if a checkpoint cannot be tested. */
int rog_fleet_tester_step(struct rog_fleet_tester *tester, bool *idle, struct rog_error *err);

#endif
