/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_JOB_H
#define ROG_FLEET_JOB_H

/* A run that is to be executed, how far it has come, and who hears of it. */

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
    ROG_FLEET_ELSEWHERE, /* another rogctl executes it */
    ROG_FLEET_RUNNING,
    ROG_FLEET_TESTING, /* all events are in, checkpoints are left to test */
    ROG_FLEET_DONE,
    ROG_FLEET_FAILED,
    ROG_FLEET_STOPPED, /* as somebody has asked for; it is as if it had been interrupted */
};
/* "waiting", "elsewhere", "running", ... */
const char *rog_fleet_state_name(enum rog_fleet_state state);

struct rog_fleet_job {
    /* In; borrowed. */
    const char *run_id;
    const char *label;             /* for people */
    const struct rog_json *config; /* the run's whole configuration */
    /* What identifies the run (plan/resolve.h), which is recorded when an attempt begins. */
    const char *hash, *settings_hash;
    const struct rog_inputs *inputs;
    char *start_model; /* the executor's; of one that has a folder, whoever made the job has set it;
                          NULL for everybody else */
    /* Where its files are, which nobody else works on: it is not locked, and results of tests
     * that are kept there are taken as they are. NULL: beside the database, as others look for
     * them. */
    const char *folder;
    double expected_s; /* how long such runs have taken, by the clock on the wall; NaN: not known */
    bool real_time;    /* a second of the run is one of the clock on the wall */

    /* Out, while it goes on. */
    enum rog_fleet_state state;
    int64_t iteration;
    double t;           /* s since the run's start */
    double from_t;      /* of the snapshot that this process goes on from; else 0 */
    double done;        /* 0..1 */
    double accuracy;    /* result of the last tested checkpoint (common/metric.h); NaN before */
    double stall_share; /* of an iteration's time, 0..1; NaN before the first */
    double wall_s;      /* since this process took it up */
    bool queued;        /* it runs as soon as others give its hosts back */
    bool resumed;       /* an earlier process's events were complete: only tests were left */
    bool by_other;      /* another rogctl has executed it */
    bool left;          /* it goes on on its hosts, and this process has ended */
    /* What is done before it runs, what it waits for, who is away: "connecting to 5 hosts",
     * "waiting for worker 2 ...", "without worker 2 ..."; "": nothing of the kind. */
    char waiting[ROG_WAITING_BYTES];
    double waiting_s;                    /* for so long already; 0: not known */
    char setbacks[ROG_SETBACKS_BYTES];   /* of one that is done: "2.1 s lost", or "" */
    char error[ROG_ERROR_MESSAGE_BYTES]; /* why it failed */
};

/* Done, failed or stopped. */
bool rog_fleet_job_is_over(const struct rog_fleet_job *job);
bool rog_fleet_jobs_are_over(const struct rog_fleet_job *jobs, size_t count);
/* ROG_EFAILED: not all of them are done, and how many of what are. */
int rog_fleet_jobs_judge(const struct rog_fleet_job *jobs, size_t count, struct rog_error *err);

struct rog_fleet_observer {
    void *user;
    /* A few times a second and at the end of everything. */
    void (*progress)(void *user, const struct rog_fleet_job *jobs, size_t count);
    /* The state of one job has changed. */
    void (*changed)(void *user, const struct rog_fleet_job *job);
    /* Training of a starting model: done 0..1; NAN while another process trains it. */
    void (*start_model)(void *user, const char *model, double done);
    /* A sentence about a job, or about all of them (NULL). */
    void (*say)(void *user, const struct rog_fleet_job *job, const char *text);
};

struct rog_fleet_options {
    struct rog_db *db;             /* borrowed */
    const char *trainer;           /* path of rog-trainer */
    int jobs;                      /* runs at once, >= 1 */
    struct rog_contents *contents; /* what is in files; borrowed */
    const struct rog_fleet_observer *observer;
    struct rog_credentials *credentials; /* of people's answers; NULL: nobody is asked */
    /* What runs of the jobs, on hosts that nobody follows, is taken up to be ended, and nothing is
     * begun: each becomes ROG_FLEET_STOPPED. */
    bool ends;
    /* Asks a person who has interrupted (SIGINT) whether the run, which could go on on its hosts,
     * is to be stopped. False: it goes on, also where nobody can be asked, or when `cancel_fd`
     * becomes readable. */
    bool (*asks_to_stop)(void *user, const struct rog_fleet_job *job, int cancel_fd);
    void *user;        /* of asks_to_stop */
    const char *sweep; /* what the jobs are together, for people who wait for their hosts */
    bool no_wait;      /* hosts that others have are not waited for: ROG_EBUSY */
};

#endif
