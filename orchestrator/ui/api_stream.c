/* SPDX-License-Identifier: Apache-2.0 */
/* /events: a stream of news. */
#include <orchestrator/ui/call.h>

#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/store/summary.h>

static int find_run(const struct rog_ui_call *call, char **id, struct rog_error *err)
{
    const char *run = rog_target_text(call->target, "run");
    struct rog_db *db = NULL;
    if (!run)
        return 0;
    int code = rog_desk_db(call->desk, &db, err);
    if (code == 0)
        code = rog_run_find(db, run, id, err);
    rog_desk_leave(call->desk, code);
    return code;
}

int rog_api_stream(const struct rog_ui_call *call, struct rog_web_answer *answer,
                   struct rog_error *err)
{
    char *id = NULL;
    int code = find_run(call, &id, err);
    if (code == 0)
        code = rog_hub_add(call->ui->hub, id, &answer->stream, err);
    free(id);
    if (code < 0)
        return code;
    answer->type = "text/event-stream";
    rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
    /* Disables buffering in proxies. */
    rog_web_header(answer, "X-Accel-Buffering", rog_strdup("no"));
    return 0;
}
