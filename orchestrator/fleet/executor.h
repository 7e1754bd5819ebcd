/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_EXECUTOR_H
#define ROG_FLEET_EXECUTOR_H

/*
 * What differs between kinds of cluster: the processes of a run. Everything else (slots, locks, the
 * database, following event streams, testing checkpoints, retries) is in fleet/runner.c, the same
 * for all. An attempt writes its events to files in the run's folder here: ROG_STREAM_MAIN, and
 * with `stream_per_worker` also workerK/ROG_STREAM_MAIN for each worker K; with `host_streams` each
 * of those has a ROG_STREAM_HOST beside it. A checkpoint is in the folder before the event that
 * names it is written.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/inputs/inputs.h>
#include <rog/error.h>

struct rog_credentials; /* ssh/credentials.h */

/* The inputs of an attempt. They must outlive it. */
struct rog_attempt {
    const struct rog_cluster *cluster;
    void *session;                       /* the executor's, from `open`; NULL: none */
    struct rog_credentials *credentials; /* NULL: never ask the user */
    const char *trainer;                 /* path of rog-trainer */
    const char *folder; /* the run's; its configuration is there as ROG_RUN_CONFIG */
    const struct rog_json *config;
    const struct rog_inputs *inputs; /* the files that the configuration names */
    const char *start_model;         /* a file; NULL: the run needs none */
    const char *run_id;
    int64_t number; /* of the attempt, from 1 */
    bool resume;    /* resume from the snapshot in the folder (fleet/resume.h), or in real time from
                     * the server's saved state (fleet/take_up.h) */
    bool adopt;     /* processes that an earlier rogctl started for this attempt may still be
                     * running */
    bool again;     /* a previous attempt has failed */
    int at_once;    /* processors that it may use, >= 1 */
    /* Adds an event to the run's record (`event` is its name) and shows it to the user. May only be
     * called from this thread. */
    void (*log)(void *user, const char *event, size_t rank, const char *text);
    /* Returns whether rogctl has been asked to stop: a stop that waits then abandons hosts that do
     * not answer at once. NULL: never. */
    bool (*hurried)(void *user);
    void *user;
};

/* The same for all runs that one process executes. It must outlive them. */
struct rog_session_options {
    const struct rog_cluster *cluster;
    struct rog_credentials *credentials; /* NULL: never ask the user */
    const char *trainer;                 /* path of rog-trainer */
    const char *sweep;                   /* its name, shown to other users */
    bool no_wait;                        /* do not wait for hosts in use: ROG_EBUSY from `step` */
    bool (*hurried)(void *user);         /* as in struct rog_attempt */
    void *user;
};

enum rog_attempt_state {
    ROG_ATTEMPT_QUEUED,    /* another run uses its hosts */
    ROG_ATTEMPT_PREPARING, /* nothing is running yet; this may take any time */
    ROG_ATTEMPT_RUNNING,
    ROG_ATTEMPT_ENDED, /* all processes have exited successfully */
};

/* Tests checkpoints of a run on another host. */
struct rog_checkpoint_tester {
    /* cluster, with a tester, credentials, trainer and run_id of the attempt are borrowed, config
     * is copied; its other members are not used. */
    int (*begin)(void **state, const struct rog_attempt *attempt, struct rog_error *err);
    /* Starts the test of a checkpoint file on this machine. One test at a time. */
    int (*give)(void *state, const char *path, struct rog_error *err);
    /* Sets *line to the tester's event (heap memory), or NULL if there is none yet. Does not wait.
     * ROG_EFAILED: the test cannot be made on that host. */
    int (*take)(void *state, char **line, struct rog_error *err);
    /* Abandons the current test. No effect on NULL. */
    void (*end)(void *state);
};

struct rog_executor {
    bool stream_per_worker, host_streams;
    bool resumes;       /* interrupted attempts can resume (attempt->resume) */
    bool adopts;        /* attempts may outlive rogctl and be adopted (attempt->adopt) */
    bool copies_inputs; /* processes read copies that match the hashes of attempt->inputs; only the
                         * data for testing checkpoints is read here */

    /* State that the attempts of one process share. It is opened before the first attempt that
     * needs it and closed after the last one. Closing does not take long. NULL: none. */
    int (*open)(void **session, const struct rog_session_options *options, struct rog_error *err);
    void (*close)(void *session);

    /* Starts or adopts an attempt. `state` is the executor's, passed to the other hooks. */
    int (*start)(void **state, const struct rog_attempt *attempt, struct rog_error *err);
    /* Called a few times a second; does not wait. ROG_EFAILED: the attempt has failed, with the
     * reason. */
    int (*step)(void *state, enum rog_attempt_state *reached, struct rog_error *err);
    /* Returns true if there is a message about the attempt's hosts, such as "connecting to 5
     * hosts", "waiting for ..." or "without worker 2 ...". *since_s is when it began, a time of
     * rog_clock_s. NULL: there never is one. */
    bool (*waits)(void *state, char *what, size_t bytes, double *since_s);
    /* Stops everything, removes temporary files and frees the state. With `leave`, only for
     * attempts with `adopts` that have reached ROG_ATTEMPT_RUNNING: processes continue, to be
     * adopted (attempt->adopt). */
    void (*stop)(void *state, bool leave);
    /* For kinds with hosts: tests on the cluster's tester host. */
    const struct rog_checkpoint_tester *tester;
};

#endif
