/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an agent: finds tasks, executes them, and waits for tasks that other agents might leave. */
#include <orchestrator/pool/agent.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/pool/agent_state.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

#define HOST_BYTES 256
#define LOOKS_AT_MOST 16 /* other agents that an agent watches at most; together they watch all */
#define MARGIN_LEAST_S 1.0
#define MARGIN_MOST_S 30.0
#define WAIT_MOST_S 5.0

struct agent {
    struct rog_pool *pool;
    const struct rog_pool_agent_options *options;
    struct rog_signals signals;
    char *name, host[HOST_BYTES];
    struct rog_contents *contents;
    struct rog_scratch scratch;
    struct rog_heart *heart;
    struct rog_pool_watch *watch;
    struct rog_pool_list ready; /* last listing; the next task is at (first + used) % count */
    size_t first, used;
    double end_s;
    struct rog_pool_agent_result *result;
};

/* ---- finding a task ---- */

static unsigned place_of(const char *name)
{
    unsigned hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static bool is_wanted(const struct agent *a, const struct rog_pool_task *task)
{
    return !a->options->run || strcmp(rog_pool_task_run(task), a->options->run) == 0;
}

/* Takes the next task of ready/ that no other agent has taken: 1; 0 if there is none. Each agent
 * starts at a different position, so that they do not all try the same task, and reads the list
 * again at its end. */
static int take_ready(struct agent *a, struct rog_pool_task *task, struct rog_error *err)
{
    for (bool fresh = false;;) {
        while (a->used < a->ready.count) {
            struct rog_pool_task *next = &a->ready.task[(a->first + a->used++) % a->ready.count];
            int code =
                is_wanted(a, next) ? rog_pool_take(a->pool, next, a->name, err) : ROG_ENOTFOUND;
            if (code == 0) {
                *task = *next;
                *next = (struct rog_pool_task){0};
                return 1;
            }
            if (code != ROG_ENOTFOUND)
                return code;
        }
        if (fresh)
            return 0;
        rog_pool_list_release(&a->ready);
        a->used = 0;
        int code = rog_pool_list(a->pool, ROG_POOL_READY, &a->ready, err);
        if (code < 0)
            return code;
        a->first = a->ready.count ? place_of(a->name) % a->ready.count : 0;
        fresh = true;
    }
}

/* Takes a task from a dead agent: 1; 0 if there is none. Sets *others if other agents have
 * tasks. */
static int take_from_dead(struct agent *a, struct rog_pool_task *task, bool *others,
                          struct rog_error *err)
{
    struct rog_pool_list taken = {0};
    int code = rog_pool_list(a->pool, ROG_POOL_TAKEN, &taken, err);
    size_t first = taken.count ? place_of(a->name) % taken.count : 0, looked = 0;
    double now_s = rog_clock_s();
    bool has = false;
    *others = false;
    for (size_t i = 0; code == 0 && !has && i < taken.count; i++) {
        struct rog_pool_task *next = &taken.task[(first + i) % taken.count];
        if (!is_wanted(a, next))
            continue;
        *others = true;
        /* The agent's own task, which it could not give away while the folder was unreachable. No
         * other agent takes it. */
        has = strcmp(next->agent, a->name) == 0;
        if (!has && looked++ >= LOOKS_AT_MOST)
            break;
        int alive = has ? 1 : rog_pool_watch_look(a->watch, next->agent, now_s, NULL, err);
        code = alive < 0 ? alive : 0;
        if (alive == 0) {
            code = rog_pool_steal(a->pool, next, a->name, err);
            has = code == 0;
            code = code == ROG_ENOTFOUND ? 0 : code;
        }
        if (has) {
            *task = *next;
            *next = (struct rog_pool_task){0};
        }
    }
    rog_pool_list_release(&taken);
    return code < 0 ? code : has;
}

/* ---- executing tasks ---- */

static int do_one(struct agent *a, const struct rog_pool_task *task, struct rog_error *err)
{
    const struct rog_pool_hand hand = {
        .pool = a->pool,
        .options = a->options,
        .signals = &a->signals,
        .heart = a->heart,
        .contents = a->contents,
        .folder = a->scratch.path,
        .agent = a->name,
        .host = a->host,
        .end_s = a->end_s,
    };
    enum rog_pool_outcome outcome = ROG_POOL_LOST;
    double begin_s = rog_clock_s();
    int code = rog_pool_execute_task(&hand, task, &outcome, err);
    bool done = code == 0 && outcome == ROG_POOL_PUBLISHED;
    bool failed = code == 0 && outcome == ROG_POOL_FAILED;
    a->result->done += done;
    a->result->failed += failed;
    char *text = done || failed ? rog_format("%s: %s, %.1f s", rog_pool_task_run(task),
                                             done ? "done" : "failed", rog_clock_s() - begin_s)
                                : NULL;
    if (text)
        a->options->say(a->options->user, text);
    free(text);
    return code;
}

static bool is_over(struct agent *a)
{
    return rog_signals_wait(&a->signals, 0) || rog_heart_is_stopping(a->heart) ||
           rog_clock_s() >= a->end_s;
}

/* Executes tasks until the agent has to exit or no task is left for it. */
static int work(struct agent *a, struct rog_error *err)
{
    double pause_s = fmin(2 * rog_pool_beat_period_s(a->pool), WAIT_MOST_S);
    int code = 0;
    while (code == 0 && !is_over(a)) {
        struct rog_pool_task task = {0};
        bool others = false;
        int has = take_ready(a, &task, err);
        if (has == 0)
            has = take_from_dead(a, &task, &others, err);
        if (has == 1)
            code = do_one(a, &task, err);
        else if (has < 0)
            code = has;
        else if (!others || a->options->no_wait)
            break;
        else
            rog_signals_wait(&a->signals, (int)(1e3 * pause_s));
        rog_pool_task_release(&task);
    }
    return code;
}

/* Sets result->left if tasks remain, waiting or taken by other agents. */
static int check_for_rest(struct agent *a, struct rog_error *err)
{
    struct rog_pool_list ready = {0}, taken = {0};
    int code = rog_pool_list(a->pool, ROG_POOL_READY, &ready, err);
    if (code == 0)
        code = rog_pool_list(a->pool, ROG_POOL_TAKEN, &taken, err);
    for (size_t i = 0; i < ready.count; i++)
        a->result->left |= is_wanted(a, &ready.task[i]);
    for (size_t i = 0; i < taken.count; i++)
        a->result->left |= is_wanted(a, &taken.task[i]);
    rog_pool_list_release(&ready);
    rog_pool_list_release(&taken);
    return code;
}

/* The controller removes the pool when all results are stored. An error caused by that is not a
 * failure. */
static int check_pool_removed(const struct agent *a, int code, struct rog_error *err)
{
    int gone = code < 0 && a->heart ? rog_pool_is_gone(a->pool, err) : 0;
    return gone < 0 ? gone : gone ? 0 : code;
}

/* ---- start and end ---- */

static struct rog_json *make_facts(const struct agent *a)
{
    char now[ROG_UTC_BYTES];
    const char *slurm = getenv("SLURM_JOB_ID");
    struct rog_json *facts = rog_json_object();
    rog_utc_now(now);
    rog_json_put_string(facts, "host", a->host);
    rog_json_put_integer(facts, "pid", (int64_t)getpid());
    rog_json_put_string(facts, "since", now);
    if (slurm)
        rog_json_put_string(facts, "slurm_job", slurm);
    return facts;
}

/* Results of different versions would not be comparable. */
static int check_results(const struct rog_pool *pool, struct rog_error *err)
{
    int results = rog_pool_terms(pool)->results;
    return results == ROG_RESULTS_VERSION
               ? 0
               : rog_fail(err, ROG_EFAILED,
                          "%s: its runs need results of version %d, but this rogctl computes "
                          "version %d; use the rogctl that created the pool",
                          rog_pool_path(pool), results, ROG_RESULTS_VERSION);
}

static int begin(struct agent *a, struct rog_error *err)
{
    double margin_s = fmin(fmax(a->options->time_s / 10, MARGIN_LEAST_S), MARGIN_MOST_S);
    a->end_s =
        a->options->time_s > 0 ? rog_clock_s() + a->options->time_s - margin_s : (double)INFINITY;
    if (gethostname(a->host, sizeof a->host - 1) != 0)
        snprintf(a->host, sizeof a->host, "unknown");
    int code = check_results(a->pool, err);
    if (code == 0)
        code = rog_pool_draw_agent(&a->name, err);
    if (code == 0)
        code = rog_scratch_make(&a->scratch, NULL, "rogctl-agent", err);
    if (code == 0)
        code = rog_contents_new(&a->contents, err);
    if (code == 0)
        code = rog_pool_watch_new(&a->watch, a->pool, err);
    return code < 0 ? code : rog_heart_start(&a->heart, a->pool, a->name, make_facts(a), err);
}

int rog_pool_agent_run(struct rog_pool *pool, const struct rog_pool_agent_options *options,
                       struct rog_pool_agent_result *result, struct rog_error *err)
{
    struct agent a = {.pool = pool, .options = options, .result = result};
    *result = (struct rog_pool_agent_result){0};
    /* Before a second thread starts. */
    int code = rog_signals_init(&a.signals, err);
    if (code < 0)
        return code;
    code = begin(&a, err);
    if (code == 0)
        code = work(&a, err);
    if (code == 0)
        code = check_for_rest(&a, err);
    code = check_pool_removed(&a, code, err);
    rog_heart_stop(a.heart);
    rog_pool_watch_free(a.watch);
    rog_contents_free(a.contents);
    rog_scratch_remove(&a.scratch, NULL);
    rog_pool_list_release(&a.ready);
    free(a.name);
    rog_signals_release(&a.signals);
    return code;
}
