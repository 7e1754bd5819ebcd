/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration's workload implies. */
#include <common/workload.h>

#include <math.h>
#include <string.h>

static bool is(const struct rog_json *config, const char *workload)
{
    return strcmp(rog_json_get_string(config, "workload", "train"), workload) == 0;
}

/* Returns whether the number is among the first `count` ranks. */
static bool is_among(const struct rog_json *ranks, size_t count, double number)
{
    for (size_t i = 0; i < count; i++)
        if (rog_json_number(rog_json_at(ranks, i), 0) == number)
            return true;
    return false;
}

bool rog_workload_has_network(const struct rog_json *config)
{
    return is(config, "train") || (is(config, "program") && rog_json_get(config, "ranks"));
}

bool rog_workload_is_program(const struct rog_json *config)
{
    return is(config, "program");
}

bool rog_workload_trains(const struct rog_json *config)
{
    return !is(config, "none");
}

bool rog_workload_runs_program(const struct rog_json *config, uint32_t rank)
{
    const struct rog_json *ranks = rog_json_get(config, "ranks");
    return is(config, "program") && (!ranks || is_among(ranks, rog_json_size(ranks), rank));
}

/* A process hosts consecutive ranks: 3, 4, 5, in any order. */
static int check_hosted_ranks(const struct rog_json *ranks, int64_t hosted, struct rog_error *err)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < rog_json_size(ranks); i++) {
        least = fmin(least, rog_json_number(rog_json_at(ranks, i), 0));
        most = fmax(most, rog_json_number(rog_json_at(ranks, i), 0));
    }
    if (hosted <= 1 || rog_json_size(ranks) == 0 ||
        most - least + 1 == (double)rog_json_size(ranks))
        return ROG_OK;
    return rog_fail(err, ROG_EINVAL,
                    "ranks: with workers_per_process = %lld a process hosts consecutive ranks, but "
                    "ranks between %g and %g are missing",
                    (long long)hosted, least, most);
}

int rog_workload_check_ranks(const struct rog_json *config, size_t workers, struct rog_error *err)
{
    const struct rog_json *ranks = rog_json_get(config, "ranks");
    for (size_t i = 0; i < rog_json_size(ranks); i++) {
        double rank = rog_json_number(rog_json_at(ranks, i), 0);
        if (rank != floor(rank) || rank < 1 || rank > (double)workers)
            return rog_fail(err, ROG_EINVAL, "ranks: no worker has rank %g; ranks are 1 to %zu",
                            rank, workers);
        if (is_among(ranks, i, rank))
            return rog_fail(err, ROG_EINVAL, "ranks: %g is listed twice", rank);
    }
    return check_hosted_ranks(ranks, rog_json_get_integer(config, "workers_per_process", 1), err);
}

bool rog_workload_measures(const struct rog_json *worker)
{
    return strcmp(rog_json_get_string(worker, "step_s", ""), ROG_STEP_MEASURED) == 0;
}

static int check_step(const struct rog_json *config, const struct rog_json *worker,
                      struct rog_error *err)
{
    uint32_t rank = (uint32_t)rog_json_get_integer(worker, "rank", 0);
    if (!rog_workload_measures(worker))
        return !rog_json_get(worker, "speed")
                   ? ROG_OK
                   : rog_fail(err, ROG_EINVAL,
                              "worker %u: speed applies only with step_s = \"" ROG_STEP_MEASURED
                              "\"; a step_s in seconds already describes the device",
                              rank);
    if (!rog_workload_runs_program(config, rank))
        return rog_fail(err, ROG_EINVAL,
                        "worker %u: step_s = \"" ROG_STEP_MEASURED
                        "\" needs a training program, which this worker does not run (workload "
                        "%s%s): give step_s in seconds",
                        rank, rog_json_get_string(config, "workload", "train"),
                        is(config, "program") ? " with other ranks" : "");
    if (rog_json_get(worker, "step_times"))
        return rog_fail(err, ROG_EINVAL,
                        "worker %u: step_s = \"" ROG_STEP_MEASURED
                        "\" and step_times cannot be used together",
                        rank);
    return ROG_OK;
}

int rog_workload_check_steps(const struct rog_json *config, const struct rog_json *workers,
                             struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < rog_json_size(workers) && !code; i++)
        code = check_step(config, rog_json_at(workers, i), err);
    return code;
}
