/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_CLUSTER_STATE_H
#define ROG_SIM_CLUSTER_STATE_H

/*
 * Internals of a virtual cluster, shared by the files that implement it. Each file calls only those
 * above it:
 *   cluster_state.c     states of workers and their energy; adding events
 *   cluster_links.c     messages from a sender to the end of their link
 *   cluster_server.c    the server's processor and notices
 *   cluster_transfer.c  transfers by the code that computes, and their meeting at the server
 *   cluster_node.c      an iteration of a worker, from beginning to end
 *   cluster_messages.c  messages that arrive; dispatch of events
 *   cluster_archive.c   the whole state as bytes, saved and loaded
 *   cluster.c           a run, from its configuration to its result
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/server.h>
#include <librog/sync/worker.h>
#include <librog/trace/trace.h>
#include <trainer/run/schedule.h>
#include <trainer/sim/cluster.h>
#include <trainer/sim/medium.h>
#include <trainer/sim/processor.h>
#include <trainer/sim/queue.h>
#include <trainer/sim/slots.h>
#include <trainer/sim/times.h>

/* Kinds of rog_queue_item. */
enum rog_sim_event {
    ROG_SIM_COMPUTED,
    ROG_SIM_COMPRESSED,
    ROG_SIM_DECOMPRESSED,
    ROG_SIM_ARRIVED_UP,
    ROG_SIM_ARRIVED_DOWN,
    ROG_SIM_SERVED,      /* the server's processor has finished a job; `slot` is the processor's
                            change */
    ROG_SIM_TRANSFERRED, /* the end of a transfer without a message down */
    ROG_SIM_RETURNED,    /* the code that computes returns after a transfer, without delay */
    ROG_SIM_WORK_KINDS,  /* without a pending event of a kind above, the run is stuck */
    ROG_SIM_BANDWIDTH = ROG_SIM_WORK_KINDS,
    ROG_SIM_ENERGY,
    ROG_SIM_CHECKPOINT,
    ROG_SIM_DEADLINE,
    ROG_SIM_KINDS
};

enum rog_sim_state {
    ROG_SIM_COMPUTING,
    ROG_SIM_COMPRESSING,
    ROG_SIM_PUSHING,
    ROG_SIM_STALLED, /* pushed, not yet admitted */
    ROG_SIM_PULLING,
    ROG_SIM_DECOMPRESSING,
    ROG_SIM_FINISHED, /* makes no more iterations; still sends demanded rows */
    ROG_SIM_LEFT,
};

struct rog_sim_link {
    struct rog_slot_list queue; /* messages not yet sent: the one on the air, and those in the
                                   sender's kernel */
    uint32_t queued;            /* number of messages in `queue` */
    double queued_bytes;        /* their bytes on the wire */
    uint32_t in_flight;         /* messages sent and not yet handled by the receiver */
    uint64_t bytes;             /* bytes received since the last iteration ended */
    uint64_t stream_bytes;      /* bytes of the messages of the current push or pull so far */
    double left_bytes;          /* bytes on the wire that were sent in vain and still drain */
    double idle_s;              /* time of the last message's end, since when only these bytes
                                   drain */
};

/* The transfers of an iteration. */
struct rog_sim_transfers {
    bool waits; /* the current transfer is at the server */
    uint64_t bytes_down;
    uint32_t count; /* transfers that have ended */
    double over_s;  /* time at which the last one ended */
    double push_s, stall_s, pull_s;
};

struct rog_sim_node {
    const struct rog_run_worker *profile;
    struct rog_worker *core;
    bool only_waiting; /* receives requests only while it waits for its pull */
    bool pushes_whole; /* the server handles only complete pushes */
    float *params;
    float *own; /* the same memory if the cluster owns it; otherwise NULL */
    struct rog_trace *trace;
    double trace_start_s;   /* the trace's time at 0 s of the run */
    struct rog_times times; /* recorded times of iterations; empty: those of the profile */
    double change_s;        /* time of the trace at which the rate changes next */
    double mbps;            /* the last reported rate */

    enum rog_sim_state state;
    uint32_t iterations; /* complete iterations */
    double loss;
    struct rog_statistics counted; /* counts over its iterations; members that describe a moment
                                      are unset */
    /* Times of the iteration in progress. */
    double began_s, computed_s, pushed_s, admitted_s;
    struct rog_sim_transfers transfers;
    bool stall_reported;
    bool lagged; /* its gradient or delta is of a model without the previous exchange */
    /* The next iteration, if it is computed during this one's exchange. */
    bool ahead;      /* true if so */
    bool ahead_over; /* its steps have ended */
    double ahead_s;  /* time at which the steps end */
    double steps_s;  /* duration of the last local steps */
    struct rog_sim_link link[2];
    /* Messages that have arrived and wait until the server has unpacked the push that the first of
     * them ends. */
    struct rog_slot_list held;
    struct rog_slot_list unheard; /* requests that have arrived and that the worker has not
                                     received yet */

    double joules, metered_s;
};

struct rog_sim_cluster {
    const struct rog_cluster_config *config;
    struct rog_server *server;
    struct rog_sim_node *nodes; /* [workers] */
    uint32_t workers;
    float **places;                      /* [tensor] of the worker that is being created */
    const float **gradients;             /* [tensor] of the current push */
    struct rog_medium_station *stations; /* [workers] */
    struct rog_air air;
    struct rog_queue queue;
    uint64_t order; /* of the last event or transmission */
    struct rog_slots slots;
    struct rog_processor processor; /* the server's */
    bool taking_notices;            /* rog_sim_take_notices is running */
    bool selects;                   /* the strategy does not always send everything */
    bool may_be_silent;             /* the strategy may send nothing */
    struct rog_schedule schedule;
    double now_s;
    double energy_reported_s;
    uint64_t work;    /* events of the work kinds in the queue */
    uint32_t asked;   /* times that the strategy was asked again since the last event */
    uint32_t running; /* workers that have not finished */
    uint32_t iterations;
    bool over;
    bool transfers;      /* the run has had transfers or iterations without an exchange */
    float *handed_model; /* the model of checkpoints in such a run; NULL: the server's model */
    struct rog_cluster_result *result;
};

/* ---- cluster_state.c ---- */

/* Adds an event behind all others of its time. */
int rog_sim_put(struct rog_sim_cluster *cluster, enum rog_sim_event kind, double t_s,
                uint32_t worker, uint32_t slot, struct rog_error *err);
/* The same, at a place in the order that was reserved before. */
int rog_sim_put_at(struct rog_sim_cluster *cluster, enum rog_sim_event kind, struct rog_moment at,
                   uint32_t worker, uint32_t slot, struct rog_error *err);
/* Adds the energy that the node has used until now. */
void rog_sim_meter(struct rog_sim_cluster *cluster, struct rog_sim_node *node);
void rog_sim_enter(struct rog_sim_cluster *cluster, struct rog_sim_node *node,
                   enum rog_sim_state state);

bool rog_sim_pushes_deltas(const struct rog_sim_cluster *cluster);

/* ---- cluster_links.c ---- */

/* Opens the medium. The nodes must have their traces. */
int rog_sim_links_init(struct rog_sim_cluster *cluster, struct rog_error *err);
void rog_sim_links_release(struct rog_sim_cluster *cluster);
/* Sends a message without content, of a transfer. */
int rog_sim_send_bytes(struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction, uint64_t bytes, struct rog_error *err);
/* Sends messages in a direction as long as there are any and the sender may send. */
int rog_sim_pump(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                 struct rog_error *err);
/* Handles the end of the message on the air and sends the next one. */
int rog_sim_sent(struct rog_sim_cluster *cluster, struct rog_medium_link at, struct rog_error *err);
/* Discards the messages of this direction that have not been sent yet. */
void rog_sim_cut(struct rog_sim_cluster *cluster, uint32_t worker,
                 enum rog_sim_direction direction);

/* ---- cluster_server.c ---- */

enum rog_sim_server_job { ROG_SIM_UNPACK, ROG_SIM_MAKE_PULL, ROG_SIM_SERVER_JOBS };

int rog_sim_give_work(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_server_job job,
                      double work_s, struct rog_error *err);
/* Returns false if the event is about a job that has been delayed since. */
bool rog_sim_work_done(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                       uint32_t *worker, enum rog_sim_server_job *job);
/* Adds an event for the job that ends next. */
int rog_sim_expect_work(struct rog_sim_cluster *cluster, struct rog_error *err);
/* Handles the server's notices. */
int rog_sim_take_notices(struct rog_sim_cluster *cluster, struct rog_error *err);

/* ---- cluster_transfer.c ---- */

/* Sends the worker's part of a transfer; `ending` has the number of bytes. */
int rog_sim_transfer(struct rog_sim_cluster *cluster, uint32_t worker,
                     const struct rog_cluster_ending *ending, struct rog_error *err);
/* Handles the arrival of this part at the server. */
int rog_sim_transfer_up(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* Sends the answers if the parts of all workers have arrived. */
int rog_sim_transfer_meet(struct rog_sim_cluster *cluster, struct rog_error *err);
/* Handles the arrival of a worker's answer: records the times. */
void rog_sim_transfer_over(struct rog_sim_cluster *cluster, uint32_t worker);
/* Copies the model that checkpoints have from now on. */
int rog_sim_take_model(struct rog_sim_cluster *cluster, const float *model, struct rog_error *err);

/* ---- cluster_node.c ---- */

/* Begins the next iteration, or finishes the worker. */
int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_computed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* Ends a transfer: the code that computes for the worker has control again. */
int rog_sim_transferred(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* Handles what that code does next. */
int rog_sim_returned(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_compressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* Handles the arrival of the complete pull. */
int rog_sim_pulled(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_decompressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* Lets a finished worker leave as soon as its demanded rows have been sent. */
int rog_sim_leave(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);

/* ---- cluster_messages.c ---- */

/* Handles an event of one of the work kinds. */
int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err);
/* Handles the event on the air that is due now. */
int rog_sim_work_on_air(struct rog_sim_cluster *cluster, struct rog_error *err);

#endif
