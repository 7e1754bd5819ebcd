/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report's tables in LaTeX. */
#include <orchestrator/report/table.h>

#include <string.h>

#include <orchestrator/text/quote.h>

/* Writes a number with a minus sign instead of a hyphen, or a dash if it is unknown. */
static void write_number(FILE *file, const char *text)
{
    if (strcmp(text, "-") == 0) {
        fputs("--", file);
        return;
    }
    for (const char *rest = text; *rest;) {
        size_t plain = strcspn(rest, "-");
        char part[512];
        snprintf(part, sizeof part, "%.*s", (int)plain, rest);
        rog_quote_latex(file, part);
        rest += plain;
        if (*rest == '-') {
            fputs("$-$", file);
            rest++;
        }
    }
}

static void write_cell(FILE *file, const struct rog_report_cell *cell, bool is_number)
{
    fputs(cell->is_best ? "\\textbf{" : "", file);
    if (is_number || strcmp(cell->text, "-") == 0)
        write_number(file, cell->text);
    else
        rog_quote_latex(file, cell->text);
    fputs(cell->is_best ? "}" : "", file);
}

/* Scales a table that is too wide, if the document uses graphicx. */
#define FIT_MACRO                                                                             \
    "\\providecommand{\\rogfit}[1]{\\sbox0{#1}\\ifdim\\wd0>\\linewidth\\ifdefined\\resizebox" \
    "\\resizebox{\\linewidth}{!}{\\usebox0}\\else\\usebox0\\fi\\else\\usebox0\\fi}"

static void write_table(FILE *file, const struct rog_report_table *table)
{
    if (table->cells == 0) {
        rog_quote_latex(file, table->caption);
        fputs("\n\n", file);
        return;
    }
    fputs("\\begin{table}\n\\centering\n\\footnotesize\n\\caption{", file);
    rog_quote_latex(file, table->caption);
    fprintf(file, "%s}\n\\rogfit{\\begin{tabular}{", table->marks_best ? "; bold: best" : "");
    for (size_t c = 0; c < table->columns; c++)
        fputc(table->column[c].is_number ? 'r' : 'l', file);
    fputs("}\n\\toprule\n", file);
    for (size_t c = 0; c < table->columns; c++) {
        fputs(c ? " & " : "", file);
        rog_quote_latex(file, table->column[c].title);
    }
    fputs(" \\\\\n\\midrule\n", file);
    for (size_t i = 0; i < table->cells; i++) {
        size_t c = i % table->columns;
        fputs(c ? " & " : "", file);
        write_cell(file, &table->cell[i], table->column[c].is_number);
        fputs(c + 1 == table->columns ? " \\\\\n" : "", file);
    }
    fputs("\\bottomrule\n\\end{tabular}}\n\\end{table}\n", file);
}

void rog_report_latex(const struct rog_report_tables *tables, FILE *file)
{
    fputs("% Needs \\usepackage{booktabs}; with \\usepackage{graphicx} wide tables are made to "
          "fit.\n" ROG_QUOTE_LATEX_MACRO "\n" FIT_MACRO "\n",
          file);
    for (size_t i = 0; i < tables->count; i++) {
        fputc('\n', file);
        write_table(file, &tables->table[i]);
    }
    for (size_t i = 0; i < tables->remarks; i++) {
        fputs(i ? "" : "\n", file);
        rog_quote_latex(file, tables->remark[i]);
        fputs("\n\n", file);
    }
}
