/* SPDX-License-Identifier: Apache-2.0 */
/* Imports runs and cases of the artifact that are not in the database yet. */
#include <orchestrator/import/import.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/import/account.h>
#include <orchestrator/import/artifact.h>
#include <orchestrator/import/import_run.h>
#include <orchestrator/import/logfile.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/imported.h>

struct import {
    struct rog_db *db;
    const struct rog_import_options *options;
    struct rog_json *imported, *present, *cases, *notes, *files, *records;
};

static void tell(const struct import *import, bool detail, const char *text)
{
    if (import->options->log)
        import->options->log(import->options->user, detail, text);
}

static void log_line(const struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void log_line(const struct import *import, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell(import, false, text);
}

static bool has_file(const char *folder, const char *name)
{
    char *path = rog_path_join(folder, name);
    bool there = path && rog_file_exists(path);
    free(path);
    return there;
}

static void log_account(const struct import *import, const char *of, const struct rog_json *account)
{
    char *text = rog_account_text(account);
    char *line = text ? rog_format("%s%s%s", of, of[0] ? "/" : "", text) : NULL;
    if (line)
        tell(import, !rog_account_is_notable(account), line);
    free(line);
    free(text);
}

/* Logs what was imported, in a line. */
static void log_run(const struct import *import, const struct rog_artifact *run)
{
    int64_t iterations = 0, without = 0;
    for (int64_t i = 0; i < run->workers; i++) {
        iterations += (int64_t)run->worker[i].count;
        without += !run->worker[i].has_log;
    }
    char *missing = without ? rog_format(", %lld without a log", (long long)without) : NULL;
    log_line(import, "%s: %lld worker%s%s, %lld iterations, %zu checkpoints", run->id,
             (long long)run->workers, run->workers == 1 ? "" : "s", missing ? missing : "",
             (long long)iterations, run->checkpoints);
    free(missing);
}

static int say_present(const struct import *import, const char *id, struct rog_error *err)
{
    struct rog_json *imported = NULL;
    int code = rog_imported_load(import->db, id, &imported, err);
    if (code == 0)
        log_line(import, "%s is already recorded%s", id,
                 rog_json_get(imported, "files")
                     ? ""
                     : ", by an earlier rogctl, which may have lost rows; hint: import it into a "
                       "new database");
    rog_json_free(imported);
    return code;
}

static int take_run(struct import *import, const char *folder, struct rog_error *err)
{
    struct rog_artifact run;
    int code = rog_artifact_read(&run, folder, err);
    if (code < 0)
        return code;
    code = rog_imported_find(import->db, run.id, err);
    if (code == 1) {
        rog_json_append(import->present, rog_json_new_string(run.id));
        code = say_present(import, run.id, err);
        goto out;
    }
    if (code == 0)
        code = rog_db_begin(import->db, err);
    if (code < 0)
        goto out;
    code = rog_import_run(import->db, &run, err);
    if (code == 0)
        code = rog_db_commit(import->db, err);
    rog_db_rollback(import->db);
    if (code < 0)
        goto out;
    rog_json_append(import->imported, rog_json_new_string(run.id));
    rog_json_put(import->notes, run.id, rog_json_copy(run.notes));
    rog_json_put(import->files, run.id, rog_json_copy(run.files));
    log_run(import, &run);
    for (size_t i = 0; i < rog_json_size(run.notes); i++)
        log_line(import, "%s: %s", run.id, rog_json_string(rog_json_at(run.notes, i), ""));
    for (size_t i = 0; i < rog_json_size(run.files); i++)
        log_account(import, run.id, rog_json_at(run.files, i));
out:
    rog_artifact_release(&run);
    return code;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Imports every folder that contains a config. */
static int take_runs(struct import *import, const char *results, struct rog_error *err)
{
    struct dirent **entry = NULL;
    int count = scandir(results, &entry, NULL, by_name), code = 0;
    for (int i = 0; i < count; i++) {
        char *folder = entry[i]->d_name[0] != '.' && code == 0
                           ? rog_path_join(results, entry[i]->d_name)
                           : NULL;
        if (folder && has_file(folder, "config"))
            code = take_run(import, folder, err);
        else if (folder && has_file(folder, "log"))
            log_line(import, "%s is not imported: its config is missing", folder);
        free(folder);
        free(entry[i]);
    }
    free(entry);
    return code;
}

#define PUBLISHED_CONTENDER "ROG" /* the contender of the artifact's cases */

/* Returns the published figure for the beginning of a case's name. */
static const char *figure_of(const char *case_name)
{
    static const struct {
        const char *begins, *figure;
    } rows[] = {{"outdoors", "1"}, {"indoors", "6"}, {"batchsize", "9"}, {"threshold", "10"}};
    const char *rest;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rog_log_begins(case_name, rows[i].begins, &rest))
            return rows[i].figure;
    return NULL;
}

static void name_case(struct import *import, const char *case_name)
{
    size_t count = rog_json_size(import->cases);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rog_json_string(rog_json_at(import->cases, i), ""), case_name) == 0)
            return;
    rog_json_append(import->cases, rog_json_new_string(case_name));
}

/* Creates the case if it does not exist, and adds the runs of the list. */
static int fill_case(struct import *import, const char *case_name, const struct rog_json *ids,
                     struct rog_error *err)
{
    if (rog_json_size(ids) == 0)
        return 0;
    name_case(import, case_name);
    int code = rog_case_make(import->db, case_name, figure_of(case_name), PUBLISHED_CONTENDER, err);
    return code < 0 ? code : rog_case_append_runs(import->db, case_name, ids, err);
}

/* A case of experiment_records.txt and the runs listed under it. */
struct section {
    char *case_name;
    struct rog_json *ids;
};

/* Fills the case and begins the next one, named by the text after '#' (NULL: no more). */
static int end_section(struct import *import, struct section *section, const char *next,
                       struct rog_error *err)
{
    int code = fill_case(import, section->case_name, section->ids, err);
    free(section->case_name);
    rog_json_free(section->ids);
    *section = (struct section){next ? rog_strdup(next) : NULL, rog_json_array()};
    return code == 0 && next && !section->case_name ? rog_fail_nomem(err) : code;
}

/* Reads a row. Returns NULL if it was accepted, otherwise the reason. */
static const char *take_record(struct import *import, const char *path, const char *row,
                               struct section *section, int *code, struct rog_error *err)
{
    if (row[0] == '#') {
        *code = end_section(import, section, row + 1, err);
        return row[1] ? NULL : "a case without a name";
    }
    int recorded = rog_imported_find(import->db, row, err);
    *code = recorded < 0 ? recorded : 0;
    if (recorded == 0)
        log_line(import, "%s names the run %.200s, which does not exist", path, row);
    if (recorded != 1)
        return "a run that does not exist";
    if (!section->case_name || !*section->case_name)
        return "a run before any case";
    rog_json_append(section->ids, rog_json_new_string(row));
    return NULL;
}

/* Reads experiment_records.txt: "#outdoors-case0" and the runs under it, and so on. */
static int take_records(struct import *import, const char *path, struct rog_error *err)
{
    struct rog_log log;
    struct rog_account account = {.file = "experiment_records.txt", .row = "rows"};
    struct section section = {NULL, rog_json_array()};
    int code = rog_log_open(&log, path, err);
    if (code == ROG_ENOTFOUND) {
        log_line(import, "%s is missing: the runs belong to no case", path);
        code = 0;
        goto out;
    }
    if (code == ROG_EFORMAT)
        rog_fail_prefix(err, "%s", path);
    while (code == 0 && rog_log_next(&log)) {
        const char *begin = log.line, *end = begin + log.length;
        account.lines = log.number;
        rog_text_trim(&begin, &end);
        log.line[end - log.line] = '\0';
        if (begin == end)
            continue;
        account.rows++;
        account.unended = !log.ended;
        const char *refused = take_record(import, path, begin, &section, &code, err);
        rog_account_settle(&account, refused, log.number);
    }
    rog_log_close(&log);
    if (code == 0)
        code = end_section(import, &section, NULL, err);
    if (code == 0) {
        import->records = rog_account_json(&account);
        log_account(import, "", import->records);
    }
out:
    free(section.case_name);
    rog_json_free(section.ids);
    return code;
}

/* Adds all runs that were found to one case. */
static int take_case(struct import *import, const char *case_name, struct rog_error *err)
{
    int code = fill_case(import, case_name, import->imported, err);
    return code < 0 ? code : fill_case(import, case_name, import->present, err);
}

/* Returns the path of experiment_records.txt: in the folder that contains `result`. */
static char *records_path(const char *folder, bool whole)
{
    static const char name[] = "experiment_records.txt";
    size_t end = strlen(folder), begin;
    while (end > 1 && folder[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && folder[begin - 1] != '/';)
        begin--;
    bool current = end == 1 && folder[0] == '.';
    bool plain = end > begin && folder[end - 1] != '.';
    if (whole)
        return current ? rog_strdup(name) : rog_format("%.*s/%s", (int)end, folder, name);
    if (plain)
        return rog_format("%.*s%s", (int)begin, folder, name);
    return current ? rog_format("../%s", name) : rog_format("%.*s/../%s", (int)end, folder, name);
}

static int take_folder(struct import *import, const char *folder, struct rog_error *err)
{
    int code = 0;
    char *inner = rog_path_join(folder, "result"), *records = NULL;
    if (!inner)
        return rog_fail_nomem(err);
    bool whole = rog_file_exists(inner);
    records = records_path(folder, whole);
    if (!records) {
        code = rog_fail_nomem(err);
        goto out;
    }
    if (has_file(folder, "config"))
        code = take_run(import, folder, err);
    else
        code = take_runs(import, whole ? inner : folder, err);
    if (code == 0 && rog_json_size(import->imported) + rog_json_size(import->present) == 0)
        code = has_file(folder, "log")
                   ? rog_fail(err, ROG_ENOTFOUND, "%s/config is missing", folder)
                   : rog_fail(
                         err, ROG_ENOTFOUND,
                         "%s: no runs here; name the artifact's folder (with `result` in it), its "
                         "result folder, or that of a run",
                         folder);
    if (code == 0 && import->options->case_name)
        code = take_case(import, import->options->case_name, err);
    else if (code == 0 && !has_file(folder, "config"))
        code = take_records(import, records, err);
out:
    free(records);
    free(inner);
    return code;
}

int rog_import_artifact(struct rog_db *db, const char *folder,
                        const struct rog_import_options *options, struct rog_json **result,
                        struct rog_error *err)
{
    struct import import = {.db = db,
                            .options = options,
                            .imported = rog_json_array(),
                            .present = rog_json_array(),
                            .cases = rog_json_array(),
                            .notes = rog_json_object(),
                            .files = rog_json_object()};
    int code = take_folder(&import, folder, err);
    *result = rog_json_object();
    rog_json_put(*result, "imported", import.imported);
    rog_json_put(*result, "present", import.present);
    rog_json_put(*result, "cases", import.cases);
    rog_json_put(*result, "notes", import.notes);
    rog_json_put(*result, "files", import.files);
    rog_json_put(*result, "records", import.records);
    if (code < 0) {
        rog_json_free(*result);
        *result = NULL;
    }
    return code;
}
