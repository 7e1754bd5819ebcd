/* SPDX-License-Identifier: Apache-2.0 */
/* Reads recorded times of iterations. */
#include <trainer/sim/times.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define FILE_MAX_BYTES ((size_t)256 << 20)
#define HEADER "step_s"

void rog_times_release(struct rog_times *times)
{
    free(times->step_s);
    *times = (struct rog_times){0};
}

/* One line, which ends with a NUL. */
static int take_line(struct rog_times *times, const char *line, uint32_t number,
                     struct rog_error *err)
{
    if (number == 1)
        return strcmp(line, HEADER) == 0
                   ? ROG_OK
                   : rog_fail(err, ROG_EFORMAT, "times begin with the line \"%s\"", HEADER);
    char *end;
    double step_s = strtod(line, &end);
    if (end == line || *end || !isfinite(step_s) || step_s < 0)
        return rog_fail(err, ROG_EFORMAT, "must be a number of seconds >= 0 (found \"%.60s\")",
                        line);
    times->step_s[times->count++] = step_s;
    return ROG_OK;
}

int rog_times_read(struct rog_times *times, const char *path, struct rog_error *err)
{
    *times = (struct rog_times){0};
    char *text = NULL;
    size_t size = 0, lines = 1;
    int code = rog_file_read(path, FILE_MAX_BYTES, &text, &size, err);
    for (size_t i = 0; !code && i < size; i++)
        lines += text[i] == '\n';
    if (!code) {
        times->step_s = malloc(lines * sizeof *times->step_s);
        code = times->step_s ? ROG_OK : rog_fail_nomem(err);
    }
    uint32_t number = 0;
    for (char *line = text, *stop = text + size; !code && line < stop;) {
        char *end = memchr(line, '\n', (size_t)(stop - line));
        end = end ? end : stop;
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        code = take_line(times, line, ++number, err);
        if (code)
            rog_fail_prefix(err, "%s:%u", path, number);
        line = end + 1;
    }
    if (!code && !times->count)
        code = rog_fail(err, ROG_EFORMAT, "%s has no times", path);
    free(text);
    if (code)
        rog_times_release(times);
    return code;
}
