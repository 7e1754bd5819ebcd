/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_CALL_H
#define ROG_UI_CALL_H

/* What the files of this module share: the server, and a request on its way to an answer. */

#include <orchestrator/ui/access.h>
#include <orchestrator/ui/cache.h>
#include <orchestrator/ui/hooks.h>
#include <orchestrator/ui/hub.h>
#include <orchestrator/ui/jobs.h>
#include <orchestrator/ui/listen.h>
#include <orchestrator/ui/summaries.h>
#include <orchestrator/ui/target.h>
#include <orchestrator/ui/web.h>

struct rog_ui {
    struct rog_ui_hooks hooks;
    char *database; /* absolute */
    char *url;
    struct rog_listen listen;
    struct rog_access access;
    struct rog_web *web;
    struct rog_jobs *jobs;
    struct rog_summaries *summaries;
    struct rog_hub *hub;
    struct rog_cache *cache;
};

/* What a handler is given. */
struct rog_ui_call {
    struct rog_ui *ui;
    const struct rog_target *target;
    struct rog_db *db;     /* of one state until the handler returns; NULL: the route opens none */
    struct rog_desk *desk; /* the thread's own */
    const char *tag;       /* header If-None-Match; NULL: none */
};

/* Fills the answer, or fails. */
typedef int rog_ui_handler(const struct rog_ui_call *call, struct rog_web_answer *answer,
                           struct rog_error *err);

/* api_NAME.c */
rog_ui_handler rog_api_overview;
rog_ui_handler rog_api_stream;
rog_ui_handler rog_api_compare;
rog_ui_handler rog_api_fleet;
/* picture.c, download.c */
rog_ui_handler rog_api_figure, rog_api_figure_microevents;
rog_ui_handler rog_api_download;
rog_ui_handler rog_api_runs;
rog_ui_handler rog_api_run, rog_api_microevents;
rog_ui_handler rog_api_series;
rog_ui_handler rog_api_events, rog_api_log;

#endif
