/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_RUNNER_STATE_H
#define ROG_FLEET_RUNNER_STATE_H

/* What runner.c, which keeps runs going, and runner_begin.c, which begins them, share. */

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
    char *folder;              /* the run's, seen from here */
    int lock;                  /* descriptor, -1 when not held */
    struct rog_attempt attempt;
    int64_t number;  /* of the attempt, as the table runs counts them */
    void *processes; /* the executor's; NULL: none run */
    enum rog_attempt_state reached;
    struct rog_streams streams;
    struct rog_fleet_tester tester;
    bool tester_ready;
    struct rog_take_up found;  /* what it goes on from with ROG_BEGIN_GO_ON */
    char *untested;            /* why nothing is tested any more; NULL: it is */
    double begin_s, resumed_s; /* ; when the server went on, as far as people know */
    int failures;              /* attempts that came to nothing */
    struct rog_json *retries;  /* why: texts; NULL before the first */
    double progress_s;         /* when an iteration was last heard of */
    int64_t iterations;        /* heard of by then */
    bool is_over;              /* the server has said so by then */
    double published_s;        /* when the database was last told how far it is */
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

/* How a run is taken up. */
enum rog_beginning {
    ROG_BEGIN_OVER,   /* from the beginning */
    ROG_BEGIN_WHOLE,  /* its streams are whole, left by a process that is gone: only tests are
                         missing */
    ROG_BEGIN_RESUME, /* such a process has left a snapshot */
    ROG_BEGIN_ADOPT,  /* what such a process has started may be going on still */
    ROG_BEGIN_GO_ON,  /* another attempt from what the server of the one before had saved */
};

/* How a run whose folder is locked is to be begun, by what the database says of it and what is in
 * the folder; a->found is set with ROG_BEGIN_GO_ON. */
enum rog_beginning rog_runner_how_to_begin(const struct rog_runner *x, struct rog_active *a,
                                           const struct rog_run_row *row);
/* Begins an attempt. The caller releases the slot, also after an error. */
int rog_runner_begin(struct rog_runner *x, struct rog_active *a, enum rog_beginning how,
                     struct rog_error *err);
/* An event of the controller itself: into the run's stream, and said to people. `user` is the
 * struct rog_active. */
void rog_runner_log(void *user, const char *event, size_t rank, const char *text);

#endif
