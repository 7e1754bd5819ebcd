/* SPDX-License-Identifier: Apache-2.0 */
/* Reads sizes, fonts and formats of figures. */
#include <orchestrator/conf/look.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define INCHES_MIN 1.0
#define INCHES_MAX 40.0
#define PT_MIN 4.0
#define PT_MAX 40.0
#define FONT_NAME "Arial"

const struct rog_setting rog_look_settings[] = {ROG_LOOK_SETTINGS, {.name = NULL}};

/* Reads a decimal number within the limits and returns its end; NULL if there is none. */
static const char *take_number(const char *text, double min, double max, double *number)
{
    char *end = NULL;
    if (!strchr("0123456789.", *text))
        return NULL;
    *number = strtod(text, &end);
    bool fits = end != text && *number >= min && *number <= max;
    return fits && !memchr(text, 'x', (size_t)(end - text)) ? end : NULL;
}

static int parse_size(const char *text, struct rog_look *look, struct rog_error *err)
{
    const char *end = take_number(text, INCHES_MIN, INCHES_MAX, &look->width);
    if (end && *end == 'x')
        end = take_number(end + 1, INCHES_MIN, INCHES_MAX, &look->height);
    if (end && !*end)
        return 0;
    return rog_fail(err, ROG_EINVAL,
                    "size must be WIDTHxHEIGHT or WIDTH in inches, each from %g to %g, as 3.5x2.4 "
                    "(found \"%.60s\")",
                    INCHES_MIN, INCHES_MAX, text);
}

/* Returns whether the text is safe as a font's name: it is written in nested quotes of a script, so
 * that it may contain nothing with a special meaning there. */
static bool is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool letter = (byte | 32) >= 'a' && (byte | 32) <= 'z';
        if (!letter && byte < 0x80 && !strchr("0123456789 -_.", byte))
            return false;
    }
    return size > 0 && text[0] != ' ' && text[size - 1] != ' ';
}

static int parse_font(const char *text, struct rog_look *look, struct rog_error *err)
{
    size_t size = strcspn(text, ",");
    const char *end = text + size;
    bool right = is_name(text, size) && size < sizeof look->font;
    if (right && *end) {
        end = take_number(end + 1, PT_MIN, PT_MAX, &look->pt);
        right = end && !*end;
    }
    if (!right)
        return rog_fail(err, ROG_EINVAL,
                        "font must be \"NAME,POINTS\" or NAME, as \"Times New Roman,8\": a name of "
                        "letters, digits, spaces, '-', '_' and '.', and points from %g to %g "
                        "(found \"%.60s\")",
                        PT_MIN, PT_MAX, text);
    snprintf(look->font, sizeof look->font, "%.*s", (int)size, text);
    return 0;
}

int rog_look_parse(const char *size, const char *font, struct rog_look *look, struct rog_error *err)
{
    *look = (struct rog_look){
        .width = ROG_LOOK_WIDTH, .font = FONT_NAME, .pt = ROG_LOOK_PT, .stretch = 1};
    int code = size ? parse_size(size, look, err) : 0;
    return code == 0 && font ? parse_font(font, look, err) : code;
}

static bool is_format(const char *word, size_t size)
{
    for (const char *known = ROG_LOOK_FORMATS;; known++) {
        size_t length = strcspn(known, ",");
        if (length == size && strncmp(known, word, size) == 0)
            return true;
        known += length;
        if (!*known)
            return false;
    }
}

int rog_look_parse_formats(const char *text, char **formats, struct rog_error *err)
{
    const char *at = text ? text : ROG_LOOK_FORMATS;
    char *out = *formats = calloc(strlen(at) + 2, 1);
    if (!out)
        return rog_fail_nomem(err);
    for (;; at++) {
        at += strspn(at, " ");
        size_t size = strcspn(at, ", ");
        if (!is_format(at, size))
            break;
        if (out != *formats)
            *out++ = ' ';
        memcpy(out, at, size);
        out += size;
        at += size;
        at += strspn(at, " ");
        if (!*at)
            return 0;
        if (*at != ',')
            break;
    }
    free(*formats);
    *formats = NULL;
    return rog_fail(
        err, ROG_EINVAL,
        "format must be pdf, svg or png, or several of them with commas (found \"%.60s\")", text);
}

int rog_look_check(const struct rog_json *options, struct rog_error *err)
{
    struct rog_look look;
    char *formats = NULL;
    int code = rog_look_parse(rog_json_get_string(options, "size", NULL),
                              rog_json_get_string(options, "font", NULL), &look, err);
    if (code == 0)
        code = rog_look_parse_formats(rog_json_get_string(options, "format", NULL), &formats, err);
    free(formats);
    return code;
}
