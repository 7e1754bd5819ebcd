/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_TESTER_H
#define ROG_FLEET_TESTER_H

/*
 * `rog-trainer test` as a companion of one run: it is started with the first checkpoint, given one
 * path after the other and ends when its input does. Results go into the table checkpoints. Where
 * the cluster has a tester host, the test is made there.
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
    char *config_path, *log_path;                  /* in the run's folder */
    const struct rog_cluster *cluster;             /* borrowed; may be NULL */
    const struct rog_checkpoint_tester *elsewhere; /* on a tester host; NULL: tests are made here */
    void *state;                                   /* of elsewhere; NULL: not (yet) */
    struct rog_process process;
    struct rog_lines lines;
    char *in_flight; /* the checkpoint that is being tested, as the table names it; NULL: none */
    bool away;       /* the tester host gave no answer */
    double accuracy; /* result of the last one; NaN before */
    struct rog_json *known; /* results by name, as another process has left them; NULL: the database
                               has all that there are */
    size_t tested;
};

/* options: its db, trainer and credentials; folder: the run's, seen from here; cluster: NULL or one
 * whose tester host, if it has one, is to test. */
int rog_fleet_tester_init(struct rog_fleet_tester *tester, const struct rog_fleet_options *options,
                          const struct rog_cluster *cluster, const char *run_id, const char *folder,
                          struct rog_error *err);
/* What the folder's results of tests (store/checkpoints.h) answer for is not tested again: another
 * process, with a database of its own, has done so. */
int rog_fleet_tester_take_known(struct rog_fleet_tester *tester, struct rog_error *err);
/* Puts such results into the tables. *all: there is one of each checkpoint. */
int rog_fleet_tester_take_in(struct rog_db *db, const char *run_id, const char *folder, bool *all,
                             struct rog_error *err);
/* Stops the process too. */
void rog_fleet_tester_release(struct rog_fleet_tester *tester);

/* Takes results in and hands the next untested checkpoint over; never waits. Sets *idle when
 * nothing is left to test. ROG_EFAILED when a checkpoint cannot be tested. */
int rog_fleet_tester_step(struct rog_fleet_tester *tester, bool *idle, struct rog_error *err);

#endif
