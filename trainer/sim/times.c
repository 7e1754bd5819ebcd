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

void rog_times_release(struct rog_times *times)
{
    free(times->step_s);
    *times = (struct rog_times){0};
}

#define FIELD_BYTES 128

/* One line, or the header before them. */
static int take_line(struct rog_times *times, const struct rog_text_line *line, bool header,
                     struct rog_error *err)
{
    char text[FIELD_BYTES];
    double step_s;
    rog_trace_line_field(line, '\n', 0, text, sizeof text, NULL);
    if (header)
        return strcmp(text, HEADER) == 0
                   ? ROG_OK
                   : rog_fail(err, ROG_EFORMAT, "times begin with the line \"%s\"", HEADER);
    if (!rog_text_number(text, &step_s) || step_s < 0)
        return rog_fail(err, ROG_EFORMAT, "must be a number of seconds >= 0 (found \"%.60s\")",
                        text);
    times->step_s[times->count++] = step_s;
    return ROG_OK;
}

static int read_lines(struct rog_times *times, const char *text, size_t size, const char *path,
                      struct rog_error *err)
{
    struct rog_text_lines lines;
    struct rog_text_line line;
    bool header = true;
    int code = rog_trace_lines_begin(&lines, text, size, err);
    if (code)
        return rog_fail_prefix(err, "%s", path);
    while (!code && rog_trace_lines_next(&lines, &line)) {
        code = take_line(times, &line, header, err);
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
        code = read_lines(times, text, size, path, err);
    free(text);
    if (code)
        rog_times_release(times);
    return code;
}
