/* SPDX-License-Identifier: Apache-2.0 */
/* Reads recordings of other programs as traces. */
#include <librog/trace/convert.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librog/trace/lines.h>
#include <librog/trace/samples.h>

#define PACKET_BITS (1500.0 * 8)
#define PIECE_MS 500.0      /* rates are means over this time, except in the last piece */
#define RECORDING_PARTS 6.0 /* parts of a recording; worker k begins with part k */
#define ROW_BYTES 256
#define MS_MAX 1e9 /* eleven days */

/* Adds the samples in the order of their times as values; errors refer to the sample's line. */
static int add_in_order(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                        struct rog_trace_samples *samples, struct rog_text_lines *lines,
                        struct rog_error *err)
{
    int code = ROG_OK;
    how->rows.sorted = rog_trace_samples_sort(samples);
    for (size_t i = 0; i < samples->count && !code; i++) {
        const struct rog_trace_sample *sample = &samples->item[i];
        lines->number = sample->line;
        code = rog_trace_builder_add(builder, sample->at_s, sample->value, err);
    }
    return code;
}

static int replay_row(struct rog_trace_samples *samples, const char *row, uint32_t line,
                      struct rog_error *err)
{
    struct tm tm = {0};
    unsigned ms = 0;
    double mbps = 0;
    int used = 0;
    int found = sscanf(row, "%4d-%2d-%2d %2d:%2d:%2d,%3u %lf%n", &tm.tm_year, &tm.tm_mon,
                       &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &mbps, &used);
    if (found != 8 || row[used + strspn(row + used, " \t")] != '\0')
        return rog_fail(err, ROG_EFORMAT,
                        "must be \"YYYY-MM-DD hh:mm:ss,mmm MBIT\" or a comment (found \"%s\"); "
                        "hint: set the format of the file with --from",
                        row);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return rog_trace_samples_add(
        samples, (struct rog_trace_sample){(double)timegm(&tm) + ms / 1000.0, mbps, line}, err);
}

static int replay(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                  struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    char row[ROW_BYTES];
    struct rog_text_line line;
    struct rog_trace_samples samples = {0};
    int code = ROG_OK;
    *end_s = 0;
    while (!code && rog_trace_lines_next(lines, &line)) {
        snprintf(row, sizeof row, "%.*s", (int)line.length, line.text);
        if (isdigit((unsigned char)row[0]))
            code = replay_row(&samples, row, line.number, err);
    }
    if (!code)
        code = add_in_order(how, builder, &samples, lines, err);
    rog_trace_samples_release(&samples);
    return code;
}

static int packet_row(const struct rog_text_line *line, double last_ms, double *at_ms,
                      struct rog_error *err)
{
    char row[ROW_BYTES];
    rog_trace_line_field(line, '\n', 0, row, sizeof row, NULL);
    *at_ms = strtod(row, NULL);
    if (strspn(row, "0123456789") != strlen(row) || *at_ms > MS_MAX)
        return rog_fail(err, ROG_EFORMAT, "must be a whole number of milliseconds (found \"%.*s\")",
                        rog_trace_line_shown(line), line->text);
    if (*at_ms < last_ms)
        return rog_fail(err, ROG_EFORMAT, "%.0f ms is earlier than the line above (%.0f ms)",
                        *at_ms, last_ms);
    return ROG_OK;
}

/* A packet at t is the last bit of the millisecond before t, and the trace repeats after its last
 * time: as in mahimahi, the mean rate is packets / last time. */
static int mahimahi(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                    struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    struct rog_text_line line;
    int code = ROG_OK;
    double last_ms = 0, packets = 0, begin_ms = 0;
    (void)how;
    while (!code && rog_trace_lines_next(lines, &line)) {
        double at_ms = 0;
        code = packet_row(&line, last_ms, &at_ms, err);
        for (; !code && at_ms > begin_ms + PIECE_MS; begin_ms += PIECE_MS) {
            code = rog_trace_builder_add(builder, begin_ms / 1e3,
                                         packets * PACKET_BITS / (PIECE_MS * 1e3), err);
            packets = 0;
        }
        packets++;
        last_ms = at_ms;
    }
    if (!code && packets > 0 && last_ms <= 0)
        return rog_fail(err, ROG_EFORMAT,
                        "all packets are at 0 ms: a mahimahi trace lasts until its last packet");
    if (!code && packets > 0)
        code = rog_trace_builder_add(builder, begin_ms / 1e3,
                                     packets * PACKET_BITS / ((last_ms - begin_ms) * 1e3), err);
    *end_s = last_ms / 1e3;
    return code;
}

/* ---- recordings in the format of the published tree ---- */

static int read_samples(struct rog_trace_samples *samples, struct rog_text_lines *lines,
                        struct rog_error *err)
{
    struct rog_text_line line;
    int code = ROG_OK;
    while (!code && rog_trace_lines_next(lines, &line)) {
        char seconds[ROW_BYTES], rate[ROW_BYTES];
        struct rog_trace_sample sample = {.line = line.number};
        rog_trace_line_field(&line, ' ', 0, seconds, sizeof seconds, NULL);
        if (!isdigit((unsigned char)seconds[0]))
            continue;
        if (!rog_trace_line_field(&line, ' ', 1, rate, sizeof rate, NULL) ||
            !rog_text_number(seconds, &sample.at_s) || !rog_text_number(rate, &sample.value) ||
            sample.value < 0)
            code =
                rog_fail(err, ROG_EFORMAT,
                         "must be two numbers, seconds and Mbit/s, or a comment (found \"%.*s\")",
                         rog_trace_line_shown(&line), line.text);
        else
            code = rog_trace_samples_add(samples, sample, err);
    }
    return code;
}

/* As the published tool replays it: worker k begins at row k/6 of the file. The last row but two,
 * which holds until the last but one, is followed by the first. */
static int recording(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                     struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    struct rog_trace_samples samples = {0};
    int code = read_samples(&samples, lines, err);
    if (!code && samples.count < 3)
        code = rog_fail(err, ROG_EFORMAT,
                        "a recording needs at least three rows (found %zu): the last two only mark "
                        "the end of the one before",
                        samples.count);
    how->rows.sorted = rog_trace_samples_sort(&samples);
    size_t count = code ? 0 : samples.count - 2;
    size_t first = (size_t)((double)samples.count / RECORDING_PARTS * how->rank);
    first = first < count ? first : count - 1;
    *end_s = 0;
    for (size_t i = 0; i < count && !code; i++) {
        const struct rog_trace_sample *sample = &samples.item[(first + i) % count];
        if (sample[1].at_s <= sample->at_s)
            continue; /* it has no duration */
        code = rog_trace_builder_add(builder, *end_s, sample->value, err);
        *end_s += sample[1].at_s - sample->at_s;
    }
    rog_trace_samples_release(&samples);
    return code;
}

static int table(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                 struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    return rog_trace_table_read(builder, lines, &how->columns, end_s, &how->rows, err);
}

static int probe(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                 struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    return rog_trace_probe_read(builder, lines, how->rank ? how->rank : 1, how->direction, end_s,
                                err);
}

/* The file is one JSON text, not lines. */
static int iperf3(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                  struct rog_text_lines *lines, double *end_s, struct rog_error *err)
{
    return rog_trace_iperf3_read(builder, lines->at, (size_t)(lines->stop - lines->at),
                                 how->direction, end_s, err);
}

/* Reads the rows of a file; errors refer to the line that was read last. *end_s: where the trace
 * ends; 0: the last value holds for as long as the previous one. */
struct format {
    const char *name;
    int (*read)(struct rog_trace_conversion *how, struct rog_trace_builder *builder,
                struct rog_text_lines *lines, double *end_s, struct rog_error *err);
};

static const struct format formats[] = {{"replay", replay},       {"mahimahi", mahimahi},
                                        {"recording", recording}, {"iperf3", iperf3},
                                        {"probe", probe},         {"table", table}};

static const struct format *find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

int rog_trace_convert(struct rog_trace **trace, struct rog_trace_conversion *how, const char *text,
                      size_t size, const char *origin, struct rog_error *err)
{
    *trace = NULL;
    if (strcmp(how->format, "csv") == 0)
        return rog_trace_parse(trace, text, size, origin, err);
    const struct format *known = find(how->format);
    if (!known)
        return rog_fail(err, ROG_EINVAL,
                        "the format must be one of " ROG_TRACE_FORMATS " (found \"%s\")",
                        how->format);
    struct rog_trace_builder builder = {0};
    struct rog_text_lines lines;
    double end_s = 0;
    int code = rog_trace_lines_begin(&lines, text, size, err);
    if (code)
        rog_fail_prefix(err, "%s", origin);
    if (!code) {
        code = known->read(how, &builder, &lines, &end_s, err);
        if (code && lines.number)
            rog_fail_prefix(err, "%s:%u", origin, lines.number);
        else if (code)
            rog_fail_prefix(err, "%s", origin);
    }
    if (!code) {
        code = rog_trace_builder_end(&builder, end_s, trace, err);
        if (code)
            rog_fail_prefix(err, "%s", origin);
    }
    rog_trace_builder_release(&builder);
    return code;
}

void rog_trace_scale(struct rog_trace *trace, double factor)
{
    for (uint32_t i = 0; i < trace->count; i++)
        trace->mbps[i] *= factor;
    trace->period_bits *= factor;
}
