/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WORKER_H
#define ROG_SYNC_WORKER_H

/*
 * The worker's half of the protocol, without I/O: gradients, messages and the time come in as
 * arguments, messages go out as buffers. One iteration of a worker is
 *
 *     rog_worker_begin(w, now)                       how many local steps it has
 *     rog_worker_push(w, gradients, now)             accumulate, rank, start sending
 *     rog_worker_send(w, now, ...) until it gives 0  rows go out, the last message ends the push
 *     rog_worker_receive(w, message, ...)            until the notice says PULLED
 *
 * and rog_worker_send may have something to say at any other moment too, when the server has asked
 * for rows (must update).
 *
 * What a worker contributes, gradients or the deltas of local steps, becomes a part of u, what
 * waits to be sent (contribution.h). Of sent rows the server gets x, what the codec makes of u
 * (rog/codec.h), and u <- u - x, the error feedback; rows that are not sent wait as they are.
 *
 * Where an iteration is computed while the exchange before it goes on (rog_worker_overlaps), its
 * pull is put aside: who computes has the model as it was, until rog_worker_merge. That is to be
 * called when the pull is complete and the local steps of the next iteration are, too:
 *
 *     push(k), compute k + 1 ..., PULLED(k) ..., merge(k), push(k + 1), compute k + 2 ...
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/contribution.h>
#include <librog/sync/node.h>
#include <librog/sync/rows.h>
#include <librog/sync/sending.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/strategy.h>

struct rog_worker;

struct rog_worker_config {
    const struct rog_rows *rows; /* borrowed */
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy; /* its model is that of the rows, its worker this one */
    uint32_t worker;                   /* zero-based */
    uint32_t local_steps;              /* of an iteration; 0: 1 */
    struct rog_sender sender;
    const struct rog_magnitude_hook *magnitudes;        /* borrowed; may be NULL */
    const struct rog_contribution_config *contribution; /* copied; NULL: rog_contribution_default */
};

/* tensors: [tensor] the values of the model this worker trains, borrowed and updated by pulls; the
 * list itself is not kept (rog_rows_places makes one of a flat array). NULL: nothing is computed
 * and no values travel (messages have the size they would have); for studies of policy and network
 * alone. */
int rog_worker_new(struct rog_worker **worker, const struct rog_worker_config *config,
                   float *const *tensors, struct rog_error *err);
void rog_worker_free(struct rog_worker *worker);

/* The next iteration begins: its work is planned. To be called once for each, before it is
 * computed: once the last one is over or, where they overlap, pushed. ROG_EINVAL: the strategy
 * planned nonsense. */
int rog_worker_begin(struct rog_worker *worker, double now, struct rog_error *err);
/* How many local steps the iteration that has begun has. */
uint32_t rog_worker_local_steps(const struct rog_worker *worker);

/* Whether the iteration after the last push is to be computed while its exchange goes on. */
bool rog_worker_overlaps(const struct rog_worker *worker);

/* Ends the local steps of the next iteration: what they contribute is added to what waits, and a
 * push is planned. A pull that is still aside is merged first. ROG_EINVAL while the last iteration
 * is not complete, for a rule, or for a gradient that is not finite (nothing is changed then), or a
 * strategy that planned nonsense; ROG_EFAILED when the update has grown past what a float holds.
 * After these two the worker is of no use. */
int rog_worker_push(struct rog_worker *worker, const struct rog_worker_gradients *gradients,
                    double now, struct rog_error *err);

/* What the last pull has put aside gets into the model. Harmless where nothing is aside, or the
 * pull is not complete. */
void rog_worker_merge(struct rog_worker *worker);
/* What else is known of the iteration that is pushed next; its local steps are known already. */
void rog_worker_measured(struct rog_worker *worker, const struct rog_report *report);

/* While a worker is held a push that has been planned does not begin: it is still being compressed.
 * Its time begins when it is not held any more. */
void rog_worker_hold(struct rog_worker *worker, bool held, double now);

/* Writes the next message, at most `bytes` (>= rog_message_min_bytes(rows)), into `buffer` and its
 * length into *size; 0 when there is nothing to send now. ROG_EINVAL for a buffer that is too
 * small. What has been written counts as sent: it must arrive, in order. */
int rog_worker_send(struct rog_worker *worker, double now, uint8_t *buffer, size_t bytes,
                    size_t *size, struct rog_error *err);

/* The worker has been given a copy of the server's model, which is in its params already, and goes
 * on after `iteration`. What it was sending or receiving is void, and so are local steps that have
 * not been pushed; momentum and what it has not sent yet are kept. */
void rog_worker_join(struct rog_worker *worker, uint32_t iteration);

/* All of a worker but the values of its model, which are the owner's: saved between two calls, and
 * loaded by one that has just been made of the same configuration, as rog_server_archive. */
void rog_worker_archive(struct rog_worker *worker, struct rog_archive *archive);

enum rog_worker_notice {
    ROG_WORKER_NOTHING,
    ROG_WORKER_ADMITTED, /* the stall is over: the pull begins */
    ROG_WORKER_PULLED,   /* the pull is complete and applied: the iteration is over */
    ROG_WORKER_DEMANDED, /* the server asks for rows: call rog_worker_send */
};

/* Takes one message from the server. ROG_EFORMAT for one that is not well formed; nothing is
 * changed then. */
int rog_worker_receive(struct rog_worker *worker, const uint8_t *message, size_t size, double now,
                       enum rog_worker_notice *notice, struct rog_error *err);

struct rog_worker_status {
    uint32_t iteration;   /* of the last push, 0 before the first */
    bool pushing;         /* a push is being sent */
    bool waiting;         /* pushed, not yet pulled */
    bool silent;          /* the push has no rows: next to nothing is sent */
    uint32_t rows_pushed; /* distinct rows sent for this iteration so far (demanded included) */
    uint32_t rows_pulled; /* in the pull of this iteration */
    /* Sums over these rows: iterations since the row was last sent, and since it last came; those
     * since the start where it never did. */
    uint64_t ages_pushed, ages_pulled;
    uint32_t local_steps;  /* of this iteration */
    uint64_t bytes_pushed; /* all messages, this iteration */
    uint64_t bytes_pulled;
    double budget_s; /* of the push that is being sent; 0 also while none is */
};
void rog_worker_status(const struct rog_worker *worker, struct rog_worker_status *status);

/* Where a tensor's momentum and u lie, its size each, borrowed; NULL without values, and the
 * momentum where deltas are pushed. */
void rog_worker_state(struct rog_worker *worker, uint32_t tensor, float **momentum, float **update);

/* Of the rows in status.rows_pushed and status.rows_pulled, how many are of each tensor:
 * rows->tensor_count numbers, borrowed, valid until the next call that changes the worker. */
const uint32_t *rog_worker_pushed_rows(const struct rog_worker *worker);
const uint32_t *rog_worker_pulled_rows(const struct rog_worker *worker);

/* u, what is pushed and not sent yet, for checks: rows->params floats, borrowed; NULL without
 * values. */
const float *rog_worker_residual(const struct rog_worker *worker);

#endif
