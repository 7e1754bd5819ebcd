/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report's tables in Markdown. */
#include <orchestrator/report/table.h>

#include <orchestrator/text/quote.h>

static void write_line(FILE *file, const char *text, const char *after)
{
    rog_quote_markdown(file, text);
    fprintf(file, "%s\n", after);
}

static void write_table(FILE *file, const struct rog_report_table *table)
{
    write_line(file, table->caption, table->marks_best ? "; bold: best\n" : "\n");
    if (table->cells == 0)
        return;
    for (size_t c = 0; c < table->columns; c++) {
        fputs("| ", file);
        rog_quote_markdown(file, table->column[c].title);
        fputc(' ', file);
    }
    fputs("|\n", file);
    for (size_t c = 0; c < table->columns; c++)
        fputs(table->column[c].is_number ? "|---:" : "|---", file);
    fputs("|\n", file);
    for (size_t i = 0; i < table->cells; i++) {
        const struct rog_report_cell *cell = &table->cell[i];
        fputs(cell->is_best ? "| **" : "| ", file);
        rog_quote_markdown(file, cell->text);
        fputs(cell->is_best ? "** " : " ", file);
        fputs((i + 1) % table->columns == 0 ? "|\n" : "", file);
    }
}

void rog_report_markdown(const struct rog_report_tables *tables, FILE *file)
{
    for (size_t i = 0; i < tables->count; i++) {
        fputs(i ? "\n" : "", file);
        write_table(file, &tables->table[i]);
    }
    for (size_t i = 0; i < tables->remarks; i++) {
        fputc('\n', file);
        write_line(file, tables->remark[i], "");
    }
}
