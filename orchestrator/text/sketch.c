/* SPDX-License-Identifier: Apache-2.0 */
/* Draws lines into a grid of dots, and converts the grid to characters. */
#include <orchestrator/text/sketch.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/utf8.h>

#define LEAST_COLUMNS 8 /* least columns of the curve itself */
#define LEAST_ROWS 2
#define LABEL_BYTES 32
#define BRAILLE 0x2800u

static const char *const bars[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                   "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
static const char *const ascii_bars[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
#define BARS (sizeof bars / sizeof *bars)

static void range_of(const double *value, size_t count, double *least, double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        *least = fmin(*least, value[i]);
        *most = fmax(*most, value[i]);
    }
}

/* Returns the step of a value, 0..steps-1; the middle one if all values are equal. */
static size_t step_of(double value, double least, double most, size_t steps)
{
    double share = most > least ? (value - least) / (most - least) : 0.5;
    return (size_t)(share * (double)(steps - 1) + 0.5);
}

void rog_sketch_line(const double *value, size_t count, size_t columns, bool utf8,
                     char text[ROG_SKETCH_LINE_BYTES])
{
    double least, most;
    size_t room = (ROG_SKETCH_LINE_BYTES - 1) / ROG_UTF8_MAX_BYTES, used = 0;
    columns = columns < room ? columns : room;
    columns = columns < count ? columns : count;
    range_of(value, count, &least, &most);
    text[0] = '\0';
    for (size_t c = 0; c < columns; c++) {
        size_t begin = c * count / columns, end = (c + 1) * count / columns;
        double sum = 0;
        for (size_t i = begin; i < end; i++)
            sum += value[i];
        size_t step = step_of(sum / (double)(end - begin), least, most, BARS);
        used += (size_t)snprintf(text + used, ROG_SKETCH_LINE_BYTES - used, "%s",
                                 (utf8 ? bars : ascii_bars)[step]);
    }
}

/* ---- a curve ---- */

struct grid {
    size_t columns, rows; /* size in characters */
    size_t wide, high;    /* dots per character */
    unsigned char *cell;  /* its dots as bits */
};

/* Sets a dot; x counts from the left and y from the bottom. */
static void set_dot(struct grid *grid, size_t x, size_t y)
{
    /* Bits of a braille pattern for its dots, by rows from the top. */
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    size_t down = grid->rows * grid->high - 1 - y;
    unsigned char bit = grid->high == 1 ? 1 : bits[down % grid->high][x % grid->wide];
    grid->cell[down / grid->high * grid->columns + x / grid->wide] |= bit;
}

/* Sets the dots of a line between two dots. */
static void set_line(struct grid *grid, size_t x0, size_t y0, size_t x1, size_t y1)
{
    double dx = (double)x1 - (double)x0, dy = (double)y1 - (double)y0;
    size_t steps = (size_t)fmax(fmax(fabs(dx), fabs(dy)), 1);
    for (size_t i = 0; i <= steps; i++) {
        double share = (double)i / (double)steps;
        set_dot(grid, (size_t)((double)x0 + share * dx + 0.5),
                (size_t)((double)y0 + share * dy + 0.5));
    }
}

static void draw(struct grid *grid, const struct rog_sketch *s)
{
    double x_least, x_most, y_least, y_most;
    range_of(s->x, s->count, &x_least, &x_most);
    range_of(s->y, s->count, &y_least, &y_most);
    size_t x_before = 0, y_before = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t x = step_of(s->x[i], x_least, x_most, grid->columns * grid->wide);
        size_t y = step_of(s->y[i], y_least, y_most, grid->rows * grid->high);
        set_line(grid, i ? x_before : x, i ? y_before : y, x, y);
        x_before = x;
        y_before = y;
    }
}

static void put_row(const struct grid *grid, size_t row, bool utf8, FILE *out)
{
    size_t end = grid->columns;
    const unsigned char *cell = grid->cell + row * grid->columns;
    while (end > 0 && !cell[end - 1])
        end--;
    for (size_t c = 0; c < end; c++) {
        char bytes[ROG_UTF8_MAX_BYTES];
        if (!cell[c] || !utf8)
            fputc(cell[c] ? '*' : ' ', out);
        else
            fwrite(bytes, 1, (size_t)(rog_utf8_put(bytes, BRAILLE + cell[c]) - bytes), out);
    }
    fputc('\n', out);
}

static void put_picture(const struct grid *grid, const struct rog_sketch *s, const char *top,
                        const char *bottom, size_t margin, FILE *out)
{
    for (size_t row = 0; row < grid->rows; row++) {
        bool marked = row == 0 || row + 1 == grid->rows;
        const char *label = row == 0 ? top : marked ? bottom : "";
        const char *axis = !s->utf8 ? (marked ? "+" : "|")
                           : marked ? "\xe2\x94\xa4"
                                    : "\xe2\x94\x82";
        fprintf(out, "%*s %s", (int)margin, label, axis);
        put_row(grid, row, s->utf8, out);
    }
    fprintf(out, "%*s %s", (int)margin, "", s->utf8 ? "\xe2\x94\x94" : "+");
    for (size_t c = 0; c < grid->columns; c++)
        fputs(s->utf8 ? "\xe2\x94\x80" : "-", out);
    char first[LABEL_BYTES], last[LABEL_BYTES];
    snprintf(first, sizeof first, "%.6g", s->x[0]);
    snprintf(last, sizeof last, "%.6g %s", s->x[s->count - 1], s->x_unit);
    if (strlen(first) + 1 + strlen(last) > grid->columns)
        first[0] = '\0';
    if (strlen(last) > grid->columns)
        last[0] = '\0';
    fprintf(out, "\n%*s  %s%*s\n", (int)margin, "", first, (int)(grid->columns - strlen(first)),
            last);
}

char *rog_sketch_curve(const struct rog_sketch *s)
{
    char top[LABEL_BYTES], bottom[LABEL_BYTES];
    double least, most;
    range_of(s->y, s->count, &least, &most);
    snprintf(top, sizeof top, "%.*f", s->digits, most);
    snprintf(bottom, sizeof bottom, "%.*f", s->digits, least);
    size_t margin = strlen(top) > strlen(bottom) ? strlen(top) : strlen(bottom);
    if (s->count < 2 || s->columns < margin + 2 + LEAST_COLUMNS || s->rows < LEAST_ROWS + 2)
        return rog_strdup("");
    struct grid grid = {.columns = s->columns - margin - 2,
                        .rows = s->rows - 2,
                        .wide = s->utf8 ? 2 : 1,
                        .high = s->utf8 ? 4 : 1};
    char *text = NULL;
    size_t bytes = 0;
    grid.cell = calloc(grid.columns * grid.rows, sizeof *grid.cell);
    FILE *out = grid.cell ? open_memstream(&text, &bytes) : NULL;
    if (out) {
        draw(&grid, s);
        put_picture(&grid, s, top, bottom, margin, out);
        if (fclose(out) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(grid.cell);
    return text;
}
