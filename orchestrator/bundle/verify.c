/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a bundle with its manifest: hashes, database, figures, and repeated runs. */
#include <orchestrator/bundle/verify.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <common/scratch.h>
#include <orchestrator/bundle/archive.h>
#include <orchestrator/bundle/tree.h>
#include <orchestrator/check/stream.h>
#include <orchestrator/store/extract.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/summary.h>

#define FINDINGS_MAX 20 /* findings that are kept */
#define LOG_MAX_BYTES (1 << 20)
#define LOG_TAIL_BYTES 600

struct verifying {
    const char *folder; /* of the bundle */
    const char *scratch;
    const struct rog_bundle_verify_options *options;
    struct rog_bundle_verified *verified;
    struct rog_json *manifest;
    struct rog_db *db;
};

static void find(struct verifying *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void find(struct verifying *v, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t count = rog_json_size(v->verified->findings);
    if (count < FINDINGS_MAX)
        rog_json_append(v->verified->findings, rog_json_new_string(text));
    else if (count == FINDINGS_MAX)
        rog_json_append(v->verified->findings, rog_json_new_string("and more"));
}

/* --- files --- */

static int check_file(struct verifying *v, const struct rog_json *file, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct stat status;
    const char *name = rog_json_get_string(file, "path", "");
    char *path = rog_path_join(v->folder, name);
    if (!path)
        return rog_fail_nomem(err);
    bool is_file = lstat(path, &status) == 0 && S_ISREG(status.st_mode);
    if (!is_file)
        find(v, "%s is missing", name);
    else if (status.st_size != rog_json_get_integer(file, "size", -1) ||
             rog_sha256_file(path, hex, NULL) < 0 ||
             strcmp(hex, rog_json_get_string(file, "sha256", "")) != 0)
        find(v, "%s has changed", name);
    free(path);
    v->verified->files++;
    return 0;
}

static int check_files(struct verifying *v, struct rog_error *err)
{
    const struct rog_json *files = rog_json_get(v->manifest, "files");
    int code = 0;
    for (size_t i = 0; i < rog_json_size(files) && code == 0; i++)
        code = check_file(v, rog_json_at(files, i), err);
    return code;
}

/* Checks a folder of the bundle recursively for entries that the manifest does not list: a journal
 * beside the database would change what is read, and a link leads elsewhere. */
static int check_folder(struct verifying *v, const char *below, const struct rog_json *known,
                        struct rog_error *err)
{
    char *path = rog_path_join(v->folder, below);
    DIR *dir = path ? opendir(path) : NULL;
    int code = dir    ? 0
               : path ? rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno))
                      : rog_fail_nomem(err);
    for (struct dirent *entry; code == 0 && (entry = readdir(dir));) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *name = below[0] ? rog_path_join(below, entry->d_name) : rog_strdup(entry->d_name);
        bool is_folder = fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISDIR(status.st_mode);
        if (!name)
            code = rog_fail_nomem(err);
        else if (is_folder && rog_bundle_path_is_plain(name))
            code = check_folder(v, name, known, err);
        else if (is_folder || !rog_json_get(known, name))
            find(v, "%s is not in the manifest", name);
        free(name);
    }
    if (dir)
        closedir(dir);
    free(path);
    return code;
}

/* Checks for other files. Files that were left out may have been added by the user. */
static int check_others(struct verifying *v, struct rog_error *err)
{
    static const char *const lists[] = {"files", "absent"};
    struct rog_json *known = rog_json_object();
    rog_json_put_bool(known, ROG_BUNDLE_MANIFEST, true);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct rog_json *list = rog_json_get(v->manifest, lists[i]);
        for (size_t k = 0; k < rog_json_size(list); k++)
            rog_json_put_bool(known, rog_json_get_string(rog_json_at(list, k), "path", ""), true);
    }
    int code = known ? check_folder(v, "", known, err) : rog_fail_nomem(err);
    rog_json_free(known);
    return code;
}

/* --- database --- */

static int check_streams(struct verifying *v, const char *run_id, struct rog_error *err)
{
    struct rog_finding_list list = {0};
    int code = rog_verify_stream(v->db, run_id, &list, err);
    for (size_t i = 0; i < list.findings && code == 0; i++)
        find(v, "%s: %s", run_id, list.finding[i]);
    v->verified->streams += code == 0 && list.checked > 0 && list.failed == 0;
    rog_finding_list_release(&list);
    return code;
}

/* Returns whether the id from the database, which is not trusted, leads to no path outside the
 * bundle. */
static bool is_plain_name(const char *run_id)
{
    return rog_bundle_path_is_plain(run_id) && !strchr(run_id, '/');
}

static int check_database(struct verifying *v, struct rog_error *err)
{
    struct rog_names ids = {0};
    char *path = rog_path_join(v->folder, ROG_BUNDLE_DATABASE);
    int code = path ? rog_db_open(&v->db, path, ROG_DB_READ, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_db_examine(v->db, err);
    if (code == 0)
        code = rog_case_runs(v->db, v->verified->case_name, &ids, err);
    for (size_t i = 0; i < ids.count && code == 0; i++) {
        v->verified->runs++;
        code = is_plain_name(ids.name[i])
                   ? check_streams(v, ids.name[i], err)
                   : rog_fail(err, ROG_EFORMAT, "%s: not a valid name of a run", path);
    }
    rog_names_release(&ids);
    free(path);
    if (code == ROG_ENOTFOUND) {
        const struct rog_error cause = *err;
        code = rog_fail(err, ROG_EFORMAT,
                        "the database of the bundle does not contain its case: %s", cause.message);
    }
    return code;
}

/* --- figures --- */

static bool same_file(const char *one, const char *other)
{
    char a[ROG_SHA256_HEX_BYTES], b[ROG_SHA256_HEX_BYTES];
    return rog_sha256_file(one, a, NULL) == 0 && rog_sha256_file(other, b, NULL) == 0 &&
           strcmp(a, b) == 0;
}

static void compare_figures(struct verifying *v, const char *drawn)
{
    static const char folder[] = ROG_BUNDLE_FIGURES "/";
    const struct rog_json *files = rog_json_get(v->manifest, "files");
    for (size_t i = 0; i < rog_json_size(files); i++) {
        const char *name = rog_json_get_string(rog_json_at(files, i), "path", "");
        if (strncmp(name, folder, strlen(folder)) != 0)
            continue;
        char *was = rog_path_join(v->folder, name);
        char *is = rog_path_join(drawn, name + strlen(folder));
        bool is_same = was && is && same_file(was, is);
        free(was);
        free(is);
        v->verified->figures++;
        v->verified->figures_same += is_same;
        if (!is_same)
            find(v, "%s differs when it is redrawn (the bundle was made with %s)", name,
                 rog_json_get_string(rog_json_get(v->manifest, "environment"), "gnuplot",
                                     "an unknown gnuplot"));
    }
}

static int check_figures(struct verifying *v, struct rog_error *err)
{
    char *drawn = rog_path_join(v->scratch, ROG_BUNDLE_FIGURES);
    if (!drawn)
        return rog_fail_nomem(err);
    int code = rog_bundle_draw(v->db, v->verified->case_name, drawn, err);
    if (code == 0)
        compare_figures(v, drawn);
    free(drawn);
    return code;
}

/* --- repeated runs --- */

/* Returns the first event without members that depend on the machine: plugin file, version of
 * Python, processor instructions. The rest has to be equal. */
static char *first_event(const char *line)
{
    static const char *const local[] = {"version", "instructions", "threads"};
    struct rog_json *event = NULL;
    if (rog_json_parse(line, strlen(line), "", &event, NULL) < 0)
        return NULL;
    struct rog_json *strategy = rog_json_copy(rog_json_get(event, "strategy"));
    if (strategy) {
        rog_json_remove(strategy, "path");
        rog_json_remove(strategy, "python");
        rog_json_put(event, "strategy", strategy);
    }
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        rog_json_remove(event, local[i]);
    char *text = rog_json_text_sorted(event);
    rog_json_free(event);
    return text;
}

/* Returns the number of the first line that differs; 0: none, -1: a file cannot be read. */
static long compare_streams(const char *one, const char *other)
{
    FILE *a = fopen(one, "rbe"), *b = fopen(other, "rbe");
    char *line_a = NULL, *line_b = NULL;
    size_t room_a = 0, room_b = 0;
    long line = a && b ? 0 : -1, differs = a && b ? 0 : -1;
    while (differs == 0) {
        ssize_t size_a = getline(&line_a, &room_a, a), size_b = getline(&line_b, &room_b, b);
        line++;
        if (size_a < 0 && size_b < 0)
            break;
        if (size_a > 0 && size_b > 0 && line == 1) {
            char *first_a = first_event(line_a), *first_b = first_event(line_b);
            differs = first_a && first_b && strcmp(first_a, first_b) == 0 ? 0 : line;
            free(first_a);
            free(first_b);
        } else if (size_a != size_b || memcmp(line_a, line_b, (size_t)size_a) != 0) {
            differs = line;
        }
    }
    free(line_a);
    free(line_b);
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return differs;
}

static int compare_run(struct verifying *v, const char *id, const char *new_db, const char *new_id,
                       struct rog_error *err)
{
    char *was = rog_format("%s/" ROG_BUNDLE_RUNS "/%s/" ROG_STREAM_MAIN, v->folder, id);
    char *name = rog_run_folder_name(new_db, new_id);
    char *folder = name ? rog_store_path(new_db, name) : NULL;
    char *is = folder ? rog_path_join(folder, ROG_STREAM_MAIN) : NULL;
    int code = was && is ? 0 : rog_fail_nomem(err);
    long line = code == 0 ? compare_streams(was, is) : 0;
    v->verified->again++;
    v->verified->again_same += code == 0 && line == 0;
    if (line)
        find(v, "%s: event %ld differs when the run is repeated", id, line);
    free(is);
    free(folder);
    free(name);
    free(was);
    return code;
}

/* Fails with the last line of the sweep's output. */
static int fail_sweep(const char *log, int status, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    rog_file_read(log, LOG_MAX_BYTES, &text, &size, NULL);
    while (size && text[size - 1] == '\n')
        text[--size] = '\0';
    const char *tail = text ? text + (size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0) : "";
    for (char *c = text; c && *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    int code =
        rog_fail(err, ROG_EFAILED, "the runs cannot be repeated (status %d): %s", status, tail);
    free(text);
    return code;
}

static int sweep(const char *experiment, const char *db, const char *plots, const char *log,
                 struct rog_error *err)
{
    struct rog_process process = ROG_PROCESS_NONE;
    char *bin = rog_install_path("bin", err);
    char *rogctl = bin ? rog_path_join(bin, "rogctl") : NULL;
    const char *const argv[] = {rogctl, "sweep",   experiment, "--db", db,
                                "-q",   "--plots", plots,      NULL};
    const struct rog_process_options how = {.argv = argv, .log = log};
    int code = rogctl ? rog_process_start(&process, &how, err) : ROG_EFAILED;
    while (code == 0 && !rog_process_wait(&process, 3600)) {
    }
    if (code == 0 && process.status != 0)
        code = fail_sweep(log, process.status, err);
    free(rogctl);
    free(bin);
    return code;
}

/* Compares runs; those of an experiment are in the order of its file. */
static int compare_runs(struct verifying *v, const struct rog_json *ids, const char *path,
                        struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_query *query = NULL;
    size_t i = 0;
    int code = rog_db_open(&db, path, ROG_DB_READ, err);
    if (code == 0)
        code = rog_query_new(&query, db, err, "SELECT run_id FROM case_runs ORDER BY position", "");
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *id = rog_json_string(rog_json_at(ids, i++), NULL);
        code = id ? compare_run(v, id, path, rog_query_text(query, 0), err) : 0;
    }
    if (code == 0 && i != rog_json_size(ids))
        find(v, "%zu runs were repeated instead of %zu", i, rog_json_size(ids));
    rog_query_free(query);
    rog_db_close(db);
    return code;
}

static int make_again(struct verifying *v, const struct rog_json *one, size_t index,
                      struct rog_error *err)
{
    const char *folder = rog_json_get_string(one, "folder", "");
    const struct rog_json *ids = rog_json_get(one, "runs");
    if (!is_plain_name(folder))
        return rog_fail(err, ROG_EFORMAT, "not a valid folder in a bundle: \"%s\"", folder);
    for (size_t i = 0; i < rog_json_size(ids); i++)
        if (!is_plain_name(rog_json_string(rog_json_at(ids, i), "")))
            return rog_fail(err, ROG_EFORMAT, "not a valid name of a run");
    char *experiment = rog_format("%s/%s/" ROG_BUNDLE_EXPERIMENT, v->folder, folder);
    char *db = rog_format("%s/again-%zu.db", v->scratch, index);
    char *plots = rog_path_join(v->scratch, "plots");
    char *log = rog_path_join(v->scratch, "log");
    int code = experiment && db && plots && log ? 0 : rog_fail_nomem(err);
    if (code == 0 && v->options->log) {
        char text[128];
        snprintf(text, sizeof text, "repeating %zu runs", rog_json_size(ids));
        v->options->log(v->options->user, text);
    }
    if (code == 0)
        code = sweep(experiment, db, plots, log, err);
    if (code == 0)
        code = compare_runs(v, ids, db, err);
    free(log);
    free(plots);
    free(db);
    free(experiment);
    return code;
}

/* Links a file that was left out of the bundle, if it is still at the path where the run read
 * it. */
static int bring_absent(struct verifying *v, const struct rog_json *one, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    const char *inside = rog_json_get_string(one, "path", ""),
               *source = rog_json_get_string(one, "source", ""),
               *wanted = rog_json_get_string(one, "sha256", "");
    if (!rog_bundle_path_is_plain(inside))
        return rog_fail(err, ROG_EFORMAT, "not a valid path in a bundle: \"%s\"", inside);
    char *path = rog_path_join(v->folder, inside);
    char *folder = path ? rog_path_dir(path) : NULL;
    int code = folder ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_sha256_file(path, hex, NULL) == 0) {
        if (strcmp(hex, wanted) != 0)
            code = rog_fail(err, ROG_EFAILED, "%s is not the file that the runs read", path);
    } else if (code == 0) {
        if (rog_sha256_file(source, hex, NULL) < 0 || strcmp(hex, wanted) != 0)
            code =
                rog_fail(err, ROG_ENOTFOUND,
                         "the runs need %s, which is not in the bundle; hint: unpack the bundle, "
                         "add the file (README.md lists its hash), and verify the folder",
                         inside);
        if (code == 0)
            code = rog_dir_make(folder, err);
        if (code == 0 && symlink(source, path) != 0)
            code = rog_fail(err, ROG_EIO, "cannot make %s: %s", path, strerror(errno));
    }
    free(folder);
    free(path);
    return code;
}

static int check_again(struct verifying *v, struct rog_error *err)
{
    const struct rog_json *again = rog_json_get(v->manifest, "again"),
                          *absent = rog_json_get(v->manifest, "absent");
    size_t runs = 0;
    int code = 0;
    for (size_t i = 0; i < rog_json_size(again); i++)
        runs += rog_json_size(rog_json_get(rog_json_at(again, i), "runs"));
    v->verified->not_again = v->verified->runs > runs ? v->verified->runs - runs : 0;
    if (!v->options->again)
        return 0;
    for (size_t i = 0; i < rog_json_size(absent) && runs > 0 && code == 0; i++)
        code = bring_absent(v, rog_json_at(absent, i), err);
    for (size_t i = 0; i < rog_json_size(again) && code == 0; i++)
        code = make_again(v, rog_json_at(again, i), i, err);
    return code;
}

/* --- the whole bundle --- */

static int verify_folder(struct verifying *v, struct rog_error *err)
{
    char *path = rog_path_join(v->folder, ROG_BUNDLE_MANIFEST);
    int code = path ? rog_bundle_manifest_read(path, &v->manifest, err) : rog_fail_nomem(err);
    free(path);
    if (code < 0)
        return code;
    v->verified->case_name = rog_strdup(rog_json_get_string(v->manifest, "case", ""));
    v->verified->findings = rog_json_array();
    if (!v->verified->case_name || !v->verified->findings)
        return rog_fail_nomem(err);
    code = check_files(v, err);
    if (code == 0)
        code = check_others(v, err);
    /* If files have changed, nothing else is read. */
    if (code == 0 && rog_json_size(v->verified->findings))
        return 0;
    if (code == 0)
        code = check_database(v, err);
    if (code == 0)
        code = check_figures(v, err);
    return code == 0 ? check_again(v, err) : code;
}

int rog_bundle_verify(const char *path, const struct rog_bundle_verify_options *options,
                      struct rog_bundle_verified *verified, struct rog_error *err)
{
    struct rog_scratch scratch;
    struct stat status;
    struct verifying v = {.options = options, .verified = verified};
    *verified = (struct rog_bundle_verified){0};
    if (stat(path, &status) != 0)
        return rog_fail(err, ROG_ENOTFOUND, "%s: %s", path, strerror(errno));
    int code = rog_scratch_make(&scratch, NULL, "rogctl-bundle", err);
    if (code < 0)
        return code;
    char *tree = rog_path_join(scratch.path, "bundle");
    v.scratch = scratch.path;
    v.folder = S_ISDIR(status.st_mode) ? path : tree;
    code = tree ? 0 : rog_fail_nomem(err);
    if (code == 0 && v.folder == tree)
        code = rog_dir_make(tree, err);
    if (code == 0 && v.folder == tree)
        code = rog_bundle_archive_read(path, tree, err);
    if (code == 0)
        code = verify_folder(&v, err);
    rog_db_close(v.db);
    rog_json_free(v.manifest);
    free(tree);
    rog_scratch_remove(&scratch, NULL);
    return code;
}

void rog_bundle_verified_release(struct rog_bundle_verified *verified)
{
    free(verified->case_name);
    rog_json_free(verified->findings);
    *verified = (struct rog_bundle_verified){0};
}
