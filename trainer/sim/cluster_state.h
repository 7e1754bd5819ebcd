/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_CLUSTER_STATE_H
#define ROG_SIM_CLUSTER_STATE_H

/*
 * The inside of a virtual cluster, shared by the files that make one up. Each calls those above it
 * alone:
 *   cluster_state.c     what a worker is doing, and the energy that takes; putting events in
 *   cluster_links.c     messages from a sender to the end of their link
 *   cluster_server.c    the server's processor, and what the server says
 *   cluster_transfer.c  messages of whoever computes for a worker, and their meeting at the server
 *   cluster_node.c      an iteration of a worker, from its beginning to its end
 *   cluster_messages.c  messages where they arrive; who handles which event
 *   cluster_archive.c   all of it as bytes, and back
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
    ROG_SIM_SERVED,      /* the server's processor is done with a job; `slot` is its change */
    ROG_SIM_TRANSFERRED, /* a transfer that brings nothing is over */
    ROG_SIM_RETURNED,    /* control has been given back after a transfer, and nothing takes time */
    ROG_SIM_WORK_KINDS,  /* without any of the above nothing will ever happen again */
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
    ROG_SIM_STALLED, /* pushed, not admitted */
    ROG_SIM_PULLING,
    ROG_SIM_DECOMPRESSING,
    ROG_SIM_FINISHED, /* through; still sends what it was asked for */
    ROG_SIM_LEFT,
};

struct rog_sim_link {
    struct rog_slot_list queue; /* messages that are not out yet: the one on the air, and those that
                                   the sender's kernel has */
    uint32_t queued;            /* how many */
    double queued_bytes;        /* of these, on the wire */
    uint32_t in_flight;         /* messages that have not been handled where they are going */
    uint64_t bytes;             /* received since the last iteration ended */
    uint64_t stream_bytes;      /* of the messages of what is being sent */
    double left_bytes;          /* on the wire: what was sent for nothing and still drains */
    double idle_s;              /* when the last message was out: since then nothing else does */
};

/* The transfers of an iteration. */
struct rog_sim_transfers {
    bool waits; /* the one that goes on is at the server */
    uint64_t bytes_down;
    uint32_t count; /* those that are over */
    double over_s;  /* when the last one was */
    double push_s, stall_s, pull_s;
};

struct rog_sim_node {
    const struct rog_run_worker *profile;
    struct rog_worker *core;
    bool only_waiting; /* it hears requests only while it waits for its pull */
    bool pushes_whole; /* the server takes them so */
    float *params;
    float *own; /* the same where they are the cluster's; else NULL */
    struct rog_trace *trace;
    double trace_start_s;   /* the trace's time at 0 s of the run */
    struct rog_times times; /* recorded ones of iterations; none: the profile's */
    double change_s;        /* of the trace: when the rate changes next */
    double mbps;            /* as reported last */

    enum rog_sim_state state;
    uint32_t iterations; /* done */
    double loss;
    struct rog_statistics counted; /* of its iterations; not those that are of a moment */
    /* Of the iteration in progress. */
    double began_s, computed_s, pushed_s, admitted_s;
    struct rog_sim_transfers transfers;
    bool stall_reported;
    bool lagged; /* its gradient or delta is of a model without the exchange before */
    /* Of the next iteration, where that is computed while this one's exchange goes on. */
    bool ahead;      /* it is */
    bool ahead_over; /* the steps are made */
    double ahead_s;  /* when they are */
    double steps_s;  /* how long the last ones take */
    struct rog_sim_link link[2];
    /* Messages that have arrived and wait until the server has unpacked the push that the first
     * of them ends. */
    struct rog_slot_list held;
    struct rog_slot_list unheard; /* the same: requests that the worker has not heard yet */

    double joules, metered_s;
};

struct rog_sim_cluster {
    const struct rog_cluster_config *config;
    struct rog_server *server;
    struct rog_sim_node *nodes; /* [workers] */
    uint32_t workers;
    float **places;                      /* [tensor] of the worker that is being made */
    const float **gradients;             /* [tensor] of the push at hand */
    struct rog_medium_station *stations; /* [workers] */
    struct rog_air air;
    struct rog_queue queue;
    uint64_t order; /* of the last event or transmission */
    struct rog_slots slots;
    struct rog_processor processor; /* the server's */
    bool taking_notices;            /* rog_sim_take_notices is at it */
    bool selects;                   /* the strategy does not always send everything */
    bool may_be_silent;             /* nor always something */
    struct rog_schedule schedule;
    double now_s;
    double energy_reported_s;
    uint64_t work;    /* events of the first kinds in the queue */
    uint32_t asked;   /* how often the strategy was asked again since anything else happened */
    uint32_t running; /* workers that are not through */
    uint32_t iterations;
    bool over;
    bool transfers;      /* there have been any, or iterations apart */
    float *handed_model; /* what checkpoints have then; NULL: the server's model */
    struct rog_cluster_result *result;
};

/* ---- cluster_state.c ---- */

/* Puts an event in, behind all others of its time. */
int rog_sim_put(struct rog_sim_cluster *cluster, enum rog_sim_event kind, double t_s,
                uint32_t worker, uint32_t slot, struct rog_error *err);
/* The same at a place in the order that was taken before. */
int rog_sim_put_at(struct rog_sim_cluster *cluster, enum rog_sim_event kind, struct rog_moment at,
                   uint32_t worker, uint32_t slot, struct rog_error *err);
/* Adds up the node's energy until now. */
void rog_sim_meter(struct rog_sim_cluster *cluster, struct rog_sim_node *node);
void rog_sim_enter(struct rog_sim_cluster *cluster, struct rog_sim_node *node,
                   enum rog_sim_state state);

bool rog_sim_pushes_deltas(const struct rog_sim_cluster *cluster);

/* ---- cluster_links.c ---- */

/* Chooses the medium. The nodes have their traces. */
int rog_sim_links_init(struct rog_sim_cluster *cluster, struct rog_error *err);
void rog_sim_links_release(struct rog_sim_cluster *cluster);
/* A message without content, which is not the core's. */
int rog_sim_send_bytes(struct rog_sim_cluster *cluster, uint32_t worker,
                       enum rog_sim_direction direction, uint64_t bytes, struct rog_error *err);
/* Hands over messages in a direction as long as there are any and the sender may. */
int rog_sim_pump(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_direction direction,
                 struct rog_error *err);
/* The message on the air is out; what waits behind it follows. */
int rog_sim_sent(struct rog_sim_cluster *cluster, struct rog_medium_link at, struct rog_error *err);
/* Nobody wants what is not out yet in this direction. */
void rog_sim_cut(struct rog_sim_cluster *cluster, uint32_t worker,
                 enum rog_sim_direction direction);

/* ---- cluster_server.c ---- */

enum rog_sim_server_job { ROG_SIM_UNPACK, ROG_SIM_MAKE_PULL, ROG_SIM_SERVER_JOBS };

int rog_sim_give_work(struct rog_sim_cluster *cluster, uint32_t worker, enum rog_sim_server_job job,
                      double work_s, struct rog_error *err);
/* False: the event is about a job that has been put off since. */
bool rog_sim_work_done(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                       uint32_t *worker, enum rog_sim_server_job *job);
/* Puts the end of the job that is done next in as an event. */
int rog_sim_expect_work(struct rog_sim_cluster *cluster, struct rog_error *err);
/* Does what the server has to say. */
int rog_sim_take_notices(struct rog_sim_cluster *cluster, struct rog_error *err);

/* ---- cluster_transfer.c ---- */

/* The worker sends its part; `ending` has how many bytes. */
int rog_sim_transfer(struct rog_sim_cluster *cluster, uint32_t worker,
                     const struct rog_cluster_ending *ending, struct rog_error *err);
/* It has arrived. */
int rog_sim_transfer_up(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* When nobody is missing at the server any more, all get their answers. */
int rog_sim_transfer_meet(struct rog_sim_cluster *cluster, struct rog_error *err);
/* A worker has its answer: takes the times down. */
void rog_sim_transfer_over(struct rog_sim_cluster *cluster, uint32_t worker);
/* Takes over what checkpoints have from here on. */
int rog_sim_take_model(struct rog_sim_cluster *cluster, const float *model, struct rog_error *err);

/* ---- cluster_node.c ---- */

/* Begins the next iteration, or finishes. */
int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_computed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* A transfer is over: whoever computes for the worker has control again. */
int rog_sim_transferred(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* What that came to. */
int rog_sim_returned(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_compressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* The pull is there. */
int rog_sim_pulled(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
int rog_sim_decompressed(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);
/* A worker that is through leaves when what it was asked for is out. */
int rog_sim_leave(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);

/* ---- cluster_messages.c ---- */

/* Handles an event of one of the work kinds. */
int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err);
/* Handles what happens on the air now. */
int rog_sim_work_on_air(struct rog_sim_cluster *cluster, struct rog_error *err);

#endif
