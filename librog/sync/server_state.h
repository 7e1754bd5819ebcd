/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_STATE_H
#define ROG_SYNC_SERVER_STATE_H

/* The state that server.c (creation, joining), server_receive.c, server_send.c (messages),
 * server_rounds.c, admission.c (who may continue), grants.c (who of these does now) and
 * server_archive.c share; no other file includes this header. */

#include <librog/sync/average.h>
#include <librog/sync/coding.h>
#include <librog/sync/history.h>
#include <librog/sync/node.h>
#include <librog/sync/sending.h>
#include <librog/sync/server.h>
#include <librog/sync/server_update.h>
#include <librog/sync/set.h>
#include <librog/sync/versions.h>
#include <librog/sync/wait.h>
#include <librog/sync/wire.h>

enum rog_peer_phase {
    ROG_PEER_COMPUTING, /* its last pull has been sent */
    ROG_PEER_PUSHING,
    ROG_PEER_STALLED,  /* pushed; its pull has to wait */
    ROG_PEER_READY,    /* its pull waits only for the strategy's grant */
    ROG_PEER_ADMITTED, /* its pull may begin */
    ROG_PEER_PULLING,
};

struct rog_kept_message;

/* Received messages of a push that counts only once it is complete. */
struct rog_kept {
    struct rog_kept_message *first, *last; /* NULL: none */
    struct rog_set rows;                   /* received rows; without words if pushes are never
                                              kept */
};

/* The server's state of one worker. */
struct rog_peer {
    enum rog_peer_phase phase;
    uint32_t iteration; /* iteration of the last push that has begun */
    bool is_expected;   /* it was present before the server resumed from a checkpoint */

    /* The incoming stream (ROG_WIRE_NONE: none). scale[tensor] < 0: not part of it. */
    enum rog_wire_stream incoming;
    uint32_t incoming_rows;
    float *incoming_scale;
    double turn_began_s; /* when it joined or its last pull had been sent; no push began before */
    double push_began_s; /* when the first message of the push arrived, and the bytes received
                            since */
    uint64_t push_bytes;
    float weight; /* weight of the rows of that push; in rounds it applies once the push is
                     complete */
    struct rog_kept kept;
    /* Number of contributions to the round that began after contributed_at steps. */
    uint32_t contributions;
    uint64_t contributed_at;
    /* When its last pull began: number of pushes that had begun, number of steps of the model. */
    uint32_t pushes_seen;
    uint64_t steps_seen;

    struct rog_wait wait; /* stalled: what it waits for */

    /* Requests to it: rows older than `asked` have been demanded, those older than `requested` by
     * messages that have been sent; the current message requests rows older than `requesting`, from
     * row `request_row` on. */
    uint32_t asked, requested, requesting, request_row;
    struct rog_server_ways ways; /* from the configuration */

    /* The pull. */
    bool is_held;    /* must not begin yet */
    bool is_planned; /* has not begun, but its plan is known */
    struct rog_sending sending;
    uint64_t pull_bytes; /* bytes of its rows */
    float *pull_scale;   /* [tensor] */
    float *held;         /* W_i - start: rows->params floats, NULL without values */
    float *memory;       /* the codec's memory for its pulls; NULL: none */
    uint32_t *seen;      /* [row]: merged[row] when this worker last received the row */
};

struct rog_server {
    const struct rog_rows *rows;
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy;
    void *state;   /* the strategy's state */
    float *start;  /* the initial model; NULL without values */
    float *change; /* W - start, as many floats; NULL without values */
    const struct rog_magnitude_hook *magnitudes;
    struct rog_server_update update; /* the server optimizer and its state */
    struct rog_average average;      /* of W; checkpoints contain it instead */

    struct rog_versions versions;
    struct rog_transmissions transmissions;
    uint32_t *merged; /* [row]: number of pushes merged into it */
    uint32_t iteration;

    struct rog_peer *peers; /* [worker] */
    uint32_t *stalled; /* [stalled_count]: workers that watch the same worker are in the order in
                          which they began to */
    uint32_t stalled_count;
    uint32_t *moved;   /* [worker]: scratch memory for workers that move within or leave
                          `stalled` */
    double deadline_s; /* the earliest deadline of the stalled workers; INFINITY: none */
    uint32_t *ready;   /* [ready_count]: workers that wait for a grant, in their order */
    uint32_t ready_count;
    uint8_t *granted;            /* [worker]: 1 while it has a grant */
    double *goodput;             /* [worker]: goodput of its last push, bytes/s; 0: not measured
                                    yet */
    struct rog_node_view *nodes; /* [worker]: its last known values */
    uint32_t pushes;             /* number of pushes that have begun */
    uint32_t *needed;            /* [2 worker]: memory for an answer's versions and iterations */
    struct rog_condition *conditions; /* [worker]: memory for conditions */
    struct rog_set picked;            /* rows of the message being written */
    uint32_t *list;                   /* [row]: rows of the current message, ascending */
    float *difference; /* of the longest row, or of the whole model if pulls need that */
    void *scratch;     /* scratch memory of codecs */
    struct rog_set all_tensors, no_tensors;
    size_t least_bytes; /* smallest buffer for sending */

    struct rog_server_notice *notices; /* from `notice_first` on, notice_count of them */
    size_t notice_first, notice_count, notice_room;
};

/* Reserves memory for as many notices as one call can cause. */
int rog_server_reserve_notices(struct rog_server *server, struct rog_error *err);
/* Adds a notice; the call that causes it has reserved memory for it. */
void rog_server_notify(struct rog_server *server, const struct rog_server_notice *notice);
void rog_server_notify_rows(struct rog_server *server, enum rog_server_notice_kind kind,
                            uint32_t worker, uint32_t rows, double now);
/* Returns the number of active workers. */
uint32_t rog_server_active(const struct rog_server *server);
/* ROG_EINVAL: the worker does not exist or has left. */
int rog_server_check_peer(const struct rog_server *server, uint32_t worker, struct rog_error *err);

/* server_receive.c. rog_server_take_rows applies the first `count` rows of server->list, from a
 * checked message, and returns whether the worker's oldest version has risen. rog_server_check_rows
 * checks that the rows can belong to the incoming stream, and lists them in server->list. */
bool rog_server_take_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                          uint32_t count);
int rog_server_check_rows(const struct rog_server *server, uint32_t worker,
                          const struct rog_wire *wire, uint32_t *count, struct rog_error *err);

/* server_rounds.c */

int rog_rounds_init(struct rog_server *server, struct rog_peer *peer, struct rog_error *err);
void rog_rounds_release(struct rog_peer *peer);
/* rog_rounds_keeps returns whether rows of the incoming stream must wait until it is complete;
 * rog_rounds_keep then keeps the rows in server->list. */
bool rog_rounds_keeps(const struct rog_server *server, const struct rog_peer *peer);
int rog_rounds_keep(struct rog_server *server, struct rog_peer *peer, const struct rog_wire *wire,
                    uint32_t count, struct rog_error *err);
/* A worker leaves: the rest of its push will not arrive. */
void rog_rounds_left(struct rog_server *server, struct rog_peer *peer);
/* A push is complete: its kept rows are applied, and may complete a round. */
void rog_rounds_pushed(struct rog_server *server, uint32_t worker);
/* Call this when the number of active workers may have decreased: ends the round if it is
 * complete. */
void rog_rounds_settle(struct rog_server *server);
/* A worker's contributions, and what has arrived of its push. The incoming stream must have been
 * archived before. */
void rog_rounds_archive(struct rog_server *server, uint32_t worker, struct rog_archive *archive);

/* admission.c */

/* A worker's push is complete: decides whether it may continue. Also demands rows that others wait
 * for and that it can send from now on. */
int rog_admission_pushed(struct rog_server *server, uint32_t worker, double now,
                         struct rog_error *err);
/* This worker's oldest or latest version has risen, or the worker has left. */
void rog_admission_advance(struct rog_server *server, uint32_t worker, double now);
/* A worker has rejoined, perhaps with older rows than before. */
void rog_admission_join(struct rog_server *server, uint32_t worker, double now);
/* Archives who waits for whom. The peers' phases must have been archived before. */
void rog_admission_archive(struct rog_server *server, struct rog_archive *archive);
/* A worker has left: it does not wait any more. */
void rog_admission_drop(struct rog_server *server, uint32_t worker);

/* grants.c */

/* All conditions of a worker are met: it continues, or waits for a grant. */
void rog_grants_ready(struct rog_server *server, uint32_t worker, double now);
/* A worker no longer waits for a grant. */
void rog_grants_leave(struct rog_server *server, uint32_t worker);
/* Lets the workers continue that the strategy grants it. Call this when a worker begins to wait for
 * a grant, or leaves. */
void rog_grants_give(struct rog_server *server, double now);
/* Returns the worker that blocks one that waits for a grant: the first with a grant, else
 * itself. */
uint32_t rog_grants_holder(const struct rog_server *server, uint32_t worker);
/* Archives the workers that wait for a grant, each once. */
void rog_grants_archive(struct rog_server *server, struct rog_archive *archive);

#endif
