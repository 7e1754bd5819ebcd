/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a case's tables as CSV and JSON files. */
#include <orchestrator/export/export.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/text/quote.h>

/* A table, its columns with their types (s text, i integer, d real, j JSON), and the order of its
 * rows. */
struct table {
    const char *name, *columns, *kinds, *order;
};
static const struct table tables[] = {
    {"runs",
     "id,library,threshold,control,batchsize,epochs,note,seed,workload,cluster,status,attempt,"
     "started_at,ended_at,error,config,config_hash,versions",
     "ssisiisisssisssjsj", "rowid"},
    {"inputs", "run_id,setting,path,sha256", "ssss", "setting, path"},
    {"workers", "run_id,rank,host,facts", "sisj", "rank"},
    {"checkpoints", "run_id,t,iteration,path,sha256,accuracy,tested_at", "sdissds", "t"},
    {"iterations", NULL, NULL, "rank, iteration"}, /* columns of iterations.h */
    {"bandwidth", "run_id,rank,t,mbps", "sidd", "rank, t"},
    {"energy", "run_id,rank,t,joules,source", "sidds", "rank, t"},
    {"events", "run_id,rank,t,kind,data", "sidsj", "t, rowid"},
};
#define TABLES (sizeof tables / sizeof *tables)

/* State of an export. */
struct exporting {
    struct rog_db *db;
    const char *case_name;
    struct rog_names ids;
    const struct rog_export_options *options;
    struct table table[TABLES];
    char *columns, *kinds; /* of table `iterations` */
};

static int begin(struct exporting *e, struct rog_error *err)
{
    size_t kinds = 1;
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        kinds++;
    char *columns = rog_iterations_columns("@", ",");
    e->columns = columns ? rog_format("run_id,%s", columns) : NULL;
    free(columns);
    e->kinds = calloc(kinds + 1, 1);
    if (!e->columns || !e->kinds)
        return rog_fail_nomem(err);
    e->kinds[0] = 's';
    for (size_t i = 1; i < kinds; i++)
        e->kinds[i] = rog_iteration_columns[i - 1].type == ROG_COLUMN_INTEGER ? 'i' : 'd';
    for (size_t i = 0; i < TABLES; i++) {
        e->table[i] = tables[i];
        if (!tables[i].columns) {
            e->table[i].columns = e->columns;
            e->table[i].kinds = e->kinds;
        }
    }
    return rog_case_runs(e->db, e->case_name, &e->ids, err);
}

static void end(struct exporting *e)
{
    rog_names_release(&e->ids);
    free(e->kinds);
    free(e->columns);
}

/* Queries the rows of a table that belong to a run. */
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

/* Writes the shortest text that reads back as the same number. */
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
            rog_quote_csv(file, rog_query_text(query, i));
    }
    fputs("\r\n", file);
}

static int open_file(const struct exporting *e, const char *table, const char *extension,
                     struct rog_file_writer *writer, char **path, struct rog_error *err)
{
    char *stem = rog_quote_file_name(e->case_name);
    *path = stem ? rog_format("%s/%s%s%s.%s", e->options->folder, stem, table[0] ? "-" : "", table,
                              extension)
                 : NULL;
    free(stem);
    return *path ? rog_file_writer_open(writer, *path, err) : rog_fail_nomem(err);
}

/* Moves the file into place, or removes it after an error. */
static int close_file(const struct exporting *e, struct rog_file_writer *writer, char *path,
                      int code, struct rog_error *err)
{
    if (code == 0)
        code = rog_file_writer_commit(writer, err);
    if (code == 0 && e->options->written)
        e->options->written(e->options->user, path);
    rog_file_writer_discard(writer);
    free(path);
    return code;
}

static int export_table(const struct exporting *e, const struct table *table, struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    char *path = NULL;
    int code = open_file(e, table->name, "csv", &writer, &path, err);
    if (code == 0)
        fprintf(writer.file, "%s\r\n", table->columns);
    for (size_t i = 0; i < e->ids.count && code == 0; i++) {
        struct rog_query *query = NULL;
        code = open_rows(e->db, table, e->ids.name[i], &query, err);
        while (code == 0 && (code = rog_query_step(query, err)) == 1) {
            write_csv_row(writer.file, table, query);
            code = 0;
        }
        rog_query_free(query);
    }
    return close_file(e, &writer, path, code, err);
}

int rog_export_csv(struct rog_db *db, const char *case_name,
                   const struct rog_export_options *options, struct rog_error *err)
{
    struct exporting e = {.db = db, .case_name = case_name, .options = options};
    size_t written = 0;
    int code = begin(&e, err);
    for (size_t i = 0; i < TABLES && code == 0; i++) {
        if (options->table && strcmp(options->table, e.table[i].name) != 0)
            continue;
        code = export_table(&e, &e.table[i], err);
        written++;
    }
    if (code == 0 && written == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "no table %.60s; there are runs, inputs, workers, checkpoints, iterations, "
                        "bandwidth, energy and events",
                        options->table);
    end(&e);
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

/* Returns the row as an object, without run_id, because the object is inside that of its run. */
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

/* Writes a run row by row: a long run would not fit into memory twice. */
static int export_run(const struct exporting *e, const char *id, FILE *file, struct rog_error *err)
{
    int code = 0;
    for (size_t k = 0; k < TABLES && code == 0; k++) {
        const struct table *table = &e->table[k];
        struct rog_query *query = NULL;
        size_t rows = 0;
        fprintf(file, "%s\"%s\": [", k ? ",\n" : "{", k ? table->name : "run");
        code = open_rows(e->db, table, id, &query, err);
        while (code == 0 && (code = rog_query_step(query, err)) == 1) {
            fputs(rows++ ? ",\n" : "\n", file);
            code = write_json(file, json_row(table, query), err);
        }
        rog_query_free(query);
        fputs("]", file);
    }
    fputs("}", file);
    return code;
}

static int export_case(const struct exporting *e, const struct rog_case_row *row, FILE *file,
                       struct rog_error *err)
{
    struct rog_json *head = rog_json_object();
    rog_json_put_string(head, "name", row->name);
    rog_json_put_string(head, "figure", row->figure);
    rog_json_put_string(head, "created_at", row->created_at);
    rog_json_put_number(head, "target_accuracy", row->target_accuracy);
    rog_json_put_string(head, "contender", row->contender);
    rog_json_put_string(head, "baseline", row->baseline);
    rog_json_put(head, "options", rog_json_copy(row->options));
    fputs("{\"case\": ", file);
    int code = write_json(file, head, err);
    fputs(",\n\"runs\": [", file);
    for (size_t i = 0; i < e->ids.count && code == 0; i++) {
        fputs(i ? ",\n" : "\n", file);
        code = export_run(e, e->ids.name[i], file, err);
    }
    if (code == 0)
        fputs("]}\n", file);
    return code;
}

int rog_export_json(struct rog_db *db, const char *case_name,
                    const struct rog_export_options *options, struct rog_error *err)
{
    struct exporting e = {.db = db, .case_name = case_name, .options = options};
    struct rog_case_row row = {0};
    struct rog_file_writer writer = {0};
    char *path = NULL;
    int code = rog_case_row_load(db, case_name, &row, err);
    if (code == 0)
        code = begin(&e, err);
    if (code == 0) {
        code = open_file(&e, "", "json", &writer, &path, err);
        if (code == 0)
            code = export_case(&e, &row, writer.file, err);
        code = close_file(&e, &writer, path, code, err);
    }
    end(&e);
    rog_case_row_release(&row);
    return code;
}
