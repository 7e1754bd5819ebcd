/* SPDX-License-Identifier: Apache-2.0 */
/* Finds rows and their fields in text that any program may have written. */
#include <librog/trace/lines.h>

#include <string.h>

#define CUT "..." /* at the end of a truncated field, so that it is not a number */
#define QUOTE '"'

int rog_trace_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                          struct rog_error *err)
{
    int code = rog_text_lines_begin(lines, text, size, err);
    if (!code && size && memchr(text, '\0', size))
        code = rog_fail(err, ROG_EFORMAT, "is not text: it contains zero bytes");
    return code;
}

bool rog_trace_lines_next(struct rog_text_lines *lines, struct rog_text_line *line)
{
    while (rog_text_lines_next(lines, line)) {
        /* With tabs as separators, a tab at the end means an empty field. */
        const char *first = line->text, *last = first + line->length;
        rog_text_trim(&first, &last);
        if (first < last && *first != '#' && *first != '%')
            return true;
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

/* Returns the end of the field that begins at `at`: the separator after it, or the line's end. */
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

/* Returns the beginning of field `index`; NULL if the row has fewer. */
static const char *field_begin(const struct rog_text_line *line, char separator, size_t index)
{
    const char *at = line->text, *stop = at + line->length;
    if (separator == ' ')
        rog_text_trim(&at, &stop);
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

char rog_trace_line_separator(const struct rog_text_line *line)
{
    static const char known[] = "\t;,";
    for (const char *separator = known; *separator; separator++)
        if (field_end(line->text, line->text + line->length, *separator) <
            line->text + line->length)
            return *separator;
    return ' ';
}

size_t rog_trace_line_count(const struct rog_text_line *line, char separator)
{
    const char *at = line->text, *stop = at + line->length;
    if (separator == ' ')
        rog_text_trim(&at, &stop);
    size_t count = 1;
    while ((at = field_end(at, stop, separator)) < stop) {
        at++;
        while (separator == ' ' && at < stop && is_blank(*at))
            at++;
        count++;
    }
    return count;
}

bool rog_trace_line_field(const struct rog_text_line *line, char separator, size_t index,
                          char *field, size_t bytes, const char **rest)
{
    const char *stop = line->text + line->length;
    const char *begin = field_begin(line, separator, index);
    field[0] = '\0';
    if (!begin)
        return false;
    const char *end = field_end(begin, stop, separator);
    rog_text_trim(&begin, &end);
    if (rest)
        *rest = begin;
    bool quoted = end - begin >= 2 && *begin == QUOTE && end[-1] == QUOTE;
    if (quoted) {
        begin++;
        end--;
        rog_text_trim(&begin, &end);
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

int rog_trace_line_shown(const struct rog_text_line *line)
{
    return (int)(line->length < ROG_TRACE_LINE_SHOWN ? line->length : ROG_TRACE_LINE_SHOWN);
}
