/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_SYNC_CLUSTER_H
#define ROG_TESTS_SYNC_CLUSTER_H

/*
 * A server and workers connected by queues of messages, for tests of the synchronization core: the
 * next action, its duration and the gradients are drawn from a seed. This includes slow and fast
 * workers and links, and incomplete pushes and pulls.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/plugin.h>
#include <common/rng.h>
#include <librog/sync/rows.h>
#include <librog/sync/server.h>
#include <librog/sync/worker.h>

struct cluster_message {
    struct cluster_message *next;
    size_t size;
    uint8_t bytes[];
};

struct cluster_link {
    struct cluster_message *first, *last;
    uint32_t count;
};

struct cluster_worker {
    struct rog_worker *worker;
    float *params;
    struct cluster_link up, down;
    uint32_t pace; /* frequency of its actions, relative to the others */
    uint32_t completed, stop_after;
    bool gone;
    double *stepped; /* for deltas: sum of the local steps per element; otherwise NULL */
    bool ahead;      /* the steps of the next iteration have been made */
};

struct cluster;

/* Callbacks of a test; any may be NULL. */
struct cluster_watch {
    void *user;
    /* A message was written; the sender's state is that after writing. */
    void (*pushed)(struct cluster *cluster, uint32_t worker, const float *gradients);
    void (*sent_up)(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size);
    void (*sent_down)(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                      size_t size);
    /* A message will be received next: by the server, by the worker. */
    void (*arriving)(struct cluster *cluster, uint32_t worker, const uint8_t *message, size_t size);
    void (*arriving_down)(struct cluster *cluster, uint32_t worker, const uint8_t *message,
                          size_t size);
    void (*notice)(struct cluster *cluster, const struct rog_server_notice *notice);
    void (*pulled)(struct cluster *cluster, uint32_t worker);
    void (*left)(struct cluster *cluster, uint32_t worker);
    void (*joined)(struct cluster *cluster, uint32_t worker, uint32_t iteration);
};

struct cluster_options {
    const struct rog_strategy *strategy;
    int32_t threshold;
    const void *parameters; /* the strategy's; NULL: defaults, if it has any */
    const struct rog_server_optimizer *optimizer; /* NULL: the default */
    const void *optimizer_parameters;
    uint32_t workers, iterations;
    bool values;
    const struct rog_rows_codecs *codecs; /* borrowed; NULL: the default ones */
    bool small;                           /* a model of three rows */
    bool leaves;                          /* some workers vanish early, at any moment */
    uint64_t seed;
    double slow_s;        /* mean time of an action, relative to the strategy's budgets */
    double learning_rate; /* 0: 0.01 */
    uint32_t halve_every; /* iterations of a worker; 0: the learning rate is constant */
    bool no_momentum;
    bool exact;                                         /* values are sent without a codec */
    const struct rog_contribution_config *contribution; /* NULL: the default. Deltas are a step
                                                           of SGD along drawn gradients */
};

struct cluster {
    struct cluster_options options;
    void *defaults; /* of the strategy's parameters */
    struct cluster_watch watch;
    struct rog_rng rng;
    struct rog_rows *rows;
    struct rog_server *server;
    float *model; /* the initial model */
    struct cluster_worker *workers;
    uint8_t *buffer;
    size_t buffer_bytes;
    double now;
    float *gradients;     /* drawn with standard deviation 1 */
    double learning_rate; /* of the last push; 0 after iteration calm_after, if that is not 0 */
    uint32_t calm_after;
    bool stop; /* set by a callback: stop */
};

/* 212 rows of 8 to 100 elements in 5 tensors; small: 3 tensors of one row each. */
struct rog_rows *cluster_rows(bool small);

/* Create a worker, and push, with a model and gradients in flat arrays (NULL: no values) and one
 * rule for all tensors. */
int flat_worker_new(struct rog_worker **worker, const struct rog_worker_config *config,
                    float *params, struct rog_error *err);
int flat_worker_push(struct rog_worker *worker, const struct rog_rows *rows, const float *gradients,
                     const struct rog_rule *rule, double now, struct rog_error *err);

void cluster_init(struct cluster *cluster, const struct cluster_options *options,
                  const struct cluster_watch *watch);
void cluster_release(struct cluster *cluster);

/* Runs until every worker has made its iterations or has left, or `stop`. False if no action is
 * possible before that: a deadlock. */
bool cluster_run(struct cluster *cluster);

/* Delivers all messages to the server that are in flight. */
void cluster_drain(struct cluster *cluster);

/* Copies W to rows->params floats. */
void cluster_model(const struct cluster *cluster, float *model);
/* Returns the largest difference between a worker's model and the server's copy of it, whose sums
 * are rounded differently. */
double cluster_misjudged(const struct cluster *cluster, uint32_t worker);
#define CLUSTER_ROUNDING 1e-5

/* Disconnects a worker, unless it is already, and reconnects it with a copy of the server's
 * model. */
void cluster_rejoin(struct cluster *cluster, uint32_t worker);

/* Loads a strategy by name from the build tree. Fails the test if that fails. */
void load_strategy(struct rog_plugin *plugin, const char *library);

#endif
