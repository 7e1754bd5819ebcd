/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_TABLE_H
#define ROG_ORCHESTRATOR_TERMINAL_TABLE_H

/*
 * Aligned tables of texts from any source: cells are made safe for a terminal.
 *
 * In a file, a table is as wide as it needs to be. On a terminal that is too narrow it is folded:
 * texts are wrapped between words, and less important columns are left out and named in a line
 * below the table. If that is not enough, each row becomes a block of lines, or the columns of a
 * table of numbers are printed in several parts.
 */

#include <stdio.h>

#include <common/screen.h>
#include <rog/error.h>

struct rog_table;
/* Columns with the titles, separated by '|'. Marks before a title: '>' aligns the column to the
 * right; '~' allows its texts to be wrapped; '#9' makes it at least 9 columns wide; '?1' to '?9'
 * allow it to be left out, smallest first. NULL without memory, which the other functions
 * accept. */
struct rog_table *rog_table_new(const char *titles);
/* Adds a column, before the first cell; `title` may be any text. */
void rog_table_column(struct rog_table *table, const char *marks, const char *title);

/* Adds a cell; cells are added row by row, from left to right. */
void rog_table_cell(struct rog_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds a number with `digits` after the point, "-" for NaN. */
void rog_table_number(struct rog_table *table, double number, int digits);
/* Sets the colour of the last cell. */
void rog_table_paint(struct rog_table *table, enum rog_paint paint);
/* Adds a line below the row that was just completed; on a terminal it is cut at its width. */
void rog_table_note(struct rog_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a line below the table names the columns that were left out. */
enum rog_table_remark { ROG_TABLE_SILENT, ROG_TABLE_REMARKS };
/* Writes the table for a screen (columns 0: unlimited) and frees it. ROG_ENOMEM if memory ran out
 * before. */
int rog_table_write(struct rog_table *table, const struct rog_screen *screen,
                    enum rog_table_remark remark, FILE *file, struct rog_error *err);
/* Writes it to standard output. */
int rog_table_print(struct rog_table *table, struct rog_error *err);
void rog_table_free(struct rog_table *table);

#endif
