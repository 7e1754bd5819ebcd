/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl attach: shows the progress of a sweep that another process executes. */
#include <orchestrator/commands.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/progress.h>
#include <orchestrator/terminal/sweep_view.h>

#define LOOK_MS 500

struct attached {
    struct rog_output output;
    struct rog_progress progress;
    struct rog_fleet_observer observer;
    char *id;
    int log; /* log of a detached sweep, read from its end at the start of this command; -1: none */
};

/* Copies what a detached sweep has added to its log. */
static void pass_on_log(struct attached *attached)
{
    char text[4096];
    ssize_t got;
    while (attached->log >= 0 && (got = read(attached->log, text, sizeof text - 1)) > 0) {
        text[got] = '\0';
        rog_progress_print(&attached->progress, text);
    }
}

static int open_log(struct attached *attached, const struct rog_json *sweep, struct rog_error *err)
{
    char *path = NULL;
    attached->log = -1;
    if (!rog_json_get_bool(sweep, "detached", false))
        return 0;
    int code = rog_sweep_path(attached->id, ROG_SWEEP_LOG, &path, err);
    attached->log = code == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (attached->log >= 0)
        lseek(attached->log, 0, SEEK_END);
    free(path);
    return code;
}

/* Reads the sweep's state once. *entry is its entry in the registry, NULL if that has been
 * removed. */
static int poll_sweep(struct attached *attached, struct rog_sweep_view *view,
                      struct rog_json **sweeps, const struct rog_json **entry,
                      struct rog_error *err)
{
    /* For a detached sweep, changes are shown by copying its log. */
    const struct rog_fleet_observer *says = attached->log < 0 ? &attached->observer : NULL;
    rog_json_free(*sweeps);
    int code = rog_sweeps_load(sweeps, err);
    *entry = code == 0 ? rog_sweeps_find(*sweeps, attached->id) : NULL;
    size_t runs = rog_json_size(rog_json_get(*entry, "runs"));
    if (code == 0 && *entry &&
        (!view->db || runs != view->count)) { /* the runs have been planned, or planned again */
        rog_sweep_view_release(view);
        code = rog_sweep_view_load(view, *entry, err);
    } else if (code == 0) {
        code = rog_sweep_view_refresh(view, says, err);
    }
    pass_on_log(attached);
    attached->progress.slots = view->slots;
    attached->progress.db = view->db;
    if (code == 0)
        attached->observer.progress(attached->observer.user, view->job, view->count);
    return code;
}

/* Reports how the sweep has ended. */
static int say_end(const struct attached *attached, const struct rog_json *entry,
                   struct rog_error *err)
{
    int status = (int)rog_json_get_integer(entry, "status", entry ? 1 : 0);
    if (entry && strcmp(rog_json_get_string(entry, "state", ""), "killed") == 0)
        return rog_fail(err, ROG_EFAILED, "%s was killed; the same command continues it",
                        attached->id);
    if (status != 0)
        return rog_fail(err, ROG_EFAILED, "%s has ended: %s", attached->id,
                        rog_json_get_string(entry, "message", ""));
    rog_remark(&attached->output, "%s is done", attached->id);
    return 0;
}

static int follow(struct attached *attached, struct rog_sweep_view *view, struct rog_json **sweeps,
                  struct rog_error *err)
{
    const struct rog_json *entry = NULL;
    struct rog_signals signals;
    int code = rog_signals_init(&signals, err);
    if (code < 0)
        return code;
    bool asked = false;
    do
        code = poll_sweep(attached, view, sweeps, &entry, err);
    while (code == 0 && entry && rog_sweep_is_running(entry) && !ferror(stderr) &&
           !(asked = rog_signals_wait(&signals, LOOK_MS)));
    rog_signals_release(&signals);
    if (code < 0 || ferror(stderr)) /* standard error is closed */
        return code;
    if (asked) {
        rog_remark(&attached->output, "%s continues", attached->id);
        return 0;
    }
    return say_end(attached, entry, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct attached attached = {.output = rog_output_of(cli), .log = -1};
    struct rog_sweep_view view = {0};
    const struct rog_json *sweep = NULL;
    struct rog_json *sweeps = NULL;
    int code = rog_sweeps_load(&sweeps, err);
    if (code == 0)
        code = rog_sweep_choose(sweeps, rog_cli_arg(cli, 0), &sweep, err);
    if (code == 0 && !(attached.id = rog_strdup(rog_json_get_string(sweep, "id", ""))))
        code = rog_fail_nomem(err);
    if (code == 0)
        code = open_log(&attached, sweep, err);
    rog_progress_init(&attached.progress, &attached.output);
    attached.observer = rog_progress_observer(&attached.progress);
    if (code == 0)
        code = follow(&attached, &view, &sweeps, err);
    if (attached.log >= 0)
        close(attached.log);
    rog_progress_release(&attached.progress);
    rog_sweep_view_release(&view);
    rog_json_free(sweeps);
    free(attached.id);
    return code;
}

const struct rog_command rog_cmd_attach = {
    .name = "attach",
    .usage = "[ID]",
    .summary = "Show the progress of one of your sweeps until it ends; Ctrl-C detaches and leaves "
               "it running",
    .details = "ID is the sweep's name in `rogctl status`, or any unambiguous prefix of it; "
               "default: the only running sweep.",
    .max_args = 1,
    .run = run,
};
