/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the files that repeat the runs of a bundle. */
#include <orchestrator/bundle/again.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/workload.h>
#include <orchestrator/bundle/archive.h>
#include <orchestrator/conf/conf_text.h>

/* Runs that fit into one experiment file: with the same workers, and programs with the same
 * files. */
struct group {
    char *key, *folder;
    struct rog_json *workers, *config; /* of the first run */
    struct rog_json *runs;             /* their settings */
    struct rog_json *ids;
};

struct making {
    struct rog_bundle *bundle;
    struct group *group;
    size_t groups;
};

/* --- files that runs read --- */

static void log_line(const struct rog_bundle *bundle, const char *path, const char *why)
{
    char *text = rog_format("%s: %s; the bundle contains only its hash", path, why);
    if (text && bundle->options->log)
        bundle->options->log(bundle->options->user, text);
    free(text);
}

static void leave_out(struct rog_bundle *bundle, const char *inside, const char *path,
                      const char *sha256, const char *why)
{
    struct rog_json *one = rog_json_object();
    rog_json_put_string(one, "path", inside);
    rog_json_put_string(one, "source", path);
    rog_json_put_string(one, "sha256", sha256);
    rog_json_put_string(one, "why", why);
    rog_json_append(bundle->absent, one);
}

/* Adds the source of a compiled plugin, if it is beside it. */
static int add_source(struct rog_bundle *bundle, const char *path, struct rog_error *err)
{
    size_t size = strlen(path);
    if (size < 4 || strcmp(path + size - 3, ".so") != 0)
        return 0;
    char *source = rog_format("%.*s.c", (int)(size - 3), path);
    char *inside = source ? rog_bundle_input_path(source) : NULL;
    int code =
        inside && rog_file_exists(source) ? rog_bundle_add_file(bundle, inside, source, err) : 0;
    free(inside);
    free(source);
    return code;
}

static int add_input(struct rog_bundle *bundle, const char *setting, const char *path,
                     const char *sha256, struct rog_error *err)
{
    bool is_plugin =
        rog_setting_is(rog_setting_find(rog_run_settings, setting), ROG_SETTING_PATH_WITH_SLASH, 0);
    char now[ROG_SHA256_HEX_BYTES];
    char *inside = rog_bundle_input_path(path);
    int code = 0;
    if (!inside || rog_json_get(bundle->seen, inside) ||
        (is_plugin && rog_plugin_is_installed(path))) {
        free(inside);
        return 0; /* a program's file is a bare name; its contents are in the configuration */
    }
    rog_json_put_bool(bundle->seen, inside, true);
    bool is_data = strcmp(setting, "data") == 0;
    if (is_data || (bundle->options->without_data && !is_plugin)) {
        leave_out(bundle, inside, path, sha256, is_data ? "data set" : "without data");
    } else if (rog_sha256_file(path, now, NULL) < 0) {
        leave_out(bundle, inside, path, sha256, "no longer exists");
        log_line(bundle, path, "cannot be read");
    } else if (strcmp(now, sha256) != 0) {
        leave_out(bundle, inside, path, sha256, "changed");
        log_line(bundle, path, "has changed since the run");
    } else {
        code = rog_bundle_add_file(bundle, inside, path, err);
        if (code == 0 && is_plugin)
            code = add_source(bundle, path, err);
    }
    free(inside);
    return code;
}

static int add_inputs(struct rog_bundle *bundle, const char *run_id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, bundle->db, err,
                             "SELECT setting, path, sha256 FROM inputs WHERE run_id = ?"
                             " ORDER BY setting, path",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add_input(bundle, rog_query_text(query, 0), rog_query_text(query, 1),
                         rog_query_text(query, 2), err);
    rog_query_free(query);
    return code;
}

/* Replaces paths by those within the bundle, relative to a folder in it. */
static int move_paths(const struct rog_setting *table, struct rog_json *object,
                      struct rog_error *err)
{
    int code = 0;
    for (const struct rog_setting *row = table; row->name && code == 0; row++) {
        const char *value = rog_json_get_string(object, row->name, NULL);
        const char *path = value ? rog_setting_path(row, value) : NULL;
        char *inside = path ? rog_bundle_input_path(path) : NULL;
        char *seen = inside ? rog_format("../%s", inside) : NULL;
        if (seen)
            code = rog_setting_put_path(row, object, seen, err);
        free(seen);
        free(inside);
    }
    return code;
}

/* Names a plugin by its file if it was found by name, but not among those installed with rogctl. */
static int name_plugins(struct rog_bundle *bundle, const char *run_id, struct rog_json *config,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, bundle->db, err,
                             "SELECT setting, path FROM inputs WHERE run_id = ?", "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *setting = rog_query_text(query, 0), *path = rog_query_text(query, 1);
        const struct rog_setting *row = rog_setting_find(rog_run_settings, setting);
        code = 0;
        if (row && rog_setting_is(row, ROG_SETTING_PATH_WITH_SLASH, 0) && path[0] == '/' &&
            !rog_plugin_is_installed(path) && rog_json_get(config, setting))
            rog_json_put_string(config, setting, path);
    }
    rog_query_free(query);
    return code;
}

/* --- files --- */

/* Closes the text and adds it as FOLDER/NAME. */
static int finish_text(struct rog_bundle *bundle, const struct group *group, const char *name,
                       FILE *file, char **text, const size_t *size, struct rog_error *err)
{
    bool failed = fclose(file) != 0;
    char *path = rog_format("%s/%s", group->folder, name);
    int code = failed || !path ? rog_fail_nomem(err)
                               : rog_bundle_add_text(bundle, path, *text, *size, err);
    free(path);
    free(*text);
    return code;
}

struct members {
    FILE *file;
    const struct rog_setting *table;
    const struct rog_json *except; /* members that are written elsewhere */
    const char *before, *after;
};

static int write_setting(const char *key, const struct rog_json *value, void *user)
{
    const struct members *m = user;
    const struct rog_setting *setting = rog_setting_find(m->table, key);
    if (!setting || rog_json_is_null(value) || rog_json_get(m->except, key) ||
        rog_setting_is(setting, ROG_SETTING_FILLED_IN, 0))
        return 0;
    fputs(m->before, m->file);
    rog_conf_text_setting(m->file, m->table, key, value);
    fputs(m->after, m->file);
    return 0;
}

/* Puts what all runs of the group have in common. */
static int put_common(const char *key, const struct rog_json *value, void *user)
{
    struct rog_json **pair = user; /* the list of runs, and the object for the result */
    char *text = rog_json_text(value);
    bool is_common = text != NULL;
    for (size_t i = 1; i < rog_json_size(pair[0]) && is_common; i++) {
        char *other = rog_json_text(rog_json_get(rog_json_at(pair[0], i), key));
        is_common = other && strcmp(text, other) == 0;
        free(other);
    }
    if (is_common)
        rog_json_put(pair[1], key, rog_json_copy(value));
    free(text);
    return 0;
}

static int write_experiment(struct rog_bundle *bundle, const struct group *group,
                            struct rog_error *err)
{
    const struct rog_case_row *row = &bundle->report.data.row;
    char *text = NULL, *base = rog_strdup(row->name);
    size_t size = 0;
    FILE *file = base ? open_memstream(&text, &size) : NULL;
    if (!file) {
        free(base);
        return rog_fail_nomem(err);
    }
    char *suffix = strstr(base, "-case");
    if (suffix && suffix != base && strspn(suffix + 5, "0123456789") == strlen(suffix + 5))
        *suffix = '\0';
    struct rog_json *common = rog_json_object();
    rog_json_each(rog_json_at(group->runs, 0), put_common,
                  (struct rog_json *[]){group->runs, common});
    fputs("# Repeats the runs of the bundle: rogctl sweep " ROG_BUNDLE_EXPERIMENT "\n", file);
    rog_conf_text_string(file, "case", base);
    rog_conf_text_string(file, "figure", row->figure);
    rog_conf_text_string(file, "contender", row->contender);
    rog_conf_text_string(file, "baseline", row->baseline);
    rog_conf_text_string(file, "cluster", ROG_BUNDLE_CLUSTER);
    if (row->target_accuracy == row->target_accuracy) {
        struct rog_json *target = rog_json_new_number(row->target_accuracy);
        fputs("target_accuracy = ", file);
        rog_conf_text_value(file, target, true);
        fputs(";\n", file);
        rog_json_free(target);
    }
    rog_json_each(row->options, rog_conf_text_option, file);
    struct members top = {file, rog_run_settings, NULL, "", "\n"};
    rog_json_each(common, write_setting, &top);
    fputs("runs = (\n", file);
    struct members own = {file, rog_run_settings, common, " ", ""};
    for (size_t i = 0; i < rog_json_size(group->runs); i++) {
        fprintf(file, "%s    {", i ? ",\n" : "");
        rog_json_each(rog_json_at(group->runs, i), write_setting, &own);
        fputs(" }", file);
    }
    fputs("\n);\n", file);
    rog_json_free(common);
    free(base);
    return finish_text(bundle, group, ROG_BUNDLE_EXPERIMENT, file, &text, &size, err);
}

/* Returns a worker as text without its rank, so that equal workers can be counted. */
static char *worker_text(const struct rog_json *worker, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct rog_json *moved = rog_json_copy(worker);
    FILE *file = open_memstream(&text, &size);
    if (!file || move_paths(rog_worker_settings, moved, err) < 0) {
        rog_json_free(moved);
        if (file)
            fclose(file);
        free(text);
        rog_fail_nomem(err);
        return NULL;
    }
    struct members members = {file, rog_worker_settings, NULL, " ", ""};
    rog_json_each(moved, write_setting, &members);
    rog_json_free(moved);
    if (fclose(file) == 0)
        return text;
    free(text);
    rog_fail_nomem(err);
    return NULL;
}

static int write_cluster(struct rog_bundle *bundle, const struct group *group,
                         struct rog_error *err)
{
    char *text = NULL, *last = NULL;
    size_t size = 0, count = 0, written = 0;
    int code = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return rog_fail_nomem(err);
    fputs("kind = \"virtual\";\nprofiles = \"profiles.conf\";\nworkers = (\n", file);
    size_t workers = rog_json_size(group->workers);
    for (size_t i = 0; i <= workers && code == 0; i++) {
        char *next = i < workers ? worker_text(rog_json_at(group->workers, i), err) : NULL;
        if (i < workers && !next)
            code = ROG_ENOMEM;
        if (last && (!next || strcmp(last, next) != 0)) {
            fprintf(file, "%s    {%s count = %zu; }", written++ ? ",\n" : "", last, count);
            count = 0;
        }
        free(last);
        last = next;
        count++;
    }
    fputs("\n);\n", file);
    free(last);
    int finished = finish_text(bundle, group, ROG_BUNDLE_CLUSTER, file, &text, &size, err);
    return code < 0 ? code : finished;
}

/* Writes the profiles that workers name, as far as they affect simulation; settings of the workers
 * themselves have priority. */
static int write_profiles(struct rog_bundle *bundle, const struct group *group,
                          struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct rog_json *named = rog_json_object();
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return rog_fail_nomem(err);
    fputs("# The devices of the workers.\n", file);
    for (size_t i = 0; i < rog_json_size(group->workers); i++) {
        const struct rog_json *worker = rog_json_at(group->workers, i);
        const char *profile = rog_json_get_string(worker, "profile", NULL);
        if (!profile || rog_json_get(named, profile))
            continue;
        rog_json_put_bool(named, profile, true);
        struct rog_json *values = rog_json_object();
        rog_settings_copy(rog_worker_settings, ROG_SETTING_REQUIRED, 0, worker, values);
        struct members members = {file, rog_worker_settings, NULL, " ", ""};
        fprintf(file, "%s = {", profile);
        rog_json_each(values, write_setting, &members);
        fputs(" };\n", file);
        rog_json_free(values);
    }
    rog_json_free(named);
    return finish_text(bundle, group, "profiles.conf", file, &text, &size, err);
}

static bool is_executable(const struct rog_json *config, const char *name)
{
    const struct rog_json *names = rog_json_get(config, "executables");
    bool found = false;
    for (size_t i = 0; i < rog_json_size(names); i++)
        found = found || strcmp(rog_json_string(rog_json_at(names, i), ""), name) == 0;
    return found;
}

static int write_program(struct rog_bundle *bundle, const struct group *group,
                         struct rog_error *err)
{
    const struct rog_json *names = rog_json_get(group->config, "files");
    const struct rog_json *sources = rog_json_get(group->config, "sources");
    int code = 0;
    for (size_t i = 0; i < rog_json_size(sources) && code == 0; i++) {
        const char *text = rog_json_string(rog_json_at(sources, i), "");
        char *path = rog_format("%s/%s", group->folder, rog_json_string(rog_json_at(names, i), ""));
        if (!path)
            code = rog_fail_nomem(err);
        else if (rog_bundle_path_is_plain(path))
            code = rog_bundle_add_text(bundle, path, text, strlen(text), err);
        if (code == 0 && is_executable(group->config, rog_json_string(rog_json_at(names, i), "")))
            code = rog_bundle_make_program(bundle, path, err);
        free(path);
    }
    return code;
}

/* --- groups --- */

static char *key_of(const struct rog_json *config)
{
    static const char *const parts[] = {"workers", "files", "sources"};
    struct rog_json *key = rog_json_object();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (rog_json_get(config, parts[i]))
            rog_json_put(key, parts[i], rog_json_copy(rog_json_get(config, parts[i])));
    char *text = rog_json_text_sorted(key);
    rog_json_free(key);
    return text;
}

/* Takes ownership of the configuration. */
static int put_run(struct making *making, const char *id, struct rog_json *config,
                   struct rog_error *err)
{
    char *key = key_of(config);
    size_t i = 0;
    if (!key) {
        rog_json_free(config);
        return rog_fail_nomem(err);
    }
    while (i < making->groups && strcmp(making->group[i].key, key) != 0)
        i++;
    if (i == making->groups) {
        struct group *more = realloc(making->group, (i + 1) * sizeof *more);
        if (!more) {
            free(key);
            rog_json_free(config);
            return rog_fail_nomem(err);
        }
        making->group = more;
        making->groups++;
        struct rog_json *kept = rog_json_copy(config);
        more[i] = (struct group){
            .key = key,
            .folder = i ? rog_format("experiment-%zu", i + 1) : rog_strdup("experiment"),
            .config = kept,
            .runs = rog_json_array(),
            .ids = rog_json_array(),
        };
        more[i].workers = rog_json_copy(rog_json_get(config, "workers"));
    } else {
        free(key);
    }
    if (!rog_json_get_bool(config, ROG_NOTE_GIVEN, false))
        rog_json_remove(config, "note");
    rog_json_remove(config, ROG_NOTE_GIVEN);
    rog_json_remove(config, "workers");
    int code = move_paths(rog_run_settings, config, err);
    rog_json_append(making->group[i].runs, config);
    rog_json_append(making->group[i].ids, rog_json_new_string(id));
    return code < 0 || making->group[i].folder ? code : rog_fail_nomem(err);
}

static int put_runs(struct making *making, struct rog_error *err)
{
    const struct rog_case_data *data = &making->bundle->report.data;
    int code = 0;
    for (size_t i = 0; i < data->run_count && code == 0; i++) {
        const struct rog_run_row *row = &data->run[i].row;
        struct rog_json *config = NULL;
        if (!data->run[i].done)
            continue;
        code = add_inputs(making->bundle, row->id, err);
        if (code == 0 && row->is_virtual)
            code = rog_json_parse(row->config, strlen(row->config), row->id, &config, err);
        if (code == 0 && config && rog_json_is_array(rog_json_get(config, "workers"))) {
            code = name_plugins(making->bundle, row->id, config, err);
            code = code < 0 ? code : put_run(making, row->id, config, err);
        } else {
            rog_json_free(config);
        }
    }
    return code;
}

int rog_bundle_add_again(struct rog_bundle *bundle, struct rog_error *err)
{
    struct making making = {.bundle = bundle};
    int code = put_runs(&making, err);
    for (size_t i = 0; i < making.groups; i++) {
        struct group *group = &making.group[i];
        if (code == 0)
            code = write_experiment(bundle, group, err);
        if (code == 0)
            code = write_cluster(bundle, group, err);
        if (code == 0)
            code = write_profiles(bundle, group, err);
        if (code == 0)
            code = write_program(bundle, group, err);
        struct rog_json *one = rog_json_object();
        rog_json_put_string(one, "folder", group->folder);
        rog_json_put(one, "runs", group->ids);
        rog_json_append(bundle->again, one);
        rog_json_free(group->runs);
        rog_json_free(group->workers);
        rog_json_free(group->config);
        free(group->folder);
        free(group->key);
    }
    free(making.group);
    return code;
}
