/* SPDX-License-Identifier: Apache-2.0 */
/* Cleans, cuts and measures texts for pictures and tables. */
#include <orchestrator/text/label.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/utf8.h>
#include <orchestrator/text/grapheme.h>

/* Most bytes for each column of a text, because marks take no column and could be repeated without
 * end. */
#define COLUMN_MAX_BYTES 8

#define MARKS_MAX 3           /* on one letter: more marks reach into other lines */
#define DOTTED_CIRCLE 0x25CCu /* base of a mark that follows no letter */
#define ELLIPSIS 0x2026u

size_t rog_label_fit(const char *text, size_t most)
{
    size_t columns = 0, used = 0, size;
    while ((size = rog_grapheme_bytes(text + used)) > 0) {
        columns += rog_grapheme_columns(text + used, size);
        if (columns > most || used + size > most * COLUMN_MAX_BYTES)
            break;
        used += size;
    }
    return used;
}

size_t rog_label_break(const char *text, size_t most)
{
    size_t fits = rog_label_fit(text, most);
    if (!text[fits] || text[fits] == ' ')
        return fits ? fits : rog_grapheme_bytes(text);
    for (size_t end = fits; end > 0; end--)
        if (text[end - 1] == ' ')
            return end - 1 ? end - 1 : fits;
    return fits ? fits : rog_grapheme_bytes(text);
}

/* Room for the clean form of each byte of a text, such as "\x1b". */
#define CLEAN_BYTES(text) (4 * strlen(text) + ROG_UTF8_MAX_BYTES)

/* Writes the text on one line, with hidden characters made visible. */
static void show_line(const char *text, char *out)
{
    const char *begin = out;
    bool space = false;
    size_t marks = 0;
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        if (rog_utf8_is_space(code)) {
            space = out != begin;
            continue;
        }
        bool mark = rog_grapheme_is_mark(code);
        bool alone = mark && (out == begin || space);
        marks = mark ? marks + 1 : 0;
        if (marks > MARKS_MAX + 1)
            continue;
        if (space)
            *out++ = ' ';
        space = false;
        if (alone)
            out = rog_utf8_put(out, DOTTED_CIRCLE);
        out = rog_utf8_show(out, marks > MARKS_MAX ? ROG_UTF8_REPLACEMENT : code);
    }
    *out = '\0';
}

char *rog_label_clean(const char *text, size_t most)
{
    char *clean = malloc(CLEAN_BYTES(text));
    if (!clean)
        return NULL;
    show_line(text, clean);
    if (clean[rog_label_fit(clean, most)]) {
        char *out = clean + rog_label_fit(clean, most ? most - 1 : 0);
        while (out != clean && out[-1] == ' ')
            out--;
        *rog_utf8_put(out, ELLIPSIS) = '\0';
    }
    return clean;
}

size_t rog_label_columns(const char *text)
{
    size_t columns = 0, size;
    for (; (size = rog_grapheme_bytes(text)) > 0; text += size)
        columns += rog_grapheme_columns(text, size);
    return columns;
}

/* Returns the width of a one-column character in Arial; for scripts that Arial lacks, a generous
 * estimate. */
static double narrow_em(uint32_t code)
{
    static const struct {
        uint32_t end;
        double em;
    } scripts[] = {{0x80, 0.61}, {0x250, 0.75}, {0x370, 1}, {0x530, 0.85}, {UINT32_MAX, 1}};
    size_t i = 0;
    if (code < 0x80 && strchr(" .,:;'|!()[]ijltf", (int)code))
        return 0.36;
    if (code < 0x80 && strchr("mwMW@%", (int)code))
        return 0.95;
    if (code >= 'A' && code <= 'Z')
        return 0.70;
    while (code >= scripts[i].end)
        i++;
    return scripts[i].em;
}

double rog_label_em(const char *text)
{
    double em = 0;
    size_t size;
    for (; (size = rog_grapheme_bytes(text)) > 0; text += size) {
        const char *first = text;
        size_t columns = rog_grapheme_columns(text, size);
        em += columns == 0 ? 0 : columns == 2 ? 1.05 : narrow_em(rog_utf8_take(&first));
    }
    return em;
}

void rog_label_thousands(double number, char text[ROG_THOUSANDS_BYTES])
{
    char digits[ROG_THOUSANDS_BYTES];
    if (!isfinite(number) || fabs(number) > 1e18) {
        snprintf(text, ROG_THOUSANDS_BYTES, "%g", number);
        return;
    }
    snprintf(digits, sizeof digits, "%.0f", fabs(round(number)));
    size_t count = strlen(digits), at = 0;
    if (round(number) < 0)
        text[at++] = '-';
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}
