/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_SCRIPT_H
#define ROG_POOL_SLURM_SCRIPT_H

/* The batch script of an array of agents: settings in, text out, and nothing of the world asked. */

#include <stddef.h>

#include <orchestrator/pool/slurm/settings.h>
#include <rog/error.h>

struct rog_slurm_array {
    const char *pool;   /* folder, absolute */
    const char *rogctl; /* this program, absolute; used where settings say no other */
    size_t jobs;        /* of the array; 0: one job, and no array */
    size_t at_once;     /* of them; 0: all */
};

/* *text is heap memory. ROG_EINVAL names the setting whose value no script can have: whatever the
 * values are, each arrives as the value of its option or as a word of its command, and as nothing
 * else. */
int rog_slurm_script(const struct rog_slurm_settings *settings, const struct rog_slurm_array *array,
                     char **text, struct rog_error *err);

#endif
