/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl stop: stops a sweep that another process executes, or one of its runs. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/stop_left.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/run_view.h>
#include <orchestrator/terminal/sweep_view.h>

#define PATIENCE_S 120.0 /* hosts that do not answer delay the end */
#define SAY_AFTER_S 1.0
#define STEP_NS 100000000L

/* Prints once what the command is waiting for, if it takes more than a moment. */
static void remark_waiting(const struct rog_output *output, const struct rog_json *sweep,
                           const char *what, double since_s, bool *said)
{
    if (*said || rog_clock_s() - since_s < SAY_AFTER_S)
        return;
    *said = true;
    rog_remark(
        output, "told %s to stop, process %lld; %s", what,
        (long long)rog_json_get_integer(sweep, "pid", 0),
        rog_json_get_bool(sweep, "real_time", false)
            ? "waiting for its hosts: the last saved state is fetched before they are cleaned up"
            : "waiting until it has stopped");
}

/* ---- a sweep ---- */

/* Waits until the sweep's process has exited. *message (heap memory) describes how it ended; NULL
 * if it left none. */
static int await_end(const struct rog_output *output, const char *id, char **message,
                     struct rog_error *err)
{
    const struct timespec step = {0, STEP_NS};
    double since_s = rog_clock_s(), until_s = since_s + PATIENCE_S;
    bool running = true, said = false;
    int code = 0;
    *message = NULL;
    while (code == 0 && running) {
        struct rog_json *sweeps = NULL;
        code = rog_sweeps_load(&sweeps, err);
        const struct rog_json *sweep = code == 0 ? rog_sweeps_find(sweeps, id) : NULL;
        running = sweep && rog_sweep_is_running(sweep);
        if (sweep && !running)
            *message = rog_strdup(rog_json_get_string(sweep, "message", NULL));
        if (running)
            remark_waiting(output, sweep, id, since_s, &said);
        rog_json_free(sweeps);
        if (code == 0 && running && rog_clock_s() > until_s)
            code = rog_fail(err, ROG_EFAILED,
                            "%s did not stop within %g s; `rogctl status %s` shows what it does",
                            id, PATIENCE_S, id);
        if (running)
            nanosleep(&step, NULL);
    }
    return code;
}

/* Stops what is left on hosts of a sweep whose process no longer exists. */
static int stop_left_runs(const struct rog_output *output, const struct rog_json *sweep,
                          const char *run_id, struct rog_error *err)
{
    const char *id = rog_json_get_string(sweep, "id", "");
    size_t ended = 0;
    int code = rog_stop_left(output, sweep, run_id, &ended, err);
    if (code == 0 && ended == 0)
        return rog_fail(err, ROG_ENOTFOUND, "%s is no longer running", run_id ? run_id : id);
    return code;
}

static int stop_sweep(const struct rog_cli *cli, const struct rog_json *sweep,
                      struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    const char *id = rog_json_get_string(sweep, "id", "");
    const char *host = rog_json_get_string(sweep, "host", "");
    pid_t pid = (pid_t)rog_json_get_integer(sweep, "pid", 0);
    const union sigval how = {.sival_int = rog_cli_flag(cli, "leave") ? 0 : ROG_SIGNAL_STOP};
    if (strcmp(rog_json_get_string(sweep, "state", ""), "elsewhere") == 0)
        return rog_fail(err, ROG_EFAILED, "%s is a process on %s; stop it there", id, host);
    if (!rog_sweep_is_running(sweep))
        return stop_left_runs(&output, sweep, NULL, err);
    if (sigqueue(pid, SIGTERM, how) != 0 && errno != ESRCH)
        return rog_fail(err, ROG_EFAILED, "cannot signal %s, process %ld: %s", id, (long)pid,
                        strerror(errno));
    char *message = NULL, *command = rog_sweep_command_text(sweep);
    int code = command ? await_end(&output, id, &message, err) : rog_fail_nomem(err);
    if (code == 0) {
        rog_remark(&output, "%s has ended%s%s", id, message ? ": " : "", message ? message : "");
        rog_remark(&output, "  %s  (in %s)", command, rog_json_get_string(sweep, "folder", ""));
    }
    free(message);
    free(command);
    return code;
}

/* ---- one run ---- */

/* The runs that match the user's argument and can be stopped. */
struct found {
    const struct rog_json *sweep;
    const char *run_id;
    size_t executed; /* by a running sweep; these have priority */
    size_t left;     /* still running on their hosts without rogctl */
};

static void look_at(struct found *found, const struct rog_json *sweep, struct rog_db *db,
                    const char *id)
{
    struct rog_run_progress progress;
    if (rog_run_progress_load(db, id, &progress, NULL) != 1)
        return;
    const char *abandoned = rog_run_abandoned(db, id);
    bool executed = rog_sweep_is_running(sweep) && !abandoned;
    bool left = abandoned && strcmp(abandoned, "left") == 0;
    bool again =
        /* Found before, in a sweep that has ended. */
        found->run_id && strcmp(found->run_id, id) == 0;
    if (executed || (left && !found->executed)) {
        found->sweep = sweep;
        found->run_id = id;
    }
    found->executed += executed;
    found->left += left && !again;
}

/* Finds runs whose id is `text`, or begins with it unless `whole`. */
static void find_matching(struct found *found, const struct rog_json *sweeps, const char *text,
                          bool whole)
{
    *found = (struct found){0};
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *sweep = rog_json_at(sweeps, i);
        const struct rog_json *runs = rog_json_get(sweep, "runs");
        struct rog_db *db = NULL;
        for (size_t k = 0; k < rog_json_size(runs); k++) {
            const char *id = rog_json_get_string(rog_json_at(runs, k), "id", "");
            if (whole ? strcmp(id, text) != 0 : strncmp(id, text, strlen(text)) != 0)
                continue;
            if (!db &&
                rog_db_open(&db, rog_json_get_string(sweep, "database", ""), ROG_DB_READ, NULL) < 0)
                break;
            look_at(found, sweep, db, id);
        }
        rog_db_close(db);
    }
}

/* Finds the run that the user means, among those that are being executed or continue on their
 * hosts. */
static int find_run(const struct rog_json *sweeps, const char *text, struct found *found,
                    struct rog_error *err)
{
    find_matching(found, sweeps, text, true);
    if (!found->executed && !found->left)
        find_matching(found, sweeps, text, false);
    size_t count = found->executed ? found->executed : found->left;
    if (count > 1)
        return rog_fail(err, ROG_EINVAL, "%s matches %zu runs; give more of the name", text, count);
    return count ? 0
                 : rog_fail(err, ROG_ENOTFOUND,
                            "%s is neither one of your sweeps nor a run that is being executed; "
                            "`rogctl status` lists them",
                            text);
}

static int stop_run(const struct rog_json *sweep, const char *run_id,
                    const struct rog_output *output, struct rog_error *err)
{
    const struct timespec step = {0, STEP_NS};
    struct rog_db *db = NULL;
    struct rog_run_progress progress;
    double since_s = rog_clock_s(), until_s = since_s + PATIENCE_S;
    bool said = false;
    if (!rog_sweep_is_running(sweep))
        return stop_left_runs(output, sweep, run_id, err);
    int code = rog_db_open(&db, rog_json_get_string(sweep, "database", ""), ROG_DB_WRITE, err);
    if (code == 0)
        code = rog_run_progress_ask_to_stop(db, run_id, err);
    while (code == 0 && (code = rog_run_progress_load(db, run_id, &progress, err)) == 1) {
        code = rog_clock_s() > until_s
                   ? rog_fail(err, ROG_EFAILED, "%s has not ended within %g s", run_id, PATIENCE_S)
                   : 0;
        remark_waiting(output, sweep, run_id, since_s, &said);
        nanosleep(&step, NULL);
    }
    if (code == 0)
        rog_remark(output,
                   "%s has ended; %s continues with its other runs, and a later sweep resumes %s",
                   run_id, rog_json_get_string(sweep, "id", ""), run_id);
    rog_db_close(db);
    return code;
}

/* ---- choosing a sweep ---- */

/* Without a name: chooses the only running sweep that writes to the database of this command line.
 * Other sweeps may be another person's work under the same account; they are only listed. */
static int choose_here(const struct rog_output *output, const struct rog_json *sweeps,
                       const char *database, const struct rog_json **sweep, struct rog_error *err)
{
    size_t running = 0, here = 0;
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *one = rog_json_at(sweeps, i);
        if (!rog_sweep_is_running(one))
            continue;
        running++;
        if (rog_sweep_writes(one, database)) {
            *sweep = one;
            here++;
        }
    }
    if (running == 0)
        return rog_fail(err, ROG_ENOTFOUND, "no sweep of yours is running");
    if (here == 1)
        return 0;
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *one = rog_json_at(sweeps, i);
        char *command = rog_sweep_is_running(one) ? rog_sweep_command_text(one) : NULL;
        if (command) {
            const char *id = rog_json_get_string(one, "id", "");
            rog_warn(output, "%s is running: %s  (in %s); `rogctl stop %s` stops it", id, command,
                     rog_json_get_string(one, "folder", ""), id);
        }
        free(command);
    }
    if (here > 1)
        return rog_fail(err, ROG_EINVAL, "%zu running sweeps write %s; name the one to stop", here,
                        database);
    return rog_fail(err, ROG_EINVAL, "no running sweep writes %s; name the sweep to stop",
                    database);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    const char *text = rog_cli_arg(cli, 0);
    const struct rog_json *sweep = NULL;
    struct found found;
    struct rog_json *sweeps = NULL;
    int code = rog_sweeps_load(&sweeps, err);
    if (code == 0)
        code = text ? rog_sweep_choose(sweeps, text, &sweep, err)
                    : choose_here(&output, sweeps, rog_cli_string(cli, "db"), &sweep, err);
    bool is_run = code == ROG_ENOTFOUND && text;
    if (is_run)
        code = find_run(sweeps, text, &found, err);
    if (code == 0 && is_run && rog_cli_flag(cli, "leave"))
        code = rog_fail(err, ROG_EINVAL, "--leave applies to a whole sweep; %s is a run",
                        found.run_id);
    if (code == 0)
        code = is_run ? stop_run(found.sweep, found.run_id, &output, err)
                      : stop_sweep(cli, sweep, err);
    rog_json_free(sweeps);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "leave",
     .type = ROG_SETTING_FLAG,
     .help = "leave runs on real hosts running there, until their lease expires"},
    {.name = NULL},
};

const struct rog_command rog_cmd_stop = {
    .name = "stop",
    .usage = "[ID|RUN]",
    .summary = "Stop one of your sweeps, or one run of it",
    .details = "ID is a sweep's name in `rogctl status`; default: the only running sweep of "
               "this database (--db).\n"
               "RUN is a run that is being executed; its sweep continues with the others. The same "
               "sweep, started again, "
               "continues what was stopped.",
    .options = options,
    .max_args = 1,
    .run = run,
};
