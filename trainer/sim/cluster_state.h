/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_CLUSTER_STATE_H
#define ROG_SIM_CLUSTER_STATE_H

/* The inside of a virtual cluster, shared by cluster.c (its life) and cluster_node.c (what happens
 * to a worker). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/server.h>
#include <librog/sync/worker.h>
#include <librog/trace/trace.h>
#include <trainer/run/schedule.h>
#include <trainer/sim/cluster.h>
#include <trainer/sim/processor.h>
#include <trainer/sim/queue.h>
#include <trainer/sim/slots.h>
#include <trainer/sim/times.h>

/* Kinds of rog_queue_item. */
enum rog_sim_event {
    ROG_SIM_COMPUTED,
    ROG_SIM_COMPRESSED,
    ROG_SIM_DECOMPRESSED,
    ROG_SIM_SENT_UP,   /* the link is free again */
    ROG_SIM_SENT_DOWN, /* the same */
    ROG_SIM_ARRIVED_UP,
    ROG_SIM_ARRIVED_DOWN,
    ROG_SIM_SERVED,     /* the server's processor is done with a job; `slot` is its turn */
    ROG_SIM_WORK_KINDS, /* without any of the above nothing will ever happen again */
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

enum rog_sim_direction { ROG_SIM_UP, ROG_SIM_DOWN };

struct rog_sim_link {
    uint32_t queued;     /* messages that are not out yet: the one being sent, and in the buffer */
    double queued_bytes; /* of these, on the wire */
    double free_s;       /* when the last of them will be out */
    uint32_t in_flight;  /* messages that have not been handled where they are going */
    uint64_t bytes;      /* received since the last iteration ended */
};

struct rog_sim_node {
    const struct rog_run_worker *profile;
    struct rog_worker *core;
    bool only_waiting; /* it hears requests only while it waits for its pull */
    float *params;
    struct rog_trace *trace;
    struct rog_times times; /* recorded ones of iterations; none: the profile's */
    double change_s;        /* of the trace: when the rate changes next */
    double mbps;            /* as reported last */

    enum rog_sim_state state;
    uint32_t iterations; /* done */
    double loss;
    /* Of the iteration in progress. */
    double began_s, computed_s, pushed_s, admitted_s;
    bool stall_reported;
    struct rog_sim_link link[2];
    /* Messages that have arrived and wait until the server has unpacked the push that the first
     * of them ends: slots + 1; 0: none. */
    uint32_t held_first, held_last;
    uint32_t unheard_first, unheard_last; /* the same: requests that the worker has not heard yet */

    double joules, metered_s;
};

struct rog_sim_cluster {
    const struct rog_cluster_config *config;
    struct rog_server *server;
    struct rog_sim_node *nodes; /* [workers] */
    uint32_t workers;
    struct rog_queue queue;
    struct rog_slots slots;
    struct rog_processor processor; /* the server's */
    bool selects;                   /* the strategy does not always send everything */
    struct rog_schedule schedule;
    double now_s;
    double energy_reported_s;
    uint64_t work;    /* events of the first kinds in the queue */
    uint32_t running; /* workers that are not through */
    uint32_t iterations;
    bool over;
    struct rog_cluster_result *result;
};

/* Puts an event in. */
int rog_sim_put(struct rog_sim_cluster *cluster, enum rog_sim_event kind, double t_s,
                uint32_t worker, uint32_t slot, struct rog_error *err);

/* Adds up the node's energy until now. */
void rog_sim_meter(struct rog_sim_cluster *cluster, struct rog_sim_node *node);

/* Begins the next iteration, or finishes. */
int rog_sim_begin(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err);

/* Handles an event of one of the work kinds. */
int rog_sim_work(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                 struct rog_error *err);

#endif
