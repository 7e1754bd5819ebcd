/* SPDX-License-Identifier: Apache-2.0 */
/* Assigns workers to processes, starts the processes, and reads their output. */
#include <trainer/programs/programs_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/workload.h>
#include <common/family.h>
#include <trainer/run/program.h>

#define OUTPUT_BYTES ((size_t)1 << 20) /* read at once */
#define LINE_BYTES 400

/* ---- workers of a process ---- */

static bool is_program(const struct rog_programs *programs, uint32_t worker)
{
    const struct rog_programs_options *how = &programs->how;
    return how->only_rank ? worker + 1 == how->only_rank
                          : rog_workload_runs_program(how->config->json, worker + 1);
}

/* Consecutive workers share a process, up to the maximum. */
static void share(struct rog_programs *programs)
{
    uint32_t most = programs->how.config->workers_per_process;
    struct child *child = NULL;
    for (uint32_t i = 0; i < programs->count; i++) {
        if (!is_program(programs, i)) {
            child = NULL;
            continue;
        }
        if (!child || child->count >= most) {
            child = &programs->children[programs->child_count++];
            *child = (struct child){.first = i, .process = ROG_PROCESS_NONE};
            child->log = ROG_PROGRAM_LOG_NONE;
        }
        child->count++;
        programs->workers[i].child = child;
    }
}

int programs_children_new(struct rog_programs *programs, struct rog_error *err)
{
    programs->children = calloc(programs->count, sizeof *programs->children);
    if (!programs->children)
        return rog_fail_nomem(err);
    share(programs);
    if (programs->child_count == 0)
        return rog_fail(err, ROG_EINVAL, "no worker of this run runs a program");
    programs->first = &programs->workers[programs->children[0].first];
    return ROG_OK;
}

/* ---- starting ---- */

static char *worker_folder(const struct rog_programs *programs, uint32_t rank)
{
    return rog_format("%s/worker%u", programs->how.out_dir, rank);
}

/* The folders of a process's workers other than the first contain only what these write
 * themselves. */
static int make_folders(const struct rog_programs *programs, const struct child *child,
                        struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < child->count && !code; i++) {
        char *folder = worker_folder(programs, child->first + i + 1);
        code = folder ? rog_dir_make(folder, err) : rog_fail_nomem(err);
        free(folder);
    }
    return code;
}

static int execute(struct rog_programs *programs, struct child *child,
                   const struct rog_program_start *start, struct rog_error *err)
{
    const char *const words[] = {"/bin/sh", "-c", start->command, NULL};
    union {
        char **theirs;
        const char *const *ours;
    } environment = {start->environment};
    const struct rog_process_options options = {
        .argv = words,
        .error_pipe = true,
        .environment = environment.ours,
        .folder = start->folder,
        .expendable = true,
    };
    int code = rog_process_start(&child->process, &options, err);
    if (code)
        return code;
    child->started = true;
    child->since_s = rog_clock_s();
    code = rog_programs_guard_tell(&programs->guard, child->process.pid, err);
    return code ? code
                : programs_watch(programs, child->process.errors, SOURCE_OUTPUT,
                                 (size_t)(child - programs->children), err);
}

static int start_child(struct rog_programs *programs, struct child *child, struct rog_error *err)
{
    const struct rog_run_config *config = programs->how.config;
    struct rog_program_start start = {0};
    char *server = rog_format(ROG_VIRTUAL_SCHEME "%s", programs->name);
    char *folder = worker_folder(programs, child->first + 1);
    const struct rog_program_worker worker = {
        .config_path = programs->how.config_path,
        .key_path = "/dev/null",
        .out_dir = folder,
        .server = server,
        .rank = child->first + 1,
        .server_timeout_s = config->step_limit,
        .threads = config->program_threads ? config->program_threads : 1,
        .virtual_time = true,
        .hosted = child->count,
    };
    int code = server && folder ? make_folders(programs, child, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_program_prepare(&start, config, &worker, err);
    if (!code)
        code = rog_program_log_open(&child->log, folder, err);
    if (!code)
        code = execute(programs, child, &start, err);
    rog_program_start_release(&start);
    free(folder);
    free(server);
    return code;
}

int programs_children_start(struct rog_programs *programs, struct rog_error *err)
{
    uint32_t begun = 0;
    int code = ROG_OK;
    for (uint32_t i = 0; i < programs->child_count && begun < programs->how.at_once && !code; i++) {
        struct child *child = &programs->children[i];
        if (!child->started)
            code = start_child(programs, child, err);
        begun += child->joined < child->count;
    }
    return code;
}

/* ---- output ---- */

void programs_child_drain(struct rog_programs *programs, struct child *child)
{
    if (child->process.errors < 0 ||
        !rog_program_log_take(&child->log, child->process.errors, OUTPUT_BYTES))
        return;
    close(child->process.errors);
    child->process.errors = -1;
    programs->disturbed = true;
}

const char *programs_who(const struct rog_programs *programs, const struct child *child,
                         char who[WHO_BYTES])
{
    uint32_t first = child->first + 1, last = child->first + child->count;
    if (child->count == 1)
        snprintf(who, WHO_BYTES, "worker %u's program", first);
    else
        snprintf(who, WHO_BYTES, "the program of workers %u to %u", first, last);
    for (uint32_t i = 0; i < child->count && child->count > 1; i++) {
        const struct worker *worker = &programs->workers[child->first + i];
        if (worker->standing == STANDING_COMPUTING || worker->broke_off)
            snprintf(who, WHO_BYTES, "the program of workers %u to %u (worker %u was computing)",
                     first, last, worker->rank);
    }
    return who;
}

int programs_fail(const struct child *child, const char *who, const char *what,
                  struct rog_error *err)
{
    char line[LINE_BYTES];
    rog_program_log_last_line(&child->log, line, sizeof line);
    return rog_fail(err, ROG_EFAILED, "%s %s; it said %s%s%s%s%s", who, what,
                    line[0] ? "\"" : "nothing", line, line[0] ? "\" (" : "",
                    line[0] ? child->log.path : "", line[0] ? ")" : "");
}

struct child *programs_child_with(struct rog_programs *programs, pid_t pid)
{
    for (uint32_t i = 0; i < programs->child_count && pid; i++)
        if (programs->children[i].process.pid == pid)
            return &programs->children[i];
    return NULL;
}

struct child *programs_child_in(struct rog_programs *programs, const struct rog_family *family,
                                pid_t pid)
{
    return programs_child_with(programs, rog_family_branch(family, pid, getpid()));
}

struct child *programs_child_of(struct rog_programs *programs, pid_t pid)
{
    struct child *child = programs_child_with(programs, pid);
    if (!child) {
        struct rog_family family;
        rog_family_look(&family);
        child = programs_child_in(programs, &family, pid);
        rog_family_release(&family);
    }
    return child;
}
