/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_LINES_H
#define ROG_TRACE_LINES_H

/*
 * A text file of rows as other programs write them: lines with any line ending
 * (common/text_lines.h), empty lines and comment lines (which begin with '#' or '%') between them,
 * blanks around the fields of a row, quotes around a field.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/text_lines.h>
#include <rog/error.h>

/* ROG_EFORMAT: the bytes are not readable text: compressed, UTF-16 or binary. */
int rog_trace_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                          struct rog_error *err);

/* Sets *line to the next line that is neither empty nor a comment; returns false after the last. */
bool rog_trace_lines_next(struct rog_text_lines *lines, struct rog_text_line *line);

/* Returns the separator of the fields of such a row: a tab, ';', ',' or ' ' for any blanks. */
char rog_trace_line_separator(const struct rog_text_line *line);

/* Returns the number of fields of a row. */
size_t rog_trace_line_count(const struct rog_text_line *line, char separator);

/* Copies field `index` (from 0) without blanks and quotes, truncated to bytes - 1; returns false if
 * it does not exist. If `rest` is not NULL, it is set to the beginning of the field in the line. */
bool rog_trace_line_field(const struct rog_text_line *line, char separator, size_t index,
                          char *field, size_t bytes, const char **rest);

#define ROG_TRACE_LINE_SHOWN 60 /* characters of a line that a message shows */

/* Returns how many characters of a line to show, for "%.*s" in messages. */
int rog_trace_line_shown(const struct rog_text_line *line);

#endif
