/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out when a run's curves reached the targets of its cases. */
#include <orchestrator/figures/run_targets.h>

#include <math.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/curve.h>
#include <orchestrator/figures/queries.h>

static int target_of(struct rog_db *db, const char *case_name, const char *run_id,
                     struct rog_json *targets, struct rog_error *err)
{
    struct rog_case_data data;
    struct rog_curve_reached seconds, joules;
    int code = rog_case_data_load_run(db, case_name, run_id, &data, err);
    if (code < 0)
        return code;
    if (data.series_count > 0 && data.run[0].accuracy.count > 0 && !isnan(rog_case_target(&data))) {
        code = rog_case_reached(&data, &data.series[0], ROG_QUANTITY_SECONDS, &seconds, err);
        if (code == 0)
            code = rog_case_reached(&data, &data.series[0], ROG_QUANTITY_JOULES, &joules, err);
        if (code == 0) {
            struct rog_json *target = rog_json_object();
            rog_json_put_string(target, "case", case_name);
            rog_json_put_number(target, "target", rog_case_target(&data));
            rog_json_put(target, "seconds", rog_curve_reached_json(&seconds));
            rog_json_put(target, "joules", rog_curve_reached_json(&joules));
            rog_json_append(targets, target);
        }
    }
    rog_case_data_release(&data);
    return code;
}

int rog_run_targets(struct rog_db *db, const char *run_id, struct rog_json **targets,
                    struct rog_error *err)
{
    struct rog_query *query = NULL;
    *targets = rog_json_array();
    int code = *targets ? rog_query_new(&query, db, err, rog_query_cases_of_run, "s", run_id)
                        : rog_fail_nomem(err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = target_of(db, rog_query_text(query, 0), run_id, *targets, err);
    rog_query_free(query);
    if (code < 0) {
        rog_json_free(*targets);
        *targets = NULL;
    }
    return code;
}
