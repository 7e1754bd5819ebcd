/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WORKER_STATE_H
#define ROG_SYNC_WORKER_STATE_H

/* The state that worker.c (creation, local steps, archive), worker_send.c (pushes and demanded
 * rows) and worker_receive.c share; no other file includes this header. */

#include <librog/sync/history.h>
#include <librog/sync/sending.h>
#include <librog/sync/set.h>
#include <librog/sync/wire.h>
#include <librog/sync/worker.h>

enum rog_worker_phase {
    ROG_WORKER_COMPUTING, /* the last pull is applied */
    ROG_WORKER_PUSHING,
    ROG_WORKER_WAITING, /* pushed; the pull has not begun */
    ROG_WORKER_PULLING,
};

struct rog_worker {
    const struct rog_rows *rows;
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy;
    uint32_t worker;
    uint32_t local_steps; /* the setting */
    struct rog_sender sender;
    const struct rog_magnitude_hook *magnitudes;
    void *state;   /* the strategy's state */
    float *memory; /* the codec's memory for pushes; NULL: none */
    void *scratch; /* scratch memory of codecs; NULL without values */
    struct rog_contribution contribution;
    bool overlap; /* the setting: an iteration is computed during the previous exchange */

    enum rog_worker_phase phase;
    struct rog_worker_status status;
    struct rog_history history; /* received with the last pull */
    struct rog_node_view node;  /* known values of this worker */
    uint32_t planned_steps;     /* local steps of the current iteration */
    bool planned_overlap;       /* whether its exchange may overlap the next iteration */
    bool overlaps;              /* the same for the last push */
    struct rog_report report;   /* report on the iteration that is being pushed */

    uint32_t *version;       /* [row]: iteration in which it was last sent, 0: never */
    uint32_t *received;      /* [row]: iteration of the last pull that contained it, 0: never */
    struct rog_set demanded; /* demanded rows that have not been sent */

    /* The outgoing stream (ROG_WIRE_NONE: none), its rows so far and, for demanded rows, those that
     * are still to be sent. */
    enum rog_wire_stream outgoing;
    uint32_t outgoing_iteration, outgoing_rows;
    double outgoing_began_s;
    struct rog_set answering;
    struct rog_sending sending; /* the push */
    bool is_held;               /* must not begin yet */
    uint64_t sent_bytes;        /* bytes of its rows */
    float *push_scale;          /* [tensor] */
    float *demanded_scale;      /* [tensor] */

    struct rog_set pulled; /* rows received in this pull so far */
    bool pull_is_silent;
    double pull_began_s;
    uint64_t pulled_bytes; /* bytes of its rows */
    float *pull_scale;     /* [tensor] */

    uint32_t *pushed_rows, *pulled_rows; /* [tensor]: status.rows_pushed and rows_pulled by
                                            tensor */

    struct rog_set picked;  /* rows of the message being written */
    uint32_t *list;         /* [row]: rows of the current message, ascending */
    size_t least_bytes;     /* smallest buffer for sending */
    struct rog_set tensors; /* tensors of the stream that is beginning */
};

static inline bool rog_worker_has_values(const struct rog_worker *worker)
{
    return worker->contribution.values != NULL;
}

/* Resets the counts of an iteration. */
void rog_worker_begin_counting(struct rog_worker *worker, uint32_t iteration);
/* Counts each of the ascending rows for its tensor. */
void rog_worker_count_rows(const struct rog_worker *worker, const uint32_t *list, uint32_t count,
                           uint32_t *tensor_rows);

#endif
