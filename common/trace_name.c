/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names of traces, and spreads workers over recordings. */
#include <common/trace_name.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/rng.h>

enum rog_trace_kind rog_trace_kind(const char *source, const char **what)
{
    static const struct {
        const char *prefix;
        enum rog_trace_kind kind;
    } kinds[] = {{"constant:", ROG_TRACE_CONSTANT}, {"synth:", ROG_TRACE_DRAWN}};
    enum rog_trace_kind kind = ROG_TRACE_FILE;
    const char *rest = source;
    if (strcmp(source, ROG_TRACE_NO_LIMIT) == 0)
        kind = ROG_TRACE_UNLIMITED;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(source, kinds[i].prefix, length) == 0) {
            kind = kinds[i].kind;
            rest = source + length;
        }
    }
    if (what)
        *what = rest;
    return kind;
}

void rog_trace_fill_unlimited(struct rog_json *config)
{
    const char *control = rog_json_get_string(config, "control", NULL);
    const char *trace = rog_json_get_string(config, "trace", NULL);
    if (control && !trace && strcmp(control, ROG_TRACE_NO_LIMIT) == 0)
        rog_json_put_string(config, "trace", ROG_TRACE_NO_LIMIT);
    if (trace && !control && rog_trace_kind(trace, NULL) == ROG_TRACE_UNLIMITED)
        rog_json_put_string(config, "control", ROG_TRACE_NO_LIMIT);
}

/* ---- workers that share a recording ---- */

static const char *trace_of(const struct rog_json *config, const struct rog_json *worker)
{
    return rog_json_get_string(worker, "trace", rog_json_get_string(config, "trace", ""));
}

/* Returns the same text for workers that start at the same position of the same file; NULL for
 * other traces. */
static char *place_of(const struct rog_json *config, const struct rog_json *worker,
                      struct rog_error *err)
{
    char *path = rog_path_of_rank(trace_of(config, worker),
                                  (uint32_t)rog_json_get_integer(worker, "rank", 0));
    char *place = path
                      ? rog_format("%.17g %.17g %s", rog_json_get_number(worker, "trace_offset", 0),
                                   rog_json_get_number(worker, "trace_phase", 0), path)
                      : NULL;
    free(path);
    if (!place)
        rog_fail_nomem(err);
    return place;
}

static bool has_file(const struct rog_json *config, const struct rog_json *worker)
{
    return rog_trace_kind(trace_of(config, worker), NULL) == ROG_TRACE_FILE;
}

/* Sets *out to {place: number of workers that start there}. */
static int count_places(const struct rog_json *config, struct rog_json **out, struct rog_error *err)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    struct rog_json *places = *out = rog_json_object();
    int code = places ? ROG_OK : rog_fail_nomem(err);
    for (size_t i = 0; code == ROG_OK && i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        if (!has_file(config, worker))
            continue;
        char *place = place_of(config, worker, err);
        if (place)
            rog_json_put_integer(places, place, rog_json_get_integer(places, place, 0) + 1);
        else
            code = ROG_ENOMEM;
        free(place);
    }
    return code;
}

/* Returns whether these conditions are known to have a limit; users may choose other names. */
static bool is_limited_condition(const char *control)
{
    return strcmp(control, "outdoors") == 0 || strcmp(control, "indoors") == 0;
}

int rog_trace_check(const struct rog_json *config, struct rog_error *err)
{
    const char *control = rog_json_get_string(config, "control", NULL);
    const char *trace = rog_json_get_string(config, "trace", NULL);
    if (control && trace) {
        bool is_limited = rog_trace_kind(trace, NULL) != ROG_TRACE_UNLIMITED;
        bool is_free = strcmp(control, ROG_TRACE_NO_LIMIT) == 0;
        if (is_free && is_limited)
            return rog_fail(
                err, ROG_EINVAL,
                "control %s contradicts trace %s, which has a limit; remove one of them", control,
                trace);
        if (!is_limited && is_limited_condition(control))
            return rog_fail(
                err, ROG_EINVAL,
                "control %s contradicts trace %s, which has no limit; remove one of them", control,
                trace);
    }
    if (rog_json_get(config, "trace_blocks_by") && !rog_json_get(config, "trace_blocks"))
        return rog_fail(err, ROG_EINVAL, "trace_blocks_by has no effect without trace_blocks");
    return ROG_OK;
}

bool rog_trace_has_blocks(const struct rog_json *config)
{
    return rog_json_get_number(config, "trace_blocks", 0) > 0;
}

bool rog_trace_has_own_blocks(const struct rog_json *config)
{
    return rog_trace_has_blocks(config) &&
           strcmp(rog_json_get_string(config, "trace_blocks_by", ""), "worker") == 0;
}

bool rog_trace_is_seeded(const struct rog_json *config)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    bool is_moved = strcmp(rog_json_get_string(config, "trace_start", ""), "seed") == 0 ||
                    rog_trace_has_blocks(config);
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        enum rog_trace_kind kind = rog_trace_kind(trace_of(config, rog_json_at(workers, i)), NULL);
        if (kind == ROG_TRACE_DRAWN || (kind == ROG_TRACE_FILE && is_moved))
            return true;
    }
    return false;
}

bool rog_trace_has_file(const struct rog_json *config)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    for (size_t i = 0; i < rog_json_size(workers); i++)
        if (has_file(config, rog_json_at(workers, i)))
            return true;
    return false;
}

const char *rog_trace_of_rank(const struct rog_json *config, int64_t rank)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    for (size_t i = 0; i < rog_json_size(workers); i++)
        if (rog_json_get_integer(rog_json_at(workers, i), "rank", 0) == rank)
            return trace_of(config, rog_json_at(workers, i));
    return "";
}

bool rog_trace_is_limited(const struct rog_json *config, int64_t rank)
{
    const char *trace = rog_trace_of_rank(config, rank);
    if (!trace[0])
        trace = rog_json_get_string(config, "trace", "");
    return rog_trace_kind(trace, NULL) != ROG_TRACE_UNLIMITED;
}

/* ---- starting positions ---- */

/* Rounds to steps that the text of a configuration represents exactly. */
static double share(double wanted)
{
    double whole = floor((wanted - floor(wanted)) * 1e6) / 1e6;
    return whole < 1 ? whole : 0;
}

int rog_trace_start_fill(struct rog_json *config, struct rog_error *err)
{
    const char *start = rog_json_get_string(config, "trace_start", NULL);
    if (!start)
        return ROG_OK;
    double moved = 0;
    if (strcmp(start, "seed") == 0) {
        struct rog_rng rng;
        rog_rng_derive(&rng, (uint64_t)rog_json_get_integer(config, "seed", 0), "trace_start", 0);
        moved = rog_rng_uniform(&rng);
    }
    const struct rog_json *workers = rog_json_get(config, "workers");
    struct rog_json *places = NULL, *met = rog_json_object(), *filled = rog_json_array();
    int code = met && filled ? count_places(config, &places, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == ROG_OK && i < rog_json_size(workers); i++) {
        const struct rog_json *from = rog_json_at(workers, i);
        struct rog_json *worker = rog_json_copy(from);
        char *place = NULL;
        if (!worker)
            code = rog_fail_nomem(err);
        else if (has_file(config, from) && !rog_json_get(from, "trace_phase")) {
            place = place_of(config, from, err);
            code = place ? ROG_OK : ROG_ENOMEM;
        }
        if (place) {
            int64_t before = rog_json_get_integer(met, place, 0);
            int64_t all = rog_json_get_integer(places, place, 1);
            rog_json_put_number(worker, "trace_phase", share(moved + (double)before / (double)all));
            rog_json_put_integer(met, place, before + 1);
        }
        free(place);
        rog_json_append(filled, worker);
    }
    rog_json_free(places);
    rog_json_free(met);
    if (code == ROG_OK && rog_json_size(filled) != rog_json_size(workers))
        code = rog_fail_nomem(err);
    if (code == ROG_OK)
        rog_json_put(config, "workers", filled);
    else
        rog_json_free(filled);
    return code;
}

/* ---- workers whose links fade at the same time ---- */

static int find_sharers(const struct rog_json *config, size_t *count, int64_t *rank,
                        struct rog_error *err)
{
    const struct rog_json *workers = rog_json_get(config, "workers");
    struct rog_json *places = NULL;
    int code = count_places(config, &places, err);
    for (size_t i = 0; code == ROG_OK && i < rog_json_size(workers); i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        char *place = has_file(config, worker) ? place_of(config, worker, err) : NULL;
        size_t here = place ? (size_t)rog_json_get_integer(places, place, 0) : 0;
        if (here > *count) {
            *count = here;
            *rank = rog_json_get_integer(worker, "rank", 0);
        }
        free(place);
    }
    rog_json_free(places);
    return code;
}

int rog_trace_sharers(const struct rog_json *config, size_t *count, int64_t *rank,
                      struct rog_error *err)
{
    *count = 1;
    *rank = 0;
    if (rog_trace_has_own_blocks(config))
        return ROG_OK;
    struct rog_json *filled = rog_json_copy(config);
    int code = filled ? rog_trace_start_fill(filled, err) : rog_fail_nomem(err);
    if (code == ROG_OK)
        code = find_sharers(filled, count, rank, err);
    rog_json_free(filled);
    return code;
}
