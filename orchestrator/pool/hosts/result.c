/* SPDX-License-Identifier: Apache-2.0 */
/* Results of a host: their files come to the pool here. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/deployed.h>
#include <common/file.h>
#include <orchestrator/pool/left.h>
#include <orchestrator/pool/files.h>

#define FILES_MOST 100000
#define FILE_MOST_BYTES ((uint64_t)64 << 30)
#define RESULT_MAX_BYTES ((size_t)64 << 10)
/* Files are fetched for so long between two exchanges; those that are whole stay. */
#define FETCH_S 20.0

struct file {
    char *path; /* in the run's folder */
    uint64_t size;
    bool is_large; /* it is not in the answer */
};

struct result {
    struct rog_pool_host *host;
    char *task, *agent; /* of the host */
    char *folder;       /* here */
    struct file *file;  /* [count] */
    size_t count;
    bool listed; /* the host has its folder */
};

static void release(struct result *result)
{
    for (size_t i = 0; i < result->count; i++)
        free(result->file[i].path);
    free(result->file);
    free(result->folder);
    free(result->task);
    free(result->agent);
}

/* ---- what there is ---- */

static int add_file(struct result *result, bool is_large, const char *text, struct rog_error *err)
{
    struct file file = {.is_large = is_large};
    int used = 0;
    if (sscanf(text, "%" SCNu64 "/%n", &file.size, &used) != 1 || used == 0 ||
        !rog_deployed_name_is_good(text + used) || file.size > FILE_MOST_BYTES)
        return rog_fail(err, ROG_EFORMAT, "%s: a result with a file that cannot be: %.120s",
                        result->host->name, text);
    struct file *grown = result->count < FILES_MOST
                             ? realloc(result->file, (result->count + 1) * sizeof *grown)
                             : NULL;
    file.path = rog_strdup(text + used);
    if (grown)
        result->file = grown;
    if (!grown || !file.path) {
        free(file.path);
        return result->count < FILES_MOST
                   ? rog_fail_nomem(err)
                   : rog_fail(err, ROG_EFORMAT, "%s: a result of more than %d files",
                              result->host->name, FILES_MOST);
    }
    grown[result->count++] = file;
    return 0;
}

/* Up to the line behind which their bytes are; the first line that belongs to something else is
 * left. */
static int read_files(struct result *result, struct rog_pool_answer *answer, struct rog_error *err)
{
    int code = 0;
    while (code == 0 && !result->listed) {
        size_t length = 0, before = answer->at;
        const char *line = rog_pool_answer_line(answer, &length);
        char *copy = line ? strndup(line, length) : NULL;
        char *rest = copy ? strchr(copy, '/') : NULL;
        if (line && !copy)
            return rog_fail_nomem(err);
        if (rest)
            *rest++ = '\0';
        if (rest && strcmp(copy, "bytes") == 0) {
            result->listed = true;
        } else if (rest && (strcmp(copy, "small") == 0 || strcmp(copy, "large") == 0)) {
            code = add_file(result, copy[0] == 'l', rest, err);
        } else {
            answer->at = before;
            free(copy);
            return 0;
        }
        free(copy);
    }
    return code;
}

static struct rog_pool_held *find(const struct result *result)
{
    struct rog_pool_held *held = rog_pool_held_find(result->host, result->task);
    return held && held->where == ROG_POOL_IS_DONE && held->agent &&
                   strcmp(held->agent, result->agent) == 0
               ? held
               : NULL;
}

/* The folder here, an empty one the first time. NULL: nobody wants the result. */
static int open_folder(struct result *result, struct rog_error *err)
{
    struct rog_pool_hosts *hosts = result->host->hosts;
    pthread_mutex_lock(&hosts->mutex);
    struct rog_pool_held *held = find(result);
    bool is_new = held && !held->folder;
    int code = 0;
    if (is_new) {
        held->folder =
            rog_pool_run_folder(hosts->pool, rog_pool_task_run(&held->task), held->task.agent);
        code = held->folder ? 0 : rog_fail_nomem(err);
    }
    if (held && code == 0 && !(result->folder = rog_strdup(held->folder)))
        code = rog_fail_nomem(err);
    pthread_mutex_unlock(&hosts->mutex);
    if (is_new && code == 0)
        code = rog_dir_remove(result->folder, err);
    if (is_new && code == 0)
        code = rog_dir_make(result->folder, err);
    return code;
}

/* ---- files ---- */

static int make_parent(const char *path, struct rog_error *err)
{
    char *parent = rog_path_dir(path);
    int code = parent ? rog_dir_make(parent, err) : rog_fail_nomem(err);
    free(parent);
    return code;
}

static bool is_whole(const char *path, uint64_t size)
{
    struct stat status;
    return stat(path, &status) == 0 && (uint64_t)status.st_size == size;
}

/* Those in the answer; the rest of it is left. */
static int take_small(struct result *result, struct rog_pool_answer *answer, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < result->count; i++) {
        const struct file *file = &result->file[i];
        if (file->is_large)
            continue;
        if (file->size > answer->size - answer->at)
            return rog_fail(err, ROG_EFORMAT, "%s: the result of %s arrived incomplete",
                            result->host->name, result->task);
        char *path = result->folder ? rog_path_join(result->folder, file->path) : NULL;
        if (path)
            code = make_parent(path, err);
        if (path && code == 0 && !is_whole(path, file->size))
            code = rog_file_write(path, answer->text + answer->at, (size_t)file->size, err);
        answer->at += (size_t)file->size;
        free(path);
    }
    size_t length = 1;
    if (code == 0 && (!rog_pool_answer_line(answer, &length) || length != 0))
        code = rog_fail(err, ROG_EFORMAT, "%s: the result of %s has other bytes than it said",
                        result->host->name, result->task);
    return code;
}

struct fetching {
    int fd;
    uint64_t room;
    const char *path;
};

static int append(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct fetching *fetching = user;
    if (size > fetching->room)
        return rog_fail(err, ROG_EFORMAT, "%s has more bytes than the host said", fetching->path);
    fetching->room -= size;
    ssize_t written = write(fetching->fd, data, size);
    return written == (ssize_t)size ? 0
                                    : rog_fail(err, ROG_EIO, "cannot write %s: %s", fetching->path,
                                               written < 0 ? strerror(errno) : "the disk is full");
}

/* What an interrupted call has brought already is not brought again: nobody changes it there. */
static int fetch(struct result *result, const struct file *file, const char *path,
                 struct rog_error *err)
{
    struct fetching fetching = {.path = path};
    struct stat status;
    char *there = rog_format("%s/runs/%s/%s/%s", result->host->folder,
                             rog_pool_task_run(&(struct rog_pool_task){.name = result->task}),
                             result->agent, file->path);
    int code = there ? make_parent(path, err) : rog_fail_nomem(err);
    fetching.fd = code == 0 ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (code == 0 && (fetching.fd < 0 || fstat(fetching.fd, &status) != 0))
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (code == 0 && (uint64_t)status.st_size > file->size)
        code = rog_fail(err, ROG_EFORMAT, "%s became shorter while it was fetched", path);
    if (code == 0) {
        fetching.room = file->size - (uint64_t)status.st_size;
        code = rog_connection_download(result->host->connection, there, (uint64_t)status.st_size,
                                       append, &fetching, NULL, err);
    }
    if (code == 0 && fsync(fetching.fd) != 0)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno));
    if (fetching.fd >= 0)
        close(fetching.fd);
    if (code == 0 && fetching.room > 0)
        code = rog_fail(err, ROG_EFORMAT, "%s has fewer bytes than the host said", path);
    free(there);
    return code;
}

/* *whole: all of them are here. */
static int take_large(struct result *result, bool *whole, struct rog_error *err)
{
    int code = 0;
    *whole = result->folder != NULL;
    for (size_t i = 0; code == 0 && result->folder && i < result->count; i++) {
        const struct file *file = &result->file[i];
        char *path = rog_path_join(result->folder, file->path);
        code = path ? 0 : rog_fail_nomem(err);
        if (code == 0 && !is_whole(path, file->size)) {
            if (rog_clock_s() - result->host->heard_s > FETCH_S)
                *whole = false;
            else
                code = fetch(result, file, path, err);
        }
        free(path);
    }
    return code;
}

/* ---- the whole ---- */

/* Whoever takes it in looks whether it is of the agent that has published it, whose name here is
 * another. */
static int name_agent(const struct result *result, const char *agent, struct rog_error *err)
{
    struct rog_json *value = NULL;
    char *path = rog_path_join(result->folder, ROG_POOL_RESULT), *text = NULL;
    int code = path ? rog_pool_read_file(path, RESULT_MAX_BYTES, &value, err) : rog_fail_nomem(err);
    if (code == 0) {
        rog_json_put_string(value, "agent", agent);
        text = rog_json_text(value);
        code = text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    }
    free(text);
    free(path);
    rog_json_free(value);
    /* One without is none: whoever takes it in says so. */
    return code == ROG_ENOTFOUND || code == ROG_EFORMAT ? 0 : code;
}

/* The result is here, and is not needed there any more. One that others have brought meanwhile is
 * the same. */
static int publish(struct result *result, struct rog_error *err)
{
    struct rog_pool_host *host = result->host;
    pthread_mutex_lock(&host->hosts->mutex);
    struct rog_pool_held *held = find(result);
    int code = held ? name_agent(result, held->task.agent, err) : 0;
    if (held && code == 0)
        code = rog_pool_publish(host->hosts->pool, &held->task, err);
    if (held && code == 0) {
        free(held->folder);
        held->folder = NULL;
        host->done++;
    }
    if (held && (code == 0 || code == ROG_ENOTFOUND)) {
        rog_pool_held_forget(host, held);
        code = 0;
    }
    if (code == 0)
        code = rog_pool_host_drop(host, "done", result->task, result->agent, err);
    pthread_mutex_unlock(&host->hosts->mutex);
    return code;
}

/* Of a result without a folder: it is done again. */
static int redo(struct result *result, struct rog_error *err)
{
    struct rog_pool_host *host = result->host;
    pthread_mutex_lock(&host->hosts->mutex);
    struct rog_pool_held *held = find(result);
    if (held && rog_pool_held_rename(host, held, NULL, NULL) == 0)
        held->where = ROG_POOL_TO_SEND;
    pthread_mutex_unlock(&host->hosts->mutex);
    return rog_pool_host_drop(host, "done", result->task, result->agent, err);
}

int rog_pool_host_result(struct rog_pool_host *host, const char *name,
                         struct rog_pool_answer *answer, struct rog_error *err)
{
    const char *at = strchr(name, '@');
    struct result result = {.host = host};
    bool whole = false;
    if (!at || !rog_pool_is_agent(at + 1))
        return rog_fail(err, ROG_EFORMAT, "%s: no result's name: %.80s", host->name, name);
    result.task = strndup(name, (size_t)(at - name));
    result.agent = rog_strdup(at + 1);
    int code = result.task && result.agent ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = read_files(&result, answer, err);
    if (code == 0 && result.listed)
        code = open_folder(&result, err);
    if (code == 0 && result.listed)
        code = take_small(&result, answer, err);
    if (code == 0 && result.listed)
        code = take_large(&result, &whole, err);
    if (code == 0 && whole)
        code = publish(&result, err);
    else if (code == 0 && !result.listed)
        code = redo(&result, err);
    release(&result);
    return code;
}
