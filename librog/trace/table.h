/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_TABLE_H
#define ROG_TRACE_TABLE_H

/*
 * Bandwidth recordings of any program that writes a table: a row a moment,
 * fields separated by commas, semicolons, tabs or blanks, with a line of names
 * before the rows or without one. Whoever reads it says which column has the
 * time and which the rate, and in which units.
 *
 * A column is said by its name, or by its number from 1 (":2" where a number
 * could also be a name). A rate holds until the next row. Bytes are those that
 * arrived since the row before; so the first row only says when the count
 * began. Rows of the same time are one: their rates' mean, their bytes' sum.
 * Rows may stand in any order; their times tell it.
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
    const char *time, *time_unit; /* NULL: no such column, a row every period_s */
    const char *rate, *rate_unit;
    double period_s; /* 0: there is a column of time */
};

/* What was to be done about rows. */
struct rog_trace_row_counts {
    uint32_t merged; /* had the time of the row before; of tables */
    uint32_t sorted; /* stood behind one of a later time */
};

/* Reads the rows; errors are ROG_EFORMAT of the line lines->number, or
 * ROG_EINVAL for columns and units that are not said or not there. *end_s is
 * where the trace ends, 0: the last value holds for as long as the one before
 * it. */
int rog_trace_table_read(struct rog_trace_builder *builder, struct rog_text_lines *lines,
                         const struct rog_trace_columns *columns, double *end_s,
                         struct rog_trace_row_counts *counts, struct rog_error *err);

#endif
