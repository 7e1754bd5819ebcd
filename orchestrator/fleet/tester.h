/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_TESTER_H
#define ROG_FLEET_TESTER_H

/*
 * `rog-trainer test` as a companion of one run: it is started with the first checkpoint, gets one
 * path after the other and exits when its input ends. Results go into the table checkpoints. If the
 * cluster has a tester host, tests are made there.
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
    const struct rog_checkpoint_tester *elsewhere; /* on a tester host; NULL: tests are made here */
    void *state;                                   /* of the remote tester; NULL: not (yet) */
    struct rog_process process;
    struct rog_lines lines;
    char *in_flight;        /* the checkpoint being tested, as in the table; NULL: none */
    bool away;              /* the tester host gave no answer */
    double accuracy;        /* result of the last one; NaN before */
    struct rog_json *known; /* results by name from another process; NULL: the database has all of
                             * them */
    size_t tested;
};

/* options: its db, trainer and credentials; folder: the run's; cluster: NULL, or one whose tester
 * host, if any, makes the tests. */
int rog_fleet_tester_init(struct rog_fleet_tester *tester, const struct rog_fleet_options *options,
                          const struct rog_cluster *cluster, const char *run_id, const char *folder,
                          struct rog_error *err);
/* Checkpoints with a result in the folder (store/checkpoints.h) are not tested again: another
 * process, with its own database, has tested them. */
int rog_fleet_tester_take_known(struct rog_fleet_tester *tester, struct rog_error *err);
/* Stores such results in the tables. *all: there is one for each checkpoint. */
int rog_fleet_tester_take_in(struct rog_db *db, const char *run_id, const char *folder, bool *all,
                             struct rog_error *err);
/* Also stops the process. */
void rog_fleet_tester_release(struct rog_fleet_tester *tester);

/* Stores results and hands over the next untested checkpoint; never waits. Sets *idle if nothing is
 * left to test. ROG_EFAILED if a checkpoint cannot be tested. */
int rog_fleet_tester_step(struct rog_fleet_tester *tester, bool *idle, struct rog_error *err);

#endif
