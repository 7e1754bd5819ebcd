/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_HOLD_STATE_H
#define ROG_FLEET_REMOTE_HOLD_STATE_H

/* Shared by hold.c, with the interface and the decisions over all hosts, and hold_host.c, the
 * thread of one host. */

#include <pthread.h>

#include <orchestrator/fleet/remote/hold.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/hosts/holders.h>

enum rog_hold_stage {
    ROG_HOLD_BEGUN,
    ROG_HOLD_AWAY,   /* it was not reached */
    ROG_HOLD_MET,    /* the identity of the machine is known */
    ROG_HOLD_QUEUED, /* other sweeps are before this one */
    ROG_HOLD_HELD,
};

struct rog_hold_host {
    struct rog_hold *hold;
    size_t rank;    /* the tester's is one more than that of the last worker */
    bool is_tester; /* may be the same machine as another host; runs do not need it */
    const struct rog_json *settings; /* of the cluster file */
    const char *name;                /* as in the cluster file */
    char title[96];
    pthread_t thread;
    bool has_thread;

    /* Used by the thread only. */
    struct rog_connection *connection;
    bool unanswered;      /* while logging in, a question was not answered */
    char *root, *program; /* on the host */
    char *file;           /* on the host: touched while the place is wanted; NULL: no place */
    long pid;             /* on the host: the process that has the place */
    double pause_s, entered_s, renewed_s;
    unsigned generation; /* of the token with which it has the place */

    /* Protected by the mutex. */
    enum rog_hold_stage stage;
    char machine[ROG_MACHINE_BYTES]; /* identity of the machine, "" if unknown */
    struct rog_holders holders;
    double queued_s; /* since when it waits */
    bool connected;
    bool met;    /* it was connected once */
    bool failed; /* for the reason `cause`; retried after a pause */
    bool over;   /* the thread has ended */
    struct rog_error cause;
};

struct rog_hold {
    struct rog_session_options options;
    char text[ROG_CLAIM_TEXT_BYTES];
    struct rog_bundle_cache *bundles;
    struct rog_hold_host *host; /* [count]: the server at 0, then the workers, then the tester */
    size_t count;
    double renew_s, lease_s; /* interval of renewals, and lifetime without them */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Protected by the mutex. */
    char token[ROG_CLAIM_TOKEN_BYTES];
    unsigned generation; /* of the token */
    bool acquiring;      /* an attempt waits for all hosts, ... */
    double acquiring_s;  /* ... since then */
    bool stop;
    bool cut; /* stop even without releasing places */
};

/* The thread. `argument` is its struct rog_hold_host. */
void *rog_hold_host_live(void *argument);

/* hold.c: return whether the host may take a place now, and whether it must give it up for other
 * sweeps. Call them with the mutex held. */
bool rog_hold_may_enter(const struct rog_hold_host *host);
bool rog_hold_must_yield(const struct rog_hold_host *host, double now_s);
/* Returns the first other host that is the same machine; NULL: none. */
const struct rog_hold_host *rog_hold_twin(const struct rog_hold_host *host);

#endif
