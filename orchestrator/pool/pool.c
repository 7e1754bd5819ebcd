/* SPDX-License-Identifier: Apache-2.0 */
/* Creates, opens and checks a pool's folder; parses and lists names in it. */
#include <orchestrator/pool/pool.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/pool/files.h>
#include <orchestrator/pool/pool_state.h>

#define TERMS_FILE "pool.json"
#define STOP_FILE "stop"
#define TERMS_MAX_BYTES ((size_t)64 << 10)
#define TASK_MAX_BYTES ((size_t)64 << 20)
#define LEASE_LEAST_S 1.0
#define LEASE_MOST_S 86400.0
#define AGENT_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define HOST_LETTERS 32

static const char *const folders[] = {"ready", "taken", "done", ROG_POOL_BEATS, ROG_POOL_RUNS};

const char *rog_pool_place_name(enum rog_pool_place place)
{
    return folders[place];
}

/* ---- names ---- */

bool rog_pool_is_agent(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= ROG_POOL_AGENT_MAX && name[0] != '.' &&
           strspn(name, AGENT_LETTERS) == length;
}

/* A run's name must be usable as a file name. */
static bool is_run(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= ROG_POOL_RUN_MAX && name[0] != '.' && !strchr(name, '/') &&
           !strchr(name, '@');
}

static const char *run_of(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && name[digits] == '-' ? name + digits + 1 : "";
}

const char *rog_pool_task_run(const struct rog_pool_task *task)
{
    return run_of(task->name);
}

void rog_pool_task_release(struct rog_pool_task *task)
{
    free(task->name);
    free(task->agent);
    *task = (struct rog_pool_task){0};
}

bool rog_pool_task_parse(const char *file, bool has_agent, struct rog_pool_task *task)
{
    const char *at = strchr(file, '@');
    size_t length = at ? (size_t)(at - file) : strlen(file);
    if (has_agent != (at != NULL) || (at && !rog_pool_is_agent(at + 1)))
        return false;
    task->name = strndup(file, length);
    task->agent = at ? rog_strdup(at + 1) : NULL;
    if (task->name && is_run(run_of(task->name)) && (!at || task->agent))
        return true;
    rog_pool_task_release(task);
    return false;
}

char *rog_pool_task_path(const struct rog_pool *pool, enum rog_pool_place place, const char *name,
                         const char *agent)
{
    return rog_format("%s/%s/%s%s%s", pool->path, folders[place], name, agent ? "@" : "",
                      agent ? agent : "");
}

char *rog_pool_run_folder(const struct rog_pool *pool, const char *run_id, const char *agent)
{
    return rog_format("%s/" ROG_POOL_RUNS "/%s%s%s", pool->path, run_id, agent ? "/" : "",
                      agent ? agent : "");
}

int rog_pool_draw_agent(char **agent, struct rog_error *err)
{
    char host[HOST_LETTERS + 1] = "";
    unsigned number;
    *agent = NULL;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return rog_fail(err, ROG_EIO, "cannot draw a number: %s", strerror(errno));
    if (gethostname(host, sizeof host - 1) != 0 && errno != ENAMETOOLONG)
        host[0] = '\0';
    for (char *c = host; *c; c++)
        *c = strchr(AGENT_LETTERS, *c) ? *c : '-';
    *agent = rog_format("%s-%ld-%08x", isalnum((unsigned char)host[0]) ? host : "host",
                        (long)getpid(), number);
    return *agent ? 0 : rog_fail_nomem(err);
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
    const struct rog_pool_task *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->agent ? x->agent : "", y->agent ? y->agent : "");
}

static int grow(struct rog_pool_list *list, size_t *room, struct rog_error *err)
{
    if (list->count < *room)
        return 0;
    size_t wanted = *room ? *room * 2 : 64;
    struct rog_pool_task *grown = realloc(list->task, wanted * sizeof *grown);
    if (!grown)
        return rog_fail_nomem(err);
    list->task = grown;
    *room = wanted;
    return 0;
}

int rog_pool_list(const struct rog_pool *pool, enum rog_pool_place place,
                  struct rog_pool_list *list, struct rog_error *err)
{
    char *path = rog_path_join(pool->path, folders[place]);
    DIR *dir = path ? opendir(path) : NULL;
    size_t room = 0;
    int code = dir ? 0
               : path
                   ? rog_fail(err, ROG_EIO, "cannot read %s: %s%s", path, strerror(errno),
                              errno == ENOENT ? "; hint: if the pool was moved, move it back" : "")
                   : rog_fail_nomem(err);
    struct dirent *entry;
    while (code == 0 && (errno = 0, entry = readdir(dir))) {
        code = grow(list, &room, err);
        if (code == 0 &&
            rog_pool_task_parse(entry->d_name, place != ROG_POOL_READY, &list->task[list->count]))
            list->count++;
    }
    if (code == 0 && errno != 0)
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    if (dir)
        closedir(dir);
    free(path);
    if (list->count)
        qsort(list->task, list->count, sizeof *list->task, by_name);
    return code;
}

void rog_pool_list_release(struct rog_pool_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        rog_pool_task_release(&list->task[i]);
    free(list->task);
    *list = (struct rog_pool_list){0};
}

int rog_pool_read(const struct rog_pool *pool, enum rog_pool_place place,
                  const struct rog_pool_task *task, struct rog_json **value, struct rog_error *err)
{
    char *path = rog_pool_task_path(pool, place, task->name, task->agent);
    *value = NULL;
    int code = path ? rog_pool_read_file(path, TASK_MAX_BYTES, value, err) : rog_fail_nomem(err);
    free(path);
    return code;
}

/* ---- the folder ---- */

static int fail_missing(const char *path, struct rog_error *err)
{
    return rog_fail(err, ROG_ENOTFOUND,
                    "there is no pool %s: `rogctl sweep CONF --on list` creates it, and removes it "
                    "when all runs are stored",
                    path);
}

/* Contents of a pool are executed, so no other user may write to it. */
static int check_folder(const char *path, struct rog_error *err)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT
                   ? fail_missing(path, err)
                   : rog_fail(err, ROG_EIO, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return rog_fail(err, ROG_EFORMAT, "%s is not a folder", path);
    return rog_dir_is_private(&status)
               ? 0
               : rog_fail(err, ROG_EINVAL,
                          "%s: other users can write into this pool (owner %u, mode %03o), and its "
                          "contents are executed; hint: chmod go-w, or use another folder",
                          path, (unsigned)status.st_uid, (unsigned)status.st_mode & 0777u);
}

/* Checks that other users cannot replace the folder with another one. */
static int check_parent(const char *path, struct rog_error *err)
{
    struct stat status;
    char *parent = rog_path_dir(path);
    int code = parent ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(parent, &status) == 0 && !rog_dir_keeps_entries(&status))
        code = rog_fail(err, ROG_EINVAL,
                        "%s: other users can write into the folder of this pool (mode %03o), and "
                        "could replace it; hint: chmod go-w, or use another folder",
                        parent, (unsigned)status.st_mode & 0777u);
    free(parent);
    return code;
}

static int check(const struct rog_pool *pool, struct rog_error *err)
{
    int code = check_parent(pool->path, err);
    if (code == 0)
        code = check_folder(pool->path, err);
    for (size_t i = 0; code == 0 && i < sizeof folders / sizeof *folders; i++) {
        char *path = rog_path_join(pool->path, folders[i]);
        code = path ? check_folder(path, err) : rog_fail_nomem(err);
        free(path);
    }
    return code;
}

static int make_folders(const char *path, struct rog_error *err)
{
    char *parent = rog_path_dir(path);
    int code = parent ? rog_dir_make(parent, err) : rog_fail_nomem(err);
    free(parent);
    if (code == 0 && mkdir(path, 0700) != 0 && errno != EEXIST)
        code = rog_fail(err, ROG_EIO, "cannot create %s: %s", path, strerror(errno));
    if (code == 0)
        code = check_folder(path, err);
    for (size_t i = 0; code == 0 && i < sizeof folders / sizeof *folders; i++) {
        char *folder = rog_path_join(path, folders[i]);
        code = folder ? 0 : rog_fail_nomem(err);
        if (code == 0 && mkdir(folder, 0700) != 0 && errno != EEXIST)
            code = rog_fail(err, ROG_EIO, "cannot create %s: %s", folder, strerror(errno));
        free(folder);
    }
    return code;
}

/* Opens an existing folder. */
static int new_pool(struct rog_pool **out, const char *path, struct rog_error *err)
{
    struct rog_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return rog_fail_nomem(err);
    int code = 0;
    pool->path = realpath(path, NULL);
    if (!pool->path)
        code = errno == ENOENT || errno == ENOTDIR
                   ? fail_missing(path, err)
                   : rog_fail(err, ROG_EIO, "cannot look at %s: %s", path, strerror(errno));
    if (code == 0)
        code = check(pool, err);
    if (code == 0 && (pool->folder = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", pool->path, strerror(errno));
    if (code < 0)
        rog_pool_close(pool);
    else
        *out = pool;
    return code;
}

static int write_terms(struct rog_pool *pool, const struct rog_pool_terms *terms,
                       struct rog_error *err)
{
    struct rog_json *value = rog_json_object();
    char *path = rog_path_join(pool->path, TERMS_FILE);
    char *part = rog_path_join(pool->path, "." TERMS_FILE);
    rog_json_put_integer(value, "format", ROG_POOL_FORMAT);
    rog_json_put_string(value, "sweep", terms->sweep);
    rog_json_put_string(value, "placed_by", terms->placed_by);
    rog_json_put_number(value, "lease_s", terms->lease_s);
    rog_json_put_integer(value, "results", terms->results);
    int code = value && path && part ? rog_pool_write(path, part, value, err) : rog_fail_nomem(err);
    pool->terms = *terms;
    free(part);
    free(path);
    rog_json_free(value);
    return code;
}

static int read_terms(struct rog_pool *pool, struct rog_error *err)
{
    struct rog_json *value = NULL;
    struct rog_pool_terms *terms = &pool->terms;
    char *path = rog_path_join(pool->path, TERMS_FILE);
    int code = path ? rog_pool_read_file(path, TERMS_MAX_BYTES, &value, err) : rog_fail_nomem(err);
    int64_t format = rog_json_get_integer(value, "format", 0);
    if (code == 0 && format != ROG_POOL_FORMAT)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s: the pool has format %lld, but this rogctl uses format %d; use the "
                        "rogctl that created it",
                        pool->path, (long long)format, ROG_POOL_FORMAT);
    terms->lease_s = rog_json_get_number(value, "lease_s", ROG_POOL_LEASE_S);
    terms->results = (int)rog_json_get_integer(value, "results", 0);
    snprintf(terms->sweep, sizeof terms->sweep, "%s", rog_json_get_string(value, "sweep", ""));
    snprintf(terms->placed_by, sizeof terms->placed_by, "%s",
             rog_json_get_string(value, "placed_by", ""));
    if (code == 0 && !(terms->lease_s >= LEASE_LEAST_S && terms->lease_s <= LEASE_MOST_S))
        code = rog_fail(err, ROG_EFORMAT, "%s: lease_s is not %g to %g", path, LEASE_LEAST_S,
                        LEASE_MOST_S);
    rog_json_free(value);
    free(path);
    return code;
}

int rog_pool_make(struct rog_pool **pool, const char *path, const struct rog_pool_terms *terms,
                  struct rog_error *err)
{
    *pool = NULL;
    int code = make_folders(path, err);
    if (code == 0)
        code = new_pool(pool, path, err);
    if (code == 0)
        code = write_terms(*pool, terms, err);
    if (code < 0) {
        rog_pool_close(*pool);
        *pool = NULL;
    }
    return code;
}

int rog_pool_open(struct rog_pool **pool, const char *path, struct rog_error *err)
{
    *pool = NULL;
    int code = new_pool(pool, path, err);
    if (code == 0)
        code = read_terms(*pool, err);
    if (code < 0) {
        rog_pool_close(*pool);
        *pool = NULL;
    }
    return code;
}

void rog_pool_close(struct rog_pool *pool)
{
    if (!pool)
        return;
    if (pool->folder > 0)
        close(pool->folder);
    free(pool->path);
    free(pool);
}

/* A pool that is being removed is still at its path while its parts are deleted one by one. */
bool rog_pool_has_moved(const struct rog_pool *pool)
{
    struct stat own, found;
    bool here = fstat(pool->folder, &own) == 0 && stat(pool->path, &found) == 0 &&
                own.st_dev == found.st_dev && own.st_ino == found.st_ino;
    return !here && faccessat(pool->folder, TERMS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int rog_pool_is_gone(const struct rog_pool *pool, struct rog_error *err)
{
    struct rog_pool *again = NULL;
    bool moved = rog_pool_has_moved(pool),
         gone = !moved && rog_pool_open(&again, pool->path, NULL) == ROG_ENOTFOUND;
    rog_pool_close(again);
    return moved ? rog_fail(err, ROG_EFAILED,
                            "%s no longer exists: it was moved with its contents; "
                            "hint: move it back and start the agent again",
                            pool->path)
                 : gone;
}

const char *rog_pool_path(const struct rog_pool *pool)
{
    return pool->path;
}

const struct rog_pool_terms *rog_pool_terms(const struct rog_pool *pool)
{
    return &pool->terms;
}

int rog_pool_stop_agents(struct rog_pool *pool, bool stop, struct rog_error *err)
{
    char *path = rog_path_join(pool->path, STOP_FILE);
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && stop)
        code = rog_file_write(path, "", 0, err);
    else if (code == 0 && unlink(path) != 0 && errno != ENOENT)
        code = rog_fail(err, ROG_EIO, "cannot remove %s: %s", path, strerror(errno));
    free(path);
    return code;
}

bool rog_pool_is_stopping(const struct rog_pool *pool)
{
    char *path = rog_path_join(pool->path, STOP_FILE);
    bool stopping = path && rog_file_exists(path);
    free(path);
    return stopping;
}
