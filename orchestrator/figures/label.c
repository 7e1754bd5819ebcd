/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes, cuts and pads texts for pictures, tables and file names. */
#include <orchestrator/figures/label.h>

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/figures/utf8.h>

/* What a text may hold for each of its columns: marks that take none could go on for ever. */
#define COLUMN_MAX_BYTES 8

/* Control characters, line and paragraph separators, and the marks that turn the direction of
 * writing around for what follows. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

size_t rog_label_fit(const char *text, size_t most)
{
    size_t columns = 0, used = 0, size;
    while ((size = rog_utf8_grapheme(text + used)) > 0) {
        columns += rog_utf8_columns(text + used, size);
        if (columns > most || used + size > most * COLUMN_MAX_BYTES)
            break;
        used += size;
    }
    return used;
}

char *rog_label_clean(const char *text, size_t most)
{
    /* Each byte becomes three at the most (a damaged one, U+FFFD), and the ellipsis has three. */
    char *clean = malloc(3 * strlen(text) + 4);
    if (!clean)
        return NULL;
    char *out = clean;
    bool space = false;
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        if (is_control(code) || code == ' ') {
            space = out != clean;
            continue;
        }
        if (space)
            *out++ = ' ';
        space = false;
        out = rog_utf8_put(out, code);
    }
    *out = '\0';
    if (clean[rog_label_fit(clean, most)]) {
        out = clean + rog_label_fit(clean, most ? most - 1 : 0);
        while (out != clean && out[-1] == ' ')
            out--;
        *rog_utf8_put(out, 0x2026) = '\0';
    }
    return clean;
}

size_t rog_label_columns(const char *text)
{
    size_t columns = 0, size;
    for (; (size = rog_utf8_grapheme(text)) > 0; text += size)
        columns += rog_utf8_columns(text, size);
    return columns;
}

/* Of a character that takes one column. */
static double narrow_em(uint32_t code)
{
    bool narrow = code < 0x80 && strchr(" .,:;'|!()[]ijltf", (int)code);
    bool broad = code < 0x80 && strchr("mwMW@%", (int)code);
    bool upper = code >= 'A' && code <= 'Z';
    return narrow ? 0.36 : broad ? 0.95 : upper ? 0.70 : 0.61;
}

double rog_label_em(const char *text)
{
    double em = 0;
    size_t size;
    for (; (size = rog_utf8_grapheme(text)) > 0; text += size) {
        const char *first = text;
        size_t columns = rog_utf8_columns(text, size);
        em += columns == 0 ? 0 : columns == 2 ? 1.05 : narrow_em(rog_utf8_take(&first));
    }
    return em;
}

static void quote(FILE *file, const char *text, bool double_percent)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain =
            byte >= 0x80 || isalnum(byte) || (byte && strchr(" ,.:;+-=/()_<>|~?!*&", byte));
        if (plain)
            fputc(byte, file);
        else if (byte == '%')
            fputs(double_percent ? "%%" : "%", file);
        else
            fprintf(file, "\\%03o", byte);
    }
    fputc('"', file);
}

void rog_label_quote(FILE *file, const char *text)
{
    quote(file, text, false);
}

void rog_label_quote_tic(FILE *file, const char *text)
{
    quote(file, text, true);
}

void rog_label_escape_html(FILE *file, const char *text)
{
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        char bytes[5] = {0};
        switch (code) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            rog_utf8_put(bytes, is_control(code) && code != '\n' ? ' ' : code);
            fputs(bytes, file);
        }
    }
}

char *rog_label_stem(const char *text)
{
    char hex[ROG_SHA256_HEX_BYTES];
    size_t size = strlen(text);
    bool changed = size == 0 || size > 100 || text[0] == '.' || text[0] == '-';
    char *stem = malloc((size < 100 ? size : 100) + 16);
    if (!stem)
        return NULL;
    char *out = stem;
    const char *rest = text;
    while (*rest) {
        const char *begin = rest;
        uint32_t code = rog_utf8_take(&rest);
        size_t bytes = (size_t)(rest - begin);
        if ((size_t)(out - stem) + bytes > 100)
            break;
        bool plain = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
                     (code >= 'A' && code <= 'Z') || code == '.' || code == '_' || code == '-' ||
                     (code >= 0xA0 && code != ROG_UTF8_REPLACEMENT && !is_control(code));
        if (out == stem && (code == '.' || code == '-'))
            plain = false;
        if (plain) {
            memcpy(out, begin, bytes);
            out += bytes;
        } else {
            *out++ = '_';
            changed = true;
        }
    }
    *out = '\0';
    if (changed) {
        rog_sha256(text, size, hex);
        snprintf(out, 16, "-%.8s", hex);
    }
    return stem;
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
