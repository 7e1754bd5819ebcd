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

/* How far a host has got, and how far hosts may get. */
enum rog_remote_stage {
    ROG_REMOTE_BEGUN,
    ROG_REMOTE_PREPARED, /* connected, trainer and files deployed, network interface probed */
    ROG_REMOTE_PLACED,   /* the run's folder exists on the host */
    ROG_REMOTE_SERVING,  /* the server's process runs */
    ROG_REMOTE_RUNNING,  /* all processes are running, or may start */
    ROG_REMOTE_ENDED,    /* its process has exited successfully, and all its records are fetched */
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
    const char *name;                /* as in the cluster file */
    char title[96];                  /* "worker 2 (10.42.0.3)" */
    pthread_t thread;
    bool has_thread;

    /* Used by the thread only. */
    struct rog_connection *connection; /* NULL: no connection; changed under the mutex */
    bool unanswered;                   /* while logging in, a question was not answered */
    char *tree;                        /* on the host: trainer and files */
    char *program;                     /* on the host: rog-trainer */
    char *folder;                      /* on the host: folder of the run */
    char *mirror;                      /* local folder for files from the host */
    bool placed;                       /* the folder on the host may exist; changed under the
                                        * mutex */
    long pid;                          /* of the supervisor, 0: not known */
    uint64_t checkpoint_bytes;         /* maximum size, 0: not known (mirror.h) */
    double lease_s;                    /* when the lease was last renewed */
    double heard_s;                    /* when the host last answered, or was first contacted */
    double looked_s;                   /* when the supervisor was last checked */
    double grace_s;    /* when the server was first seen to have ended; 0: not yet */
    char boot[48];     /* boot ID of the host when its supervisor started; "": not known */
    bool unsupervised; /* the supervisor is gone */
    double brought_s;  /* when the run was last restored on it; 0: never */

    /* Protected by the mutex. */
    enum rog_remote_stage reached;
    struct rog_remote_right right;
    bool cleaning;                 /* its files on the host are being removed */
    bool gone;                     /* its thread is about to end */
    double called_s;               /* when the first connection was attempted; 0: not yet */
    bool lost;                     /* there is no connection, ... */
    double lost_s;                 /* ... since then */
    bool late;                     /* of a worker: the run started without it */
    bool out;                      /* of a worker: it no longer takes part in the run */
    bool given_up;                 /* of a worker: the run is over, and it was not reached */
    char waits[ROG_WAITING_BYTES]; /* what is waited for because of it, "" for nothing, ... */
    double waits_s;                /* ... and since when */
    bool lingered;                 /* the server had ended; the worker's process may not have */
    bool failed;                   /* permanently, for the reason `cause` */
    struct rog_error cause;

    /* Used by remote.c, for workers only. */
    double left_s;  /* when its process was first seen to have ended; 0: not yet */
    bool is_judged; /* it has been checked whether it had finished by then */
    bool is_said;   /* an event records that it was given up */
};

struct rog_remote {
    const struct rog_attempt *attempt;
    struct rog_remote_files *files;
    struct rog_remote_key key;    /* of the training link; for an adopted run from the server's
                                   * host */
    char *claim;                  /* local file with the token that holds the hosts */
    struct rog_hold *hold;        /* the sweep's; NULL: the hosts are not held */
    char *name;                   /* name of the run on hosts; NULL: it has no folders there */
    struct rog_remote_host *host; /* [count]: the server at 0, then the workers */
    size_t count;
    rog_remote_address *address; /* [count]: of reached hosts; protected by the mutex */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Protected by the mutex. */
    enum rog_remote_stage allowed;
    struct rog_remote_shaping shaping; /* decided before hosts are prepared */
    struct rog_bundle_cache *cache;    /* without a hold: created when first needed */
    bool stop;
    bool leave;    /* processes on the hosts continue; set before `stop` */
    double stop_s; /* when `stop` was set */
    bool cut;      /* files that have not been removed by now stay */
    bool server_ended;
    bool server_saved; /* at the end of an attempt: it has saved its state, or will not do so */
    struct rog_remote_message *messages, **messages_end;

    size_t activity;       /* used by waits.c: what hosts are doing, ... */
    double activity_s;     /* ... and since when */
    double begun_s;        /* used by remote.c: when the attempt began */
    double server_ended_s; /* used by remote.c: when it noticed that; 0: not yet */
};

/* The thread of a host: `argument` is its struct rog_remote_host. */
void *rog_remote_host_live(void *argument);

/* What all threads share, apart from the hosts. */
void rog_remote_init(struct rog_remote *remote, const struct rog_attempt *attempt);
void rog_remote_release(struct rog_remote *remote);
/* Lets threads end and waits for them: as long as cleaning up takes, or only briefly in a hurry.
 * Threads that hang are cut off. */
void rog_remote_halt(struct rog_remote *remote, struct rog_remote_host *hosts, size_t count);
/* Must be the last call of a host's thread. */
void rog_remote_leave(struct rog_remote_host *host);
/* For a connection (hosts/connection.h): returns whether a call that waits for the host must end.
 * If the run continues there, or is stopped before its host is cleaned up, the call gets a
 * moment. */
bool rog_remote_must_end(void *host);

/* Adds a message to the run's record and shows it to the user. */
void rog_remote_log(struct rog_remote_host *host, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Records that the run waits for this host, or continues without it, since its connection was last
 * usable. The text follows "waiting for" or "without". rog_remote_wait_over withdraws it. */
void rog_remote_wait_for(struct rog_remote_host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rog_remote_wait_over(struct rog_remote_host *host);
/* Returns the messages about hosts: an executor's `waits` (executor.h). */
bool rog_remote_waits(void *remote, char *what, size_t bytes, double *since_s);
/* Waits for wait_s or until everything must end. Returns true for the latter. */
bool rog_remote_stopped(struct rog_remote *remote, double wait_s);

#endif
