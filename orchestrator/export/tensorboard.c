/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a case as event files of TensorBoard. */
#include <orchestrator/export/tensorboard.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/export/ends.h>
#include <orchestrator/export/series.h>
#include <orchestrator/export/tfevents.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/quote.h>

/* A fixed name, so that a new export replaces an older one. */
#define EVENTS_NAME "events.out.tfevents.0000000000.rogctl"
#define NOTE_COLUMNS 1000
#define NAME_BYTES 160

/* HParamsPluginData: 2 experiment, 3 session_start_info, 4 session_end_info. */
enum { DATA_EXPERIMENT = 2, DATA_START = 3, DATA_END = 4 };
enum { TYPE_STRING = 1, TYPE_BOOL = 2, TYPE_NUMBER = 3 };
enum { STATUS_SUCCESS = 1, STATUS_FAILURE = 2, STATUS_RUNNING = 3 };

struct board {
    struct rog_db *db;
    const struct rog_export_options *options;
    struct rog_report report;
    char *folder;             /* FOLDER/CASE */
    struct rog_json *values;  /* setting: its first value, as text */
    struct rog_json *differs; /* setting: its type, of those that differ between runs */
};

/* A file while it is written. */
struct events {
    struct rog_file_writer writer;
    double start_s; /* of the run, since 1970 */
    bool failed;    /* without memory */
};

static int open_events(struct events *events, const char *folder, double start_s,
                       struct rog_error *err)
{
    char *path = rog_path_join(folder, EVENTS_NAME);
    *events = (struct events){.start_s = start_s};
    int code = path ? rog_file_writer_open(&events->writer, path, err) : rog_fail_nomem(err);
    free(path);
    if (code == 0 && !rog_tfevents_begin(events->writer.file, start_s))
        code = rog_fail_nomem(err);
    return code;
}

static int close_events(const struct board *board, struct events *events, int code,
                        struct rog_error *err)
{
    char *path = rog_strdup(events->writer.path);
    if (code == 0 && events->failed)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = rog_file_writer_commit(&events->writer, err);
    if (code == 0 && board->options->written && path)
        board->options->written(board->options->user, path);
    rog_file_writer_discard(&events->writer);
    free(path);
    return code;
}

/* --- settings --- */

/* Calls visit for each setting of a run that is a number, a string or a boolean; those of groups as
 * "parameters.range". */
struct settings {
    const char *prefix;
    void (*visit)(void *user, const char *name, const struct rog_json *value);
    void *user;
};

static int each_setting(const char *key, const struct rog_json *value, void *user)
{
    const struct settings *settings = user;
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s%s", settings->prefix, settings->prefix[0] ? "." : "", key);
    if (rog_json_is_object(value)) {
        struct settings inner = {name, settings->visit, settings->user};
        rog_json_each(value, each_setting, &inner);
    } else if (strcmp(name, ROG_NOTE_GIVEN) == 0) {
        return 0;
    } else if (rog_json_is_string(value) || rog_json_is_number(value) || rog_json_is_bool(value)) {
        settings->visit(settings->user, name, value);
    }
    return 0;
}

/* Gets the settings of a run. The configuration includes what is in the columns of `runs`, except
 * for imported runs. */
static int settings_of(const struct rog_run_row *row, struct rog_json **config,
                       struct rog_error *err)
{
    if (rog_json_parse(row->config, strlen(row->config), "", config, NULL) != 0)
        *config = rog_json_object();
    char *note = row->note ? rog_label_clean(row->note, NOTE_COLUMNS) : NULL;
    rog_json_put_string(*config, "library", row->library);
    rog_json_put_integer(*config, "threshold", row->threshold);
    rog_json_put_string(*config, "control", row->control);
    rog_json_put_integer(*config, "batchsize", row->batchsize);
    rog_json_put_integer(*config, "epochs", row->epochs);
    rog_json_put_integer(*config, "seed", row->seed);
    if (note)
        rog_json_put_string(*config, "note", note);
    free(note);
    return *config ? 0 : rog_fail_nomem(err);
}

static int type_of(const struct rog_json *value)
{
    return rog_json_is_string(value) ? TYPE_STRING
           : rog_json_is_bool(value) ? TYPE_BOOL
                                     : TYPE_NUMBER;
}

static void compare_setting(void *user, const char *name, const struct rog_json *value)
{
    struct board *board = user;
    char *text = rog_json_text(value);
    const char *first = rog_json_get_string(board->values, name, NULL);
    if (!first)
        rog_json_put_string(board->values, name, text);
    else if (text && strcmp(first, text) != 0)
        rog_json_put_integer(board->differs, name, type_of(value));
    free(text);
}

/* Finds the settings that differ between runs: these are columns of the tab HParams. */
static int compare_settings(struct board *board, struct rog_error *err)
{
    int code = 0;
    board->values = rog_json_object();
    board->differs = rog_json_object();
    rog_json_put_integer(board->differs, "library", TYPE_STRING);
    rog_json_put_integer(board->differs, "threshold", TYPE_NUMBER);
    for (size_t i = 0; code == 0 && i < board->report.data.run_count; i++) {
        struct rog_json *config = NULL;
        struct settings settings = {"", compare_setting, board};
        code = settings_of(&board->report.data.run[i].row, &config, err);
        rog_json_each(config, each_setting, &settings);
        rog_json_free(config);
    }
    return code;
}

/* Experiment: 4 hparam_infos (1 name, 4 type, 7 differs); 5 metric_infos (1 name: 2 tag). */
static int add_column(const char *name, const struct rog_json *type, void *user)
{
    struct rog_protobuf info = {0};
    rog_protobuf_text(&info, 1, name);
    rog_protobuf_int(&info, 4, rog_json_integer(type, TYPE_NUMBER));
    rog_protobuf_int(&info, 7, 1);
    rog_protobuf_message(user, 4, &info);
    return 0;
}

static void add_metric(struct rog_protobuf *experiment, const char *tag)
{
    struct rog_protobuf info = {0}, name = {0};
    rog_protobuf_text(&name, 2, tag);
    rog_protobuf_message(&info, 1, &name);
    rog_protobuf_message(experiment, 5, &info);
}

static int write_experiment(const struct board *board, struct rog_error *err)
{
    static const char *const metrics[] = {"summary/iterations", "summary/seconds",
                                          "summary/stall_s", "summary/energy_j",
                                          "summary/seconds_to_target"};
    struct rog_protobuf data = {0}, experiment = {0};
    struct events events = {0};
    rog_json_each(board->differs, add_column, &experiment);
    add_metric(&experiment, board->report.data.metric.name);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        add_metric(&experiment, metrics[i]);
    rog_protobuf_message(&data, DATA_EXPERIMENT, &experiment);
    int code = open_events(&events, board->folder, 0, err);
    if (code == 0)
        events.failed = !rog_tfevents_hparams(events.writer.file, 0, "_hparams_/experiment", &data);
    rog_protobuf_release(&data);
    return close_events(board, &events, code, err);
}

/* SessionStartInfo: 1 hparams, a map (1 key, 2 value: 2 number, 3 text, 4 truth); 4 group_name,
 * 5 start_time_secs. */
static void add_setting(void *user, const char *name, const struct rog_json *value)
{
    struct rog_protobuf entry = {0}, one = {0};
    if (rog_json_is_string(value))
        rog_protobuf_text(&one, 3, rog_json_string(value, ""));
    else if (rog_json_is_bool(value))
        rog_protobuf_int(&one, 4, rog_json_bool(value, false));
    else
        rog_protobuf_double(&one, 2, rog_json_number(value, 0));
    rog_protobuf_text(&entry, 1, name);
    rog_protobuf_message(&entry, 2, &one);
    rog_protobuf_message(user, 1, &entry);
}

static int write_settings(struct events *events, const struct rog_run_row *row,
                          struct rog_error *err)
{
    struct rog_protobuf data = {0}, info = {0};
    struct rog_json *config = NULL;
    struct settings settings = {"", add_setting, &info};
    int code = settings_of(row, &config, err);
    rog_json_each(config, each_setting, &settings);
    rog_json_free(config);
    rog_protobuf_text(&info, 4, row->id);
    rog_protobuf_double(&info, 5, events->start_s);
    rog_protobuf_message(&data, DATA_START, &info);
    if (!rog_tfevents_hparams(events->writer.file, events->start_s, "_hparams_/session_start_info",
                              &data))
        events->failed = true;
    return code;
}

/* SessionEndInfo: 1 status, 2 end_time_secs. */
static void write_end(struct events *events, const struct rog_run_row *row, double seconds)
{
    struct rog_protobuf data = {0}, info = {0};
    bool done = strcmp(row->status, "done") == 0, failed = strcmp(row->status, "failed") == 0;
    double end_s = events->start_s + seconds;
    rog_protobuf_int(&info, 1, done ? STATUS_SUCCESS : failed ? STATUS_FAILURE : STATUS_RUNNING);
    if (done || failed)
        rog_protobuf_double(&info, 2, end_s);
    rog_protobuf_message(&data, DATA_END, &info);
    if (!rog_tfevents_hparams(events->writer.file, end_s, "_hparams_/session_end_info", &data))
        events->failed = true;
}

/* --- curves --- */

struct numbers {
    struct events *events;
    double wall_s;
};

static void write_number(void *user, const char *key, double value)
{
    const struct numbers *numbers = user;
    if (!rog_tfevents_scalar(numbers->events->writer.file, numbers->wall_s, 0, key, value))
        numbers->events->failed = true;
}

static void write_point(struct events *events, const struct rog_query *query)
{
    char tag[NAME_BYTES];
    const char *source = rog_query_text(query, ROG_SERIES_SOURCE);
    snprintf(tag, sizeof tag, "%s%s%s", rog_query_text(query, ROG_SERIES_KEY), source ? "/" : "",
             source ? source : "");
    if (!rog_tfevents_scalar(
            events->writer.file, events->start_s + rog_query_real(query, ROG_SERIES_T),
            rog_query_int(query, ROG_SERIES_STEP), tag, rog_query_real(query, ROG_SERIES_VALUE)))
        events->failed = true;
}

/* Writes the curves. The run's own points come first: rank 0. `events` is its file, which stays
 * open. */
static int write_curves(const struct board *board, const char *folder, const char *run_id,
                        struct events *events, struct rog_error *err)
{
    const struct rog_series_choice choice = {
        .order = ROG_SERIES_BY_WORKER, .bandwidth = true, .since = ROG_SERIES_ALL};
    struct events worker = {0};
    struct rog_query *query = NULL;
    int64_t open = 0;
    int code = rog_series_query(&query, board->db, run_id, &choice, err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        int64_t rank = rog_query_int(query, ROG_SERIES_RANK);
        code = 0;
        if (rank != open) {
            code = open ? close_events(board, &worker, 0, err) : 0;
            char *path = rog_format("%s/worker%lld", folder, (long long)rank);
            open = rank;
            if (code == 0)
                code =
                    path ? open_events(&worker, path, events->start_s, err) : rog_fail_nomem(err);
            free(path);
        }
        if (code == 0)
            write_point(rank ? &worker : events, query);
    }
    rog_query_free(query);
    return open ? close_events(board, &worker, code, err) : code;
}

/* Gets when the run started, in seconds since 1970; it may be unknown for an imported run. */
static int start_of(const struct board *board, const struct rog_run_row *row, double *start_s,
                    struct rog_error *err)
{
    struct rog_query *query = NULL;
    const char *time = row->started_at ? row->started_at : board->report.data.row.created_at;
    int code = rog_query_new(&query, board->db, err,
                             "SELECT coalesce(CAST(strftime('%s', ?1) AS INTEGER), 0)", "s", time);
    if (code == 0 && (code = rog_query_step(query, err)) == 1) {
        *start_s = rog_query_real(query, 0);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

static int write_run(const struct board *board, size_t index, struct rog_error *err)
{
    const struct rog_run_row *row = &board->report.data.run[index].row;
    struct rog_json *summary = NULL;
    struct events events = {0};
    double start_s = 0;
    char *stem = rog_quote_file_name(row->id);
    char *folder = stem ? rog_path_join(board->folder, stem) : NULL;
    free(stem);
    int code = folder ? rog_run_summary(board->db, row->id, &summary, err) : rog_fail_nomem(err);
    if (code == 0)
        code = start_of(board, row, &start_s, err);
    if (code == 0)
        code = open_events(&events, folder, start_s, err);
    if (code == 0) {
        double seconds = rog_json_get_number(summary, "seconds", 0);
        struct numbers numbers = {&events, start_s + seconds};
        code = write_settings(&events, row, err);
        if (code == 0)
            code = write_curves(board, folder, row->id, &events, err);
        rog_ends_each(summary, &board->report, index, write_number, &numbers);
        write_end(&events, row, seconds);
    }
    rog_json_free(summary);
    free(folder);
    return close_events(board, &events, code, err);
}

int rog_export_tensorboard(struct rog_db *db, const char *case_name,
                           const struct rog_export_options *options, struct rog_error *err)
{
    struct board board = {.db = db, .options = options};
    size_t begun = 0;
    int code = rog_report_make(db, case_name, &(struct rog_report_options){0}, &board.report, err);
    char *stem = code == 0 ? rog_quote_file_name(case_name) : NULL;
    board.folder = stem ? rog_path_join(options->folder, stem) : NULL;
    if (code == 0 && !board.folder)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = compare_settings(&board, err);
    for (size_t i = 0; code == 0 && i < board.report.data.run_count; i++)
        if (strcmp(board.report.data.run[i].row.status, "planned") != 0) {
            code = write_run(&board, i, err);
            begun++;
        }
    if (code == 0 && begun == 0)
        code =
            rog_fail(err, ROG_ENOTFOUND, "no run of case %s has started", board.report.data.title);
    if (code == 0)
        code = write_experiment(&board, err);
    rog_json_free(board.values);
    rog_json_free(board.differs);
    free(board.folder);
    free(stem);
    rog_report_release(&board.report);
    return code;
}
