/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that the record of a run is complete. */
#include <orchestrator/check/complete.h>

#include <math.h>
#include <string.h>

/* Returns whether the worker came back just before this step: earlier iterations may have been lost
 * with its process. */
static bool came_back_before(const struct rog_record *record,
                             const struct rog_record_worker *worker, size_t index)
{
    const struct rog_return *back =
        rog_returns_between(&record->returns, worker->rank, index ? worker->step[index - 1].t : 0,
                            worker->step[index].t);
    return back && back->iteration + 1 == worker->step[index].iteration;
}

static void check_numbers(const struct rog_record *record, const struct rog_record_worker *worker,
                          struct rog_finding_list *list)
{
    int64_t expected = 1;
    for (size_t i = 0; i < worker->steps; i++) {
        int64_t iteration = worker->step[i].iteration;
        list->checked++;
        if (iteration != expected && !came_back_before(record, worker, i)) {
            rog_finding_add(list, "rank %lld: iteration %lld is missing (the next is %lld)",
                            (long long)worker->rank, (long long)expected, (long long)iteration);
            break;
        }
        expected = iteration + 1;
    }
}

/* Checks values that every worker of rogctl measures. Imported logs may lack them, and a worker
 * that receives the model when it comes back has no staleness for that iteration. */
static void check_values(const struct rog_record *record, const struct rog_iteration *step,
                         struct rog_finding_list *list)
{
    static const char *const measured[] = {"compute_s",    "push_s",      "pull_s",
                                           "stall_s",      "rows_pushed", "rows_pulled",
                                           "bytes_pushed", "bytes_pulled"};
    (void)record;
    for (const struct rog_iteration_column *column = rog_iteration_columns; column->name; column++)
        for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
            if (strcmp(column->name, measured[i]) == 0 && !rog_iteration_has(step, column))
                rog_finding_add(list, "rank %lld iteration %lld at %.6f s: %s is missing",
                                (long long)step->rank, (long long)step->iteration, step->t,
                                column->name);
    if (step->age_pushed < 0 || step->age_pulled < 0)
        rog_finding_add(list, "rank %lld iteration %lld at %.6f s: rows of a negative age",
                        (long long)step->rank, (long long)step->iteration, step->t);
    if (step->local_steps != ROG_ABSENT && step->local_steps < 1)
        rog_finding_add(list, "rank %lld iteration %lld at %.6f s: %lld local steps",
                        (long long)step->rank, (long long)step->iteration, step->t,
                        (long long)step->local_steps);
}

static void check_end(const struct rog_record *record, struct rog_finding_list *list)
{
    int64_t most = 0;
    double last_s = 0;
    for (size_t i = 0; i < record->steps; i++) {
        most = record->step[i].iteration > most ? record->step[i].iteration : most;
        last_s = fmax(last_s, record->step[i].t);
    }
    /* The server counts pushes; the last one may lack the pull that completes its iteration. */
    bool lost = record->returns.count > 0 || record->resumed;
    if (!lost && (record->end_iterations < most || record->end_iterations > most + 1))
        rog_finding_add(list, "the end event counts %lld iterations, but %lld are recorded",
                        (long long)record->end_iterations, (long long)most);
    if (!(record->end_s + record->tolerance_s >= last_s))
        rog_finding_add(list, "the end event is at %.6f s, but the last iteration ends at %.6f s",
                        record->end_s, last_s);
}

static void check_frame(const struct rog_record *record, bool is_running,
                        struct rog_finding_list *list)
{
    if (record->starts != 1 && record->steps > 0)
        rog_finding_add(list,
                        record->starts ? "the trainer's start event occurs %lld times"
                                       : "the trainer's start event is missing",
                        (long long)record->starts);
    if (record->ends == 0 && !is_running)
        rog_finding_add(list, "the trainer's end event is missing");
    else if (record->ends > 1)
        rog_finding_add(list, "the trainer's end event occurs %lld times", (long long)record->ends);
    else if (record->ends == 1)
        check_end(record, list);
}

void rog_verify_complete(const struct rog_record *record, const struct rog_promises *promises,
                         struct rog_finding_list *list)
{
    (void)promises;
    const struct rog_run_row *row = &record->row;
    /* The result of the run is not known yet. */
    bool is_running = strcmp(row->status, "running") == 0;
    if (is_running)
        rog_finding_unchecked(list, "the end of the run: it is still in progress");
    else if (strcmp(row->status, "done") != 0)
        rog_finding_add(list, "the run is %s, not done", row->status);
    if (row->started_at && row->ended_at && strcmp(row->ended_at, row->started_at) < 0)
        rog_finding_add(list, "the run ended at %s, before it started at %s", row->ended_at,
                        row->started_at);
    for (size_t w = 0; w < record->workers; w++) {
        const struct rog_record_worker *worker = &record->worker[w];
        if (record->own && !rog_record_configured(record, worker->rank))
            rog_finding_add(list, "rank %lld: the run has no such worker", (long long)worker->rank);
        check_numbers(record, worker, list);
    }
    for (size_t i = 0; record->own && i < record->steps; i++)
        check_values(record, &record->step[i], list);
    if (record->own)
        check_frame(record, is_running, list);
}

int rog_verify_readable(struct rog_db *db, const char *run_id, bool *readable,
                        struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    *readable = true;
    int code = rog_query_new(&query, db, err,
                             "SELECT 'the run''s configuration', NULL, NULL, config FROM runs"
                             " WHERE id = ?1 AND NOT json_valid(config)"
                             " UNION ALL SELECT kind, rank, t, data FROM events"
                             " WHERE run_id = ?1 AND NOT json_valid(data)",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        *readable = false;
        code = 0;
        if (rog_query_is_null(query, 2))
            rog_finding_add(list, "%s is not valid JSON: %.300s", rog_query_text(query, 0),
                            rog_query_text(query, 3));
        else
            rog_finding_add(list, "event %s of rank %lld at %.6f s is not valid JSON: %.300s",
                            rog_query_text(query, 0), (long long)rog_query_int(query, 1),
                            rog_query_real(query, 2), rog_query_text(query, 3));
    }
    rog_query_free(query);
    return code;
}
