/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_TABLE_H
#define ROG_ORCHESTRATOR_TERMINAL_TABLE_H

/*
 * Aligned tables of texts, which anybody may have written: cells are made harmless for a terminal.
 *
 * In a file a table has the width that it needs. On a terminal that is too narrow it is folded:
 * texts are broken between words, columns that matter less are left out and a line below the table
 * names them, and where that does not help each row becomes a block of lines, or the columns of a
 * table of numbers follow in several parts.
 */

#include <stdio.h>

#include <common/screen.h>
#include <rog/error.h>

struct rog_table;
/* A column for each title, separated by '|'. Marks before a title: '>' aligns the column to the
 * right; '~' allows to break its texts between words; '#9' makes it 9 columns wide at least; '?1'
 * to '?9' allow to leave it out, the smallest first. NULL, which the others take too, when memory
 * ran out. */
struct rog_table *rog_table_new(const char *titles);
/* One more column, before the first cell; `title` may be any text. */
void rog_table_column(struct rog_table *table, const char *marks, const char *title);

/* Cells are added row by row, left to right. */
void rog_table_cell(struct rog_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A number with `digits` after the point, "-" for NaN. */
void rog_table_number(struct rog_table *table, double number, int digits);
/* The color of the last cell. */
void rog_table_paint(struct rog_table *table, enum rog_paint paint);
/* A line below the row that is complete now; on a terminal it is cut at its width. */
void rog_table_note(struct rog_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether the columns that were left out are named. */
enum rog_table_remark { ROG_TABLE_SILENT, ROG_TABLE_REMARKS };
/* Writes it for a screen (columns 0: as wide as need be) and frees it. ROG_ENOMEM when something
 * could not be kept. */
int rog_table_write(struct rog_table *table, const struct rog_screen *screen,
                    enum rog_table_remark remark, FILE *file, struct rog_error *err);
/* To standard output. */
int rog_table_print(struct rog_table *table, struct rog_error *err);
void rog_table_free(struct rog_table *table);

#endif
