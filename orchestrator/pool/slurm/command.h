/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_COMMAND_H
#define ROG_POOL_SLURM_COMMAND_H

/* Runs a program of Slurm while the caller polls it: if slurmctld does not answer, these programs
 * can take any time. */

#include <stdbool.h>
#include <stddef.h>

#include <common/process.h>
#include <rog/error.h>

struct rog_slurm_command {
    struct rog_process process;
    const char *program;
    double since_s, limit_s;
    char *output, *errors; /* so far; strings in heap memory */
    size_t output_bytes, errors_bytes;
    bool no_memory; /* for all of its output */
};
#define ROG_SLURM_COMMAND_NONE ((struct rog_slurm_command){.process = ROG_PROCESS_NONE})

/* argv ends with NULL; its first word is the program and must be a constant. For these programs,
 * the user's environment (SQUEUE_*, SBATCH_*) takes precedence over options in scripts. So
 * variables that would break squeue and arrays are removed, and those of `without` (ends with NULL;
 * NULL: none). */
int rog_slurm_command_start(struct rog_slurm_command *command, const char *const *argv,
                            const char *const *without, double limit_s, struct rog_error *err);
static inline bool rog_slurm_command_runs(const struct rog_slurm_command *command)
{
    return command->program != NULL;
}

/* Polls the program. Returns 1 if it is still running, 0 if it has succeeded, with `output`.
 * Returns ROG_EFAILED, with a message, if it ended with another status, or was killed because it
 * took too long, in which case *in_time is false; `errors` has its error output. Waits a moment at
 * most. */
int rog_slurm_command_look(struct rog_slurm_command *command, bool *in_time, struct rog_error *err);
/* Kills the program if it is running, and frees its output. */
void rog_slurm_command_release(struct rog_slurm_command *command);

/* Runs a program to its end. *output is heap memory (NULL: not wanted). */
int rog_slurm_command_run(const char *const *argv, double limit_s, char **output,
                          struct rog_error *err);

#endif
