/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_SCRIPT_H
#define ROG_POOL_SLURM_SCRIPT_H

/* Writes the batch script of an array of agents, from settings alone, without any other input. */

#include <stddef.h>

#include <orchestrator/pool/slurm/settings.h>
#include <rog/error.h>

struct rog_slurm_array {
    const char *pool;   /* folder of the pool, absolute */
    const char *rogctl; /* this program, absolute; used unless a setting names another */
    size_t jobs;        /* size of the array; 0: a single job, no array */
    size_t at_once;     /* how many may run at the same time; 0: all */
    /* For a container: absolute paths of the files that runs read, and the search path of plugins;
     * NULL: none. */
    const struct rog_json *files;
    const char *plugins;
};

/* *text is heap memory. Each value arrives unchanged as the value of its option or as one word of
 * its command. Returns ROG_EINVAL, with the setting's name, if a script cannot contain the
 * value. */
int rog_slurm_script(const struct rog_slurm_settings *settings, const struct rog_slurm_array *array,
                     char **text, struct rog_error *err);

#endif
