/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_TABLE_H
#define ROG_REPORT_TABLE_H

/*
 * The report's tables as text, cell by cell, so that all formats of a report contain the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orchestrator/report/report.h>

struct rog_report_cell {
    char *text;   /* UTF-8; "-" if unknown */
    bool is_best; /* best of its column */
};

struct rog_report_column {
    char *title;
    bool is_number;
};

struct rog_report_table {
    char *caption; /* one line */
    bool marks_best;
    struct rog_report_column *column;
    size_t columns;
    struct rog_report_cell *cell; /* row by row; NULL: the caption contains everything */
    size_t cells;
};

#define ROG_REPORT_TABLES_MAX 6

struct rog_report_tables {
    struct rog_report_table table[ROG_REPORT_TABLES_MAX];
    size_t count;
    char **remark; /* what a reader must know in addition, one line each */
    size_t remarks;
};

/* Makes the tables: series; single runs if some are repeats or not finished; gains; tests of gains.
 * Columns of measures that no series has are left out, and so are tables without rows. */
int rog_report_tables_make(const struct rog_report *report, struct rog_report_tables *tables,
                           struct rog_error *err);
void rog_report_tables_release(struct rog_report_tables *tables);

/* In LaTeX, for a document that uses the package booktabs; in Markdown as on GitHub. */
void rog_report_latex(const struct rog_report_tables *tables, FILE *file);
void rog_report_markdown(const struct rog_report_tables *tables, FILE *file);

/* The whole report as one HTML page without outside references, with figures, configuration,
 * versions and host facts. Errors of drawing: see figures.h. */
int rog_report_html(const struct rog_report *report, struct rog_db *db, FILE *page,
                    struct rog_error *err);

#endif
