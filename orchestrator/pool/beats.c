/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and watches heartbeats of agents. */
#include <orchestrator/pool/beats.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/pool/files.h>
#include <orchestrator/pool/pool_state.h>

#define BEATS_A_LEASE 12
#define BEAT_MAX_BYTES ((size_t)64 << 10)
#define COUNTER "beat"

struct seen {
    char *agent;
    long long counter;
    double changed_s;
    bool alive;
    struct rog_json *says;
};

struct rog_pool_watch {
    const struct rog_pool *pool;
    struct seen *seen; /* [count], sorted by name */
    size_t count, room;
};

double rog_pool_beat_period_s(const struct rog_pool *pool)
{
    return pool->terms.lease_s / BEATS_A_LEASE;
}

static char *beat_path(const struct rog_pool *pool, const char *agent)
{
    return rog_format("%s/" ROG_POOL_BEATS "/%s", pool->path, agent);
}

int rog_pool_beat(const struct rog_pool *pool, const char *agent, long long counter,
                  const struct rog_json *says, struct rog_error *err)
{
    struct rog_json *value = says ? rog_json_copy(says) : rog_json_object();
    char *path = beat_path(pool, agent),
         *part = rog_format("%s/" ROG_POOL_BEATS "/.%s", pool->path, agent);
    rog_json_put_integer(value, COUNTER, counter);
    int code = value && path && part ? rog_pool_write(path, part, value, err) : rog_fail_nomem(err);
    free(part);
    free(path);
    rog_json_free(value);
    return code;
}

void rog_pool_end_beats(const struct rog_pool *pool, const char *agent)
{
    char *path = beat_path(pool, agent);
    if (path)
        unlink(path);
    free(path);
}

int rog_pool_watch_new(struct rog_pool_watch **watch, const struct rog_pool *pool,
                       struct rog_error *err)
{
    *watch = calloc(1, sizeof **watch);
    if (!*watch)
        return rog_fail_nomem(err);
    (*watch)->pool = pool;
    return 0;
}

void rog_pool_watch_free(struct rog_pool_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->seen[i].agent);
        rog_json_free(watch->seen[i].says);
    }
    free(watch->seen);
    free(watch);
}

/* Returns the agent's index among those seen, or the index where it would be inserted. */
static size_t find(const struct rog_pool_watch *watch, const char *agent)
{
    size_t low = 0, high = watch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(watch->seen[middle].agent, agent) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Finds the agent's entry. Adds one for an agent that is new. */
static int place_of(struct rog_pool_watch *watch, const char *agent, double now_s,
                    struct seen **seen, struct rog_error *err)
{
    size_t at = find(watch, agent);
    if (at < watch->count && strcmp(watch->seen[at].agent, agent) == 0) {
        *seen = &watch->seen[at];
        return 0;
    }
    if (watch->count == watch->room) {
        size_t wanted = watch->room ? watch->room * 2 : 16;
        struct seen *grown = realloc(watch->seen, wanted * sizeof *grown);
        if (!grown)
            return rog_fail_nomem(err);
        watch->seen = grown;
        watch->room = wanted;
    }
    char *copy = rog_strdup(agent);
    if (!copy)
        return rog_fail_nomem(err);
    memmove(&watch->seen[at + 1], &watch->seen[at], (watch->count - at) * sizeof *watch->seen);
    watch->seen[at] = (struct seen){.agent = copy, .changed_s = now_s, .alive = true};
    watch->count++;
    *seen = &watch->seen[at];
    return 0;
}

int rog_pool_watch_look(struct rog_pool_watch *watch, const char *agent, double now_s,
                        const struct rog_json **says, struct rog_error *err)
{
    struct seen *seen = NULL;
    struct rog_json *beat = NULL;
    int code = place_of(watch, agent, now_s, &seen, err);
    if (code < 0)
        return code;
    char *path = beat_path(watch->pool, agent);
    code = path ? rog_pool_read_file(path, BEAT_MAX_BYTES, &beat, err) : rog_fail_nomem(err);
    free(path);
    if (code == ROG_ENOMEM)
        return code;
    /* An unreadable file is not a heartbeat. */
    if (code == 0) {
        long long counter = rog_json_get_integer(beat, COUNTER, 0);
        if (counter != seen->counter || !seen->says)
            seen->changed_s = now_s;
        seen->counter = counter;
        rog_json_free(seen->says);
        seen->says = beat;
    }
    seen->alive = now_s - seen->changed_s <= watch->pool->terms.lease_s;
    if (says)
        *says = seen->says;
    return seen->alive;
}

int rog_pool_watch_count(struct rog_pool_watch *watch, double now_s, size_t *alive,
                         struct rog_error *err)
{
    char *path = rog_path_join(watch->pool->path, ROG_POOL_BEATS);
    DIR *dir = path ? opendir(path) : NULL;
    int code = dir    ? 0
               : path ? rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno))
                      : rog_fail_nomem(err);
    struct dirent *entry;
    *alive = 0;
    while (code >= 0 && (entry = readdir(dir))) {
        if (!rog_pool_is_agent(entry->d_name))
            continue;
        code = rog_pool_watch_look(watch, entry->d_name, now_s, NULL, err);
        *alive += code == 1;
    }
    if (dir)
        closedir(dir);
    free(path);
    return code < 0 ? code : 0;
}
