/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_STATE_H
#define ROG_LINK_WORK_STATE_H

/* The state that work.c (the driver), work_link.c (messages to and from the server) and work_step.c
 * (iterations) share. */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/net/dial.h>
#include <librog/net/handoff.h>
#include <librog/net/hello.h>
#include <librog/net/link.h>
#include <librog/net/pieces.h>
#include <librog/net/work.h>
#include <librog/net/work_meter.h>
#include <librog/sync/worker.h>

enum rog_work_phase {
    ROG_WORK_WAITING,   /* waiting for the run to start */
    ROG_WORK_COMPUTING, /* computing, and waiting if faster than its profile */
    ROG_WORK_COMPRESSING,
    ROG_WORK_EXCHANGING, /* push, stall, pull */
    ROG_WORK_DECOMPRESSING,
    ROG_WORK_JOINING, /* receiving the whole model */
    ROG_WORK_THROUGH, /* all iterations are done */
};

struct rog_work {
    const struct rog_driver_options *options;
    struct rog_worker *core;
    struct rog_events *events;
    struct rog_layers *layers; /* NULL: rows are not recorded */
    uint8_t *message;          /* rog_link_message_bytes */
    char *layout_text;         /* to be sent when a session begins; NULL: never */
    struct rog_span *values;   /* of the model: trained tensors, then constants, [value_spans] */
    uint32_t value_spans;      /* 0 without values */

    uv_loop_t loop;
    uv_timer_t tick, step;
    double step_at_s; /* when `step` is due, as it may fire a fraction of a millisecond early */
    uv_signal_t signals[2];
    uv_thread_t thread;
    bool loop_made, signals_made, thread_made;
    struct rog_handoff *handoff;

    /* Used by the caller or the loop, whichever has control. */
    struct rog_worker_gradients gradients;
    double loss;
    bool finish, settle; /* settle: the caller wants the exchange to be completed */
    struct rog_statistics statistics;
    uint32_t next, local_steps; /* the next iteration, and its steps */
    bool exchanging;            /* an exchange is in progress while the caller has control */
    bool waits; /* used by the caller only: it has handed control back and not noticed yet that it
                   has it again */
    bool may_be_silent; /* a push may have no rows */

    /* The link. */
    struct rog_dial *dial;
    char session[ROG_SESSION_ID_BYTES];
    struct rog_link *link;
    bool welcomed; /* it has been connected before */

    /* The iteration. */
    enum rog_work_phase phase;
    uint32_t iteration; /* iterations completed */
    uint32_t finished;  /* the iteration after which the caller finished */
    bool admitted;
    double began_s, computed_s, admitted_s, stall_s; /* times of rog_link_now */
    double loss_pushed;
    struct rog_statistics counted; /* the next statistics */

    /* For an iteration that is computed during the previous exchange: */
    bool ahead;          /* there is one */
    bool handed;         /* its result has been handed back, and waits for the exchange */
    bool lagged;         /* the iteration that is being pushed was one */
    double steps_at_s;   /* when its steps began, a time of rog_link_now */
    double steps_s;      /* how long the caller had control for its last steps */
    uint64_t sent_bytes; /* bytes of messages since the last iteration ended, before scaling */
    uint32_t largest;    /* iteration of any worker, as last heard from the server */
    float *model;        /* received part of the whole model */
    uint64_t model_at;
    uint64_t upload_at; /* next value to send of a model that the server requested */
    uint32_t join_iteration;
    bool join_ready; /* the model has arrived, but the caller computes with the old one */

    bool started;
    double origin_s; /* of the run, a time of rog_link_now */
    struct rog_work_meter meter;

    char why[ROG_ERROR_MESSAGE_BYTES]; /* used by the caller: why it leaves; "": it closes */

    bool ended;      /* the server has ended the run */
    double ending_s; /* since when it is ending; 0: it is not */
    int code;
    struct rog_error err;
};

/* Seconds since the run's start. */
double rog_work_time(const struct rog_work *work);
/* The worker cannot continue: leaves the server and ends. */
void rog_work_fail(struct rog_work *work, int code, const struct rog_error *err);
/* The same for a code that may be 0. */
void rog_work_check(struct rog_work *work, int code, const struct rog_error *err);
void rog_work_warn(struct rog_work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sets the run's clock to t_s now. */
void rog_work_set_clock(struct rog_work *work, double t_s);

/* work_link.c */
extern const struct rog_dial_hooks rog_work_dial_hooks;
extern const struct rog_link_hooks rog_work_link_hooks;
/* A link that is silent for too long is dropped. */
void rog_work_watch_link(struct rog_work *work, double now);

/* work_step.c */
/* Hook of handoff.h: the caller has handed control back. */
void rog_work_taken(void *user);
/* The exchange is complete: starts or continues the next iteration, or ends. */
void rog_work_begin(struct rog_work *work);
/* Updates what the caller sees, before it gets control. */
void rog_work_publish(struct rog_work *work);
/* The server will send the whole model; work continues after `iteration`. */
void rog_work_join(struct rog_work *work, uint32_t iteration);
/* Process messages of the server: a piece of that model, a message of the core, an admission. */
int rog_work_take_model(struct rog_work *work, const uint8_t *body, size_t size,
                        struct rog_error *err);
int rog_work_take_core(struct rog_work *work, const uint8_t *body, size_t size,
                       struct rog_error *err);
int rog_work_take_admitted(struct rog_work *work, const uint8_t *body, size_t size,
                           struct rog_error *err);
/* Accumulates energy, reports energy and bandwidth. */
void rog_work_measure(struct rog_work *work);

#endif
