/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_STATE_H
#define ROG_FLEET_REMOTE_STATE_H

/*
 * A run on real hosts, shared by remote.c and its parts. Each host has a thread with its own
 * connection (host.c); the threads wait for each other between stages. Their messages are collected
 * here and logged by the runner's thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/deploy/bundle.h>
#include <orchestrator/fleet/executor.h>
#include <orchestrator/fleet/remote/files.h>
#include <orchestrator/fleet/remote/hold.h>
#include <orchestrator/fleet/remote/key.h>
#include <orchestrator/fleet/remote/spec.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/store/ingest.h>

/* The progress of a host, and the stage that hosts may reach. */
enum rog_remote_stage {
    ROG_REMOTE_BEGUN,
    ROG_REMOTE_PREPARED, /* connected, trainer and files deployed, network interface probed */
    ROG_REMOTE_PLACED,   /* its folder of the run is there */
    ROG_REMOTE_SERVING,  /* the server's process runs */
    ROG_REMOTE_RUNNING,  /* all processes may */
    ROG_REMOTE_ENDED,    /* its process has exited successfully and everything of it is here */
};

struct rog_remote_message {
    char event[24];
    size_t rank;
    char *text;
    struct rog_remote_message *next;
};

struct rog_remote_host {
    struct rog_remote *remote;
    size_t rank;                     /* 0: the server */
    const struct rog_json *settings; /* of the cluster file */
    const char *name;                /* as there */
    char title[96];                  /* "worker 2 (10.42.0.3)" */
    pthread_t thread;
    bool has_thread;

    /* The thread's own. */
    struct rog_connection *connection; /* NULL: no connection; changed under the mutex */
    bool unanswered;                   /* logging in: a question was not answered */
    char *tree;                        /* there: trainer and files */
    char *program;                     /* there: rog-trainer */
    char *folder;                      /* on the host: folder of the run */
    char *mirror;                      /* here: folder for files from there */
    bool placed;                       /* the folder on the host may exist; changed under the
                                        * mutex */
    long pid;                          /* of the supervisor, 0: not known */
    uint64_t checkpoint_bytes;         /* maximum size, 0: not known (mirror.h) */
    double lease_s;                    /* when the lease was last renewed */
    double heard_s;                    /* when the host last answered, or was first contacted */
    double looked_s;                   /* when the supervisor was last looked for */
    double grace_s;    /* when the server was first seen to have ended; 0: not yet */
    char boot[48];     /* boot ID of the host when its supervisor started; "": not known */
    bool unsupervised; /* the supervisor is gone */
    double brought_s;  /* when the run was last restored there; 0: never */

    /* Under the mutex. */
    enum rog_remote_stage reached;
    struct rog_remote_right right;
    bool cleaning;                 /* what it left there is being removed */
    bool gone;                     /* its thread is about to end */
    double called_s;               /* when the first connection was attempted; 0: not yet */
    bool lost;                     /* there is no connection now, ... */
    double lost_s;                 /* ... since then */
    bool late;                     /* of a worker: the run started without it */
    bool out;                      /* of a worker: it no longer takes part in the run */
    bool given_up;                 /* of a worker: the run is over, and it was not reached */
    char waits[ROG_WAITING_BYTES]; /* what is waited for because of it, "" for nothing, ... */
    double waits_s;                /* ... and since when */
    bool lingered;                 /* the server had ended; the worker's process may not have */
    bool failed;                   /* for good: cause */
    struct rog_error cause;

    /* remote.c's, of a worker. */
    double left_s;  /* when its process was first seen to have ended; 0: not yet */
    bool is_judged; /* whether it had finished then has been checked */
    bool is_said;   /* an event records that it was given up */
};

struct rog_remote {
    const struct rog_attempt *attempt;
    struct rog_remote_files *files;
    struct rog_remote_key key;    /* of the training link; for an adopted run from the server's
                                   * host */
    char *claim;                  /* here: what the hosts are held with */
    struct rog_hold *hold;        /* the sweep's; NULL: the hosts are not held */
    char *name;                   /* name of the run on hosts; NULL: it has no folders there */
    struct rog_remote_host *host; /* [count]: 0 the server, then the workers */
    size_t count;
    rog_remote_address *address; /* [count]: of hosts that have been reached; under the mutex */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Under the mutex. */
    enum rog_remote_stage allowed;
    struct rog_remote_shaping shaping; /* decided before hosts are prepared */
    struct rog_bundle_cache *cache;    /* when a host first needs the trainer, without a hold */
    bool stop;
    bool leave;    /* processes on the hosts continue; set before `stop` */
    double stop_s; /* since when */
    bool cut;      /* what is not cleaned up by now stays */
    bool server_ended;
    bool server_saved; /* at the end of an attempt: it has saved its state, or will not */
    struct rog_remote_message *messages, **messages_end;

    size_t activity;       /* waits.c's: what is being done with hosts, ... */
    double activity_s;     /* ... and since when */
    double begun_s;        /* remote.c's: when the attempt began */
    double server_ended_s; /* remote.c's: when it has seen that; 0: not yet */
};

/* The thread of a host: `argument` is its struct rog_remote_host. */
void *rog_remote_host_live(void *argument);

/* Shared by the threads, apart from the hosts. */
void rog_remote_init(struct rog_remote *remote, const struct rog_attempt *attempt);
void rog_remote_release(struct rog_remote *remote);
/* Lets threads end and waits for them: those that must clean up as long as that takes, or only
 * briefly in a hurry. Threads that hang are cut off. */
void rog_remote_halt(struct rog_remote *remote, struct rog_remote_host *hosts, size_t count);
/* The last call of a host's thread. */
void rog_remote_leave(struct rog_remote_host *host);
/* Whether a call that waits for the host must end; for its connection (hosts/connection.h). If the
 * run is left there, or stopped before its host is cleaned up, it gets a moment. */
bool rog_remote_must_end(void *host);

/* A message for the run's record and for people. */
void rog_remote_log(struct rog_remote_host *host, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The run waits for this host, or continues without it, since its connection was last usable; and
 * not any more: the words after "waiting for" and "without". */
void rog_remote_wait_for(struct rog_remote_host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rog_remote_wait_over(struct rog_remote_host *host);
/* The messages about hosts (executor.h): an executor's `waits`. */
bool rog_remote_waits(void *remote, char *what, size_t bytes, double *since_s);
/* Waits until everything must end, at most this long. */
bool rog_remote_stopped(struct rog_remote *remote, double wait_s);

#endif
