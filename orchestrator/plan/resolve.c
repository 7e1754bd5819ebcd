/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the one configuration that a run is. */
#include <orchestrator/plan/resolve.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <common/workload.h>
#include <orchestrator/conf/experiment.h>

/* Settings that name files. A value that begins with `prefix` has its path after it; where
 * `prefix` is NULL the value is a path, unless it begins with a word and a colon. */
static const struct {
    const char *name, *prefix;
} path_settings[] = {
    {"trace", NULL},
    {"initial_model", NULL},
    {"data", "cifar100:"},
};

static bool begins_with_word_and_colon(const char *text)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
    return word > 0 && text[word] == ':';
}

/* Makes the paths in `settings` absolute, so that the run means the same from any folder. */
static int anchor_paths(struct rog_json *settings, const char *folder, struct rog_error *err)
{
    for (size_t i = 0; i < sizeof path_settings / sizeof *path_settings; i++) {
        const char *prefix = path_settings[i].prefix;
        const char *value = rog_json_get_string(settings, path_settings[i].name, NULL);
        if (!value || (!prefix && begins_with_word_and_colon(value)) ||
            (prefix && strncmp(value, prefix, strlen(prefix)) != 0))
            continue;
        const char *relative = value + (prefix ? strlen(prefix) : 0);
        char *absolute = realpath(folder, NULL);
        char *joined = absolute ? rog_path_join(absolute, relative) : NULL;
        char *anchored = joined ? rog_format("%s%s", prefix ? prefix : "", joined) : NULL;
        free(joined);
        free(absolute);
        if (!anchored)
            return rog_fail(err, ROG_EINVAL, "%s: cannot find the folder %s of %s",
                            path_settings[i].name, folder, relative);
        rog_json_put_string(settings, path_settings[i].name, anchored);
        free(anchored);
    }
    return 0;
}

/* A library that is a path is relative to the folder too. */
static int anchor_library(struct rog_json *config, const char *folder, struct rog_error *err)
{
    const char *library = rog_json_get_string(config, "library", "");
    if (!strchr(library, '/'))
        return 0;
    char *path = rog_path_join(folder, library);
    char *absolute = path ? realpath(path, NULL) : NULL;
    int code = 0;
    if (absolute)
        rog_json_put_string(config, "library", absolute);
    else
        code = rog_fail(err, ROG_EINVAL, "library %s: there is no such plugin file", library);
    free(absolute);
    free(path);
    return code;
}

/* Asks the plugin for its name and for the threshold. */
static int apply_plugin(struct rog_resolved_run *run, struct rog_error *err)
{
    struct rog_plugin plugin;
    int code = rog_plugin_load(&plugin, rog_json_get_string(run->config, "library", ""), err);
    if (code == ROG_ENOTFOUND)
        code = err ? (err->code = ROG_EINVAL) : ROG_EINVAL; /* it is the configuration that errs */
    if (code < 0)
        return code;
    const struct rog_json *threshold = rog_json_get(run->config, "threshold");
    if (!threshold)
        rog_json_put_integer(run->config, "threshold", plugin.strategy->threshold_default);
    else
        code = rog_plugin_check_threshold(&plugin, rog_json_integer(threshold, 0), err);
    run->library = rog_strdup(plugin.strategy->name);
    if (code == 0 && !run->library)
        code = rog_fail_nomem(err);
    if (code == 0 && !rog_name_is_plain(run->library))
        code = rog_fail(err, ROG_EABI,
                        "plugin %s: its name \"%s\" cannot be part of a file name; letters, "
                        "digits, '-', '_' and '.' are allowed",
                        plugin.path, run->library);
    rog_plugin_release(&plugin);
    return code;
}

/* ---- a program of one's own ---- */

#define SOURCE_MAX_BYTES (1u << 20)

/* What JSON can carry. */
static bool is_text(const char *text, size_t size)
{
    struct rog_json *value = rog_json_new_string(text);
    bool same = strlen(text) == size && strcmp(rog_json_string(value, ""), text) == 0;
    rog_json_free(value);
    return same;
}

/* A relative path keeps its folders on the hosts, as long as it does not lead out of them. */
static const char *deployed_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return path[0] == '/' || strstr(path, "..") ? (slash ? slash + 1 : path) : path;
}

/* Replaces paths by the names that files have on the hosts, and adds what is in them: the run is
 * another one when a file changes, and can be repeated when it is gone. */
static int take_sources(struct rog_json *config, const char *folder, struct rog_error *err)
{
    const struct rog_json *files = rog_json_get(config, "files");
    struct rog_json *names = rog_json_array(), *sources = rog_json_array();
    int code = names && sources ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < rog_json_size(files); i++) {
        const char *given = rog_json_string(rog_json_at(files, i), "");
        char *path = rog_path_join(folder, given), *text = NULL;
        size_t size = 0;
        code =
            path ? rog_file_read(path, SOURCE_MAX_BYTES, &text, &size, err) : rog_fail_nomem(err);
        if (code == ROG_ENOTFOUND || code == ROG_EIO || code == ROG_EFORMAT)
            code = ROG_EINVAL; /* it is the configuration that errs */
        if (code == 0 && !is_text(text, size))
            code = rog_fail(err, ROG_EINVAL,
                            "%s is no text: files are the program's sources; data belong on the "
                            "hosts",
                            given);
        rog_json_append(names, rog_json_new_string(deployed_name(given)));
        rog_json_append(sources, rog_json_new_string(text));
        free(text);
        free(path);
        if (code < 0)
            rog_fail_prefix(err, "files");
    }
    rog_json_put(config, "files", names);
    rog_json_put(config, "sources", sources);
    return code;
}

static int resolve_program(struct rog_json *config, const struct rog_cluster *cluster,
                           const char *folder, struct rog_error *err)
{
    static const char *const own[] = {"command", "files", "test", "ranks", "sources"};
    bool program = strcmp(rog_json_get_string(config, "workload", ""), "program") == 0;
    for (size_t i = 0; !program && i < sizeof own / sizeof *own; i++)
        if (rog_json_get(config, own[i]))
            return rog_fail(err, ROG_EINVAL,
                            "%s is a setting of programs: workload = { command = ...; files = ...; "
                            "test = ...; }",
                            own[i]);
    if (!program)
        return 0;
    bool can_test = rog_json_get(config, "test") || rog_workload_has_network(config);
    if (!rog_json_get(config, "command") || !can_test)
        return rog_fail(err, ROG_EINVAL,
                        "workload program needs %s: workload = { command = \"python3 train.py\"; "
                        "files = [\"train.py\"]; test = \"python3 train.py --test\"; }",
                        rog_json_get(config, "command") ? "test" : "command");
    if (cluster->kind == ROG_CLUSTER_VIRTUAL)
        return rog_fail(err, ROG_EINVAL,
                        "a program computes in real time: take a cluster of kind local or ssh "
                        "(--cluster local4)");
    int code = rog_workload_check_ranks(config, rog_json_size(cluster->workers), err);
    if (code < 0)
        return code;
    rog_json_put_string(config, "wire_model", "same");
    return rog_json_get(config, "sources") ? 0 : take_sources(config, folder, err);
}

/* What does not change a run: its label, and what is recorded of it. */
static bool is_aside(const char *setting)
{
    return strcmp(setting, "note") == 0 || strcmp(setting, "record_rows") == 0;
}

/* In virtual and in real time it is not the same run. */
static int hash_config(struct rog_resolved_run *run, const struct rog_cluster *cluster,
                       struct rog_error *err)
{
    struct rog_json *identity = rog_json_object();
    if (cluster->kind != ROG_CLUSTER_VIRTUAL)
        rog_json_put_string(identity, "kind", rog_cluster_kind_name(cluster->kind));
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        const struct rog_json *value = rog_json_get(run->config, row->name);
        if (value && !is_aside(row->name))
            rog_json_put(identity, row->name, rog_json_copy(value));
    }
    rog_json_put(identity, "workers", rog_json_copy(rog_json_get(run->config, "workers")));
    char *text = rog_json_text_sorted(identity);
    rog_json_free(identity);
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), run->hash);
    free(text);
    return 0;
}

/* Of a cluster's workers, what a run consists of: who logs in there is not part of it. */
static struct rog_json *run_workers(const struct rog_cluster *cluster)
{
    struct rog_json *workers = rog_json_array();
    for (size_t i = 0; i < rog_json_size(cluster->workers); i++) {
        const struct rog_json *from = rog_json_at(cluster->workers, i);
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", rog_json_get_integer(from, "rank", 0));
        for (const struct rog_setting *row = rog_worker_settings; row->name; row++) {
            const struct rog_json *value = rog_json_get(from, row->name);
            if (value)
                rog_json_put(worker, row->name, rog_json_copy(value));
        }
        rog_json_append(workers, worker);
    }
    return workers;
}

static int fill(struct rog_resolved_run *run, const struct rog_cluster *cluster, const char *folder,
                struct rog_error *err)
{
    int code = anchor_paths(run->config, folder, err);
    if (code == 0)
        code = resolve_program(run->config, cluster, folder, err);
    if (code == 0)
        code = rog_settings_fill(rog_run_settings, run->config, err);
    const char *control = rog_json_get_string(run->config, "control", "");
    if (code == 0 && !rog_name_is_plain(control))
        code = rog_fail(err, ROG_EINVAL, ROG_CONTROL_NOT_PLAIN, control);
    if (code == 0)
        code = anchor_library(run->config, folder, err);
    if (code == 0)
        code = apply_plugin(run, err);
    if (code < 0)
        return code;
    if (!rog_json_get(run->config, "trace")) {
        char *trace = rog_format("synth:%s", rog_json_get_string(run->config, "control", ""));
        if (!trace)
            return rog_fail_nomem(err);
        rog_json_put_string(run->config, "trace", trace);
        free(trace);
    }
    if (!rog_json_get(run->config, "note")) {
        int64_t threshold = rog_json_get_integer(run->config, "threshold", 0);
        char text[ROG_THRESHOLD_TEXT_BYTES];
        char *note = threshold > 0
                         ? rog_format("%s %s", run->library, rog_threshold_text(threshold, text))
                         : rog_strdup(run->library);
        rog_json_put_string(run->config, "note", note);
        free(note);
    }
    struct rog_json *workers = run_workers(cluster);
    if (!workers)
        return rog_fail_nomem(err);
    rog_json_put(run->config, "workers", workers);
    return hash_config(run, cluster, err);
}

int rog_run_resolve(struct rog_resolved_run *run, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *folder, struct rog_error *err)
{
    *run = (struct rog_resolved_run){0};
    run->config = rog_json_copy(settings);
    int code = run->config ? fill(run, cluster, folder, err) : rog_fail_nomem(err);
    if (code < 0) {
        rog_resolved_run_release(run);
        return code;
    }
    run->control = rog_json_get_string(run->config, "control", "");
    run->note = rog_json_get_string(run->config, "note", "");
    run->workload = rog_json_get_string(run->config, "workload", "");
    run->threshold = rog_json_get_integer(run->config, "threshold", 0);
    run->batchsize = rog_json_get_integer(run->config, "batchsize", 1);
    run->epochs = rog_json_get_integer(run->config, "epochs", 0);
    run->seed = rog_json_get_integer(run->config, "seed", 0);
    return 0;
}

void rog_resolved_run_release(struct rog_resolved_run *run)
{
    rog_json_free(run->config);
    free(run->library);
    *run = (struct rog_resolved_run){0};
}
