/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_PROGRAM_TURNS_H
#define ROG_SIM_PROGRAM_TURNS_H

/*
 * Training programs that compute for workers of a virtual cluster: a worker's program gets control
 * when its local steps begin, and the cluster waits for it when they end.
 *
 * A program that contributes nothing and reports that it has finished leaves at that moment. If
 * exchanges overlap, a program may ask for the current exchange to end; it gets the result at the
 * end of its steps, and continues the same iteration at no cost in time.
 *
 * To save their state, programs have to keep a copy of it: if asked to when they get control, they
 * write down their state of that moment (trainer/programs/programs.h). A program that had control
 * when the state was saved repeats its iteration.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>
#include <trainer/programs/programs.h>
#include <trainer/run/train.h>
#include <trainer/sim/cluster.h>

struct rog_program_turns_options {
    const char *config_path;         /* a file with the run's configuration; borrowed, as the
                                        next */
    const char *out_dir;             /* the run's folder */
    uint32_t at_once;                /* programs that compute at the same time, at least 1 */
    bool (*interrupted)(void *user); /* may be NULL */
    void (*say)(void *user, const char *message); /* may be NULL */
    void *user;
};

/* Zero-initialize. */
struct rog_program_turns {
    struct rog_program_turns_options how;
    struct rog_json *hello;        /* settings that programs have to agree with */
    struct rog_layout *layout;     /* of the run's network; NULL if it has none */
    struct rog_programs *programs; /* NULL if no worker is a program */
    uint32_t workers, tensors;
    struct rog_program_turn *of;     /* [workers] */
    struct rog_sim_cluster *cluster; /* set while it waits for a program */
};

/* Starts the programs of a run that has been prepared (rog_train_init), and gives the run the
 * programs' model, or the programs that of the run's network. If the programs have no values, the
 * run has none. */
int rog_program_turns_start(struct rog_program_turns *turns, struct rog_train *train,
                            const struct rog_program_turns_options *options, struct rog_error *err);
/* Ends the programs, whatever they are doing. */
void rog_program_turns_release(struct rog_program_turns *turns);

/* Returns whether the worker is a program. */
bool rog_program_turns_has(const struct rog_program_turns *turns, uint32_t worker);

/* Hooks of the cluster, for workers that are programs. */
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

/* Tells the programs that the run is over, and waits until they have exited. */
int rog_program_turns_over(struct rog_program_turns *turns, struct rog_sim_cluster *cluster,
                           struct rog_error *err);

/* Called when a snapshot is due. *kept: all programs have kept their state, and the snapshot can be
 * taken; otherwise later. ROG_EINVAL: it can never be taken, with the reason. */
int rog_program_turns_keep(struct rog_program_turns *turns, bool *kept, struct rog_error *err);
/* Called when the snapshot has been taken. */
void rog_program_turns_kept(struct rog_program_turns *turns);
void rog_program_turns_archive(struct rog_program_turns *turns, struct rog_archive *archive);
/* Called after loading: lets the programs continue from the loaded state. */
int rog_program_turns_resume(struct rog_program_turns *turns, struct rog_error *err);

#endif
