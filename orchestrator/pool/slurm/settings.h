/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_SETTINGS_H
#define ROG_POOL_SLURM_SETTINGS_H

/* How agents run on Slurm: the settings that a cluster file of kind slurm has in addition to those
 * of the virtual cluster. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/conf/cluster_kind.h>
#include <rog/error.h>

#define ROG_SLURM_KIND "slurm"             /* `kind` in a file, and the name for --on */
#define ROG_SLURM_OUTPUT "slurm/%A_%a.out" /* default of `output` */

/* Texts are NULL if not set; they point into `values`. */
struct rog_slurm_settings {
    const char *partition, *account, *qos, *constraint, *time, *mem, *gres, *job_name, *output;
    int64_t cpus, agents, throttle, signal_before;
    bool requeue;
    const struct rog_json *setup, *options; /* texts */
    const char *image, *runtime, *runtime_options;
    const struct rog_json *mounts; /* texts */
    const char *rogctl;
    struct rog_json *values;
};

extern const struct rog_setting rog_slurm_settings_table[];
/* The cluster kind of files that contain them (orchestrator/kinds.c). */
extern const struct rog_cluster_kind rog_slurm_cluster;

/* Reads the settings of a file of kind slurm; NULL: defaults. Other members, such as the workers of
 * the virtual cluster, are checked when the file is read as a cluster (conf/cluster.h). Errors:
 * ROG_EINVAL with file, line and setting. Release it even after an error. */
int rog_slurm_settings_read(struct rog_slurm_settings *settings, const char *path,
                            struct rog_error *err);
void rog_slurm_settings_release(struct rog_slurm_settings *settings);

#endif
