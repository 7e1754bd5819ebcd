/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the handler for a request, and checks access. */
#include <orchestrator/ui/routes.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/page.h>

static rog_ui_handler answer_page;

#define COMPARISON "contender,baseline,target"

static const struct rog_route routes[] = {
    {"", "token", answer_page, ROG_LANE_QUERY, ROG_ROUTE_AT_ONCE},
    {"assets/?", "", answer_page, ROG_LANE_QUERY, ROG_ROUTE_AT_ONCE},
    {"api/overview", "", rog_api_overview, ROG_LANE_QUERY, ROG_ROUTE_NO_DB},
    {"events", "run", rog_api_stream, ROG_LANE_QUERY, ROG_ROUTE_NO_DB},
    {"api/runs", "case,status,text,sort,order,offset,limit", rog_api_runs, ROG_LANE_QUERY,
     ROG_ROUTE_DB},
    {"api/runs/?", "against", rog_api_run, ROG_LANE_QUERY, ROG_ROUTE_DB},
    {"api/runs/?/series", "name,worker,points,from,to", rog_api_series, ROG_LANE_QUERY,
     ROG_ROUTE_DB},
    {"api/runs/?/microevents", "worker,from,to,rows", rog_api_microevents, ROG_LANE_QUERY,
     ROG_ROUTE_DB},
    {"api/runs/?/events", "text,kind,worker,from,to,order,offset,limit", rog_api_events,
     ROG_LANE_QUERY, ROG_ROUTE_DB},
    {"api/fleet", "run", rog_api_fleet, ROG_LANE_QUERY, ROG_ROUTE_DB},
    {"api/cases/?", COMPARISON ",points", rog_api_compare, ROG_LANE_QUERY, ROG_ROUTE_DB},
    {"api/compare", COMPARISON ",run,case,points", rog_api_compare, ROG_LANE_QUERY, ROG_ROUTE_DB},
    {"figure/case/?/?", COMPARISON, rog_api_figure, ROG_LANE_DRAW, ROG_ROUTE_DB},
    {"figure/chosen/?", COMPARISON ",run,case", rog_api_figure, ROG_LANE_DRAW, ROG_ROUTE_DB},
    {"figure/microevents/?/?/?/?", "rows", rog_api_figure_microevents, ROG_LANE_DRAW, ROG_ROUTE_DB},
    {"download/case/?/?", COMPARISON, rog_api_download, ROG_LANE_FILE, ROG_ROUTE_DB},
    {"download/chosen/?", COMPARISON ",run,case", rog_api_download, ROG_LANE_FILE, ROG_ROUTE_DB},
    {"download/run/?/?", "", rog_api_download, ROG_LANE_FILE, ROG_ROUTE_DB},
    {"api/runs/?/log", "file,text,offset,limit,tail", rog_api_log, ROG_LANE_QUERY, ROG_ROUTE_DB},
};

const struct rog_route *rog_route_find(const struct rog_target *target)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (rog_target_is(target, routes[i].path))
            return &routes[i];
    return NULL;
}

/* ---- files of the page ---- */

static int answer_page(const struct rog_ui_call *call, struct rog_web_answer *answer,
                       struct rog_error *err)
{
    const char *name = call->target->parts ? call->target->part[1] : "index.html";
    const struct rog_page_file *file = rog_page_files;
    while (file->name && strcmp(file->name, name) != 0)
        file++;
    if (!file->name)
        return rog_fail(err, ROG_ENOTFOUND, "the page has no file %.60s", name);
    bool has_it = call->tag && strstr(call->tag, file->tag);
    *answer = (struct rog_web_answer){.status = has_it ? 304 : 200,
                                      .type = file->type,
                                      .kept = file->content,
                                      .size = has_it ? 0 : file->size};
    rog_web_header(answer, "ETag", rog_strdup(file->tag));
    rog_web_header(answer, "Cache-Control", rog_strdup("no-cache"));
    rog_answer_policy(answer);
    return 0;
}

/* ---- access ---- */

static const char html_type[] = "text/html; charset=utf-8";

/* A page that explains the missing token to a user of a browser. */
static void refuse_without_token(struct rog_web_answer *answer)
{
    static const char text[] =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>rogctl ui</title>"
        "<h1>A token is needed</h1><p>Open the address that <code>rogctl ui</code> has printed: it "
        "ends in <code>?token=</code> and the token.</p></html>\n";
    *answer = (struct rog_web_answer){
        .status = 401, .type = html_type, .kept = text, .size = sizeof text - 1};
    rog_web_header(answer, "WWW-Authenticate", rog_strdup("Bearer realm=\"rogctl ui\""));
    rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
    rog_answer_policy(answer);
}

/* Sets the cookie with the token, and reloads without the token in the address. Uses `Refresh`,
 * because a redirected request would still count as sent by the site that linked here, and browsers
 * send no strict cookie with it. */
static void greet(const struct rog_ui *ui, struct rog_web_answer *answer)
{
    static const char text[] =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>rogctl "
        "ui</title><p><a href=\"/\">The page</a></p></html>\n";
    *answer = (struct rog_web_answer){.type = html_type, .kept = text, .size = sizeof text - 1};
    rog_web_header(answer, "Set-Cookie",
                   rog_format("%s=%s; Path=/; HttpOnly; SameSite=Strict", ui->access.cookie,
                              ui->access.token));
    rog_web_header(answer, "Refresh", rog_strdup("0; url=/"));
    rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
    rog_answer_policy(answer);
}

/* Returns true if `answer` refuses the request, or sets the cookie first. */
static bool is_kept_out(const struct rog_ui *ui, const struct rog_web_request *request,
                        const struct rog_target *target, struct rog_web_answer *answer)
{
    const struct rog_access_request headers = {
        .host = rog_web_request_header(request, "Host"),
        .cookie = rog_web_request_header(request, "Cookie"),
        .authorization = rog_web_request_header(request, "Authorization"),
        .fetch_site = rog_web_request_header(request, "Sec-Fetch-Site"),
        .fetch_mode = rog_web_request_header(request, "Sec-Fetch-Mode"),
    };
    switch (rog_access_judge(&ui->access, &headers, target)) {
    case ROG_ACCESS_GRANTED:
        return false;
    case ROG_ACCESS_FIRST:
        greet(ui, answer);
        return true;
    case ROG_ACCESS_NO_TOKEN:
        if (target->parts == 0)
            refuse_without_token(answer);
        else
            rog_answer_error(answer, 401, "unauthorized",
                             "a token is needed: open the address that `rogctl ui` has printed");
        return true;
    case ROG_ACCESS_UNNAMED:
        rog_answer_error(answer, 403, "forbidden",
                         "the name in this address (Host) is not one of this server; open the "
                         "address that `rogctl ui` has printed, or start it with the name: "
                         "--listen NAME:PORT");
        return true;
    default:
        rog_answer_error(answer, 403, "forbidden",
                         "a page of another site has sent this request (Sec-Fetch-Site); open the "
                         "address that `rogctl ui` has printed");
        return true;
    }
}

/* ---- dispatch ---- */

/* A request that a thread answers. */
struct errand {
    struct rog_ui *ui;
    struct rog_web_request *request;
    const struct rog_route *route;
    struct rog_target target;
    char *tag;
};

static void errand_free(struct errand *errand)
{
    rog_target_release(&errand->target);
    free(errand->tag);
    free(errand);
}

static void answer_errand(struct errand *errand, struct rog_desk *desk,
                          struct rog_web_answer *answer)
{
    const struct rog_route *route = errand->route;
    struct rog_ui_call call = {
        .ui = errand->ui, .target = &errand->target, .desk = desk, .tag = errand->tag};
    struct rog_error err = {0};
    bool opened = true;
    int code = rog_target_check(&errand->target, route->parameters, &err);
    if (code == 0 && route->kind == ROG_ROUTE_DB) {
        code = rog_desk_db(desk, &call.db, &err);
        opened = code == 0;
    }
    if (code == 0)
        code = route->handler(&call, answer, &err);
    if (route->kind == ROG_ROUTE_DB)
        rog_desk_leave(desk, code);
    if (code < 0)
        rog_answer_failure(answer, &err, opened);
}

static void do_errand(void *user, struct rog_desk *desk)
{
    struct errand *errand = user;
    struct rog_web_answer answer = {0};
    if (desk)
        answer_errand(errand, desk, &answer);
    else
        rog_answer_error(&answer, 503, "busy", "rogctl ui ends");
    rog_web_finish(errand->request, &answer);
    errand_free(errand);
}

/* Returns true if `answer` is complete, false if a thread will answer. */
static bool begin(struct errand *errand, struct rog_web_answer *answer)
{
    struct rog_ui *ui = errand->ui;
    struct rog_error err = {0};
    const char *tag = rog_web_request_header(errand->request, "If-None-Match");
    int code = rog_target_parse(&errand->target, rog_web_target(errand->request), &err);
    if (code == 0 && is_kept_out(ui, errand->request, &errand->target, answer))
        return true;
    errand->route = code == 0 ? rog_route_find(&errand->target) : NULL;
    if (code == 0 && !errand->route)
        code = rog_fail(&err, ROG_ENOTFOUND,
                        "nothing is at this address; docs/live-page.md lists the addresses");
    if (code == 0 && tag && !(errand->tag = rog_strdup(tag)))
        code = rog_fail_nomem(&err);
    if (code < 0) {
        rog_answer_failure(answer, &err, true);
        return true;
    }
    if (errand->route->kind == ROG_ROUTE_AT_ONCE) {
        answer_errand(errand, NULL, answer);
        return true;
    }
    rog_jobs_put(ui->jobs, errand->route->lane, do_errand, errand);
    return false;
}

bool rog_routes_begin(void *user, struct rog_web_request *request, struct rog_web_answer *answer)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand) {
        rog_answer_error(answer, 503, "busy", "out of memory");
        return true;
    }
    *errand = (struct errand){.ui = user, .request = request};
    bool answered = begin(errand, answer);
    if (answered)
        errand_free(errand);
    return answered;
}
