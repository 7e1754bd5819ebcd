/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_HOLD_STATE_H
#define ROG_FLEET_REMOTE_HOLD_STATE_H

/* The inside of a hold: hold.c is what others see of it and what is decided over all hosts,
 * hold_host.c the thread of one. */

#include <pthread.h>

#include <orchestrator/fleet/remote/hold.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/hosts/holders.h>

enum rog_hold_stage {
    ROG_HOLD_BEGUN,
    ROG_HOLD_AWAY,   /* it was not reached */
    ROG_HOLD_MET,    /* it is known which machine it is */
    ROG_HOLD_QUEUED, /* others are before this sweep */
    ROG_HOLD_HELD,
};

struct rog_hold_host {
    struct rog_hold *hold;
    size_t rank;                     /* the tester's comes after the last worker's */
    bool is_tester;                  /* it may be one of the others too, and no run needs it */
    const struct rog_json *settings; /* of the cluster file */
    const char *name;                /* as there */
    char title[96];
    pthread_t thread;
    bool has_thread;

    /* The thread's own. */
    struct rog_connection *connection;
    bool unanswered;      /* logging in: somebody was asked in vain */
    char *root, *program; /* there */
    char *file;           /* there: touched as long as the place is wanted; NULL: it has none */
    long pid;             /* there: of the process that has the place */
    double pause_s, entered_s, renewed_s;
    unsigned generation; /* of the token that it has the place with */

    /* Under the mutex. */
    enum rog_hold_stage stage;
    char machine[ROG_MACHINE_BYTES]; /* which one it is, "" where it does not say */
    struct rog_holders holders;
    double queued_s; /* since when it waits */
    bool connected;
    bool met;    /* it has been connected once */
    bool failed; /* until the next attempt: cause */
    bool over;   /* the thread has ended */
    struct rog_error cause;
};

struct rog_hold {
    struct rog_session_options options;
    char text[ROG_CLAIM_TEXT_BYTES];
    struct rog_bundle_cache *bundles;
    struct rog_hold_host *host; /* [count]: 0 the server, then the workers, then the tester */
    size_t count;
    double renew_s, lease_s; /* how often places are renewed, how long they last without */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    /* Under the mutex. */
    char token[ROG_CLAIM_TOKEN_BYTES];
    unsigned generation; /* of the token */
    bool acquiring;      /* an attempt waits for all hosts, ... */
    double acquiring_s;  /* ... since then */
    bool stop;
    bool cut; /* not even places are given back any more */
};

/* The thread: `argument` is its struct rog_hold_host. */
void *rog_hold_host_live(void *argument);

/* hold.c, with the mutex held: whether the host may take a place now, and whether it has to give it
 * up to others. */
bool rog_hold_may_enter(const struct rog_hold_host *host);
bool rog_hold_must_yield(const struct rog_hold_host *host, double now_s);
/* The first other host that is the same machine; NULL: none. */
const struct rog_hold_host *rog_hold_twin(const struct rog_hold_host *host);

#endif
