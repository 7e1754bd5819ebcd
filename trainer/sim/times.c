/* SPDX-License-Identifier: Apache-2.0 */
/* Reads recorded times of iterations. */
#include <trainer/sim/times.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <librog/trace/lines.h>

#define FILE_MAX_BYTES ((size_t)256 << 20)
#define HEADER "step_s"
#define HEADER_PADDED "step_s,padding_s"

void rog_times_release(struct rog_times *times)
{
    free(times->padding_s);
    free(times->step_s);
    *times = (struct rog_times){0};
}

#define FIELD_BYTES 128

/* Reads a field of a line that must have `count` fields. */
static int take_number(const struct rog_text_line *line, size_t index, size_t count, double *value,
                       struct rog_error *err)
{
    const char separator = count > 1 ? ',' : '\n';
    char text[FIELD_BYTES] = "";
    rog_trace_line_field(line, separator, index, text, sizeof text, NULL);
    if (rog_trace_line_count(line, separator) != count || !rog_text_number(text, value) ||
        *value < 0)
        return rog_fail(err, ROG_EFORMAT, "must be %s of seconds >= 0 (found \"%.60s\")",
                        count > 1 ? "two numbers" : "a number", text);
    return ROG_OK;
}

static int take_header(struct rog_times *times, const struct rog_text_line *line, size_t lines,
                       struct rog_error *err)
{
    char text[FIELD_BYTES];
    rog_trace_line_field(line, '\n', 0, text, sizeof text, NULL);
    bool padded = strcmp(text, HEADER_PADDED) == 0;
    if (!padded && strcmp(text, HEADER) != 0)
        return rog_fail(err, ROG_EFORMAT, "times must start with the line \"%s\" or \"%s\"", HEADER,
                        HEADER_PADDED);
    if (padded)
        times->padding_s = malloc(lines * sizeof *times->padding_s);
    return !padded || times->padding_s ? ROG_OK : rog_fail_nomem(err);
}

static int take_line(struct rog_times *times, const struct rog_text_line *line,
                     struct rog_error *err)
{
    size_t count = times->padding_s ? 2 : 1;
    int code = take_number(line, 0, count, &times->step_s[times->count], err);
    if (!code && count > 1)
        code = take_number(line, 1, count, &times->padding_s[times->count], err);
    times->count += !code;
    return code;
}

static int read_lines(struct rog_times *times, const char *text, size_t size, size_t room,
                      const char *path, struct rog_error *err)
{
    struct rog_text_lines lines;
    struct rog_text_line line;
    bool header = true;
    int code = rog_trace_lines_begin(&lines, text, size, err);
    if (code)
        return rog_fail_prefix(err, "%s", path);
    while (!code && rog_trace_lines_next(&lines, &line)) {
        code = header ? take_header(times, &line, room, err) : take_line(times, &line, err);
        header = false;
        if (code)
            rog_fail_prefix(err, "%s:%u", path, line.number);
    }
    if (!code && !times->count)
        code = rog_fail(err, ROG_EFORMAT, "%s has no times", path);
    return code;
}

int rog_times_read(struct rog_times *times, const char *path, struct rog_error *err)
{
    *times = (struct rog_times){0};
    char *text = NULL;
    size_t size = 0, lines = 1;
    int code = rog_file_read(path, FILE_MAX_BYTES, &text, &size, err);
    for (size_t i = 0; !code && i < size; i++)
        lines += text[i] == '\n' || text[i] == '\r';
    if (!code) {
        times->step_s = malloc(lines * sizeof *times->step_s);
        code = times->step_s ? ROG_OK : rog_fail_nomem(err);
    }
    if (!code)
        code = read_lines(times, text, size, lines, path, err);
    free(text);
    if (code)
        rog_times_release(times);
    return code;
}
