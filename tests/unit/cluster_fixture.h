/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_FIXTURE_H
#define CLUSTER_FIXTURE_H

/* Runs of a virtual cluster on a small model, and what their events say. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/hash.h>
#include <common/json.h>
#include <librog/events/events.h>
#include <trainer/sim/cluster.h>

#define TRIAL_WORKERS_MAX 1000

struct trial;

/* Who computes instead of the fixture; hooks as those of a cluster, whose user is the trial. */
struct trial_computing {
    float *(*values)(void *user, uint32_t worker);
    int (*begin)(void *user, const struct rog_cluster_turn *turn,
                 const struct rog_statistics *statistics, struct rog_error *err);
    int (*ended)(void *user, struct rog_sim_cluster *cluster, const struct rog_cluster_turn *turn,
                 struct rog_cluster_ending *ending, struct rog_error *err);
    int (*work)(void *user, const struct rog_cluster_turn *turn, struct rog_cluster_work *work,
                struct rog_error *err);
    int (*meanwhile)(void *user, struct rog_error *err);
    int (*over)(void *user, struct rog_sim_cluster *cluster, struct rog_error *err);
    /* rows and the starting values are there; before anything of the cluster is saved or loaded. */
    void (*prepare)(struct trial *trial);
    void (*archive)(struct trial *trial, struct rog_archive *archive);
};

/* One run, and what came out of it. */
struct trial {
    const char *library;
    int32_t threshold;
    const char *parameters; /* the strategy's own, as JSON; NULL: their defaults */
    const char *settings;   /* JSON members of the run */
    const char *worker;     /* of every worker; a second %s-free text, "rank" is added */
    uint32_t workers;
    uint32_t iterations;
    double wire_scale;
    bool train;
    const char *compression;                    /* NULL: the first codec there is */
    const struct rog_strategy *strategy;        /* instead of the library's */
    uint32_t own_iterations[TRIAL_WORKERS_MAX]; /* 0: `iterations` */

    const struct trial_computing *computing; /* NULL: the fixture */
    void *computer;                          /* its own */

    /* Its state is saved at the so-manieth look between two events, where it ends; 0: never. */
    uint32_t snapshot_at;
    const struct trial *resume; /* it goes on from the state that this one saved */
    bool made_up;               /* that state may be anything */

    /* What came out of it. */
    uint8_t *state;
    size_t state_size;
    uint64_t state_events;     /* bytes of the stream before it */
    uint32_t looks, looks_max; /* looks_max: where it ends; 0: at its end */
    struct rog_events *stream;
    char folder[64];
    char *events; /* the whole stream */
    size_t events_size;
    struct rog_cluster_result result;
    char model[ROG_SHA256_HEX_BYTES];
    char saved[ROG_SHA256_HEX_BYTES]; /* what the last checkpoint had */
    uint32_t checkpoints;
    uint32_t stop_after; /* gradients until the hook says stop; 0: never */
    float *gradient, *start;
    uint64_t params;
    const struct rog_rows *rows; /* while it runs, as what follows */
    const struct rog_run_config *config;
    struct rog_rule rule;
    uint32_t evaluated;
    struct rog_error err;
};

/* A worker's mean and totals, read back from the events. */
struct trial_summary {
    uint32_t iterations;
    double compute_s, push_s, pull_s, stall_s, last_t, joules;
    int64_t bytes_pushed, bytes_pulled;
};

/* A device, for `worker`. */
extern const char trial_jetson[];

/* The gradient of a bowl whose lowest point is another one for each worker, and its loss. */
double trial_bowl(uint32_t worker, uint32_t steps, const float *params, uint64_t count,
                  float *gradient);
/* Steps down that bowl; `gradient`: room for one. */
double trial_steps_down(uint32_t worker, uint32_t steps, float *params, uint64_t count,
                        float *gradient);

/* Runs it. The caller frees trial->events. */
int trial_run(struct trial *trial);
/* The same where it must go well and nothing may get lost. */
void trial_succeed(struct trial *trial);
/* Calls take for each event of a kind. */
void trial_each_event(const struct trial *trial, const char *kind,
                      void (*take)(const struct rog_json *event, void *user), void *user);
/* Of each worker; heap memory. */
struct trial_summary *trial_summarize(const struct trial *trial);
/* Seconds per iteration over all workers, and their means per iteration of one part. */
double trial_pace(const struct trial *trial, double *stall_s);

void assert_near(double found, double expected, double tolerance);

#endif
