/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl show: prints a run's summary and its notable events. */
#include <orchestrator/commands.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/metric.h>
#include <common/settings.h>
#include <common/workload.h>
#include <orchestrator/curves/roughness.h>
#include <orchestrator/import/account.h>
#include <orchestrator/store/setbacks.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/run_view.h>
#include <orchestrator/text/label.h>
#include <orchestrator/text/sketch.h>
#include <rog/iteration.h>

/* Events that are worth listing one by one; only the latest EVENTS_SHOWN are printed. */
#define EVENTS_SHOWN 10
#define EVENT_COLUMN 2    /* column at which wrapped lines of events continue */
#define CURVE_COLUMNS 100 /* most columns of a curve, including the axes */
#define CURVE_ROWS 12
#define PIPE_COLUMNS 80
#define VALUE_COLUMN 19 /* column at which values begin and their wrapped lines continue */

static void print_text(const char *name, const char *text)
{
    char *clean = text ? rog_label_clean(text, 2000) : NULL;
    if (clean)
        rog_print_hanging(VALUE_COLUMN, "%-18s %s", name, clean);
    free(clean);
}

static void print_number(const struct rog_json *s, const char *name, const char *title, int digits,
                         double factor, const char *unit)
{
    double number = rog_json_get_number(s, name, (double)NAN);
    if (!isnan(number))
        rog_print_hanging(VALUE_COLUMN, "%-18s %.*f %s", title, digits, number * factor, unit);
}

/* Prints a part of an iteration's time, "-" if it is not known. */
static void print_part(const struct rog_json *s, const char *name, const char *title)
{
    if (isnan(rog_json_get_number(s, name, (double)NAN)))
        print_text(title, "-");
    else
        print_number(s, name, title, 3, 1, "s per iteration");
}

/* Returns "local steps" for "local_steps". Heap memory. */
static char *in_words(const char *name)
{
    char *words = rog_strdup(name);
    for (char *at = words; at && *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return words;
}

/* Returns the name in words without the unit: "padding" for "padding_s". Heap memory. */
static char *column_title(const struct rog_iteration_column *column)
{
    char *title = in_words(column->name);
    if (!title)
        return NULL;
    size_t length = strlen(title), unit = column->unit ? strlen(column->unit) : 0;
    if (unit && length > unit + 1 && title[length - unit - 1] == ' ' &&
        strcmp(title + length - unit, column->unit) == 0)
        title[length - unit - 1] = '\0';
    return title;
}

/* Prints the means of columns for which the summary has no value of its own. */
static void print_means(const struct rog_json *s)
{
    const struct rog_json *means = rog_json_get(s, "means");
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++) {
        double mean = rog_json_get_number(means, c->name, (double)NAN);
        char *title = column_title(c);
        bool counted = c->unit && strcmp(c->unit, "iterations") == 0;
        bool shown = rog_json_get(s, c->name) || strcmp(c->name, "local_steps") == 0;
        if (title && !isnan(mean) && !shown)
            rog_print_hanging(VALUE_COLUMN, "%-18s %.3f%s%s%s", title, mean, c->unit ? " " : "",
                              c->unit ? c->unit : "",
                              c->unit && !counted ? " per iteration" : ", mean");
        free(title);
    }
}

/* Prints the number of local steps: as recorded, or from the run's settings if nothing is recorded
 * yet or the database is of an earlier rogctl. */
static void print_local_steps(const struct rog_json *s)
{
    const struct rog_json *workers = rog_json_get(rog_json_get(s, "config"), "workers");
    double mean = rog_json_get_number(rog_json_get(s, "means"), "local_steps", (double)NAN);
    long long batchsize = rog_json_get_integer(s, "batchsize", 1), least = 0, most = 0;
    for (size_t i = 0; i < rog_json_size(workers); i++) {
        long long steps =
            batchsize * rog_json_get_integer(rog_json_at(workers, i), "local_steps", 1);
        least = i == 0 || steps < least ? steps : least;
        most = steps > most ? steps : most;
    }
    if (!isnan(mean))
        rog_print_hanging(VALUE_COLUMN, "%-18s %.10g per iteration%s", "local steps",
                          round(1000 * mean) / 1000, mean == floor(mean) ? "" : ", mean");
    else if (least < most)
        rog_print_hanging(VALUE_COLUMN, "%-18s %lld to %lld per iteration, by the settings",
                          "local steps", least, most);
    else if (most > 0)
        rog_print_hanging(VALUE_COLUMN, "%-18s %lld per iteration, by the settings", "local steps",
                          most);
}

/* Prints times of local steps that were measured before the run. */
static void print_measured(const struct rog_json *s)
{
    const struct rog_json *list = rog_json_get(s, "measured");
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < rog_json_size(list); i++) {
        double step_s = rog_json_get_number(rog_json_at(list, i), "step_s", 0);
        least = fmin(least, step_s);
        most = fmax(most, step_s);
    }
    if (rog_json_size(list) > 0 && least < most)
        rog_print_hanging(VALUE_COLUMN, "%-18s %.3g to %.3g s, measured", "local step", least,
                          most);
    else if (rog_json_size(list) > 0)
        rog_print_hanging(VALUE_COLUMN, "%-18s %.3g s, measured", "local step", most);
}

/* Prints the number of iterations of the fastest worker; workers may have finished different
 * numbers. */
static void print_iterations(const struct rog_json *s)
{
    long long workers = rog_json_get_integer(s, "workers", 0);
    long long idle = rog_json_get_integer(s, "idle_workers", 0);
    long long most = rog_json_get_integer(s, "iterations", 0);
    rog_print_hanging(VALUE_COLUMN, "%-18s %lld", "workers", workers);
    if (most == 0)
        rog_print_hanging(VALUE_COLUMN, "%-18s 0: no worker has finished one", "iterations");
    else if (idle > 0)
        rog_print_hanging(VALUE_COLUMN,
                          "%-18s %lld of the fastest worker; %lld of %lld workers finished none",
                          "iterations", most, idle, workers);
    else
        rog_print_hanging(VALUE_COLUMN, "%-18s %lld of the fastest worker", "iterations", most);
}

/* Prints what checkpoints contain if that is not the current model. */
static void print_average(const struct rog_json *s)
{
    const struct rog_json *config = rog_json_get(s, "config");
    double iterations = rog_json_get_number(config, "checkpoint_average", 0);
    if (iterations > 0)
        rog_print_hanging(VALUE_COLUMN,
                          "%-18s of the server's model averaged over about %g iterations",
                          "checkpoints", iterations);
}

static double result_at(const struct rog_json *list, size_t index)
{
    return rog_json_number(rog_json_at(rog_json_at(list, index), 2), 0);
}

static void print_accuracy(const struct rog_json *s)
{
    const struct rog_json *list = rog_json_get(s, "accuracy");
    size_t count = rog_json_size(list), best = 0;
    if (count == 0)
        return;
    struct rog_metric metric;
    rog_metric_read(s, &metric, NULL);
    double sign = metric.less_is_better ? -1 : 1, largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(result_at(list, i)));
        if (sign * result_at(list, i) > sign * result_at(list, best))
            best = i;
    }
    int digits = rog_metric_digits(&metric, largest);
    const char *space = metric.unit[0] ? " " : "", *unit = metric.unit;
    rog_print_hanging(
        VALUE_COLUMN,
        "%-18s first %.*f%s%s, last %.*f%s%s, best %.*f%s%s at %.0f s; %zu tested checkpoints",
        metric.name, digits, result_at(list, 0), space, unit, digits, result_at(list, count - 1),
        space, unit, digits, result_at(list, best), space, unit,
        rog_json_number(rog_json_at(rog_json_at(list, best), 0), 0), count);
}

/* Prints the curve of test results. */
static void print_curve(const struct rog_json *s)
{
    const struct rog_screen screen = rog_screen_of(STDOUT_FILENO);
    const struct rog_json *list = rog_json_get(s, "accuracy");
    size_t count = rog_json_size(list), columns = screen.terminal ? screen.columns : PIPE_COLUMNS;
    double *x = calloc(count + 1, sizeof *x), *y = calloc(count + 1, sizeof *y), largest = 0;
    struct rog_metric metric;
    rog_metric_read(s, &metric, NULL);
    for (size_t i = 0; x && y && i < count; i++) {
        x[i] = rog_json_number(rog_json_at(rog_json_at(list, i), 0), 0);
        y[i] = result_at(list, i);
        largest = fmax(largest, fabs(y[i]));
    }
    const struct rog_sketch sketch = {
        .x = x,
        .y = y,
        .count = x && y ? count : 0,
        .columns = columns < CURVE_COLUMNS ? columns : CURVE_COLUMNS,
        .rows = CURVE_ROWS,
        .utf8 = screen.utf8,
        .digits = rog_metric_digits(&metric, largest),
        .x_unit = "s",
    };
    char title[ROG_METRIC_TEXT_BYTES], *text = rog_sketch_curve(&sketch);
    rog_metric_title(&metric, title);
    if (text && text[0])
        rog_print("\n%s\n%s", title, text);
    free(text);
    free(y);
    free(x);
}

static void print_roughness(const struct rog_json *s)
{
    double rough = rog_json_get_number(s, "roughness", (double)NAN), worst[2];
    struct rog_metric metric;
    if (isnan(rough))
        return;
    rog_metric_read(s, &metric, NULL);
    worst[0] = rog_json_get_number(s, "worst_drop", 0);
    worst[1] = rog_json_get_number(s, "worst_drop_s", 0);
    int digits = rog_metric_digits(&metric, fmax(rough, worst[0]));
    const char *unit = rog_metric_difference(&metric);
    rog_print_hanging(VALUE_COLUMN,
                      "%-18s %.*f %s from checkpoint to checkpoint at %.0f s or later", "roughness",
                      digits, rough, unit, ROG_ROUGHNESS_FROM_S);
    if (worst[0] > 0)
        rog_print_hanging(VALUE_COLUMN, "%-18s %.*f %s at %.0f s",
                          metric.less_is_better ? "worst rise" : "worst drop", digits, worst[0],
                          unit, worst[1]);
}

/* Returns "after 2911 s", "not up to 8100 s", or nothing. */
static char *reached_text(const struct rog_json *reached, const char *unit)
{
    const char *state = rog_json_get_string(reached, "state", "");
    if (strcmp(state, "reached") == 0)
        return rog_format("after %.0f %s", rog_json_get_number(reached, "at", 0), unit);
    if (strcmp(state, "not reached") == 0)
        return rog_format("not up to %.0f %s", rog_json_get_number(reached, "seen_to", 0), unit);
    return rog_strdup("");
}

/* Prints errors during a run that nevertheless finished. */
static void print_setbacks(const struct rog_json *s)
{
    struct rog_setbacks setbacks;
    rog_setbacks_read(&setbacks, s);
    char text[ROG_SETBACKS_BYTES];
    rog_setbacks_text(&setbacks, text);
    print_text("disturbed by", text[0] ? text : NULL);
}

/* Prints which workers were missing when the run ended, and since when. */
static void print_away(const struct rog_json *s)
{
    const struct rog_json *list = rog_json_get(s, "workers_away");
    char *text = NULL;
    for (size_t i = 0; i < rog_json_size(list); i++) {
        const struct rog_json *one = rog_json_at(list, i);
        double since_s = rog_json_get_number(one, "since_s", 0);
        long long rank = rog_json_get_integer(one, "rank", 0);
        char since[48] = "never connected";
        if (since_s > 0)
            snprintf(since, sizeof since, "since %.0f s", since_s);
        else if (rog_json_get_bool(one, "came", false))
            snprintf(since, sizeof since, "since before the run started");
        char *longer =
            rog_format("%s%sworker %lld %s", text ? text : "", text ? ", " : "", rank, since);
        free(text);
        text = longer;
    }
    print_text("away", text);
    free(text);
}

static void print_targets(const struct rog_json *s)
{
    const struct rog_json *targets = rog_json_get(s, "targets");
    struct rog_metric metric;
    rog_metric_read(s, &metric, NULL);
    for (size_t i = 0; i < rog_json_size(targets); i++) {
        const struct rog_json *target = rog_json_at(targets, i);
        char *name = rog_label_clean(rog_json_get_string(target, "case", ""), 500);
        char *seconds = reached_text(rog_json_get(target, "seconds"), "s");
        char *joules = reached_text(rog_json_get(target, "joules"), "J a worker");
        char value[ROG_METRIC_TEXT_BYTES];
        rog_metric_value(&metric, rog_json_get_number(target, "target", 0), value);
        if (name && seconds && joules)
            rog_print_hanging(VALUE_COLUMN, "%-18s %s (target of %s): %s%s%s", "reached", value,
                              name, seconds, joules[0] ? ", " : "", joules);
        free(joules);
        free(seconds);
        free(name);
    }
}

static int print_count(const char *kind, const struct rog_json *count, void *user)
{
    (void)user;
    rog_print_hanging(VALUE_COLUMN, "  %-16s %lld", kind, (long long)rog_json_integer(count, 0));
    return 0;
}

static void print_events(const struct rog_json *s)
{
    const struct rog_json *notable = rog_json_get(s, "notable_events");
    size_t count = rog_json_size(notable);
    rog_print("events");
    rog_json_each(rog_json_get(s, "events"), print_count, NULL);
    for (size_t i = 0; i < count && i < EVENTS_SHOWN; i++) {
        const struct rog_json *event = rog_json_at(notable, i);
        char *text = rog_label_clean(rog_json_get_string(event, "message", ""), 500);
        rog_print_hanging(EVENT_COLUMN, "  at %.1f s, rank %lld: %s: %s",
                          rog_json_get_number(event, "t", 0),
                          (long long)rog_json_get_integer(event, "rank", 0),
                          rog_json_get_string(event, "kind", ""), text ? text : "");
        free(text);
    }
    if (count > EVENTS_SHOWN)
        rog_print("  and %zu more; --json has them all", count - EVENTS_SHOWN);
}

static int add_parameter(const char *name, const struct rog_json *value, void *user)
{
    char **text = user;
    char *shown = rog_json_text(value);
    char *longer =
        shown && *text ? rog_format("%s%s%s %s", *text, **text ? ", " : "", name, shown) : NULL;
    free(shown);
    free(*text);
    *text = longer;
    return 0;
}

static void print_parameters(const struct rog_json *s)
{
    char *text = rog_strdup("");
    rog_json_each(rog_json_get(s, "parameters"), add_parameter, &text);
    print_text("parameters", text && text[0] ? text : NULL);
    free(text);
}

/* Prints the parts of the run that are not the defaults: "compression  topk, density 0.1". */
static void print_parts(const struct rog_json *s)
{
    print_text("method", rog_json_get_string(rog_json_get(s, "config"), "method", NULL));
    struct rog_json *config = rog_json_copy(rog_json_get(s, "config"));
    rog_settings_leave_out(rog_run_settings, ROG_SETTING_LEFT_OUT | ROG_SETTING_OF_BOTH_ENDS,
                           config);
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        if (!rog_setting_is(row, ROG_SETTING_LEFT_OUT | ROG_SETTING_OF_BOTH_ENDS, 0) ||
            row->type == ROG_SETTING_GROUP)
            continue;
        char *group = rog_format("%s_parameters", row->name);
        const struct rog_json *value = rog_json_get(config, row->name);
        const struct rog_json *own = group ? rog_json_get(config, group) : NULL;
        char *text = !value && !own              ? NULL
                     : !value                    ? rog_strdup("")
                     : rog_json_is_string(value) ? rog_strdup(rog_json_string(value, ""))
                                                 : rog_json_text(value);
        rog_json_each(own, add_parameter, &text);
        char *title = in_words(row->name);
        if (text && title)
            print_text(title, text);
        free(title);
        free(text);
        free(group);
    }
    rog_json_free(config);
}

/* Prints the files that the run has read, and their digests. */
static void print_inputs(const struct rog_json *s)
{
    const struct rog_json *inputs = rog_json_get(s, "inputs");
    const struct rog_json *files = rog_json_get(inputs, "files");
    if (!inputs) {
        print_text("inputs", "not recorded");
        return;
    }
    rog_print_hanging(VALUE_COLUMN,
                      "%-18s results version %lld of the trainer, and these files:", "inputs",
                      (long long)rog_json_get_integer(inputs, "results", 0));
    for (size_t i = 0; i < rog_json_size(files); i++) {
        const struct rog_json *file = rog_json_at(files, i);
        char *path = rog_label_clean(rog_json_get_string(file, "path", ""), 500);
        rog_print_hanging(VALUE_COLUMN, "  %-16s %s  sha256 %s",
                          rog_json_get_string(file, "setting", ""), path ? path : "",
                          rog_json_get_string(file, "sha256", ""));
        free(path);
    }
}

static void print_indented(const char *text)
{
    char *clean = rog_label_clean(text, 500);
    if (clean)
        rog_print_hanging(2, "  %s", clean);
    free(clean);
}

/* Prints what was done with the rows of the files that the run was imported from. */
static void print_imported(const struct rog_json *s)
{
    const struct rog_json *imported = rog_json_get(s, "imported");
    const struct rog_json *notes = rog_json_get(imported, "notes");
    const struct rog_json *files = rog_json_get(imported, "files");
    if (!imported)
        return;
    rog_print("imported");
    for (size_t i = 0; i < rog_json_size(notes); i++)
        print_indented(rog_json_string(rog_json_at(notes, i), ""));
    for (size_t i = 0; i < rog_json_size(files); i++) {
        char *text = rog_account_text(rog_json_at(files, i));
        if (text)
            print_indented(text);
        free(text);
    }
    if (!files)
        print_indented("by an earlier version of rogctl, which did not count rows and may have "
                       "lost some; hint: import into a new database");
}

/* Prints the progress of a run that is being executed, or that continues without rogctl. */
static void print_progress(const struct rog_json *s)
{
    const struct rog_json *progress = rog_json_get(s, "progress");
    const char *waiting = rog_json_get_string(progress, "waiting", NULL);
    const char *status = rog_json_get_string(s, "status", "");
    if (!progress)
        return;
    rog_print_hanging(VALUE_COLUMN, "%-18s %.0f%%", "progress",
                      100 * rog_json_get_number(progress, "done", 0));
    if (waiting)
        rog_print_hanging(VALUE_COLUMN, "%-18s %s, for %.0f s", "now", waiting,
                          rog_json_get_number(progress, "waiting_s", 0));
    if (strcmp(status, "left") == 0)
        rog_print_hanging(VALUE_COLUMN,
                          "%-18s no process; it runs on its hosts for %.0f s more, and the same "
                          "command resumes it",
                          "followed by",
                          rog_json_get_number(progress, "alone_s", 0) -
                              rog_json_get_number(progress, "age_s", 0));
}

static int print_run(const struct rog_json *s, struct rog_error *err)
{
    char threshold[ROG_THRESHOLD_TEXT_BYTES];
    print_text("run", rog_json_get_string(s, "id", NULL));
    print_text("note", rog_json_get_string(s, "note", NULL));
    print_text("status", rog_run_status_words(s));
    print_text("error", rog_json_get_string(s, "error", NULL));
    print_progress(s);
    char length[64] = ""; /* a program counts its own epochs */
    double most_s = rog_json_get_number(rog_json_get(s, "config"), "seconds", 0);
    if (!rog_workload_is_program(rog_json_get(s, "config")))
        snprintf(length, sizeof length, "%lld epochs, ",
                 (long long)rog_json_get_integer(s, "epochs", 0));
    if (most_s > 0)
        snprintf(length + strlen(length), sizeof length - strlen(length), "at most %.10g s, ",
                 most_s);
    rog_print_hanging(VALUE_COLUMN, "%-18s %s %s, %s, batchsize %lld, %sseed %lld", "settings",
                      rog_json_get_string(s, "library", ""),
                      rog_threshold_text(rog_json_get_integer(s, "threshold", 0), threshold),
                      rog_json_get_string(s, "control", ""),
                      (long long)rog_json_get_integer(s, "batchsize", 0), length,
                      (long long)rog_json_get_integer(s, "seed", 0));
    print_parameters(s);
    print_parts(s);
    print_average(s);
    print_text("cluster", rog_json_get_string(s, "cluster", NULL));
    print_text("started (UTC)", rog_json_get_string(s, "started_at", NULL));
    print_text("ended (UTC)", rog_json_get_string(s, "ended_at", NULL));
    print_text("folder", rog_json_get_string(s, "folder", NULL));
    rog_print_hanging(VALUE_COLUMN, "%-18s %lld", "attempt",
                      (long long)rog_json_get_integer(s, "attempt", 0));
    print_iterations(s);
    print_local_steps(s);
    print_measured(s);
    print_number(s, "seconds", "time", 1, 1, "s");
    print_setbacks(s);
    print_away(s);
    print_part(s, "compute_s", "computation");
    print_part(s, "communication_s", "communication");
    print_part(s, "stall_s", "stall");
    print_means(s);
    print_accuracy(s);
    print_roughness(s);
    print_targets(s);
    print_number(s, "energy_j", "energy", 1, 1e-3, "kJ a worker");
    print_number(s, "bytes_pushed", "pushed", 1, 1e-6, "MB");
    print_number(s, "bytes_pulled", "pulled", 1, 1e-6, "MB");
    print_text(rog_json_get_bool(s, "replay_off", false) ? "REPLAY" : "replay",
               rog_json_get_string(s, "replay", NULL));
    print_inputs(s);
    print_imported(s);
    print_events(s);
    return rog_robots_table(rog_json_get(s, "robots"), rog_json_get(s, "progress") != NULL, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_json *summary = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = rog_run_details(db, rog_cli_arg(cli, 0), &summary, err);
    if (code == 0 && rog_cli_flag(cli, "json")) {
        code = rog_print_json(summary, err);
        summary = NULL;
    } else if (code == 0) {
        code = print_run(summary, err);
        if (code == 0 && (rog_cli_flag(cli, "curve") || rog_screen_of(STDOUT_FILENO).terminal))
            print_curve(summary);
    }
    rog_json_free(summary);
    rog_db_close(db);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "curve",
     .type = ROG_SETTING_FLAG,
     .help = "draw the curve of its tests even if the output is not a terminal"},
    {.name = NULL},
};

const struct rog_command rog_cmd_show = {
    .name = "show",
    .usage = "RUN",
    .summary = "Summarize a run",
    .details = "RUN is a run's name, any unambiguous prefix of it, or a path that ends in it. On a "
               "terminal the curve of its tests is drawn below the summary.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
