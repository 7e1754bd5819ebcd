/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTER_FIXTURE_H
#define CLUSTER_FIXTURE_H

/* Runs of a virtual cluster with a small model, and their events. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/hash.h>
#include <common/json.h>
#include <librog/events/events.h>
#include <trainer/sim/cluster.h>

#define TRIAL_WORKERS_MAX 1000

struct trial;

/* Computes in place of the fixture; hooks like those of a cluster, whose user is the trial. */
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
    /* Called when rows and initial values exist, before anything of the cluster is saved or loaded.
     */
    void (*prepare)(struct trial *trial);
    void (*archive)(struct trial *trial, struct rog_archive *archive);
};

/* A run and its results. */
struct trial {
    const char *library;
    int32_t threshold;
    const char *parameters; /* the strategy's parameters, as JSON; NULL: defaults */
    const char *settings;   /* JSON members of the run */
    const char *worker;     /* JSON members of every worker; "rank" is added */
    uint32_t workers;
    uint32_t iterations;
    double wire_scale;
    bool train;
    const char *compression;                    /* NULL: the first codec of the table */
    const struct rog_strategy *strategy;        /* instead of the library's */
    uint32_t own_iterations[TRIAL_WORKERS_MAX]; /* 0: `iterations` */

    const struct trial_computing *computing; /* NULL: the fixture */
    void *computer;                          /* its state */

    /* The state is saved at the snapshot_at-th check between two events, where the run ends; 0:
     * never. */
    uint32_t snapshot_at;
    const struct trial *resume; /* the trial whose saved state this run resumes from */
    bool made_up;               /* that state may contain anything */

    /* The results. */
    uint8_t *state;
    size_t state_size;
    uint64_t state_events;     /* bytes of the stream before the saved state */
    uint32_t looks, looks_max; /* checks between two events; the run ends at the looks_max-th, 0:
                                  at its end */
    struct rog_events *stream;
    char folder[64];
    char *events; /* the whole stream */
    size_t events_size;
    struct rog_cluster_result result;
    char model[ROG_SHA256_HEX_BYTES];
    char saved[ROG_SHA256_HEX_BYTES]; /* the model of the last checkpoint */
    uint32_t checkpoints;
    uint32_t stop_after; /* gradients until the hook stops the run; 0: never */
    float *gradient, *start;
    uint64_t params;
    const struct rog_rows *rows; /* set while it runs, like the following members */
    const struct rog_run_config *config;
    struct rog_rule rule;
    uint32_t evaluated;
    struct rog_error err;
};

/* A worker's totals, read from the events. */
struct trial_summary {
    uint32_t iterations;
    double compute_s, push_s, pull_s, stall_s, last_t, joules;
    int64_t bytes_pushed, bytes_pulled;
};

/* A device profile, for `worker`. */
extern const char trial_jetson[];

/* Computes the gradient and loss of a bowl whose minimum is different for each worker. */
double trial_bowl(uint32_t worker, uint32_t steps, const float *params, uint64_t count,
                  float *gradient);
/* Makes steps down that bowl; `gradient`: memory for one. */
double trial_steps_down(uint32_t worker, uint32_t steps, float *params, uint64_t count,
                        float *gradient);

/* Runs the trial. The caller frees trial->events. */
int trial_run(struct trial *trial);
/* The same, for a trial that must succeed without losing bytes. */
void trial_succeed(struct trial *trial);
/* Calls `take` for each event of a kind. */
void trial_each_event(const struct trial *trial, const char *kind,
                      void (*take)(const struct rog_json *event, void *user), void *user);
/* Returns a summary of each worker; heap memory. */
struct trial_summary *trial_summarize(const struct trial *trial);
/* Returns the seconds per iteration over all workers, and the mean stall per iteration. */
double trial_pace(const struct trial *trial, double *stall_s);

void assert_near(double found, double expected, double tolerance);

#endif
