/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves a run into its configuration. */
#include <orchestrator/plan/resolve.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/metric.h>
#include <common/parameters.h>
#include <common/plugin.h>
#include <common/program_command.h>
#include <common/settings.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <rog/events.h>

/* Returns "3.11" for "3.11.2": patch releases do not change results. NULL without memory. */
static char *python_release(const char *version)
{
    size_t major = strcspn(version, "."),
           minor = version[major] ? strcspn(version + major + 1, ".") : 0;
    return rog_format("%.*s", (int)(major + 1 + minor), version);
}

/* Gets name, threshold and parameters from the plugin; *chosen: the parameters that do not have
 * their defaults. */
static int apply_plugin(struct rog_resolved_run *run, struct rog_strategies *strategies,
                        struct rog_json **chosen, struct rog_error *err)
{
    struct rog_plugin *plugin;
    int code = rog_strategies_find(strategies, rog_json_get_string(run->config, "library", ""),
                                   &plugin, err);
    if (code == ROG_ENOTFOUND)
        /* it is an error of the configuration */
        code = err ? (err->code = ROG_EINVAL) : ROG_EINVAL;
    if (code < 0)
        return code;
    const struct rog_json *threshold = rog_json_get(run->config, "threshold");
    if (!threshold)
        rog_json_put_integer(run->config, "threshold", plugin->strategy->threshold_default);
    else
        code = rog_plugin_check_threshold(plugin, rog_json_integer(threshold, 0), err);
    if (code == 0)
        code = rog_plugin_configure(plugin, rog_json_get(run->config, "parameters"), err);
    if (code == 0)
        code = rog_parameters_chosen(plugin->strategy->parameters, plugin->strategy->name,
                                     plugin->values, chosen, err);
    if (code == 0 && plugin->values)
        rog_json_put(run->config, "parameters", rog_json_copy(plugin->values));
    else if (code == 0) /* an empty group is removed, which gives the same run */
        rog_json_remove(run->config, "parameters");
    run->has_threshold = plugin->strategy->threshold_max > plugin->strategy->threshold_min;
    run->plans_work = plugin->strategy->plan_work != NULL;
    run->library = rog_strdup(plugin->strategy->name);
    run->plugin = rog_strdup(plugin->path);
    run->python = plugin->python ? python_release(rog_python_version(plugin->python)) : NULL;
    if (code == 0 && (!run->library || !run->plugin || (plugin->python && !run->python)))
        code = rog_fail_nomem(err);
    if (code == 0 && !rog_name_is_plain(run->library))
        code = rog_fail(err, ROG_EABI,
                        "plugin %s: its name \"%s\" cannot be part of a file name; letters, "
                        "digits, '-', '_' and '.' are allowed",
                        plugin->path, run->library);
    return code;
}

/* Codecs, server optimizer and the like: puts each of their parameters into the configuration. */
static int apply_parts(struct rog_resolved_run *run, struct rog_error *err)
{
    int code = rog_parts_init(&run->parts, run->config, err);
    if (code == 0)
        code = rog_parts_put(&run->parts, false, run->config, err);
    rog_settings_leave_out(rog_run_settings, ROG_SETTING_LEFT_OUT, run->config);
    return code;
}

/* ---- the user's program ---- */

#define SOURCE_MAX_BYTES (1u << 20)

/* Returns whether JSON can represent the text. */
static bool is_text(const char *text, size_t size)
{
    struct rog_json *value = rog_json_new_string(text);
    bool same = strlen(text) == size && strcmp(rog_json_string(value, ""), text) == 0;
    rog_json_free(value);
    return same;
}

/* Returns the name of a file on the hosts. A relative path keeps its folders ("./a//b.py" is
 * "a/b.py"); of an absolute path, or one that leaves the folder, only the last part is kept. Heap
 * memory, NULL without memory. */
static char *deployed_name(const char *path)
{
    char *name = rog_strdup(path);
    size_t used = 0;
    bool stays = path[0] != '/';
    for (const char *at = path; name && *at; at += at[0] == '/') {
        size_t length = strcspn(at, "/");
        stays = stays && !(length == 2 && strncmp(at, "..", 2) == 0);
        if (length > 0 && !(length == 1 && *at == '.')) {
            used = stays ? used : 0;
            if (used)
                name[used++] = '/';
            memmove(name + used, at, length);
            used += length;
        }
        at += length;
    }
    if (name)
        name[used] = '\0';
    return name;
}

/* Returns whether files of both names can exist: they are neither equal, nor is one a folder of the
 * other. */
static bool can_be_beside(const char *name, const char *other)
{
    size_t length = strlen(name), other_length = strlen(other);
    size_t common = length < other_length ? length : other_length;
    const char *longer = length < other_length ? other : name;
    return strncmp(name, other, common) != 0 || (longer[common] != '\0' && longer[common] != '/');
}

struct source {
    const char *given;
    char *name, *path, *text; /* name: on the hosts */
    bool executable;
};

/* Reads the file. */
static int read_source(struct source *source, const char *folder, struct rog_error *err)
{
    size_t size = 0;
    struct stat status;
    source->path = rog_path_join(folder, source->given);
    source->name = deployed_name(source->given);
    if (!source->path || !source->name)
        return rog_fail_nomem(err);
    int code = rog_file_read(source->path, SOURCE_MAX_BYTES, &source->text, &size, err);
    if (code == ROG_ENOTFOUND || code == ROG_EIO || code == ROG_EFORMAT)
        code = ROG_EINVAL; /* it is an error of the configuration */
    if (code == 0 && !is_text(source->text, size))
        code = rog_fail(err, ROG_EINVAL,
                        "%s is not text: files are the program's sources; data belong on the hosts",
                        source->given);
    source->executable = code == 0 && stat(source->path, &status) == 0 && status.st_mode & 0111;
    return code;
}

/* Checks that no other file would have the same name on the hosts. */
static int check_place(const struct rog_json *files, const struct rog_json *names, size_t index,
                       const struct source *source, struct rog_error *err)
{
    for (size_t i = 0; i < index; i++) {
        const char *other = rog_json_string(rog_json_at(names, i), "");
        if (!can_be_beside(source->name, other))
            return rog_fail(
                err, ROG_EINVAL,
                "\"%s\" and \"%s\" would be %s and %s in the program's folder; hint: of a path "
                "that begins with / or leads out of this folder only the last part is kept",
                rog_json_string(rog_json_at(files, i), ""), source->given, other, source->name);
    }
    return 0;
}

static void source_release(struct source *source)
{
    free(source->name);
    free(source->path);
    free(source->text);
}

/* Replaces paths by the names of files on the hosts, and adds the contents: the run becomes a
 * different one if a file changes, and can be repeated after a file is deleted. */
static int take_sources(struct rog_json *config, const char *folder, struct rog_error *err)
{
    const struct rog_json *files = rog_json_get(config, "files");
    struct rog_json *names = rog_json_array(), *sources = rog_json_array();
    struct rog_json *executables = rog_json_array();
    int code = names && sources && executables ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < rog_json_size(files); i++) {
        struct source source = {.given = rog_json_string(rog_json_at(files, i), "")};
        code = read_source(&source, folder, err);
        if (code == 0)
            code = check_place(files, names, i, &source, err);
        if (code < 0)
            rog_fail_prefix(err, "files");
        if (code == 0)
            rog_json_append(names, rog_json_new_string(source.name));
        if (code == 0)
            rog_json_append(sources, rog_json_new_string(source.text));
        if (source.executable)
            rog_json_append(executables, rog_json_new_string(source.name));
        source_release(&source);
    }
    rog_json_put(config, "files", names);
    rog_json_put(config, "sources", sources);
    if (rog_json_size(executables))
        rog_json_put(config, "executables", executables);
    else
        rog_json_free(executables);
    return code;
}

/* Only some commands can host several workers in a process. */
static int check_command(const struct rog_json *config, struct rog_error *err)
{
    int64_t workers = rog_json_get_integer(config, "workers_per_process", 1);
    char *hosted = NULL;
    int code = workers > 1 ? rog_program_host_command(rog_json_get_string(config, "command", ""),
                                                      (uint32_t)workers, &hosted, err)
                           : 0;
    free(hosted);
    return code;
}

static int resolve_program(struct rog_json *config, const struct rog_cluster *cluster,
                           const char *folder, struct rog_error *err)
{
    bool program = rog_workload_is_program(config);
    for (const struct rog_setting *row = rog_run_settings; !program && row->name; row++)
        if (rog_setting_is(row, ROG_SETTING_OF_PROGRAMS, 0) && rog_json_get(config, row->name))
            return rog_fail(err, ROG_EINVAL,
                            "%s is a setting of programs: workload = { command = ...; files = ...; "
                            "test = ...; }",
                            row->name);
    if (!program)
        return 0;
    bool can_test = rog_json_get(config, "test") || rog_workload_has_network(config);
    if (!rog_json_get(config, "command") || !can_test)
        return rog_fail(err, ROG_EINVAL,
                        "workload program needs %s: workload = { command = \"python3 train.py\"; "
                        "files = [\"train.py\"]; test = \"python3 train.py --test\"; }",
                        rog_json_get(config, "command") ? "test" : "command");
    if (rog_json_get(config, "metric") && !rog_json_get(config, "test"))
        return rog_fail(err, ROG_EINVAL,
                        "metric says what the program's test prints, and there is no test: the "
                        "network's accuracy is tested");
    int code = rog_metric_resolve(config, err);
    if (code < 0)
        return code;
    code = rog_workload_check_ranks(config, rog_json_size(cluster->workers), err);
    if (code < 0)
        return code;
    code = check_command(config, err);
    if (code < 0)
        return code;
    rog_json_put_string(config, "wire_model", "same");
    return rog_json_get(config, "sources") ? 0 : take_sources(config, folder, err);
}

/* Resolves a layout: the tensors of a model without values, which determine the sizes of
 * messages. */
static int resolve_layout(struct rog_json *config, struct rog_error *err)
{
    if (!rog_json_get(config, "layout"))
        return 0;
    if (rog_workload_trains(config))
        return rog_fail(err, ROG_EINVAL,
                        "layout is a model without values, only for workload none (found workload "
                        "%s)",
                        rog_json_get_string(config, "workload", "train"));
    rog_json_put_string(config, "wire_model", "same");
    return 0;
}

static int check_average(const struct rog_json *config, struct rog_error *err)
{
    if (!(rog_json_get_number(config, "checkpoint_average", 0) > 0) ||
        strcmp(rog_json_get_string(config, "workload", ""), "none") != 0)
        return 0;
    return rog_fail(err, ROG_EINVAL,
                    "checkpoint_average needs a model, and workload none has none");
}

/* A run in real time is never the same as one in virtual time. */
static int hash_identity(struct rog_json *identity, const struct rog_cluster *cluster,
                         char hash[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    if (cluster->kind->real_time)
        rog_json_put_string(identity, "kind", cluster->kind->name);
    char *text = rog_json_text_sorted(identity);
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hash);
    free(text);
    return 0;
}

/* Returns the file of each plugin among the settings. */
static struct rog_json *plugins_of(const struct rog_resolved_run *run)
{
    struct rog_json *plugins = rog_json_object();
    const char *push = run->parts.plugin[ROG_PART_PUSH_CODEC].path;
    const char *pull = run->parts.plugin[ROG_PART_PULL_CODEC].path;
    rog_json_put_string(plugins, "library", run->plugin);
    if (push)
        rog_json_put_string(plugins, "compression", push);
    if (pull)
        rog_json_put_string(plugins, "pull_compression", pull);
    return plugins;
}

/* Computes the hashes that identify the run, and that of its settings alone; `chosen` are the
 * strategy's parameters. */
static int identify(struct rog_resolved_run *run, const struct rog_cluster *cluster,
                    const struct rog_json *chosen, struct rog_contents *contents,
                    struct rog_error *err)
{
    struct rog_json *identity = NULL, *settings = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, run->config, settings);
    rog_json_put(settings, "workers", rog_json_copy(rog_json_get(run->config, "workers")));
    rog_json_remove(settings, "parameters");
    if (chosen)
        rog_json_put(settings, "parameters", rog_json_copy(chosen));
    int code = rog_parts_put(&run->parts, true, settings, err);
    if (code == 0)
        code = hash_identity(settings, cluster, run->older_hash, err);
    rog_json_remove(settings, "sources");
    if (code == 0)
        code = hash_identity(settings, cluster, run->settings_hash, err);
    rog_json_free(settings);
    struct rog_json *plugins = plugins_of(run);
    if (code == 0)
        code = rog_inputs_find(&run->inputs, run->config, plugins, contents, &identity, err);
    rog_json_free(plugins);
    if (code == 0)
        code = rog_parts_put(&run->parts, true, identity, err);
    rog_json_put_integer(identity, "results", ROG_RESULTS_VERSION);
    if (run->python)
        rog_json_put_string(identity, "python", run->python);
    if (code == 0)
        code = hash_identity(identity, cluster, run->hash, err);
    rog_json_free(identity);
    return code;
}

/* Returns the part of a cluster's workers that belongs to a run: not, for example, the SSH user. */
static struct rog_json *run_workers(const struct rog_cluster *cluster)
{
    struct rog_json *workers = rog_json_array();
    for (size_t i = 0; i < rog_json_size(cluster->workers); i++) {
        const struct rog_json *from = rog_json_at(cluster->workers, i);
        struct rog_json *worker = rog_json_object();
        rog_json_put_integer(worker, "rank", rog_json_get_integer(from, "rank", 0));
        rog_settings_copy(rog_worker_settings, 0, 0, from, worker);
        rog_json_append(workers, worker);
    }
    return workers;
}

static int fill(struct rog_resolved_run *run, const struct rog_cluster *cluster, const char *folder,
                struct rog_strategies *strategies, struct rog_json **chosen, struct rog_error *err)
{
    /* Not all settings come from a parser: those of a replay come from a database. */
    int code = rog_settings_check(rog_run_settings, run->config, NULL, err);
    if (code == 0)
        code = rog_trace_check(run->config, err);
    rog_trace_fill_unlimited(run->config);
    if (code == 0)
        code = rog_settings_anchor(rog_run_settings, run->config, folder, err);
    if (code == 0)
        code = resolve_program(run->config, cluster, folder, err);
    if (code == 0)
        code = resolve_layout(run->config, err);
    if (code == 0)
        code = rog_workload_check_steps(run->config, cluster->workers, err);
    if (code == 0)
        code = rog_settings_fill(rog_run_settings, run->config, err);
    if (code == 0)
        code = check_average(run->config, err);
    if (code == 0)
        code = apply_plugin(run, strategies, chosen, err);
    if (code == 0)
        code = apply_parts(run, err);
    if (code == 0)
        code = rog_settings_derive(rog_run_settings, run->config, NULL, err);
    if (code < 0)
        return code;
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
    return 0;
}

static void borrow_texts(struct rog_resolved_run *run)
{
    run->control = rog_json_get_string(run->config, "control", "");
    run->note = rog_json_get_string(run->config, "note", "");
    run->workload = rog_json_get_string(run->config, "workload", "");
}

void rog_resolved_run_share(struct rog_resolved_run *run, const struct rog_resolved_run *with)
{
    rog_json_share(run->config, with->config);
    borrow_texts(run);
}

int rog_run_resolve(struct rog_resolved_run *run, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *folder,
                    struct rog_contents *contents, struct rog_strategies *strategies,
                    struct rog_error *err)
{
    *run = (struct rog_resolved_run){0};
    run->config = rog_json_copy(settings);
    struct rog_json *chosen = NULL;
    int code =
        run->config ? fill(run, cluster, folder, strategies, &chosen, err) : rog_fail_nomem(err);
    if (code == 0)
        code = identify(run, cluster, chosen, contents, err);
    rog_json_free(chosen);
    if (code < 0) {
        rog_resolved_run_release(run);
        return code;
    }
    borrow_texts(run);
    run->threshold = rog_json_get_integer(run->config, "threshold", 0);
    run->batchsize = rog_json_get_integer(run->config, "batchsize", 1);
    run->epochs = rog_json_get_integer(run->config, "epochs", 0);
    run->seed = rog_json_get_integer(run->config, "seed", 0);
    return 0;
}

void rog_resolved_run_release(struct rog_resolved_run *run)
{
    rog_json_free(run->config);
    rog_inputs_release(&run->inputs);
    rog_parts_release(&run->parts);
    free(run->library);
    free(run->plugin);
    free(run->python);
    *run = (struct rog_resolved_run){0};
}
