/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_H
#define ROG_LINK_WORK_H

/*
 * A worker of a real run: the core of librog/sync over TCP, times of a clock that only goes
 * forward. It knows no network and no data: the caller computes gradients in a thread of its own
 * and has control (handoff.h) while it does; the loop answers the server meanwhile. It writes
 * DIR/events.jsonl, the worker's half of the event stream (rog/events.h): iterations, bandwidth
 * (where it paces), energy by the profile's model, warnings.
 *
 * An iteration has the parts of one on the virtual cluster (trainer/sim/cluster.h): a device that
 * computes, compresses or decompresses faster than its profile says waits for the rest of the time,
 * as the published system padded its devices to one pace; with times of 0 nothing is waited for.
 *   compute_s  the local steps
 *   push_s     compressing, and until the server has the push
 *   stall_s    what the server made it wait, by the server's clock
 *   pull_s     from the server's leave to go on until the pull is applied
 *
 * Where computing and exchanging overlap the caller has control again as soon as its push has
 * begun, and computes the next iteration; what it hands back then waits for the exchange to be
 * over. The four times still add up: compute_s is what the exchange was over before.
 *
 * When the link breaks it connects again, waiting a little longer each time, and goes on where it
 * was; when the server does not know it any more it is given the whole model.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <common/run_config.h>
#include <librog/net/layout.h>
#include <librog/net/seal.h>
#include <librog/sync/worker.h>
#include <librog/trace/trace.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/strategy.h>

/* All borrowed, and kept until the worker is freed. */
struct rog_work_options {
    const struct rog_run_worker *profile;
    const struct rog_strategy *strategy;
    const struct rog_json *hello; /* net/hello.h */
    const struct rog_layout *layout;
    const struct rog_rows *rows;
    float *const *tensors; /* [layout->count]; NULL: no values */
    const struct rog_secret *secret;
    const struct rog_trace *trace; /* NULL: not paced */
    const char *server;            /* HOST:PORT */
    const char *out_dir;           /* made if missing; NULL: no events */
    int32_t threshold;
    const void *parameters; /* the strategy's own; NULL: none */
    uint64_t seed;          /* the strategy's */
    uint32_t rank, workers; /* 1..N */
    double wire_scale;      /* bytes on the wire that a byte of a message stands for */
    double server_timeout_s;
    const struct rog_contribution_config *contribution; /* NULL: rog_contribution_default */
    bool upload;                                        /* the workers bring the server its model */
    bool record_rows; /* report how many of each layer's rows are sent */
    bool energy;      /* report energy by the profile's model */
    bool signals;     /* SIGINT and SIGTERM end it */
};

struct rog_work;

/* ROG_EINVAL: an address; ROG_EIO: the folder for events. */
int rog_work_new(struct rog_work **work, const struct rog_work_options *options,
                 struct rog_error *err);
/* Takes leave of the server where that has not been done, and waits for the loop's thread. Harmless
 * on NULL. */
void rog_work_free(struct rog_work *work);

/* Begins to connect; the caller first has control when the run begins. */
int rog_work_start(struct rog_work *work, struct rog_error *err);

/* Waits until the caller has control, at most timeout_s (negative: as long as it takes). ROG_EBUSY:
 * it has not come; ROG_EINVAL: the server has another configuration; ROG_EINTR: a signal;
 * ROG_EFAILED: the server cannot be reached, or the run has failed. 0 also when the run is over. */
int rog_work_wait(struct rog_work *work, double timeout_s, struct rog_error *err);
/* An exchange is going on: the caller does not have control. */
bool rog_work_is_going_on(struct rog_work *work);
/* Where the caller has control while an exchange goes on: waits, at most so long, until that is
 * over and in the model. Otherwise rog_work_wait. */
int rog_work_settle(struct rog_work *work, double timeout_s, struct rog_error *err);
/* What hands control back. Gradients are borrowed until the caller has it again. `loss`: NAN where
 * there is none. ROG_EINVAL when the caller does not have control, or the run is over and
 * rog_work_wait has said so: where it has ended since then, the next wait tells it. */
int rog_work_push(struct rog_work *work, const struct rog_worker_gradients *gradients, double loss,
                  struct rog_error *err);
int rog_work_finish(struct rog_work *work, struct rog_error *err);

/* While the caller has control and no exchange goes on: rog_worker_state; else ROG_EINVAL. */
int rog_work_state(struct rog_work *work, uint32_t tensor, float **momentum, float **update,
                   struct rog_error *err);

/* As of when the caller had control last. */
void rog_work_statistics(const struct rog_work *work, struct rog_statistics *statistics);
/* Likewise: how many local steps the next iteration has, and which it is. */
uint32_t rog_work_local_steps(const struct rog_work *work);
uint32_t rog_work_next_iteration(const struct rog_work *work);

#endif
