/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and restarts the agents of a machine. */
#include <orchestrator/pool/keeper.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/pool/pool.h>

#define STEP_MS 250
#define LEASE_MAX_BYTES 256
/* Delays before agents that exit at once are restarted, s. */
#define BACKOFF_MIN_S 0.5
#define BACKOFF_MAX_S 30.0
#define SHORT_S 5.0
#define PATIENCE_S 20.0 /* seconds that agents get to hand back their tasks */
#define LEFT_STATUS 75  /* EX_TEMPFAIL: work is left */
#define KILLED_STATUS 128
#define TROUBLE 3      /* consecutive failures that count as a problem of the machine */
#define TROUBLE_S 60.0 /* seconds until agents are tried again */

struct slot {
    struct rog_process process;
    pid_t pid; /* kept after the process has ended */
    double started_s, next_s, pause_s;
    bool begun;
};

struct keeping {
    const struct rog_pool_keeper *keeper;
    struct slot *slot;
    char lease[LEASE_MAX_BYTES + 1];
    double renewed_s;
    bool asked; /* agents have been told to exit */
    bool left;
    int failed;   /* exit status of the last agent that failed; 0: none */
    int failures; /* consecutive failures */
    double failed_s;
};

/* ---- files of the pool ---- */

static bool is_there(const struct keeping *keeping, const char *name)
{
    char *path = rog_path_join(keeping->keeper->pool, name);
    bool there = path && rog_file_exists(path);
    free(path);
    return there;
}

static bool has_work(const struct keeping *keeping)
{
    bool found = false;
    char *path = rog_path_join(keeping->keeper->pool, "ready");
    DIR *dir = path ? opendir(path) : NULL;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    free(path);
    return found;
}

/* Returns whether the controller has renewed its lease in time. */
static bool is_leased(struct keeping *keeping)
{
    char *path = rog_path_join(keeping->keeper->pool, ROG_POOL_LEASE_FILE), *text = NULL;
    size_t size = 0;
    if (path && rog_file_read(path, LEASE_MAX_BYTES, &text, &size, NULL) == 0 &&
        strcmp(text, keeping->lease) != 0) {
        snprintf(keeping->lease, sizeof keeping->lease, "%s", text);
        keeping->renewed_s = rog_clock_s();
    }
    free(text);
    free(path);
    return rog_clock_s() - keeping->renewed_s <= keeping->keeper->lease_s;
}

static int write_number(const struct keeping *keeping, struct rog_error *err)
{
    char number[32];
    char *path = rog_path_join(keeping->keeper->pool, ROG_POOL_KEEPER_FILE);
    int length = snprintf(number, sizeof number, "%ld\n", (long)getpid());
    int code = path ? rog_file_write(path, number, (size_t)length, err) : rog_fail_nomem(err);
    free(path);
    return code;
}

/* ---- agents ---- */

static int start(struct keeping *keeping, struct slot *slot, struct rog_error *err)
{
    const struct rog_process_options options = {.argv = keeping->keeper->agent};
    slot->process = ROG_PROCESS_NONE;
    slot->started_s = rog_clock_s();
    slot->begun = true;
    int code = rog_process_start(&slot->process, &options, err);
    slot->pid = slot->process.pid;
    return code;
}

/* Tells the controller that agents on this machine fail again and again, or that they no longer
 * do. */
static void note_failures(struct keeping *keeping, int failures)
{
    char *path = rog_path_join(keeping->keeper->pool, ROG_POOL_TROUBLE_FILE);
    keeping->failures = failures;
    keeping->failed_s = rog_clock_s();
    if (path && keeping->keeper->lease_s > 0 && failures == TROUBLE)
        rog_file_write(path, "", 0, NULL);
    else if (path && failures == 0)
        unlink(path);
    free(path);
}

/* Returns whether an agent's name, HOST-PID-RANDOM, is that of the process. */
static bool is_agent_of(const char *agent, pid_t pid)
{
    char end[32];
    const char *random = strrchr(agent, '-');
    size_t length = (size_t)snprintf(end, sizeof end, "-%ld", (long)pid);
    return random && (size_t)(random - agent) > length &&
           strncmp(random - length, end, length) == 0;
}

/* Hands back the task of an agent that is known to be dead, so that other agents need not detect
 * it. */
static void hand_back(const struct keeping *keeping, pid_t pid)
{
    struct rog_pool *pool = NULL;
    struct rog_pool_list taken = {0};
    if (rog_pool_open(&pool, keeping->keeper->pool, NULL) == 0 &&
        rog_pool_list(pool, ROG_POOL_TAKEN, &taken, NULL) == 0)
        for (size_t i = 0; i < taken.count; i++)
            if (is_agent_of(taken.task[i].agent, pid))
                rog_pool_hand_back(pool, &taken.task[i], NULL);
    rog_pool_list_release(&taken);
    rog_pool_close(pool);
}

static void note_end(struct keeping *keeping, struct slot *slot)
{
    double now_s = rog_clock_s();
    int status = slot->process.status;
    if (keeping->keeper->lease_s > 0)
        hand_back(keeping, slot->pid);
    keeping->left |= status == LEFT_STATUS;
    if (status != 0 && status != LEFT_STATUS) {
        keeping->failed = status;
        if (status < KILLED_STATUS)
            note_failures(keeping, keeping->failures + 1);
    } else if (keeping->failures) {
        note_failures(keeping, 0);
    }
    if (now_s - slot->started_s > SHORT_S)
        slot->pause_s = BACKOFF_MIN_S;
    slot->next_s = now_s + slot->pause_s;
    slot->pause_s = slot->pause_s * 2 < BACKOFF_MAX_S ? slot->pause_s * 2 : BACKOFF_MAX_S;
}

/* Returns whether to start an agent in an empty slot. */
static bool is_wanted(const struct keeping *keeping, const struct slot *slot)
{
    if (keeping->keeper->lease_s <= 0)
        return !slot->begun;
    return rog_clock_s() >= slot->next_s && has_work(keeping) && !is_there(keeping, "stop");
}

/* Starts agents and handles those that have ended. *running becomes the number of running
 * agents. */
static int step(struct keeping *keeping, size_t *running, struct rog_error *err)
{
    int code = 0;
    *running = 0;
    if (keeping->failures && rog_clock_s() - keeping->failed_s > TROUBLE_S)
        note_failures(keeping, 0);
    for (size_t i = 0; code == 0 && i < keeping->keeper->slots; i++) {
        struct slot *slot = &keeping->slot[i];
        if (!rog_process_gone(&slot->process) && rog_process_ended(&slot->process))
            note_end(keeping, slot);
        if (rog_process_gone(&slot->process) && !keeping->asked && is_wanted(keeping, slot))
            code = start(keeping, slot, err);
        *running += !rog_process_gone(&slot->process);
    }
    return code;
}

static void ask(struct keeping *keeping)
{
    keeping->asked = true;
    for (size_t i = 0; i < keeping->keeper->slots; i++)
        rog_process_ask(&keeping->slot[i].process);
}

/* ---- the keeper ---- */

/* Returns whether the pool has to be removed. */
static bool is_over(struct keeping *keeping)
{
    return keeping->keeper->lease_s > 0 &&
           (is_there(keeping, ROG_POOL_OVER_FILE) || !is_there(keeping, ROG_POOL_KEEPER_FILE) ||
            !is_leased(keeping));
}

static int supervise(struct keeping *keeping, struct rog_signals *signals, struct rog_error *err)
{
    double asked_s = 0;
    size_t running = 0;
    int code = 0;
    for (;;) {
        code = step(keeping, &running, err);
        bool ends = keeping->keeper->lease_s <= 0 || keeping->asked;
        if (code < 0 || (ends && running == 0))
            return code;
        bool signalled = rog_signals_wait(signals, STEP_MS);
        if (!keeping->asked && (signalled || is_over(keeping))) {
            ask(keeping);
            asked_s = rog_clock_s();
        }
        if (keeping->keeper->lease_s > 0 && keeping->asked && rog_clock_s() - asked_s > PATIENCE_S)
            return 0; /* the caller kills remaining agents */
    }
}

int rog_pool_keep(const struct rog_pool_keeper *keeper, bool *left, struct rog_error *err)
{
    struct rog_signals signals;
    struct keeping keeping = {.keeper = keeper,
                              .slot = calloc(keeper->slots, sizeof *keeping.slot),
                              .renewed_s = rog_clock_s()};
    if (!keeping.slot)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < keeper->slots; i++)
        keeping.slot[i] = (struct slot){.process = ROG_PROCESS_NONE, .pause_s = BACKOFF_MIN_S};
    int code = rog_signals_init(&signals, err);
    if (code == 0) {
        if (keeper->lease_s > 0)
            code = write_number(&keeping, err);
        if (code == 0)
            code = supervise(&keeping, &signals, err);
        for (size_t i = 0; i < keeper->slots; i++)
            rog_process_kill(&keeping.slot[i].process);
        rog_signals_release(&signals);
    }
    if (code == 0 && is_over(&keeping))
        code = rog_dir_remove(keeper->pool, err);
    *left = keeping.left;
    if (code == 0 && keeper->lease_s <= 0 && keeping.failed)
        code = rog_fail(err, ROG_EFAILED, "an agent exited with status %d", keeping.failed);
    free(keeping.slot);
    return code;
}
