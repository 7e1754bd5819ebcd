/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WORKER_H
#define ROG_SYNC_WORKER_H

/*
 * The worker's half of the protocol, without I/O: gradients, messages and the time come in as
 * arguments, messages go out as buffers. One iteration of a worker is
 *
 *     rog_worker_begin(w, now)                       plans how many local steps it has
 *     rog_worker_push(w, gradients, now)             accumulate, rank, start sending
 *     rog_worker_send(w, now, ...) until it gives 0  rows go out, the last message ends the push
 *     rog_worker_receive(w, message, ...)            until the notice says PULLED
 *
 * rog_worker_send may also write messages at any other time, if the server has demanded rows (must
 * update).
 *
 * The contribution of a worker, gradients or the deltas of local steps, is added to u, the updates
 * that wait to be sent (contribution.h). For sent rows the server receives x, u as encoded by the
 * codec (rog/codec.h), and u <- u - x, the error feedback; rows that are not sent wait unchanged.
 *
 * If an iteration is computed during the previous exchange (rog_worker_overlaps), the pull of that
 * exchange is put aside: the model does not change until rog_worker_merge. Call this when both the
 * pull and the local steps of the next iteration are complete:
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
    struct rog_strategy_config policy; /* rog_worker_new sets its model from the rows and its
                                          worker */
    uint32_t worker;                   /* zero-based */
    uint32_t local_steps;              /* local steps of an iteration; 0: 1 */
    struct rog_sender sender;
    const struct rog_magnitude_hook *magnitudes;        /* borrowed; may be NULL */
    const struct rog_contribution_config *contribution; /* copied; NULL: rog_contribution_default */
};

/* tensors: [tensor], the values of the model that this worker trains, borrowed and updated by
 * pulls; the list itself is not kept (rog_rows_places makes one from a flat array). NULL: nothing
 * is computed and messages have no values (but count with the size that they would have); for
 * studies of policy and network only. */
int rog_worker_new(struct rog_worker **worker, const struct rog_worker_config *config,
                   float *const *tensors, struct rog_error *err);
void rog_worker_free(struct rog_worker *worker);

/* Begins and plans the next iteration. Call this once for each iteration, before it is computed:
 * after the previous one has ended or, if they overlap, has been pushed. ROG_EINVAL: the strategy's
 * plan is invalid. */
int rog_worker_begin(struct rog_worker *worker, double now, struct rog_error *err);
/* Returns the number of local steps of the iteration that has begun. */
uint32_t rog_worker_local_steps(const struct rog_worker *worker);

/* Returns whether the iteration after the last push is to be computed during its exchange. */
bool rog_worker_overlaps(const struct rog_worker *worker);

/* Ends the local steps of the next iteration: adds its contribution to the waiting updates, and
 * plans a push. A pull that is still put aside is merged first. ROG_EINVAL: the previous iteration
 * is not complete, or a rule or gradient is not valid (nothing is changed then), or the strategy's
 * plan is invalid; ROG_EFAILED: the update no longer fits a float. After these two the worker must
 * not be used any more. */
int rog_worker_push(struct rog_worker *worker, const struct rog_worker_gradients *gradients,
                    double now, struct rog_error *err);

/* Merges the last pull, which was put aside, into the model. No effect if nothing was put aside, or
 * the pull is not complete. */
void rog_worker_merge(struct rog_worker *worker);
/* Sets what else is reported about the iteration that is pushed next; its local steps are already
 * known. */
void rog_worker_measured(struct rog_worker *worker, const struct rog_report *report);

/* While a worker is held, a planned push does not begin: it is still being compressed. Its time
 * begins when the worker is no longer held. */
void rog_worker_hold(struct rog_worker *worker, bool held, double now);

/* Writes the next message, at most `bytes` (>= rog_message_min_bytes(rows)), into `buffer` and its
 * length into *size; 0 if there is nothing to send now. ROG_EINVAL: the buffer is too small. A
 * message that has been written counts as sent: it must arrive, in order. */
int rog_worker_send(struct rog_worker *worker, double now, uint8_t *buffer, size_t bytes,
                    size_t *size, struct rog_error *err);

/* The worker has received a copy of the server's model, already in its tensors, and continues after
 * `iteration`. Everything that it was sending or receiving is void, and so are local steps that
 * have not been pushed; momentum and updates that have not been sent are kept. */
void rog_worker_join(struct rog_worker *worker, uint32_t iteration);

/* The whole state of a worker except the values of its model, which belong to the owner: saved
 * between two calls, and loaded by a new worker with the same configuration, as
 * rog_server_archive. */
void rog_worker_archive(struct rog_worker *worker, struct rog_archive *archive);

enum rog_worker_notice {
    ROG_WORKER_NOTHING,
    ROG_WORKER_ADMITTED, /* the stall has ended: the pull begins */
    ROG_WORKER_PULLED,   /* the pull is complete and applied: the iteration has ended */
    ROG_WORKER_DEMANDED, /* the server demands rows: call rog_worker_send */
};

/* Processes a message from the server. ROG_EFORMAT: it is malformed; nothing is changed. */
int rog_worker_receive(struct rog_worker *worker, const uint8_t *message, size_t size, double now,
                       enum rog_worker_notice *notice, struct rog_error *err);

struct rog_worker_status {
    uint32_t iteration;   /* iteration of the last push, 0 before the first */
    bool pushing;         /* a push is being sent */
    bool waiting;         /* pushed, but not pulled yet */
    bool silent;          /* the push has no rows: almost nothing is sent */
    uint32_t rows_pushed; /* distinct rows sent in this iteration so far (including demanded
                             ones) */
    uint32_t rows_pulled; /* rows in the pull of this iteration */
    /* Sums over these rows of the iterations since the row was last sent, and since it last
     * arrived; if it never was, since the start. */
    uint64_t ages_pushed, ages_pulled;
    uint32_t local_steps;  /* local steps of this iteration */
    uint64_t bytes_pushed; /* bytes of all messages of this iteration */
    uint64_t bytes_pulled;
    double budget_s; /* time budget of the push that is being sent; 0 if none is being sent */
};
void rog_worker_status(const struct rog_worker *worker, struct rog_worker_status *status);

/* Returns a tensor's momentum and u, each of its size, borrowed; both NULL without values, momentum
 * NULL if deltas are pushed. */
void rog_worker_state(struct rog_worker *worker, uint32_t tensor, float **momentum, float **update);

/* How many of the rows in status.rows_pushed and status.rows_pulled belong to each tensor:
 * rows->tensor_count numbers, borrowed, valid until the next call that changes the worker. */
const uint32_t *rog_worker_pushed_rows(const struct rog_worker *worker);
const uint32_t *rog_worker_pulled_rows(const struct rog_worker *worker);

/* Returns u, the updates that have not been sent yet, for checks: rows->params floats, borrowed;
 * NULL without values. */
const float *rog_worker_residual(const struct rog_worker *worker);

#endif
