/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_STATE_H
#define ROG_SYNC_SERVER_STATE_H

/* What server.c (life, who is there), server_receive.c, server_send.c (messages), server_rounds.c,
 * admission.c (who may go on) and server_archive.c share; nobody else includes it. */

#include <librog/sync/average.h>
#include <librog/sync/coding.h>
#include <librog/sync/history.h>
#include <librog/sync/node.h>
#include <librog/sync/sending.h>
#include <librog/sync/server.h>
#include <librog/sync/server_update.h>
#include <librog/sync/set.h>
#include <librog/sync/versions.h>
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

    /* The stream that is coming in (ROG_WIRE_NONE: none). scale[tensor] < 0: not part of it. */
    enum rog_wire_stream incoming;
    uint32_t incoming_rows;
    float *incoming_scale;
    double turn_began_s; /* when it had joined, or its last pull was out: no push began before */
    double push_began_s; /* when the push's first message came, and what has come since */
    uint64_t push_bytes;
    float weight; /* what the rows of that push count for, in rounds once it is complete */
    struct rog_kept kept;
    /* When its last pull began: how many pushes had begun, how many steps the model had made. */
    uint32_t pushes_seen;
    uint64_t steps_seen;

    /* Stalled: the versions it waits for, one number where they are the same for all workers, and
     * the worker it watches. Nothing is waited for from the workers before `watched`. */
    uint32_t needed_of_all;
    uint32_t *needed; /* [worker], heap; NULL: needed_of_all */
    uint32_t needed_max;
    uint32_t watched;
    uint32_t next_watcher; /* of the same worker, ROG_NOBODY at the end */

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

struct rog_watchers {
    uint32_t first, last; /* ROG_NOBODY: none */
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

    struct rog_peer *peers;        /* [worker] */
    struct rog_watchers *watchers; /* [worker]: stalled workers that wait for it */
    uint32_t *ready; /* [ready_count]: workers that wait for a grant, in their order */
    uint32_t ready_count;
    uint8_t *granted;            /* [worker] */
    double *goodput;             /* [worker]: of its last push, bytes a second; 0: not measured */
    struct rog_node_view *nodes; /* [worker] */
    uint32_t pushes;             /* that have begun */
    uint32_t *needed;            /* [worker]: what the strategy answered last */
    struct rog_set picked;       /* rows of the message being written */
    uint32_t *list;              /* [row]: rows of the message at hand, ascending */
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
/* The rest of its push does not come any more. */
void rog_rounds_drop(struct rog_peer *peer);
/* A push is complete: what was kept of it is taken, and may complete a round. Whether the worker's
 * oldest version has risen. */
bool rog_rounds_pushed(struct rog_server *server, uint32_t worker);
/* There may be fewer workers: is the round complete? */
void rog_rounds_settle(struct rog_server *server);
/* What a peer's push counts, and what has come of it. The stream that is coming in is there. */
void rog_rounds_archive(struct rog_server *server, uint32_t worker, struct rog_archive *archive);

/* admission.c */

/* A worker's push is complete: may it go on? Also: others may wait for rows that can be asked for
 * now. */
int rog_admission_pushed(struct rog_server *server, uint32_t worker, double now,
                         struct rog_error *err);
/* Whoever the strategy grants it goes on: whenever one more waits for a grant, or one has gone. */
void rog_admission_grant(struct rog_server *server, double now);
/* This worker's oldest version has risen, or it is gone. */
void rog_admission_advance(struct rog_server *server, uint32_t worker, double now);
/* A worker has come back, with older rows than it may have had. */
void rog_admission_join(struct rog_server *server, uint32_t worker);
/* Who waits for whom. The peers' phases are there. */
void rog_admission_archive(struct rog_server *server, struct rog_archive *archive);
/* A worker is gone: it waits for nothing any more. */
void rog_admission_drop(struct rog_server *server, uint32_t worker);

#endif
