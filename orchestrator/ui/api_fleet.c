/* SPDX-License-Identifier: Apache-2.0 */
/* /api/fleet: the last known states of the hosts of runs. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>

#include <orchestrator/store/browse.h>
#include <orchestrator/store/news.h>
#include <orchestrator/store/robots.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/progress_json.h>

#define RUNS_MAX 100
#define EVENTS 50

static int put_events(struct rog_db *db, const char *id, struct rog_json *run,
                      struct rog_error *err)
{
    const struct rog_event_filter filter = {
        .kinds = "health,leave,join,retry,restart,resume,warning,error,throttled,battery",
        .rank = -1,
        .to = INFINITY,
        .descends = true,
        .limit = EVENTS};
    struct rog_json *events = rog_json_object();
    int code = rog_browse_events(db, id, &filter, events, err);
    if (code == 0)
        rog_json_put(run, "events", rog_json_copy(rog_json_get(events, "rows")));
    rog_json_free(events);
    return code;
}

static int put_run(const struct rog_ui_call *call, const char *id, struct rog_json *runs,
                   struct rog_error *err)
{
    struct rog_json *run = NULL, *progress = NULL, *robots = NULL;
    int code = rog_browse_run(call->db, id, &run, err);
    if (code < 0)
        return code;
    call->ui->hooks.correct_status(call->db, run);
    code = rog_progress_json(call->db, id, &progress, err);
    if (code == 0)
        code = rog_robots_json(call->db, id, &robots, err);
    rog_json_put_bool(run, "live", progress);
    rog_json_put(run, "progress", progress ? progress : rog_json_new_string(NULL));
    if (robots)
        rog_json_put(run, "robots", robots);
    if (code == 0)
        code = put_events(call->db, id, run, err);
    rog_json_append(runs, run);
    return code;
}

int rog_api_fleet(const struct rog_ui_call *call, struct rog_web_answer *answer,
                  struct rog_error *err)
{
    const char *wanted = rog_target_text(call->target, "run");
    struct rog_json *object = rog_json_object(), *runs = rog_json_array();
    struct rog_json *ids = rog_json_array();
    char *id = NULL;
    int code =
        wanted ? rog_run_find(call->db, wanted, &id, err) : rog_runs_executed(call->db, ids, err);
    if (code == 0 && wanted)
        code = put_run(call, id, runs, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(ids) && i < RUNS_MAX; i++)
        code = put_run(call, rog_json_string(rog_json_at(ids, i), ""), runs, err);
    free(id);
    rog_json_free(ids);
    rog_json_put(object, "runs", runs);
    if (code == 0)
        return rog_answer_json(answer, object, err);
    rog_json_free(object);
    return code;
}
