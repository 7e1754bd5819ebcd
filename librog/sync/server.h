/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_H
#define ROG_SYNC_SERVER_H

/*
 * The server's half of the protocol, without I/O.
 *
 * It holds the model W and for each worker i the model W_i that this worker holds, both as what has
 * been added since the start to the model that all began with. How a pushed row changes W is the
 * server optimizer's (rog/server_optimizer.h); what worker i still has to receive is p = W_i - W,
 * so the error feedback of its pulls is implicit (rog/codec.h).
 *
 * Why not W and W_i themselves: a step of a small learning rate is not much more than what a float
 * of the size of a weight can tell apart. In W it would be rounded at each push, and p, the
 * difference of two such numbers, would have few digits, down to a wrong sign. What has been added
 * is as small as the steps are, and so is its rounding. A worker adds what it receives to its own
 * model, where it is rounded as in the published system: W_i is what it was sent.
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
    struct rog_strategy_config policy; /* its model is that of the rows, its worker nobody */
    const struct rog_server_optimizer *optimizer; /* NULL: the first of rog_server_optimizers */
    const void *optimizer_parameters;             /* its struct of them, borrowed; NULL: none */
    double average; /* checkpoints have the average of W over about so many iterations (average.h);
                       0: W itself */
    const struct rog_magnitude_hook *magnitudes; /* borrowed; may be NULL */
};

/* start: rows->params floats, the model that all workers start from, borrowed; the server reads it
 * where it needs whole values, which is seldom, and writes it in rog_server_end and rog_server_load
 * alone. NULL: no values, see worker.h. */
int rog_server_new(struct rog_server **server, const struct rog_server_config *config, float *start,
                   struct rog_error *err);
void rog_server_free(struct rog_server *server);

/* Takes one message of `worker`. ROG_EFORMAT for one that is not well formed or comes out of turn,
 * ROG_EINVAL for a worker that does not exist or has left; nothing is changed then. After
 * ROG_ENOMEM, and after ROG_EINVAL for a strategy that answered nonsense, which is named then, the
 * server is of no use. */
int rog_server_receive(struct rog_server *server, uint32_t worker, const uint8_t *message,
                       size_t size, double now, struct rog_error *err);

/* The next message for `worker`, as rog_worker_send: requests for rows go first, then the pull.
 * ROG_EINVAL also for a worker that has left and for a strategy that planned nonsense. */
int rog_server_send(struct rog_server *server, uint32_t worker, double now, uint8_t *buffer,
                    size_t bytes, size_t *size, struct rog_error *err);

/* While a worker is held, its pull does not begin, also when it has been admitted: the server is
 * still making it. Requests to it are sent all the same. */
void rog_server_hold(struct rog_server *server, uint32_t worker, bool held);
/* Plans the pull of a worker that has been admitted before it can begin. *silent: it has no rows,
 * and nothing has to be made. ROG_EINVAL: the strategy planned nonsense. */
int rog_server_plan_pull(struct rog_server *server, uint32_t worker, double now, bool *silent,
                         struct rog_error *err);
/* How the server deals with a worker, where not as usual (all zero); to be set before the first
 * message. */
struct rog_server_ways {
    struct rog_sender sender; /* of pulls */
    bool asks_stalled_only;   /* it is asked for rows only while it is stalled itself */
};
void rog_server_set_ways(struct rog_server *server, uint32_t worker,
                         const struct rog_server_ways *ways);
/* The time budget of the pull that is being sent to the worker, s; 0 also while none is. */
double rog_server_budget_s(const struct rog_server *server, uint32_t worker);

/* When the strategy wants to be asked again about a worker that waits, on the run's clock;
 * INFINITY: at no time. Can change with any call that takes `now`. */
double rog_server_deadline(const struct rog_server *server);
/* Asks it, where that time has come. ROG_EINVAL: it answered nonsense. */
int rog_server_tick(struct rog_server *server, double now, struct rog_error *err);

/* ROG_EFAILED: the strategy cannot go on, and says why. For who waits: all calls that can fail ask
 * themselves. */
int rog_server_check_strategy(const struct rog_server *server, struct rog_error *err);

/* A worker has finished or is gone: it is no longer waited for. */
void rog_server_leave(struct rog_server *server, uint32_t worker, double now);

/* A worker comes back, or another one in its place, with none of what it had: it is to be given a
 * copy of the model W as it is now (start + rog_server_held, each in one addition of floats), and
 * goes on after *iteration, which is what rog_server_expect said, else where the slowest of the
 * others is, or with nobody there where the run has got to. Messages sent to it before, or by it,
 * must not reach it or the server any more. One that is still there leaves first.
 */
int rog_server_join(struct rog_server *server, uint32_t worker, double now, uint32_t *iteration,
                    struct rog_error *err);

/* The run goes on from a checkpoint: it had got to `iteration`, and nobody is there until
 * rog_server_join. For a server that has just been made. */
void rog_server_resume(struct rog_server *server, uint32_t iteration);
/* The iteration that a worker goes on after when a server goes on from this moment: the last whose
 * push is complete and after which it may go on. One whose leave to go on is lost with the server
 * makes that iteration again: whom it waited for has not made it either. ROG_SERVER_AWAY: it is not
 * there. */
#define ROG_SERVER_AWAY UINT32_MAX
uint32_t rog_server_goes_on_after(const struct rog_server *server, uint32_t worker);
/* After rog_server_resume: this worker was there, and is waited for until it joins, after that
 * iteration, or leaves. */
void rog_server_expect(struct rog_server *server, uint32_t worker, uint32_t iteration);

/* Of what changes the model; static. */
const char *rog_server_optimizer_name(const struct rog_server *server);
/* What a server that goes on needs beside a checkpoint (0 bytes: nothing), and giving it to one
 * that has just been made, with as many workers, and with the checkpoint's model as the start; that
 * is the model W after it. ROG_EFORMAT: not as many bytes. */
size_t rog_server_state_bytes(const struct rog_server *server);
void rog_server_save(const struct rog_server *server, uint8_t *bytes);
int rog_server_load(struct rog_server *server, const uint8_t *bytes, size_t size,
                    struct rog_error *err);

/* All of a server but the model that all started from: saved between two calls, and loaded by one
 * that has just been made of the same configuration and model, which then goes on as the first.
 * After a load that failed the server is good for nothing but to be freed. Needs
 * rog_strategy_saves. */
void rog_server_archive(struct rog_server *server, struct rog_archive *archive);

/* What happened, in order; call until it gives false. Sends become possible for the workers named:
 * ADMITTED (its pull), DEMANDED (a request to it). */
enum rog_server_notice_kind {
    ROG_SERVER_PUSH_BEGUN,
    ROG_SERVER_PUSHED,   /* the push is complete */
    ROG_SERVER_STALLED,  /* its pull has to wait: `blocker` is a worker it waits for, or one that
                            has the grant that it waits for */
    ROG_SERVER_ADMITTED, /* its pull begins */
    ROG_SERVER_DEMANDED, /* `rows` rows of it are asked for; `version` is the version needed */
    ROG_SERVER_PULL_SENT,
};
struct rog_server_notice {
    enum rog_server_notice_kind kind;
    uint32_t worker, iteration;
    uint32_t blocker, rows, version;
    uint32_t oldest; /* ADMITTED: smallest version over all rows of all active workers */
    /* ADMITTED, STALLED: the largest version the strategy asked for. STALLED, where it asked for
     * none: the iteration it waits for. ADMITTED by a quorum: 0. */
    uint32_t needed;
    /* ADMITTED: workers that have a grant, this one with them; 0: the strategy grants nothing */
    uint32_t granted;
    /* ADMITTED, where the strategy promises something about it (iteration_bound, least_quorum): the
     * last complete push of the slowest active worker, how many active workers have completed one
     * of this iteration, and how many there are; else 0. */
    uint32_t slowest, reached, active;
    double now;
};
bool rog_server_notice(struct rog_server *server, struct rog_server_notice *notice);

/* The table, for checks and tests. Borrowed, valid until the next call. */
void rog_server_versions(const struct rog_server *server, struct rog_version_view *view);
/* What is to be added to the start to have W, and W_i, the model that a worker holds once all that
 * was sent to it has arrived: rows->params floats, borrowed; NULL without values. */
const float *rog_server_change(const struct rog_server *server);
const float *rog_server_held(const struct rog_server *server, uint32_t worker);
/* The same of the model that checkpoints have: W, or its average. */
const float *rog_server_saved_change(const struct rog_server *server);
/* Nothing comes any more: W takes the place of the start, to which nothing has been added. After
 * that the server is good for nothing but a last checkpoint. */
void rog_server_end(struct rog_server *server);
/* Largest iteration any worker has pushed. */
uint32_t rog_server_iteration(const struct rog_server *server);

#endif
