/* SPDX-License-Identifier: Apache-2.0 */
/* Detects programs that exit, hang, or take too much memory. */
#include <trainer/programs/programs_state.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/json.h>
#include <rog/events.h>
#include <common/family.h>

#define CHECK_S 0.05
#define MEASURE_S 0.5
#define GRACE_S 2.0 /* time for a process to exit after its connection was closed */
#define DRAINS 64
#define WHAT_BYTES 256
#define GIB 1073741824.0
#define SIGNALS 64

/* ---- ended ---- */

/* Describes what is wrong with how a process ended; "" if nothing is. */
static void describe_end(const struct rog_programs *programs, const struct child *child,
                         char what[WHAT_BYTES])
{
    const struct rog_process *process = &child->process;
    int number = process->signal ? process->signal : process->status - 128;
    bool done = true;
    for (uint32_t i = 0; i < child->count; i++) {
        const struct worker *worker = &programs->workers[child->first + i];
        done &= worker->finishes || worker->standing == STANDING_TOLD;
    }
    what[0] = '\0';
    if (process->signal)
        snprintf(what, WHAT_BYTES, "was killed by signal %d (%s%s)", number, strsignal(number),
                 number == SIGKILL ? ", possibly by the kernel because memory ran out" : "");
    else if (process->status && number > 0 && number <= SIGNALS)
        snprintf(what, WHAT_BYTES, "exited with status %d (as after signal %d, %s)",
                 process->status, number, strsignal(number));
    else if (process->status)
        snprintf(what, WHAT_BYTES, "exited with status %d", process->status);
    else if (child->joined < child->count)
        snprintf(what, WHAT_BYTES, "%s", ROG_NO_PART);
    else if (!done)
        snprintf(what, WHAT_BYTES, "exited (status 0) before it had finished");
}

/* Handles the end of a process. Its last output and messages are read first. */
static int handle_exit(struct rog_programs *programs, struct child *child, struct rog_error *err)
{
    char who[WHO_BYTES], what[WHAT_BYTES];
    int code = ROG_OK;
    programs_who(programs, child, who);
    for (int i = 0; i < DRAINS && child->process.errors >= 0; i++)
        programs_child_drain(programs, child);
    for (uint32_t i = 0; i < child->count && !code; i++)
        code = programs_hear(programs, &programs->workers[child->first + i], err);
    pid_t group = child->process.pid;
    child->ended = true;
    rog_process_kill(&child->process);
    if (!code)
        code = rog_programs_guard_tell(&programs->guard, -group, err);
    describe_end(programs, child, what);
    return code || !what[0] ? code : programs_fail(child, who, what, err);
}

/* ---- too slow ---- */

static int check_worker(struct rog_programs *programs, const struct worker *worker, double now_s,
                        struct rog_error *err)
{
    char who[WHO_BYTES], what[WHAT_BYTES];
    double limit_s = programs->how.config->step_limit;
    bool left = worker->closed_s > 0 && !worker->finishes && worker->standing != STANDING_TOLD;
    snprintf(who, sizeof who, "worker %u's program", worker->rank);
    if (left && now_s - worker->closed_s > GRACE_S)
        return programs_fail(worker->child, who,
                             "closed its connection to the simulation before it had finished", err);
    if (worker->standing != STANDING_COMPUTING || now_s - worker->since_s <= limit_s)
        return ROG_OK;
    snprintf(what, sizeof what,
             "has computed iteration %u for more than %g s of real time (setting step_limit)",
             worker->turn.iteration, limit_s);
    return programs_fail(worker->child, who, what, err);
}

/* Returns whether the process has nothing left to do but exit. */
static bool may_end(const struct rog_programs *programs, const struct child *child)
{
    bool may = programs->ending;
    for (uint32_t i = 0; i < child->count; i++) {
        const struct worker *worker = &programs->workers[child->first + i];
        may &= worker->standing == STANDING_TOLD || worker->fd < 0;
    }
    return may;
}

static int check_child(struct rog_programs *programs, struct child *child, double now_s,
                       struct rog_error *err)
{
    char who[WHO_BYTES], what[WHAT_BYTES];
    double limit_s = programs->how.config->step_limit;
    if (!child->started || child->ended)
        return ROG_OK;
    if (rog_process_is_over(&child->process))
        return handle_exit(programs, child, err);
    bool ends = may_end(programs, child), joins = child->joined < child->count;
    if (!(ends || joins) || now_s - child->since_s <= limit_s)
        return ROG_OK;
    snprintf(what, sizeof what, "has not %s within %g s of real time (setting step_limit)",
             ends ? "ended after the run" : "joined the run", limit_s);
    return programs_fail(child, programs_who(programs, child, who), what, err);
}

/* ---- processes that left their group ---- */

static int by_number(const void *a, const void *b)
{
    const pid_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static bool is_among(const pid_t *groups, size_t count, pid_t group)
{
    return count && bsearch(&group, groups, count, sizeof group, by_number);
}

/* Finds the process groups that programs have started, sorted, without those of the programs, which
 * the guard knows from their start. `groups` has room for all of the family. */
static size_t find_groups(struct rog_programs *programs, const struct rog_family *family,
                          pid_t *groups)
{
    size_t count = 0, kept = 0;
    pid_t self = getpid(), own = getpgrp(), above = getpgid(getppid());
    for (size_t i = 0; i < family->count; i++) {
        pid_t group = family->members[i].group;
        pid_t branch = rog_family_branch(family, family->members[i].pid, self);
        bool is_ours = branch && !rog_family_has(&programs->spared, branch);
        if (is_ours && group > 1 && group != own && group != above &&
            !programs_child_with(programs, group))
            groups[count++] = group;
    }
    qsort(groups, count, sizeof *groups, by_number);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || groups[i] != groups[kept - 1])
            groups[kept++] = groups[i];
    return kept;
}

/* Tells the guard about such groups: if this process is killed, the guard has no other way to find
 * processes that have left their program's group and changed their environment. */
static int tell_guard(struct rog_programs *programs, const struct rog_family *family,
                      struct rog_error *err)
{
    pid_t *before = programs->groups, *now = calloc(family->count + 1, sizeof *now);
    size_t count_before = programs->group_count;
    int code = ROG_OK;
    if (!now)
        return rog_fail_nomem(err);
    size_t count = find_groups(programs, family, now);
    for (size_t i = 0; i < count_before && !code; i++)
        if (!is_among(now, count, before[i]))
            code = rog_programs_guard_tell(&programs->guard, -before[i], err);
    for (size_t i = 0; i < count && !code; i++)
        if (!is_among(before, count_before, now[i]))
            code = rog_programs_guard_tell(&programs->guard, now[i], err);
    free(before);
    programs->groups = now;
    programs->group_count = count;
    return code;
}

/* ---- too large ---- */

struct usage {
    double all, largest;
    struct child *whose; /* owner of the largest */
};

/* Measures memory. `shared`: count shared pages once, which takes longer. Processes that have left
 * their program are included. */
static int measure(struct rog_programs *programs, const struct rog_family *family, bool shared,
                   struct usage *usage, struct rog_error *err)
{
    double *bytes = calloc(programs->child_count, sizeof *bytes);
    pid_t self = getpid();
    *usage = (struct usage){0};
    if (!bytes)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < family->count; i++) {
        const struct rog_family_member *member = &family->members[i];
        pid_t branch = rog_family_branch(family, member->pid, self);
        if (!branch || rog_family_has(&programs->spared, branch))
            continue;
        double size = (double)(shared ? rog_family_bytes(member->pid) : member->rss_bytes);
        struct child *child = programs_child_in(programs, family, member->pid);
        usage->all += size;
        if (!child || (bytes[child - programs->children] += size) <= usage->largest)
            continue;
        usage->largest = bytes[child - programs->children];
        usage->whose = child;
    }
    free(bytes);
    return ROG_OK;
}

static int check_family(struct rog_programs *programs, struct rog_error *err)
{
    struct rog_family family;
    struct usage usage;
    char who[WHO_BYTES], what[WHAT_BYTES];
    rog_family_look(&family);
    int code = tell_guard(programs, &family, err);
    if (!code)
        code = measure(programs, &family, false, &usage, err);
    if (!code && usage.all > programs->memory_limit)
        code = measure(programs, &family, true, &usage, err);
    rog_family_release(&family);
    if (code || usage.all <= programs->memory_limit || !usage.whose)
        return code;
    programs_who(programs, usage.whose, who);
    rog_process_kill(&usage.whose->process);
    snprintf(what, sizeof what,
             "was killed: it used %.2f GiB, all programs of the run %.2f, and %.2f are allowed "
             "(setting memory_limit)",
             usage.largest / GIB, usage.all / GIB, programs->memory_limit / GIB);
    return programs_fail(usage.whose, who, what, err);
}

int programs_check(struct rog_programs *programs, struct rog_error *err)
{
    double now_s = rog_clock_s();
    int code = ROG_OK;
    if (!programs->disturbed && now_s - programs->checked_s < CHECK_S)
        return ROG_OK;
    programs->disturbed = false;
    programs->checked_s = now_s;
    for (uint32_t i = 0; i < programs->child_count && !code; i++)
        code = check_child(programs, &programs->children[i], now_s, err);
    for (uint32_t i = 0; i < programs->count && !code; i++)
        code = check_worker(programs, &programs->workers[i], now_s, err);
    if (code || now_s - programs->measured_s < MEASURE_S)
        return code;
    programs->measured_s = now_s;
    return check_family(programs, err);
}
