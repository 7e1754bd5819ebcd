/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SERVE_STATE_H
#define ROG_LINK_SERVE_STATE_H

/* The inside of a server, shared by serve.c (its life), serve_accept.c (who comes in), serve_peer.c
 * (its workers), model_upload.c (a model that they bring) and serve_save.c (checkpoints). */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <librog/net/hello.h>
#include <librog/net/link.h>
#include <librog/net/serve.h>
#include <librog/sync/server.h>
#include <librog/trace/trace.h>
#include <trainer/run/schedule.h>
#include <trainer/run/train.h>

struct rog_serve_peer {
    struct rog_serve *serve;
    uint32_t worker; /* zero-based */
    struct rog_link *link;
    struct rog_trace *trace;            /* NULL: not paced */
    char session[ROG_SESSION_ID_BYTES]; /* empty: none */
    bool here;                          /* takes part; what is not here is not waited for */
    bool finished;                      /* through all its iterations */
    bool silent_told;                   /* the loss of the connection has been told */
    double lost_s;                      /* when it was */
    uint64_t model_at;                  /* next value to send of a joining worker's model */
    double pushed_s;
    bool stall_reported;

    /* Where the model is learned. */
    char model_sha256[ROG_SHA256_HEX_BYTES]; /* of what this worker starts with */
    char *layout;                            /* what has come of it, heap */
    uint64_t layout_at, layout_bytes;        /* of so many */
    bool layout_known;                       /* it is that of the run */
};

/* A model that the workers bring. */
struct rog_model_upload {
    bool wanted;
    bool known;                      /* all of it */
    struct rog_layout *layout;       /* NULL: none has come */
    char owner[48];                  /* whose that is, for messages */
    struct rog_serve_peer *uploader; /* who sends the values; NULL: nobody */
    uint64_t model_at;               /* next value to come */
    char model_sha256[ROG_SHA256_HEX_BYTES];
};

/* A connection that has not proved itself, or has not said who it is. */
struct rog_serve_pending {
    struct rog_serve *serve;
    struct rog_conn *conn;
    char *refusal; /* to be sent before it is closed */
    struct rog_serve_pending *next;
};

struct rog_serve_save {
    uv_work_t work;
    bool running;
    float *params; /* a copy, while they are written */
    struct rog_train_checkpoint checkpoint;
    int code;
    struct rog_error err;
    uint32_t next_index;
    struct rog_schedule schedule;
};

struct rog_serve {
    const struct rog_serve_options *options;
    struct rog_train train;
    struct rog_json *hello; /* what workers must have alike */
    struct rog_server *core;
    struct rog_events *events;
    struct rog_serve_peer *peers;
    uint32_t workers;
    uint8_t *message; /* ROG_LINK_BODY_MAX bytes */

    uv_loop_t loop;
    uv_poll_t listener;
    uv_timer_t tick;
    uv_signal_t signals[2];
    int listen_fd;
    bool loop_made, listening;
    struct rog_serve_pending *pending; /* newest first */
    uint32_t pending_count;

    bool started; /* the run has begun */
    bool ending;  /* workers have been told */
    bool over;
    double origin_s;                   /* of the run, a time of rog_link_now */
    double origin_wall_s;              /* the same since 1970, for a server that goes on */
    double opened_s, ending_s, idle_s; /* since when; idle: nobody here */
    double seconds;                    /* that the run took */
    struct rog_model_upload upload;
    struct rog_serve_save save;
    int code;
    struct rog_error err; /* why it ends */
};

/* Seconds since the run's start. */
double rog_serve_time(const struct rog_serve *serve);
/* The run cannot go on: the loop ends with this. */
void rog_serve_fail(struct rog_serve *serve, int code, const struct rog_error *err);
/* For functions that fail with a code and serve->err filled. */
void rog_serve_check(struct rog_serve *serve, int code, const struct rog_error *err);
void rog_serve_warn(struct rog_serve *serve, uint32_t worker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The core, once the model is known. */
int rog_serve_make_core(struct rog_serve *serve, struct rog_error *err);
/* Tells the workers that the run is over; `reason`: why it failed, NULL: it did not. */
void rog_serve_end(struct rog_serve *serve, const char *reason);

/* serve_accept.c */
void rog_serve_accept(uv_poll_t *listener, int status, int events);
/* Guests that took too long are shown out. */
void rog_serve_watch_pending(struct rog_serve *serve);
void rog_serve_close_pending(struct rog_serve *serve);

/* serve_peer.c */
int rog_serve_peer_init(struct rog_serve_peer *peer, struct rog_serve *serve, uint32_t worker,
                        struct rog_error *err);
void rog_serve_peer_release(struct rog_serve_peer *peer);
/* A worker has said hello, which has been compared; takes the connection over. *refusal is set
 * (heap) where it cannot be let in now. */
int rog_serve_peer_enter(struct rog_serve_peer *peer, struct rog_conn *conn,
                         const struct rog_json *hello, const char **refusal, struct rog_error *err);
/* The run begins: for a fresh one everybody is there. */
int rog_serve_peer_go(struct rog_serve_peer *peer, struct rog_error *err);
/* Not heard of for too long? */
void rog_serve_peer_watch(struct rog_serve_peer *peer, double now);
/* It is no longer waited for. */
void rog_serve_peer_leave(struct rog_serve_peer *peer, const char *reason);
/* What the core has to say. */
void rog_serve_notices(struct rog_serve *serve);

/* model_upload.c: messages of a worker (an error breaks the connection), and that it is gone. */
int rog_model_upload_layout(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                            struct rog_error *err);
int rog_model_upload_values(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                            struct rog_error *err);
void rog_model_upload_forget(struct rog_serve_peer *peer);
/* This worker does not start from the run's model: it has to be given it. */
bool rog_model_upload_differs(const struct rog_serve_peer *peer);
int rog_model_upload_restore(struct rog_serve *serve, struct rog_error *err);
/* The model is the server's own: nothing is left to be learned but whether workers have it too. */
int rog_model_upload_own(struct rog_serve *serve, struct rog_error *err);
void rog_model_upload_release(struct rog_serve *serve);

/* serve_save.c */
/* Reads what a server that goes on has to know; the model into train.params. */
int rog_serve_restore(struct rog_serve *serve, uint32_t *iteration, struct rog_error *err);
void rog_serve_save_if_due(struct rog_serve *serve);
/* Waits for nothing: writes the last checkpoint at once. Only when none is being written. */
int rog_serve_save_last(struct rog_serve *serve, struct rog_error *err);

#endif
