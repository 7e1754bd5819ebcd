/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_JOB_H
#define ROG_FLEET_JOB_H

/* A run to be executed, its progress, and the observers of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <orchestrator/inputs/inputs.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/setbacks.h>

struct rog_credentials; /* ssh/credentials.h */

enum rog_fleet_state {
    ROG_FLEET_WAITING,   /* for a free slot */
    ROG_FLEET_ELSEWHERE, /* another rogctl is executing it */
    ROG_FLEET_RUNNING,
    ROG_FLEET_TESTING, /* all events have arrived, but checkpoints are untested */
    ROG_FLEET_DONE,
    ROG_FLEET_FAILED,
    ROG_FLEET_STOPPED, /* because a stop was requested; left as if interrupted */
};
/* Returns "waiting", "elsewhere", "running", ... */
const char *rog_fleet_state_name(enum rog_fleet_state state);

struct rog_fleet_job {
    /* In; borrowed. */
    const char *run_id;
    const char *label;             /* shown to the user */
    const struct rog_json *config; /* the run's whole configuration */
    /* What identifies the run (plan/resolve.h), recorded when an attempt starts. */
    const char *hash, *settings_hash;
    const struct rog_inputs *inputs;
    char *start_model; /* the executor's; for one with a folder set by whoever made the job; NULL
                        * otherwise */
    /* Its folder, if only this process uses it: it is not locked, and stored test results are used
     * as they are. NULL: the folder beside the database, which other processes use, too. */
    const char *folder;
    double expected_s; /* duration of similar runs, wall time; NaN: not known */
    bool real_time;    /* real time: a second of the run is a second of wall time */

    /* Output, while it is being executed. */
    enum rog_fleet_state state;
    int64_t iteration;
    double t;           /* s since the run's start */
    double from_t;      /* of the snapshot from which this process resumed it; otherwise 0 */
    double done;        /* 0..1 */
    double accuracy;    /* result of the last tested checkpoint (common/metric.h); NaN before */
    double stall_share; /* of an iteration's time, 0..1; NaN before the first */
    double wall_s;      /* wall time since this process started or resumed it */
    bool queued;        /* it starts as soon as its hosts are released */
    bool resumed;       /* an earlier process had stored all events: only tests were left */
    bool by_other;      /* another rogctl is executing it, or has done so */
    bool left;          /* it continues on its hosts after this process has ended */
    /* What is being prepared or waited for, or who is away: "connecting to 5 hosts", "waiting for
     * worker 2 ...", "without worker 2 ..."; "": nothing. */
    char waiting[ROG_WAITING_BYTES];
    double waiting_s;                    /* how long already; 0: not known */
    char setbacks[ROG_SETBACKS_BYTES];   /* of a finished run: "2.1 s lost", or "" */
    char error[ROG_ERROR_MESSAGE_BYTES]; /* why it failed */
};

/* Returns whether it is done, failed or stopped. */
bool rog_fleet_job_is_over(const struct rog_fleet_job *job);
bool rog_fleet_jobs_are_over(const struct rog_fleet_job *jobs, size_t count);
/* Returns ROG_EFAILED, with a message that counts the jobs, if not all of them are done. */
int rog_fleet_jobs_judge(const struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

struct rog_fleet_observer {
    void *user;
    /* Called a few times a second and at the very end. */
    void (*progress)(void *user, const struct rog_fleet_job *jobs, size_t count);
    /* Called when the state of a job has changed. */
    void (*changed)(void *user, const struct rog_fleet_job *job);
    /* Training of a starting model: done 0..1; NAN while another process is training it. */
    void (*start_model)(void *user, const char *model, double done);
    /* Shows a message about a job, or about all of them (NULL). */
    void (*say)(void *user, const struct rog_fleet_job *job, const char *text);
};

struct rog_fleet_options {
    struct rog_db *db;             /* borrowed */
    const char *trainer;           /* path of rog-trainer */
    int jobs;                      /* runs at once, >= 1 */
    struct rog_contents *contents; /* cache of file hashes; borrowed */
    const struct rog_fleet_observer *observer;
    struct rog_credentials *credentials; /* for questions to the user; NULL: none are asked */
    /* Adopts runs of the jobs that continue on hosts without a rogctl in order to stop them, and
     * starts nothing: each becomes ROG_FLEET_STOPPED. */
    bool ends;
    /* Asks the user after SIGINT whether to stop the run, which could continue on its hosts.
     * Returns false if it is to continue, if no user can be asked, or when `cancel_fd` becomes
     * readable. */
    bool (*asks_to_stop)(void *user, const struct rog_fleet_job *job, int cancel_fd);
    void *user;        /* of asks_to_stop */
    const char *sweep; /* common name of the jobs, shown to users who wait for their hosts */
    bool no_wait;      /* do not wait for hosts in use: ROG_EBUSY */
};

#endif
