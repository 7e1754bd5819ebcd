/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_PROGRAMS_H
#define ROG_PROGRAMS_PROGRAMS_H

/*
 * The training programs of a run on a virtual cluster (workload "program"): processes that compute
 * the contributions of the cluster's workers. This module starts them, watches them, gives them
 * control in turn, and ends them. The protocol is described in librog/virtual/protocol.h.
 *
 * The result of a program does not depend on when it computes in real time. Therefore it gets
 * control when its local steps begin in virtual time, and the cluster requests the result when they
 * end; meanwhile others compute.
 *
 * Workers are counted from 0, as in trainer/sim/cluster.h; messages name them by rank. Errors:
 * ROG_EFAILED names the worker and what its program has done; ROG_EINVAL: a program that does not
 * fit the run; ROG_EINTR: `interrupted` returned true. After an error only rog_programs_free may be
 * called.
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
    const char *config_path;             /* a file with the configuration, for ROG_CONFIG */
    const char *out_dir;                 /* of the run: has a folder workerRANK for each worker */
    uint32_t at_once;                    /* programs that compute at the same time, at least 1 */
    uint32_t only_rank;                  /* start only this worker; 0: all that run programs */

    /* Settings that all programs must have in common (librog/net/hello.h), and the tensors of a
     * network that other workers train; borrowed. NULL: those of the first program. */
    const struct rog_json *hello;
    const struct rog_layout *layout;

    /* Returns the momentum and the residual of a worker's tensor (rog_worker_state), NULL: zeros.
     * Called only while rog_programs_result waits for that worker, or while the end of all is
     * awaited. May be NULL: all are zeros. */
    void (*state)(void *user, uint32_t worker, uint32_t tensor, float **momentum, float **residual);
    bool (*interrupted)(void *user);              /* may be NULL */
    void (*say)(void *user, const char *message); /* may be NULL */
    void *user;
};

/* Starts the programs and waits until each has connected with the same model. Until
 * rog_programs_free this process ignores SIGPIPE, does not ignore SIGCHLD, and must start no other
 * process: new children are assumed to belong to a program. */
int rog_programs_start(struct rog_programs **programs, const struct rog_programs_options *options,
                       struct rog_error *err);
/* Kills what is left of the programs and all processes that they have started. Does nothing if
 * programs is NULL. */
void rog_programs_free(struct rog_programs *programs);

/* Returns the layout of the model that they train; and the initial values of the first program,
 * params and constants of the layout's sizes. */
const struct rog_layout *rog_programs_layout(const struct rog_programs *programs);
void rog_programs_starting_values(const struct rog_programs *programs, float *params,
                                  float *constants);

/* Returns a worker's model, in memory that its program shares: it belongs to the cluster unless the
 * program has control. NULL: the worker is not a program, or there are no values. The same for
 * constants. */
float *rog_programs_values(const struct rog_programs *programs, uint32_t worker);
float *rog_programs_constants(const struct rog_programs *programs, uint32_t worker);

/* What a program receives with control. */
struct rog_programs_turn {
    uint32_t worker, iteration; /* counted from 1 */
    uint32_t local_steps;
    struct rog_statistics statistics; /* of its last iteration */
};
/* Gives control to a worker, whose model must be in its place, as soon as fewer than at_once
 * compute. The first time it starts (START), after `iteration` - 1. */
int rog_programs_compute(struct rog_programs *programs, const struct rog_programs_turn *turn,
                         struct rog_error *err);

enum rog_programs_kind {
    ROG_PROGRAMS_STEP,
    ROG_PROGRAMS_FINISH,   /* this worker makes no more iterations */
    ROG_PROGRAMS_TRANSFER, /* a transfer of its own, up and down; then it continues */
    ROG_PROGRAMS_APART,    /* the iteration is over; its exchange was by transfers */
    ROG_PROGRAMS_SETTLE,   /* waits for the end of the current exchange, then continues the same
                              iteration */
};
struct rog_programs_result {
    enum rog_programs_kind kind;
    /* For STEP: [tensor], NULL for a tensor without a gradient; the list is NULL if there are no
     * values. Valid until the worker gets control again, as are the rules. */
    const float *const *gradients;
    const struct rog_rule *rules;
    uint32_t rule_count;
    const float *model; /* for APART: the model of checkpoints from now on; NULL: no change */
    double loss;        /* NAN: no loss */
    double seconds;     /* computing time, in real time */
    uint64_t bytes_up, bytes_down; /* for TRANSFER */
};
/* Waits until a worker that was given control returns it. The result can be requested repeatedly
 * until the worker gets control again, also after rog_programs_resume. */
int rog_programs_result(struct rog_programs *programs, uint32_t worker,
                        struct rog_programs_result *result, struct rog_error *err);

/* Handles messages that have arrived, without waiting, and gives control to the next programs. Call
 * it often while no results are requested, so that programs are not idle meanwhile. It does not
 * affect their results. */
int rog_programs_attend(struct rog_programs *programs, struct rog_error *err);

/*
 * Snapshots. A program keeps its state of the moment at which it was given control, in a file of
 * its folder; a snapshot has that file, what the program received with control, and whether its
 * result has been read since. After a resume, the program computes the same again, and a result
 * that had been read is dropped.
 */

/* Sets whether programs are asked from now on to keep their state when they get control. */
void rog_programs_keep(struct rog_programs *programs, bool wanted);
/* Waits until the programs that were asked have answered. *all: every program that has not finished
 * has kept its state of when it last got control. ROG_EINVAL: a program does not keep its state,
 * with the reason: this run has no snapshots. */
int rog_programs_kept(struct rog_programs *programs, bool *all, struct rog_error *err);
/* Saves this state, if all programs have kept theirs; or loads it into programs that were just
 * started. rog_programs_resume then continues from there, with the models of that moment. */
void rog_programs_archive(struct rog_programs *programs, struct rog_archive *archive);
int rog_programs_resume(struct rog_programs *programs, struct rog_error *err);

/* Ends the run, with the final models in their places: tells all programs, and waits until they
 * have exited. `statistics`: of each worker. */
int rog_programs_end(struct rog_programs *programs, const struct rog_statistics *statistics,
                     struct rog_error *err);

#endif
