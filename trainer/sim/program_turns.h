/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_PROGRAM_TURNS_H
#define ROG_SIM_PROGRAM_TURNS_H

/*
 * Training programs as what computes for workers of a virtual cluster: a worker's program is handed
 * control when its local steps begin and is waited for when they end.
 *
 * Who contributes nothing but says that it is through leaves at that moment. A program that wants
 * the exchange that goes on to be over (where they overlap) gets it then, and goes on computing the
 * same iteration at no cost in time.
 *
 * Where their state is saved, their programs have to have kept what they are: asked to when control
 * is handed over, they write down what they were at that moment (trainer/programs/programs.h). Who
 * had control when the state was saved computes its iteration once more.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>
#include <trainer/programs/programs.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>

struct rog_program_turns_options {
    const char *config_path;         /* a file of the run's configuration; borrowed, as the next */
    const char *out_dir;             /* the run's folder */
    uint32_t at_once;                /* programs that compute at the same time, from 1 on */
    bool (*interrupted)(void *user); /* may be NULL */
    void (*say)(void *user, const char *message); /* may be NULL */
    void *user;
};

/* Zero-initialize. */
struct rog_program_turns {
    struct rog_program_turns_options how;
    struct rog_json *hello;        /* what programs have to agree with */
    struct rog_layout *layout;     /* of the run's network; NULL: it has none */
    struct rog_programs *programs; /* NULL: no worker is a program */
    uint32_t workers, tensors;
    struct rog_program_turn *of;     /* [workers] */
    struct rog_sim_cluster *cluster; /* while it waits for a program */
};

/* Starts the programs of a run that has been prepared (rog_train_init), and gives it the model that
 * they bring, or them that of the run's network. Programs without values leave the run without any.
 */
int rog_program_turns_start(struct rog_program_turns *turns, struct rog_train *train,
                            const struct rog_program_turns_options *options, struct rog_error *err);
/* Ends them, whatever they are doing. */
void rog_program_turns_release(struct rog_program_turns *turns);

/* Whether the worker is a program. */
bool rog_program_turns_has(const struct rog_program_turns *turns, uint32_t worker);

/* Hooks of the cluster, for workers that are. */
float *rog_program_turns_values(const struct rog_program_turns *turns, uint32_t worker);
int rog_program_turns_begin(struct rog_program_turns *turns, const struct rog_cluster_turn *turn,
                            const struct rog_statistics *statistics, struct rog_error *err);
int rog_program_turns_ended(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                            const struct rog_cluster_turn *turn, struct rog_cluster_ending *ending,
                            struct rog_error *err);
void rog_program_turns_work(const struct rog_program_turns *turns,
                            const struct rog_cluster_turn *turn, struct rog_cluster_work *work);

/* rog_programs_attend */
int rog_program_turns_attend(struct rog_program_turns *turns, struct rog_error *err);

/* Tells them that the run is over, and waits until they have ended by themselves. */
int rog_program_turns_over(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                           struct rog_error *err);

/* A snapshot is due. *kept: all have kept what they are, and it can be taken; else later.
 * ROG_EINVAL: it cannot, ever, and why. */
int rog_program_turns_keep(struct rog_program_turns *turns, bool *kept, struct rog_error *err);
/* It has been taken. */
void rog_program_turns_kept(struct rog_program_turns *turns);
void rog_program_turns_archive(struct rog_program_turns *turns, struct rog_archive *archive);
/* After loading: they go on as they were. */
int rog_program_turns_take_up(struct rog_program_turns *turns, struct rog_error *err);

#endif
