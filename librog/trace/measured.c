/* SPDX-License-Identifier: Apache-2.0 */
/* Reads measurements of iperf3 and of our own probe. */
#include <librog/trace/measured.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>

#define FIELD_BYTES 64
#define HEADER "seconds"

enum { UP, DOWN, DIRECTIONS };

static const char *const names[DIRECTIONS] = {"up", "down"};

/* Returns the rate of a trace; NaN if unknown. */
static double combine(const double mbps[DIRECTIONS], const char *direction)
{
    for (int i = 0; direction && i < DIRECTIONS; i++)
        if (strcmp(direction, names[i]) == 0)
            return mbps[i];
    double sum = mbps[UP] + mbps[DOWN];
    return sum > 0 ? 2 * mbps[UP] * mbps[DOWN] / sum : sum;
}

/* ---- iperf3 ---- */

/* Returns the direction of an interval's sum. "sender" tells whether the client sent; it is missing
 * before iperf3 3.7. */
static int direction_of(const struct rog_json *sum, bool reverse)
{
    return rog_json_get_bool(sum, "sender", !reverse) ? UP : DOWN;
}

/* Reads the rate of each direction in an interval; NaN if there is none. */
static void take_interval(const struct rog_json *interval, bool reverse, double mbps[DIRECTIONS])
{
    static const char *const sums[] = {"sum", "sum_bidir_reverse"};
    mbps[UP] = mbps[DOWN] = (double)NAN;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        const struct rog_json *sum = rog_json_get(interval, sums[i]);
        if (sum)
            mbps[direction_of(sum, reverse)] =
                rog_json_get_number(sum, "bits_per_second", (double)NAN) * 1e-6;
    }
}

static int read_intervals(struct rog_trace_builder *builder, const struct rog_json *test,
                          const char *direction, double *end_s, struct rog_error *err)
{
    const struct rog_json *intervals = rog_json_get(test, "intervals");
    const struct rog_json *settings = rog_json_get(rog_json_get(test, "start"), "test_start");
    bool reverse = rog_json_get_integer(settings, "reverse", 0) != 0;
    int code = ROG_OK;
    for (size_t i = 0; i < rog_json_size(intervals) && !code; i++) {
        const struct rog_json *interval = rog_json_at(intervals, i);
        const struct rog_json *sum = rog_json_get(interval, "sum");
        double mbps[DIRECTIONS];
        take_interval(interval, reverse, mbps);
        const char *wanted = direction           ? direction
                             : isnan(mbps[UP])   ? names[DOWN]
                             : isnan(mbps[DOWN]) ? names[UP]
                                                 : NULL;
        double rate = combine(mbps, wanted),
               from_s = rog_json_get_number(sum, "start", (double)NAN);
        if (rog_json_get_bool(sum, "omitted", false))
            continue;
        if (isnan(rate) || isnan(from_s))
            return rog_fail(err, ROG_EFORMAT, "interval %zu has no rate%s%s", i + 1,
                            direction ? " for direction " : "", direction ? direction : "");
        code = rog_trace_builder_add(builder, from_s, rate, err);
        *end_s = rog_json_get_number(sum, "end", from_s);
    }
    return code;
}

int rog_trace_iperf3_read(struct rog_trace_builder *builder, const char *text, size_t size,
                          const char *direction, double *end_s, struct rog_error *err)
{
    struct rog_json *test = NULL;
    *end_s = 0;
    /* iperf3 3.12 writes some keys twice. */
    int code = rog_json_parse_foreign(text, size, "iperf3's JSON", &test, err);
    if (code)
        return code;
    const char *failed = rog_json_get_string(test, "error", NULL);
    if (rog_json_size(rog_json_get(test, "intervals")) == 0)
        code =
            rog_fail(err, ROG_EFORMAT, "it has no intervals%s%s; hint: iperf3 --json --client HOST",
                     failed ? ": " : "", failed ? failed : "");
    if (!code)
        code = read_intervals(builder, test, direction, end_s, err);
    rog_json_free(test);
    return code;
}

/* ---- the probe ---- */

enum { AT, RANK, RATES, FIELDS = RATES + DIRECTIONS };

/* Reads a row's time, rank and rates; empty fields are NaN. */
static int take_row(const struct rog_text_line *line, double value[FIELDS], struct rog_error *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        char text[FIELD_BYTES] = "";
        bool there = rog_trace_line_field(line, ',', i, text, sizeof text, NULL);
        value[i] = (double)NAN;
        if (!there || (text[0] && (!rog_text_number(text, &value[i]) || value[i] < 0)) ||
            (i < RATES && !text[0]))
            return rog_fail(err, ROG_EFORMAT,
                            "must be seconds,rank,up_mbps,down_mbps and what the probe took "
                            "(found \"%.*s\")",
                            rog_trace_line_shown(line), line->text);
    }
    return ROG_OK;
}

int rog_trace_probe_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         uint32_t rank, const char *direction, double *end_s, struct rog_error *err)
{
    struct rog_text_line line;
    double mbps[DIRECTIONS] = {(double)NAN, (double)NAN}, last_s = 0;
    int code = ROG_OK;
    *end_s = 0;
    while (!code && rog_trace_lines_next(lines, &line)) {
        double value[FIELDS];
        if (strncmp(line.text, HEADER, strlen(HEADER)) == 0)
            continue;
        code = take_row(&line, value, err);
        if (!code && value[RANK] == 0)
            *end_s = value[AT];
        if (code || value[RANK] != rank)
            continue;
        for (int i = 0; i < DIRECTIONS; i++)
            mbps[i] = isnan(value[RATES + i]) ? mbps[i] : value[RATES + i];
        double rate = combine(mbps, direction);
        if (isnan(rate))
            continue;
        code = rog_trace_builder_add(builder, builder->count ? (last_s + value[AT]) / 2 : 0, rate,
                                     err);
        last_s = value[AT];
    }
    if (!code && !builder->count)
        code = rog_fail(err, ROG_EFORMAT, "it has no rate for worker %u", rank);
    return code;
}
