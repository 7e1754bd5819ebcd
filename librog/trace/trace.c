/* SPDX-License-Identifier: Apache-2.0 */

/* Builds, reads, writes and integrates traces. */

#include <librog/trace/trace.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <librog/trace/lines.h>

#define TIME_COLUMN "seconds"
#define RATE_COLUMN "mbps"
#define NUMBER_BYTES 128
/* A minimum mean rate, and a minimum duration of values. A program that replays a trace must act at
 * each value; and shorter or longer times would be lost in the precision of a long run's time. */
#define MEAN_MIN_BPS 1.0

void rog_trace_free(struct rog_trace *trace)
{
    if (!trace)
        return;
    free(trace->start_s);
    free(trace->mbps);
    free(trace);
}

/* ---- building ---- */

static int builder_grow(struct rog_trace_builder *builder, struct rog_error *err)
{
    if (builder->count < builder->room)
        return ROG_OK;
    uint32_t room = builder->room ? 2 * builder->room : 1024;
    double *start_s = realloc(builder->start_s, room * sizeof *start_s);
    if (start_s)
        builder->start_s = start_s;
    double *mbps = realloc(builder->mbps, room * sizeof *mbps);
    if (mbps)
        builder->mbps = mbps;
    if (!start_s || !mbps)
        return rog_fail_nomem(err);
    builder->room = room;
    return ROG_OK;
}

int rog_trace_builder_add(struct rog_trace_builder *builder, double start_s, double mbps,
                          struct rog_error *err)
{
    if (!isfinite(start_s))
        return rog_fail(err, ROG_EFORMAT, "the time must be a number (found %g s)", start_s);
    if (!isfinite(mbps) || mbps < 0)
        return rog_fail(err, ROG_EFORMAT, "the rate must be 0 or more (found %g Mbit/s)", mbps);
    double last_s = builder->count ? builder->start_s[builder->count - 1] : -INFINITY;
    if (start_s <= last_s)
        return rog_fail(
            err, ROG_EFORMAT,
            "the time must be greater than that of the value before (found %.9g s after "
            "%.9g s)",
            start_s, last_s);
    if (start_s - last_s < ROG_TRACE_STEP_MIN_S)
        return rog_fail(err, ROG_EFORMAT,
                        "a value must hold for at least %g s (found %.12g s after %.12g s)",
                        ROG_TRACE_STEP_MIN_S, start_s, last_s);
    int code = builder_grow(builder, err);
    if (code)
        return code;
    builder->start_s[builder->count] = start_s;
    builder->mbps[builder->count++] = mbps;
    return ROG_OK;
}

void rog_trace_builder_release(struct rog_trace_builder *builder)
{
    free(builder->start_s);
    free(builder->mbps);
    *builder = (struct rog_trace_builder){0};
}

/* Computes span and bits of a trace from its values. */
static int measure(struct rog_trace *trace, double end_s, struct rog_error *err)
{
    uint32_t last = trace->count - 1;
    double first_s = trace->start_s[0], last_s = trace->start_s[last] - first_s;
    trace->span_s = end_s - first_s;
    if (end_s == 0)
        trace->span_s = last ? 2 * last_s - (trace->start_s[last - 1] - first_s) : 1;
    if (!(trace->span_s > last_s) || !isfinite(trace->span_s))
        return rog_fail(err, ROG_EFORMAT,
                        "the trace ends at %g s, which is not after its last value", end_s);
    for (uint32_t i = 0; i <= last; i++) {
        trace->start_s[i] -= first_s;
        if (i)
            trace->period_bits +=
                trace->mbps[i - 1] * 1e6 * (trace->start_s[i] - trace->start_s[i - 1]);
    }
    trace->period_bits += trace->mbps[last] * 1e6 * (trace->span_s - last_s);
    if (!isfinite(trace->period_bits))
        return rog_fail(err, ROG_EFORMAT, "the trace is too large: its number of bits overflows");
    if (!(trace->period_bits >= MEAN_MIN_BPS * trace->span_s))
        return rog_fail(err, ROG_EFORMAT,
                        "the trace is always 0 Mbit/s: no transmission would ever finish");
    return ROG_OK;
}

void rog_trace_lift_zeros(struct rog_trace *trace, double mbps)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        if (trace->mbps[i] > 0)
            continue;
        double end_s = i + 1 < trace->count ? trace->start_s[i + 1] : trace->span_s;
        trace->mbps[i] = mbps;
        trace->period_bits += mbps * 1e6 * (end_s - trace->start_s[i]);
    }
}

int rog_trace_builder_end(struct rog_trace_builder *builder, double end_s, struct rog_trace **trace,
                          struct rog_error *err)
{
    *trace = NULL;
    uint32_t count = builder->count;
    if (!count)
        return rog_fail(err, ROG_EFORMAT, "the trace has no values");
    struct rog_trace *made = calloc(1, sizeof *made);
    if (made) {
        made->count = count;
        made->start_s = malloc(count * sizeof *made->start_s);
        made->mbps = malloc(count * sizeof *made->mbps);
    }
    if (!made || !made->start_s || !made->mbps) {
        rog_trace_free(made);
        return rog_fail_nomem(err);
    }
    memcpy(made->start_s, builder->start_s, count * sizeof *made->start_s);
    memcpy(made->mbps, builder->mbps, count * sizeof *made->mbps);
    int code = measure(made, end_s, err);
    if (code)
        rog_trace_free(made);
    else
        *trace = made;
    return code;
}

/* ---- reading and writing ---- */

static int parse_row(struct rog_trace_builder *builder, const struct rog_text_line *line,
                     char separator, struct rog_error *err)
{
    char seconds[NUMBER_BYTES], rate[NUMBER_BYTES];
    double start_s, mbps;
    if (rog_trace_line_count(line, separator) != 2 ||
        !rog_trace_line_field(line, separator, 0, seconds, sizeof seconds, NULL) ||
        !rog_trace_line_field(line, separator, 1, rate, sizeof rate, NULL) ||
        !rog_text_number(seconds, &start_s) || !rog_text_number(rate, &mbps))
        return rog_fail(
            err, ROG_EFORMAT, "must be two numbers, seconds and Mbit/s (found \"%.*s\")%s",
            rog_trace_line_shown(line), line->text,
            line->ended ? ""
                        : "; hint: the last line has no newline, so the file may be truncated");
    return rog_trace_builder_add(builder, start_s, mbps, err);
}

static bool is_header(const struct rog_text_line *line, char separator)
{
    char seconds[NUMBER_BYTES], rate[NUMBER_BYTES];
    return rog_trace_line_count(line, separator) == 2 &&
           rog_trace_line_field(line, separator, 0, seconds, sizeof seconds, NULL) &&
           rog_trace_line_field(line, separator, 1, rate, sizeof rate, NULL) &&
           strcmp(seconds, TIME_COLUMN) == 0 && strcmp(rate, RATE_COLUMN) == 0;
}

static int parse_rows(struct rog_trace_builder *builder, const char *text, size_t size,
                      const char *origin, struct rog_error *err)
{
    struct rog_text_lines lines;
    struct rog_text_line line;
    char separator = '\0';
    int code = rog_trace_lines_begin(&lines, text, size, err);
    if (code)
        return rog_fail_prefix(err, "%s", origin);
    while (!code && rog_trace_lines_next(&lines, &line)) {
        if (separator) {
            code = parse_row(builder, &line, separator, err);
        } else {
            separator = rog_trace_line_separator(&line);
            if (!is_header(&line, separator))
                code = rog_fail(
                    err, ROG_EFORMAT,
                    "a bandwidth trace starts with the line \"" TIME_COLUMN "," RATE_COLUMN
                    "\" (found \"%.*s\"); hint: `rogctl trace convert` reads other formats",
                    rog_trace_line_shown(&line), line.text);
        }
        if (code)
            rog_fail_prefix(err, "%s:%u", origin, line.number);
    }
    return code;
}

int rog_trace_parse(struct rog_trace **trace, const char *text, size_t size, const char *origin,
                    struct rog_error *err)
{
    *trace = NULL;
    struct rog_trace_builder builder = {0};
    int code = parse_rows(&builder, text, size, origin, err);
    if (!code) {
        code = rog_trace_builder_end(&builder, 0, trace, err);
        if (code)
            rog_fail_prefix(err, "%s", origin);
    }
    rog_trace_builder_release(&builder);
    return code;
}

int rog_trace_constant(struct rog_trace **trace, const char *text, struct rog_error *err)
{
    double mbps = 0;
    *trace = NULL;
    if (!rog_text_number(text, &mbps) || mbps <= 0)
        return rog_fail(err, ROG_EINVAL,
                        "trace must be constant:MBIT with a number of Mbit/s greater than 0 "
                        "(found \"constant:%s\")",
                        text);
    struct rog_trace_builder builder = {0};
    int code = rog_trace_builder_add(&builder, 0, mbps, err);
    if (!code)
        code = rog_trace_builder_end(&builder, 0, trace, err);
    rog_trace_builder_release(&builder);
    return code;
}

int rog_trace_write(const struct rog_trace *trace, const char *path, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    int code = rog_file_writer_open(&writer, path, err);
    if (code)
        return code;
    fprintf(writer.file, TIME_COLUMN "," RATE_COLUMN "\n");
    for (uint32_t i = 0; i < trace->count; i++)
        fprintf(writer.file, "%.6f,%.6f\n", trace->start_s[i], trace->mbps[i]);
    uint32_t last = trace->count - 1;
    double half = (trace->span_s - trace->start_s[last]) / 2;
    if (last)
        fprintf(writer.file, "%.6f,%.6f\n", trace->start_s[last] + half, trace->mbps[last]);
    code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    return code;
}

/* ---- queries ---- */

#define NEAR_VALUES 4 /* on either side; they occupy two cache lines */

/* A position in the repeated trace: value `index` of repetition `pass`. Its beginning and its end
 * are always computed by the same expression, so that the end of one value is exactly the beginning
 * of the next. */
struct place {
    double pass;
    uint32_t index;
};

static double place_begin(const struct rog_trace *trace, struct place place)
{
    return place.pass * trace->span_s + trace->start_s[place.index];
}

static struct place place_next(const struct rog_trace *trace, struct place place)
{
    if (place.index + 1 < trace->count)
        return (struct place){place.pass, place.index + 1};
    return (struct place){place.pass + 1, 0};
}

static double place_end(const struct rog_trace *trace, struct place place)
{
    return place_begin(trace, place_next(trace, place));
}

/* Values mostly have the same length. If t_s is near the index that its share of the pass suggests,
 * the search does not touch other values, which are not in the cache. */
static void narrow(const struct rog_trace *trace, double t_s, struct place *low, uint32_t *high)
{
    double share = (t_s - place_begin(trace, *low)) / trace->span_s;
    uint32_t index = (uint32_t)(share * trace->count);
    struct place left = {low->pass, index > NEAR_VALUES ? index - NEAR_VALUES : 0};
    struct place right = {low->pass, index + NEAR_VALUES};
    if (left.index < trace->count && place_begin(trace, left) <= t_s)
        *low = left;
    if (right.index < trace->count && place_begin(trace, right) > t_s)
        *high = right.index;
}

/* Returns the value that holds at t_s: begin <= t_s < end. */
static struct place place_at(const struct rog_trace *trace, double t_s)
{
    struct place low = {floor(t_s / trace->span_s), 0};
    if (low.pass * trace->span_s > t_s)
        low.pass--;
    if ((low.pass + 1) * trace->span_s <= t_s)
        low.pass++;
    uint32_t high = trace->count;
    narrow(trace, t_s, &low, &high);
    while (high - low.index > 1) {
        struct place middle = {low.pass, low.index + (high - low.index) / 2};
        if (place_begin(trace, middle) <= t_s)
            low = middle;
        else
            high = middle.index;
    }
    return low;
}

double rog_trace_start_s(const struct rog_trace *trace, double offset_s, double phase)
{
    return trace && trace->count > 1 ? offset_s + phase * trace->span_s : offset_s;
}

double rog_trace_rate(const struct rog_trace *trace, double t_s)
{
    if (!trace)
        return INFINITY;
    if (trace->count == 1)
        return trace->mbps[0];
    return trace->mbps[place_at(trace, t_s).index];
}

double rog_trace_next_change(const struct rog_trace *trace, double t_s)
{
    if (!trace || trace->count == 1)
        return INFINITY;
    return place_end(trace, place_at(trace, t_s));
}

double rog_trace_finish(const struct rog_trace *trace, double t_s, double bits)
{
    if (bits <= 0 || !trace)
        return t_s;
    if (trace->count == 1)
        return t_s + bits / (trace->mbps[0] * 1e6);

    struct place place = place_at(trace, t_s);
    for (;;) {
        double rate_bps = trace->mbps[place.index] * 1e6;
        double end_s = place_end(trace, place);
        double room = rate_bps * (end_s - t_s);
        if (bits <= room)
            return t_s + bits / rate_bps;
        bits -= room;
        t_s = end_s;
        place = place_next(trace, place);
        if (place.index == 0 && bits > trace->period_bits) {
            /* Skip whole passes; more than 0 bits remain. */
            double passes = ceil(bits / trace->period_bits) - 1;
            bits -= passes * trace->period_bits;
            place.pass += passes;
            t_s = place_begin(trace, place);
        }
    }
}

double rog_trace_bits(const struct rog_trace *trace, double begin_s, double end_s)
{
    if (end_s <= begin_s)
        return 0;
    if (!trace)
        return INFINITY;
    if (trace->count == 1)
        return trace->mbps[0] * 1e6 * (end_s - begin_s);

    double bits = 0, value_end_s;
    struct place place = place_at(trace, begin_s);
    while ((value_end_s = place_end(trace, place)) < end_s) {
        bits += trace->mbps[place.index] * 1e6 * (value_end_s - begin_s);
        begin_s = value_end_s;
        place = place_next(trace, place);
        if (place.index == 0 && end_s - begin_s > 2 * trace->span_s) {
            /* Skip whole passes except the last, so that begin_s stays before end_s. */
            double passes = floor((end_s - begin_s) / trace->span_s) - 1;
            bits += passes * trace->period_bits;
            place.pass += passes;
            begin_s = place_begin(trace, place);
        }
    }
    return bits + trace->mbps[place.index] * 1e6 * (end_s - begin_s);
}
