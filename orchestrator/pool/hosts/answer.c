/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a host's answer in an exchange. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/hosts/holders.h>
#include <orchestrator/pool/beats.h>

#define LINE_MAX_BYTES 65536
/* Limits for one answer: unexpected tasks, and agents in addition to two per slot. The rest is
 * ignored. */
#define STRANGERS_MOST 1000
#define AGENTS_MORE 64

struct reading {
    struct rog_pool_host *host;
    struct rog_json *alive; /* {agent: true}: agents with a heartbeat */
    FILE *holders;          /* what the host reports about who holds it */
    size_t strangers, agents;
    bool gone, keeper, stopped, trouble, listed;
};

/* ---- tasks ---- */

/* Handles a listed task: one that the host was given, or one that it should not have. */
static int take_place(struct reading *reading, enum rog_pool_where where, const char *place,
                      const struct rog_pool_task *task, struct rog_error *err)
{
    struct rog_pool_host *host = reading->host;
    struct rog_pool_held *held = rog_pool_held_find(host, task->name);
    if (!held && reading->strangers++ >= STRANGERS_MOST)
        return 0;
    if (!held)
        held = rog_pool_held_claim(host, task->name);
    /* If two agents have executed it, because one was suspended, one result is enough. */
    if (!held || (held->seen && held->where == ROG_POOL_IS_DONE))
        return rog_pool_host_drop(host, place, task->name, task->agent, err);
    held->seen = true;
    held->where = where;
    int code = rog_pool_held_rename(host, held, task->agent, err);
    int holds = code == 0 ? rog_pool_holds(host->hosts->pool, &held->task, err) : 0;
    if (code == 0 && holds < 0)
        return holds;
    if (code == ROG_ENOTFOUND || (code == 0 && !holds)) { /* others have it, or it is not needed */
        rog_pool_held_forget(host, held);
        code = rog_pool_host_drop(host, place, task->name, task->agent, err);
    }
    return code;
}

/* Names become paths here, so a name that is not a task's is ignored. */
static int note_place(struct reading *reading, enum rog_pool_where where, const char *place,
                      const char *file, struct rog_error *err)
{
    struct rog_pool_task task = {0};
    if (!rog_pool_task_parse(file, where != ROG_POOL_WAITS, &task))
        return 0;
    int code = take_place(reading, where, place, &task, err);
    rog_pool_task_release(&task);
    return code;
}

static int note_back(struct reading *reading, enum rog_pool_where where, const char *place,
                     const char *file, struct rog_error *err)
{
    struct rog_pool_held *held = rog_pool_held_find(reading->host, file);
    (void)where;
    (void)place;
    (void)err;
    if (held)
        rog_pool_held_return(reading->host, held);
    return 0;
}

static int note_task(struct reading *reading, const char *word, const char *file,
                     struct rog_error *err)
{
    static const struct {
        const char *word;
        int (*note)(struct reading *reading, enum rog_pool_where where, const char *place,
                    const char *file, struct rog_error *err);
        enum rog_pool_where where;
    } words[] = {{"ready", note_place, ROG_POOL_WAITS},
                 {"taken", note_place, ROG_POOL_RUNS_THERE},
                 {"done", note_place, ROG_POOL_IS_DONE},
                 {"back", note_back, ROG_POOL_WAITS}};
    int code = 0;
    pthread_mutex_lock(&reading->host->hosts->mutex);
    for (size_t i = 0; code == 0 && i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0)
            code = words[i].note(reading, words[i].where, word, file, err);
    pthread_mutex_unlock(&reading->host->hosts->mutex);
    return code;
}

/* Marks tasks that the host has lost, so that they are sent again. */
static void mark_lost(struct rog_pool_host *host)
{
    pthread_mutex_lock(&host->hosts->mutex);
    for (size_t i = host->held_count; i > 0; i--) {
        struct rog_pool_held *held = &host->held[i - 1];
        if (held->seen)
            continue;
        if (rog_pool_held_rename(host, held, NULL, NULL) == 0)
            held->where = ROG_POOL_TO_SEND;
        else
            rog_pool_held_forget(host, held);
    }
    pthread_mutex_unlock(&host->hosts->mutex);
}

static void forget_what_was_seen(struct rog_pool_host *host)
{
    pthread_mutex_lock(&host->hosts->mutex);
    for (size_t i = 0; i < host->held_count; i++)
        host->held[i].seen = false;
    pthread_mutex_unlock(&host->hosts->mutex);
}

/* ---- agents ---- */

/* Copies the heartbeat of one of the host's agents to the local pool. */
static int note_beat(struct reading *reading, char *agent, struct rog_error *err)
{
    const struct rog_pool *pool = reading->host->hosts->pool;
    struct rog_json *says = NULL;
    char *text = strchr(agent, '/');
    if (text)
        *text++ = '\0';
    if (!text || !rog_pool_is_agent(agent) ||
        reading->agents++ >= 2 * reading->host->slots + AGENTS_MORE ||
        rog_json_parse(text, strlen(text), "beat", &says, NULL) != 0)
        return 0; /* it may be partly written */
    char *name = rog_pool_held_agent(reading->host, agent);
    int code = name ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_pool_is_agent(name)) {
        code = rog_pool_beat(pool, name, rog_json_get_integer(says, "beat", 0), says, err);
        rog_json_put_bool(reading->alive, name, true);
    }
    free(name);
    rog_json_free(says);
    return code;
}

static int end_beat(const char *agent, const struct rog_json *value, void *user)
{
    struct reading *reading = user;
    (void)value;
    if (!rog_json_get(reading->alive, agent))
        rog_pool_end_beats(reading->host->hosts->pool, agent);
    return 0;
}

/* Removes the heartbeats of agents that no longer send any. */
void rog_pool_host_end_beats(struct rog_pool_host *host, struct rog_json *alive)
{
    struct reading reading = {.host = host, .alive = alive};
    rog_json_each(host->alive, end_beat, &reading);
    rog_json_free(host->alive);
    host->alive = alive;
}

/* ---- holders of the host ---- */

/* Runs in real time must not be disturbed, so the process that holds the host has it
 * exclusively. */
static int note_holder(struct rog_pool_host *host, const char *output, struct rog_error *err)
{
    struct rog_holders holders;
    char text[2 * ROG_CLAIM_TEXT_BYTES];
    int code = rog_holders_read(&holders, output, err);
    bool busy = code == 0 ? holders.claims.count > 0 : host->busy;
    if (busy && !host->busy) {
        rog_holders_text(&holders, text, sizeof text);
        rog_pool_hosts_say(host->hosts, "%s is held %s: nothing runs there until it is released",
                           host->name, text);
    } else if (!busy && host->busy) {
        rog_pool_hosts_say(host->hosts, "%s is free again", host->name);
    }
    rog_holders_release(&holders);
    pthread_mutex_lock(&host->hosts->mutex);
    host->busy = busy;
    pthread_mutex_unlock(&host->hosts->mutex);
    return code;
}

/* ---- failing agents ---- */

/* If agents on the host fail again and again, its waiting tasks are given to others until they no
 * longer fail. */
static void note_trouble(struct reading *reading, const char *words)
{
    struct rog_pool_host *host = reading->host;
    reading->trouble = true;
    if (!host->troubled)
        rog_pool_hosts_say(host->hosts, "%s gets no more runs: agents fail there%s%s", host->name,
                           words[0] ? ": " : "", words);
}

static void set_trouble(struct rog_pool_host *host, bool trouble)
{
    pthread_mutex_lock(&host->hosts->mutex);
    host->troubled = trouble;
    pthread_mutex_unlock(&host->hosts->mutex);
}

/* ---- the whole answer ---- */

const char *rog_pool_answer_line(struct rog_pool_answer *answer, size_t *length)
{
    const char *line = answer->text + answer->at;
    const char *end = memchr(line, '\n', answer->size - answer->at);
    if (!end)
        return NULL;
    *length = (size_t)(end - line);
    answer->at += *length + 1;
    return line;
}

static int note_line(struct reading *reading, char *line, struct rog_error *err)
{
    char *rest = strchr(line, '/');
    if (line[0] == '@' || !rest) { /* ROG_HOLDERS_SCRIPT */
        fprintf(reading->holders, "%s\n", line);
        return 0;
    }
    *rest++ = '\0';
    reading->gone |= strcmp(line, "gone") == 0;
    reading->keeper |= strcmp(line, "keeper") == 0;
    reading->stopped |= strcmp(line, "stopped") == 0;
    reading->listed |= strcmp(line, "listed") == 0;
    if (strcmp(line, "trouble") == 0)
        note_trouble(reading, rest);
    return strcmp(line, "beat") == 0 ? note_beat(reading, rest, err)
                                     : note_task(reading, line, rest, err);
}

/* Reads the list of tasks and agents up to its end. */
static int read_listing(struct reading *reading, struct rog_pool_answer *answer,
                        struct rog_error *err)
{
    int code = 0;
    size_t length = 0;
    const char *line;
    while (code == 0 && !reading->listed && !reading->gone &&
           (line = rog_pool_answer_line(answer, &length))) {
        char *copy = length < LINE_MAX_BYTES ? strndup(line, length) : NULL;
        if (copy)
            code = note_line(reading, copy, err);
        else
            code = length < LINE_MAX_BYTES ? rog_fail_nomem(err)
                                           : rog_fail(err, ROG_EFORMAT, "%s: a line of %zu bytes",
                                                      reading->host->name, length);
        free(copy);
    }
    if (code == 0 && !reading->listed && !reading->gone)
        code = rog_fail(err, ROG_EFORMAT, "%s does not answer as expected", reading->host->name);
    return code;
}

static int read_results(struct rog_pool_host *host, struct rog_pool_answer *answer,
                        struct rog_error *err)
{
    static const char result[] = "result/", end[] = "end/";
    int code = 0;
    size_t length = 0;
    const char *line;
    while (code == 0 && (line = rog_pool_answer_line(answer, &length))) {
        if (length == sizeof end - 1 && strncmp(line, end, length) == 0)
            return 0;
        if (length < sizeof result || strncmp(line, result, sizeof result - 1) != 0)
            break;
        char *name = strndup(line + sizeof result - 1, length - (sizeof result - 1));
        code = name ? rog_pool_host_result(host, name, answer, err) : rog_fail_nomem(err);
        free(name);
        if (code == 1)
            return 0;
    }
    return code ? code : rog_fail(err, ROG_EFORMAT, "%s does not answer as expected", host->name);
}

/* Acts on the answer. */
static int act(struct reading *reading, bool looks, const char *holders, struct rog_error *err)
{
    struct rog_pool_host *host = reading->host;
    int code = 0;
    if (reading->gone) {
        rog_pool_host_lose(host);
    } else {
        host->runs = reading->keeper;
        if (looks)
            code = note_holder(host, holders, err);
        host->stopped = reading->stopped;
        set_trouble(host, reading->trouble);
    }
    mark_lost(host);
    return code;
}

int rog_pool_host_answer(struct rog_pool_host *host, bool looks, struct rog_pool_answer *answer,
                         struct rog_error *err)
{
    char *holders = NULL;
    size_t size = 0;
    struct reading reading = {
        .host = host, .alive = rog_json_object(), .holders = open_memstream(&holders, &size)};
    int code = reading.alive && reading.holders ? 0 : rog_fail_nomem(err);
    forget_what_was_seen(host);
    if (code == 0)
        code = read_listing(&reading, answer, err);
    if (reading.holders && fclose(reading.holders) != 0 && code == 0)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = act(&reading, looks, holders, err);
    if (code == 0 && looks)
        rog_pool_host_end_beats(host, reading.alive);
    else
        rog_json_free(reading.alive);
    free(holders);
    if (code == 0 && !reading.gone)
        code = read_results(host, answer, err);
    return code;
}
