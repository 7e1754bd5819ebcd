/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_CLUSTER_H
#define ROG_SIM_CLUSTER_H

/*
 * The virtual cluster: the protocol of librog/sync between one server and N workers, driven by a
 * clock that jumps from event to event. It uses no thread, no real time, and no random numbers
 * except those that generated the traces: the same configuration gives the same events.
 *
 * The time of a worker's iteration is measured in four parts, which add up to the time between the
 * ends of two iterations:
 *   compute_s  local steps of step_s each, or a recorded time (step_times)
 *   push_s     compress_s, then the push until its last byte is at the server
 *   stall_s    from then until the server admits the pull
 *   pull_s     the pull until its last byte is at the worker, then decompress_s
 * Rows that the server demands are sent at once, whatever the worker is doing. A push or a pull
 * without rows is not ranked, compressed, made or decompressed, and takes none of these times.
 *
 * If computing and exchanging overlap, the local steps of the next iteration begin with the push of
 * this one, and the next push begins when both have ended. compute_s is then the part of the steps
 * that remains after the exchange, so that the four parts still add up. A device does not compute
 * while it compresses or decompresses.
 *
 * Network: in each direction of a worker's link one message at a time is on the air. The medium
 * decides how long it takes (medium.h; "independent": every worker has its trace's rate to itself,
 * and sending does not slow receiving). A message arrives `latency` after its last bit was sent. A
 * message with b bytes of the trained model occupies b * wire_scale bytes. Messages are cut to
 * about 1/128 of a full exchange (exchange.h), and the sender decides between two messages whether
 * to continue. When a worker leaves, bytes for it that have not been sent are discarded.
 *
 * The published system (ROG, MICRO 2022, and its logs) spent more time than this. Each of these
 * times is a setting of a worker, off by default:
 * - server_unpack_s: the server has one processor, which its jobs share (processor.h); a push
 *   counts as pushed when it is unpacked, and a part of the model takes its share of this time
 * - server_compress_s: the time to make a pull, before it begins
 * - server_rank_s: additional time of the same under a strategy that does not send everything
 * - rank_s: the same for a worker's push
 * - unpack_rows_s: decompress_s under such a strategy
 * - pace_s: the worker sleeps after its steps, which counts as computing, so that devices of
 *   different speed take the same time
 * - pace_rows_s: the same under such a strategy, without unpacking
 * - packet_headers: bytes of headers for each byte of a message
 * - send_buffer: a sender without a time budget hands its messages to the kernel as long as fewer
 *   bytes than this wait there, and counts them as sent. Therefore the time recorded for such a
 *   transmission, from which later budgets are computed, is short. Nothing arrives earlier
 * - answers: "waiting": a worker of one thread receives requests for rows only between the end of
 *   its push and that of its pull; "stalled": the server sends requests only while the worker
 *   stalls
 * - batch_rows, budget_step_s: how plans are carried out, in both directions
 *   (librog/sync/sending.h)
 * - drains: a sender with a time budget hands everything to its kernel at once. What has not been
 *   transmitted at the end of the budget still drains: beside messages without a budget, each
 *   getting half of the link, and before messages with one. It uses idle links first
 * - server_takes: "pushes": the server handles a push, or an answer to a request, when all of it is
 *   unpacked
 * - zero_mbps: the rate that replaces a 0 of the trace
 *
 * Not modelled: single packets, packet loss, and the reaction of a transport protocol to it.
 *
 * Power: watts_compute while computing, compressing and decompressing; watts_communicate while
 * pushing or pulling, and while a stalled worker sends demanded rows; otherwise watts_stall. A
 * worker that computes and communicates at once takes watts_compute plus what communicating takes
 * beyond waiting. A worker that has finished takes nothing.
 *
 * End: every worker runs to its last iteration, or until its computing hook returns
 * ROG_CLUSTER_THROUGH. That takes effect when the local steps of that iteration would have ended,
 * and the iteration is not counted. Such a worker leaves and is not waited for; the others
 * continue. With `seconds` the run ends at that time at the latest, and iterations in progress then
 * are not counted.
 *
 * Transfers: the code that computes for a worker may move values by its own means, and let the
 * cluster transmit their bytes: a message up the worker's link, a wait until the messages of all
 * workers that have not finished are at the server, and a message down. The hook has control again
 * when that message has arrived, and no more time passes for its steps; it may transfer again, end
 * the iteration, or exchange as others do. In the record of the iteration push_s, stall_s and
 * pull_s include the three parts of all its transfers. Compressing, unpacking, the server's
 * processor, budgets and send buffers do not apply to transfers. From its first transfer on, a run
 * has no more snapshots. A worker with transfers cannot compute while it exchanges (overlap).
 *
 * Computing is done by hooks. A worker's model is final when its local steps begin, and their
 * result is needed when they end, in virtual time. What a hook does in real time in between, and
 * how long it takes, does not change the run; so workers can compute in parallel.
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

/* Interval at which cumulative energy is reported; also reported at the end. */
#define ROG_CLUSTER_ENERGY_PERIOD_S 10.0

struct rog_sim_cluster;

/* The local steps of one iteration of a worker. */
struct rog_cluster_turn {
    uint32_t worker;    /* zero-based */
    uint32_t iteration; /* counted from 1 */
    uint32_t steps;
    float *params; /* the worker's model; NULL if the run has no values */
};

/* The result of the local steps. */
struct rog_cluster_work {
    const float **gradients;      /* [tensor], filled in by the hook: the mean over the steps,
                                     borrowed until the next hook is called; NULL, the initial value,
                                     for a tensor without a gradient. The array itself is NULL if the
                                     run has no values, and if deltas are pushed, which are the
                                     changes of params by the steps */
    const struct rog_rule *rules; /* set by the hook, borrowed: how gradients become updates */
    uint32_t rule_count;          /* 1: the same rule for all tensors; or one rule for each */
    double loss;                  /* NAN, the initial value: no loss */
};

/* How a worker's local steps end. */
enum rog_cluster_end {
    ROG_CLUSTER_PUSHES,    /* with an exchange: hook `work` returns what to push */
    ROG_CLUSTER_THROUGH,   /* the worker makes no more iterations; this one is not counted */
    ROG_CLUSTER_TRANSFERS, /* with a transfer, up and down; then the hook has control again */
    ROG_CLUSTER_APART,     /* without an exchange: the iteration's exchange was by transfers */
};

struct rog_cluster_ending {
    enum rog_cluster_end kind;     /* initially ROG_CLUSTER_PUSHES */
    uint64_t bytes_up, bytes_down; /* of a transfer; 0: no message */
    /* Members of ROG_CLUSTER_APART. */
    double loss;        /* NAN: no loss */
    const float *model; /* the model of checkpoints from now on, rows->params floats; NULL: no
                           change */
};

/* The inputs of a cluster; all borrowed. The hooks return 0 or a rog_code with *err filled, which
 * ends the run. */
struct rog_cluster_config {
    const struct rog_run_config *run; /* workers, schedule, momentum, latency, seconds, ... */
    const uint32_t *iterations;       /* [worker]: its last iteration, > 0; UINT32_MAX: it
                                         continues until its hook returns ROG_CLUSTER_THROUGH or
                                         `seconds` have passed */
    const struct rog_strategy *strategy;
    int32_t threshold;
    const void *parameters;                       /* the strategy's parameters; NULL: none */
    const struct rog_server_optimizer *optimizer; /* NULL: the first of rog_server_optimizers */
    const void *optimizer_parameters;             /* its parameters; NULL: none */
    const struct rog_contribution_config *contribution; /* NULL: rog_contribution_default */
    const struct rog_rows *rows;
    double wire_scale;
    float *params; /* rows->params floats: the initial model and, after the run, the final one;
                      NULL: the run has only policy and network, values are not transmitted and
                      no checkpoints are taken */
    struct rog_events *events;
    struct rog_layers *layers;                   /* NULL: rows are not recorded */
    const struct rog_magnitude_hook *magnitudes; /* NULL: all rows are alike in a run without
                                                    values */

    void *user; /* first argument of the hooks */
    /* May be NULL. Returns the memory for a worker's model, rows->params floats that belong to the
     * hook's owner. The cluster fills it when the run begins; if the run is resumed, it holds the
     * values from when the state was saved. If this is NULL, or returns NULL for a worker, the
     * cluster allocates the memory. */
    float *(*values)(void *user, uint32_t worker);
    /* May be NULL. Called when local steps begin. Until they have ended the cluster does not write
     * to params, and does not read them if deltas are pushed; the hook leaves them unchanged if
     * gradients are. Statistics are those of the public API (rog/rog.h). */
    int (*begin)(void *user, const struct rog_cluster_turn *turn,
                 const struct rog_statistics *statistics, struct rog_error *err);
    /* May be NULL. Called when the local steps have ended; sets *ending. It may call the functions
     * below that are declared for such hooks. */
    int (*ended)(void *user, struct rog_sim_cluster *cluster, const struct rog_cluster_turn *turn,
                 struct rog_cluster_ending *ending, struct rog_error *err);
    /* Returns the result of the local steps. Called when the result is pushed, either then or when
     * it is compressed. NULL: nothing is computed. */
    int (*work)(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *work,
                struct rog_error *err);
    /* May be NULL. Called before each event, in real time between two of them, so that code that
     * has finished computing need not wait until its result is requested. It changes nothing that
     * the cluster can see. */
    int (*meanwhile)(void *user, struct rog_error *err);
    /* May be NULL. Called after the run, when the workers' models are final. */
    int (*over)(void *user, struct rog_sim_cluster *cluster, struct rog_error *err);
    /* Saves the model of a checkpoint, which is params + change; index counts from 0. */
    int (*checkpoint)(void *user, const float *change, uint32_t index, double t_s,
                      uint32_t iteration, struct rog_error *err);
    /* May be NULL. Returns true if the run must stop (ROG_EINTR). */
    bool (*interrupted)(void *user);
    /* May be NULL. Called every few events, between two of them, so that the current state can be
     * saved (rog_cluster_archive). */
    int (*snapshot)(void *user, struct rog_sim_cluster *cluster, double now_s,
                    struct rog_error *err);
    /* NULL: the run begins at 0 s. Otherwise the run resumes from the state in this archive, which
     * was saved by a cluster of the same configuration, and writes the events that follow. */
    struct rog_archive *resume;
};

struct rog_cluster_result {
    double seconds;
    uint32_t iterations;                 /* the largest number of complete iterations of any
                                            worker */
    uint64_t sent_bytes, received_bytes; /* both directions, before scaling */
    uint64_t in_flight_bytes;            /* sent but not received when the run ended */
    uint64_t cut_bytes;                  /* not yet sent when their worker left: never received */
};

/* Saves or loads the whole state that the rest of the run depends on besides the configuration, the
 * model included. The hooks save their own state, and models in their memory (`values`). Needs
 * rog_strategy_saves (librog/sync/sending.h). */
void rog_cluster_archive(struct rog_sim_cluster *cluster, struct rog_archive *archive);

/* Returns what rog_worker_state does (librog/sync/worker.h). For hooks `ended` of that worker and
 * `over`: */
void rog_cluster_state(struct rog_sim_cluster *cluster, uint32_t worker, uint32_t tensor,
                       float **momentum, float **update);
/* Returns the worker's statistics at this moment. */
void rog_cluster_statistics(const struct rog_sim_cluster *cluster, uint32_t worker,
                            struct rog_statistics *statistics);
/* If computing and exchanging overlap: adds the last pull to the worker's model now instead of with
 * the next push. */
void rog_cluster_settle(struct rog_sim_cluster *cluster, uint32_t worker);

/* Runs from 0 s, or from the state in `resume`, to the end. Besides the hooks' errors: ROG_EINVAL
 * and ROG_ENOTFOUND for a trace that cannot be used, ROG_EFAILED if the strategy never admits the
 * remaining workers, ROG_EIO if events cannot be written; and the error in resume->err
 * (ROG_EFORMAT: damaged, or of another configuration) before anything else has happened. */
int rog_cluster_run(const struct rog_cluster_config *config, struct rog_cluster_result *result,
                    struct rog_error *err);

#endif
