/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_EXECUTOR_H
#define ROG_FLEET_EXECUTOR_H

/*
 * What differs between kinds of cluster: the processes of a run. Everything else (slots, locks, the
 * database, following event streams, testing checkpoints, beginning again) is fleet/runner.c, the
 * same for all.
 *
 * An attempt leaves its events in files of the run's folder here: ROG_STREAM_MAIN, and with
 * `stream_per_worker` also workerK/ROG_STREAM_MAIN for each worker K; with `host_streams` each of
 * those has a ROG_STREAM_HOST beside it. Checkpoints lie in the folder before the event that names
 * them does.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/inputs/inputs.h>
#include <rog/error.h>

struct rog_credentials; /* ssh/credentials.h */

/* What an attempt is made of; outlives it. */
struct rog_attempt {
    const struct rog_cluster *cluster;
    void *session;                       /* the executor's (open); NULL where it has none */
    struct rog_credentials *credentials; /* NULL: nobody is asked */
    const char *trainer;                 /* path of rog-trainer */
    const char *folder; /* the run's; its configuration is there as ROG_RUN_CONFIG */
    const struct rog_json *config;
    const struct rog_inputs *inputs; /* the files that the configuration names */
    const char *start_model;         /* a file; NULL: the run needs none */
    const char *run_id;
    int64_t number; /* of the attempt, from 1 */
    bool resume;    /* go on from the snapshot in the folder (fleet/resume.h), or in real time from
                       what the server had saved (fleet/take_up.h) */
    bool adopt;     /* what an earlier rogctl has started of this attempt may be going on still */
    bool again;     /* an attempt before this one has failed */
    int at_once;    /* processors that it may count on, >= 1 */
    /* Something has happened that belongs into the run's record (`event` is its name) and that
     * people want to hear. Not from other threads. */
    void (*log)(void *user, const char *event, size_t rank, const char *text);
    /* Whether somebody wants rogctl to end: a stop that waits leaves what does not answer at once.
     * NULL: nobody does. */
    bool (*hurried)(void *user);
    void *user;
};

/* What is the same for all runs that one process executes; outlives them. */
struct rog_session_options {
    const struct rog_cluster *cluster;
    struct rog_credentials *credentials; /* NULL: nobody is asked */
    const char *trainer;                 /* path of rog-trainer */
    const char *sweep;                   /* what it is called, for other people */
    bool no_wait;                /* what others have is not waited for: ROG_EBUSY of `step` */
    bool (*hurried)(void *user); /* as an attempt's */
    void *user;
};

enum rog_attempt_state {
    ROG_ATTEMPT_QUEUED,    /* others have what it needs */
    ROG_ATTEMPT_PREPARING, /* nothing runs yet; that may take as long as it takes */
    ROG_ATTEMPT_RUNNING,
    ROG_ATTEMPT_ENDED, /* all processes are gone, and ended well */
};

/* Tests checkpoints of a run elsewhere than here. */
struct rog_checkpoint_tester {
    /* cluster, with a tester, credentials, trainer and run_id of the attempt are borrowed, config
     * is copied; the rest of it is not looked at. */
    int (*begin)(void **state, const struct rog_attempt *attempt, struct rog_error *err);
    /* A checkpoint here, one at a time. */
    int (*give)(void *state, const char *path, struct rog_error *err);
    /* *line becomes the event that answers it (heap memory), NULL as long as there is none; does
     * not wait. ROG_EFAILED: the test cannot be made there. */
    int (*take)(void *state, char **line, struct rog_error *err);
    /* What is being tested is given up. NULL is harmless. */
    void (*end)(void *state);
};

struct rog_executor {
    bool stream_per_worker, host_streams;
    bool resumes;       /* attempts that were interrupted can go on (attempt->resume) */
    bool adopts;        /* attempts may outlive rogctl and be taken up (attempt->adopt) */
    bool copies_inputs; /* processes read copies, made by the hashes of attempt->inputs; only the
                           data that checkpoints are tested on are read here */

    /* What the attempts of one process share: opened before the first that needs it, closed when no
     * more follow, which does not take long. NULL: nothing. */
    int (*open)(void **session, const struct rog_session_options *options, struct rog_error *err);
    void (*close)(void *session);

    /* Begins an attempt, or takes one up. `state` is the executor's, given to the other hooks. */
    int (*start)(void **state, const struct rog_attempt *attempt, struct rog_error *err);
    /* A few times a second; does not wait. ROG_EFAILED: the attempt has failed, and why. */
    int (*step)(void *state, enum rog_attempt_state *reached, struct rog_error *err);
    /* What people should know of the attempt's hosts: "connecting to 5 hosts", "waiting for ...",
     * "without worker 2 ..."; and since when, a time of rog_clock_s. False, or NULL: nothing. */
    bool (*waits)(void *state, char *what, size_t bytes, double *since_s);
    /* Ends what runs, removes what is no result and frees the state. With `leave`, which is only
     * said of attempts that `adopts` holds for and that have reached ROG_ATTEMPT_RUNNING: what runs
     * goes on, to be taken up (attempt->adopt). */
    void (*stop)(void *state, bool leave);
    /* Of kinds that have hosts: tests on the cluster's tester host. */
    const struct rog_checkpoint_tester *tester;
};

#endif
