/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_STATE_H
#define ROG_SYNC_SERVER_STATE_H

/* What server.c (life, who is there), server_receive.c, server_send.c (messages), server_rounds.c,
 * admission.c (who may go on), grants.c (who of these does) and server_archive.c share; nobody else
 * includes it. */

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
    ROG_PEER_COMPUTING, /* its last pull is out */
    ROG_PEER_PUSHING,
    ROG_PEER_STALLED,  /* pushed; its pull has to wait */
    ROG_PEER_READY,    /* its pull waits for the strategy's grant alone */
    ROG_PEER_ADMITTED, /* its pull may begin */
    ROG_PEER_PULLING,
};

struct rog_kept_message;

/* What has come of a push that counts once it is complete. */
struct rog_kept {
    struct rog_kept_message *first, *last; /* NULL: nothing */
    struct rog_set rows;                   /* that came; no words where nothing is ever kept */
};

/* What the server knows of one worker. */
struct rog_peer {
    enum rog_peer_phase phase;
    uint32_t iteration; /* of the push begun last */
    bool is_expected;   /* it was there before the server went on from a checkpoint */

    /* The stream that is coming in (ROG_WIRE_NONE: none). scale[tensor] < 0: not part of it. */
    enum rog_wire_stream incoming;
    uint32_t incoming_rows;
    float *incoming_scale;
    double turn_began_s; /* when it had joined, or its last pull was out: no push began before */
    double push_began_s; /* when the push's first message came, and what has come since */
    uint64_t push_bytes;
    float weight; /* what the rows of that push count for, in rounds once it is complete */
    struct rog_kept kept;
    /* So many contributions to the round after so many steps. */
    uint32_t contributions;
    uint64_t contributed_at;
    /* When its last pull began: how many pushes had begun, how many steps the model had made. */
    uint32_t pushes_seen;
    uint64_t steps_seen;

    struct rog_wait wait; /* stalled: what it waits for */

    /* Requests to it: rows older than `asked` have been asked for, up to `requested` by messages
     * that are out; the message being cut asks for rows older than `requesting` from row
     * `request_row` on. */
    uint32_t asked, requested, requesting, request_row;
    struct rog_server_ways ways; /* of the configuration */

    /* The pull. */
    bool is_held;    /* it must not begin yet */
    bool is_planned; /* it has not begun, but what it has is known */
    struct rog_sending sending;
    uint64_t pull_bytes; /* of its rows */
    float *pull_scale;   /* [tensor] */
    float *held;         /* W_i - start: rows->params floats, NULL without values */
    float *memory;       /* what the codec keeps of its pulls; NULL: nothing */
    uint32_t *seen;      /* [row]: merged[row] when this worker last got the row */
};

struct rog_server {
    const struct rog_rows *rows;
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy;
    void *state;   /* the strategy's */
    float *start;  /* the model that all began with; NULL without values */
    float *change; /* W - start, as long; NULL without values */
    const struct rog_magnitude_hook *magnitudes;
    struct rog_server_update update; /* what changes it */
    struct rog_average average;      /* of W; checkpoints have it instead */

    struct rog_versions versions;
    struct rog_transmissions transmissions;
    uint32_t *merged; /* [row]: pushes merged into it */
    uint32_t iteration;

    struct rog_peer *peers; /* [worker] */
    uint32_t *stalled; /* [stalled_count]: those that watch the same one in the order in which they
                          began to */
    uint32_t stalled_count;
    uint32_t *moved;   /* [worker]: memory for those that leave their place among these */
    double deadline_s; /* when the first of them has waited long enough; INFINITY: none */
    uint32_t *ready;   /* [ready_count]: workers that wait for a grant, in their order */
    uint32_t ready_count;
    uint8_t *granted;            /* [worker] */
    double *goodput;             /* [worker]: of its last push, bytes a second; 0: not measured */
    struct rog_node_view *nodes; /* [worker] */
    uint32_t pushes;             /* that have begun */
    uint32_t *needed;            /* [2 worker]: memory for answers, versions and iterations */
    struct rog_condition *conditions; /* [worker]: the same */
    struct rog_set picked;            /* rows of the message being written */
    uint32_t *list;                   /* [row]: rows of the message at hand, ascending */
    float *difference; /* of the longest row, or of all of the model where pulls need that */
    void *scratch;     /* that codecs work with */
    struct rog_set all_tensors, no_tensors;
    size_t least_bytes; /* of a buffer to send with */

    struct rog_server_notice *notices; /* from `notice_first` on, notice_count of them */
    size_t notice_first, notice_count, notice_room;
};

/* Makes room for as many notices as one call can cause. */
int rog_server_reserve_notices(struct rog_server *server, struct rog_error *err);
/* Room for as many notices as one call can cause was made when the call began. */
void rog_server_notify(struct rog_server *server, const struct rog_server_notice *notice);
void rog_server_notify_rows(struct rog_server *server, enum rog_server_notice_kind kind,
                            uint32_t worker, uint32_t rows, double now);
/* How many workers are there. */
uint32_t rog_server_active(const struct rog_server *server);
/* ROG_EINVAL for a worker that does not exist or has left. */
int rog_server_check_peer(const struct rog_server *server, uint32_t worker, struct rog_error *err);

/* server_receive.c: the first `count` rows of server->list, from a message that has been checked;
 * whether the worker's oldest version has risen. Checks that rows can be of the stream that is
 * coming in, and puts them there. */
bool rog_server_take_rows(struct rog_server *server, uint32_t worker, const struct rog_wire *wire,
                          uint32_t count);
int rog_server_check_rows(const struct rog_server *server, uint32_t worker,
                          const struct rog_wire *wire, uint32_t *count, struct rog_error *err);

/* server_rounds.c */

int rog_rounds_init(struct rog_server *server, struct rog_peer *peer, struct rog_error *err);
void rog_rounds_release(struct rog_peer *peer);
/* Whether rows of what is coming in have to wait until all of it is there; then they are kept,
 * those of server->list. */
bool rog_rounds_keeps(const struct rog_server *server, const struct rog_peer *peer);
int rog_rounds_keep(struct rog_server *server, struct rog_peer *peer, const struct rog_wire *wire,
                    uint32_t count, struct rog_error *err);
/* It leaves: the rest of its push does not come any more. */
void rog_rounds_left(struct rog_server *server, struct rog_peer *peer);
/* A push is complete: what was kept of it is taken, and may complete a round. */
void rog_rounds_pushed(struct rog_server *server, uint32_t worker);
/* There may be fewer workers: is the round complete? */
void rog_rounds_settle(struct rog_server *server);
/* What a peer's push counts, and what has come of it. The stream that is coming in is there. */
void rog_rounds_archive(struct rog_server *server, uint32_t worker, struct rog_archive *archive);

/* admission.c */

/* A worker's push is complete: may it go on? Also: others may wait for rows that can be asked for
 * now. */
int rog_admission_pushed(struct rog_server *server, uint32_t worker, double now,
                         struct rog_error *err);
/* This worker's oldest or latest version has risen, or it is gone. */
void rog_admission_advance(struct rog_server *server, uint32_t worker, double now);
/* A worker has come back, with older rows than it may have had. */
void rog_admission_join(struct rog_server *server, uint32_t worker, double now);
/* Who waits for whom. The peers' phases are there. */
void rog_admission_archive(struct rog_server *server, struct rog_archive *archive);
/* A worker is gone: it waits for nothing any more. */
void rog_admission_drop(struct rog_server *server, uint32_t worker);

/* grants.c */

/* A worker has all that it waited for: it goes on, or waits for a grant. */
void rog_grants_ready(struct rog_server *server, uint32_t worker, double now);
/* A worker waits for a grant no more. */
void rog_grants_leave(struct rog_server *server, uint32_t worker);
/* Whoever the strategy grants it goes on: whenever one more waits for a grant, or one has gone. */
void rog_grants_give(struct rog_server *server, double now);
/* Who is in the way of one that waits for a grant: the first that has one, else itself. */
uint32_t rog_grants_holder(const struct rog_server *server, uint32_t worker);
/* Those that wait for a grant, each once. */
void rog_grants_archive(struct rog_server *server, struct rog_archive *archive);

#endif
