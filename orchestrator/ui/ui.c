/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and stops the live page. */
#include <orchestrator/ui/ui.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/ui/routes.h>
#include <orchestrator/ui/call.h>

#define CACHE_BYTES ((size_t)128 << 20) /* for figures */

static void tell_of_summaries(void *user, size_t known, size_t of)
{
    struct rog_ui *ui = user;
    rog_hub_tell_measured(ui->hub, known, of);
}

static void every_second(void *user)
{
    struct rog_ui *ui = user;
    rog_web_tidy(ui->web);
}

static void database_changed(void *user)
{
    struct rog_ui *ui = user;
    rog_summaries_look(ui->summaries);
}

/* Returns the absolute path of a file that need not exist. */
static char *absolute(const char *path)
{
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *whole = path[0] == '/' ? rog_strdup(path) : here ? rog_path_join(here, path) : NULL;
    free(here);
    return whole;
}

static int open_door(struct rog_ui *ui, const struct rog_ui_options *options, struct rog_error *err)
{
    int code = rog_listen_parse(&ui->listen, options->listen, err);
    if (code == 0)
        code = rog_listen_open(&ui->listen, err);
    if (code < 0)
        return code;
    bool needed = options->needs_token || options->token || !ui->listen.is_loopback;
    char *url = rog_listen_url(&ui->listen);
    code = rog_access_init(&ui->access, ui->listen.is_loopback, ui->listen.port, needed,
                           options->token, err);
    if (code == 0 && !ui->listen.is_loopback)
        snprintf(ui->access.listened, sizeof ui->access.listened, "%s", ui->listen.host);
    if (code == 0) {
        ui->url =
            url && needed ? rog_format("%s?token=%s", url, ui->access.token) : rog_strdup(url);
        code = ui->url ? 0 : rog_fail_nomem(err);
    }
    free(url);
    return code;
}

int rog_ui_start(struct rog_ui **out, const struct rog_ui_options *options, struct rog_error *err)
{
    struct rog_ui *ui = *out = calloc(1, sizeof *ui);
    if (!ui)
        return rog_fail_nomem(err);
    ui->listen.socket = -1;
    ui->hooks = *options->hooks;
    ui->database = absolute(options->database);
    int code = ui->database ? open_door(ui, options, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_jobs_start(&ui->jobs, ui->database, err);
    if (code == 0)
        code = rog_cache_new(&ui->cache, CACHE_BYTES, err);
    const struct rog_hub_hooks told = {every_second, database_changed, ui};
    if (code == 0)
        code = rog_hub_new(&ui->hub, ui->database, &told, err);
    if (code == 0)
        code = rog_summaries_start(&ui->summaries, ui->database, tell_of_summaries, ui, err);
    if (code == 0) {
        const struct rog_web_hooks hooks = {rog_routes_begin, ui};
        int listener = ui->listen.socket;
        ui->listen.socket = -1;
        code = rog_web_start(&ui->web, listener, &hooks, err);
    }
    if (code == 0)
        code = rog_hub_run(ui->hub, err);
    if (code < 0) {
        rog_ui_stop(ui);
        *out = NULL;
    }
    return code;
}

void rog_ui_stop(struct rog_ui *ui)
{
    if (!ui)
        return;
    rog_jobs_stop(ui->jobs);
    rog_summaries_stop(ui->summaries);
    rog_hub_free(ui->hub);
    rog_web_stop(ui->web);
    rog_cache_free(ui->cache);
    if (ui->listen.socket >= 0)
        close(ui->listen.socket);
    memset(&ui->access, 0, sizeof ui->access);
    free(ui->url);
    free(ui->database);
    free(ui);
}

const char *rog_ui_url(const struct rog_ui *ui)
{
    return ui->url;
}

bool rog_ui_needs_token(const struct rog_ui *ui)
{
    return ui->access.token[0];
}

bool rog_ui_is_loopback(const struct rog_ui *ui)
{
    return ui->listen.is_loopback;
}

struct rog_json *rog_ui_json(const struct rog_ui *ui)
{
    struct rog_json *json = rog_json_object();
    rog_json_put_string(json, "url", ui->url);
    rog_json_put_string(json, "host", ui->listen.host);
    rog_json_put_integer(json, "port", ui->listen.port);
    rog_json_put_string(json, "token", ui->access.token[0] ? ui->access.token : NULL);
    rog_json_put_bool(json, "loopback", ui->listen.is_loopback);
    rog_json_put_string(json, "database", ui->database);
    return json;
}
