/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the folder of a run of the published artifact. */
#include <orchestrator/import/artifact.h>

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/trace_name.h>
#include <orchestrator/import/artifact_logs.h>
#include <orchestrator/import/logfile.h>

#define WORKERS_MAX 1024
#define CONFIG "config"

static int set_text(char **text, const char *value, struct rog_error *err)
{
    free(*text);
    *text = rog_strdup(value);
    return *text ? 0 : rog_fail_nomem(err);
}

/* ---- config ---- */

/* Reads a line of `config`: "BSP:" is the first, then "threshold: 0", "bw control: outdoors", ...:
 * each once; unknown settings are kept unchanged. The artifact writes no line end after the last
 * line. The control is empty for runs with unlimited bandwidth (scripts/run.py, --control '').
 * Returns NULL if the line was accepted, otherwise the reason. */
static const char *take_setting(struct rog_artifact *run, char *line, int *code,
                                struct rog_error *err)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return ROG_NOT_UNDERSTOOD;
    char *value = colon + 1 + strspn(colon + 1, " \t");
    *colon = '\0';
    bool first = rog_json_size(run->settings) == 0;
    const char *name = first && !*value ? "library" : line;
    if (rog_json_get(run->settings, name))
        return "a setting that was already given";
    rog_json_put_string(run->settings, name, first && !*value ? line : value);
    if (strcmp(name, "library") == 0)
        *code = set_text(&run->library, first && !*value ? line : value, err);
    else if (strcmp(name, "bw control") == 0)
        *code = set_text(&run->control, *value ? value : ROG_TRACE_NO_LIMIT, err);
    else if (strcmp(name, "note") == 0)
        *code = set_text(&run->note, value, err);
    return NULL;
}

static int64_t setting_integer(const struct rog_artifact *run, const char *name)
{
    int64_t number = -1;
    const char *text = rog_json_get_string(run->settings, name, "");
    return rog_text_integer(text, &number) ? number : -1;
}

static int check_config(struct rog_artifact *run, const char *path, struct rog_error *err)
{
    run->workers = setting_integer(run, "world_size") - 1;
    run->threshold = setting_integer(run, "threshold");
    run->epochs = setting_integer(run, "epoch");
    if (!rog_json_get(run->settings, "epoch"))
        run->epochs = 0;
    if (!run->library || !run->control || run->workers < 1 || run->workers > WORKERS_MAX ||
        run->threshold < 0 || run->epochs < 0)
        return rog_fail(err, ROG_EFORMAT,
                        "%s: it must name the library (\"ROG:\"), world_size (2 to %d), threshold "
                        "and bw control, and epoch must be a number",
                        path, WORKERS_MAX + 1);
    /* These become parts of file names when the run is replayed. */
    const char *odd = !rog_name_is_plain(run->library)   ? run->library
                      : !rog_name_is_plain(run->control) ? run->control
                                                         : NULL;
    if (odd)
        return rog_fail(err, ROG_EFORMAT,
                        "%s: library and bw control have letters, digits, '-', '_' and '.', at "
                        "most 64 (found \"%.80s\")",
                        path, odd);
    return 0;
}

static int read_config(struct rog_artifact *run, const char *path, struct rog_error *err)
{
    struct rog_log log;
    struct rog_account account = {.file = CONFIG, .row = "settings"};
    int code = rog_log_open(&log, path, err);
    if (code < 0)
        return code == ROG_EFORMAT ? rog_fail_prefix(err, "%s", path) : code;
    while (code == 0 && rog_log_next(&log)) {
        account.lines = log.number;
        if (log.line[strspn(log.line, " \t")] == '\0')
            continue;
        account.rows++;
        const char *refused = take_setting(run, log.line, &code, err);
        rog_account_settle(&account, refused, log.number);
    }
    rog_log_close(&log);
    if (code == 0 && account.rows == 0)
        return rog_fail(err, ROG_EFORMAT, "%s is empty", path);
    if (code == 0)
        rog_artifact_account(run, &account);
    return code ? code : check_config(run, path, err);
}

/* ---- the files ---- */

/* The files of a run except its config, in the order in which they are read: later ones need
 * information from earlier ones. A rank is between name and extension; accuracy.csv has none. */
static const struct kind {
    const char *name, *extension;
    int64_t first;
    bool workers; /* ranks from `first` to the last worker's; otherwise only `first` */
    bool limited; /* required only if the run's bandwidth is limited */
    int (*read)(struct rog_artifact *, const struct rog_artifact_file *, int64_t,
                struct rog_error *);
} kinds[] = {
    {"log/worker_", ".log", 1, true, false, rog_artifact_worker_log},
    {"log/worker_", ".log", 0, false, false, rog_artifact_server_log},
    {"log/energy-", ".txt", 0, true, false, rog_artifact_energy_log},
    {"log/bw_replay-", ".txt", 1, true, true, rog_artifact_bandwidth_log},
    {"accuracy.csv", NULL, 0, false, false, rog_artifact_accuracy},
};

static bool must_have(const struct rog_artifact *run, const struct kind *kind)
{
    return !kind->limited || strcmp(run->control, ROG_TRACE_NO_LIMIT) != 0;
}

static bool has_file(const struct rog_artifact_file *file)
{
    char *path = rog_path_join(file->folder, file->file);
    bool there = path && rog_file_exists(path);
    free(path);
    return there;
}

static int read_kind(struct rog_artifact *run, const char *folder, const struct kind *kind,
                     struct rog_json *names, struct rog_error *err)
{
    int64_t last = kind->workers ? run->workers : kind->first;
    int code = 0;
    for (int64_t rank = kind->first; rank <= last && code == 0; rank++) {
        char *name = kind->extension
                         ? rog_format("%s%lld%s", kind->name, (long long)rank, kind->extension)
                         : rog_strdup(kind->name);
        struct rog_artifact_file file = {folder, name};
        if (name)
            rog_json_put_bool(names, name, true);
        if (!name)
            code = rog_fail_nomem(err);
        else if (must_have(run, kind) || has_file(&file))
            code = kind->read(run, &file, rank, err);
        free(name);
    }
    return code;
}

/* Adds accounts of all other files, of which nothing is stored. Models are in folders, which are
 * not listed. */
static int list_others(struct rog_artifact *run, const char *folder, const char *inner,
                       const struct rog_json *names, struct rog_error *err)
{
    char *path = rog_path_join(folder, inner);
    struct dirent **entry = NULL;
    int count = path ? scandir(path, &entry, NULL, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        struct stat status;
        char *name = rog_format("%s%s%s", inner, inner[0] ? "/" : "", entry[i]->d_name);
        char *file = name ? rog_path_join(folder, name) : NULL;
        if (file && !rog_json_get(names, name) && stat(file, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            struct rog_json *account = rog_json_object();
            rog_json_put_string(account, "file", name);
            rog_json_put_integer(account, "bytes", status.st_size);
            rog_json_append(run->files, account);
        }
        free(file);
        free(name);
        free(entry[i]);
    }
    free(entry);
    bool had_room = path != NULL;
    free(path);
    return had_room ? 0 : rog_fail_nomem(err);
}

static int read_files(struct rog_artifact *run, const char *folder, struct rog_error *err)
{
    struct rog_json *names = rog_json_object(); /* of known files */
    rog_json_put_bool(names, CONFIG, true);
    int code = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && code == 0; i++)
        code = read_kind(run, folder, &kinds[i], names, err);
    if (code == 0)
        code = list_others(run, folder, "", names, err);
    if (code == 0)
        code = list_others(run, folder, "log", names, err);
    rog_json_free(names);
    return code;
}

/* Notes pulls that are unknown: a worker logs its pull including the stall, which only the server's
 * log contains. */
static void note_pulls(struct rog_artifact *run)
{
    size_t count = 0, unknown = 0;
    for (int64_t w = 0; w < run->workers; w++)
        for (size_t i = 0; i < run->worker[w].count; i++, count++)
            unknown += isnan(run->worker[w].item[i].stall_s);
    if (unknown)
        rog_artifact_note(run,
                          "%zu of %zu iterations have no pull time: workers log it including the "
                          "stall, and the server's log does not give their stall",
                          unknown, count);
}

static int make_room(struct rog_artifact *run, struct rog_error *err)
{
    size_t workers = (size_t)run->workers;
    run->worker = calloc(workers, sizeof *run->worker);
    run->energy = calloc(workers + 1, sizeof *run->energy);
    run->bandwidth = calloc(workers + 1, sizeof *run->bandwidth);
    if (!run->worker || !run->energy || !run->bandwidth)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < workers; i++)
        run->worker[i] = (struct rog_artifact_worker){
            .rank = (int64_t)i + 1, .server_rank = -1, .started_s = (double)NAN};
    return 0;
}

int rog_artifact_read(struct rog_artifact *run, const char *folder, struct rog_error *err)
{
    *run = (struct rog_artifact){
        .stall_average_s = (double)NAN,
        .server_started_s = (double)NAN,
        .settings = rog_json_object(),
        .notes = rog_json_array(),
        .files = rog_json_array(),
    };
    size_t end = strlen(folder), begin;
    while (end > 1 && folder[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && folder[begin - 1] != '/';)
        begin--;
    run->id = rog_format("%.*s", (int)(end - begin), folder + begin);
    char *config = rog_path_join(folder, CONFIG);
    int code = run->id && config ? read_config(run, config, err) : rog_fail_nomem(err);
    free(config);
    if (code == 0)
        code = make_room(run, err);
    else
        run->workers = 0;
    if (code == 0 && !strstr(run->id, run->library))
        rog_artifact_note(run, "the folder's name and its config disagree: config says %s %lld",
                          run->library, (long long)run->threshold);
    if (code == 0)
        code = read_files(run, folder, err);
    if (code == 0)
        note_pulls(run);
    if (code < 0)
        rog_artifact_release(run);
    return code;
}

void rog_artifact_release(struct rog_artifact *run)
{
    for (int64_t i = 0; i < run->workers && run->worker; i++)
        free(run->worker[i].item);
    for (int64_t i = 0; i <= run->workers; i++) {
        if (run->energy)
            free(run->energy[i].point);
        if (run->bandwidth)
            free(run->bandwidth[i].point);
    }
    free(run->worker);
    free(run->energy);
    free(run->bandwidth);
    free(run->checkpoint);
    free(run->id);
    free(run->library);
    free(run->control);
    free(run->note);
    rog_json_free(run->settings);
    rog_json_free(run->notes);
    rog_json_free(run->files);
    *run = (struct rog_artifact){0};
}
