/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches results from a host into the local pool. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/deployed.h>
#include <common/file.h>
#include <orchestrator/pool/left.h>
#include <orchestrator/pool/files.h>

#define FILES_MOST 100000
#define RESULT_MOST_BYTES ((uint64_t)64 << 30)
#define KEPT_SHARE 20 /* results leave 1/KEPT_SHARE of the disk free */
#define WHY_BYTES 200
#define RESULT_MAX_BYTES ((size_t)64 << 10)
/* Seconds to fetch files between two exchanges. Complete files are kept. */
#define FETCH_S 20.0

struct file {
    char *path; /* relative to the run's folder */
    uint64_t size;
    bool is_large; /* not contained in the answer */
};

struct result {
    struct rog_pool_host *host;
    char *task, *agent; /* as named on the host */
    char *folder;       /* local */
    struct file *file;  /* [count] */
    size_t count;
    uint64_t bytes, large_bytes;
    bool listed;         /* the host has its folder */
    char why[WHY_BYTES]; /* why it cannot be stored */
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

/* ---- the listing ---- */

static void refuse(struct result *result, const char *what, const char *text)
{
    snprintf(result->why, sizeof result->why, "%s%.120s", what, text);
}

static int add_file(struct result *result, bool is_large, const char *text, struct rog_error *err)
{
    struct file file = {.is_large = is_large};
    int used = 0;
    if (sscanf(text, "%" SCNu64 "/%n", &file.size, &used) != 1 || used == 0 ||
        !rog_deployed_name_is_good(text + used))
        refuse(result, "a file that cannot be stored: ", text);
    else if (file.size > RESULT_MOST_BYTES || result->bytes + file.size > RESULT_MOST_BYTES)
        refuse(result, "more than 64 GiB of files", "");
    else if (result->count >= FILES_MOST)
        refuse(result, "too many files", "");
    if (result->why[0])
        return 0;
    struct file *grown = realloc(result->file, (result->count + 1) * sizeof *grown);
    if (grown)
        result->file = grown;
    file.path = rog_strdup(text + used);
    if (!grown || !file.path) {
        free(file.path);
        return rog_fail_nomem(err);
    }
    grown[result->count++] = file;
    result->bytes += file.size;
    result->large_bytes += is_large ? file.size : 0;
    return 0;
}

/* Reads the list of files, up to the line that their contents follow. Stops before the first line
 * that belongs to something else. */
static int read_files(struct result *result, struct rog_pool_answer *answer, struct rog_error *err)
{
    int code = 0;
    while (code == 0 && !result->listed && !result->why[0]) {
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

/* Opens the local folder, which is empty the first time. NULL: the result is not needed. */
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

/* The sizes that the host reports may be any numbers. */
static int check_room(const struct result *result, struct rog_error *err)
{
    struct statvfs disk;
    const char *path = rog_pool_path(result->host->hosts->pool);
    if (result->large_bytes == 0 || statvfs(path, &disk) != 0)
        return 0;
    uint64_t unit = disk.f_frsize, kept = disk.f_blocks / KEPT_SHARE;
    uint64_t room = disk.f_bavail > kept ? (disk.f_bavail - kept) * unit : 0;
    return result->large_bytes <= room
               ? 0
               : rog_fail(
                     err, ROG_EIO,
                     "the result of %s has %.3g GB, and the disk of %s has room for %.3g GB, of "
                     "which rogctl leaves a twentieth free; hint: free some",
                     result->task, (double)result->large_bytes / 1e9, path,
                     (double)(disk.f_bavail * unit) / 1e9);
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

/* Reads the files that the answer contains, and nothing after them. */
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

/* Files that an interrupted call has fetched are not fetched again: they never change on the
 * host. */
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

/* Fetches large files. Sets *whole if all of them are here. */
static int take_large(struct result *result, bool *whole, struct rog_error *err)
{
    int code = 0;
    *whole = result->folder != NULL;
    for (size_t i = 0; code == 0 && result->folder && i < result->count; i++) {
        const struct file *file = &result->file[i];
        char *path = rog_path_join(result->folder, file->path);
        code = path ? 0 : rog_fail_nomem(err);
        if (code == 0 && !is_whole(path, file->size)) {
            if (rog_clock_s() - result->host->answered_s > FETCH_S)
                *whole = false;
            else
                code = fetch(result, file, path, err);
        }
        free(path);
    }
    return code;
}

/* ---- the whole result ---- */

/* Reads what the agent reports about its run. If it reports another run, that is a failure. */
static int read_end(struct result *result, const char *path, const char *hash,
                    struct rog_json **value, struct rog_error *err)
{
    struct rog_error cause = {0};
    int code = result->why[0] ? 0 : rog_pool_read_file(path, RESULT_MAX_BYTES, value, &cause);
    if (code == ROG_ENOTFOUND || code == ROG_EFORMAT)
        refuse(result, "no valid " ROG_POOL_RESULT, "");
    else if (code < 0)
        return rog_fail_again(err, &cause);
    else if (!result->why[0] && strcmp(rog_json_get_string(*value, "hash", ""), hash) != 0)
        refuse(result, "it is the result of another run", "");
    if (!result->why[0])
        return 0;
    rog_json_free(*value);
    *value = rog_json_object();
    char *error =
        rog_format("%s: the result cannot be stored: %s", result->host->name, result->why);
    rog_json_put_string(*value, "status", "failed");
    rog_json_put_string(*value, "hash", hash);
    rog_json_put_string(*value, "error", error);
    bool made = *value && error;
    free(error);
    return made ? 0 : rog_fail_nomem(err);
}

/* Writes the agent's name in the local pool into the result, because the controller checks that it
 * is the agent that published it. */
static int write_end(struct result *result, const struct rog_pool_task *task, struct rog_error *err)
{
    struct rog_json *value = NULL, *placed = NULL;
    char *path = rog_path_join(result->folder, ROG_POOL_RESULT), *text = NULL;
    int code = path ? rog_pool_read(result->host->hosts->pool, ROG_POOL_TAKEN, task, &placed, err)
                    : rog_fail_nomem(err);
    if (code == 0)
        code = read_end(result, path, rog_json_get_string(placed, "hash", ""), &value, err);
    if (code == 0) {
        rog_json_put_string(value, "agent", task->agent);
        text = rog_json_text(value);
        code = text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    }
    free(text);
    free(path);
    rog_json_free(value);
    rog_json_free(placed);
    return code;
}

/* Publishes the result and removes it from the host. If other agents have published one meanwhile,
 * both are equal. */
static int publish(struct result *result, struct rog_error *err)
{
    struct rog_pool_host *host = result->host;
    pthread_mutex_lock(&host->hosts->mutex);
    struct rog_pool_held *held = find(result);
    int code = held ? write_end(result, &held->task, err) : 0;
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

/* Executes a run again whose result has no folder. */
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
    bool refused = code == 0 && result.why[0];
    if (code == 0 && (result.listed || refused))
        code = open_folder(&result, err);
    if (code == 0 && result.listed)
        code = take_small(&result, answer, err);
    if (code == 0 && result.listed)
        code = check_room(&result, err);
    if (code == 0 && result.listed)
        code = take_large(&result, &whole, err);
    if (code == 0 && (whole || refused))
        code = publish(&result, err);
    else if (code == 0 && !result.listed)
        code = redo(&result, err);
    release(&result);
    return code == 0 && refused ? 1 : code;
}
