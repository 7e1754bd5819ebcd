/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TEXT_LINES_H
#define ROG_COMMON_TEXT_LINES_H

/*
 * The lines of a text from any program, in memory: with LF, CRLF or CR, the last one with or
 * without a line end, and with an optional byte order mark. All files of users and of other
 * programs are read with this, so that all are treated alike.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_text_lines {
    const char *at, *stop;
    uint32_t number; /* number of the last line read, from 1 */
};

struct rog_text_line {
    const char *text; /* borrowed, not terminated, without the line's end */
    size_t length;
    uint32_t number;
    bool ended; /* false: the last line, without a line end; it may still be incomplete */
};

/* ROG_EFORMAT: the bytes are not readable text: compressed or in UTF-16. */
int rog_text_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                         struct rog_error *err);

/* Sets *line to the next line, empty or not; returns false after the last. */
bool rog_text_lines_next(struct rog_text_lines *lines, struct rog_text_line *line);

/* Trims blanks at both ends of a text. */
void rog_text_trim(const char **begin, const char **end);

/* Returns whether the text is one finite decimal number and nothing else. */
bool rog_text_number(const char *text, double *number);

/* Returns whether the text is one integer and nothing else, of at most 2^53, so that a double holds
 * it exactly. */
bool rog_text_integer(const char *text, int64_t *number);

#endif
