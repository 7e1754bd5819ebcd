/* SPDX-License-Identifier: Apache-2.0 */
/* Executes all checks of a recorded run. */
#include <orchestrator/check/verify.h>

#include <math.h>
#include <stdlib.h>

#include <orchestrator/check/bound.h>
#include <orchestrator/check/complete.h>
#include <orchestrator/check/meters.h>
#include <orchestrator/check/promises.h>
#include <orchestrator/check/record.h>
#include <orchestrator/check/saved.h>
#include <orchestrator/check/settings.h>
#include <orchestrator/check/stream.h>

/* Checks the times of iterations. Imported runs are left out: their logs do not contain everything
 * a host did, and what they contain may overlap. */
static void check_times(const struct rog_record *record, const struct rog_promises *promises,
                        struct rog_finding_list *list)
{
    (void)promises;
    if (!record->own)
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

/* Counts the admissions of each step; NULL without memory. */
static unsigned char *count_admissions(const struct rog_record *record,
                                       struct rog_finding_list *list)
{
    unsigned char *admitted = calloc(record->steps + 1, 1);
    for (size_t i = 0; admitted && i < record->admits; i++) {
        const struct rog_admit *admit = &record->admit[i];
        const struct rog_record_worker *worker = rog_record_worker(record, admit->rank);
        const struct rog_iteration *step =
            worker ? rog_record_step(worker, admit->iteration) : NULL;
        if (!step || rog_record_lost(record, worker, admit->iteration, admit->t))
            continue;
        unsigned char *count = &admitted[step - record->step];
        if (*count)
            rog_finding_add(list,
                            "admission of rank %lld to iteration %lld at %.6f s: it is a duplicate",
                            (long long)admit->rank, (long long)admit->iteration, admit->t);
        *count = 1;
    }
    return admitted;
}

static void check_admission(const struct rog_record *record, const struct rog_admit *admit,
                            struct rog_finding_list *list)
{
    const struct rog_record_worker *worker = rog_record_worker(record, admit->rank);
    const struct rog_iteration *step = worker ? rog_record_step(worker, admit->iteration) : NULL;
    if (!worker && !rog_record_configured(record, admit->rank))
        rog_finding_add(list, "admission at %.6f s: the run has no worker of rank %lld", admit->t,
                        (long long)admit->rank);
    /* The end of the run may interrupt an iteration after its admission. */
    if (!worker || rog_record_lost(record, worker, admit->iteration, admit->t) ||
        (!step && admit->iteration - 1 == rog_record_last(worker)))
        return;
    list->checked++;
    if (!step) {
        rog_finding_add(list, "admission at %.6f s: rank %lld has no iteration %lld", admit->t,
                        (long long)admit->rank, (long long)admit->iteration);
        return;
    }
    double off_s = admit->t - (step->t - step->pull_s);
    if (!(fabs(off_s) <= record->tolerance_s))
        rog_finding_add(list,
                        "admission of rank %lld to iteration %lld at %.6f s: the iteration's "
                        "own times put it at %.6f s",
                        (long long)admit->rank, (long long)admit->iteration, admit->t,
                        step->t - step->pull_s);
}

/* Returns whether the admission of a step may be missing. A server that was killed may not have
 * written it, if the worker later resumed after this iteration: the server had saved the worker's
 * state there. */
static bool may_lack_admission(const struct rog_record *record, const struct rog_iteration *step)
{
    const struct rog_return *next = NULL;
    for (size_t i = 0; i < record->returns.count; i++) {
        const struct rog_return *back = &record->returns.item[i];
        if (back->rank == step->rank && back->t >= step->t && (!next || back->t < next->t))
            next = back;
    }
    return record->resumed && next && next->iteration == step->iteration;
}

static void check_admissions(const struct rog_record *record, const struct rog_promises *promises,
                             struct rog_finding_list *list)
{
    (void)promises;
    for (size_t i = 0; i < record->admits; i++)
        check_admission(record, &record->admit[i], list);
    if (!record->own)
        return;
    unsigned char *admitted = count_admissions(record, list);
    for (size_t i = 0; admitted && i < record->steps; i++)
        if (!admitted[i] && !may_lack_admission(record, &record->step[i]))
            rog_finding_add(list, "rank %lld iteration %lld at %.6f s: it has no admission",
                            (long long)record->step[i].rank, (long long)record->step[i].iteration,
                            record->step[i].t);
    if (!admitted)
        rog_finding_unchecked(list, "the admission of each iteration: out of memory");
    free(admitted);
}

/* Returns the largest iteration that any worker had finished by t. */
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

/* The same, for iterations that were lost later. */
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
        /* A real server reports staleness with the admission, and includes pushes that are not yet
         * followed by the pull that completes their iteration. */
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
        rog_finding_unchecked(list, "the minimum number of rows: %s", promises->no_share);
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
    check_fn *run; /* NULL: needs more than the record; see rog_verify_run */
} checks[ROG_VERIFY_CHECKS] = {
    [ROG_VERIFY_COMPLETE] = {"complete", "the run is complete", rog_verify_complete},
    [ROG_VERIFY_SETTINGS] = {"settings", "the same wherever they are recorded", NULL},
    [ROG_VERIFY_TIMES] = {"times", "the parts of an iteration add up to it", check_times},
    [ROG_VERIFY_ADMISSIONS] = {"admissions", "each is at the end of its iteration's stall",
                               check_admissions},
    [ROG_VERIFY_BOUND] = {"bound", "no admission violates the bound of the strategy",
                          rog_verify_bound},
    [ROG_VERIFY_STALENESS] = {"staleness", "equal to the distance to the fastest worker",
                              check_staleness},
    [ROG_VERIFY_ROWS] = {"rows", "each push and pull has as many as the strategy may send",
                         check_rows},
    [ROG_VERIFY_BYTES] = {"bytes", "no more than the link could carry", NULL},
    [ROG_VERIFY_METERS] =
        {"meters",
         "times of energy and bandwidth ascend, rows of layers add up, checkpoints are in order",
         NULL},
    [ROG_VERIFY_SAVED] = {"saved", "checkpoints match their files and the results of their tests",
                          NULL},
    [ROG_VERIFY_STREAM] = {"stream", "the tables match what the trainer wrote, line by line", NULL},
};

static int check_record(struct rog_db *db, const struct rog_record *record,
                        struct rog_verify *verify, struct rog_error *err)
{
    struct rog_promises promises;
    rog_promises_find(&promises, &record->row, record->rows, record->workers);
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
        if (checks[i].run)
            checks[i].run(record, &promises, &verify->check[i]);
    rog_promises_release(&promises);
    int code = rog_verify_settings(db, record, &verify->check[ROG_VERIFY_SETTINGS], err);
    if (code == 0)
        code = rog_verify_bytes(db, record, &verify->check[ROG_VERIFY_BYTES], err);
    if (code == 0)
        code = rog_verify_meters(db, record, &verify->check[ROG_VERIFY_METERS], err);
    if (code == 0)
        code = rog_verify_saved(db, record, &verify->check[ROG_VERIFY_SAVED], err);
    return code;
}

static int load_and_check(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                          struct rog_error *err)
{
    struct rog_record record;
    bool readable = false;
    int code = rog_verify_readable(db, run_id, &readable, &verify->check[ROG_VERIFY_COMPLETE], err);
    if (code < 0 || !readable)
        return code;
    code = rog_record_load(db, run_id, &record, err);
    if (code < 0)
        return code;
    code = check_record(db, &record, verify, err);
    rog_record_release(&record);
    if (code == 0)
        code = rog_setbacks_load(db, run_id, &verify->setbacks, err);
    return code;
}

int rog_verify_run(struct rog_db *db, const char *run_id, struct rog_verify *verify,
                   struct rog_error *err)
{
    *verify = (struct rog_verify){0};
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++) {
        verify->check[i].name = checks[i].name;
        verify->check[i].what = checks[i].what;
    }
    int code = load_and_check(db, run_id, verify, err);
    if (code == 0)
        code = rog_verify_stream(db, run_id, &verify->check[ROG_VERIFY_STREAM], err);
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
