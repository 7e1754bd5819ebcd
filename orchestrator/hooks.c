/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the user's commands at the end of runs, while other runs continue. */
#include <orchestrator/hooks.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/terminal/run_view.h>

#define LIMIT_S 60.0
#define HURRIED_S 1.0 /* limit at the end of an interrupted sweep */
#define STEP_MS 20
#define WORDS_BYTES 512
#define MOST_PIECES 64

struct hook {
    const char *name; /* "on_done" */
    char *run_id;
    struct rog_process process;
    char *text; /* rest of its input; NULL: all has been written */
    size_t size, fed;
    double until_s;
    char words[WORDS_BYTES]; /* the end of its standard error */
    struct hook *next;
};

struct rog_hooks {
    struct rog_hooks_options options;
    struct hook *running;
};

int rog_hooks_new(struct rog_hooks **out, const struct rog_hooks_options *options,
                  struct rog_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return rog_fail_nomem(err);
    (*out)->options = *options;
    return 0;
}

static void free_hook(struct hook *hook)
{
    rog_process_kill(&hook->process);
    free(hook->run_id);
    free(hook->text);
    free(hook);
}

/* Writes as much of the input as the command reads. A command that does not read all of it is no
 * error. */
static void feed(struct hook *hook)
{
    if (!hook->text || hook->process.input < 0)
        return;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    ssize_t written = 0;
    while (hook->fed < hook->size && (written = write(hook->process.input, hook->text + hook->fed,
                                                      hook->size - hook->fed)) > 0)
        hook->fed += (size_t)written;
    signal(SIGPIPE, before);
    if (hook->fed == hook->size || (written < 0 && errno != EAGAIN && errno != EINTR))
        rog_process_close_input(&hook->process);
}

/* Keeps the end of the command's standard error. Reads a limited number of pieces at a time, so
 * that a command that never stops writing does not block the rest of the sweep. */
static void read_errors(struct hook *hook)
{
    char piece[4096];
    ssize_t got;
    for (int i = 0; i < MOST_PIECES && read(hook->process.output, piece, sizeof piece) > 0; i++)
        continue;
    for (int i = 0; i < MOST_PIECES && (got = read(hook->process.errors, piece, sizeof piece)) > 0;
         i++) {
        size_t room = sizeof hook->words - 1, fresh = (size_t)got < room ? (size_t)got : room;
        size_t kept = strlen(hook->words);
        size_t cut = kept + fresh > room ? kept + fresh - room : 0;
        memmove(hook->words, hook->words + cut, kept - cut);
        memcpy(hook->words + kept - cut, piece + got - (ssize_t)fresh, fresh);
        hook->words[kept - cut + fresh] = '\0';
    }
}

/* Returns the last line of the command's standard error. */
static const char *last_words(struct hook *hook)
{
    size_t size = strlen(hook->words);
    while (size > 0 && (hook->words[size - 1] == '\n' || hook->words[size - 1] == ' '))
        hook->words[--size] = '\0';
    const char *line = strrchr(hook->words, '\n');
    return line ? line + 1 : hook->words;
}

/* Feeds and reads from the command; returns whether it has ended. */
static bool watch(struct rog_hooks *hooks, struct hook *hook)
{
    feed(hook);
    bool ended = rog_process_is_over(&hook->process);
    read_errors(hook);
    if (!ended && rog_clock_s() < hook->until_s)
        return false;
    if (!ended) {
        rog_warn(&hooks->options.output, "%s of %s timed out after %g s and was stopped",
                 hook->name, hook->run_id, LIMIT_S);
        return true;
    }
    rog_process_ended(&hook->process);
    const char *words = last_words(hook);
    if (hook->process.status != 0)
        rog_warn(&hooks->options.output, "%s of %s exited with status %d%s%s", hook->name,
                 hook->run_id, hook->process.status, words[0] ? ": " : "", words);
    return true;
}

void rog_hooks_step(struct rog_hooks *hooks)
{
    struct hook **at = &hooks->running;
    while (*at) {
        struct hook *hook = *at;
        if (watch(hooks, hook)) {
            *at = hook->next;
            free_hook(hook);
        } else {
            at = &hook->next;
        }
    }
}

/* After a signal, commands get only HURRIED_S. */
int rog_hooks_finish(struct rog_hooks *hooks, bool patient, struct rog_error *err)
{
    struct rog_signals signals;
    double until_s = rog_clock_s() + (patient ? LIMIT_S : HURRIED_S);
    bool stopped = false;
    rog_hooks_step(hooks);
    if (!hooks->running)
        return 0;
    int code = rog_signals_init(&signals, err);
    if (code)
        return code;
    for (; hooks->running && rog_clock_s() < until_s; rog_hooks_step(hooks)) {
        if (!stopped && rog_signals_wait(&signals, STEP_MS)) {
            stopped = true;
            until_s = fmin(until_s, rog_clock_s() + HURRIED_S);
        } else if (stopped) {
            nanosleep(&(const struct timespec){0, STEP_MS * 1000000L}, NULL);
        }
    }
    for (struct hook *hook = hooks->running; hook && stopped; hook = hook->next)
        rog_warn(&hooks->options.output, "%s of %s was stopped", hook->name, hook->run_id);
    for (struct hook *hook = hooks->running; hook; hook = hook->next)
        rog_process_stop(&hook->process);
    rog_signals_release(&signals);
    return stopped ? rog_fail(err, ROG_EINTR,
                              "interrupted while waiting for on_done and on_failed commands; all "
                              "runs have ended")
                   : 0;
}

void rog_hooks_free(struct rog_hooks *hooks)
{
    if (!hooks)
        return;
    while (hooks->running) {
        struct hook *next = hooks->running->next;
        free_hook(hooks->running);
        hooks->running = next;
    }
    free(hooks);
}

static int start(struct rog_hooks *hooks, const char *name, const char *command, const char *run_id,
                 struct rog_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    const struct rog_process_options how = {.argv = argv, .pipes = true, .error_pipe = true};
    struct rog_json *run = NULL;
    struct hook *hook = calloc(1, sizeof *hook);
    if (!hook)
        return rog_fail_nomem(err);
    *hook = (struct hook){
        .name = name, .process = ROG_PROCESS_NONE, .until_s = rog_clock_s() + LIMIT_S};
    int code = rog_run_details(hooks->options.db, run_id, &run, err);
    char *text = code == 0 ? rog_json_text(run) : NULL;
    rog_json_free(run);
    hook->text = text ? rog_format("%s\n", text) : NULL;
    hook->run_id = rog_strdup(run_id);
    free(text);
    if (code == 0 && (!hook->text || !hook->run_id))
        code = rog_fail_nomem(err);
    if (code == 0)
        code = rog_process_start(&hook->process, &how, err);
    if (code < 0) {
        free_hook(hook);
        return code;
    }
    hook->size = strlen(hook->text);
    fcntl(hook->process.input, F_SETFL, O_NONBLOCK);
    hook->next = hooks->running;
    hooks->running = hook;
    return 0;
}

void rog_hooks_changed(struct rog_hooks *hooks, const struct rog_fleet_job *job)
{
    bool done = job->state == ROG_FLEET_DONE, failed = job->state == ROG_FLEET_FAILED;
    const char *command = done ? hooks->options.on_done : failed ? hooks->options.on_failed : NULL;
    struct rog_error err;
    if (!command || job->by_other) /* the process that executed the run has called its own hooks */
        return;
    const char *name = done ? "on_done" : "on_failed";
    if (start(hooks, name, command, job->run_id, &err) < 0)
        rog_warn(&hooks->options.output, "%s of %s was not run: %s", name, job->run_id,
                 err.message);
}
