/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of the published replay tool and of mahimahi, read as traces. */
#include <librog/trace/convert.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKET_BITS (1500.0 * 8)
#define PIECE_MS 500
#define LINE_BYTES 256
#define MS_MAX 1e9 /* eleven days */

/* Copies the next line without its end; false after the last. *text moves on. */
static bool next_line(const char **text, const char *stop, char line[LINE_BYTES])
{
    if (*text >= stop)
        return false;
    const char *newline = memchr(*text, '\n', (size_t)(stop - *text));
    const char *end = newline ? newline : stop;
    size_t length = (size_t)(end - *text);
    length = length < LINE_BYTES ? length : LINE_BYTES - 1;
    memcpy(line, *text, length);
    while (length && isspace((unsigned char)line[length - 1]))
        length--;
    line[length] = '\0';
    *text = newline ? newline + 1 : stop;
    return true;
}

static int replay_line(struct rog_trace_builder *builder, const char *line, struct rog_error *err)
{
    struct tm tm = {0};
    unsigned ms = 0;
    double mbps = 0;
    int used = 0;
    int found = sscanf(line, "%4d-%2d-%2d %2d:%2d:%2d,%3u %lf%n", &tm.tm_year, &tm.tm_mon,
                       &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &mbps, &used);
    if (found != 8 || line[used] != '\0')
        return rog_fail(err, ROG_EFORMAT,
                        "must be \"YYYY-MM-DD hh:mm:ss,mmm MBIT\" or a remark (found \"%s\")",
                        line);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return rog_trace_builder_add(builder, (double)timegm(&tm) + ms / 1000.0, mbps, err);
}

static int replay(struct rog_trace_builder *builder, const char *text, size_t size,
                  const char *origin, struct rog_error *err)
{
    char line[LINE_BYTES];
    const char *stop = text + size;
    int code = ROG_OK;
    for (uint32_t number = 1; !code && next_line(&text, stop, line); number++) {
        if (isdigit((unsigned char)line[0]))
            code = replay_line(builder, line, err);
        if (code)
            rog_fail_prefix(err, "%s:%u", origin, number);
    }
    return code;
}

static int mahimahi_line(const char *line, double last_ms, double *at_ms, struct rog_error *err)
{
    char *end = NULL;
    *at_ms = strtod(line, &end);
    if (strspn(line, "0123456789") != strlen(line) || !line[0] || *at_ms > MS_MAX)
        return rog_fail(err, ROG_EFORMAT, "must be a whole number of milliseconds (found \"%s\")",
                        line);
    if (*at_ms < last_ms)
        return rog_fail(err, ROG_EFORMAT, "%.0f ms is before the line above (%.0f ms)", *at_ms,
                        last_ms);
    return ROG_OK;
}

static int mahimahi(struct rog_trace_builder *builder, const char *text, size_t size,
                    const char *origin, struct rog_error *err)
{
    char line[LINE_BYTES];
    const char *stop = text + size;
    int code = ROG_OK;
    double last_ms = 0, packets = 0;
    for (uint32_t number = 1; !code && next_line(&text, stop, line); number++) {
        double at_ms = 0;
        code = mahimahi_line(line, last_ms, &at_ms, err);
        if (code) {
            rog_fail_prefix(err, "%s:%u", origin, number);
            break;
        }
        while (!code && at_ms >= (builder->count + 1.0) * PIECE_MS) {
            code = rog_trace_builder_add(builder, builder->count * PIECE_MS / 1e3,
                                         packets * PACKET_BITS / (PIECE_MS * 1e3), err);
            packets = 0;
        }
        packets++;
        last_ms = at_ms;
    }
    if (!code && packets > 0)
        code = rog_trace_builder_add(builder, builder->count * PIECE_MS / 1e3,
                                     packets * PACKET_BITS / (PIECE_MS * 1e3), err);
    return code;
}

int rog_trace_convert(struct rog_trace **trace, const char *format, const char *text, size_t size,
                      const char *origin, struct rog_error *err)
{
    *trace = NULL;
    if (strcmp(format, "csv") == 0)
        return rog_trace_parse(trace, text, size, origin, err);
    struct rog_trace_builder builder = {0};
    int code;
    if (strcmp(format, "replay") == 0)
        code = replay(&builder, text, size, origin, err);
    else if (strcmp(format, "mahimahi") == 0)
        code = mahimahi(&builder, text, size, origin, err);
    else
        code = rog_fail(err, ROG_EINVAL,
                        "the format must be one of " ROG_TRACE_FORMATS " (found \"%s\")", format);
    if (!code) {
        code = rog_trace_builder_end(&builder, 0, trace, err);
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
