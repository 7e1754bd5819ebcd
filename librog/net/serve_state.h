/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SERVE_STATE_H
#define ROG_LINK_SERVE_STATE_H

/* Shared by serve.c (its life), serve_peer.c (each of its workers) and serve_members.c (all of
 * them). */

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
    bool here;                          /* takes part; others are not waited for */
    bool finished;                      /* has finished all its iterations, ... */
    uint32_t last;                      /* ... so many */
    bool came;                          /* has been connected, even if only before the run */
    double lost_s;                      /* when the connection was opened */
    double expected_s;                  /* since when a resumed server waits for it; 0: not, or not
                                         * any more */
    double left_s;                      /* of the run: when it was last dropped */
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
    uv_timer_t deadline; /* of the core, once it exists */
    uv_signal_t signals[2];
    bool loop_made;

    bool started; /* the run has started */
    bool held;    /* it has resumed, and its time is paused until the first worker is back */
    double held_s;
    bool ending; /* workers have been told that it is over */
    bool over;
    bool gave_up; /* too few workers are left: what has been done so far deserves a checkpoint */
    struct rog_run_origin origin;
    double opened_s, ending_s, idle_s; /* since when; idle: no worker is connected */
    double few_s;                      /* when there were last enough workers */
    char waits[ROG_SERVE_WAITS_BYTES]; /* what it waits for, since waits_s, and whether it has said
                                        * so */
    char said[ROG_SERVE_WAITS_BYTES];
    double waits_s;
    struct rog_serve_away *away; /* [options->workers], when each has ended */
    uint32_t away_count;
    double seconds; /* duration of the run */
    int code;
    struct rog_error err; /* why it ends */
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
int rog_serve_run_on(struct rog_serve *serve, struct rog_error *err);
/* Sets the timer to the core's next deadline. */
void rog_serve_set_deadline(struct rog_serve *serve);
/* Creates the core, once the model is known. */
int rog_serve_make_core(struct rog_serve *serve, struct rog_error *err);

/* serve_members.c; the last two are called at each tick, and may end the run */
bool rog_serve_peer_is_there(const struct rog_serve_peer *peer);
/* Enough workers are there. */
bool rog_serve_may_begin(struct rog_serve *serve, double now);
/* It is not over yet. */
bool rog_serve_goes_on(struct rog_serve *serve, double now);

/* serve_peer.c */
int rog_serve_peer_init(struct rog_serve_peer *peer, struct rog_serve *serve, uint32_t worker,
                        struct rog_error *err);
void rog_serve_peer_release(struct rog_serve_peer *peer);
/* The server resumes, and this worker took part in its run. */
void rog_serve_peer_expect(struct rog_serve_peer *peer, uint32_t iteration);
/* The run starts with this worker, or without it: it may join later. */
int rog_serve_peer_go(struct rog_serve_peer *peer, struct rog_error *err);
int rog_serve_peer_do_without(struct rog_serve_peer *peer, struct rog_error *err);
/* Sends what the core has to say, and asks when it must be called again. */
void rog_serve_report(struct rog_serve *serve);
/* Has it been silent for too long? */
void rog_serve_peer_watch(struct rog_serve_peer *peer, double now);
extern const struct rog_accept_hooks rog_serve_accept_hooks;
extern const struct rog_model_upload_hooks rog_serve_upload_hooks;

#endif
