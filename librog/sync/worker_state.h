/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WORKER_STATE_H
#define ROG_SYNC_WORKER_STATE_H

/* What worker.c (life, work, all as bytes), worker_send.c (its push, and what it is asked for) and
 * worker_receive.c share; nobody else includes it. */

#include <librog/sync/history.h>
#include <librog/sync/sending.h>
#include <librog/sync/set.h>
#include <librog/sync/wire.h>
#include <librog/sync/worker.h>

enum rog_worker_phase {
    ROG_WORKER_COMPUTING, /* the last pull is applied */
    ROG_WORKER_PUSHING,
    ROG_WORKER_WAITING, /* pushed; the server has not begun the pull */
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
    void *state;   /* the strategy's */
    float *memory; /* what the codec keeps of pushes; NULL: nothing */
    void *scratch; /* that codecs work with; NULL without values */
    struct rog_contribution contribution;
    bool overlap; /* the setting: an iteration is computed while the exchange before it goes on */

    enum rog_worker_phase phase;
    struct rog_worker_status status;
    struct rog_history history; /* came with the last pull */
    struct rog_node_view node;  /* what is known of this worker itself */
    uint32_t planned_steps;     /* of the iteration at hand */
    bool planned_overlap;       /* of its exchange */
    bool overlaps;              /* of the last push's */
    struct rog_report report;   /* of the iteration that is being pushed */

    uint32_t *version;       /* [row]: iteration it was last sent in, 0: never */
    uint32_t *received;      /* [row]: iteration of the pull that it last came in, 0: never */
    struct rog_set demanded; /* rows the server has asked for and that have not gone out */

    /* The stream that is going out (ROG_WIRE_NONE: none), its rows so far, and for demanded rows
     * those still to go. */
    enum rog_wire_stream outgoing;
    uint32_t outgoing_iteration, outgoing_rows;
    double outgoing_began_s;
    struct rog_set answering;
    struct rog_sending sending; /* the push */
    bool is_held;               /* it does not begin yet */
    uint64_t sent_bytes;        /* of its rows */
    float *push_scale;          /* [tensor] */
    float *demanded_scale;      /* [tensor] */

    struct rog_set pulled; /* rows of the pull so far */
    bool pull_is_silent;
    double pull_began_s;
    uint64_t pulled_bytes; /* of its rows */
    float *pull_scale;     /* [tensor] */

    uint32_t *pushed_rows, *pulled_rows; /* [tensor]: of status.rows_pushed, rows_pulled */

    struct rog_set picked;  /* rows of the message being written */
    uint32_t *list;         /* [row]: rows of the message at hand, ascending */
    size_t least_bytes;     /* of a buffer to send with */
    struct rog_set tensors; /* of the stream being begun */
};

static inline bool rog_worker_has_values(const struct rog_worker *worker)
{
    return worker->contribution.values != NULL;
}

/* Nothing has been counted of this iteration. */
void rog_worker_begin_counting(struct rog_worker *worker, uint32_t iteration);
/* Rows, ascending, one by one to their tensors. */
void rog_worker_count_rows(const struct rog_worker *worker, const uint32_t *list, uint32_t count,
                           uint32_t *tensor_rows);

#endif
