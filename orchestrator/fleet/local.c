/* SPDX-License-Identifier: Apache-2.0 */
/* Executes runs on this machine alone: a `rog-trainer serve`, and a `rog-trainer work` for each
 * worker, connected by loopback and paced along the traces in user space. A process that is killed
 * is restarted, the server from its last saved state. After too many restarts a worker is given up,
 * and the run continues without it. */
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/executor.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <common/workload.h>
#include <orchestrator/fleet/run_files.h>
#include <rog/events.h>

/* How long workers may take to exit after the server has: GRACE_S seconds, but at most this share
 * of stall_limit, after which a worker considers the server lost. */
#define GRACE_S 10.0
#define GRACE_SHARE 0.5
/* Seconds within which the server notices that the connection of an exited worker is closed. */
#define LOST_S 2.0
#define ARGS_MAX 32
#define WORDS_BYTES 512

struct node {
    struct rog_process process;
    char *folder, *log;
    bool begun, done; /* done: exited successfully, ... */
    bool gone;        /* ... or is a worker that was killed and is not restarted */
    double ended_s;   /* when it exited successfully before the server; 0: already checked */
};

struct local {
    const struct rog_attempt *attempt;
    char *config, *key, *port_file;
    char address[64];  /* of the server; "" until it listens */
    struct node *node; /* [count]: the server at 0, then the workers */
    size_t count;
    int restarts;
    double server_done_s; /* when the server exited successfully; 0: not yet */
};

/* ---- starting ---- */

static void add(const char **argv, size_t *count, const char *option, const char *value)
{
    argv[(*count)++] = option;
    if (value)
        argv[(*count)++] = value;
}

/* Starts the server or a worker, or restarts it. */
static int start_node(struct local *local, size_t number, struct rog_error *err)
{
    struct node *node = &local->node[number];
    const struct rog_cluster *cluster = local->attempt->cluster;
    const char *argv[ARGS_MAX] = {local->attempt->trainer, number ? "work" : "serve"};
    size_t count = 2;
    char rank[24], limit[32], timeout[32], period[32], least[24];
    snprintf(rank, sizeof rank, "%zu", number);
    snprintf(limit, sizeof limit, "%.17g", cluster->stall_limit_s);
    snprintf(timeout, sizeof timeout, "%.17g", cluster->worker_timeout_s);
    snprintf(period, sizeof period, "%.17g", cluster->state_period_s);
    snprintf(least, sizeof least, "%zu", cluster->min_workers);
    add(argv, &count, "--config", local->config);
    add(argv, &count, "--key-file", local->key);
    add(argv, &count, "--out", node->folder);
    add(argv, &count, "--threads", "1");
    add(argv, &count, "--pace", NULL);
    if (number) {
        add(argv, &count, "--rank", rank);
        add(argv, &count, "--server", local->address);
        add(argv, &count, "--server-timeout", limit);
    } else {
        add(argv, &count, "--listen", local->address[0] ? local->address : "127.0.0.1:0");
        add(argv, &count, "--port-file", local->port_file);
        add(argv, &count, "--worker-timeout", timeout);
        add(argv, &count, "--join-timeout", limit);
        add(argv, &count, "--state-period", period);
        add(argv, &count, "--min-workers", least);
        if (node->begun || local->attempt->resume)
            add(argv, &count, "--resume", NULL);
    }
    const struct rog_process_options how = {.argv = argv, .log = node->log};
    node->begun = true;
    return rog_process_start(&node->process, &how, err);
}

static int make_nodes(struct local *local, struct rog_error *err)
{
    const char *folder = local->attempt->folder;
    local->node = calloc(local->count, sizeof *local->node);
    if (!local->node)
        return rog_fail_nomem(err);
    int code = 0;
    for (size_t i = 0; i < local->count; i++) {
        struct node *node = &local->node[i];
        node->process = ROG_PROCESS_NONE;
        char *name = rog_format(ROG_RUN_WORKER "%zu", i);
        node->folder = name && i ? rog_path_join(folder, name) : rog_strdup(folder);
        node->log = node->folder ? rog_path_join(node->folder, ROG_RUN_LOG) : NULL;
        free(name);
        if (code == 0)
            code = node->log ? rog_dir_make(node->folder, err) : rog_fail_nomem(err);
    }
    return code;
}

static void stop(void *state, bool leave)
{
    (void)leave; /* its processes exit with this one */
    struct local *local = state;
    /* Asks all processes to exit before it waits for any of them. */
    for (size_t i = 0; local->node && i < local->count; i++)
        rog_process_ask(&local->node[i].process);
    for (size_t i = 0; local->node && i < local->count; i++) {
        rog_process_stop(&local->node[i].process);
        free(local->node[i].folder);
        free(local->node[i].log);
    }
    if (local->key)
        unlink(local->key);
    if (local->port_file)
        unlink(local->port_file);
    free(local->node);
    free(local->config);
    free(local->key);
    free(local->port_file);
    free(local);
}

static int start(void **state, const struct rog_attempt *attempt, struct rog_error *err)
{
    struct local *local = calloc(1, sizeof *local);
    if (!local)
        return rog_fail_nomem(err);
    local->attempt = attempt;
    local->count = 1 + rog_json_size(rog_json_get(attempt->config, "workers"));
    local->config = rog_path_join(attempt->folder, ROG_RUN_CONFIG);
    local->key = rog_path_join(attempt->folder, ROG_RUN_KEY);
    local->port_file = rog_path_join(attempt->folder, ROG_RUN_PORT);
    int code = local->config && local->key && local->port_file ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = make_nodes(local, err);
    if (code == 0)
        code = rog_run_make_key(local->key, err);
    if (code == 0)
        code = start_node(local, 0, err);
    if (code < 0)
        stop(local, false);
    else
        *state = local;
    return code;
}

/* ---- supervising ---- */

/* Starts the workers once the server listens. */
static int start_workers(struct local *local, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    if (local->address[0] || !rog_file_exists(local->port_file))
        return 0;
    int code = rog_file_read(local->port_file, 64, &text, &size, err);
    if (code == 0)
        snprintf(local->address, sizeof local->address, "127.0.0.1:%.*s",
                 (int)strspn(text, "0123456789"), text);
    free(text);
    for (size_t i = 1; code == 0 && i < local->count; i++)
        code = start_node(local, i, err);
    return code;
}

/* Returns the signal that ended a process; 0: none. The trainer exits with a status of its own when
 * it is interrupted; the status of a program may mean anything. */
static int killed_by(const struct local *local, size_t number)
{
    const struct rog_process *process = &local->node[number].process;
    bool is_trainer =
        !number || !rog_workload_runs_program(local->attempt->config, (uint32_t)number);
    if (!process->signal && process->status == ROG_EXIT_INTERRUPTED && is_trainer)
        return SIGINT;
    return process->signal;
}

/* Writes ": ..." with the last log line of a process that aborted, as libraries log the reason. */
static void last_words(const struct node *node, int signal_number, char words[WORDS_BYTES])
{
    char said[WORDS_BYTES - 2] = "";
    if (signal_number == SIGABRT)
        rog_run_log_tail(node->log, said, sizeof said);
    snprintf(words, WORDS_BYTES, "%s%s", said[0] ? ": " : "", said);
}

/* Gives a worker up that is not restarted any more. The run continues while enough workers are
 * left. */
static int give_up_worker(struct local *local, size_t number, const char *name, int signal_number,
                          struct rog_error *err)
{
    size_t left = 0, least = local->attempt->cluster->min_workers;
    char said[WORDS_BYTES], text[WORDS_BYTES + 160];
    last_words(&local->node[number], signal_number, said);
    local->node[number].gone = local->node[number].done = true;
    for (size_t i = 1; i < local->count; i++)
        left += !local->node[i].gone;
    if (left < (least ? least : 1))
        return rog_fail(
            err, ROG_EFAILED,
            "%s was killed by signal %d%s: %zu of %zu workers are left, min_workers is %zu", name,
            signal_number, said, left, local->count - 1, least);
    snprintf(text, sizeof text,
             "%s was killed by signal %d and is not restarted (restarts is %d); the run continues "
             "without it%s",
             name, signal_number, local->attempt->cluster->restarts, said);
    local->attempt->log(local->attempt->user, ROG_EVENT_WARNING, number, text);
    return 0;
}

/* Restarts a process that was killed: a worker at any time, the server if it has a checkpoint to
 * resume from. */
static int restart_node(struct local *local, size_t number, const char *name, struct rog_error *err)
{
    struct node *node = &local->node[number];
    int signal_number = killed_by(local, number);
    char *saved = rog_path_join(local->attempt->folder, ROG_RUN_SERVER_STATE);
    bool possible = signal_number > 0 && local->restarts < local->attempt->cluster->restarts &&
                    (number > 0 || (saved && rog_file_exists(saved)));
    free(saved);
    bool may_be_away =
        local->attempt->cluster->min_workers > 0 || rog_run_has_begun(local->attempt->folder);
    if (!possible && signal_number > 0 && number > 0 && may_be_away)
        return give_up_worker(local, number, name, signal_number, err);
    if (!possible)
        return rog_run_judge(name, &node->process, node->log, err);
    local->restarts++;
    char said[WORDS_BYTES], text[WORDS_BYTES + 160];
    last_words(node, signal_number, said);
    snprintf(text, sizeof text, "%s was killed by signal %d and is restarted%s%s", name,
             signal_number, number ? "" : " from its last saved state", said);
    local->attempt->log(local->attempt->user, ROG_EVENT_RESTART, number, text);
    return start_node(local, number, err);
}

/* Judges a worker that exited successfully while the run continues. A worker that has finished has
 * told the server so. A program that has not done so has left the other workers alone, or never
 * connected. */
static int judge_leaver(struct local *local, size_t number, struct rog_error *err)
{
    char name[32];
    struct node *node = &local->node[number];
    bool took_part = rog_run_took_part(node->folder);
    bool is_time = local->server_done_s > 0 || rog_clock_s() - node->ended_s > LOST_S;
    if (took_part && !is_time)
        return 0; /* the server may not have noticed yet */
    node->ended_s = 0;
    if (took_part && !rog_run_worker_is_lost(local->attempt->folder, number))
        return 0;
    snprintf(name, sizeof name, "worker %zu", number);
    return rog_run_fail_leaver(name, took_part, node->log, err);
}

static int look_at(struct local *local, size_t number, struct rog_error *err)
{
    struct node *node = &local->node[number];
    char name[32] = "the server";
    if (node->ended_s > 0)
        return judge_leaver(local, number, err);
    if (!node->begun || node->done || !rog_process_ended(&node->process))
        return 0;
    if (number && node->process.status == 0 && local->server_done_s <= 0)
        node->ended_s = rog_clock_s();
    if (node->process.status == 0 || (number && local->server_done_s > 0)) {
        node->done = true;
        if (number == 0)
            local->server_done_s = rog_clock_s();
        return 0;
    }
    if (number)
        snprintf(name, sizeof name, "worker %zu", number);
    return restart_node(local, number, name, err);
}

static int step(void *state, enum rog_attempt_state *reached, struct rog_error *err)
{
    struct local *local = state;
    int code = start_workers(local, err);
    for (size_t i = 0; code == 0 && i < local->count; i++)
        code = look_at(local, i, err);
    bool ended = local->server_done_s > 0;
    double grace_s = fmin(GRACE_S, GRACE_SHARE * local->attempt->cluster->stall_limit_s);
    for (size_t i = 1; i < local->count; i++) {
        struct node *node = &local->node[i];
        /* The run is complete. A worker that does not know it yet, for example because it has just
         * been restarted, has nothing to add. */
        if (local->server_done_s > 0 && rog_clock_s() - local->server_done_s > grace_s) {
            rog_process_kill(&node->process);
            node->done = true;
        }
        ended = ended && node->done;
    }
    *reached = ended ? ROG_ATTEMPT_ENDED : ROG_ATTEMPT_RUNNING;
    return code;
}

static const struct rog_executor executor = {
    .stream_per_worker = true,
    .start = start,
    .step = step,
    .stop = stop,
};

const struct rog_cluster_kind rog_local_cluster = {
    .name = "local",
    .summary = "a server and a process for each worker on this machine, connected by loopback, in "
               "real time",
    .real_time = true,
    .executor = &executor,
};
