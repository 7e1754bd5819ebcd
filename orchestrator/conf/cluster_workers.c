/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the workers of a cluster file: groups, their profiles, and the workers of each group. */
#include <orchestrator/conf/cluster_state.h>

#include <stdlib.h>
#include <string.h>

#include <common/workload.h>
#include <orchestrator/conf/group.h>
#include <orchestrator/conf/ranges.h>
#include <orchestrator/conf/wrapper.h>

static const struct rog_setting worker_extra[] = {
    {.name = "count",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = ROG_CLUSTER_MAX_WORKERS,
     .unit = "workers",
     .help = "number of workers with these settings"},
    {.name = NULL},
};

/* ---- profiles ---- */

static const char *next_child(const void *list, size_t index)
{
    const struct rog_conf_node *group = list;
    return index < group->child_count ? group->child[index].name : NULL;
}

static int fail_no_profile(const struct rog_cluster_reader *reader,
                           const struct rog_conf_node *worker, const char *name,
                           struct rog_error *err)
{
    const struct rog_conf_node *own = reader->own_profiles;
    const struct rog_conf_node *given = rog_conf_get(worker, "profile");
    const char *near = own ? rog_nearest_name(name, next_child, own) : NULL;
    if (!near)
        near = rog_nearest_name(name, next_child, reader->profiles);
    return rog_conf_fail(given ? given : worker, err, "no device profile \"%s\" in %s%s%s%s%s%s",
                         name, own ? own->file : "", own ? " or " : "", reader->profiles->file,
                         near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* Finds the group of a profile and checks its members; profiles of the cluster's own file have
 * priority. */
static int find_profile(const struct rog_cluster_reader *reader, const struct rog_conf_node *worker,
                        const char *name, const struct rog_conf_node **profile,
                        struct rog_error *err)
{
    const struct rog_conf_node *found =
        reader->own_profiles ? rog_conf_get(reader->own_profiles, name) : NULL;
    if (!found)
        found = rog_conf_get(reader->profiles, name);
    if (!found)
        return fail_no_profile(reader, worker, name, err);
    if (found->type != ROG_CONF_GROUP)
        return rog_conf_fail(found, err, "profile %s must be a group, { ... } (found %s)", name,
                             rog_conf_kind(found));
    for (size_t i = 0; i < found->child_count; i++) {
        int code = rog_conf_check(&found->child[i], rog_worker_settings, NULL, err);
        if (code == 0)
            code = rog_group_check_host(&found->child[i], err);
        if (code < 0)
            return code;
    }
    *profile = found;
    return 0;
}

/* Settings of a profile that depend on the model that is trained. */
static const char *const times_of_model[] = {"step_s", "compress_s", "decompress_s"};
#define TIMES (sizeof times_of_model / sizeof *times_of_model)

/* Clears times that are not given if a step is measured: the other times of the default profile are
 * those of another model. */
static void clear_times(struct rog_json *made)
{
    for (size_t i = 0; i < TIMES; i++)
        if (!rog_json_get(made, times_of_model[i]))
            rog_json_put_number(made, times_of_model[i], 0);
}

/* Returns the times that a worker has from the default profile without naming it. NULL: none, or no
 * memory. */
static struct rog_json *assumed_times(const struct rog_cluster_reader *reader,
                                      const struct rog_conf_node *node,
                                      const struct rog_json *settings)
{
    const char *profile = rog_json_get_string(settings, "profile", "");
    const char *fallback = rog_setting_find(rog_worker_settings, "profile")->fallback;
    bool named = rog_conf_get(node, "profile") && !reader->is_shipped;
    if (named || strcmp(profile, fallback) != 0)
        return NULL;
    struct rog_json *times = rog_json_object();
    for (size_t i = 0; i < TIMES; i++)
        if (!rog_conf_get(node, times_of_model[i]) &&
            rog_json_get_number(settings, times_of_model[i], 0) > 0)
            rog_json_put(times, times_of_model[i],
                         rog_json_copy(rog_json_get(settings, times_of_model[i])));
    if (rog_conf_get(node, "step_times"))
        rog_json_remove(times, "step_s");
    if (rog_json_size(times) > 0)
        return times;
    rog_json_free(times);
    return NULL;
}

/* Combines a worker's own settings, those of its profile, and defaults, in this order of
 * priority. */
static int resolve_worker(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                          struct rog_json **settings, struct rog_error *err)
{
    const struct rog_json *container = rog_json_get(reader->root->value, "container");
    const char *name = rog_json_get_string(
        node->value, "profile", rog_setting_find(rog_worker_settings, "profile")->fallback);
    const struct rog_conf_node *profile = NULL;
    int code = find_profile(reader, node, name, &profile, err);
    if (code < 0)
        return code;
    struct rog_json *made = rog_json_object();
    code = made ? rog_cluster_take_settings(node, rog_worker_settings, made, err)
                : rog_fail_nomem(err);
    if (code == 0 && rog_workload_measures(made) && !rog_conf_get(node, "profile"))
        clear_times(made);
    if (code == 0)
        code = rog_cluster_take_settings(profile, rog_worker_settings, made, err);
    if (code == 0)
        code = rog_cluster_take_settings(node, rog_cluster_host_settings, made, err);
    if (code == 0)
        code = rog_wrapper_resolve(made, container, node, err);
    if (code == 0)
        code = rog_settings_fill(rog_worker_settings, made, err);
    if (code < 0)
        rog_json_free(made);
    else
        *settings = made;
    return code;
}

/* ---- workers ---- */

static bool has_own_clock(const struct rog_cluster_kind *kind, const char *name)
{
    (void)name;
    return !kind->real_time;
}

/* Rejects step_s = "measured" in real time: a step there takes as long as the device needs, and
 * nothing is measured beforehand. */
static int check_measured(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                          const struct rog_json *settings, struct rog_error *err)
{
    char names[128];
    const struct rog_conf_node *given = rog_conf_get(node, "step_s");
    if (!rog_workload_measures(settings) || has_own_clock(reader->cluster->kind, NULL))
        return 0;
    rog_cluster_kind_names(reader->kinds, has_own_clock, NULL, " or ", names, sizeof names);
    return rog_conf_fail(
        given ? given : node, err,
        "step_s = \"" ROG_STEP_MEASURED
        "\" is for clusters of kind %s; on this cluster a step takes the time that the device "
        "needs, and step_s, in seconds, slows it down to that time (0: no slowdown)",
        names);
}

static int check_worker_member(const struct rog_cluster_reader *reader,
                               const struct rog_conf_node *node, struct rog_error *err)
{
    if (rog_setting_find(worker_extra, node->name))
        return rog_conf_check(node, worker_extra, NULL, err);
    int code = rog_cluster_check_host_member(node, rog_worker_settings, err);
    return code < 0 ? code : rog_cluster_check_use(reader, node, err);
}

/* What differs among the workers of a group. */
struct names {
    struct rog_json *host, *address; /* one text for each worker; NULL: not given */
    int64_t copies;
};

static int append_workers(struct rog_cluster *cluster, const struct rog_conf_node *node,
                          const struct rog_json *settings, const struct names *names,
                          struct rog_error *err)
{
    int code = 0;
    for (int64_t i = 0; code == 0 && i < names->copies; i++) {
        size_t rank = rog_json_size(cluster->workers) + 1;
        struct rog_json *worker = rog_json_copy(settings);
        if (!worker)
            code = rog_fail_nomem(err);
        else if (rank > ROG_CLUSTER_MAX_WORKERS)
            code = rog_conf_fail(node, err, "more than %d workers", ROG_CLUSTER_MAX_WORKERS);
        rog_json_put_integer(worker, "rank", (int64_t)rank);
        if (names->host)
            rog_json_put(worker, "host", rog_json_copy(rog_json_at(names->host, (size_t)i)));
        if (names->address)
            rog_json_put(worker, "address", rog_json_copy(rog_json_at(names->address, (size_t)i)));
        if (code == 0)
            rog_json_append(cluster->workers, worker);
        else
            rog_json_free(worker);
    }
    return code;
}

/* Records assumed times for the last `copies` workers of the cluster. */
static void append_assumed(const struct rog_cluster_reader *reader,
                           const struct rog_conf_node *node, const struct rog_json *settings,
                           int64_t copies)
{
    struct rog_cluster *cluster = reader->cluster;
    struct rog_json *times = assumed_times(reader, node, settings);
    int64_t last = (int64_t)rog_json_size(cluster->workers);
    for (int64_t rank = last - copies + 1; times && rank <= last; rank++) {
        struct rog_json *worker = rog_json_copy(times);
        rog_json_put_integer(worker, "rank", rank);
        rog_json_append(cluster->assumed, worker);
    }
    rog_json_free(times);
}

/* Determines the number of workers of the group, and their names. */
static int take_names(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                      struct names *names, struct rog_error *err)
{
    const struct rog_conf_node *count = rog_conf_get(node, "count");
    const struct rog_conf_node *host = rog_conf_get(node, "host");
    int64_t given = count ? rog_json_integer(count->value, 1) : 0;
    int code = rog_group_expand(node, "host", given, ROG_CLUSTER_MAX_WORKERS, &names->host, err);
    if (code == 0)
        code =
            rog_group_expand(node, "address", given, ROG_CLUSTER_MAX_WORKERS, &names->address, err);
    if (code < 0)
        return code;
    size_t hosts = rog_json_size(names->host), addresses = rog_json_size(names->address);
    bool ranges = host && rog_ranges_in(rog_json_string(host->value, ""));
    names->copies = ranges ? (int64_t)hosts : given ? given : 1;
    if (ranges && given && (int64_t)hosts != given)
        return rog_conf_fail(count, err, "count = %lld, but host = \"%s\" stands for %zu workers",
                             (long long)given, rog_json_string(host->value, ""), hosts);
    if (names->copies > 1 && !ranges && reader->cluster->kind->has_hosts)
        return rog_conf_fail(
            count, err,
            "count = %lld workers need a host each, as in host = \"robot{1..%lld}\""
            " (found \"%s\")",
            (long long)given, (long long)given, rog_json_string(host->value, ""));
    if (addresses && (int64_t)addresses != names->copies)
        return rog_conf_fail(rog_conf_get(node, "address"), err,
                             "address stands for %zu workers, and the group has %lld", addresses,
                             (long long)names->copies);
    if (!ranges) { /* all workers of the group have the same host */
        rog_json_free(names->host);
        names->host = NULL;
    }
    return 0;
}

/* Adds the workers of a group, whose missing settings come from worker_defaults. */
static int take_group(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                      struct rog_error *err)
{
    struct names names = {0};
    struct rog_json *settings = NULL;
    if (reader->cluster->kind->has_hosts && !rog_conf_get(node, "host"))
        return rog_conf_fail(node, err, "this worker has no host");
    int code = take_names(reader, node, &names, err);
    if (code == 0)
        code = resolve_worker(reader, node, &settings, err);
    if (code == 0)
        code = check_measured(reader, node, settings, err);
    if (code == 0)
        code = append_workers(reader->cluster, node, settings, &names, err);
    if (code == 0)
        append_assumed(reader, node, settings, names.copies);
    rog_json_free(settings);
    rog_json_free(names.host);
    rog_json_free(names.address);
    return code;
}

static int take_worker(const struct rog_cluster_reader *reader, const struct rog_conf_node *node,
                       struct rog_error *err)
{
    struct rog_conf_node merged;
    if (node->type != ROG_CONF_GROUP)
        return rog_conf_fail(node, err, "a worker must be a group, { ... } (found %s)",
                             rog_conf_kind(node));
    for (size_t i = 0; i < node->child_count; i++) {
        int code = check_worker_member(reader, &node->child[i], err);
        if (code < 0)
            return code;
    }
    int code = rog_group_merge(node, reader->defaults, &merged, err);
    if (code == 0)
        code = take_group(reader, &merged, err);
    rog_group_release(&merged);
    return code;
}

/* Reads worker_defaults; settings that each worker needs separately are not allowed. */
static int take_defaults(struct rog_cluster_reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *node = rog_conf_get(reader->root, ROG_CLUSTER_WORKER_DEFAULTS);
    if (node && node->type != ROG_CONF_GROUP)
        return rog_conf_fail(node, err,
                             ROG_CLUSTER_WORKER_DEFAULTS " must be a group, { ... } (found %s)",
                             rog_conf_kind(node));
    for (size_t i = 0; node && i < node->child_count; i++) {
        const struct rog_conf_node *child = &node->child[i];
        int code = check_worker_member(reader, child, err);
        if (code == 0 && (rog_cluster_is_name(child) || strcmp(child->name, "count") == 0))
            code = rog_conf_fail(
                child, err,
                "%s belongs to a single worker and cannot be in " ROG_CLUSTER_WORKER_DEFAULTS,
                child->name);
        if (code < 0)
            return code;
    }
    reader->defaults = node;
    return 0;
}

int rog_cluster_take_workers(struct rog_cluster_reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *workers = rog_conf_get(reader->root, "workers");
    if (!workers)
        return rog_conf_fail(reader->root, err, "workers is missing: workers = ( { ... }, ... )");
    if (workers->type != ROG_CONF_LIST || workers->child_count == 0)
        return rog_conf_fail(
            workers, err, "workers must be a list of groups, ( { ... }, ... ) (found %s)",
            workers->type == ROG_CONF_LIST ? "an empty one" : rog_conf_kind(workers));
    int code = take_defaults(reader, err);
    for (size_t i = 0; code == 0 && i < workers->child_count; i++)
        code = take_worker(reader, &workers->child[i], err);
    return code;
}
