/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the rows of a recording and adds up their values. */
#include <orchestrator/survey/samples.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/text_lines.h>

#define FIELD_BYTES 64
enum { AT, RANK, UP, DOWN, BYTES, BUSY, FIELDS };

int rog_samples_init(struct rog_samples *samples, size_t workers, struct rog_error *err)
{
    *samples = (struct rog_samples){.workers = workers};
    samples->link = calloc(workers + 1, sizeof *samples->link);
    if (!samples->link)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < workers; i++)
        for (int k = 0; k < ROG_SAMPLES_DIRECTIONS; k++)
            samples->link[i].last[k] = (double)NAN;
    return ROG_OK;
}

void rog_samples_release(struct rog_samples *samples)
{
    free(samples->link);
    *samples = (struct rog_samples){0};
}

/* Reads numbers separated by commas; an empty one is NaN. */
static bool read_row(const struct rog_text_line *line, double value[FIELDS])
{
    const char *at = line->text, *end = line->text + line->length;
    for (int i = 0; i < FIELDS; i++) {
        char field[FIELD_BYTES] = "";
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t size = (size_t)((comma ? comma : end) - at);
        if (size >= sizeof field || (!comma && i + 1 < FIELDS))
            return false;
        memcpy(field, at, size);
        value[i] = (double)NAN;
        if (field[0] && !rog_text_number(field, &value[i]))
            return false;
        at += size + (comma ? 1 : 0);
    }
    return true;
}

static void take_row(struct rog_samples *samples, const double value[FIELDS])
{
    samples->seconds = value[AT];
    if (value[RANK] == 0) {
        samples->ended = true;
        samples->bytes = fmax(samples->bytes, value[BYTES]);
        samples->busy_s = value[BUSY];
        return;
    }
    struct rog_samples_link *link = &samples->link[(size_t)value[RANK] - 1];
    link->looks++;
    link->down += value[UP] == 0 && value[DOWN] == 0;
    for (int k = 0; k < ROG_SAMPLES_DIRECTIONS; k++) {
        double mbps = value[UP + k];
        if (isnan(mbps))
            continue;
        link->last[k] = mbps;
        link->sum[k] += mbps;
        link->told[k]++;
    }
    samples->bytes += value[BYTES];
    samples->busy_s += fmax(value[BUSY], 0);
}

int rog_samples_take(struct rog_samples *samples, const char *text, size_t size,
                     struct rog_error *err)
{
    struct rog_text_lines lines;
    struct rog_text_line line;
    int code = rog_text_lines_begin(&lines, text, size, err);
    while (!code && rog_text_lines_next(&lines, &line)) {
        double value[FIELDS];
        if (strncmp(line.text, "seconds", 7) == 0)
            continue;
        if (!read_row(&line, value) || !(value[AT] >= 0) || !(value[RANK] >= 0) ||
            value[RANK] > (double)samples->workers || value[RANK] != floor(value[RANK]))
            return rog_fail(err, ROG_EFORMAT, "not a row of a recording: \"%.*s\"",
                            (int)(line.length < 60 ? line.length : 60), line.text);
        take_row(samples, value);
    }
    return code;
}

double rog_samples_mean(const struct rog_samples_link *link, int direction)
{
    return link->told[direction] ? link->sum[direction] / (double)link->told[direction]
                                 : (double)NAN;
}
