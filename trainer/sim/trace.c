/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/sim/trace.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/sim/synth.h>

#define TRACE_MAX_BYTES ((size_t)256 << 20)
#define TRACE_HEADER "seconds,mbps"
#define LINE_MAX_BYTES 128

/* Rows while their number is not known. */
struct rows {
    double *start_s, *mbps;
    uint32_t count, room;
};

void rog_trace_free(struct rog_trace *trace)
{
    if (!trace)
        return;
    free(trace->start_s);
    free(trace->mbps);
    free(trace);
}

static int check(const double *start_s, const double *mbps, uint32_t count, double end_s,
                 struct rog_error *err)
{
    if (!count)
        return rog_fail(err, ROG_EINVAL, "the trace has no values");
    double top = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!isfinite(start_s[i]) || !isfinite(mbps[i]) || mbps[i] < 0)
            return rog_fail(err, ROG_EINVAL,
                            "value %u of the trace is not a time and a rate >= 0 (found %g s, "
                            "%g Mbit/s)",
                            i + 1, start_s[i], mbps[i]);
        if (i && start_s[i] <= start_s[i - 1])
            return rog_fail(err, ROG_EINVAL,
                            "value %u of the trace does not come after the one before it (%g s "
                            "after %g s)",
                            i + 1, start_s[i], start_s[i - 1]);
        if (mbps[i] > top)
            top = mbps[i];
    }
    if (count > 1 && !(isfinite(end_s) && end_s > start_s[count - 1]))
        return rog_fail(err, ROG_EINVAL, "the trace ends at %g s, not after its last value (%g s)",
                        end_s, start_s[count - 1]);
    if (top <= 0)
        return rog_fail(err, ROG_EINVAL,
                        "the trace is 0 Mbit/s for ever: nothing would ever get through");
    return ROG_OK;
}

int rog_trace_new(struct rog_trace **trace, const double *start_s, const double *mbps,
                  uint32_t count, double end_s, struct rog_error *err)
{
    *trace = NULL;
    int code = check(start_s, mbps, count, end_s, err);
    if (code)
        return code;
    struct rog_trace *made = calloc(1, sizeof *made);
    if (made) {
        made->start_s = malloc(count * sizeof *made->start_s);
        made->mbps = malloc(count * sizeof *made->mbps);
    }
    if (!made || !made->start_s || !made->mbps) {
        rog_trace_free(made);
        return rog_fail_nomem(err);
    }
    made->count = count;
    for (uint32_t i = 0; i < count; i++)
        made->start_s[i] = start_s[i] - start_s[0];
    memcpy(made->mbps, mbps, count * sizeof *mbps);
    made->span_s = count > 1 ? end_s - start_s[0] : 1;
    for (uint32_t i = 0; i < count; i++) {
        double until = i + 1 < count ? made->start_s[i + 1] : made->span_s;
        made->period_bits += mbps[i] * 1e6 * (until - made->start_s[i]);
    }
    *trace = made;
    return ROG_OK;
}

/* Room for one more row. */
static int rows_grow(struct rows *rows, struct rog_error *err)
{
    if (rows->count < rows->room)
        return ROG_OK;
    uint32_t room = rows->room ? 2 * rows->room : 1024;
    double *start_s = realloc(rows->start_s, room * sizeof *start_s);
    if (start_s)
        rows->start_s = start_s;
    double *mbps = realloc(rows->mbps, room * sizeof *mbps);
    if (mbps)
        rows->mbps = mbps;
    if (!start_s || !mbps)
        return rog_fail_nomem(err);
    rows->room = room;
    return ROG_OK;
}

/* A decimal number that ends exactly where `end` says. */
static bool number(const char *text, const char *end, double *value)
{
    size_t length = (size_t)(end - text);
    char copy[LINE_MAX_BYTES];
    if (!length || length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strspn(copy, "0123456789+-.eE") != length)
        return false;
    char *stop = NULL;
    *value = strtod(copy, &stop);
    return *stop == '\0' && isfinite(*value);
}

static int parse_row(struct rows *rows, const char *line, const char *end, struct rog_error *err)
{
    const char *comma = memchr(line, ',', (size_t)(end - line));
    double start_s, mbps;
    if (!comma || !number(line, comma, &start_s) || !number(comma + 1, end, &mbps))
        return rog_fail(err, ROG_EFORMAT,
                        "must be two numbers, seconds and Mbit/s (found \"%.*s\")",
                        (int)(end - line < 60 ? end - line : 60), line);
    if (mbps < 0)
        return rog_fail(err, ROG_EFORMAT, "the rate must be 0 or more (found %g Mbit/s)", mbps);
    if (rows->count && start_s <= rows->start_s[rows->count - 1])
        return rog_fail(err, ROG_EFORMAT,
                        "the time must be greater than in the row before (found %.9g s after "
                        "%.9g s)",
                        start_s, rows->start_s[rows->count - 1]);
    int code = rows_grow(rows, err);
    if (code)
        return code;
    rows->start_s[rows->count] = start_s;
    rows->mbps[rows->count++] = mbps;
    return ROG_OK;
}

static int parse_rows(struct rows *rows, const char *text, size_t size, const char *origin,
                      struct rog_error *err)
{
    const char *line = text, *stop = text + size;
    for (uint32_t number_of_line = 1; line < stop; number_of_line++) {
        const char *newline = memchr(line, '\n', (size_t)(stop - line));
        const char *end = newline ? newline : stop;
        if (end > line && end[-1] == '\r')
            end--;
        int code = ROG_OK;
        if (number_of_line > 1)
            code = parse_row(rows, line, end, err);
        else if ((size_t)(end - line) != strlen(TRACE_HEADER) ||
                 memcmp(line, TRACE_HEADER, strlen(TRACE_HEADER)) != 0)
            code = rog_fail(err, ROG_EFORMAT, "a bandwidth trace begins with the line \"%s\"",
                            TRACE_HEADER);
        if (code)
            return rog_fail_prefix(err, "%s:%u", origin, number_of_line);
        line = newline ? newline + 1 : stop;
    }
    if (!rows->count)
        return rog_fail(err, ROG_EFORMAT, "%s: no values after the line \"%s\"", origin,
                        TRACE_HEADER);
    return ROG_OK;
}

int rog_trace_parse(struct rog_trace **trace, const char *text, size_t size, const char *origin,
                    struct rog_error *err)
{
    *trace = NULL;
    struct rows rows = {0};
    int code = parse_rows(&rows, text, size, origin, err);
    if (!code) {
        uint32_t last = rows.count - 1;
        double end_s = 0;
        if (last)
            end_s = rows.start_s[last] + (rows.start_s[last] - rows.start_s[last - 1]);
        code = rog_trace_new(trace, rows.start_s, rows.mbps, rows.count, end_s, err);
        if (code) {
            rog_fail_prefix(err, "%s", origin);
        }
    }
    free(rows.start_s);
    free(rows.mbps);
    return code;
}

char *rog_trace_path(const char *name, uint32_t rank)
{
    static const char mark[] = "{rank}";
    char *result = rog_strdup(name);
    char *found;
    while (result && (found = strstr(result, mark))) {
        *found = '\0';
        char *longer = rog_format("%s%u%s", result, rank, found + sizeof mark - 1);
        free(result);
        result = longer;
    }
    return result;
}

static int open_file(struct rog_trace **trace, const char *source, uint32_t rank,
                     struct rog_error *err)
{
    char *text = NULL, *path = rog_trace_path(source, rank);
    if (!path)
        return rog_fail_nomem(err);
    size_t size = 0;
    int code = rog_file_read(path, TRACE_MAX_BYTES, &text, &size, err);
    if (!code)
        code = rog_trace_parse(trace, text, size, path, err);
    free(text);
    free(path);
    return code;
}

int rog_trace_open(struct rog_trace **trace, const char *source, uint32_t rank, uint64_t seed,
                   struct rog_error *err)
{
    static const char constant[] = "constant:", synth[] = "synth:";
    *trace = NULL;
    if (strncmp(source, synth, sizeof synth - 1) == 0)
        return rog_trace_synth(trace, source + sizeof synth - 1, rank, seed, err);
    if (strncmp(source, constant, sizeof constant - 1) != 0)
        return open_file(trace, source, rank, err);

    const char *text = source + sizeof constant - 1;
    double mbps = 0, start_s = 0;
    if (!number(text, text + strlen(text), &mbps) || mbps <= 0)
        return rog_fail(err, ROG_EINVAL,
                        "trace must be constant:MBIT with a number of Mbit/s greater than 0 "
                        "(found \"%s\")",
                        source);
    return rog_trace_new(trace, &start_s, &mbps, 1, 0, err);
}

int rog_trace_write(const struct rog_trace *trace, const char *path, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    int code = rog_file_writer_open(&writer, path, err);
    if (code)
        return code;
    fprintf(writer.file, "%s\n", TRACE_HEADER);
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

/* A place in the repeated trace: value `index` of the pass-th repetition. Its beginning and its end
 * are always computed by the same expression, so that the end of one value is the beginning of the
 * next to the last bit. */
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

/* The value that holds at t_s: begin <= t_s < end. */
static struct place place_at(const struct rog_trace *trace, double t_s)
{
    struct place low = {floor(t_s / trace->span_s), 0};
    while (low.pass * trace->span_s > t_s)
        low.pass--;
    while ((low.pass + 1) * trace->span_s <= t_s)
        low.pass++;
    uint32_t high = trace->count;
    while (high - low.index > 1) {
        struct place middle = {low.pass, low.index + (high - low.index) / 2};
        if (place_begin(trace, middle) <= t_s)
            low = middle;
        else
            high = middle.index;
    }
    return low;
}

double rog_trace_rate(const struct rog_trace *trace, double t_s)
{
    if (trace->count == 1)
        return trace->mbps[0];
    return trace->mbps[place_at(trace, t_s).index];
}

double rog_trace_next_change(const struct rog_trace *trace, double t_s)
{
    if (trace->count == 1)
        return INFINITY;
    return place_end(trace, place_at(trace, t_s));
}

double rog_trace_finish(const struct rog_trace *trace, double t_s, double bits)
{
    if (bits <= 0)
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
            /* Whole passes at once; what is left is more than 0. */
            double passes = ceil(bits / trace->period_bits) - 1;
            bits -= passes * trace->period_bits;
            place.pass += passes;
            t_s = place_begin(trace, place);
        }
    }
}
