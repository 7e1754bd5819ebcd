/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps track of which tasks a host has, and which it gets next. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>

#define LIST_S 1.0 /* minimum seconds between two listings of ready/ */

char *rog_pool_held_agent(const struct rog_pool_host *host, const char *agent)
{
    /* HOST-PID-RANDOM: the key already contains the host's name. */
    const char *from = agent ? agent + strlen(agent) : "";
    for (int dashes = 0; agent && from > agent; from--)
        if (from[-1] == '-' && ++dashes == 2)
            break;
    return rog_format("%s_%s", host->key, from);
}

static bool is_of_host(const struct rog_pool_host *host, const char *agent)
{
    size_t length = strlen(host->key);
    return strncmp(agent, host->key, length) == 0 && agent[length] == '_';
}

static int grow(struct rog_pool_host *host, struct rog_error *err)
{
    if (host->held_count < host->held_room)
        return 0;
    size_t wanted = host->held_room ? host->held_room * 2 : 16;
    struct rog_pool_held *grown = realloc(host->held, wanted * sizeof *grown);
    if (!grown)
        return rog_fail_nomem(err);
    host->held = grown;
    host->held_room = wanted;
    return 0;
}

static void forget_result(struct rog_pool_held *held)
{
    if (held->folder)
        rog_dir_remove(held->folder, NULL);
    free(held->folder);
    held->folder = NULL;
}

void rog_pool_held_forget(struct rog_pool_host *host, struct rog_pool_held *held)
{
    size_t at = (size_t)(held - host->held);
    forget_result(held);
    free(held->agent);
    rog_pool_task_release(&held->task);
    memmove(held, held + 1, (host->held_count - at - 1) * sizeof *held);
    host->held_count--;
}

int rog_pool_held_load(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_pool_list list = {0};
    int code = rog_pool_list(host->hosts->pool, ROG_POOL_TAKEN, &list, err);
    for (size_t i = 0; code == 0 && i < list.count; i++) {
        if (!is_of_host(host, list.task[i].agent))
            continue;
        code = grow(host, err);
        if (code == 0) {
            host->held[host->held_count++] = (struct rog_pool_held){.task = list.task[i]};
            list.task[i] = (struct rog_pool_task){0};
        }
    }
    rog_pool_list_release(&list);
    return code;
}

struct rog_pool_held *rog_pool_held_find(struct rog_pool_host *host, const char *name)
{
    for (size_t i = 0; i < host->held_count; i++)
        if (strcmp(host->held[i].task.name, name) == 0)
            return &host->held[i];
    return NULL;
}

size_t rog_pool_held_count(const struct rog_pool_host *host, enum rog_pool_where where)
{
    size_t count = 0;
    for (size_t i = 0; i < host->held_count; i++)
        count += host->held[i].where == where;
    return count;
}

/* ---- to the host ---- */

/* Takes the task in the local pool and adds it to the host's tasks. Returns ROG_ENOTFOUND if
 * another host or agent was faster. */
static int take(struct rog_pool_host *host, struct rog_pool_task *task, struct rog_error *err)
{
    char *waiting = rog_pool_held_agent(host, NULL);
    int code = waiting ? grow(host, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_pool_take(host->hosts->pool, task, waiting, err);
    if (code == 0) {
        host->held[host->held_count++] = (struct rog_pool_held){.task = *task};
        *task = (struct rog_pool_task){0};
    }
    free(waiting);
    return code;
}

/* Lists the ready tasks again when all of the last listing are used. */
static int list_ready(struct rog_pool_hosts *hosts, struct rog_error *err)
{
    double now_s = rog_clock_s();
    if (hosts->next < hosts->ready.count || now_s - hosts->listed_s < LIST_S)
        return 0;
    rog_pool_list_release(&hosts->ready);
    hosts->next = 0;
    hosts->listed_s = now_s;
    return rog_pool_list(hosts->pool, ROG_POOL_READY, &hosts->ready, err);
}

/* Returns whether the host may get tasks. */
static bool works(const struct rog_pool_host *host)
{
    return host->up && !host->busy && !host->troubled;
}

/* Returns how many tasks the host may have now: those that run and some ahead, but no more than its
 * share, so that the last runs are spread over all hosts. */
static size_t allowed(const struct rog_pool_host *host)
{
    const struct rog_pool_hosts *hosts = host->hosts;
    size_t slots = 0, left = hosts->ready.count - hosts->next;
    for (size_t i = 0; i < hosts->count; i++) {
        const struct rog_pool_host *other = &hosts->host[i];
        if (!works(other))
            continue;
        slots += other->slots;
        left += other->held_count - rog_pool_held_count(other, ROG_POOL_IS_DONE);
    }
    if (!works(host) || slots == 0)
        return 0;
    size_t share = (size_t)ceil((double)left * (double)host->slots / (double)slots);
    size_t most = host->slots + host->ahead;
    return share < most ? share : most;
}

int rog_pool_held_take(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_pool_hosts *hosts = host->hosts;
    int code = list_ready(hosts, err);
    size_t has = host->held_count - rog_pool_held_count(host, ROG_POOL_IS_DONE);
    size_t may = code == 0 ? allowed(host) : 0;
    while (code == 0 && has < may && hosts->next < hosts->ready.count) {
        code = take(host, &hosts->ready.task[hosts->next++], err);
        has += code == 0;
        code = code == ROG_ENOTFOUND ? 0 : code;
    }
    return code;
}

struct rog_pool_held *rog_pool_held_claim(struct rog_pool_host *host, const char *name)
{
    struct rog_pool_task task = {.name = rog_strdup(name)};
    int code = task.name ? take(host, &task, NULL) : ROG_ENOMEM;
    rog_pool_task_release(&task);
    return code == 0 ? &host->held[host->held_count - 1] : NULL;
}

int rog_pool_held_rename(struct rog_pool_host *host, struct rog_pool_held *held, const char *agent,
                         struct rog_error *err)
{
    char *name = rog_pool_held_agent(host, agent), *there = agent ? rog_strdup(agent) : NULL;
    int code = name && (there || !agent) ? 0 : rog_fail_nomem(err);
    if (code == 0 && strcmp(name, held->task.agent) != 0)
        code = rog_pool_steal(host->hosts->pool, &held->task, name, err);
    if (code == 0) {
        if (!agent || !held->agent || strcmp(agent, held->agent) != 0)
            forget_result(held);
        free(held->agent);
        held->agent = there;
        there = NULL;
    }
    free(there);
    free(name);
    return code;
}

/* ---- back from the host ---- */

void rog_pool_held_return(struct rog_pool_host *host, struct rog_pool_held *held)
{
    /* It may fail because the task is no longer there: then another agent has it, which is fine. */
    rog_pool_hand_back(host->hosts->pool, &held->task, NULL);
    rog_pool_held_forget(host, held);
    host->hosts->listed_s = 0;
}

void rog_pool_held_return_all(struct rog_pool_host *host)
{
    while (host->held_count)
        rog_pool_held_return(host, &host->held[host->held_count - 1]);
}

/* ---- between hosts ---- */

static size_t free_slots(const struct rog_pool_host *host)
{
    size_t has = host->held_count - rog_pool_held_count(host, ROG_POOL_IS_DONE);
    return works(host) && has < host->slots ? host->slots - has : 0;
}

void rog_pool_hosts_balance(struct rog_pool_hosts *hosts)
{
    size_t wanted = 0;
    for (size_t i = 0; i < hosts->count && hosts->next >= hosts->ready.count; i++)
        wanted += free_slots(&hosts->host[i]);
    for (size_t i = 0; i < hosts->count; i++) {
        struct rog_pool_host *host = &hosts->host[i];
        size_t waiting = rog_pool_held_count(host, ROG_POOL_WAITS);
        host->recall = free_slots(host) > 0 ? 0 : waiting < wanted ? waiting : wanted;
        wanted -= host->recall;
    }
}
