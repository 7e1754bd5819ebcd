/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/run_view.h>

#include <math.h>

#include <orchestrator/output.h>
#include <orchestrator/store/summary.h>

int rog_runs_table(const struct rog_json *runs, struct rog_error *err)
{
    struct rog_table *table = rog_table_new(
        "run|note|status|>seed|>seconds|>iterations|>compute s|>communication s|>stall s"
        "|>accuracy %|>energy kJ");
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        const struct rog_json *run = rog_json_at(runs, i);
        const struct rog_json *accuracy = rog_json_get(run, "accuracy");
        size_t points = rog_json_size(accuracy);
        const struct rog_json *last = points ? rog_json_at(accuracy, points - 1) : NULL;
        double none = (double)NAN;
        rog_table_cell(table, "%s", rog_json_get_string(run, "id", ""));
        rog_table_cell(table, "%s", rog_json_get_string(run, "note", ""));
        rog_table_cell(table, "%s", rog_json_get_string(run, "status", ""));
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(run, "seed", 0));
        rog_table_number(table, rog_json_get_number(run, "seconds", none), 0);
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(run, "iterations", 0));
        rog_table_number(table, rog_json_get_number(run, "compute_s", none), 2);
        rog_table_number(table, rog_json_get_number(run, "communication_s", none), 2);
        rog_table_number(table, rog_json_get_number(run, "stall_s", none), 2);
        rog_table_number(table, last ? rog_json_number(rog_json_at(last, 2), none) : none, 2);
        rog_table_number(table, rog_json_get_number(run, "energy_j", none) / 1000, 2);
    }
    return rog_table_print(table, err);
}

int rog_runs_summaries(struct rog_db *db, struct rog_query *query, struct rog_json **runs,
                       struct rog_error *err)
{
    *runs = rog_json_array();
    int code = *runs ? rog_query_step(query, err) : rog_fail_nomem(err);
    while (code == 1) {
        struct rog_json *summary = NULL;
        code = rog_run_summary(db, rog_query_text(query, 0), &summary, err);
        if (code == 0) {
            rog_json_append(*runs, summary);
            code = rog_query_step(query, err);
        }
    }
    rog_query_free(query);
    if (code < 0) {
        rog_json_free(*runs);
        *runs = NULL;
    }
    return code;
}
