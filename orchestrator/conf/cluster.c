/* SPDX-License-Identifier: Apache-2.0 */
/* Reads cluster files and device profiles. */
#include <orchestrator/conf/cluster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/container.h>
#include <common/file.h>
#include <common/meant.h>
#include <common/settings.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/conf/cluster_state.h>
#include <orchestrator/conf/file.h>
#include <orchestrator/conf/group.h>
#include <orchestrator/conf/ranges.h>
#include <orchestrator/conf/wrapper.h>

const struct rog_setting rog_cluster_settings[] = {
    {.name = "kind", .type = ROG_SETTING_STRING, .help = "kind of cluster"},
    {.name = "server", .type = ROG_SETTING_STRING, .help = "host of the server"},
    {.name = "workers", .type = ROG_SETTING_STRING, .help = "list of workers"},
    {.name = "profiles",
     .type = ROG_SETTING_STRING,
     .help = "file of device profiles, in addition to the built-in ones"},
    {.name = ROG_CLUSTER_WORKER_DEFAULTS,
     .type = ROG_SETTING_STRING,
     .help = "default settings of all workers"},
    {.name = "tester", .type = ROG_SETTING_STRING, .help = "where checkpoints are tested"},
    {.name = NULL},
};

const struct rog_setting rog_cluster_run_settings[] = {
    {.name = "stall_limit",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 1,
     .max = 1e6,
     .unit = "s",
     .help = "a run has failed if no worker finishes an iteration for this long"},
    {.name = "retries",
     .type = ROG_SETTING_INT,
     .fallback = "2",
     .min = 0,
     .max = 1000,
     .unit = "times",
     .help = "retries of a failed run"},
    {.name = "restarts",
     .type = ROG_SETTING_INT,
     .fallback = "10",
     .min = 0,
     .max = 1000,
     .unit = "times",
     .help = "restarts of a killed process of a run"},
    {.name = "worker_timeout",
     .type = ROG_SETTING_REAL,
     .fallback = "60",
     .min = 0.1,
     .max = 1e6,
     .unit = "s",
     .help = "drop a worker that has been silent for this long"},
    {.name = "state_period",
     .type = ROG_SETTING_REAL,
     .fallback = "5",
     .min = 0,
     .max = 1e6,
     .unit = "s",
     .help = "interval at which the server saves its state, to resume from if it is killed; 0: "
             "only with checkpoints"},
    {.name = "min_workers",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .min = 0,
     .max = ROG_CLUSTER_MAX_WORKERS,
     .unit = "workers",
     .help = "minimum number of workers: a run starts with this many if the others do not connect "
             "within worker_timeout, and fails below it; 0: start with all and continue with one"},
    {.name = NULL},
};

const struct rog_setting rog_cluster_hosts_settings[] = {
    {.name = "port",
     .type = ROG_SETTING_INT,
     .fallback = "7700",
     .min = 1,
     .max = 65535,
     .help = "port of the server that the workers connect to"},
    {.name = "downlink",
     .type = ROG_SETTING_STRING,
     .fallback = "auto",
     .choices = "auto|server",
     .help = "where the workers' downlink is shaped: on the server, or on the workers if all of "
             "them can"},
    {.name = "lease",
     .type = ROG_SETTING_REAL,
     .fallback = "600",
     .min = 5,
     .max = 1e6,
     .unit = "s",
     .help = "a host that has not heard from rogctl for this long stops its part of the run and "
             "cleans up"},
    {.name = "container",
     .type = ROG_SETTING_GROUP,
     .members = rog_container_settings,
     .help = "container that the trainer runs in, on hosts that do not set their own"},
    {.name = NULL},
};

const struct rog_setting rog_cluster_host_settings[] = {
    {.name = "user", .type = ROG_SETTING_STRING, .help = "SSH user name"},
    {.name = "iface",
     .type = ROG_SETTING_STRING,
     .help = "network interface on which the bandwidth is replayed"},
    {.name = "address",
     .type = ROG_SETTING_STRING,
     .help = "address on the training network; default: host, or its HostName in the ssh "
             "configuration"},
    {.name = "wrap",
     .type = ROG_SETTING_STRING,
     .help = "command prefix to start the trainer with, words separated by spaces"},
    {.name = "container",
     .type = ROG_SETTING_GROUP,
     .members = rog_container_settings,
     .help = "container that the trainer runs in, instead of wrap; missing settings are those of "
             "the cluster's container"},
    {.name = "environment",
     .type = ROG_SETTING_STRING,
     .help = "environment of the trainer: NAME=VALUE, separated by spaces"},
    {.name = "recover",
     .type = ROG_SETTING_STRING,
     .help = "shell command run on the host before a failed run is retried"},
    {.name = NULL},
};

/* Settings of a server or tester in addition to rog_cluster_host_settings, and of a worker in
 * addition to these and rog_worker_settings. */
static const struct rog_setting host_extra[] = {
    {.name = "host", .type = ROG_SETTING_STRING, .help = "name or address"},
    {.name = NULL},
};
/* ---- settings of each kind ---- */

static bool is_any(const struct rog_cluster_kind *kind, const char *name)
{
    (void)name;
    return kind != NULL;
}

static bool is_own(const struct rog_cluster_kind *kind, const char *name)
{
    return kind->settings && rog_setting_find(kind->settings, name);
}

/* Returns whether a setting of the cluster, or a member of one of its nodes, applies to a kind. */
static bool takes(const struct rog_cluster_kind *kind, const char *name)
{
    if (rog_setting_find(rog_cluster_run_settings, name))
        return kind->real_time;
    if (strcmp(name, "server") == 0 || strcmp(name, "tester") == 0 ||
        rog_setting_find(rog_cluster_hosts_settings, name) ||
        rog_setting_find(rog_cluster_host_settings, name))
        return kind->has_hosts;
    return is_own(kind, name) || rog_setting_find(rog_cluster_settings, name) ||
           rog_setting_find(rog_worker_settings, name);
}

int rog_cluster_check_use(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                          struct rog_error *err)
{
    char names[128];
    if (takes(reader->cluster->kind, node->name))
        return 0;
    rog_cluster_kind_names(reader->kinds, takes, node->name, " or ", names, sizeof names);
    return rog_conf_fail(node, err, "%s is for clusters of kind %s", node->name, names);
}

/* Returns the table that contains a member of the file: the kind's own table before that of another
 * kind; rog_cluster_settings if no table contains it. */
static const struct rog_setting *table_of(const struct rog_cluster_reader *reader, const char *name)
{
    if (rog_setting_find(rog_cluster_run_settings, name))
        return rog_cluster_run_settings;
    if (rog_setting_find(rog_cluster_hosts_settings, name))
        return rog_cluster_hosts_settings;
    if (is_own(reader->cluster->kind, name))
        return reader->cluster->kind->settings;
    for (size_t i = 0; reader->kinds[i]; i++)
        if (is_own(reader->kinds[i], name))
            return reader->kinds[i]->settings;
    return rog_cluster_settings;
}

static int read_kind(struct rog_cluster_reader *reader, struct rog_error *err)
{
    char names[128];
    const struct rog_conf_node *kind = rog_conf_get(reader->root, "kind");
    int code = kind ? rog_conf_check(kind, rog_cluster_settings, NULL, err) : 0;
    if (code < 0)
        return code;
    rog_cluster_kind_names(reader->kinds, is_any, NULL, ", ", names, sizeof names);
    if (!kind)
        return rog_conf_fail(reader->root, err, "kind is missing: one of %s", names);
    const char *name = rog_json_string(kind->value, "");
    reader->cluster->kind = rog_cluster_kind_find(reader->kinds, name);
    if (!reader->cluster->kind)
        return rog_conf_fail(kind, err, "kind must be one of %s (found \"%s\"%s)", names, name,
                             strcmp(name, "hosts") == 0 ? ", which is for --on hosts:FILE" : "");
    return 0;
}

/* ---- nodes ---- */

/* Checks a member against a table and rog_cluster_host_settings. */
int rog_cluster_check_host_member(const struct rog_conf_node *node, const struct rog_setting *table,
                                  struct rog_error *err)
{
    int code = rog_conf_check(node, table, rog_cluster_host_settings, err);
    if (code == 0)
        code = rog_group_check_host(node, err);
    return code ? code : rog_group_check_environment(node, err);
}

static int take_host(const struct rog_conf_node *root, const char *name, struct rog_json **host,
                     struct rog_error *err)
{
    const struct rog_conf_node *node = rog_conf_get(root, name);
    if (!node)
        return 0;
    if (node->type != ROG_CONF_GROUP)
        return rog_conf_fail(node, err, "%s must be a group, { host = ...; } (found %s)", name,
                             rog_conf_kind(node));
    for (size_t i = 0; i < node->child_count; i++) {
        const struct rog_conf_node *child = &node->child[i];
        int code = rog_cluster_check_host_member(child, host_extra, err);
        if (code == 0 && rog_cluster_is_name(child) &&
            rog_ranges_in(rog_json_string(child->value, "")))
            code = rog_conf_fail(child, err, "%s is one host: no {} in its %s (found \"%s\")", name,
                                 child->name, rog_json_string(child->value, ""));
        if (code == 0 && strcmp(name, "tester") == 0 && strcmp(child->name, "host") != 0 &&
            strcmp(child->name, "user") != 0)
            code = rog_conf_fail(child, err, "%s does not apply to a tester", child->name);
        if (code < 0)
            return code;
    }
    if (!rog_conf_get(node, "host"))
        return rog_conf_fail(node, err, "%s has no host", name);
    *host = rog_json_copy(node->value);
    return *host ? 0 : rog_fail_nomem(err);
}

/* Adds the settings of the table that `node` has and `made` lacks. Their paths are relative to the
 * node's file. */
int rog_cluster_take_settings(const struct rog_conf_node *node, const struct rog_setting *table,
                              struct rog_json *made, struct rog_error *err)
{
    for (const struct rog_setting *row = table; row->name; row++) {
        const struct rog_json *value = rog_json_get(node->value, row->name);
        if (value && !rog_json_get(made, row->name))
            rog_json_put(made, row->name, rog_json_copy(value));
    }
    char *folder = rog_path_dir(node->file);
    int code = folder ? rog_settings_anchor(table, made, folder, err) : rog_fail_nomem(err);
    free(folder);
    return code;
}

/* ---- the whole file ---- */

/* Puts the given values of a table, and its defaults, into `values`. */
static int collect(const struct rog_conf_node *root, const struct rog_setting *table,
                   struct rog_json *values, struct rog_error *err)
{
    int code = rog_cluster_take_settings(root, table, values, err);
    return code < 0 ? code : rog_settings_fill(table, values, err);
}

static int take_run_settings(struct rog_cluster *cluster, const struct rog_conf_node *root,
                             struct rog_error *err)
{
    struct rog_json *values = rog_json_object();
    cluster->own = rog_json_object();
    int code = values && cluster->own ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = collect(root, rog_cluster_run_settings, values, err);
    if (code == 0)
        code = collect(root, rog_cluster_hosts_settings, values, err);
    if (code == 0 && cluster->kind->settings)
        code = collect(root, cluster->kind->settings, cluster->own, err);
    cluster->port = (unsigned)rog_json_get_integer(values, "port", 0);
    cluster->downlink_at_server =
        strcmp(rog_json_get_string(values, "downlink", ""), "server") == 0;
    cluster->lease_s = rog_json_get_number(values, "lease", 0);
    cluster->stall_limit_s = rog_json_get_number(values, "stall_limit", 0);
    cluster->worker_timeout_s = rog_json_get_number(values, "worker_timeout", 0);
    cluster->state_period_s = rog_json_get_number(values, "state_period", 0);
    cluster->retries = (int)rog_json_get_integer(values, "retries", 0);
    cluster->restarts = (int)rog_json_get_integer(values, "restarts", 0);
    cluster->min_workers = (size_t)rog_json_get_integer(values, "min_workers", 0);
    rog_json_free(values);
    return code;
}

/* Checks all members except nodes, which are groups of their own. */
static int check_members(const struct rog_cluster_reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *root = reader->root;
    for (size_t i = 0; i < root->child_count; i++) {
        const struct rog_conf_node *node = &root->child[i];
        bool is_group = strcmp(node->name, "server") == 0 || strcmp(node->name, "workers") == 0 ||
                        strcmp(node->name, "tester") == 0 ||
                        strcmp(node->name, ROG_CLUSTER_WORKER_DEFAULTS) == 0;
        const struct rog_setting *table = table_of(reader, node->name);
        int code = is_group ? 0 : rog_conf_check(node, table, rog_cluster_run_settings, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int add_host_name(const struct rog_cluster_reader *reader, struct rog_json *seen,
                         const struct rog_json *settings, int64_t rank, struct rog_error *err)
{
    char *host = rog_strdup(rog_json_get_string(settings, "host", ""));
    if (!host)
        return rog_fail_nomem(err);
    rog_group_fold_host(host);
    int64_t before = rog_json_get_integer(seen, host, -1);
    const struct rog_conf_node *node = rog_conf_get(reader->root, "workers");
    int code = 0;
    if (before == 0)
        code = rog_conf_fail(node, err, "worker %lld and the server have the same host, %s",
                             (long long)rank, host);
    else if (before > 0)
        code = rog_conf_fail(node, err, "workers %lld and %lld have the same host, %s",
                             (long long)before, (long long)rank, host);
    else
        rog_json_put_integer(seen, host, rank);
    free(host);
    return code;
}

/* Checks that no two nodes have the same host, because a host executes one process of a run. If two
 * names refer to one machine, this is noticed only when connecting. */
static int check_hosts_differ(const struct rog_cluster_reader *reader, struct rog_error *err)
{
    const struct rog_cluster *cluster = reader->cluster;
    struct rog_json *seen = rog_json_object();
    int code = seen ? add_host_name(reader, seen, cluster->server, 0, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < rog_json_size(cluster->workers); i++)
        code = add_host_name(reader, seen, rog_json_at(cluster->workers, i), (int64_t)i + 1, err);
    rog_json_free(seen);
    return code;
}

/* Reads the file that `profiles` names, relative to the cluster file. */
static int read_profiles(struct rog_cluster_reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *node = rog_conf_get(reader->root, "profiles");
    if (!node)
        return 0;
    char *folder = rog_path_dir(reader->root->file);
    char *path = folder ? rog_path_join(folder, rog_json_string(node->value, "")) : NULL;
    int code = path ? rog_conf_read(&reader->own_profiles, path, err) : rog_fail_nomem(err);
    free(path);
    free(folder);
    return code;
}

static int take(struct rog_cluster_reader *reader, struct rog_error *err)
{
    struct rog_cluster *cluster = reader->cluster;
    const struct rog_conf_node *root = reader->root;
    int code = read_kind(reader, err);
    if (code == 0)
        code = check_members(reader, err);
    for (size_t i = 0; code == 0 && i < root->child_count; i++)
        code = rog_cluster_check_use(reader, &root->child[i], err);
    if (code < 0)
        return code;
    cluster->workers = rog_json_array();
    cluster->assumed = rog_json_array();
    code = cluster->workers ? take_run_settings(cluster, root, err) : rog_fail_nomem(err);
    if (code == 0)
        code = read_profiles(reader, err);
    if (code == 0)
        code = rog_cluster_take_workers(reader, err);
    if (code == 0 && cluster->min_workers > rog_json_size(cluster->workers))
        code = rog_conf_fail(rog_conf_get(root, "min_workers"), err,
                             "min_workers is %zu, but the cluster has %zu workers",
                             cluster->min_workers, rog_json_size(cluster->workers));
    if (code == 0)
        code = take_host(root, "server", &cluster->server, err);
    if (code == 0 && cluster->server)
        code = rog_wrapper_resolve(cluster->server, rog_json_get(root->value, "container"),
                                   rog_conf_get(root, "server"), err);
    if (code == 0)
        code = take_host(root, "tester", &cluster->tester, err);
    if (code == 0 && cluster->kind->has_hosts && !cluster->server)
        code = rog_conf_fail(root, err, "server is missing: server = { host = ...; }");
    if (code == 0 && cluster->kind->has_hosts)
        code = check_hosts_differ(reader, err);
    return code;
}

/* Replaces the kind by that of its runs, once the file's settings have been checked against its own
 * kind. The settings of how runs are executed are read again by the provider. */
static void take_runs_as(struct rog_cluster *cluster)
{
    if (!cluster->kind->runs_as)
        return;
    cluster->on = cluster->kind->name;
    cluster->kind = cluster->kind->runs_as;
    rog_json_free(cluster->own);
    cluster->own = NULL;
}

/* Finds out whether the cluster file is installed with the program, next to the profiles. */
static int find_origin(struct rog_cluster_reader *reader, struct rog_error *err)
{
    char *share = rog_path_dir(reader->profiles->file);
    char *clusters = share ? rog_format("%s/clusters/", share) : NULL;
    int code = clusters ? 0 : rog_fail_nomem(err);
    if (clusters)
        reader->is_shipped = strncmp(reader->cluster->path, clusters, strlen(clusters)) == 0;
    free(clusters);
    free(share);
    return code;
}

/* Fails for a name, and suggests an installed file with a similar name. */
static int fail_unknown(const char *given, int code, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    char *installed = rog_install_path("share/rog/clusters", err);
    const char *const folders[] = {installed, NULL};
    struct rog_error cause = *err;
    if (!installed)
        return ROG_EFAILED;
    rog_meant_file(given, folders, ".conf", true, meant);
    free(installed);
    return rog_fail(err, code,
                    "%s%s; `rogctl help clusters` lists those that come with the program",
                    cause.message, meant);
}

int rog_cluster_read(struct rog_cluster **out, const char *given, const char *folder,
                     const char *profiles_path, const struct rog_cluster_kind *const *kinds,
                     struct rog_error *err)
{
    *out = NULL;
    struct rog_conf_node *root = NULL, *profiles = NULL;
    struct rog_cluster *cluster = calloc(1, sizeof *cluster);
    if (!cluster)
        return rog_fail_nomem(err);
    int code = rog_cluster_find_file(&cluster->path, given, folder, err);
    cluster->name = rog_cluster_name_of(given);
    if (code == 0 && !cluster->name)
        code = rog_fail_nomem(err);
    if (code == 0 && strcmp(cluster->path, ROG_CLUSTER_LAB) == 0 &&
        !rog_file_exists(ROG_CLUSTER_LAB))
        code = rog_fail(err, ROG_EINVAL, "there is no lab; hint: sudo rogctl lab up");
    if (code == 0)
        code = rog_conf_read(&root, cluster->path, err);
    if (code < 0 && err && !strchr(given, '/') && !rog_file_exists(cluster->path))
        code = fail_unknown(given, code, err);
    if (code == 0)
        code = rog_conf_read(&profiles, profiles_path, err);
    if (code == 0) {
        struct rog_cluster_reader reader = {
            .cluster = cluster, .kinds = kinds, .root = root, .profiles = profiles};
        code = find_origin(&reader, err);
        if (code == 0)
            code = take(&reader, err);
        if (code == 0)
            take_runs_as(cluster);
        rog_conf_free(reader.own_profiles);
    }
    rog_conf_free(profiles);
    rog_conf_free(root);
    if (code < 0)
        rog_cluster_free(cluster);
    else
        *out = cluster;
    return code;
}

void rog_cluster_free(struct rog_cluster *cluster)
{
    if (!cluster)
        return;
    rog_json_free(cluster->workers);
    rog_json_free(cluster->assumed);
    rog_json_free(cluster->server);
    rog_json_free(cluster->tester);
    rog_json_free(cluster->own);
    free(cluster->name);
    free(cluster->path);
    free(cluster);
}

bool rog_cluster_is_described(const char *given)
{
    struct rog_conf_node *root = NULL;
    char *path = NULL;
    bool is_described = rog_cluster_find_file(&path, given, NULL, NULL) == 0 &&
                        rog_conf_read(&root, path, NULL) == 0 && rog_conf_get(root, "workers");
    rog_conf_free(root);
    free(path);
    return is_described;
}

bool rog_cluster_has_setting(const char *name)
{
    static const struct rog_setting *const tables[] = {
        rog_cluster_settings,      rog_cluster_run_settings, rog_cluster_hosts_settings,
        rog_cluster_host_settings, rog_worker_settings,
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (rog_setting_find(tables[i], name))
            return true;
    return strcmp(name, "server") == 0 || strcmp(name, "workers") == 0 ||
           strcmp(name, "tester") == 0;
}

/* ---- addresses ---- */

const char *rog_cluster_address(const struct rog_json *host, const char *known)
{
    const char *name = known && known[0] ? known : rog_json_get_string(host, "host", "");
    return rog_json_get_string(host, "address", name);
}

char *rog_cluster_server(const struct rog_cluster *cluster, const char *known)
{
    const char *address = rog_cluster_address(cluster->server, known);
    bool is_ipv6 = strchr(address, ':') != NULL;
    return rog_format("%s%s%s:%u", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", cluster->port);
}
