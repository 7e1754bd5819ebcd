/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the files of a run for a host, and rewrites the configuration for it. */
#include <orchestrator/fleet/remote/files.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/settings.h>
#include <common/workload.h>

#define FILE_MODE 0444u

/* ---- files ---- */

/* Returns the file's hash from the list of the run's inputs. A file that is not in the list (a
 * trained starting model) is hashed, once for all hosts. */
static int hash_of(const struct rog_remote_files *files, const struct rog_setting *setting,
                   const char *source, char hash[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    const char *known =
        files->inputs ? rog_inputs_hash(files->inputs, setting->name, source) : NULL;
    if (!known)
        return rog_sha256_file(source, hash, err);
    snprintf(hash, ROG_SHA256_HEX_BYTES, "%s", known);
    return 0;
}

/* Adds the file `source` under the name `name`. The same file is added only once; another file of
 * the same name is an error. */
static int add_file(struct rog_remote_files *files, const struct rog_setting *setting,
                    const char *source, const char *name, struct rog_error *err)
{
    char hash[ROG_SHA256_HEX_BYTES];
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->item[i].name, name) == 0)
            return strcmp(files->item[i].source, source) == 0
                       ? 0
                       : rog_fail(err, ROG_EINVAL, "%s and %s would both be %s on the hosts",
                                  files->item[i].source, source, name);
    int code = hash_of(files, setting, source, hash, err);
    if (code < 0)
        return code;
    struct rog_deploy_item *more = realloc(files->item, (files->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    files->item = more;
    struct rog_deploy_item *item = &more[files->count++];
    *item = (struct rog_deploy_item){.source = rog_strdup(source),
                                     .name = rog_strdup(name),
                                     .mode = FILE_MODE,
                                     .hash = rog_strdup(hash)};
    return item->source && item->name && item->hash ? 0 : rog_fail_nomem(err);
}

/* A data folder. */
struct folder {
    struct rog_remote_files *files;
    const struct rog_setting *setting;
    const char *name;
};

static int add_data_file(const char *name, const char *path, void *user, struct rog_error *err)
{
    const struct folder *folder = user;
    char *to = rog_path_join(folder->name, name);
    int code = to ? add_file(folder->files, folder->setting, path, to, err) : rog_fail_nomem(err);
    free(to);
    return code;
}

/* Returns the path for the worker of that rank, if the setting's value depends on the rank. Heap
 * memory. */
static char *with_rank(const struct rog_setting *setting, const char *text, size_t rank)
{
    return rog_setting_is(setting, ROG_SETTING_OF_RANK, 0) ? rog_path_of_rank(text, (uint32_t)rank)
                                                           : rog_strdup(text);
}

/* Adds the file or data folder `path` that a worker needs, as `place`. */
static int add_path(struct rog_remote_files *files, const struct rog_setting *setting,
                    const char *path, const char *place, size_t rank, struct rog_error *err)
{
    struct stat status;
    char *source = with_rank(setting, path, rank), *name = with_rank(setting, place, rank);
    int code = source && name ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(source, &status) != 0)
        code = rog_fail(err, ROG_EINVAL, "%s: cannot find %s: %s", setting->name, source,
                        strerror(errno));
    struct folder folder = {files, setting, name};
    if (code == 0)
        code = S_ISDIR(status.st_mode)
                   ? rog_inputs_each_data_file(source, add_data_file, &folder, err)
                   : add_file(files, setting, source, name, err);
    free(name);
    free(source);
    return code;
}

/* Returns SETTING/OWNER/NAME. Files of the same name may differ between owners, and between workers
 * if folders are named after ranks. Heap memory. */
static char *place_of(const struct rog_setting *setting, size_t owner, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    size_t from = length;
    while (from > 0 && path[from - 1] != '/')
        from--;
    const char *name = path + from;
    size_t bytes = length - from;
    if (strncmp(name, "..", bytes) == 0) {
        name = setting->name; /* "", "." and ".." are not names */
        bytes = strlen(name);
    }
    const char *mark = strstr(path, ROG_RANK_MARK);
    bool of_rank = rog_setting_is(setting, ROG_SETTING_OF_RANK, 0) && mark && mark < path + from;
    return rog_format("%s/%zu%s/%.*s", setting->name, owner, of_rank ? "-" ROG_RANK_MARK : "",
                      (int)bytes, name);
}

/* Adds the file or folder that the setting names in `settings`, and rewrites its path. The owner is
 * a worker's rank, or 0 for the run, whose setting applies to every worker without its own. */
static int add_setting(struct rog_remote_files *files, const struct rog_setting *setting,
                       size_t owner, struct rog_json *settings, const struct rog_json *workers,
                       struct rog_error *err)
{
    const char *value = rog_json_get_string(settings, setting->name, NULL);
    const char *path = value ? rog_setting_path(setting, value) : NULL;
    if (!path)
        return 0;
    char *place = place_of(setting, owner, path);
    char *there = place ? rog_format(ROG_REMOTE_TREE "/%s", place) : NULL;
    int code = there ? 0 : rog_fail_nomem(err);
    for (size_t rank = 1; code == 0 && rank <= rog_json_size(workers); rank++) {
        bool own = rog_json_get(rog_json_at(workers, rank - 1), setting->name) != NULL;
        if (owner ? owner == rank : !own)
            code = add_path(files, setting, path, place, rank, err);
    }
    if (code == 0)
        code = rog_setting_put_path(setting, settings, there, err);
    free(there);
    free(place);
    return code;
}

static int add_settings(struct rog_remote_files *files, const struct rog_setting *table,
                        unsigned without, size_t owner, struct rog_json *settings,
                        const struct rog_json *workers, struct rog_error *err)
{
    int code = 0;
    for (; code == 0 && table->name; table++)
        if (rog_setting_is(table, ROG_SETTING_IS_PATH, without))
            code = add_setting(files, table, owner, settings, workers, err);
    return code;
}

static int add_all(struct rog_remote_files *files, const struct rog_json *config,
                   const char *start_model, struct rog_error *err)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    bool trains = rog_workload_has_network(config);
    struct rog_json *pointed = rog_json_array();
    files->config = rog_json_copy(config);
    int code = files->config && pointed ? 0 : rog_fail_nomem(err);
    if (!start_model)
        rog_json_remove(files->config, "initial_model");
    else if (trains)
        rog_json_put_string(files->config, "initial_model", start_model);
    if (code == 0)
        code = add_settings(files, rog_run_settings, trains ? 0 : ROG_SETTING_OF_START_MODEL, 0,
                            files->config, workers, err);
    for (size_t rank = 1; code == 0 && rank <= rog_json_size(workers); rank++) {
        struct rog_json *worker = rog_json_copy(rog_json_at(workers, rank - 1));
        code = add_settings(files, rog_worker_settings, 0, rank, worker, workers, err);
        rog_json_append(pointed, worker);
    }
    rog_json_put(files->config, "workers", pointed);
    return code;
}

int rog_remote_files_new(struct rog_remote_files **out, const struct rog_json *config,
                         const struct rog_inputs *inputs, const char *start_model,
                         struct rog_error *err)
{
    *out = NULL;
    struct rog_remote_files *files = calloc(1, sizeof *files);
    if (files)
        files->inputs = inputs;
    int code = files ? add_all(files, config, start_model, err) : rog_fail_nomem(err);
    if (code < 0)
        rog_remote_files_free(files);
    else
        *out = files;
    return code;
}

void rog_remote_files_free(struct rog_remote_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++) {
        union { /* created by this file */
            const char *borrowed;
            char *owned;
        } source = {files->item[i].source}, name = {files->item[i].name},
          hash = {files->item[i].hash};
        free(source.owned);
        free(name.owned);
        free(hash.owned);
    }
    free(files->item);
    rog_json_free(files->config);
    free(files);
}

/* ---- configuration ---- */

/* Replaces the mark at the beginning of paths with the tree. */
static int point_at_tree(const struct rog_setting *table, struct rog_json *settings,
                         const char *tree)
{
    int code = 0;
    for (; code == 0 && table->name; table++) {
        const char *value = rog_json_get_string(settings, table->name, NULL);
        const char *path = value ? rog_setting_path(table, value) : NULL;
        if (!path || strncmp(path, ROG_REMOTE_TREE, strlen(ROG_REMOTE_TREE)) != 0)
            continue;
        char *there = rog_format("%s%s", tree, path + strlen(ROG_REMOTE_TREE));
        code = there ? rog_setting_put_path(table, settings, there, NULL) : ROG_ENOMEM;
        free(there);
    }
    return code;
}

char *rog_remote_config(const struct rog_remote_files *files, const char *tree)
{
    struct rog_json *config = rog_json_copy(files->config), *pointed = rog_json_array();
    const struct rog_json *workers = rog_json_get(files->config, "workers");
    int code = point_at_tree(rog_run_settings, config, tree);
    for (size_t i = 0; code == 0 && i < rog_json_size(workers); i++) {
        struct rog_json *worker = rog_json_copy(rog_json_at(workers, i));
        code = point_at_tree(rog_worker_settings, worker, tree);
        rog_json_append(pointed, worker);
    }
    rog_json_put(config, "workers", pointed);
    char *text = code == 0 ? rog_json_text_pretty(config) : NULL;
    rog_json_free(config);
    return text;
}
