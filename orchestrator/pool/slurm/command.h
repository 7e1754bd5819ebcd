/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_COMMAND_H
#define ROG_POOL_SLURM_COMMAND_H

/* One of Slurm's programs, run beside whoever looks at it now and then: where slurmctld does not
 * answer they take as long as they like. */

#include <stdbool.h>
#include <stddef.h>

#include <common/process.h>
#include <rog/error.h>

struct rog_slurm_command {
    struct rog_process process;
    const char *program;
    double since_s, limit_s;
    char *output, *errors; /* what it has said so far; texts, heap memory */
    size_t output_bytes, errors_bytes;
    bool no_memory; /* for all that it said */
};
#define ROG_SLURM_COMMAND_NONE ((struct rog_slurm_command){.process = ROG_PROCESS_NONE})

/* argv ends with NULL; its first word, a constant, is the program. What the user's environment says
 * to these programs (SQUEUE_*, SBATCH_*) comes before what scripts say: variables of which squeue
 * and arrays know nothing good are left out, and those of `without` (NULL: none), which ends with
 * NULL. */
int rog_slurm_command_start(struct rog_slurm_command *command, const char *const *argv,
                            const char *const *without, double limit_s, struct rog_error *err);
static inline bool rog_slurm_command_runs(const struct rog_slurm_command *command)
{
    return command->program != NULL;
}

/* 1: it goes on. 0: it has ended well; `output` is what it said. ROG_EFAILED: it has ended with
 * another status, or was killed as it took too long, and the message says so; `errors` has what it
 * said, and *in_time is false where that was it. Waits a moment at most. */
int rog_slurm_command_look(struct rog_slurm_command *command, bool *in_time, struct rog_error *err);
/* Kills it where it goes on, and forgets what it said. */
void rog_slurm_command_release(struct rog_slurm_command *command);

/* The same to its end: status and *output (heap memory; NULL: not wanted). */
int rog_slurm_command_run(const char *const *argv, double limit_s, char **output,
                          struct rog_error *err);

#endif
