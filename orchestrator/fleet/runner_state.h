/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RUNNER_STATE_H
#define ROG_FLEET_RUNNER_STATE_H

/* Shared by runner.c, which executes runs, and runner_begin.c, which starts them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/fleet/executor.h>
#include <orchestrator/fleet/job.h>
#include <orchestrator/fleet/runner.h>
#include <orchestrator/fleet/streams.h>
#include <orchestrator/fleet/take_up.h>
#include <orchestrator/fleet/tester.h>
#include <orchestrator/store/summary.h>

/* A run that this process is executing. */
struct rog_active {
    struct rog_fleet_job *job; /* NULL: the slot is free */
    char *folder;              /* the run's folder */
    int lock;                  /* descriptor, -1 when not held */
    struct rog_attempt attempt;
    int64_t number;  /* of the attempt, as the table runs counts them */
    void *processes; /* the executor's; NULL: none run */
    enum rog_attempt_state reached;
    struct rog_streams streams;
    struct rog_fleet_tester tester;
    bool tester_ready;
    struct rog_take_up found;  /* the moment from which it resumes with ROG_BEGIN_GO_ON */
    char *untested;            /* why testing has stopped; NULL: it has not */
    double begin_s, resumed_s; /* the latter: run time of the last reported resume */
    int failures;              /* number of failed attempts */
    struct rog_json *retries;  /* why: texts; NULL before the first */
    double progress_s;         /* when an iteration was last reported */
    int64_t iterations;        /* iterations reported by then */
    bool is_over;              /* the server had reported the end by then */
    double published_s;        /* when the database was last updated */
    struct rog_runner *runner;
};

struct rog_runner {
    const struct rog_executor *hooks;
    const struct rog_cluster *cluster;
    const struct rog_fleet_options *options;
    struct rog_signals *signals;
    struct rog_fleet_job *jobs;
    size_t count;
    void *session;           /* the executor's, once it is needed */
    struct rog_active *slot; /* [slots] */
    int slots;
    int at_once; /* processors for each run */
    unsigned polls;
};

/* How a run starts. */
enum rog_beginning {
    ROG_BEGIN_OVER,   /* from the beginning */
    ROG_BEGIN_WHOLE,  /* its streams are complete, from a process that is gone: only tests are
                       * missing */
    ROG_BEGIN_RESUME, /* such a process has left a snapshot */
    ROG_BEGIN_ADOPT,  /* processes that such a process started may still be running */
    ROG_BEGIN_GO_ON,  /* another attempt, from what the previous one's server saved */
};

/* Decides how to start a run whose folder is locked, from its row in the database and its folder.
 * Sets a->found for ROG_BEGIN_GO_ON. */
enum rog_beginning rog_runner_how_to_begin(const struct rog_runner *x, struct rog_active *a,
                                           const struct rog_run_row *row);
/* Starts an attempt. The caller releases the slot, also after an error. */
int rog_runner_begin(struct rog_runner *x, struct rog_active *a, enum rog_beginning how,
                     struct rog_error *err);
/* Logs an event of the controller itself: writes it to the run's stream and shows it to the user.
 * `user` is the struct rog_active. */
void rog_runner_log(void *user, const char *event, size_t rank, const char *text);

#endif
