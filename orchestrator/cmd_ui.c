/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl ui: serves a live page about the database to a browser. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/figures/gnuplot.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/run_view.h>
#include <orchestrator/terminal/sweep_json.h>
#include <orchestrator/ui/ui.h>

static const struct rog_setting options[] = {
    {.name = "listen",
     .type = ROG_SETTING_STRING,
     .help =
         "ADDRESS:PORT of the page; default: 127.0.0.1:8264, or the next free port; port 0: any"},
    {.name = "open", .type = ROG_SETTING_FLAG, .help = "open the page in the desktop's browser"},
    {.name = "token",
     .type = ROG_SETTING_FLAG,
     .help = "require a token on loopback, too, so that other users of this machine cannot read "
             "the page"},
    {.name = NULL},
};

/* ---- commands that the page uses ---- */

static bool writes(const struct rog_json *sweep, const char *database)
{
    char *one = rog_path_real(rog_json_get_string(sweep, "database", ""));
    char *other = rog_path_real(database);
    bool is_same = one && other ? strcmp(one, other) == 0
                                : strcmp(rog_json_get_string(sweep, "database", ""), database) == 0;
    free(one);
    free(other);
    return is_same;
}

static int load_sweeps(const char *database, struct rog_json **list, struct rog_error *err)
{
    struct rog_json *sweeps = NULL;
    *list = NULL;
    int code = rog_sweeps_load(&sweeps, err);
    if (code < 0)
        return code;
    *list = rog_json_array();
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *sweep = rog_json_at(sweeps, i);
        struct rog_sweep_view view;
        if (rog_sweep_last_attempt(sweeps, i) != i || !writes(sweep, database))
            continue;
        rog_sweep_view_load(&view, sweep, NULL); /* shown without progress if it cannot be read */
        struct rog_json *json = rog_sweep_json(sweeps, i, &view);
        char *command = rog_sweep_command_text(sweep);
        rog_json_put_string(json, "command_text", command);
        free(command);
        rog_json_append(*list, json);
        rog_sweep_view_release(&view);
    }
    rog_json_free(sweeps);
    return 0;
}

static const struct rog_ui_hooks hooks = {
    .sweeps = load_sweeps,
    .run = rog_run_details,
    .correct_status = rog_run_correct_status,
};

/* ---- the browser ---- */

/* Writes a page that redirects to the address, so that the token appears in no command line. */
static int write_lead(const struct rog_scratch *scratch, const char *url, char **path,
                      struct rog_error *err)
{
    *path = rog_path_join(scratch->path, "rogctl-ui.html");
    char *text = rog_format("<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" "
                            "content=\"0; url=%s\"><title>rogctl ui</title>\n",
                            url);
    int code = *path && text ? rog_file_write(*path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    return code;
}

static bool is_stopped(void *user)
{
    return rog_signals_came(user);
}

static int open_browser(const struct rog_ui *ui, struct rog_signals *signals,
                        struct rog_scratch *scratch, struct rog_error *err)
{
    char *path = NULL;
    if (!rog_ui_needs_token(ui))
        return rog_open_with_desktop(rog_ui_url(ui), is_stopped, signals, err);
    int code = rog_scratch_make(scratch, NULL, "rogctl-ui", err);
    if (code == 0)
        code = write_lead(scratch, rog_ui_url(ui), &path, err);
    if (code == 0)
        code = rog_open_with_desktop(path, is_stopped, signals, err);
    free(path);
    return code;
}

/* ---- the command ---- */

/* Prints the address; JSON on one line, so that a reader does not have to wait for the end of the
 * output. */
static int tell(const struct rog_output *output, const struct rog_ui *ui, struct rog_error *err)
{
    struct rog_json *json = output->json ? rog_ui_json(ui) : NULL;
    char *text = json ? rog_json_text(json) : NULL;
    int code = text || !output->json ? 0 : rog_fail_nomem(err);
    rog_json_free(json);
    if (code == 0)
        rog_print("%s", text ? text : rog_ui_url(ui));
    free(text);
    if (code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        return rog_fail(err, ROG_EIO, "cannot print the page's address: %s", strerror(errno));
    if (!rog_ui_is_loopback(ui))
        rog_warn(output, "the page can be reached from other machines, and the connection is not "
                         "encrypted: anyone on the network can read the page and its token; hint: "
                         "listen on loopback and use `ssh -L`");
    rog_remark(output, "Ctrl-C ends it");
    return code;
}

/* Warns about the database. It may not exist yet; one that cannot be read may be replaced while the
 * page is served, and the page then shows the error too. */
static void warn_of_database(const struct rog_cli *cli, const struct rog_output *output)
{
    struct rog_error why;
    struct rog_db *db = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, &why);
    if (code < 0 && code != ROG_ENOTFOUND)
        rog_warn(output, "%s", why.message);
    rog_db_close(db);
}

static int serve(const struct rog_cli *cli, struct rog_signals *signals, struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    const char *token = getenv("ROGCTL_UI_TOKEN");
    const struct rog_ui_options how = {
        .database = rog_cli_string(cli, "db"),
        .listen = rog_cli_string(cli, "listen"),
        .needs_token = rog_cli_flag(cli, "token"),
        .token = token && token[0] ? token : NULL,
        .hooks = &hooks,
    };
    struct rog_scratch scratch = {0};
    struct rog_error why = {0};
    struct rog_ui *ui = NULL;
    int code = rog_ui_start(&ui, &how, err);
    if (code == 0)
        warn_of_database(cli, &output);
    if (code == 0)
        code = tell(&output, ui, err);
    if (code == 0 && rog_cli_flag(cli, "open") && open_browser(ui, signals, &scratch, &why) < 0)
        rog_warn(&output, "the browser cannot be opened: %s", why.message);
    while (code == 0 && !rog_signals_wait(signals, -1))
        continue;
    rog_ui_stop(ui);
    rog_scratch_remove(&scratch, NULL);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_signals signals;
    int code = rog_signals_init(&signals, err);
    if (code == 0)
        code = serve(cli, &signals, err);
    rog_signals_release(&signals);
    return code;
}

const struct rog_command rog_cmd_ui = {
    .name = "ui",
    .usage = "[options]",
    .summary = "Show everything in a browser, live: sweeps, runs, curves, robots",
    .details =
        "Serves a page that reads the database and changes nothing, until Ctrl-C. The database "
        "need not exist\nyet, and sweeps may write to it meanwhile. On loopback, all users of this "
        "machine can open the page;\nwith --token, or on any other address, only those who know "
        "the token in the printed address can.\nROGCTL_UI_TOKEN in the environment sets the token; "
        "by default, each start generates a new one.",
    .options = options,
    .run = run,
};
