/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of a run, from their start to their end. */
#include <trainer/programs/programs_state.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <common/clock.h>
#include <librog/virtual/message.h>

#define KILL_S 5.0
#define DESCRIPTORS 128 /* besides those of workers and processes */
#define LEAST 32        /* the minimum of these */
#define MEMORY_SHARE 0.9
#define GIB 1073741824.0
#define UNLIMITED 1e20

/* ---- starting ---- */

/* Returns the number after `name` in a line of a file; UNLIMITED if there is none. */
static double number_in(const char *path, const char *name)
{
    char line[128];
    double number = UNLIMITED;
    unsigned long long found;
    size_t length = strlen(name);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && sscanf(line + length, "%llu", &found) == 1)
            number = (double)found;
    if (file)
        fclose(file);
    return number;
}

/* Returns the memory available to programs if no limit is set: of the machine, or of the
 * container. */
static double available_bytes(void)
{
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    double bytes = 1024 * number_in("/proc/meminfo", "MemAvailable:");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        bytes = fmin(bytes, number_in(limits[i], ""));
    return bytes;
}

static uint32_t wanted_workers(const struct rog_programs *programs)
{
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < programs->child_count; i++)
        wanted += programs->children[i].count;
    return wanted;
}

/* One descriptor for each worker, and an output and a log for each process: the default limit is
 * too low on many systems. */
static int allow_descriptors(const struct rog_programs *programs, struct rog_error *err)
{
    struct rlimit limit;
    rlim_t each = (rlim_t)wanted_workers(programs) + 2 * (rlim_t)programs->child_count;
    rlim_t wanted = each + DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return ROG_OK;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= each + LEAST
               ? ROG_OK
               : rog_fail(err, ROG_EIO,
                          "%u workers in %u processes need %llu open files, but only %llu are "
                          "allowed (ulimit -Hn)",
                          wanted_workers(programs), programs->child_count,
                          (unsigned long long)(each + LEAST), (unsigned long long)limit.rlim_cur);
}

static int set_up(struct rog_programs *programs, const struct rog_programs_options *options,
                  struct rog_error *err)
{
    double limit = options->config->memory_limit;
    programs->how = *options;
    programs->hello = options->hello;
    programs->layout = options->layout;
    snprintf(programs->owner, sizeof programs->owner, "the network of `model`");
    programs->listener = programs->watch = -1;
    programs->guard = ROG_WATCHDOG_NONE;
    programs->memory_limit = limit > 0 ? limit * GIB : MEMORY_SHARE * available_bytes();
    programs->count = options->config->worker_count;
    for (size_t i = 0; i < PENDING; i++)
        programs->pending[i].fd = -1;
    programs->workers = calloc(programs->count, sizeof *programs->workers);
    if (!programs->workers)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < programs->count; i++) {
        programs->workers[i].rank = i + 1;
        programs->workers[i].fd = -1;
    }
    programs->watch = epoll_create1(EPOLL_CLOEXEC);
    return programs->watch >= 0
               ? ROG_OK
               : rog_fail(err, ROG_EIO, "cannot wait for programs: %s", strerror(errno));
}

static int start(struct rog_programs *programs, const struct rog_programs_options *options,
                 struct rog_error *err)
{
    signal(SIGPIPE, SIG_IGN); /* from the guard's pipe */
    signal(SIGCHLD, SIG_DFL); /* otherwise the kernel discards a program's exit status */
    int code = set_up(programs, options, err);
    if (!code)
        code = programs_children_new(programs, err);
    if (!code)
        code = allow_descriptors(programs, err);
    if (!code)
        code = programs_listen(programs, err);
    if (!code)
        code = rog_programs_guard_start(&programs->guard, programs->mark, err);
    if (code)
        return code;
    rog_family_look(&programs->spared);
    rog_family_keep_children(&programs->spared, getpid());
    rog_family_adopt(true);
    uint32_t wanted = wanted_workers(programs);
    while (!code && programs->joined < wanted) {
        code = programs_children_start(programs, err);
        if (!code)
            code = programs_wait(programs, err);
    }
    return code;
}

int rog_programs_start(struct rog_programs **out, const struct rog_programs_options *options,
                       struct rog_error *err)
{
    struct rog_programs *programs = calloc(1, sizeof *programs);
    *out = NULL;
    if (!programs)
        return rog_fail_nomem(err);
    int code = start(programs, options, err);
    if (code)
        rog_programs_free(programs);
    else
        *out = programs;
    return code;
}

/* ---- models ---- */

const struct rog_layout *rog_programs_layout(const struct rog_programs *programs)
{
    return programs->layout;
}

float *rog_programs_values(const struct rog_programs *programs, uint32_t worker)
{
    return rog_region_values(&programs->workers[worker].region);
}

float *rog_programs_constants(const struct rog_programs *programs, uint32_t worker)
{
    return rog_region_constants(&programs->workers[worker].region);
}

void rog_programs_starting_values(const struct rog_programs *programs, float *params,
                                  float *constants)
{
    const struct rog_region *region = &programs->first->region;
    const struct rog_layout *layout = programs->layout;
    if (!rog_region_values(region))
        return;
    memcpy(params, rog_region_values(region), layout->params * sizeof *params);
    memcpy(constants, rog_region_constants(region), layout->constants * sizeof *constants);
}

/* ---- the end of the run ---- */

static bool may_be_told(const struct worker *worker)
{
    return worker->fd >= 0 &&
           (worker->standing == STANDING_WAITING || worker->standing == STANDING_BROUGHT);
}

/* Tells all workers that do not have control. Those that have it compute to the end, so that the
 * work of a program does not depend on real time. */
static int tell_all(struct rog_programs *programs, const struct rog_statistics *statistics,
                    struct rog_error *err)
{
    for (uint32_t i = 0; i < programs->count; i++) {
        struct worker *worker = &programs->workers[i];
        struct rog_statistics said = statistics[i];
        struct rog_virtual_message message = {
            .kind = worker->started ? ROG_VIRTUAL_GO : ROG_VIRTUAL_START,
            .rank = i + 1,
            .number = worker->turn.iteration ? worker->turn.iteration - 1 : 0,
            .flags = worker->started || !worker->resumed ? 0 : ROG_VIRTUAL_RESUMED};
        if (!worker->child || !may_be_told(worker))
            continue;
        said.over = true;
        rog_region_tell(&worker->region, worker->turn.iteration, worker->turn.local_steps, &said);
        worker->standing = STANDING_TOLD;
        worker->child->since_s = rog_clock_s();
        int code = rog_virtual_send(worker->fd, &message, -1, err);
        if (code && code != ROG_EFAILED) /* a closed connection is found later */
            return rog_fail_prefix(err, "worker %u's program", worker->rank);
    }
    return ROG_OK;
}

static bool all_ended(const struct rog_programs *programs)
{
    bool ended = true;
    for (uint32_t i = 0; i < programs->child_count; i++)
        ended &= programs->children[i].ended;
    return ended;
}

int rog_programs_end(struct rog_programs *programs, const struct rog_statistics *statistics,
                     struct rog_error *err)
{
    int code = ROG_OK;
    programs->ending = true;
    for (uint32_t i = 0; i < programs->child_count; i++)
        programs->children[i].since_s = rog_clock_s();
    while (!code && !all_ended(programs)) {
        code = tell_all(programs, statistics, err);
        if (!code)
            code = programs_wait(programs, err);
    }
    return code;
}

/* ---- releasing ---- */

static void release_worker(struct worker *worker)
{
    if (worker->fd >= 0)
        close(worker->fd);
    rog_region_close(&worker->region);
    rog_json_free(worker->hello);
    rog_layout_free(worker->layout);
    free(worker->gradients);
    free(worker->rules);
    free(worker->given);
    free(worker->handed);
    free(worker->now);
}

static void end_children(struct rog_programs *programs)
{
    for (uint32_t i = 0; i < programs->child_count; i++) {
        struct child *child = &programs->children[i];
        programs_child_drain(programs, child);
        rog_process_kill(&child->process);
        rog_program_log_close(&child->log);
    }
    rog_family_kill(programs->mark, &programs->spared, KILL_S);
    rog_family_release(&programs->spared);
    rog_family_adopt(false);
    rog_watchdog_end(&programs->guard);
}

void rog_programs_free(struct rog_programs *programs)
{
    if (!programs)
        return;
    if (programs->guard.pid)
        end_children(programs);
    for (uint32_t i = 0; i < programs->count && programs->workers; i++)
        release_worker(&programs->workers[i]);
    for (size_t i = 0; i < PENDING; i++)
        if (programs->pending[i].fd >= 0)
            close(programs->pending[i].fd);
    if (programs->listener >= 0)
        close(programs->listener);
    if (programs->watch >= 0)
        close(programs->watch);
    rog_json_free(programs->brought_hello);
    rog_layout_free(programs->brought_layout);
    free(programs->groups);
    free(programs->workers);
    free(programs->children);
    free(programs);
}
