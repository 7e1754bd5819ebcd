/* SPDX-License-Identifier: Apache-2.0 */
/* Files and configuration of a run, as a host is to have them. */
#include <orchestrator/fleet/remote/files.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/workload.h>

#define RANK_MARK "{rank}"
#define FILE_MODE 0444u

/* ---- files ---- */

/* Takes both texts over. One that is there already is not added twice. */
static int add(struct rog_remote_files *files, char *source, char *name, struct rog_error *err)
{
    struct stat status;
    char hex[ROG_SHA256_HEX_BYTES], *hash = NULL;
    int code = source && name ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < files->count; i++)
        if (strcmp(files->item[i].name, name) == 0)
            goto out;
    if (code == 0 && stat(source, &status) != 0)
        code = rog_fail(err, ROG_EINVAL, "the run needs the file %s: %s", source, strerror(errno));
    if (code == 0)
        code = rog_sha256_file(source, hex, err); /* once, not for each host */
    if (code == 0 && !(hash = rog_strdup(hex)))
        code = rog_fail_nomem(err);
    struct rog_deploy_item *more =
        code == 0 ? realloc(files->item, (files->count + 1) * sizeof *more) : NULL;
    if (code == 0 && !more)
        code = rog_fail_nomem(err);
    if (code == 0) {
        files->item = more;
        files->item[files->count++] = (struct rog_deploy_item){
            .source = source, .name = name, .mode = FILE_MODE, .hash = hash};
        return 0;
    }
out:
    free(hash);
    free(source);
    free(name);
    return code;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* `text` with the rank in the place of each mark. */
static char *with_rank(const char *text, size_t rank)
{
    char *made = rog_strdup("");
    while (made && *text) {
        const char *mark = strstr(text, RANK_MARK);
        size_t length = mark ? (size_t)(mark - text) : strlen(text);
        char *longer = mark ? rog_format("%s%.*s%zu", made, (int)length, text, rank)
                            : rog_format("%s%s", made, text);
        free(made);
        made = longer;
        text += length + (mark ? strlen(RANK_MARK) : 0);
    }
    return made;
}

/* A word and a colon, as in synth:outdoors, is no file. */
static bool is_path(const char *source)
{
    return source && !strchr(source, ':');
}

/* The trace `source` of a worker; `group` tells files of one name apart. */
static int add_trace(struct rog_remote_files *files, const char *source, size_t group, size_t rank,
                     struct rog_error *err)
{
    char *base = with_rank(base_name(source), rank);
    char *name = base ? rog_format("traces/%zu/%s", group, base) : NULL;
    free(base);
    return add(files, with_rank(source, rank), name, err);
}

static void point_trace(struct rog_json *settings, size_t group)
{
    char *there = rog_format(ROG_REMOTE_TREE "/traces/%zu/%s", group,
                             base_name(rog_json_get_string(settings, "trace", "")));
    rog_json_put_string(settings, "trace", there);
    free(there);
}

static int add_traces(struct rog_remote_files *files, const struct rog_json *config,
                      struct rog_error *err)
{
    const char *common = rog_json_get_string(config, "trace", NULL);
    const struct rog_json *workers = rog_json_get(config, "workers");
    struct rog_json *pointed = rog_json_array();
    int code = pointed ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < rog_json_size(workers); i++) {
        struct rog_json *worker = rog_json_copy(rog_json_at(workers, i));
        const char *own = rog_json_get_string(worker, "trace", NULL);
        if (own && is_path(own)) {
            code = add_trace(files, own, i + 1, i + 1, err);
            point_trace(worker, i + 1);
        } else if (!own && is_path(common)) {
            code = add_trace(files, common, 0, i + 1, err);
        }
        rog_json_append(pointed, worker);
    }
    rog_json_put(files->config, "workers", pointed);
    if (is_path(common))
        point_trace(files->config, 0);
    return code;
}

/* Not the archive that they came in. */
static bool is_data_file(const char *name)
{
    static const char *const endings[] = {".bin", ".h5"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (length > strlen(endings[i]) &&
            strcmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

/* WORD:PATH, where PATH is a file or a folder of such files. */
static int add_data(struct rog_remote_files *files, struct rog_error *err)
{
    const char *data = rog_json_get_string(files->config, "data", "");
    const char *colon = strchr(data, ':');
    struct stat status;
    if (!colon)
        return 0;
    const char *path = colon + 1;
    if (stat(path, &status) != 0)
        return rog_fail(err, ROG_EINVAL, "data: cannot find %s: %s", path, strerror(errno));
    int code = 0;
    DIR *dir = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
    if (S_ISDIR(status.st_mode) && !dir)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    for (struct dirent *entry; code == 0 && dir && (entry = readdir(dir));)
        if (is_data_file(entry->d_name))
            code = add(files, rog_path_join(path, entry->d_name),
                       rog_format("data/%s", entry->d_name), err);
    if (!dir)
        code = add(files, rog_strdup(path), rog_format("data/%s", base_name(path)), err);
    else
        closedir(dir);
    char *there = rog_format("%.*s:" ROG_REMOTE_TREE "/data%s%s", (int)(colon - data), data,
                             dir ? "" : "/", dir ? "" : base_name(path));
    rog_json_put_string(files->config, "data", there);
    free(there);
    return code;
}

static int add_model(struct rog_remote_files *files, const char *start_model, struct rog_error *err)
{
    if (!start_model)
        return 0;
    rog_json_put_string(files->config, "initial_model", ROG_REMOTE_TREE "/model.safetensors");
    return add(files, rog_strdup(start_model), rog_strdup("model.safetensors"), err);
}

static int add_plugin(struct rog_remote_files *files, struct rog_error *err)
{
    const char *library = rog_json_get_string(files->config, "library", "");
    if (!strchr(library, '/'))
        return 0;
    char *name = rog_format("plugins/%s", base_name(library));
    char *there = rog_format(ROG_REMOTE_TREE "/plugins/%s", base_name(library));
    int code = add(files, rog_strdup(library), name, err);
    rog_json_put_string(files->config, "library", there);
    free(there);
    return code;
}

int rog_remote_files_new(struct rog_remote_files **out, const struct rog_json *config,
                         const char *start_model, struct rog_error *err)
{
    bool trains = rog_workload_has_network(config);
    struct rog_remote_files *files = calloc(1, sizeof *files);
    *out = NULL;
    if (!files)
        return rog_fail_nomem(err);
    files->config = rog_json_copy(config);
    int code = files->config ? add_traces(files, config, err) : rog_fail_nomem(err);
    if (code == 0)
        code = add_plugin(files, err);
    if (code == 0 && trains)
        code = add_data(files, err);
    if (code == 0 && trains)
        code = add_model(files, start_model, err);
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
        union { /* they were made here */
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

/* `text` with the tree in the place of the mark that it begins with, or that follows "WORD:". */
static char *with_tree(const char *text, const char *tree)
{
    const char *mark = strstr(text, ROG_REMOTE_TREE);
    return mark ? rog_format("%.*s%s%s", (int)(mark - text), text, tree,
                             mark + strlen(ROG_REMOTE_TREE))
                : rog_strdup(text);
}

static void point_at_tree(struct rog_json *settings, const char *tree)
{
    static const char *const names[] = {"library", "trace", "data", "initial_model"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = rog_json_get_string(settings, names[i], NULL);
        char *there = value ? with_tree(value, tree) : NULL;
        if (there)
            rog_json_put_string(settings, names[i], there);
        free(there);
    }
}

char *rog_remote_config(const struct rog_remote_files *files, const char *tree)
{
    struct rog_json *config = rog_json_copy(files->config), *pointed = rog_json_array();
    const struct rog_json *workers = rog_json_get(files->config, "workers");
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        struct rog_json *worker = rog_json_copy(rog_json_at(workers, i));
        point_at_tree(worker, tree);
        rog_json_append(pointed, worker);
    }
    point_at_tree(config, tree);
    rog_json_put(config, "workers", pointed);
    char *text = rog_json_text_pretty(config);
    rog_json_free(config);
    return text;
}
