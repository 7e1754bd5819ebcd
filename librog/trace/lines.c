/* SPDX-License-Identifier: Apache-2.0 */
/* Finds lines, fields and numbers in text that any program may have written. */
#include <librog/trace/lines.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CUT "..." /* at the end of a field that is too long: so it is no number */
#define QUOTE '"'

static bool begins_with(const char *text, size_t size, const char *mark, size_t length)
{
    return size >= length && memcmp(text, mark, length) == 0;
}

int rog_trace_lines_begin(struct rog_trace_lines *lines, const char *text, size_t size,
                          struct rog_error *err)
{
    *lines = (struct rog_trace_lines){.at = text, .stop = text + size};
    if (begins_with(text, size, "\x1f\x8b", 2) ||
        begins_with(text, size,
                    "\xfd"
                    "7zXZ",
                    5) ||
        begins_with(text, size, "BZh", 3) || begins_with(text, size, "\x28\xb5\x2f\xfd", 4) ||
        begins_with(text, size, "PK\x03\x04", 4))
        return rog_fail(err, ROG_EFORMAT, "is compressed; hint: unpack it first");
    if (begins_with(text, size, "\xff\xfe", 2) || begins_with(text, size, "\xfe\xff", 2))
        return rog_fail(err, ROG_EFORMAT,
                        "is text in UTF-16; hint: iconv -f UTF-16 -t UTF-8 turns it into UTF-8");
    if (begins_with(text, size, "\xef\xbb\xbf", 3))
        lines->at += 3;
    if (size && memchr(text, '\0', size))
        return rog_fail(err, ROG_EFORMAT, "is not text: it contains zero bytes");
    return ROG_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static void trim(const char **begin, const char **end)
{
    while (*begin < *end && is_blank(**begin))
        (*begin)++;
    while (*end > *begin && is_blank((*end)[-1]))
        (*end)--;
}

bool rog_trace_lines_next(struct rog_trace_lines *lines, struct rog_trace_line *line)
{
    while (lines->at < lines->stop) {
        const char *begin = lines->at, *end = begin;
        while (end < lines->stop && *end != '\n' && *end != '\r')
            end++;
        bool pair = end + 1 < lines->stop && end[0] == '\r' && end[1] == '\n';
        lines->at = end + (pair ? 2 : end < lines->stop);
        lines->number++;
        /* A tab at an end stands for an empty field of a row whose fields tabs separate. */
        const char *first = begin, *last = end;
        trim(&first, &last);
        if (first == last || *first == '#' || *first == '%')
            continue;
        *line = (struct rog_trace_line){begin, (size_t)(end - begin), lines->number};
        return true;
    }
    return false;
}

/* The end of the field that begins at `at`: the separator behind it, or the line's end. */
static const char *field_end(const char *at, const char *stop, char separator)
{
    while (at < stop && is_blank(*at) && *at != separator)
        at++;
    if (at < stop && *at == QUOTE) {
        at++;
        while (at < stop && (*at != QUOTE || (at + 1 < stop && at[1] == QUOTE)))
            at += *at == QUOTE ? 2 : 1;
    }
    while (at < stop && (separator == ' ' ? !is_blank(*at) : *at != separator))
        at++;
    return at;
}

/* The beginning of field `index`; NULL: the row has fewer. */
static const char *field_begin(const struct rog_trace_line *line, char separator, size_t index)
{
    const char *at = line->text, *stop = at + line->length;
    if (separator == ' ')
        trim(&at, &stop);
    for (; index > 0; index--) {
        at = field_end(at, stop, separator);
        if (at == stop)
            return NULL;
        at++;
        while (separator == ' ' && at < stop && is_blank(*at))
            at++;
    }
    return at;
}

char rog_trace_line_separator(const struct rog_trace_line *line)
{
    static const char known[] = "\t;,";
    for (const char *separator = known; *separator; separator++)
        if (field_end(line->text, line->text + line->length, *separator) <
            line->text + line->length)
            return *separator;
    return ' ';
}

size_t rog_trace_line_count(const struct rog_trace_line *line, char separator)
{
    const char *at = line->text, *stop = at + line->length;
    if (separator == ' ')
        trim(&at, &stop);
    size_t count = 1;
    while ((at = field_end(at, stop, separator)) < stop) {
        at++;
        while (separator == ' ' && at < stop && is_blank(*at))
            at++;
        count++;
    }
    return count;
}

bool rog_trace_line_field(const struct rog_trace_line *line, char separator, size_t index,
                          char *field, size_t bytes, const char **rest)
{
    const char *stop = line->text + line->length;
    const char *begin = field_begin(line, separator, index);
    field[0] = '\0';
    if (!begin)
        return false;
    const char *end = field_end(begin, stop, separator);
    trim(&begin, &end);
    if (rest)
        *rest = begin;
    bool quoted = end - begin >= 2 && *begin == QUOTE && end[-1] == QUOTE;
    if (quoted) {
        begin++;
        end--;
        trim(&begin, &end);
    }
    size_t length = 0;
    for (; begin < end && length + 1 < bytes; begin++) {
        if (quoted && *begin == QUOTE && begin + 1 < end && begin[1] == QUOTE)
            begin++;
        field[length++] = *begin;
    }
    field[length] = '\0';
    if (begin < end && length >= strlen(CUT))
        memcpy(field + length - strlen(CUT), CUT, strlen(CUT));
    return true;
}

bool rog_trace_number(const char *text, double *number)
{
    size_t length = strlen(text);
    if (!length || strspn(text, "0123456789+-.eE") != length)
        return false;
    char *end = NULL;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

int rog_trace_line_shown(const struct rog_trace_line *line)
{
    return (int)(line->length < ROG_TRACE_LINE_SHOWN ? line->length : ROG_TRACE_LINE_SHOWN);
}
