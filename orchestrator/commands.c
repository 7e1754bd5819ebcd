/* SPDX-License-Identifier: Apache-2.0 */
/* Functions shared by several commands of rogctl: options, database, cluster, processors. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/meant.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/kinds.h>
#include <orchestrator/terminal/output.h>

const struct rog_setting rog_common_options[] = {
    {.name = "db",
     .type = ROG_SETTING_STRING,
     .fallback = "results.db",
     .help = "database of results"},
    {.name = "plots",
     .type = ROG_SETTING_STRING,
     .fallback = "plots",
     .help = "folder for figures"},
    {.name = "json",
     .type = ROG_SETTING_FLAG,
     .help = "print only a machine-readable result on standard output"},
    {.name = "quiet", .type = ROG_SETTING_FLAG, .help = "no progress and no notes", .letter = 'q'},
    {.name = "verbose", .type = ROG_SETTING_FLAG, .help = "more notes", .letter = 'v'},
    {.name = NULL},
};

int rog_command_db(const struct rog_cli *cli, enum rog_db_mode mode, struct rog_db **db,
                   struct rog_error *err)
{
    return rog_db_open(db, rog_cli_string(cli, "db"), mode, err);
}

static int read_cluster(const char *given, const char *folder, struct rog_cluster **cluster,
                        struct rog_error *err)
{
    char *share = rog_install_path("share/rog", err);
    *cluster = NULL;
    if (!share)
        return ROG_EFAILED;
    char *profiles = rog_path_join(share, "profiles.conf");
    int code = profiles ? rog_cluster_read(cluster, given, folder, profiles, rog_cluster_kinds, err)
                        : rog_fail_nomem(err);
    free(profiles);
    free(share);
    return code;
}

int rog_command_cluster_file(const char *path, struct rog_cluster **cluster, struct rog_error *err)
{
    return read_cluster(path, NULL, cluster, err);
}

int rog_command_cluster_named(const char *name, struct rog_cluster **cluster, struct rog_error *err)
{
    char *share = rog_install_path("share/rog", err);
    char *path = share ? rog_format("%s/clusters/%s.conf", share, name) : NULL;
    *cluster = NULL;
    int code = !share ? ROG_EFAILED : path ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = read_cluster(path, NULL, cluster, err);
    free(path);
    free(share);
    return code;
}

int rog_command_cluster(const struct rog_cli *cli, struct rog_cluster **cluster,
                        struct rog_error *err)
{
    const char *given = rog_cli_string(cli, "cluster");
    return given ? read_cluster(given, NULL, cluster, err)
                 : rog_command_cluster_named("virtual4", cluster, err);
}

int rog_command_cluster_of(const struct rog_cli *cli, const struct rog_experiment *experiment,
                           const char *file, struct rog_cluster **cluster, struct rog_error *err)
{
    const struct rog_experiment_name *named = &experiment->cluster;
    bool is_described = file && rog_cluster_is_described(file);
    if (is_described && rog_cli_given(cli, "cluster"))
        return rog_fail(err, ROG_EINVAL,
                        "%s contains a cluster (workers), but --cluster names another; hint: "
                        "remove one of them",
                        file);
    if (is_described)
        return read_cluster(file, NULL, cluster, err);
    if (rog_cli_given(cli, "cluster") || !named->name)
        return rog_command_cluster(cli, cluster, err);
    char *folder = rog_path_dir(experiment->path);
    int code = folder ? read_cluster(named->name, folder, cluster, err) : rog_fail_nomem(err);
    free(folder);
    if (code == ROG_EINVAL)
        rog_fail_prefix(err, "%s, line %d: cluster", experiment->path, named->line);
    return code;
}

int rog_command_methods(const char *path, struct rog_methods *methods, struct rog_error *err)
{
    *methods = (struct rog_methods){0};
    char *share = rog_install_path("share/rog", err);
    if (!share)
        return ROG_EFAILED;
    char *own = rog_path_join(share, "methods.conf");
    int code = own ? rog_methods_read(methods, own, err) : rog_fail_nomem(err);
    if (code == 0 && path)
        code = rog_methods_read(methods, path, err);
    free(own);
    free(share);
    return code;
}

/* Applies the settings of the methods that runs name. */
static int apply_methods(struct rog_experiment *experiment, struct rog_error *err)
{
    struct rog_methods methods = {0};
    bool any = experiment->methods.name;
    for (size_t i = 0; i < experiment->run_count; i++)
        any = any || rog_json_get(experiment->run[i].settings, "method");
    if (!any)
        return 0;
    char *folder = rog_path_dir(experiment->path);
    char *path =
        folder && experiment->methods.name ? rog_path_join(folder, experiment->methods.name) : NULL;
    int code = folder && (path || !experiment->methods.name)
                   ? rog_command_methods(path, &methods, err)
                   : rog_fail_nomem(err);
    if (code == 0)
        code = rog_methods_apply_all(&methods, experiment, err);
    rog_methods_release(&methods);
    free(path);
    free(folder);
    return code;
}

/* Fails for the name of a file that is neither here nor installed with the program. */
static int fail_unknown(const char *given, int code, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    const char *slash = strrchr(given, '/');
    struct rog_error cause = *err;
    char *folder = rog_path_dir(given), *share = rog_install_path("share/rog", err);
    const char *const folders[] = {folder, slash ? NULL : share, NULL};
    if (folder && share)
        rog_fail(err, code, "%s%s%s", cause.message,
                 rog_meant_file(slash ? slash + 1 : given, folders, ".conf", false, meant),
                 slash ? "" : "; `rogctl help experiments` lists those that come with the program");
    free(share);
    free(folder);
    return code;
}

int rog_command_experiment(const struct rog_cli *cli, const char *given,
                           struct rog_experiment **experiment, struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    char *path = NULL;
    size_t length = strlen(given);
    bool is_name = length > 5 && strcmp(given + length - 5, ".conf") == 0 && !strchr(given, '/');
    if (is_name && !rog_file_exists(given)) {
        char *share = rog_install_path("share/rog", err);
        if (!share)
            return ROG_EFAILED;
        path = rog_path_join(share, given);
        free(share);
        if (!path)
            return rog_fail_nomem(err);
    }
    bool installed = path && rog_file_exists(path);
    if (installed)
        rog_remark(&output, "using %s, which is installed with rogctl", path);
    int code = rog_experiment_read(experiment, installed ? path : given, err);
    if (code < 0 && !rog_file_exists(given) && !installed)
        code = fail_unknown(given, code, err);
    if (code == 0)
        code = apply_methods(*experiment, err);
    free(path);
    return code;
}

int rog_command_trainer(const struct rog_cli *cli, const char *name, struct rog_error *err)
{
    int count = rog_cli_arg_count(cli);
    char *trainer = rog_fleet_trainer_path(err);
    if (!trainer)
        return ROG_EFAILED;
    char **argv = calloc((size_t)count + 3, sizeof *argv);
    int code = 0;
    for (int i = 0; argv && i < count + 2; i++) {
        argv[i] = rog_strdup(i == 0 ? trainer : i == 1 ? name : rog_cli_arg(cli, i - 2));
        if (!argv[i])
            code = ROG_ENOMEM;
    }
    if (!argv || code < 0) {
        code = rog_fail_nomem(err);
    } else {
        execv(trainer, argv);
        code = rog_fail(err, ROG_EFAILED, "cannot execute %s: %s", trainer, strerror(errno));
    }
    for (int i = 0; argv && i < count + 2; i++)
        free(argv[i]);
    free(argv);
    free(trainer);
    return code;
}

int rog_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}
