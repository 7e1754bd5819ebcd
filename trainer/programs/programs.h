/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_PROGRAMS_H
#define ROG_PROGRAMS_PROGRAMS_H

/*
 * The training programs of a run on a virtual cluster (workload "program"): processes that compute
 * what the cluster's workers contribute. Each is started, watched, given control in turn, and gone
 * afterwards. How they talk is written in librog/virtual/protocol.h.
 *
 * When a program computes in real time does not matter for what it computes. So it is handed
 * control when its local steps begin in virtual time, and the cluster asks for the result when they
 * end; meanwhile others compute.
 *
 * Workers are counted from 0 on, as in trainer/sim/cluster.h; messages name them by rank. Errors:
 * ROG_EFAILED names the worker and what its program has done; ROG_EINVAL: a program that does not
 * fit the run; ROG_EINTR: `interrupted` said so. After an error only rog_programs_free makes sense.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/json.h>
#include <common/run_config.h>
#include <librog/net/layout.h>
#include <rog/error.h>
#include <rog/rog.h>

struct rog_programs;

struct rog_programs_options {
    const struct rog_run_config *config; /* borrowed, as are the paths */
    const char *config_path;             /* a file with the same, for ROG_CONFIG */
    const char *out_dir;                 /* of the run: has a folder workerRANK for each */
    uint32_t at_once;                    /* programs that compute at the same time, from 1 on */
    uint32_t only_rank; /* this worker alone is started; 0: all that run programs */

    /* What all must have alike (librog/net/hello.h), and the tensors of a network that others
     * train; borrowed. NULL: what the first program has. */
    const struct rog_json *hello;
    const struct rog_layout *layout;

    /* The momentum and the residual of a worker's tensor (rog_worker_state), NULL: zeros. Asked for
     * only while rog_programs_result waits for that worker, or all are waited for at the end. May
     * be NULL: all are zeros. */
    void (*state)(void *user, uint32_t worker, uint32_t tensor, float **momentum, float **residual);
    bool (*interrupted)(void *user);              /* may be NULL */
    void (*say)(void *user, const char *message); /* may be NULL */
    void *user;
};

/* Starts them and waits until each has said hello with the same model. Until rog_programs_free this
 * process ignores SIGPIPE, does not ignore SIGCHLD, and starts no other process: what becomes its
 * child is taken for a program's. */
int rog_programs_start(struct rog_programs **programs, const struct rog_programs_options *options,
                       struct rog_error *err);
/* Kills what is left of them, all that they have started included. Harmless on NULL. */
void rog_programs_free(struct rog_programs *programs);

/* What they train; and what the first of them began with, params and constants of the layout's
 * sizes. */
const struct rog_layout *rog_programs_layout(const struct rog_programs *programs);
void rog_programs_starting_values(const struct rog_programs *programs, float *params,
                                  float *constants);

/* Where the model of a worker lies, in memory that its program shares: the cluster's unless the
 * program has control. NULL: the worker is no program, or there are no values. Constants likewise.
 */
float *rog_programs_values(const struct rog_programs *programs, uint32_t worker);
float *rog_programs_constants(const struct rog_programs *programs, uint32_t worker);

/* What a program is told when it is handed control. */
struct rog_programs_turn {
    uint32_t worker, iteration; /* from 1 on */
    uint32_t local_steps;
    struct rog_statistics statistics; /* of its last iteration */
};
/* Hands control to a worker, whose model is in its place, as soon as fewer than at_once compute.
 * The first time it begins (START), after `iteration` - 1. */
int rog_programs_compute(struct rog_programs *programs, const struct rog_programs_turn *turn,
                         struct rog_error *err);

enum rog_programs_kind {
    ROG_PROGRAMS_STEP,
    ROG_PROGRAMS_FINISH,   /* this worker is through */
    ROG_PROGRAMS_TRANSFER, /* a message of its own up and one down, before it goes on */
    ROG_PROGRAMS_APART,    /* the iteration is over, and its transfers were its exchange */
    ROG_PROGRAMS_SETTLE,   /* it waits for the exchange that goes on; then the same iteration */
};
struct rog_programs_result {
    enum rog_programs_kind kind;
    /* Of STEP: [tensor], NULL for one that has none this time; the list is NULL without values.
     * Valid until control is handed to the worker again, as are the rules. */
    const float *const *gradients;
    const struct rog_rule *rules;
    uint32_t rule_count;
    const float *model; /* of APART: what checkpoints have from here on; NULL: what they had */
    double loss;        /* NAN: none */
    double seconds;     /* that it has computed, in real time */
    uint64_t bytes_up, bytes_down; /* of TRANSFER */
};
/* Waits until a worker that was handed control gives it back. Until it is handed control again the
 * same can be had once more, also after rog_programs_resume. */
int rog_programs_result(struct rog_programs *programs, uint32_t worker,
                        struct rog_programs_result *result, struct rog_error *err);

/* Takes what has come, without waiting, and hands control on to whoever can have it now. To be
 * called again and again while results are not asked for, so that programs are not idle meanwhile.
 * What they compute does not depend on it. */
int rog_programs_attend(struct rog_programs *programs, struct rog_error *err);

/*
 * Snapshots. A program keeps what it has as of the moment at which it was handed control, in a file
 * of its folder; a snapshot has that, what it was handed, and whether the result has been taken
 * since. Taken up, the program computes the same once more, and where its result had been taken
 * that is dropped.
 */

/* From now on, or no longer, programs are asked to keep what they have when they are handed
 * control.
 */
void rog_programs_keep(struct rog_programs *programs, bool wanted);
/* Waits until those that were asked have answered. *all: every one that is not through has kept
 * what it had when it was last handed control. ROG_EINVAL: a program keeps nothing, and why: there
 * are no snapshots of this run. */
int rog_programs_kept(struct rog_programs *programs, bool *all, struct rog_error *err);
/* Saves it, where all have kept; or loads it into programs that were just started, for
 * rog_programs_resume, which begins where they were, with the models as they were. */
void rog_programs_archive(struct rog_programs *programs, struct rog_archive *archive);
int rog_programs_resume(struct rog_programs *programs, struct rog_error *err);

/* The run is over: the models are in their places. Tells all, and waits until they have ended by
 * themselves. `statistics`: of each worker. */
int rog_programs_end(struct rog_programs *programs, const struct rog_statistics *statistics,
                     struct rog_error *err);

#endif
