/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_TEXT_LINES_H
#define ROG_COMMON_TEXT_LINES_H

/*
 * The lines of a text that any program may have written, whole in memory: with LF, CRLF or CR at
 * their ends, the last one with or without, a byte order mark before the first. Whoever reads files
 * of users or of other programs reads them here, so that all of them are read alike.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_text_lines {
    const char *at, *stop;
    uint32_t number; /* of the line that was read last, from 1 */
};

struct rog_text_line {
    const char *text; /* borrowed, not terminated, without the line's end */
    size_t length;
    uint32_t number;
    bool ended; /* false: the last one, and its end is missing; maybe it was still being written */
};

/* ROG_EFORMAT where the bytes are no text that can be read: compressed or in UTF-16. */
int rog_text_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                         struct rog_error *err);

/* The next line, empty or not; false after the last. */
bool rog_text_lines_next(struct rog_text_lines *lines, struct rog_text_line *line);

/* Moves the ends of a text inwards over blanks. */
void rog_text_trim(const char **begin, const char **end);

/* The text is one finite decimal number and nothing else. */
bool rog_text_number(const char *text, double *number);

/* The text is one whole number and nothing else, which double holds exactly (2^53 at most). */
bool rog_text_integer(const char *text, int64_t *number);

#endif
