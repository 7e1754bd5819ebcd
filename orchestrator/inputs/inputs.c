/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and hashes the files that a run reads. */
#include <orchestrator/inputs/inputs.h>

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/workload.h>

/* Prefix of hashes in what identifies a run; no path begins like this. */
#define CONTENT "sha256:"

/* ---- the list ---- */

static int add(struct rog_inputs *inputs, const struct rog_setting *setting, const char *path,
               const char *hex, struct rog_error *err)
{
    /* Search from the end, because workers of the same kind follow each other. */
    for (size_t i = inputs->count; i > 0; i--)
        if (strcmp(inputs->item[i - 1].setting->name, setting->name) == 0 &&
            strcmp(inputs->item[i - 1].path, path) == 0)
            return 0;
    struct rog_input *more = realloc(inputs->item, (inputs->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    inputs->item = more;
    more[inputs->count] = (struct rog_input){.setting = setting, .path = rog_strdup(path)};
    if (!more[inputs->count].path)
        return rog_fail_nomem(err);
    memcpy(more[inputs->count++].sha256, hex, ROG_SHA256_HEX_BYTES);
    return 0;
}

void rog_inputs_release(struct rog_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->item[i].path);
    free(inputs->item);
    *inputs = (struct rog_inputs){0};
}

const char *rog_inputs_hash(const struct rog_inputs *inputs, const char *setting, const char *path)
{
    for (size_t i = 0; i < inputs->count; i++)
        if (strcmp(inputs->item[i].setting->name, setting) == 0 &&
            strcmp(inputs->item[i].path, path) == 0)
            return inputs->item[i].sha256;
    return NULL;
}

struct rog_json *rog_inputs_json(const struct rog_inputs *inputs)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < inputs->count; i++) {
        const struct rog_input *item = &inputs->item[i];
        struct rog_json *one = rog_json_object();
        rog_json_put_string(one, "setting", item->setting->name);
        rog_json_put_string(one, "path", item->path);
        rog_json_put_string(one, "sha256", item->sha256);
        rog_json_append(list, one);
    }
    return list;
}

int rog_inputs_from_json(struct rog_inputs *inputs, const struct rog_json *list,
                         struct rog_error *err)
{
    int code = 0;
    *inputs = (struct rog_inputs){0};
    for (size_t i = 0; code == 0 && i < rog_json_size(list); i++) {
        const struct rog_json *one = rog_json_at(list, i);
        const char *name = rog_json_get_string(one, "setting", "");
        const char *hex = rog_json_get_string(one, "sha256", "");
        const struct rog_setting *setting = rog_setting_find(rog_run_settings, name);
        if (!setting)
            setting = rog_setting_find(rog_worker_settings, name);
        if (setting && strlen(hex) == ROG_SHA256_HEX_BYTES - 1)
            code = add(inputs, setting, rog_json_get_string(one, "path", ""), hex, err);
    }
    if (code < 0)
        rog_inputs_release(inputs);
    return code;
}

/* ---- data folders ---- */

static int is_data_file(const struct dirent *entry)
{
    static const char *const endings[] = {".bin", ".h5", ".pkl"};
    size_t length = strlen(entry->d_name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (length > strlen(endings[i]) &&
            strcmp(entry->d_name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

/* Sorts by bytes, independently of the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int rog_inputs_each_data_file(const char *folder,
                              int (*visit)(const char *name, const char *path, void *user,
                                           struct rog_error *err),
                              void *user, struct rog_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_data_file, by_name), code = 0;
    if (count < 0)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = code == 0 ? rog_path_join(folder, entries[i]->d_name) : NULL;
        if (code == 0)
            code = path ? visit(entries[i]->d_name, path, user, err) : rog_fail_nomem(err);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code;
}

/* ---- settings ---- */

struct finder {
    struct rog_inputs *inputs;
    struct rog_contents *contents;
    const struct rog_setting *setting;
    char *text; /* text that replaces the path: the hashes of the setting's files; heap memory */
};

static int take_file(struct finder *finder, const char *name, const char *path,
                     struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    int code = rog_contents_file(finder->contents, path, hex, err);
    if (code < 0)
        return code;
    const char *before = finder->text ? finder->text : "";
    char *longer = rog_format("%s%s%s%s" CONTENT "%s", before, before[0] ? " " : "", name,
                              name[0] ? " " : "", hex);
    free(finder->text);
    finder->text = longer;
    return longer ? add(finder->inputs, finder->setting, path, hex, err) : rog_fail_nomem(err);
}

static int take_data_file(const char *name, const char *path, void *user, struct rog_error *err)
{
    return take_file(user, name, path, err);
}

/* Hashes the file or folder at `path`; finder->text becomes the text that replaces the path. */
static int take_path(struct finder *finder, const char *path, struct rog_error *err)
{
    struct stat status;
    finder->text = NULL;
    bool folder = rog_setting_is(finder->setting, ROG_SETTING_PATH_AFTER_COLON, 0);
    bool there = stat(path, &status) == 0;
    if (!folder)
        return take_file(finder, "", path, err);
    if (there && !S_ISDIR(status.st_mode))
        return rog_fail(err, ROG_EINVAL, "%s is not a folder", path);
    int code = there ? rog_inputs_each_data_file(path, take_data_file, finder, err) : 0;
    if (code == 0 && !finder->text)
        code = rog_fail(err, ROG_EINVAL,
                        "there is no data set in %s, no file *.bin, *.h5 or *.pkl; `rogctl data "
                        "get` fetches one",
                        path);
    return code;
}

static const char *only_word(const void *word, size_t index)
{
    return index == 0 ? word : NULL;
}

/* For a setting that accepts certain words instead of a path: returns a word that is similar to the
 * file's name. */
static const char *word_like(const struct rog_setting *setting, const char *path)
{
    const char *slash = strrchr(path, '/');
    return setting->no_path
               ? rog_nearest_name(slash ? slash + 1 : path, only_word, setting->no_path)
               : NULL;
}

/* Hashes what `path` refers to for the worker of that rank; *text is heap memory for the caller. */
static int take_of_rank(struct finder *finder, const char *path, size_t rank, char **text,
                        struct rog_error *err)
{
    bool of_rank = rog_setting_is(finder->setting, ROG_SETTING_OF_RANK, 0);
    char *own = of_rank ? rog_path_of_rank(path, (uint32_t)rank) : rog_strdup(path);
    int code = own ? take_path(finder, own, err) : rog_fail_nomem(err);
    free(own);
    *text = finder->text;
    finder->text = NULL;
    if (code == 0)
        return 0;
    free(*text);
    *text = NULL;
    const char *meant = code == ROG_ENOTFOUND ? word_like(finder->setting, path) : NULL;
    rog_fail_prefix(err, "%s%s%s%s", finder->setting->name, meant ? " (did you mean " : "",
                    meant ? meant : "", meant ? "?)" : "");
    if (code == ROG_ENOMEM)
        return code;
    return err ? (err->code = ROG_EINVAL) : ROG_EINVAL; /* it is an error of the configuration */
}

/* Replaces the path of a worker's setting in `identity` by the hash of the file. */
static int take_own(struct finder *finder, size_t rank, struct rog_json *identity,
                    struct rog_error *err)
{
    const char *value = rog_json_get_string(identity, finder->setting->name, NULL);
    const char *path = value ? rog_setting_path(finder->setting, value) : NULL;
    char *text = NULL;
    if (!path)
        return 0;
    int code = take_of_rank(finder, path, rank, &text, err);
    if (code == 0)
        code = rog_setting_put_path(finder->setting, identity, text, err);
    free(text);
    return code;
}

/* The same for a setting of the run, which applies to every worker that lacks its own. */
static int take_shared(struct finder *finder, const struct rog_json *workers,
                       struct rog_json *identity, struct rog_error *err)
{
    const char *name = finder->setting->name;
    const char *value = rog_json_get_string(identity, name, NULL);
    const char *path = value ? rog_setting_path(finder->setting, value) : NULL;
    bool differs = path && rog_setting_is(finder->setting, ROG_SETTING_OF_RANK, 0) &&
                   strstr(path, ROG_RANK_MARK);
    struct rog_json *each = rog_json_array();
    int code = each ? 0 : rog_fail_nomem(err);
    for (size_t rank = 1; code == 0 && path && rank <= rog_json_size(workers); rank++) {
        char *text = NULL;
        if (rog_json_get(rog_json_at(workers, rank - 1), name) ||
            (!differs && rog_json_size(each) > 0))
            continue;
        code = take_of_rank(finder, path, rank, &text, err);
        rog_json_append(each, text ? rog_json_new_string(text) : NULL);
        free(text);
    }
    if (code == 0 && differs && rog_json_size(each) > 0) {
        rog_json_put(identity, name, each);
        return 0;
    }
    if (code == 0 && rog_json_size(each) > 0)
        code = rog_setting_put_path(finder->setting, identity,
                                    rog_json_string(rog_json_at(each, 0), ""), err);
    rog_json_free(each);
    return code;
}

/* ---- all inputs ---- */

/* Returns which settings to ignore because the workload never opens their files. */
static unsigned unread(const struct rog_json *config)
{
    return rog_workload_has_network(config) ? 0 : ROG_SETTING_OF_START_MODEL;
}

static int take_run(struct finder *finder, const struct rog_json *config, struct rog_json *identity,
                    struct rog_error *err)
{
    int code = 0;
    for (const struct rog_setting *row = rog_run_settings; code == 0 && row->name; row++) {
        finder->setting = row;
        if (rog_setting_is(row, ROG_SETTING_CONTENT, unread(config)) &&
            !rog_setting_is(row, ROG_SETTING_PATH_WITH_SLASH, 0)) /* see take_plugins */
            code = take_shared(finder, rog_json_get(config, "workers"), identity, err);
    }
    return code;
}

static int take_workers(struct finder *finder, const struct rog_json *config,
                        struct rog_json *identity, struct rog_error *err)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    struct rog_json *own = rog_json_array();
    int code = own ? 0 : rog_fail_nomem(err);
    for (size_t rank = 1; code == 0 && rank <= rog_json_size(workers); rank++) {
        struct rog_json *worker = rog_json_copy(rog_json_at(workers, rank - 1));
        for (const struct rog_setting *row = rog_worker_settings; code == 0 && row->name; row++) {
            finder->setting = row;
            if (rog_setting_is(row, ROG_SETTING_CONTENT, 0))
                code = take_own(finder, rank, worker, err);
        }
        if (code < 0)
            rog_fail_prefix(err, "worker %zu", rank);
        rog_json_append(own, worker);
    }
    rog_json_put(identity, "workers", own);
    return code;
}

/* Replaces plugins by the hashes of their files, whatever their names. */
static int take_plugins(struct finder *finder, const struct rog_json *plugins,
                        struct rog_json *identity, struct rog_error *err)
{
    int code = 0;
    for (const struct rog_setting *row = rog_run_settings; code == 0 && row->name; row++) {
        const char *path = rog_json_get_string(plugins, row->name, NULL);
        char *text = NULL;
        if (!path || !rog_setting_is(row, ROG_SETTING_PATH_WITH_SLASH, 0))
            continue;
        finder->setting = row;
        code = take_of_rank(finder, path, 0, &text, err);
        if (code == 0)
            rog_json_put_string(identity, row->name, text);
        free(text);
    }
    return code;
}

/* Adds the files of a program, whose contents are in the configuration. */
static int take_sources(struct rog_inputs *inputs, const struct rog_json *config,
                        struct rog_error *err)
{
    const struct rog_setting *setting = rog_setting_find(rog_run_settings, "files");
    const struct rog_json *names = rog_json_get(config, setting->name);
    const struct rog_json *sources = rog_json_get(config, "sources");
    int code = 0;
    for (size_t i = 0; code == 0 && i < rog_json_size(sources); i++) {
        char hex[ROG_SHA256_HEX_BYTES];
        const char *text = rog_json_string(rog_json_at(sources, i), "");
        rog_sha256(text, strlen(text), hex);
        code = add(inputs, setting, rog_json_string(rog_json_at(names, i), ""), hex, err);
    }
    return code;
}

int rog_inputs_find(struct rog_inputs *inputs, const struct rog_json *config,
                    const struct rog_json *plugins, struct rog_contents *contents,
                    struct rog_json **identity, struct rog_error *err)
{
    *inputs = (struct rog_inputs){0};
    *identity = rog_json_object();
    struct finder finder = {.inputs = inputs, .contents = contents};
    int code = *identity ? 0 : rog_fail_nomem(err);
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, config, *identity);
    if (code == 0)
        code = take_plugins(&finder, plugins, *identity, err);
    if (code == 0)
        code = take_run(&finder, config, *identity, err);
    if (code == 0)
        code = take_workers(&finder, config, *identity, err);
    if (code == 0)
        code = take_sources(inputs, config, err);
    if (code < 0) {
        rog_json_free(*identity);
        *identity = NULL;
        rog_inputs_release(inputs);
    }
    return code;
}

int rog_inputs_check(const struct rog_inputs *inputs, const char *setting, const char *when,
                     struct rog_contents *contents, struct rog_error *err)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct rog_input *item = &inputs->item[i];
        char hex[ROG_SHA256_HEX_BYTES];
        struct rog_error cause = {0};
        if (item->setting->type == ROG_SETTING_TEXTS ||
            (setting && strcmp(setting, item->setting->name) != 0))
            continue;
        int code = rog_contents_file(contents, item->path, hex, &cause);
        if (code == ROG_ENOMEM)
            return rog_fail_again(err, &cause);
        if (code < 0)
            return rog_fail(err, ROG_EFAILED, "%s: %s", item->setting->name, cause.message);
        if (strcmp(hex, item->sha256) != 0)
            return rog_fail(err, ROG_EFAILED, "%s: %s has changed since %s", item->setting->name,
                            item->path, when);
    }
    return 0;
}

int rog_inputs_paths(const struct rog_inputs *inputs, struct rog_json *paths, struct rog_error *err)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct rog_input *item = &inputs->item[i];
        bool known = item->setting->type == ROG_SETTING_TEXTS;
        for (size_t k = 0; !known && k < rog_json_size(paths); k++)
            known = strcmp(rog_json_string(rog_json_at(paths, k), ""), item->path) == 0;
        struct rog_json *path = known ? NULL : rog_json_new_string(item->path);
        if (!known && !path)
            return rog_fail_nomem(err);
        if (path)
            rog_json_append(paths, path);
    }
    return 0;
}
