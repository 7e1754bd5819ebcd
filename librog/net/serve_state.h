/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SERVE_STATE_H
#define ROG_LINK_SERVE_STATE_H

/* The state that serve.c (the run), serve_peer.c (each worker) and serve_members.c (all workers)
 * share. */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/net/accept.h>
#include <librog/net/checkpointer.h>
#include <librog/net/hello.h>
#include <librog/net/link.h>
#include <librog/net/model_upload.h>
#include <librog/net/serve.h>
#include <librog/sync/server.h>

struct rog_serve_peer {
    struct rog_serve *serve;
    uint32_t worker; /* zero-based */
    struct rog_link *link;
    char session[ROG_SESSION_ID_BYTES]; /* empty: none */
    bool here;                          /* takes part; only these workers are waited for */
    bool finished;                      /* has finished all its iterations, ... */
    uint32_t last;                      /* ... up to this one */
    bool came;                          /* has been connected, even if only before the run */
    double lost_s;                      /* when the connection was lost */
    double expected_s;                  /* since when a resumed server waits for it; 0: it does
                                           not */
    double left_s;                      /* time of the run at which it was last dropped */
    uint64_t model_at;                  /* next value of the model to send to a joining worker */
    double pushed_s;
    bool stall_reported;
};

#define ROG_SERVE_WAITS_BYTES 160

struct rog_serve {
    const struct rog_serve_options *options;
    const struct rog_serve_hooks *hooks;
    void *user;
    struct rog_model model;
    struct rog_server *core;
    struct rog_serve_peer *peers; /* [options->workers] */
    uint8_t *message; /* rog_link_message_bytes; ROG_LINK_BODY_MAX before the core exists */
    struct rog_accept *accept;       /* NULL: it does not listen yet */
    struct rog_model_upload *upload; /* NULL: the server has its own model */
    struct rog_checkpointer *checkpointer;

    uv_loop_t loop;
    uv_timer_t tick;
    uv_timer_t deadline; /* for the next deadline of the core, once it exists */
    uv_signal_t signals[2];
    bool loop_made;

    bool started; /* the run has started */
    bool held;    /* it has resumed, and the run's time is paused until the first worker is back */
    double held_s;
    bool ending; /* workers have been told that the run has ended */
    bool over;
    bool gave_up; /* too few workers are left; the progress so far is worth a checkpoint */
    struct rog_run_origin origin;
    double opened_s, ending_s, idle_s; /* since when; idle_s: since when no worker has been
                                          connected */
    double few_s;                      /* when enough workers were last connected */
    char waits[ROG_SERVE_WAITS_BYTES]; /* what it waits for since waits_s; `said` is what it has
                                          reported */
    char said[ROG_SERVE_WAITS_BYTES];
    double waits_s;
    struct rog_serve_away *away; /* [options->workers], filled in at the end */
    uint32_t away_count;
    double seconds; /* duration of the run */
    int code;
    struct rog_error err; /* why the run ends */
};

/* Seconds since the run's start. */
double rog_serve_time(const struct rog_serve *serve);
/* The run cannot continue: the loop ends with this error. */
void rog_serve_fail(struct rog_serve *serve, int code, const struct rog_error *err);
/* The same, if there is a code. */
void rog_serve_check(struct rog_serve *serve, int code, const struct rog_error *err);
void rog_serve_warn(struct rog_serve *serve, uint32_t worker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A worker joins: paused time continues. */
int rog_serve_continue_time(struct rog_serve *serve, struct rog_error *err);
/* Sets the timer to the core's next deadline. */
void rog_serve_set_deadline(struct rog_serve *serve);
/* Creates the core, once the model is known. */
int rog_serve_make_core(struct rog_serve *serve, struct rog_error *err);

/* serve_members.c. The last two are called at each tick, and may end the run. */
bool rog_serve_peer_is_connected(const struct rog_serve_peer *peer);
/* Returns whether enough workers are connected to start. */
bool rog_serve_may_begin(struct rog_serve *serve, double now);
/* Returns whether the run continues. */
bool rog_serve_continues(struct rog_serve *serve, double now);

/* serve_peer.c */
int rog_serve_peer_init(struct rog_serve_peer *peer, struct rog_serve *serve, uint32_t worker,
                        struct rog_error *err);
void rog_serve_peer_release(struct rog_serve_peer *peer);
/* The server resumes, and this worker took part in its run. */
void rog_serve_peer_expect(struct rog_serve_peer *peer, uint32_t iteration);
/* The run starts with this worker, or without it: it may join later. */
int rog_serve_peer_go(struct rog_serve_peer *peer, struct rog_error *err);
int rog_serve_peer_do_without(struct rog_serve_peer *peer, struct rog_error *err);
/* Sends what the notices of the core require, and sets the timer for its next deadline. */
void rog_serve_report(struct rog_serve *serve);
/* Drops the worker if it has been silent for too long. */
void rog_serve_peer_watch(struct rog_serve_peer *peer, double now);
extern const struct rog_accept_hooks rog_serve_accept_hooks;
extern const struct rog_model_upload_hooks rog_serve_upload_hooks;

#endif
