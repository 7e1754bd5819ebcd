/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_STATE_H
#define ROG_FLEET_REMOTE_STATE_H

/*
 * A run on real hosts, as remote.c and its parts see it. Each host has a thread with a connection
 * of its own (host.c); all of them wait for each other between stages. What the threads have
 * to say is collected here and said by the thread of the runner.
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

/* How far a host has come, and how far hosts may go. */
enum rog_remote_stage {
    ROG_REMOTE_BEGUN,
    ROG_REMOTE_PREPARED, /* connected, trainer and files deployed, network interface probed */
    ROG_REMOTE_PLACED,   /* its folder of the run is there */
    ROG_REMOTE_SERVING,  /* the server's process runs */
    ROG_REMOTE_RUNNING,  /* all processes may */
    ROG_REMOTE_ENDED,    /* its process has ended well and everything of it is here */
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
    bool unanswered;                   /* logging in: somebody was asked in vain */
    char *tree;                        /* there: trainer and files */
    char *program;                     /* there: rog-trainer */
    char *folder;                      /* there: of the run */
    char *mirror;                      /* here: what comes from there */
    bool placed;                       /* the folder there may exist; changed under the mutex */
    long pid;                          /* of the supervisor, 0: not known */
    uint64_t checkpoint_bytes;         /* the most one may have, 0: not known (mirror.h) */
    double lease_s;                    /* when the lease was last renewed */
    double heard_s;                    /* when the host last answered, or was first called */
    double looked_s;                   /* when the supervisor was last looked for */
    double grace_s;    /* when the server was first seen to have ended; 0: not yet */
    char boot[48];     /* of the host, when its supervisor began; "": not known */
    bool unsupervised; /* the supervisor is not there any more */
    double brought_s;  /* when the run was last brought back there; 0: never */

    /* Under the mutex. */
    enum rog_remote_stage reached;
    struct rog_remote_right right;
    bool cleaning;                 /* what it has left there is being removed */
    bool gone;                     /* its thread is about to end */
    double called_s;               /* when the first connection was begun; 0: not yet */
    bool lost;                     /* there is no connection now, ... */
    double lost_s;                 /* ... since then */
    bool late;                     /* of a worker: the run was begun without it */
    bool out;                      /* of a worker: it takes no part in the run any more */
    bool given_up;                 /* of a worker: the run was over, and it was not reached */
    char waits[ROG_WAITING_BYTES]; /* what is waited for on its account, "" for nothing, ... */
    double waits_s;                /* ... and since when */
    bool lingered;                 /* the server had ended; the worker's process need not have */
    bool failed;                   /* for good: cause */
    struct rog_error cause;

    /* remote.c's, of a worker. */
    double left_s;  /* when its process was first seen to have ended; 0: not yet */
    bool is_judged; /* it has been looked at whether it had finished then */
    bool is_said;   /* the record has that it was given up */
};

struct rog_remote {
    const struct rog_attempt *attempt;
    struct rog_remote_files *files;
    struct rog_remote_key key;    /* of the training link; an adopted run's is the server host's */
    char *claim;                  /* here: what the hosts are held with */
    struct rog_hold *hold;        /* the sweep's; NULL: the hosts are nobody's */
    char *name;                   /* of the run on hosts; NULL: it has no folders there */
    struct rog_remote_host *host; /* [count]: 0 the server, then the workers */
    size_t count;
    rog_remote_address *address; /* [count]: of hosts that have been reached; under the mutex */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Under the mutex. */
    enum rog_remote_stage allowed;
    struct rog_remote_shaping shaping; /* decided before hosts may be placed */
    struct rog_bundle_cache *cache;    /* once a host needs the trainer, where there is no hold */
    bool stop;
    bool leave;    /* what runs on the hosts goes on; set before `stop` */
    double stop_s; /* since when */
    bool cut;      /* what is not clean by now stays so */
    bool server_ended;
    bool server_saved; /* at the end of an attempt: it has saved what it had, or will not */
    struct rog_remote_message *messages, **messages_end;

    size_t activity;       /* waits.c's: what is done with hosts, ... */
    double activity_s;     /* ... and since when */
    double begun_s;        /* remote.c's: when the attempt began */
    double server_ended_s; /* remote.c's: when it has seen that; 0: not yet */
};

/* The thread of a host: `argument` is its struct rog_remote_host. */
void *rog_remote_host_live(void *argument);

/* What the threads share, apart from the hosts. */
void rog_remote_init(struct rog_remote *remote, const struct rog_attempt *attempt);
void rog_remote_release(struct rog_remote *remote);
/* Lets threads end and waits for them: those that have something to clean up as long as that may
 * take, or for a moment where somebody is in a hurry. What hangs is cut off. */
void rog_remote_halt(struct rog_remote *remote, struct rog_remote_host *hosts, size_t count);
/* The last that a host's thread does. */
void rog_remote_leave(struct rog_remote_host *host);
/* Whether a call that waits for the host has to end; for its connection (hosts/connection.h). One
 * of a run that is left has a moment, and so has one that is stopped before its host is cleaned up.
 */
bool rog_remote_must_end(void *host);

/* Something for the run's record and for people. */
void rog_remote_log(struct rog_remote_host *host, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* This host is waited for, or done without, since the connection to it was of use last; and no
 * longer: the words after "waiting for" and "without". */
void rog_remote_wait_for(struct rog_remote_host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rog_remote_wait_over(struct rog_remote_host *host);
/* What people see of the hosts (executor.h): an executor's `waits`. */
bool rog_remote_waits(void *remote, char *what, size_t bytes, double *since_s);
/* Waits until everything is to end, at most for so long. */
bool rog_remote_stopped(struct rog_remote *remote, double wait_s);

#endif
