/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_STATE_H
#define ROG_LINK_WORK_STATE_H

/* The inside of a worker, shared by work.c (its life), work_dial.c (how it comes to the server) and
 * work_step.c (its iterations). */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/net/handoff.h>
#include <librog/net/hello.h>
#include <librog/net/link.h>
#include <librog/net/work.h>

enum rog_work_phase {
    ROG_WORK_WAITING,   /* for the run to begin */
    ROG_WORK_COMPUTING, /* and, where it is faster than its profile, waiting for that */
    ROG_WORK_COMPRESSING,
    ROG_WORK_EXCHANGING, /* push, stall, pull */
    ROG_WORK_DECOMPRESSING,
    ROG_WORK_JOINING, /* the whole model comes */
    ROG_WORK_THROUGH, /* all iterations are made */
};

struct rog_work {
    const struct rog_work_options *options;
    struct rog_worker *core;
    struct rog_events *events;
    struct rog_layers *layers; /* NULL: rows are not recorded */
    uint8_t *message;          /* ROG_LINK_BODY_MAX bytes */
    char *layout_text;         /* to be sent when a session begins; NULL: never */

    uv_loop_t loop;
    uv_timer_t tick, step, retry;
    uv_signal_t signals[2];
    uv_thread_t thread;
    bool loop_made, signals_made, thread_made;
    struct rog_handoff *handoff;

    /* Whoever has the turn. */
    struct rog_worker_gradients gradients;
    double loss;
    bool finish;
    struct rog_statistics statistics;

    /* The link. */
    struct sockaddr_storage address;
    socklen_t address_bytes;
    char session[ROG_SESSION_ID_BYTES];
    struct rog_link *link;
    struct rog_conn *conn; /* on its way to a welcome; NULL: none */
    char *hello_text;      /* to be sent on it */
    uint32_t tries;        /* since the last welcome */
    bool welcomed;         /* there has been one */
    double lost_s;         /* since when there is no link */
    struct rog_error lost_why;

    /* The iteration. */
    enum rog_work_phase phase;
    uint32_t iteration; /* done */
    uint32_t finished;  /* the iteration after which the caller was through */
    bool admitted;
    double began_s, computed_s, admitted_s, stall_s; /* of the clock */
    uint64_t sent_bytes; /* of messages since the last iteration was over, before scaling */
    uint32_t largest;    /* iteration of any worker, as the server said last */
    float *model;        /* what has come of the whole model */
    uint64_t model_at;
    uint64_t upload_at; /* next value to send of the model that the server learns */
    uint32_t join_iteration;
    bool join_ready; /* the model is there, but the caller computes with the old one */

    bool started;
    double origin_s; /* of the run */
    double joules, metered_s, energy_told_s, mbps;
    bool energy_over; /* the last has been told */

    bool ended;      /* the server has said so */
    double ending_s; /* since when it ends, 0: it does not */
    int code;
    struct rog_error err;
};

/* Seconds since the run's start. */
double rog_work_time(const struct rog_work *work);
/* It cannot go on: takes leave of the server and ends. */
void rog_work_fail(struct rog_work *work, int code, const struct rog_error *err);
void rog_work_warn(struct rog_work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The run's clock shows t_s now. */
void rog_work_set_clock(struct rog_work *work, double t_s);

/* work_dial.c */
void rog_work_connect(struct rog_work *work);
/* Gives up what takes too long; connects again. */
void rog_work_watch_link(struct rog_work *work, double now);
extern const struct rog_link_hooks rog_work_link_hooks;

/* work_step.c */
/* The caller has handed over: a hook of handoff.h. */
void rog_work_taken(void *user);
/* Begins the next iteration, or is through. */
void rog_work_begin(struct rog_work *work);
/* The server will send the whole model; work goes on after `iteration`. */
void rog_work_join(struct rog_work *work, uint32_t iteration);
int rog_work_message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                     struct rog_error *err);
void rog_work_produce(void *user, size_t bytes);
/* Adds up energy, tells energy and bandwidth. */
void rog_work_meter(struct rog_work *work);
/* Values in the model: trained ones, then constants; 0 without values. */
uint64_t rog_work_values(const struct rog_work *work);

#endif
