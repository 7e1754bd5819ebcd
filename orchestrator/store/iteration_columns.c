/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the SQL of the table of iterations from the table of its columns. */
#include <orchestrator/store/iteration_columns.h>

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *start;
    size_t size;
    FILE *file;
};

static bool open_text(struct text *text)
{
    *text = (struct text){NULL, 0, NULL};
    text->file = open_memstream(&text->start, &text->size);
    return text->file;
}

static char *close_text(struct text *text)
{
    if (fclose(text->file) == 0)
        return text->start;
    free(text->start);
    return NULL;
}

char *rog_iterations_columns(const char *pattern, const char *separator)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        fputs(c == rog_iteration_columns ? "" : separator, text.file);
        for (const char *at = pattern; *at; at++) {
            if (*at == '@')
                fputs(c->name, text.file);
            else
                fputc(*at, text.file);
        }
    }
    return close_text(&text);
}

/* Writes a column definition such as "stall_s REAL". */
static void define(FILE *file, const struct rog_iteration_column *column)
{
    fprintf(file, "%s %s%s", column->name, column->type == ROG_COLUMN_INTEGER ? "INTEGER" : "REAL",
            column->required ? " NOT NULL" : "");
}

char *rog_iterations_create(const struct rog_iteration_column *columns)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    fputs("CREATE TABLE iterations(run_id TEXT NOT NULL\n"
          "    REFERENCES runs(id) ON DELETE CASCADE ON UPDATE CASCADE,\n",
          text.file);
    for (const struct rog_iteration_column *c = columns; c->name; c++) {
        if (c->since > 1)
            continue;
        fputs("    ", text.file);
        define(text.file, c);
        fputs(",\n", text.file);
    }
    fputs("    PRIMARY KEY(run_id, rank, iteration)) WITHOUT ROWID;\n", text.file);
    return close_text(&text);
}

char *rog_iterations_extend(const struct rog_iteration_column *columns, int version)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    for (const struct rog_iteration_column *c = columns; c->name; c++) {
        if (c->since < 2 || c->since != version)
            continue;
        assert(!c->required); /* existing rows have no value for it */
        fputs("ALTER TABLE iterations ADD COLUMN ", text.file);
        define(text.file, c);
        fputs(";\n", text.file);
    }
    return close_text(&text);
}

char *rog_iterations_view(const struct rog_iteration_column *columns, int version)
{
    struct text text;
    if (!open_text(&text))
        return NULL;
    if (version < rog_iterations_version(columns)) {
        fputs("CREATE TEMP VIEW iterations AS SELECT *", text.file);
        for (const struct rog_iteration_column *c = columns; c->name; c++)
            if (c->since > version)
                fprintf(text.file, ", NULL AS %s", c->name);
        fputs(" FROM main.iterations;\n", text.file);
    }
    return close_text(&text);
}

int rog_iterations_version(const struct rog_iteration_column *columns)
{
    int latest = 1;
    for (const struct rog_iteration_column *c = columns; c->name; c++)
        latest = c->since > latest ? c->since : latest;
    return latest;
}
