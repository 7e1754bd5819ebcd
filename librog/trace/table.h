/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_TABLE_H
#define ROG_TRACE_TABLE_H

/*
 * Bandwidth recordings of any program that writes a table: one row per time, fields separated by
 * commas, semicolons, tabs or blanks, with or without a line of names before the rows. The caller
 * names the columns of the time and of the rate, and their units.
 *
 * A column is given by its name, or by its number from 1 (":2" if a number could also be a name). A
 * rate holds until the next row. Bytes are those that arrived since the previous row, so the first
 * row only marks when counting began. Rows of the same time are merged: their rates are averaged,
 * their bytes added. Rows may be in any order; they are sorted by time.
 */

#include <stdint.h>

#include <librog/trace/lines.h>
#include <librog/trace/trace.h>
#include <rog/error.h>

#define ROG_TRACE_TIME_UNITS "s|ms|us|ns|date"
#define ROG_TRACE_RATE_UNITS                                                 \
    "bit/s|kbit/s|Mbit/s|Gbit/s|bytes/s|kbytes/s|Mbytes/s|bytes" /* k, M, G: \
                                                                    thousands */

struct rog_trace_columns {
    const char *time, *time_unit; /* NULL: no such column, one row every period_s */
    const char *rate, *rate_unit;
    double period_s; /* 0: there is a column for the time */
};

/* Numbers of rows that needed treatment. */
struct rog_trace_row_counts {
    uint32_t merged; /* had the time of the previous row; only in tables */
    uint32_t sorted; /* came after a row of a later time */
};

/* Reads the rows. Errors are ROG_EFORMAT and refer to line lines->number, or ROG_EINVAL for columns
 * and units that are missing or unknown. *end_s is the end of the trace; 0: the last value holds
 * for as long as the previous one. */
int rog_trace_table_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         const struct rog_trace_columns *columns, double *end_s,
                         struct rog_trace_row_counts *counts, struct rog_error *err);

#endif
