/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates durations from recorded runs that are similar to those of a plan. */
#include <orchestrator/plan/duration.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/settings.h>
#include <orchestrator/store/cases.h>

#define LATEST_RUNS 500 /* most runs of a cluster that are considered */

const char *rog_duration_from_text(enum rog_duration_from from)
{
    static const char *const texts[] = {
        [ROG_DURATION_SAME] = "same run",
        [ROG_DURATION_ALIKE] = "runs of its size",
        [ROG_DURATION_LIMIT] = "its seconds",
    };
    return texts[from];
}

/* ---- similarity of runs ---- */

/* Returns a key that is equal for runs that differ only in the seed. */
static char *same_key(const struct rog_json *config)
{
    struct rog_json *part = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, config, part);
    rog_json_remove(part, "seed");
    rog_json_put(part, "workers", rog_json_copy(rog_json_get(config, "workers")));
    char *text = part ? rog_json_text_sorted(part) : NULL;
    rog_json_free(part);
    return text;
}

/* Returns a key that is equal for runs with the same amount of computation. */
static char *size_key(const struct rog_json *config)
{
    struct rog_json *part = rog_json_object();
    rog_settings_copy(rog_run_settings, ROG_SETTING_OF_SIZE, 0, config, part);
    rog_json_put_integer(part, "workers", (int64_t)rog_json_size(rog_json_get(config, "workers")));
    char *text = part ? rog_json_text_sorted(part) : NULL;
    rog_json_free(part);
    return text;
}

/* means: {key: [sum, count]} */
static void add_to(struct rog_json *means, const char *key, double wall_s)
{
    const struct rog_json *before = rog_json_get(means, key);
    struct rog_json *after = rog_json_array();
    rog_json_append(after,
                    rog_json_new_number(rog_json_number(rog_json_at(before, 0), 0) + wall_s));
    rog_json_append(after, rog_json_new_number(rog_json_number(rog_json_at(before, 1), 0) + 1));
    rog_json_put(means, key, after);
}

static double mean_of(const struct rog_json *means, const char *key)
{
    const struct rog_json *found = rog_json_get(means, key);
    return found ? rog_json_number(rog_json_at(found, 0), 0) /
                       rog_json_number(rog_json_at(found, 1), 1)
                 : (double)NAN;
}

/* ---- recorded runs ---- */

static int take_recorded(struct rog_duration_records *records, const struct rog_query *row,
                         struct rog_error *err)
{
    const char *text = rog_query_text(row, 0);
    struct rog_json *config = NULL;
    if (rog_json_parse(text, strlen(text), "config", &config, NULL) < 0)
        return 0; /* an imported run */
    char *whole = same_key(config), *size = size_key(config);
    rog_json_free(config);
    int code = whole && size ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        add_to(records->same, whole, rog_query_real(row, 1));
        add_to(records->alike, size, rog_query_real(row, 1));
        records->count++;
    }
    free(whole);
    free(size);
    return code;
}

int rog_duration_records_load(struct rog_duration_records *records, struct rog_db *db,
                              const char *cluster, struct rog_error *err)
{
    *records = (struct rog_duration_records){rog_json_object(), rog_json_object(), 0};
    struct rog_query *query = NULL;
    int code = records->same && records->alike ? 0 : rog_fail_nomem(err);
    if (code == 0 && db)
        code = rog_runs_took(db, cluster, LATEST_RUNS, &query, err);
    while (code == 0 && query && (code = rog_query_step(query, err)) == 1)
        code = take_recorded(records, query, err);
    rog_query_free(query);
    return code;
}

void rog_duration_records_release(struct rog_duration_records *records)
{
    rog_json_free(records->same);
    rog_json_free(records->alike);
    *records = (struct rog_duration_records){0};
}

/* ---- planned runs ---- */

int rog_duration_estimate(const struct rog_duration_records *records, const struct rog_json *config,
                          bool real_time, struct rog_duration *duration, struct rog_error *err)
{
    char *whole = same_key(config), *size = size_key(config);
    int code = whole && size ? 0 : rog_fail_nomem(err);
    double seconds = rog_json_get_number(config, "seconds", 0);
    *duration = (struct rog_duration){(double)NAN, ROG_DURATION_UNKNOWN};
    if (code == 0) {
        const struct rog_duration found[] = {
            {mean_of(records->same, whole), ROG_DURATION_SAME},
            {mean_of(records->alike, size), ROG_DURATION_ALIKE},
            {real_time && seconds > 0 ? seconds : (double)NAN, ROG_DURATION_LIMIT},
        };
        for (size_t i = 0; i < sizeof found / sizeof *found && isnan(duration->wall_s); i++)
            if (!isnan(found[i].wall_s))
                *duration = found[i];
    }
    free(whole);
    free(size);
    return code;
}

int rog_durations_load(struct rog_durations *durations, const struct rog_plan *plan,
                       struct rog_db *db, struct rog_error *err)
{
    struct rog_duration_records records;
    *durations = (struct rog_durations){.run = calloc(plan->count + 1, sizeof *durations->run)};
    int code = rog_duration_records_load(&records, db, plan->cluster, err);
    if (code == 0 && !durations->run)
        code = rog_fail_nomem(err);
    durations->recorded = records.count;
    for (size_t i = 0; code == 0 && i < plan->count; i++) {
        struct rog_duration *duration = &durations->run[i];
        code = rog_duration_estimate(&records, plan->run[i].resolved.config, plan->real_time,
                                     duration, err);
        if (plan->run[i].action == ROG_PLAN_DONE)
            continue;
        durations->known += !isnan(duration->wall_s);
        durations->unknown += isnan(duration->wall_s);
        durations->sum_s += isnan(duration->wall_s) ? 0 : duration->wall_s;
    }
    rog_duration_records_release(&records);
    return code;
}

void rog_durations_release(struct rog_durations *durations)
{
    free(durations->run);
    *durations = (struct rog_durations){0};
}
