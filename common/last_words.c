/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the last line of a log, and where a Python error in it was raised. */
#include <common/last_words.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/utf8.h>

#define PLACE_BYTES 256
#define FILE_MARK "  File \""
#define LIBRARIES "/lib/"
#define LINE_MARK "\", line "

/* Returns the beginning of the last line that is not empty, and its end; both are `text` if there
 * is none. */
static const char *last_line(const char *text, const char **end)
{
    const char *begin = text + strlen(text);
    while (begin > text && strchr(" \t\r\n", begin[-1]))
        begin--;
    *end = begin;
    while (begin > text && begin[-1] != '\n' && begin[-1] != '\r')
        begin--;
    return begin;
}

/* Returns whether a path of that many bytes belongs to an installed library, such as PyTorch. */
static bool is_library(const char *path, size_t length)
{
    for (size_t i = 0; i + strlen(LIBRARIES) <= length; i++)
        if (strncmp(path + i, LIBRARIES, strlen(LIBRARIES)) == 0)
            return true;
    return false;
}

/* Returns the nearest line ` File "..."` above, among indented lines, as in a traceback; one of a
 * library only if there is no other. */
static const char *file_line(const char *text, const char *line)
{
    const char *nearest = NULL;
    while (line > text) {
        const char *above = line - 1;
        while (above > text && above[-1] != '\n')
            above--;
        if (*above != ' ')
            break;
        if (strncmp(above, FILE_MARK, strlen(FILE_MARK)) == 0) {
            const char *file = above + strlen(FILE_MARK);
            if (!is_library(file, (size_t)(line - file)))
                return file;
            nearest = nearest ? nearest : file;
        }
        line = above;
    }
    return nearest;
}

void rog_error_place(const char *text, char *place, size_t bytes)
{
    const char *end, *line = last_line(text, &end), *file = file_line(text, line);
    const char *number = file ? strstr(file, LINE_MARK) : NULL;
    place[0] = '\0';
    if (!number || number > line || memchr(file, '\n', (size_t)(number - file)))
        return;
    for (const char *at = file; at < number; at++)
        if (*at == '/')
            file = at + 1;
    snprintf(place, bytes, " (%.*s, line %d)", (int)(number - file), file,
             atoi(number + strlen(LINE_MARK)));
}

void rog_last_words(const char *text, char *words, size_t bytes)
{
    char place[PLACE_BYTES];
    const char *end, *from = last_line(text, &end);
    char *to = words;
    rog_error_place(text, place, bytes / 2 < sizeof place ? bytes / 2 : sizeof place);
    size_t room = bytes - strlen(place);
    from += strspn(from, " \t");
    while (from < end && (size_t)(to - words) + ROG_UTF8_SHOWN_MAX_BYTES < room) {
        uint32_t code = rog_utf8_take(&from);
        to = code == '\t' ? rog_utf8_put(to, ' ') : rog_utf8_show(to, code);
    }
    snprintf(to, bytes - (size_t)(to - words), "%s", place);
}
