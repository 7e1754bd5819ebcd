/* SPDX-License-Identifier: Apache-2.0 */
/* Prepares a task for a host: sends its run's input files and replaces their paths in the task. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/fleet/remote/files.h>
#include <orchestrator/inputs/inputs.h>
#include <orchestrator/pool/task.h>

#define PLUGINS "lib/rog/plugins/" /* in the bundle */

/* ---- trees ---- */

void rog_pool_host_forget_trees(struct rog_pool_host *host)
{
    for (size_t i = 0; i < host->tree_count; i++) {
        free(host->trees[i].hash);
        free(host->trees[i].folder);
    }
    free(host->trees);
    host->trees = NULL;
    host->tree_count = 0;
}

/* Hashes the files' names and contents. Heap memory. */
static char *hash_of(const struct rog_remote_files *files)
{
    char *text = NULL, *hash = malloc(ROG_SHA256_HEX_BYTES);
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (size_t i = 0; stream && i < files->count; i++)
        fprintf(stream, "%s %s\n", files->item[i].hash, files->item[i].name);
    if (!stream || fclose(stream) != 0 || !hash) {
        free(hash);
        hash = NULL;
    } else {
        rog_sha256(text, size, hash);
    }
    free(text);
    return hash;
}

static int add_tree(struct rog_pool_host *host, const char *hash, char *folder,
                    struct rog_error *err)
{
    struct rog_pool_tree tree = {.hash = rog_strdup(hash), .folder = folder};
    struct rog_pool_tree *grown =
        realloc(host->trees, (host->tree_count + 1) * sizeof *host->trees);
    if (grown)
        host->trees = grown;
    if (!grown || !tree.hash) {
        free(tree.hash);
        return rog_fail_nomem(err);
    }
    grown[host->tree_count++] = tree;
    return 0;
}

/* Deploys the files. Every tree contains the program that creates it. */
static int deploy(struct rog_pool_host *host, const struct rog_remote_files *files, char **folder,
                  struct rog_error *err)
{
    size_t count = 0;
    const struct rog_deploy_item *bundle = rog_bundle_items(host->bundle, &count);
    struct rog_deploy_item *items = calloc(files->count + 1, sizeof *items);
    if (!items)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        if (strcmp(bundle[i].name, ROG_DEPLOY_UNPACKER) == 0)
            items[0] = bundle[i];
    for (size_t i = 0; i < files->count; i++)
        items[i + 1] = files->item[i];
    int code = rog_deploy_tree(host->connection, items, files->count + 1, folder, NULL, err);
    free(items);
    return code;
}

/* *folder belongs to the host. Runs with the same input files share a tree. */
static int bring(struct rog_pool_host *host, const struct rog_remote_files *files,
                 const char **folder, struct rog_error *err)
{
    char *made = NULL, *hash = hash_of(files);
    int code = hash ? 0 : rog_fail_nomem(err);
    *folder = files->count ? NULL : host->tree;
    for (size_t i = 0; hash && i < host->tree_count; i++)
        if (strcmp(host->trees[i].hash, hash) == 0)
            *folder = host->trees[i].folder;
    if (code == 0 && !*folder)
        code = deploy(host, files, &made, err);
    if (code == 0 && !*folder) {
        code = add_tree(host, hash, made, err);
        if (code == 0)
            *folder = made;
        else
            free(made);
    }
    free(hash);
    return code;
}

/* ---- paths in the task ---- */

/* Finds the path of an input file on the host, and its hash; heap memory. *path is NULL if the file
 * is not sent, as for the text of a program, which is part of the configuration. */
static int place_of(const struct rog_pool_host *host, const struct rog_remote_files *files,
                    const char *tree, const struct rog_input *input, char **path, const char **hash,
                    struct rog_error *err)
{
    size_t count = 0;
    const struct rog_deploy_item *bundle = rog_bundle_items(host->bundle, &count);
    const char *slash = strrchr(input->path, '/');
    const char *name = slash ? slash + 1 : input->path;
    *path = NULL;
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->item[i].source, input->path) == 0) {
            *hash = files->item[i].hash;
            *path = rog_path_join(tree, files->item[i].name);
            return *path ? 0 : rog_fail_nomem(err);
        }
    bool is_plugin = rog_setting_is(input->setting, ROG_SETTING_PATH_WITH_SLASH, 0);
    for (size_t i = 0; is_plugin && i < count; i++)
        if (strncmp(bundle[i].name, PLUGINS, sizeof PLUGINS - 1) == 0 &&
            strcmp(bundle[i].name + sizeof PLUGINS - 1, name) == 0) {
            *hash = bundle[i].hash;
            *path = rog_path_join(host->tree, bundle[i].name);
            return *path ? 0 : rog_fail_nomem(err);
        }
    return 0;
}

static int point_inputs(const struct rog_pool_host *host, const struct rog_remote_files *files,
                        const char *tree, const struct rog_inputs *inputs, struct rog_json *value,
                        struct rog_error *err)
{
    struct rog_json *list = rog_json_array();
    int code = list ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < inputs->count; i++) {
        const char *hash = inputs->item[i].sha256;
        char *path = NULL;
        code = place_of(host, files, tree, &inputs->item[i], &path, &hash, err);
        struct rog_json *one = rog_json_object();
        rog_json_put_string(one, "setting", inputs->item[i].setting->name);
        rog_json_put_string(one, "path", path ? path : inputs->item[i].path);
        rog_json_put_string(one, "sha256", hash);
        rog_json_append(list, one);
        free(path);
    }
    rog_json_put(value, "inputs", list);
    return code;
}

/* Sets the path of the starting model that was made for the run. A model that the configuration
 * names is among the input files. */
static int point_model(const struct rog_remote_files *files, const char *tree, const char *model,
                       struct rog_json *value, struct rog_error *err)
{
    struct rog_json *start = rog_json_copy(rog_json_get(value, "start_model"));
    int code = start ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < files->count; i++) {
        if (strcmp(files->item[i].source, model) != 0)
            continue;
        char *path = rog_path_join(tree, files->item[i].name);
        code = path ? 0 : rog_fail_nomem(err);
        rog_json_put_string(start, "path", path);
        free(path);
    }
    rog_json_put(value, "start_model", start);
    return code;
}

static int point_config(const struct rog_remote_files *files, const char *tree,
                        const struct rog_json *config, struct rog_json *value,
                        struct rog_error *err)
{
    struct rog_json *pointed = NULL;
    char *text = rog_remote_config(files, tree);
    int code =
        text ? rog_json_parse(text, strlen(text), "config", &pointed, err) : rog_fail_nomem(err);
    if (code == 0 && !rog_json_get(config, "initial_model"))
        rog_json_remove(pointed, "initial_model"); /* start_model replaces it */
    if (code == 0)
        rog_json_put(value, "config", pointed);
    free(text);
    return code;
}

/* ---- the whole task ---- */

/* An error in local files concerns all hosts. */
static int read_task(struct rog_pool_host *host, const struct rog_pool_task *task,
                     struct rog_pool_work *work, struct rog_remote_files **files,
                     struct rog_error *err)
{
    struct rog_pool_hosts *hosts = host->hosts;
    struct rog_json *value = NULL;
    pthread_mutex_lock(&hosts->mutex);
    int code = rog_pool_read(hosts->pool, ROG_POOL_TAKEN, task, &value, err);
    pthread_mutex_unlock(&hosts->mutex);
    if (code == 0)
        code = rog_pool_work_load(work, hosts->pool, rog_pool_task_run(task), value, err);
    if (code == 0)
        code = rog_remote_files_new(files, work->job.config, work->job.inputs,
                                    work->job.start_model, err);
    if (code < 0 && code != ROG_ENOTFOUND) {
        rog_fail_prefix(err, "run %s", rog_pool_task_run(task));
        rog_pool_hosts_fail(hosts, err);
    }
    return code;
}

int rog_pool_host_task(struct rog_pool_host *host, const struct rog_pool_task *task, char **text,
                       struct rog_error *err)
{
    struct rog_pool_work work = {0};
    struct rog_remote_files *files = NULL;
    struct rog_json *value = NULL;
    const char *tree = NULL;
    *text = NULL;
    int code = read_task(host, task, &work, &files, err);
    if (code == 0)
        code = bring(host, files, &tree, err);
    if (code == 0)
        code = (value = rog_json_copy(work.value)) ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = point_config(files, tree, work.job.config, value, err);
    if (code == 0)
        code = point_inputs(host, files, tree, work.job.inputs, value, err);
    if (code == 0 && work.job.start_model)
        code = point_model(files, tree, work.job.start_model, value, err);
    if (code == 0 && !(*text = rog_json_text(value)))
        code = rog_fail_nomem(err);
    rog_json_free(value);
    rog_remote_files_free(files);
    rog_pool_work_release(&work);
    return code;
}
