/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_H
#define ROG_SYNC_SERVER_H

/*
 * The server's half of the protocol, without I/O.
 *
 * It keeps the model W and, for each worker i, the model W_i that this worker has, both as
 * differences from the initial model. The server optimizer determines how a pushed row changes W
 * (rog/server_optimizer.h). Worker i still has to receive p = W_i - W, so the error feedback of its
 * pulls is implicit (rog/codec.h).
 *
 * Why not W and W_i themselves: with a small learning rate, a step is not much larger than the
 * precision of a float of the size of a weight. In W it would be rounded at each push, and p, the
 * difference of two such numbers, would have few correct digits and sometimes the wrong sign. The
 * differences are as small as the steps, and so are their rounding errors. A worker adds what it
 * receives to its own model, where it is rounded as in the published system: W_i is what it was
 * sent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <librog/sync/sending.h>
#include <rog/error.h>
#include <rog/server_optimizer.h>
#include <rog/strategy.h>

struct rog_server;

struct rog_server_config {
    const struct rog_rows *rows; /* borrowed */
    const struct rog_strategy *strategy;
    struct rog_strategy_config policy; /* rog_server_new sets its model from the rows and its worker
                                          to ROG_NOBODY */
    const struct rog_server_optimizer *optimizer; /* NULL: the first of rog_server_optimizers */
    const void *optimizer_parameters;             /* its struct of parameters, borrowed; NULL:
                                                     none */
    double average; /* checkpoints contain the average of W over about this many iterations
                       (average.h); 0: W itself */
    const struct rog_magnitude_hook *magnitudes; /* borrowed; may be NULL */
};

/* start: rows->params floats, the model that all workers start from, borrowed. The server reads it
 * only when it needs whole values, which is seldom, and writes it only in rog_server_end and
 * rog_server_load. NULL: no values, see worker.h. */
int rog_server_new(struct rog_server **server, const struct rog_server_config *config, float *start,
                   struct rog_error *err);
void rog_server_free(struct rog_server *server);

/* Processes a message of `worker`. ROG_EFORMAT: the message is malformed or was not expected now;
 * ROG_EINVAL: the worker does not exist or has left. Neither changes anything. The server must not
 * be used any more after ROG_ENOMEM, and after ROG_EINVAL for an invalid answer of the strategy,
 * which the message then names. */
int rog_server_receive(struct rog_server *server, uint32_t worker, const uint8_t *message,
                       size_t size, double now, struct rog_error *err);

/* Writes the next message for `worker`, as rog_worker_send: first requests for rows, then the pull.
 * Also ROG_EINVAL if the worker has left or the strategy's plan is invalid. */
int rog_server_send(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                    size_t bytes, size_t *size, struct rog_error *err);

/* While a worker is held, its pull does not begin, even if it has been admitted: the server is
 * still preparing it. Requests are sent to it nevertheless. */
void rog_server_hold(struct rog_server *server, uint32_t worker, bool held);
/* Plans the pull of an admitted worker before the pull can begin. *silent: it has no rows, and
 * nothing has to be prepared. ROG_EINVAL: the strategy's plan is invalid. */
int rog_server_plan_pull(struct rog_server *server, uint32_t worker, double now, bool *silent,
                         struct rog_error *err);
/* How the server treats a worker; all zero is the default. Set before the first message. */
struct rog_server_ways {
    struct rog_sender sender; /* sender of pulls */
    bool asks_stalled_only;   /* it is asked for rows only while it is itself stalled */
};
void rog_server_set_ways(struct rog_server *server, uint32_t worker,
                         const struct rog_server_ways *ways);
/* Returns the time budget of the pull that is being sent to the worker, s; 0 if none is being
 * sent. */
double rog_server_budget_s(const struct rog_server *server, uint32_t worker);

/* Returns when the strategy wants to be asked again about a waiting worker, on the run's clock;
 * INFINITY: never. May change with any call that takes `now`. */
double rog_server_deadline(const struct rog_server *server);
/* Asks the strategy again if the deadline has passed. ROG_EINVAL: its answer is invalid. */
int rog_server_tick(struct rog_server *server, double now, struct rog_error *err);

/* ROG_EFAILED: the strategy cannot continue, with its reason. Needed only by callers that wait: all
 * calls that can fail check this themselves. */
int rog_server_check_strategy(const struct rog_server *server, struct rog_error *err);

/* A worker has finished or was lost: no worker waits for it any more. */
void rog_server_leave(struct rog_server *server, uint32_t worker, double now);

/* A worker rejoins, or another one takes its place, without its previous state. The caller must
 * give it a copy of the current model W (start + rog_server_held, each in one addition of floats).
 * It continues after *iteration: the iteration given to rog_server_expect, else that of the slowest
 * other worker or, if there is no other, that of the run. Messages that were sent to it or by it
 * before must no longer reach it or the server. A worker that is still present leaves first. */
int rog_server_join(struct rog_server *server, uint32_t worker, double now, uint32_t *iteration,
                    struct rog_error *err);

/* The run resumes from a checkpoint, made after `iteration`; no worker is present until
 * rog_server_join. Only for a new server. */
void rog_server_resume(struct rog_server *server, uint32_t iteration);
/* Returns the iteration after which a worker continues if a server resumes from this moment: the
 * last one whose push is complete and after which it was admitted. If its admission would be lost
 * with the server, it repeats that iteration: the workers that it waited for have not completed it
 * either. ROG_SERVER_AWAY: the worker is not present. */
#define ROG_SERVER_AWAY UINT32_MAX
uint32_t rog_server_goes_on_after(const struct rog_server *server, uint32_t worker);
/* Call this after rog_server_resume: this worker was present, and the others wait for it until it
 * joins, after that iteration, or leaves. */
void rog_server_expect(struct rog_server *server, uint32_t worker, uint32_t iteration);

/* Returns the name of the server optimizer; a static string. */
const char *rog_server_optimizer_name(const struct rog_server *server);
/* The state that a resumed server needs beside a checkpoint (0 bytes: none), and restoring it in a
 * new server with as many workers, whose start is the model of the checkpoint; after
 * rog_server_load, start is the model W. ROG_EFORMAT: the size is wrong. */
size_t rog_server_state_bytes(const struct rog_server *server);
void rog_server_save(const struct rog_server *server, uint8_t *bytes);
int rog_server_load(struct rog_server *server, const uint8_t *bytes, size_t size,
                    struct rog_error *err);

/* The whole state of a server except the initial model: saved between two calls, and loaded by a
 * new server with the same configuration and model, which then continues like the first one. After
 * a failed load the server can only be freed. Needs rog_strategy_saves. */
void rog_server_archive(struct rog_server *server, struct rog_archive *archive);

/* What happened, in order; call until it returns false. After these notices the named worker can be
 * sent something: ADMITTED (its pull), DEMANDED (a request). */
enum rog_server_notice_kind {
    ROG_SERVER_PUSH_BEGUN,
    ROG_SERVER_PUSHED,   /* the push is complete */
    ROG_SERVER_STALLED,  /* its pull has to wait: `blocker` is a worker that it waits for, or one
                            that has the grant that it waits for */
    ROG_SERVER_ADMITTED, /* its pull begins */
    ROG_SERVER_DEMANDED, /* `rows` of its rows are demanded; `version` is the version that they must
                            reach */
    ROG_SERVER_PULL_SENT,
};
struct rog_server_notice {
    enum rog_server_notice_kind kind;
    uint32_t worker, iteration;
    uint32_t blocker, rows, version;
    uint32_t oldest; /* ADMITTED: smallest version over all rows of all active workers */
    /* ADMITTED, STALLED: the largest version that the strategy needed. STALLED without such a
     * version: the iteration that it waits for. ADMITTED by a quorum: 0. */
    uint32_t needed;
    /* ADMITTED: number of workers with a grant, including this one; 0: the strategy does not grant
     * pulls */
    uint32_t granted;
    /* ADMITTED, if the strategy promises something about it (iteration_bound, least_quorum): the
     * last complete push of the slowest active worker, how many active workers have completed one
     * of this iteration, and how many are active; else 0. */
    uint32_t slowest, reached, active;
    double now;
};
bool rog_server_notice(struct rog_server *server, struct rog_server_notice *notice);

/* The table of versions, for checks and tests. Borrowed, valid until the next call. */
void rog_server_versions(const struct rog_server *server, struct rog_version_view *view);
/* The differences of W, and of W_i, the model that a worker has once everything sent to it has
 * arrived, from the initial model: rows->params floats, borrowed; NULL without values. */
const float *rog_server_change(const struct rog_server *server);
const float *rog_server_held(const struct rog_server *server, uint32_t worker);
/* The same for the model that checkpoints contain: W, or its average. */
const float *rog_server_saved_change(const struct rog_server *server);
/* No more messages will come: W replaces the initial model, and the change is 0. After this the
 * server can only be used for a last checkpoint. */
void rog_server_end(struct rog_server *server);
/* Returns the largest iteration that any worker has pushed. */
uint32_t rog_server_iteration(const struct rog_server *server);

#endif
