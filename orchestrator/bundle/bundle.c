/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a bundle of a case. */
#include <orchestrator/bundle/bundle.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <common/scratch.h>
#include <common/settings.h>
#include <orchestrator/bundle/again.h>
#include <orchestrator/bundle/archive.h>
#include <orchestrator/bundle/crate.h>
#include <orchestrator/bundle/tree.h>
#include <orchestrator/report/table.h>
#include <orchestrator/store/extract.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/text/quote.h>

#define PROGRAM_TIMEOUT_S 30
#define CPUINFO_MAX_BYTES (16 << 20)

/* --- database, streams, figures --- */

static int add_database(struct rog_bundle *bundle, struct rog_error *err)
{
    struct rog_scratch scratch;
    int code = rog_scratch_make(&scratch, NULL, "rogctl-bundle", err);
    char *path = code == 0 ? rog_path_join(scratch.path, ROG_BUNDLE_DATABASE) : NULL;
    if (code == 0 && !path)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = rog_case_extract(bundle->db, bundle->case_name, path, scratch.path, err);
    if (code == 0)
        code = rog_bundle_add_file(bundle, ROG_BUNDLE_DATABASE, path, err);
    free(path);
    rog_scratch_remove(&scratch, NULL);
    return code;
}

/* Adds the streams that the database has read, and the run's configuration. */
static int add_streams(struct rog_bundle *bundle, const char *run_id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *name = rog_run_folder_name(rog_db_path(bundle->db), run_id);
    char *folder = name ? rog_store_path(rog_db_path(bundle->db), name) : NULL;
    int code = folder ? rog_query_new(&query, bundle->db, err,
                                      "SELECT name FROM streams WHERE run_id = ?1"
                                      " UNION SELECT '" ROG_RUN_CONFIG "'"
                                      " UNION SELECT '" ROG_TESTED "' ORDER BY 1",
                                      "s", run_id)
                      : rog_fail_nomem(err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *file = rog_query_text(query, 0);
        char *source = rog_path_join(folder, file);
        char *path = rog_format(ROG_BUNDLE_RUNS "/%s/%s", run_id, file);
        code = source && path ? 0 : rog_fail_nomem(err);
        if (code == 0 && rog_bundle_path_is_plain(path) && rog_file_exists(source))
            code = rog_bundle_add_file(bundle, path, source, err);
        free(source);
        free(path);
    }
    rog_query_free(query);
    free(folder);
    free(name);
    return code;
}

static int add_runs(struct rog_bundle *bundle, struct rog_error *err)
{
    const struct rog_case_data *data = &bundle->report.data;
    int code = 0;
    for (size_t i = 0; i < data->run_count && code == 0; i++)
        code = add_streams(bundle, data->run[i].row.id, err);
    return code;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int add_figures(struct rog_bundle *bundle, struct rog_error *err)
{
    struct dirent **entries = NULL;
    char *folder = rog_path_join(bundle->folder, ROG_BUNDLE_FIGURES);
    if (!folder)
        return rog_fail_nomem(err);
    int code = rog_bundle_draw(bundle->db, bundle->case_name, folder, err);
    int count = code == 0 ? scandir(folder, &entries, is_visible, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        char *path = rog_format(ROG_BUNDLE_FIGURES "/%s", entries[i]->d_name);
        if (code == 0)
            code = path ? rog_bundle_note_file(bundle, path, err) : rog_fail_nomem(err);
        free(path);
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return code;
}

/* --- versions and machine --- */

static void put_output(struct rog_json *facts, const char *key, const char *const *argv)
{
    char *text = NULL;
    if (rog_process_run(argv, PROGRAM_TIMEOUT_S, &text, NULL) == 0) {
        text[strcspn(text, "\n")] = '\0';
        rog_json_put_string(facts, key, text);
    }
    free(text);
}

/* Puts the text after `name` and its separator in the first line of a file that begins with
 * `name`. */
static void put_line(struct rog_json *facts, const char *key, const char *path, const char *name,
                     const char *separators)
{
    char *text = NULL;
    size_t size = 0;
    if (rog_file_read(path, CPUINFO_MAX_BYTES, &text, &size, NULL) < 0)
        return;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, name, strlen(name)) != 0)
            continue;
        char *value = line + strlen(name) + strspn(line + strlen(name), separators);
        value[strcspn(value, "\"")] = '\0';
        rog_json_put_string(facts, key, value);
        break;
    }
    free(text);
}

static int look_around(struct rog_bundle *bundle, struct rog_error *err)
{
    static const char *const gnuplot[] = {"gnuplot", "--version", NULL};
    struct rog_json *facts = rog_json_object();
    struct utsname machine;
    rog_json_put_string(facts, "rogctl", ROG_VERSION);
    put_output(facts, "gnuplot", gnuplot);
    put_line(facts, "system", "/etc/os-release", "PRETTY_NAME", "=\"");
    if (uname(&machine) == 0) {
        rog_json_put_string(facts, "kernel", machine.release);
        rog_json_put_string(facts, "machine", machine.machine);
    }
    put_line(facts, "processor", "/proc/cpuinfo", "model name", "\t :");
    bundle->environment = facts;
    return facts ? rog_bundle_add_json(bundle, "environment.json", rog_json_copy(facts), err)
                 : rog_fail_nomem(err);
}

/* --- README and script --- */

static const char again_script[] =
    "#!/bin/sh\n"
    "# Checks the files, repeats the runs and compares their events. This executes the plugins\n# "
    "and programs of the bundle.\n"
    "exec rogctl bundle verify --again \"$(dirname \"$0\")\" \"$@\"\n";

static void write_again(const struct rog_bundle *bundle, FILE *file)
{
    size_t runs = 0;
    for (size_t i = 0; i < rog_json_size(bundle->again); i++)
        runs += rog_json_size(rog_json_get(rog_json_at(bundle->again, i), "runs"));
    if (runs == 0) {
        fputs("Its runs were in real time and cannot be repeated to the byte.\n", file);
        return;
    }
    fputs("    ./again.sh                  # repeats the runs on virtual clusters and compares "
          "their events\n\nor one by one:\n\n",
          file);
    for (size_t i = 0; i < rog_json_size(bundle->again); i++)
        fprintf(file, "    rogctl sweep %s/" ROG_BUNDLE_EXPERIMENT " --db again.db\n",
                rog_json_get_string(rog_json_at(bundle->again, i), "folder", ""));
    fprintf(file,
            "\n%zu %s. The virtual clock, the bandwidth and all random numbers are the same; with "
            "gradients\nthe events are the same only on processors with the same instructions.\n",
            runs, runs == 1 ? "run" : "runs");
}

static void write_absent(const struct rog_bundle *bundle, FILE *file)
{
    if (rog_json_size(bundle->absent) == 0)
        return;
    fputs("\n## Files that are not included\n\nBefore you repeat the runs, put these files at "
          "their paths in this folder:\n\n| path | SHA-256 |\n|---|---|\n",
          file);
    for (size_t i = 0; i < rog_json_size(bundle->absent); i++) {
        const struct rog_json *one = rog_json_at(bundle->absent, i);
        fputs("| ", file);
        rog_quote_markdown(file, rog_json_get_string(one, "path", ""));
        fprintf(file, " | %s |\n", rog_json_get_string(one, "sha256", ""));
    }
}

static int add_readme(struct rog_bundle *bundle, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return rog_fail_nomem(err);
    fputs("# ", file);
    rog_quote_markdown(file, bundle->report.data.title);
    fprintf(file, "\n\nA bundle of rogctl " ROG_VERSION ", with %zu runs.\n\n",
            bundle->report.data.run_count);
    const char *name = rog_name_is_plain(bundle->case_name) ? bundle->case_name : "CASE";
    fprintf(file,
            "    rogctl bundle verify .      # hashes, database, figures\n"
            "    rogctl report %s --db results.db     # the numbers\n"
            "    rogctl verify %s --db results.db     # the runs against their strategies\n",
            name, name);
    write_again(bundle, file);
    fputs("\n| | |\n|---|---|\n"
          "| `results.db`, `results.runs/` | all recorded data, and the event streams it was read "
          "from |\n"
          "| `figures/`, `report.json` | figures and numbers made from it |\n"
          "| `experiment*/` | files of experiment, cluster and devices to repeat the runs |\n"
          "| `inputs/` | files that the runs read: traces, plugins and their sources |\n"
          "| `environment.json` | versions, and the machine on which the bundle was made |\n"
          "| `manifest.json` | every file with its SHA-256 |\n"
          "| `ro-crate-metadata.json` | the same as an RO-Crate |\n",
          file);
    write_absent(bundle, file);
    int code = fclose(file) == 0 ? rog_bundle_add_text(bundle, "README.md", text, size, err)
                                 : rog_fail_nomem(err);
    free(text);
    return code;
}

/* --- the whole bundle --- */

static int add_manifest(struct rog_bundle *bundle, struct rog_error *err)
{
    struct rog_json *manifest = rog_json_object();
    rog_json_put_integer(manifest, "format", ROG_BUNDLE_FORMAT);
    rog_json_put_string(manifest, "case", bundle->case_name);
    rog_json_put(manifest, "environment", rog_json_copy(bundle->environment));
    rog_json_put(manifest, "again", rog_json_copy(bundle->again));
    rog_json_put(manifest, "absent", rog_json_copy(bundle->absent));
    rog_json_put(manifest, "files", rog_json_copy(bundle->files));
    char *text = rog_json_text_pretty(manifest);
    char *path = rog_path_join(bundle->folder, ROG_BUNDLE_MANIFEST);
    int code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    rog_json_free(manifest);
    return code;
}

static int fill(struct rog_bundle *bundle, struct rog_error *err)
{
    static int (*const steps[])(struct rog_bundle * bundle, struct rog_error * err) = {
        look_around, add_database, add_runs, add_figures, rog_bundle_add_again, add_readme};
    int code = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && code == 0; i++)
        code = steps[i](bundle, err);
    if (code == 0)
        code = rog_bundle_add_json(bundle, "report.json", rog_report_json(&bundle->report), err);
    if (code == 0)
        code = rog_bundle_add_text(bundle, "again.sh", again_script, strlen(again_script), err);
    if (code == 0)
        code = rog_bundle_make_program(bundle, "again.sh", err);
    if (code == 0)
        code = rog_bundle_add_crate(bundle, err);
    return code == 0 ? add_manifest(bundle, err) : code;
}

static int check_empty(const char *folder, struct rog_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, NULL);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return count > 0 ? rog_fail(err, ROG_EINVAL, "%s is not empty; hint: name a new folder", folder)
                     : rog_dir_make(folder, err);
}

/* Removes an incomplete bundle; a folder that existed before is emptied, but kept. */
static void remove_incomplete(const char *folder, bool existed)
{
    struct dirent **entries = NULL;
    if (!existed) {
        rog_dir_remove(folder, NULL);
        return;
    }
    int count = scandir(folder, &entries, is_visible, NULL);
    for (int i = 0; i < count; i++) {
        char *path = rog_path_join(folder, entries[i]->d_name);
        if (path)
            rog_dir_remove(path, NULL);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

static int make(struct rog_bundle *bundle, struct rog_error *err)
{
    bundle->files = rog_json_array();
    bundle->absent = rog_json_array();
    bundle->again = rog_json_array();
    bundle->seen = rog_json_object();
    int code = rog_report_make(bundle->db, bundle->case_name, &(struct rog_report_options){0},
                               &bundle->report, err);
    if (code == 0 && bundle->report.data.series_count == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "case %s has no finished run (`rogctl runs` shows their state)",
                        bundle->report.data.title);
    bool existed = access(bundle->folder, F_OK) == 0;
    if (code == 0)
        code = check_empty(bundle->folder, err);
    if (code < 0)
        return code;
    code = fill(bundle, err);
    if (code < 0)
        remove_incomplete(bundle->folder, existed);
    return code;
}

static void release(struct rog_bundle *bundle)
{
    rog_report_release(&bundle->report);
    rog_json_free(bundle->files);
    rog_json_free(bundle->absent);
    rog_json_free(bundle->again);
    rog_json_free(bundle->seen);
    rog_json_free(bundle->environment);
}

int rog_bundle_make(struct rog_db *db, const char *case_name, const char *folder,
                    const struct rog_bundle_options *options, struct rog_error *err)
{
    struct rog_bundle bundle = {
        .db = db, .case_name = case_name, .folder = folder, .options = options};
    int code = make(&bundle, err);
    release(&bundle);
    return code;
}

/* Gets the time of the case since 1970. All files have this time, so that bundles of the same case
 * are equal. */
static int made_at(struct rog_bundle *bundle, int64_t *time_s, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, bundle->db, err,
                             "SELECT coalesce(CAST(strftime('%s', ?1) AS INTEGER), 0)", "s",
                             bundle->report.data.row.created_at);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        *time_s = rog_query_int(query, 0);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

int rog_bundle_pack(struct rog_db *db, const char *case_name, const char *file,
                    const struct rog_bundle_options *options, struct rog_error *err)
{
    struct rog_scratch scratch;
    int64_t time_s = 0;
    int code = rog_bundle_archive_check_name(file, err);
    if (code == 0)
        code = rog_scratch_make(&scratch, NULL, "rogctl-bundle", err);
    if (code < 0)
        return code;
    char *folder = rog_path_join(scratch.path, "tree");
    char *top = rog_quote_file_name(case_name);
    struct rog_bundle bundle = {
        .db = db, .case_name = case_name, .folder = folder, .options = options};
    code = folder && top ? make(&bundle, err) : rog_fail_nomem(err);
    if (code == 0)
        code = made_at(&bundle, &time_s, err);
    if (code == 0)
        code = rog_bundle_archive_write(file, folder, top, bundle.files, time_s, err);
    release(&bundle);
    free(top);
    free(folder);
    rog_scratch_remove(&scratch, NULL);
    return code;
}
