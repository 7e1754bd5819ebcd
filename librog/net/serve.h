/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SERVE_H
#define ROG_LINK_SERVE_H

/*
 * The parameter server of a real run: the core of librog/sync over TCP. It does not know networks
 * or data: the user determines the model and the format of its files (trainer/run/serve.c). Its
 * folder contains
 *
 *   chkpt/, or the user's choice   the model, at times that the user chooses
 *   server.json                    what a server needs to resume from there
 *   server-INDEX.state             the current round and the optimizer's memory, if there is any,
 *                                  and the model if checkpoints contain its average
 *   layout.json                    the layout of a model that workers provided
 *   state/                         the state to resume from between two checkpoints; removed when
 *                                  the run has ended
 *   paused                         created by others: see checkpointer.h
 *
 * The run starts when all workers are connected or, with min_workers, after worker_timeout_s if at
 * least that many are. A worker that has been silent for worker_timeout_s is dropped; if it
 * reconnects, it receives a copy of the model, like a worker that connects late. One that was away
 * for less time continues where it was. If fewer than min_workers, or none, are connected for
 * join_timeout_s, the run fails. A server that is restarted with `resume` continues from the newest
 * state or checkpoint; workers reconnect by themselves. The run ends when every worker has
 * finished, or after `seconds`.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <librog/events/events.h>
#include <librog/net/checkpoint_hooks.h>
#include <librog/net/layout.h>
#include <librog/net/model.h>
#include <librog/net/seal.h>
#include <librog/trace/trace.h>
#include <rog/error.h>
#include <rog/server_optimizer.h>
#include <rog/strategy.h>

/* A worker that was not connected when the run ended. */
struct rog_serve_away {
    uint32_t rank;
    double since_s; /* the time of the run since which it is away; 0: since before the run
                       started */
    bool came;      /* false: it never connected */
};

struct rog_serve_outcome {
    double seconds;
    uint32_t iterations;               /* largest of any worker */
    const struct rog_serve_away *away; /* [away_count], by rank */
    uint32_t away_count;
};

struct rog_serve_hooks {
    /* Workers provide the model, and this is its layout: creates one, whose values follow. Only
     * with `upload`, if the model is not known from the beginning. */
    int (*adopt)(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err);
    /* The run starts, or has ended: writes its first or its last event. */
    int (*begin)(void *user, struct rog_error *err);
    int (*end)(void *user, const struct rog_serve_outcome *outcome, struct rog_error *err);
    struct rog_checkpoint_hooks checkpoints;
};

/* The trace along which a worker's downlink is paced. */
struct rog_serve_pace {
    const struct rog_trace *trace; /* NULL: as fast as possible */
    double offset_s;               /* position in the trace at which the run starts */
};

/* All borrowed. */
struct rog_serve_options {
    const struct rog_strategy *strategy;
    int32_t threshold;
    const void *parameters;                       /* the strategy's parameters; NULL: none */
    uint64_t seed;                                /* the strategy's seed */
    const struct rog_server_optimizer *optimizer; /* NULL: the default, the first of
                                                   * rog_server_optimizers */
    const void *optimizer_parameters;             /* its struct of parameters; NULL: none */
    double average; /* iterations over which checkpoints average the model (rog_server_config); 0:
                       none */
    uint32_t workers;
    const struct rog_json *hello;       /* what all workers must agree on (hello.h) */
    struct rog_model model;             /* rows NULL: the workers provide it */
    bool upload;                        /* workers send their model */
    uint64_t memory_bytes;              /* the memory it may use; 0: what is available
                                         * (rog_memory_available) */
    const struct rog_layout *layout;    /* with `upload`: of the model, if it is known, ... */
    const char *owner;                  /* ... and its owner, for messages */
    const struct rog_serve_pace *paces; /* [workers]; NULL: none is paced */
    double seconds;                     /* maximum length of the run; 0: no limit */
    const char *listen;                 /* [HOST]:PORT; port 0: any */
    const char *port_file; /* the port is written here once it listens; NULL: nowhere */
    const char *out_dir;   /* exists */
    struct rog_events *events;
    const struct rog_secret *secret;
    bool resume;
    double worker_timeout_s, join_timeout_s;
    double state_period_s; /* between two saves of the state (checkpointer.h); 0: none */
    uint32_t min_workers;  /* minimum number of workers to start and to continue with; 0: all to
                              start, one to continue */
    uint32_t awaited;      /* number of connected workers with which it starts at once; 0: all */
};

/* ROG_EINVAL: an option, or a worker that was started with another configuration; ROG_EINTR: SIGINT
 * or SIGTERM; ROG_EFAILED: workers do not connect, or do not reconnect; ROG_EIO, ROG_EFORMAT: a
 * file; else the error of a hook. The last event is `end`'s or "error". */
int rog_serve(const struct rog_serve_options *options, const struct rog_serve_hooks *hooks,
              void *user, struct rog_error *err);

#endif
