/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a recorded run, one after the other. */
#include <orchestrator/check/verify.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <orchestrator/check/bound.h>
#include <orchestrator/check/meters.h>
#include <orchestrator/check/promises.h>
#include <orchestrator/check/record.h>
#include <orchestrator/check/stream.h>
#include <orchestrator/store/imported.h>

/* Whether a worker came back where a step begins: iterations before it may have died with its
 * process. */
static bool went_on_after(const struct rog_record *record, const struct rog_record_worker *worker,
                          size_t index)
{
    const struct rog_return *back =
        rog_returns_between(&record->returns, worker->rank, index ? worker->step[index - 1].t : 0,
                            worker->step[index].t);
    return back && back->iteration + 1 == worker->step[index].iteration;
}

static void check_complete(const struct rog_record *record, const struct rog_promises *promises,
                           struct rog_finding_list *list)
{
    (void)promises;
    /* What it will come to nobody knows yet. */
    bool goes_on = strcmp(record->row.status, "running") == 0;
    if (goes_on)
        rog_finding_unchecked(list, "whether it is done: the run is not over, and this is what "
                                    "there is of it so far");
    else if (strcmp(record->row.status, "done") != 0)
        rog_finding_add(list, "the run is %s, not done", record->row.status);
    if (record->admits > 0 && !record->ended && !goes_on)
        rog_finding_add(list, "the trainer's end event is missing");
    for (size_t w = 0; w < record->workers; w++) {
        const struct rog_record_worker *worker = &record->worker[w];
        int64_t expected = 1;
        for (size_t i = 0; i < worker->steps; i++) {
            int64_t iteration = worker->step[i].iteration;
            list->checked++;
            if (iteration != expected && !went_on_after(record, worker, i)) {
                rog_finding_add(list, "rank %lld: iteration %lld is missing (the next is %lld)",
                                (long long)worker->rank, (long long)expected, (long long)iteration);
                break;
            }
            expected = iteration + 1;
        }
    }
}

/* Imported runs are left out: their logs name neither all that a host did nor only what it did one
 * after the other. */
static void check_times(const struct rog_record *record, const struct rog_promises *promises,
                        struct rog_finding_list *list)
{
    (void)promises;
    if (rog_imported_is(&record->row))
        return;
    for (size_t w = 0; w < record->workers; w++) {
        const struct rog_record_worker *worker = &record->worker[w];
        for (size_t i = 0; i < worker->steps; i++) {
            const struct rog_iteration *step = &worker->step[i];
            bool came_back;
            double gap_s = rog_record_gap_s(record, worker, i, &came_back);
            if (isnan(gap_s))
                continue;
            list->checked++;
            if (step->compute_s < 0 || step->push_s < 0 || step->pull_s < 0 || step->stall_s < 0)
                rog_finding_add(list, "rank %lld iteration %lld at %.6f s: a negative time",
                                (long long)step->rank, (long long)step->iteration, step->t);
            else if (fabs(gap_s) > record->tolerance_s && !(came_back && gap_s > 0))
                rog_finding_add(list,
                                "rank %lld iteration %lld at %.6f s: its parts are %.6f s %s than "
                                "the time since the last one",
                                (long long)step->rank, (long long)step->iteration, step->t,
                                fabs(gap_s), gap_s > 0 ? "shorter" : "longer");
        }
    }
}

static void check_admissions(const struct rog_record *record, const struct rog_promises *promises,
                             struct rog_finding_list *list)
{
    (void)promises;
    for (size_t i = 0; i < record->admits; i++) {
        const struct rog_admit *admit = &record->admit[i];
        const struct rog_record_worker *worker = rog_record_worker(record, admit->rank);
        const struct rog_iteration *step =
            worker ? rog_record_step(worker, admit->iteration) : NULL;
        /* The run's end may cut an iteration off after its admission. */
        if (!worker || rog_record_lost(record, worker, admit->iteration, admit->t) ||
            (!step && admit->iteration - 1 == rog_record_last(worker)))
            continue;
        list->checked++;
        if (!step) {
            rog_finding_add(list, "admission at %.6f s: rank %lld has no iteration %lld", admit->t,
                            (long long)admit->rank, (long long)admit->iteration);
            continue;
        }
        double off_s = admit->t - (step->t - step->pull_s);
        if (!(fabs(off_s) <= record->tolerance_s))
            rog_finding_add(list,
                            "admission of rank %lld to iteration %lld at %.6f s: the iteration's "
                            "own times put it at %.6f s",
                            (long long)admit->rank, (long long)admit->iteration, admit->t,
                            step->t - step->pull_s);
    }
    size_t expected = 0;
    for (size_t w = 0; record->admits > 0 && w < record->workers; w++)
        expected += record->worker[w].steps;
    if (list->checked < expected)
        rog_finding_add(list, "%zu iterations have no admission", expected - list->checked);
}

/* The largest iteration any worker had finished by t. */
static int64_t fastest(const struct rog_record *record, double t)
{
    int64_t most = 0;
    for (size_t w = 0; w < record->workers; w++) {
        const struct rog_record_worker *worker = &record->worker[w];
        size_t low = 0, high = worker->steps;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (worker->step[middle].t <= t)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && worker->step[low - 1].iteration > most)
            most = worker->step[low - 1].iteration;
    }
    return most;
}

/* The same of iterations that were lost later. */
static int64_t fastest_lost(const struct rog_record *record, double t)
{
    int64_t most = 0;
    for (size_t w = 0; w < record->workers; w++)
        for (size_t i = 0; i < record->worker[w].pushes; i++) {
            const struct rog_push *push = &record->worker[w].push[i];
            if (push->lost && push->began_s <= t && push->iteration > most)
                most = push->iteration;
        }
    return most;
}

static void check_staleness(const struct rog_record *record, const struct rog_promises *promises,
                            struct rog_finding_list *list)
{
    for (size_t i = 0; i < record->steps; i++) {
        const struct rog_iteration *step = &record->step[i];
        if (step->staleness < 0)
            continue;
        list->checked++;
        /* A real server tells it with the admission, and counts pushes that are not yet followed by
         * the pull that ends their iteration. */
        double told_s = record->real ? step->t - step->pull_s : step->t;
        double until_s = step->t + record->tolerance_s;
        int64_t most = fastest(record, until_s), lost = fastest_lost(record, until_s);
        most = (lost > most ? lost : most) - step->iteration;
        int64_t least = fastest(record, told_s - record->tolerance_s) - step->iteration;
        most += record->real + promises->overlaps;
        if (least < 0)
            least = 0;
        if (step->staleness < least || step->staleness > most)
            rog_finding_add(list,
                            "rank %lld iteration %lld at %.6f s: staleness %lld, but it was %lld "
                            "behind the fastest",
                            (long long)step->rank, (long long)step->iteration, step->t,
                            (long long)step->staleness, (long long)most);
    }
}

static void check_rows(const struct rog_record *record, const struct rog_promises *promises,
                       struct rog_finding_list *list)
{
    if (promises->no_share)
        rog_finding_unchecked(list, "how many rows are sent at least: %s", promises->no_share);
    for (size_t i = 0; i < record->steps; i++) {
        const struct rog_iteration *step = &record->step[i];
        const int64_t counts[] = {step->rows_pushed, step->rows_pulled};
        static const char *const names[] = {"pushed", "pulled"};
        int64_t total = record->rows > 0 ? record->rows : step->rows_total;
        int64_t least = (int64_t)floor(promises->least_share * (double)total);
        if (step->rows_total > 0 && step->rows_total != total)
            rog_finding_add(list, "rank %lld iteration %lld: %lld rows in all, the model has %lld",
                            (long long)step->rank, (long long)step->iteration,
                            (long long)step->rows_total, (long long)total);
        for (int k = 0; k < 2; k++) {
            if (counts[k] < 0 || step->rows_total <= 0)
                continue;
            list->checked++;
            if (counts[k] > total || counts[k] < least)
                rog_finding_add(
                    list,
                    "rank %lld iteration %lld at %.6f s: %lld rows %s, %s %lld may send "
                    "%lld to %lld",
                    (long long)step->rank, (long long)step->iteration, step->t,
                    (long long)counts[k], names[k], record->row.library,
                    (long long)record->row.threshold, (long long)least, (long long)total);
        }
    }
}

typedef void check_fn(const struct rog_record *record, const struct rog_promises *promises,
                      struct rog_finding_list *list);
static const struct {
    const char *name, *what;
    check_fn *run; /* NULL: needs more than the record, see rog_verify_run */
} checks[ROG_VERIFY_CHECKS] = {
    [ROG_VERIFY_COMPLETE] = {"complete", "the run is done and no iteration is missing",
                             check_complete},
    [ROG_VERIFY_TIMES] = {"times", "the parts of an iteration add up to it", check_times},
    [ROG_VERIFY_ADMISSIONS] = {"admissions", "each stands where its iteration's stall ends",
                               check_admissions},
    [ROG_VERIFY_BOUND] = {"bound", "no admission breaks what the strategy promises about it",
                          rog_verify_bound},
    [ROG_VERIFY_STALENESS] = {"staleness", "the recorded one is the distance to the fastest",
                              check_staleness},
    [ROG_VERIFY_ROWS] = {"rows", "as many in each push and pull as the strategy may send",
                         check_rows},
    [ROG_VERIFY_BYTES] = {"bytes", "no more than the link let through", NULL},
    [ROG_VERIFY_METERS] =
        {"meters",
         "energy and bandwidth run forwards, rows of layers add up, checkpoints are in order",
         NULL},
    [ROG_VERIFY_STREAM] = {"stream", "the tables hold what the trainer wrote, line for line", NULL},
};

int rog_verify_run(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                   struct rog_error *err)
{
    struct rog_record record;
    *verify = (struct rog_verify){0};
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++) {
        verify->check[i].name = checks[i].name;
        verify->check[i].what = checks[i].what;
    }
    int code = rog_record_load(db, run_id, &record, err);
    if (code < 0)
        return code;
    struct rog_promises promises;
    rog_promises_find(&promises, &record.row, record.rows, record.workers);
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
        if (checks[i].run)
            checks[i].run(&record, &promises, &verify->check[i]);
    rog_promises_release(&promises);
    code = rog_verify_bytes(db, &record, &verify->check[ROG_VERIFY_BYTES], err);
    if (code == 0)
        code = rog_verify_meters(db, &record, &verify->check[ROG_VERIFY_METERS], err);
    if (code == 0)
        code = rog_verify_stream(db, run_id, &verify->check[ROG_VERIFY_STREAM], err);
    if (code == 0)
        code = rog_setbacks_load(db, run_id, &verify->setbacks, err);
    rog_record_release(&record);
    if (code < 0)
        rog_verify_release(verify);
    return code;
}

void rog_verify_release(struct rog_verify *verify)
{
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
        rog_finding_list_release(&verify->check[i]);
    *verify = (struct rog_verify){0};
}

size_t rog_verify_failed(const struct rog_verify *verify)
{
    size_t failed = 0;
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
        failed += verify->check[i].failed;
    return failed;
}

size_t rog_verify_iterations(const struct rog_verify *verify)
{
    return verify->check[ROG_VERIFY_COMPLETE].checked;
}
