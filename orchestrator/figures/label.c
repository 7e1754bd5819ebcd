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

#define REPLACEMENT 0xFFFDu

/* One character off the front of *text; damaged bytes give U+FFFD, one at a time. */
static uint32_t take(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    for (size_t more = 0; more < sizeof forms / sizeof *forms; more++) {
        if ((p[0] & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t code = p[0] & (unsigned char)~forms[more].mask;
        size_t i = 1;
        while (i <= more && (p[i] & 0xC0) == 0x80)
            code = code << 6 | (p[i++] & 0x3F);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (i <= more || code < forms[more].least || code > 0x10FFFF || surrogate)
            break;
        *text += more + 1;
        return code;
    }
    *text += 1;
    return REPLACEMENT;
}

static char *put(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* Control characters, line and paragraph separators, and the marks that turn the direction of
 * writing around for what follows. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

static bool is_wide(uint32_t code)
{
    return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
           (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
           (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
           (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
}

static bool is_combining(uint32_t code)
{
    return (code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0xFE00 && code <= 0xFE0F);
}

char *rog_label_clean(const char *text, size_t most)
{
    /* Each byte becomes three at the most (a damaged one, U+FFFD), and the ellipsis has three. */
    char *clean = malloc(3 * strlen(text) + 4);
    if (!clean)
        return NULL;
    char *out = clean, *cut = clean;
    size_t count = 0;
    bool space = false;
    while (*text) {
        uint32_t code = take(&text);
        if (is_control(code) || code == ' ') {
            space = out != clean;
            continue;
        }
        size_t next = count + (space ? 2 : 1);
        if (next > most) {
            out = put(cut, 0x2026);
            break;
        }
        if (space)
            out = put(out, ' ');
        out = put(out, code);
        space = false;
        count = next;
        if (count < most)
            cut = out;
    }
    *out = '\0';
    return clean;
}

size_t rog_label_columns(const char *text)
{
    size_t columns = 0;
    while (*text) {
        uint32_t code = take(&text);
        columns += is_combining(code) ? 0 : is_wide(code) ? 2 : 1;
    }
    return columns;
}

double rog_label_em(const char *text)
{
    double em = 0;
    while (*text) {
        uint32_t code = take(&text);
        if (is_combining(code))
            continue;
        bool narrow = code < 0x80 && strchr(" .,:;'|!()[]ijltf", (int)code);
        bool broad = code < 0x80 && strchr("mwMW@%", (int)code);
        bool upper = code >= 'A' && code <= 'Z';
        em += is_wide(code) ? 1.05 : narrow ? 0.36 : broad ? 0.95 : upper ? 0.70 : 0.61;
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
        uint32_t code = take(&text);
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
            put(bytes, is_control(code) && code != '\n' ? ' ' : code);
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
        uint32_t code = take(&rest);
        size_t bytes = (size_t)(rest - begin);
        if ((size_t)(out - stem) + bytes > 100)
            break;
        bool plain = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
                     (code >= 'A' && code <= 'Z') || code == '.' || code == '_' || code == '-' ||
                     (code >= 0xA0 && code != REPLACEMENT && !is_control(code));
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
