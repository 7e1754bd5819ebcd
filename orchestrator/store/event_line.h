/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_EVENT_LINE_H
#define ROG_STORE_EVENT_LINE_H

/*
 * An event, as a line of a stream has it. A plain line, as librog/events writes it, is read where
 * it stands, which takes a tenth of the time of making a tree of it. Of any other line (blanks,
 * escapes, exponents, too many members) a tree is made (common/json.h), which also refuses what is
 * no JSON. What is read is the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_EVENT_LINE_MEMBERS 24

enum rog_event_value { ROG_VALUE_INTEGER, ROG_VALUE_REAL, ROG_VALUE_TEXT, ROG_VALUE_OTHER };

struct rog_event_member {
    const char *key, *text; /* text: of ROG_VALUE_TEXT; neither ends with a NUL */
    size_t key_length, text_length;
    enum rog_event_value type;
    double number; /* of both types of numbers */
    int64_t integer;
};

struct rog_event_line {
    const char *start; /* borrowed, as are all texts of a plain line */
    size_t size;
    bool plain;       /* member[] is filled, else tree */
    bool same;        /* a plain one: rog_json_text of its tree would be the line itself */
    size_t count, at; /* at: where the member after the last that was found is */
    struct rog_event_member member[ROG_EVENT_LINE_MEMBERS];
    struct rog_json *tree;
    char *json;
};

/* ROG_EFORMAT where it is no JSON. To be released then, too. */
int rog_event_line_read(struct rog_event_line *line, const char *text, size_t size,
                        struct rog_error *err);
void rog_event_line_release(struct rog_event_line *line);

/* The fallback where there is none or it is of another type; rog_event_line_number has integers,
 * too. */
double rog_event_line_number(struct rog_event_line *line, const char *key, double fallback);
int64_t rog_event_line_integer(struct rog_event_line *line, const char *key, int64_t fallback);
bool rog_event_line_is_number(struct rog_event_line *line, const char *key);
/* `length` bytes, without a NUL behind them; NULL where there is none. */
const char *rog_event_line_text(struct rog_event_line *line, const char *key, size_t *length);

/* As rog_json_text has it; the same way. NULL where memory ran out. */
const char *rog_event_line_json(struct rog_event_line *line, size_t *length);
/* NULL where memory ran out, which is noted then (common/ran_out.h). */
const struct rog_json *rog_event_line_tree(struct rog_event_line *line);

#endif
