/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_EVENT_LINE_H
#define ROG_STORE_EVENT_LINE_H

/*
 * Reads an event from a line of a stream. A plain line, as librog/events writes it, is read in
 * place, in a tenth of the time that building a tree takes. For any other line (spaces, escapes,
 * exponents, too many members) a tree is built (common/json.h), which also rejects invalid JSON.
 * Both ways give the same values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

#define ROG_EVENT_LINE_MEMBERS 24

enum rog_event_value { ROG_VALUE_INTEGER, ROG_VALUE_REAL, ROG_VALUE_TEXT, ROG_VALUE_OTHER };

struct rog_event_member {
    const char *key, *text; /* text: for ROG_VALUE_TEXT; neither ends with a NUL */
    size_t key_length, text_length;
    enum rog_event_value type;
    double number; /* for both types of numbers */
    int64_t integer;
};

struct rog_event_line {
    const char *start; /* borrowed, as are all texts of a plain line */
    size_t size;
    bool plain;       /* member[] is used, else tree */
    bool same;        /* plain, and rog_json_text of its tree would return the same line */
    size_t count, at; /* at: index after the member that was found last */
    struct rog_event_member member[ROG_EVENT_LINE_MEMBERS];
    struct rog_json *tree;
    char *json;
};

/* Returns ROG_EFORMAT if the line is not JSON. The caller releases the line even then. */
int rog_event_line_read(struct rog_event_line *line, const char *text, size_t size,
                        struct rog_error *err);
void rog_event_line_release(struct rog_event_line *line);

/* Return the fallback if the member is missing or of another type. rog_event_line_number also
 * accepts integers. */
double rog_event_line_number(struct rog_event_line *line, const char *key, double fallback);
int64_t rog_event_line_integer(struct rog_event_line *line, const char *key, int64_t fallback);
bool rog_event_line_is_number(struct rog_event_line *line, const char *key);
/* Returns a text of `length` bytes that does not end with a NUL; NULL if there is none. */
const char *rog_event_line_text(struct rog_event_line *line, const char *key, size_t *length);

/* Returns the line as rog_json_text would write it, also without a NUL. NULL if memory ran out. */
const char *rog_event_line_json(struct rog_event_line *line, size_t *length);
/* Returns NULL if memory ran out, which is then recorded (common/ran_out.h). */
const struct rog_json *rog_event_line_tree(struct rog_event_line *line);

#endif
