/* SPDX-License-Identifier: Apache-2.0 */
/* Defines Slurm's settings and checks their values. */
#include <orchestrator/pool/slurm/settings.h>

#include <string.h>

#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/file.h>
#include <orchestrator/fleet/cluster_kinds.h>

#define TEXT(member) ROG_SETTING_MEMBER(rog_slurm_settings, member), .type = ROG_SETTING_STRING
#define WHOLE(member) ROG_SETTING_MEMBER(rog_slurm_settings, member), .type = ROG_SETTING_INT
#define TEXTS(member) ROG_SETTING_MEMBER(rog_slurm_settings, member), .type = ROG_SETTING_TEXTS

const struct rog_setting rog_slurm_settings_table[] = {
    {TEXT(partition),
     .help = "partition of the jobs, or several separated by commas; default: the cluster's"},
    {TEXT(account), .help = "account to charge; default: yours"},
    {TEXT(qos), .help = "quality of service; default: the account's"},
    {TEXT(constraint), .help = "features that the nodes must have"},
    {TEXT(time), .help = "time limit of a job, as sbatch takes it: minutes, H:MM:SS, D-HH:MM:SS; "
                         "longer runs continue in the next job; default: the partition's"},
    {WHOLE(cpus), .fallback = "1", .min = 1, .max = 1024, .unit = "CPUs",
     .help = "CPUs of a job; its agents do this many runs at once"},
    {TEXT(mem), .help = "memory of a job, 2G for example; default: the partition's"},
    {TEXT(gres), .help = "generic resources of a job, gpu:1 for example"},
    {TEXT(job_name), .fallback = "rogctl", .help = "name of the jobs in squeue"},
    {TEXT(output), .fallback = ROG_SLURM_OUTPUT,
     .help = "file for a job's output, relative to the pool's folder: %A is the number of the "
             "array, %a that of the job in it"},
    {WHOLE(agents), .fallback = "100", .min = 1, .max = 100000, .unit = "jobs",
     .help = "maximum number of jobs, running and waiting; never more than runs to do"},
    {WHOLE(throttle), .fallback = "0", .min = 0, .max = 100000, .unit = "jobs",
     .help = "jobs that may run at the same time, the % of an array; 0: any number"},
    {ROG_SETTING_MEMBER(rog_slurm_settings, requeue), .type = ROG_SETTING_FLAG, .fallback = "true",
     .help = "a job whose time is over, whose node failed or which was preempted goes back into "
             "the queue; false: another is submitted while the sweep is running"},
    {WHOLE(signal_before), .fallback = "60", .min = 5, .max = 65535, .unit = "s",
     .help = "agents hand back their runs this long before the time limit"},
    {TEXTS(setup), .help = "shell commands before the agent, for example module load"},
    {TEXT(image), .help = "container image that the agent runs in; default: none"},
    {TEXT(runtime), .fallback = "apptainer", .choices = "apptainer|singularity|podman",
     .help = "program that runs the image"},
    {TEXTS(mounts),
     .help = "more folders to mount in the container, besides the pool's and the files that runs "
             "read: FROM or FROM:TO each"},
    {TEXT(runtime_options), .help = "more options for the runtime, separated by spaces"},
    {TEXT(rogctl), .help = "rogctl on the nodes; default: this one, or `rogctl` in a container"},
    {TEXTS(options), .help = "further options of sbatch, --exclusive for example"},
    {.name = NULL},
};

const struct rog_cluster_kind rog_slurm_cluster = {
    .name = ROG_SLURM_KIND,
    .summary = "virtual time, by agents that are jobs of Slurm",
    .settings = rog_slurm_settings_table,
    .runs_as = &rog_virtual_cluster,
};

/* Reads a file that may also describe a cluster. Members of the cluster are read elsewhere. */
static int take(const struct rog_conf_node *root, struct rog_json *values, struct rog_error *err)
{
    const struct rog_conf_node *kind = rog_conf_get(root, "kind");
    if (!kind || strcmp(rog_json_string(kind->value, ""), ROG_SLURM_KIND) != 0)
        return rog_conf_fail(kind ? kind : root, err, "kind must be \"" ROG_SLURM_KIND "\" here");
    for (size_t i = 0; i < root->child_count; i++) {
        const struct rog_conf_node *node = &root->child[i];
        if (rog_cluster_has_setting(node->name))
            continue;
        int code = rog_conf_check(node, rog_slurm_settings_table, NULL, err);
        if (code < 0)
            return code;
        rog_json_put(values, node->name, rog_json_copy(node->value));
    }
    return 0;
}

int rog_slurm_settings_read(struct rog_slurm_settings *settings, const char *path,
                            struct rog_error *err)
{
    struct rog_conf_node *root = NULL;
    *settings = (struct rog_slurm_settings){.values = rog_json_object()};
    int code = settings->values ? 0 : rog_fail_nomem(err);
    if (code == 0 && path)
        code = rog_conf_read(&root, path, err);
    if (code == 0 && path)
        code = take(root, settings->values, err);
    if (code == 0)
        code = rog_settings_fill(rog_slurm_settings_table, settings->values, err);
    if (code == 0)
        rog_settings_store(rog_slurm_settings_table, settings->values, settings);
    rog_conf_free(root);
    return code;
}

void rog_slurm_settings_release(struct rog_slurm_settings *settings)
{
    rog_json_free(settings->values);
    *settings = (struct rog_slurm_settings){0};
}
