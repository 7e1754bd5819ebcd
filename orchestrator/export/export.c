/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/export/export.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <orchestrator/figures/label.h>
#include <orchestrator/store/summary.h>

/* A table, its columns with their kinds (s text, i whole number, d number, j JSON), and the order
 * of its rows. */
static const struct table {
    const char *name, *columns, *kinds, *order;
} tables[] = {
    {"runs",
     "id,library,threshold,control,batchsize,epochs,note,seed,workload,cluster,status,attempt,"
     "started_at,ended_at,error,config,config_hash,versions",
     "ssisiisisssisssjsj", "rowid"},
    {"workers", "run_id,rank,host,facts", "sisj", "rank"},
    {"checkpoints", "run_id,t,iteration,path,sha256,accuracy,tested_at", "sdissds", "t"},
    {"iterations",
     "run_id,rank,iteration,t,compute_s,push_s,pull_s,stall_s,rows_pushed,rows_pulled,rows_total,"
     "bytes_pushed,bytes_pulled,loss,staleness",
     "siidddddiiiiidi", "rank, iteration"},
    {"bandwidth", "run_id,rank,t,mbps", "sidd", "rank, t"},
    {"energy", "run_id,rank,t,joules,source", "sidds", "rank, t"},
    {"events", "run_id,rank,t,kind,data", "sidsj", "t, rowid"},
};
#define TABLES (sizeof tables / sizeof *tables)

/* The rows of a table that belong to a run. */
static int open_rows(struct rog_db *db, const struct table *table, const char *run_id,
                     struct rog_query **query, struct rog_error *err)
{
    char *sql =
        rog_format("SELECT %s FROM %s WHERE %s = ? ORDER BY %s", table->columns, table->name,
                   strcmp(table->name, "runs") == 0 ? "id" : "run_id", table->order);
    if (!sql)
        return rog_fail_nomem(err);
    int code = rog_query_new(query, db, err, sql, "s", run_id);
    free(sql);
    return code;
}

/* As short as it can be and still the same number when it is read again. */
static void write_real(FILE *file, double number)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    fputs(text, file);
}

static void write_csv_text(FILE *file, const char *text)
{
    bool plain = !strpbrk(text, "\",\r\n") && text[0] != '\0';
    if (plain) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static void write_csv_row(FILE *file, const struct table *table, const struct rog_query *query)
{
    for (int i = 0; table->kinds[i]; i++) {
        if (i > 0)
            fputc(',', file);
        if (rog_query_is_null(query, i))
            continue;
        if (table->kinds[i] == 'i')
            fprintf(file, "%lld", (long long)rog_query_int(query, i));
        else if (table->kinds[i] == 'd')
            write_real(file, rog_query_real(query, i));
        else
            write_csv_text(file, rog_query_text(query, i));
    }
    fputs("\r\n", file);
}

static int open_file(const struct rog_export_options *options, const char *case_name,
                     const char *table, const char *extension, struct rog_file_writer *writer,
                     char **path, struct rog_error *err)
{
    char *stem = rog_label_stem(case_name);
    *path = stem ? rog_format("%s/%s%s%s.%s", options->folder, stem, table[0] ? "-" : "", table,
                              extension)
                 : NULL;
    free(stem);
    return *path ? rog_file_writer_open(writer, *path, err) : rog_fail_nomem(err);
}

/* Puts the file in place, or removes it after an error. */
static int close_file(const struct rog_export_options *options, struct rog_file_writer *writer,
                      char *path, int code, struct rog_error *err)
{
    if (code == 0)
        code = rog_file_writer_commit(writer, err);
    if (code == 0 && options->written)
        options->written(options->user, path);
    rog_file_writer_discard(writer);
    free(path);
    return code;
}

static int export_table(struct rog_db *db, const struct table *table, const char *case_name,
                        const struct rog_names *ids, const struct rog_export_options *options,
                        struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    char *path = NULL;
    int code = open_file(options, case_name, table->name, "csv", &writer, &path, err);
    if (code == 0)
        fprintf(writer.file, "%s\r\n", table->columns);
    for (size_t i = 0; i < ids->count && code == 0; i++) {
        struct rog_query *query = NULL;
        code = open_rows(db, table, ids->name[i], &query, err);
        while (code == 0 && (code = rog_query_step(query, err)) == 1) {
            write_csv_row(writer.file, table, query);
            code = 0;
        }
        rog_query_free(query);
    }
    return close_file(options, &writer, path, code, err);
}

int rog_export_csv(struct rog_db *db, const char *case_name,
                   const struct rog_export_options *options, struct rog_error *err)
{
    struct rog_names ids = {0};
    int code = rog_case_runs(db, case_name, &ids, err);
    for (size_t i = 0; i < TABLES && code == 0; i++)
        code = export_table(db, &tables[i], case_name, &ids, options, err);
    rog_names_release(&ids);
    return code;
}

static struct rog_json *json_value(const struct rog_query *query, int column, char kind)
{
    struct rog_json *value = NULL;
    if (rog_query_is_null(query, column))
        return rog_json_new_number((double)NAN); /* null */
    if (kind == 'i')
        return rog_json_new_integer(rog_query_int(query, column));
    if (kind == 'd')
        return rog_json_new_number(rog_query_real(query, column));
    const char *text = rog_query_text(query, column);
    if (kind == 'j' && rog_json_parse(text, strlen(text), "", &value, NULL) == 0)
        return value;
    return rog_json_new_string(text);
}

/* The row as an object; run_id is left out, the run around it says it. */
static struct rog_json *json_row(const struct table *table, const struct rog_query *query)
{
    struct rog_json *object = rog_json_object();
    const char *name = table->columns;
    for (int i = 0; table->kinds[i]; i++) {
        char key[32];
        size_t size = strcspn(name, ",");
        snprintf(key, sizeof key, "%.*s", (int)size, name);
        if (strcmp(key, "run_id") != 0)
            rog_json_put(object, key, json_value(query, i, table->kinds[i]));
        name += size + (name[size] == ',');
    }
    return object;
}

/* Writes a value and frees it. */
static int write_json(FILE *file, struct rog_json *value, struct rog_error *err)
{
    char *text = rog_json_text(value);
    rog_json_free(value);
    if (!text)
        return rog_fail_nomem(err);
    fputs(text, file);
    free(text);
    return 0;
}

/* A run, row by row: a long one would not fit into memory twice. */
static int export_run(struct rog_db *db, const char *id, FILE *file, struct rog_error *err)
{
    int code = 0;
    for (size_t k = 0; k < TABLES && code == 0; k++) {
        struct rog_query *query = NULL;
        size_t rows = 0;
        fprintf(file, "%s\"%s\": [", k ? ",\n" : "{", k ? tables[k].name : "run");
        code = open_rows(db, &tables[k], id, &query, err);
        while (code == 0 && (code = rog_query_step(query, err)) == 1) {
            fputs(rows++ ? ",\n" : "\n", file);
            code = write_json(file, json_row(&tables[k], query), err);
        }
        rog_query_free(query);
        fputs("]", file);
    }
    fputs("}", file);
    return code;
}

int rog_export_json(struct rog_db *db, const char *case_name,
                    const struct rog_export_options *options, struct rog_error *err)
{
    struct rog_names ids = {0};
    struct rog_case_row row = {0};
    struct rog_file_writer writer = {0};
    char *path = NULL;
    int code = rog_case_row_load(db, case_name, &row, err);
    if (code == 0)
        code = rog_case_runs(db, case_name, &ids, err);
    if (code < 0)
        goto out;
    code = open_file(options, case_name, "", "json", &writer, &path, err);
    if (code == 0) {
        struct rog_json *head = rog_json_object();
        rog_json_put_string(head, "name", row.name);
        rog_json_put_string(head, "figure", row.figure);
        rog_json_put_string(head, "created_at", row.created_at);
        rog_json_put_number(head, "target_accuracy", row.target_accuracy);
        fputs("{\"case\": ", writer.file);
        code = write_json(writer.file, head, err);
        fputs(",\n\"runs\": [", writer.file);
    }
    for (size_t i = 0; i < ids.count && code == 0; i++) {
        fputs(i ? ",\n" : "\n", writer.file);
        code = export_run(db, ids.name[i], writer.file, err);
    }
    if (code == 0)
        fputs("]}\n", writer.file);
    code = close_file(options, &writer, path, code, err);
out:
    rog_names_release(&ids);
    rog_case_row_release(&row);
    return code;
}
