/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_LINES_H
#define ROG_TRACE_LINES_H

/*
 * A text file of rows as other programs write them: lines of any system (common/text_lines.h),
 * empty lines and comment lines ('#' or '%' first) between them, blanks around the fields of a row,
 * quotes around a field.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/text_lines.h>
#include <rog/error.h>

/* ROG_EFORMAT where the bytes are no text that can be read: compressed, in UTF-16, binary. */
int rog_trace_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                          struct rog_error *err);

/* The next line that is neither empty nor a comment; false after the last. */
bool rog_trace_lines_next(struct rog_text_lines *lines, struct rog_text_line *line);

/* What stands between the fields of rows like this one: a tab, ';', ',' or ' ' for any blanks. */
char rog_trace_line_separator(const struct rog_text_line *line);

/* How many fields a row has. */
size_t rog_trace_line_count(const struct rog_text_line *line, char separator);

/* Field `index` (from 0) without blanks and quotes, cut to bytes - 1; false: there is none. Where
 * `rest` is not NULL it gets the place at which the field begins. */
bool rog_trace_line_field(const struct rog_text_line *line, char separator, size_t index,
                          char *field, size_t bytes, const char **rest);

#define ROG_TRACE_LINE_SHOWN 60 /* characters of a line that a message shows */

/* For "%.*s" in messages: how much of a line to show. */
int rog_trace_line_shown(const struct rog_text_line *line);

#endif
