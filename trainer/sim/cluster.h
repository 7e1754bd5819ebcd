/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_CLUSTER_H
#define ROG_SIM_CLUSTER_H

/*
 * The virtual cluster: the protocol of librog/sync between one server and N workers, moved by a
 * clock that jumps from event to event. No thread, no real time, no random number but those that
 * made the traces: the same configuration gives the same events.
 *
 * A worker's iteration, and what of it is measured (the four add up to the time between two ends
 * of iterations):
 *   compute_s  local steps of step_s each, or what was recorded (step_times)
 *   push_s     compress_s, then its push until the last byte is at the server
 *   stall_s    from then until the server admits its pull
 *   pull_s     its pull until the last byte is at the worker, then decompress_s
 * Rows that the server demands are sent at once, whatever the worker is doing. A push or a pull of
 * no rows is neither ranked nor compressed, made or decompressed, and takes none of these times.
 *
 * Where computing and exchanging overlap, the local steps of the next iteration begin with the push
 * of this one, and the next push begins when both are through. Then compute_s is what is left of
 * the steps when the exchange is over, so that the four still add up. A device that compresses or
 * decompresses does not compute meanwhile.
 *
 * Network: one message at a time is on the air in each direction of a worker's link; how long that
 * takes is the medium's affair (medium.h; "independent": every worker has its trace's rate to
 * itself, and sending does not slow receiving). It arrives `latency` after its last bit went out. A
 * message of b bytes of the trained model occupies b * wire_scale bytes. Messages are cut to about
 * 1/128 of a full exchange (exchange.h), and between two of them the sender decides anew. What is
 * not out when the worker that it is for leaves is cut off.
 *
 * What the published system (ROG, MICRO 2022, and its logs) took besides; each is a setting of a
 * worker that is off unless it is given:
 * - server_unpack_s: the server has one processor, which all that it does at a time share
 *   (processor.h); a push counts as pushed when it is unpacked, a part of the model taking its
 *   share of this
 * - server_compress_s: a pull begins when it is made
 * - server_rank_s: what that takes longer under a strategy that does not send everything
 * - rank_s: the same for a worker's push
 * - unpack_rows_s: decompress_s under such a strategy
 * - pace_s: the worker sleeps after its steps, which counts as computing, so that devices of
 *   different speed take the same time
 * - pace_rows_s: the same under such a strategy, without unpacking
 * - packet_headers: each byte of a message takes so many more on the link
 * - send_buffer: who has no time budget hands its messages to the kernel as long as fewer bytes
 *   than this wait there, and takes them for sent: what is recorded as the time of such a
 *   transmission, and makes later budgets, is short. Nothing arrives earlier by it
 * - answers: "waiting": a worker of one thread hears requests for rows only between the end of
 *   its push and that of its pull; "stalled": it is asked only while the server lets it stall
 * - batch_rows, budget_step_s: how plans are carried out, both ways (librog/sync/sending.h)
 * - drains: who has a time budget leaves all to its kernel at once. What is not through at the end
 *   of the budget still drains: beside what is sent without a budget, each getting half of the
 *   link, before what is sent with one. It fills idle links first
 * - server_takes: "pushes": the server hears of a push, or of an answer to a request, when it has
 *   all of it unpacked
 * - zero_mbps: a 0 of the trace stands for this rate
 *
 * Left out: packets one by one, loss and what a transport protocol makes of it.
 *
 * Power: watts_compute while computing, compressing and decompressing; watts_communicate while
 * pushing, pulling and, when stalled, while demanded rows are on their way; else watts_stall. Who
 * computes and communicates at once takes watts_compute and what communicating takes beyond
 * waiting. A worker that has finished takes nothing.
 *
 * End: every worker runs to its own last iteration, or until whoever computes for it says that it
 * is through. That is so at the moment where the local steps that it makes instead would have
 * ended, and their iteration is not counted. One that is through leaves and is not waited for; the
 * others go on. With `seconds` the run ends at that time at the latest, and iterations in progress
 * then are not counted.
 *
 * Transfers: who computes for a worker may move values by means of its own, and have the bytes of
 * it travel: a message up the worker's link, a wait until those of all workers that are not through
 * are at the server, and one down. It has control again at the moment when that has arrived, and no
 * more of its steps' time passes; it may transfer again, end the iteration, or exchange as others
 * do. Of the record of an iteration push_s, stall_s and pull_s have the three parts of all its
 * transfers. Compressing, unpacking and the server's processor have no part in them, and budgets
 * and send buffers neither. A run with transfers has no more snapshots from the first one on, and
 * does not compute while it exchanges (overlap).
 *
 * Who computes: hooks. A worker's model is final when its local steps begin, and what they come to
 * is needed when they end, in virtual time. What a hook does with the real time in between, and how
 * long it takes, changes nothing in the run; so workers can compute at the same time.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/run_config.h>
#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/sync/rows.h>
#include <librog/sync/sending.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/server_optimizer.h>
#include <rog/strategy.h>

/* Cumulative energy is reported so often, and at the end. */
#define ROG_CLUSTER_ENERGY_PERIOD_S 10.0

struct rog_sim_cluster;

/* Local steps of a worker. */
struct rog_cluster_turn {
    uint32_t worker;    /* zero-based */
    uint32_t iteration; /* from 1 on */
    uint32_t steps;
    float *params; /* the worker's model; NULL without values */
};

/* What they came to. */
struct rog_cluster_work {
    const float **gradients; /* [tensor], to be filled in: the mean over the steps, borrowed until
                                the next hook is called; NULL for a tensor that has none this time,
                                and as it begins. NULL where deltas are pushed, which are what the
                                steps have changed in params, and without values */
    const struct rog_rule *rules; /* to be set, borrowed: how gradients become updates */
    uint32_t rule_count;          /* 1: for all tensors; or one for each */
    double loss;                  /* NAN, as it begins: none */
};

/* What a worker's local steps end with. */
enum rog_cluster_end {
    ROG_CLUSTER_PUSHES,    /* an exchange: hook `work` has what is pushed */
    ROG_CLUSTER_THROUGH,   /* the worker makes no more iterations; this one is not counted */
    ROG_CLUSTER_TRANSFERS, /* a message of its own, and one back; then it has control again */
    ROG_CLUSTER_APART,     /* nothing: what it has transferred was the iteration's exchange */
};

struct rog_cluster_ending {
    enum rog_cluster_end kind;     /* ROG_CLUSTER_PUSHES, as it begins */
    uint64_t bytes_up, bytes_down; /* of a transfer; 0: no message */
    /* Of an iteration apart. */
    double loss;        /* NAN: none */
    const float *model; /* what checkpoints have from here on, rows->params floats; NULL: what they
                           had before */
};

/* What a cluster needs from outside; all borrowed. The hooks return 0 or a rog_code with *err
 * filled, which ends the run. */
struct rog_cluster_config {
    const struct rog_run_config *run; /* workers, schedule, momentum, latency, seconds, ... */
    const uint32_t *iterations;       /* [worker]: its last iteration, > 0; UINT32_MAX: it goes on
                                         until it is through, or `seconds` are over */
    const struct rog_strategy *strategy;
    int32_t threshold;
    const void *parameters;                       /* the strategy's own; NULL: none */
    const struct rog_server_optimizer *optimizer; /* NULL: the first of rog_server_optimizers */
    const void *optimizer_parameters;             /* its struct of them; NULL: none */
    const struct rog_contribution_config *contribution; /* NULL: rog_contribution_default */
    const struct rog_rows *rows;
    double wire_scale;
    float *params; /* rows->params floats, what the model is at first and, once the run is over,
                      what it has become; NULL: policy and network only, no values travel and no
                      checkpoints are taken */
    struct rog_events *events;
    struct rog_layers *layers;                   /* NULL: rows are not recorded */
    const struct rog_magnitude_hook *magnitudes; /* NULL: without values all rows are the same */

    void *user; /* of the hooks */
    /* May be NULL: where a worker's model is to lie, rows->params floats that belong to whoever
     * computes. They are filled in when the run begins; where it is resumed they are as they were
     * when the state was saved. NULL, or for a worker: in memory of the cluster's own. */
    float *(*values)(void *user, uint32_t worker);
    /* May be NULL. Local steps begin. Until they have ended the cluster does not write into params,
     * and does not read them where deltas are pushed; gradients leave them as they are. Statistics
     * are those of the public face (rog/rog.h). */
    int (*begin)(void *user, const struct rog_cluster_turn *turn,
                 const struct rog_statistics *statistics, struct rog_error *err);
    /* May be NULL. They have ended: with what can be set. What is below for such hooks can be
     * called. */
    int (*ended)(void *user, struct rog_sim_cluster *cluster, const struct rog_cluster_turn *turn,
                 struct rog_cluster_ending *ending, struct rog_error *err);
    /* What they came to, asked for when it is pushed: there or when it is compressed. NULL: nothing
     * is computed. */
    int (*work)(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *work,
                struct rog_error *err);
    /* May be NULL: called before each event, in real time between two of them, so that whoever has
     * computed need not wait until he is asked for. Changes nothing that the cluster can see. */
    int (*meanwhile)(void *user, struct rog_error *err);
    /* May be NULL. The run is over, and workers' models are as they stay. */
    int (*over)(void *user, struct rog_sim_cluster *cluster, struct rog_error *err);
    /* Saves the model as checkpoints have it, which is params + change; index counts
     * from 0. */
    int (*checkpoint)(void *user, const float *change, uint32_t index, double t_s,
                      uint32_t iteration, struct rog_error *err);
    /* May be NULL: whether to stop (ROG_EINTR). */
    bool (*interrupted)(void *user);
    /* May be NULL: called every few events, between two of them, so that the state of the moment
     * can be saved (rog_cluster_archive). */
    int (*snapshot)(void *user, struct rog_sim_cluster *cluster, double now_s,
                    struct rog_error *err);
    /* NULL: the run begins at 0 s. Else it goes on from the state that this loads, which was saved
     * by a cluster of the same configuration, with the events that follow from there. */
    struct rog_archive *resume;
};

struct rog_cluster_result {
    double seconds;
    uint32_t iterations;                 /* largest of any worker, whole ones */
    uint64_t sent_bytes, received_bytes; /* both directions, before scaling */
    uint64_t in_flight_bytes;            /* sent but not received when the run ended */
    uint64_t cut_bytes; /* not out yet when the worker they were for left: never received */
};

/* Everything that the cluster will do depends on beside the configuration, the model included; the
 * hooks' own state is theirs, and so are models that lie with them (`values`). Needs
 * rog_strategy_saves (librog/sync/sending.h). */
void rog_cluster_archive(struct rog_sim_cluster *cluster, struct rog_archive *archive);

/* For hooks `ended` of that worker and `over`. rog_worker_state (librog/sync/worker.h): */
void rog_cluster_state(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t tensor,
                       float **momentum, float **update);
/* Its statistics as of now. */
void rog_cluster_statistics(const struct rog_sim_cluster *cluster, uint32_t worker,
                            struct rog_statistics *statistics);
/* Puts into its model what it has pulled meanwhile, where they overlap, instead of with the push
 * that follows. */
void rog_cluster_settle(struct rog_sim_cluster *cluster, uint32_t worker);

/* Runs from 0 s, or from where `resume` is, to the end. Besides the hooks' errors: ROG_EINVAL and
 * ROG_ENOTFOUND for a trace that cannot be used, ROG_EFAILED when the strategy lets nobody go on,
 * ROG_EIO for the events; what resume->err has (ROG_EFORMAT: damaged, or of another configuration)
 * before anything else has happened. */
int rog_cluster_run(const struct rog_cluster_config *config, struct rog_cluster_result *result,
                    struct rog_error *err);

#endif
