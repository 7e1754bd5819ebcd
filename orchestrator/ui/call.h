/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_CALL_H
#define ROG_UI_CALL_H

/* Shared by the files of this module: the server, and a request that is being answered. */

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

/* Arguments of a handler. */
struct rog_ui_call {
    struct rog_ui *ui;
    const struct rog_target *target;
    /* One state of the database until the handler returns; NULL: the route opens none. */
    struct rog_db *db;
    struct rog_desk *desk; /* of the calling thread */
    const char *tag;       /* header If-None-Match; NULL: none */
};

/* Fills in the answer, or fails. */
typedef int rog_ui_handler(const struct rog_ui_call *call, struct rog_web_answer *answer,
                           struct rog_error *err);

/* In api_NAME.c. */
rog_ui_handler rog_api_overview;
rog_ui_handler rog_api_stream;
rog_ui_handler rog_api_compare;
rog_ui_handler rog_api_fleet;
/* In picture.c and download.c. */
rog_ui_handler rog_api_figure, rog_api_figure_microevents;
rog_ui_handler rog_api_download;
rog_ui_handler rog_api_runs;
rog_ui_handler rog_api_run, rog_api_microevents;
rog_ui_handler rog_api_series;
rog_ui_handler rog_api_events, rog_api_log;

#endif
