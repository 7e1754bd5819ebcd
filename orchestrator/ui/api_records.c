/* SPDX-License-Identifier: Apache-2.0 */
/* /api/runs/RUN/events and /log: events and log lines, with search. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/store/browse.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/run_log.h>

#define LIMIT 100
#define LIMIT_MAX 1000

static int read_part(const struct rog_target *target, int64_t *offset, int64_t *limit,
                     struct rog_error *err)
{
    *limit = LIMIT;
    int code = rog_target_int(target, "offset", 0, INT64_MAX, offset, err);
    return code < 0 ? code : rog_target_int(target, "limit", 1, LIMIT_MAX, limit, err);
}

int rog_api_events(const struct rog_ui_call *call, struct rog_web_answer *answer,
                   struct rog_error *err)
{
    const struct rog_target *target = call->target;
    struct rog_event_filter filter = {
        .kinds = rog_target_text(target, "kind"), .rank = -1, .to = INFINITY};
    struct rog_json *object = rog_json_object();
    int64_t rank = -1;
    int order = 0;
    char *id = NULL;
    int code = rog_run_find(call->db, target->part[2], &id, err);
    if (code == 0)
        code = rog_target_search(target, "text", &filter.text, err);
    if (code == 0)
        code = read_part(target, &filter.offset, &filter.limit, err);
    if (code == 0)
        code = rog_target_int(target, "worker", 0, INT32_MAX, &rank, err);
    if (code == 0)
        code = rog_target_real(target, "from", 0, 1e12, &filter.from, err);
    if (code == 0)
        code = rog_target_real(target, "to", 0, 1e12, &filter.to, err);
    if (code == 0)
        code = rog_target_choice(target, "order", "asc|desc", &order, err);
    filter.rank = rank;
    filter.descends = order == 1;
    if (code == 0)
        code = rog_browse_events(call->db, id, &filter, object, err);
    free(id);
    if (code == 0) {
        rog_json_put_integer(object, "offset", filter.offset);
        rog_json_put_integer(object, "limit", filter.limit);
        return rog_answer_json(answer, object, err);
    }
    rog_json_free(object);
    return code;
}

int rog_api_log(const struct rog_ui_call *call, struct rog_web_answer *answer,
                struct rog_error *err)
{
    const struct rog_target *target = call->target;
    struct rog_log_request request = {.file = rog_target_text(target, "file")};
    struct rog_json *object = NULL;
    char *id = NULL;
    int code = rog_run_find(call->db, target->part[2], &id, err);
    if (code == 0)
        code = rog_target_search(target, "text", &request.text, err);
    if (code == 0)
        code = read_part(target, &request.offset, &request.limit, err);
    if (code == 0)
        code = rog_target_flag(target, "tail", &request.tail, err);
    if (code == 0)
        code = rog_log_search(rog_db_path(call->db), id, &request, &object, err);
    free(id);
    return code < 0 ? code : rog_answer_json(answer, object, err);
}
