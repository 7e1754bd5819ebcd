/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration's workload means for it. */
#include <common/workload.h>

#include <math.h>
#include <string.h>

static bool is(const struct rog_json *config, const char *workload)
{
    return strcmp(rog_json_get_string(config, "workload", "train"), workload) == 0;
}

/* Is the number among the first `count` ranks? */
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

bool rog_workload_trains(const struct rog_json *config)
{
    return !is(config, "none");
}

bool rog_workload_runs_program(const struct rog_json *config, uint32_t rank)
{
    const struct rog_json *ranks = rog_json_get(config, "ranks");
    return is(config, "program") && (!ranks || is_among(ranks, rog_json_size(ranks), rank));
}

int rog_workload_check_ranks(const struct rog_json *config, size_t workers, struct rog_error *err)
{
    const struct rog_json *ranks = rog_json_get(config, "ranks");
    for (size_t i = 0; i < rog_json_size(ranks); i++) {
        double rank = rog_json_number(rog_json_at(ranks, i), 0);
        if (rank != floor(rank) || rank < 1 || rank > (double)workers)
            return rog_fail(err, ROG_EINVAL,
                            "ranks: there is no worker of rank %g, they are 1 to %zu", rank,
                            workers);
        if (is_among(ranks, i, rank))
            return rog_fail(err, ROG_EINVAL, "ranks: %g is there twice", rank);
    }
    return ROG_OK;
}
