/* SPDX-License-Identifier: Apache-2.0 */
/* Adds, moves and removes tasks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/pool/files.h>
#include <orchestrator/pool/pool_state.h>

#define TRIES 4
#define TRY_NS 50000000L

/* Renames to a name that only the caller uses. If the server's reply is lost, an NFS client repeats
 * the request and finds no such file, or fails with another error. So the position of the file
 * decides whether the rename has succeeded. */
static int move(const char *from, const char *to, struct rog_error *err)
{
    const struct timespec moment = {0, TRY_NS};
    int cause = 0;
    for (int tries = 0; tries < TRIES; tries++) {
        if (rename(from, to) == 0)
            return 0;
        cause = errno;
        if (rog_pool_is_there(to))
            return 0;
        if (cause == ENOENT)
            return rog_fail(err, ROG_ENOTFOUND, "%s no longer exists", from);
        nanosleep(&moment, NULL);
    }
    return rog_fail(err, ROG_EIO, "cannot rename %s to %s: %s", from, to, strerror(cause));
}

static int move_task(const struct rog_pool *pool, const char *name, enum rog_pool_place from,
                     const char *before, enum rog_pool_place to, const char *after,
                     struct rog_error *err)
{
    char *old = rog_pool_task_path(pool, from, name, before);
    char *new = rog_pool_task_path(pool, to, name, after);
    int code = old && new ? move(old, new, err) : rog_fail_nomem(err);
    free(old);
    free(new);
    return code;
}

/* Sets the agent that has the task. */
static int set_agent(struct rog_pool_task *task, const char *agent, struct rog_error *err)
{
    char *copy = rog_strdup(agent);
    if (!copy)
        return rog_fail_nomem(err);
    free(task->agent);
    task->agent = copy;
    return 0;
}

int rog_pool_put(struct rog_pool *pool, size_t seq, const char *run_id,
                 const struct rog_json *value, struct rog_error *err)
{
    if (!run_id[0] || strlen(run_id) > ROG_POOL_RUN_MAX || run_id[0] == '.' ||
        strpbrk(run_id, "/@"))
        return rog_fail(
            err, ROG_EINVAL,
            "run \"%s\": not a valid file name in a pool (at most %d bytes, no / and no @)", run_id,
            ROG_POOL_RUN_MAX);
    char *name = rog_format("%07zu-%s", seq, run_id);
    char *path = name ? rog_pool_task_path(pool, ROG_POOL_READY, name, NULL) : NULL;
    char *part = rog_path_join(pool->path, ".task");
    int code = path && part ? rog_pool_write(path, part, value, err) : rog_fail_nomem(err);
    free(part);
    free(path);
    free(name);
    return code;
}

int rog_pool_take(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                  struct rog_error *err)
{
    int code = move_task(pool, task->name, ROG_POOL_READY, NULL, ROG_POOL_TAKEN, agent, err);
    return code < 0 ? code : set_agent(task, agent, err);
}

int rog_pool_steal(struct rog_pool *pool, struct rog_pool_task *task, const char *agent,
                   struct rog_error *err)
{
    int code = move_task(pool, task->name, ROG_POOL_TAKEN, task->agent, ROG_POOL_TAKEN, agent, err);
    return code < 0 ? code : set_agent(task, agent, err);
}

int rog_pool_publish(struct rog_pool *pool, const struct rog_pool_task *task, struct rog_error *err)
{
    return move_task(pool, task->name, ROG_POOL_TAKEN, task->agent, ROG_POOL_DONE, task->agent,
                     err);
}

/* The name in ready/ is not specific to an agent: if it exists, the task is back, no matter who
 * moved it. */
int rog_pool_hand_back(struct rog_pool *pool, const struct rog_pool_task *task,
                       struct rog_error *err)
{
    return move_task(pool, task->name, ROG_POOL_TAKEN, task->agent, ROG_POOL_READY, NULL, err);
}

int rog_pool_holds(const struct rog_pool *pool, const struct rog_pool_task *task,
                   struct rog_error *err)
{
    char *path = rog_pool_task_path(pool, ROG_POOL_TAKEN, task->name, task->agent);
    if (!path)
        return rog_fail_nomem(err);
    bool holds = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int cause = errno;
    /* If the pool itself is unreachable, nothing is known about its contents. */
    bool is_known = holds || (cause == ENOENT && !rog_pool_has_moved(pool));
    int code =
        is_known ? holds : rog_fail(err, ROG_EIO, "cannot look at %s: %s", path, strerror(cause));
    free(path);
    return code;
}

int rog_pool_remove(struct rog_pool *pool, enum rog_pool_place place,
                    const struct rog_pool_task *task, struct rog_error *err)
{
    char *path = rog_pool_task_path(pool, place, task->name, task->agent);
    if (!path)
        return rog_fail_nomem(err);
    int code = 0;
    if (unlink(path) != 0)
        code = errno == ENOENT
                   ? rog_fail(err, ROG_ENOTFOUND, "%s no longer exists", path)
                   : rog_fail(err, ROG_EIO, "cannot remove %s: %s", path, strerror(errno));
    free(path);
    return code;
}
