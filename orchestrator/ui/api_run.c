/* SPDX-License-Identifier: Apache-2.0 */
/* /api/runs/RUN: everything known of a run except its rows; and what one worker did. */
#include <orchestrator/ui/call.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/settings.h>
#include <orchestrator/figures/row_shares.h>
#include <orchestrator/store/browse.h>
#include <orchestrator/store/series.h>
#include <orchestrator/store/setbacks.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/differ.h>

/* ---- settings ---- */

static bool is_default(const struct rog_setting *setting, const struct rog_json *value)
{
    struct rog_json *usual = NULL, *differs = rog_json_array();
    if (!setting->fallback || rog_setting_parse(setting, setting->fallback, &usual, NULL) < 0) {
        rog_json_free(differs);
        return false;
    }
    rog_differ("", value, usual, differs);
    bool same = rog_json_size(differs) == 0;
    rog_json_free(differs);
    rog_json_free(usual);
    return same;
}

/* Returns settings in the order of their documentation. */
static struct rog_json *settings_json(const struct rog_json *config)
{
    struct rog_json *list = rog_json_array();
    for (const struct rog_setting *setting = rog_run_settings; setting->name; setting++) {
        const struct rog_json *value = rog_json_get(config, setting->name);
        if (!value)
            continue;
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "name", setting->name);
        rog_json_put(row, "value", rog_json_copy(value));
        rog_json_put_string(row, "unit", setting->unit);
        rog_json_put_string(row, "help", setting->help);
        rog_json_put_bool(row, "default", is_default(setting, value));
        rog_json_append(list, row);
    }
    return list;
}

/* ---- the run ---- */

static int put_ranks(struct rog_db *db, const char *id, struct rog_json *run, struct rog_error *err)
{
    struct rog_run_span span = {0};
    int code = rog_run_span_load(db, id, &span, err);
    struct rog_json *ranks = rog_json_array();
    for (size_t i = 0; i < span.ranks; i++)
        rog_json_append(ranks, rog_json_new_integer(span.rank[i]));
    rog_json_put(run, "ranks", ranks);
    rog_run_span_release(&span);
    return code;
}

static void put_mark(struct rog_json *run)
{
    struct rog_setbacks setbacks;
    char mark[ROG_SETBACKS_BYTES];
    rog_setbacks_read(&setbacks, run);
    rog_setbacks_mark(&setbacks, mark);
    rog_json_put_string(run, "mark", mark[0] ? mark : NULL);
}

/* Returns the differences between two runs: settings and workers, versions, and files by their
 * path. */
static struct rog_json *against_json(const struct rog_json *run, const struct rog_json *other)
{
    static const char *const parts[][2] = {
        {"config", ""}, {"versions", "versions"}, {"inputs", "inputs"}};
    struct rog_json *object = rog_json_object(), *differs = rog_json_array();
    int64_t same = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        same += rog_differ(parts[i][1], rog_json_get(run, parts[i][0]),
                           rog_json_get(other, parts[i][0]), differs);
    rog_json_put_string(object, "id", rog_json_get_string(other, "id", NULL));
    rog_json_put(object, "differs", differs);
    rog_json_put_integer(object, "same", same);
    return object;
}

static int put_against(const struct rog_ui_call *call, struct rog_json *run, struct rog_error *err)
{
    const char *against = rog_target_text(call->target, "against");
    struct rog_json *other = NULL;
    int code = against ? call->ui->hooks.run(call->db, against, &other, err) : 0;
    if (code == 0 && against)
        rog_json_put(run, "against", against_json(run, other));
    rog_json_free(other);
    return code;
}

int rog_api_run(const struct rog_ui_call *call, struct rog_web_answer *answer,
                struct rog_error *err)
{
    struct rog_json *run = NULL;
    int code = call->ui->hooks.run(call->db, call->target->part[2], &run, err);
    if (code == 0)
        code = put_against(call, run, err);
    if (code == 0) {
        const char *id = rog_json_get_string(run, "id", "");
        code = rog_browse_hosts(call->db, id, run, err);
        if (code == 0)
            code = put_ranks(call->db, id, run, err);
        put_mark(run);
        rog_json_put(run, "settings", settings_json(rog_json_get(run, "config")));
    }
    if (code == 0)
        return rog_answer_json(answer, run, err);
    rog_json_free(run);
    return code;
}

/* ---- what one worker did ---- */

static void put_list(struct rog_json *object, const char *name,
                     const struct rog_microevent_list *list)
{
    struct rog_json *array = rog_json_array();
    for (size_t i = 0; i < list->count; i++) {
        struct rog_json *pair = rog_json_array();
        rog_json_append(pair, rog_json_new_number(list->item[i].t));
        rog_json_append(pair, rog_json_new_number(list->item[i].value));
        rog_json_append(array, pair);
    }
    rog_json_put(object, name, array);
}

static struct rog_json *exchanges_json(const struct rog_row_shares *shares, enum rog_row_way way)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < shares->way[way].count; i++) {
        const struct rog_row_exchange *exchange = &shares->way[way].item[i];
        struct rog_json *row = rog_json_object(), *percent = rog_json_array();
        for (size_t k = 0; k < shares->layers; k++)
            rog_json_append(percent, rog_json_new_number(exchange->percent[k]));
        rog_json_put_number(row, "from", exchange->from_s);
        rog_json_put_number(row, "to", exchange->to_s);
        rog_json_put(row, "percent", percent);
        rog_json_append(list, row);
    }
    return list;
}

static int put_rows(struct rog_db *db, const struct rog_microevents *events,
                    struct rog_json *object, struct rog_error *err)
{
    struct rog_row_shares shares = {0};
    int code = rog_row_shares_load(db, events, &shares, err);
    struct rog_json *rows = rog_json_object(), *layers = rog_json_array();
    for (size_t i = 0; code == 0 && i < shares.layers; i++) {
        struct rog_json *layer = rog_json_object();
        rog_json_put_string(layer, "name", shares.layer[i]);
        rog_json_put_number(layer, "rows", shares.rows[i]);
        rog_json_append(layers, layer);
    }
    rog_json_put(rows, "layers", layers);
    if (code == 0) {
        rog_json_put(rows, "push", exchanges_json(&shares, ROG_ROWS_PUSHED));
        rog_json_put(rows, "pull", exchanges_json(&shares, ROG_ROWS_PULLED));
        rog_row_shares_release(&shares);
    }
    rog_json_put(object, "rows", rows);
    return code;
}

static int end_of(struct rog_db *db, const char *id, double *end_s, struct rog_error *err)
{
    struct rog_run_span span = {0};
    int code = rog_run_span_load(db, id, &span, err);
    *end_s = span.seconds;
    rog_run_span_release(&span);
    return code;
}

int rog_api_microevents(const struct rog_ui_call *call, struct rog_web_answer *answer,
                        struct rog_error *err)
{
    int64_t rank = 1;
    double from = 0, to = (double)NAN, end_s = 0;
    bool rows = false;
    struct rog_microevents events = {0};
    struct rog_json *object = NULL;
    int code = rog_target_int(call->target, "worker", 0, INT32_MAX, &rank, err);
    if (code == 0)
        code = rog_target_real(call->target, "from", 0, 1e9, &from, err);
    if (code == 0)
        code = rog_target_real(call->target, "to", 0, 1e9, &to, err);
    if (code == 0)
        code = rog_target_flag(call->target, "rows", &rows, err);
    if (code == 0)
        code = rog_microevents_load(call->db, call->target->part[2], rank, from,
                                    isnan(to) ? 300 : to - from, false, &events, err);
    if (code < 0)
        return code;
    code = end_of(call->db, events.run_id, &end_s, err);
    object = rog_json_object();
    rog_json_put_string(object, "id", events.run_id);
    rog_json_put_integer(object, "worker", events.rank);
    rog_json_put_number(object, "from", events.from_s);
    rog_json_put_number(object, "to", events.to_s);
    rog_json_put_number(object, "end", end_s);
    rog_json_put_integer(object, "threshold", events.threshold);
    rog_json_put_bool(object, "unlimited", events.unlimited);
    put_list(object, "bandwidth", &events.bandwidth);
    put_list(object, "push", &events.push);
    put_list(object, "pull", &events.pull);
    put_list(object, "staleness", &events.staleness);
    if (code == 0 && rows)
        code = put_rows(call->db, &events, object, err);
    rog_microevents_release(&events);
    if (code == 0)
        return rog_answer_json(answer, object, err);
    rog_json_free(object);
    return code;
}
