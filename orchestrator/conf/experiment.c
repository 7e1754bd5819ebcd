/* SPDX-License-Identifier: Apache-2.0 */
/* Reads experiment files, and expands matrices into runs. */
#include <orchestrator/conf/experiment.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/file.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/curves/rule.h>
#include <rog/strategy.h>

/* Settings at top level other than those of a run. `runs` and `matrix` are listed only for their
 * names; they are read by functions below. */
const struct rog_setting rog_case_settings[] = {
    {.name = "case",
     .type = ROG_SETTING_STRING,
     .help = "name of the case, without -caseK",
     .flags = ROG_SETTING_FILE_NAME},
    {.name = "figure", .type = ROG_SETTING_STRING, .help = "figure of the paper to draw"},
    {.name = "target_accuracy",
     .type = ROG_SETTING_REAL,
     .min = -1e9,
     .max = 1e9,
     .help = "target accuracy (percent) or metric value for comparing time and energy"},
    {.name = "contender",
     .type = ROG_SETTING_STRING,
     .help = "library or note of a run whose gains are reported"},
    {.name = "baseline",
     .type = ROG_SETTING_STRING,
     .help = "library or note of a run over which gains are reported, instead of all others"},
    {.name = "cluster",
     .type = ROG_SETTING_STRING,
     .help = "cluster file that the runs are executed on"},
    {.name = "methods",
     .type = ROG_SETTING_STRING,
     .help = "file of methods, in addition to the built-in ones"},
    {.name = "on_done",
     .type = ROG_SETTING_STRING,
     .help = "shell command to run when a run is done, with the run as JSON on standard input"},
    {.name = "on_failed",
     .type = ROG_SETTING_STRING,
     .help = "shell command to run when a run has failed, with the run as JSON on standard input"},
    ROG_CURVE_SETTINGS,
    ROG_LOOK_SETTINGS,
    {.name = "runs", .type = ROG_SETTING_STRING, .help = "list of runs"},
    {.name = "matrix",
     .type = ROG_SETTING_STRING,
     .help = "lists of values; one run per combination"},
    {.name = NULL},
};

/* Adds a run that starts with the settings of the top level. */
static int add_run(struct rog_experiment *experiment, const struct rog_json *defaults, int line,
                   struct rog_experiment_run **out, struct rog_error *err)
{
    if (experiment->run_count >= ROG_EXPERIMENT_MAX_RUNS)
        return rog_fail(err, ROG_EINVAL, "%s, line %d: more than %d runs", experiment->path, line,
                        ROG_EXPERIMENT_MAX_RUNS);
    struct rog_experiment_run *more =
        realloc(experiment->run, (experiment->run_count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    experiment->run = more;
    struct rog_experiment_run *run = *out = &more[experiment->run_count++];
    *run = (struct rog_experiment_run){
        .settings = rog_json_copy(defaults), .own = rog_json_object(), .line = line};
    return run->settings && run->own ? 0 : rog_fail_nomem(err);
}

static int put_copy(struct rog_json *settings, const char *name, const struct rog_json *value,
                    struct rog_error *err)
{
    struct rog_json *copy = rog_json_copy(value);
    if (!copy)
        return rog_fail_nomem(err);
    rog_json_put(settings, name, copy);
    return 0;
}

static int fail_unknown_of_program(const struct rog_conf_node *node, struct rog_error *err)
{
    char *names =
        rog_settings_names(rog_run_settings, ROG_SETTING_OF_PROGRAMS, ROG_SETTING_FILLED_IN);
    int code = rog_conf_fail(node, err, "unknown setting %s in workload; it has %s", node->name,
                             names ? names : "others");
    free(names);
    return code;
}

/* Reads workload = { command = ...; files = ...; test = ...; ranks = ...; }: a user's program. */
static int take_workload(const struct rog_conf_node *group, struct rog_json *settings,
                         struct rog_error *err)
{
    for (size_t i = 0; i < group->child_count; i++) {
        const struct rog_conf_node *node = &group->child[i];
        const struct rog_setting *row = rog_setting_find(rog_run_settings, node->name);
        if (!row || !rog_setting_is(row, ROG_SETTING_OF_PROGRAMS, ROG_SETTING_FILLED_IN))
            return fail_unknown_of_program(node, err);
        int code = rog_conf_check(node, rog_run_settings, NULL, err);
        if (code == 0)
            code = put_copy(settings, node->name, node->value, err);
        if (code < 0)
            return code;
    }
    rog_json_put_string(settings, "workload", "program");
    return 0;
}

/* Reads a setting of a run. `extra`: other settings that are allowed here and read by the
 * caller. */
static int take_setting(const struct rog_conf_node *node, const struct rog_setting *extra,
                        struct rog_json *settings, struct rog_error *err)
{
    if (strcmp(node->name, "workload") == 0 && node->type == ROG_CONF_GROUP)
        return take_workload(node, settings, err);
    bool is_known = rog_setting_find(rog_run_settings, node->name) ||
                    (extra && rog_setting_find(extra, node->name));
    if (!is_known && rog_cluster_has_setting(node->name))
        return rog_conf_fail(
            node, err,
            "%s belongs in the cluster file (docs/cluster-files.md), not in the experiment file",
            node->name);
    int code = rog_conf_check(node, rog_run_settings, extra, err);
    if (code < 0 || !rog_setting_find(rog_run_settings, node->name))
        return code;
    return put_copy(settings, node->name, node->value, err);
}

static int take_runs(struct rog_experiment *experiment, const struct rog_conf_node *runs,
                     const struct rog_json *defaults, struct rog_error *err)
{
    if (runs->type != ROG_CONF_LIST)
        return rog_conf_fail(runs, err,
                             "runs must be a list of groups, ( { ... }, ... ) (found %s)",
                             rog_conf_kind(runs));
    if (runs->child_count == 0)
        return rog_conf_fail(runs, err, "runs is empty; it needs at least one group, ( { ... } )");
    int code = 0;
    for (size_t i = 0; code == 0 && i < runs->child_count; i++) {
        const struct rog_conf_node *group = &runs->child[i];
        struct rog_experiment_run *run = NULL;
        if (group->type != ROG_CONF_GROUP)
            return rog_conf_fail(group, err, "run %zu must be a group, { ... } (found %s)", i + 1,
                                 rog_conf_kind(group));
        code = add_run(experiment, defaults, group->line, &run, err);
        for (size_t j = 0; code == 0 && j < group->child_count; j++)
            code = take_setting(&group->child[j], NULL, run->own, err);
        if (code == 0)
            rog_settings_copy(rog_run_settings, 0, 0, run->own, run->settings);
    }
    return code;
}

/* Checks every value of a matrix row as if it were given alone under the row's name. */
static int check_axis(const struct rog_conf_node *axis, struct rog_error *err)
{
    if (!rog_setting_find(rog_run_settings, axis->name))
        return rog_conf_check(axis, rog_run_settings, NULL, err);
    if (axis->type != ROG_CONF_LIST)
        return rog_conf_fail(axis, err,
                             "%s in a matrix must be a list of values, [ ... ] (found %s)",
                             axis->name, rog_conf_kind(axis));
    if (axis->child_count == 0)
        return rog_conf_fail(axis, err, "%s in a matrix is empty; it needs at least one value",
                             axis->name);
    for (size_t i = 0; i < axis->child_count; i++) {
        struct rog_conf_node value = axis->child[i];
        value.name = axis->name;
        int code = rog_conf_check(&value, rog_run_settings, NULL, err);
        if (code < 0)
            return code;
        for (size_t j = 0; j < i; j++) {
            char *one = rog_json_text_sorted(axis->child[i].value);
            char *two = rog_json_text_sorted(axis->child[j].value);
            bool same = one && two && strcmp(one, two) == 0;
            free(one);
            free(two);
            if (same)
                return rog_conf_fail(&value, err, "%s in a matrix has the same value twice",
                                     axis->name);
        }
    }
    return 0;
}

/* Appends ", batchsize 2" to the note, which becomes NULL without memory. */
static int lengthen_note(const char *name, const struct rog_json *value, void *user)
{
    char **note = user;
    char *shown =
        rog_json_is_string(value) ? rog_strdup(rog_json_string(value, "")) : rog_json_text(value);
    char *longer = *note && shown ? rog_format("%s, %s %s", *note, name, shown) : NULL;
    free(shown);
    free(*note);
    *note = longer;
    return 0;
}

/* Appends the settings that vary to `note`, and takes ownership of it. */
static char *add_axes(char *note, const struct rog_json *settings, const struct rog_json *axes)
{
    for (size_t i = 0; note && i < rog_json_size(axes); i++) {
        const char *axis = rog_json_string(rog_json_at(axes, i), "");
        const struct rog_json *value = rog_json_get(settings, axis);
        if (rog_json_is_object(value))
            rog_json_each(value, lengthen_note, &note);
        else if (value)
            lengthen_note(axis, value, &note);
    }
    return note;
}

char *rog_experiment_method_note(const char *label, const struct rog_json *settings,
                                 const struct rog_json *axes)
{
    return add_axes(rog_strdup(label), settings, axes);
}

char *rog_experiment_note(const char *name, const struct rog_json *settings,
                          const struct rog_json *axes)
{
    const struct rog_json *threshold = rog_json_get(settings, "threshold");
    char text[ROG_THRESHOLD_TEXT_BYTES];
    /* A word means the largest threshold. */
    int64_t number =
        rog_json_is_string(threshold) ? ROG_THRESHOLD_INFINITE : rog_json_integer(threshold, 0);
    char *note =
        number > 0 ? rog_format("%s %s", name, rog_threshold_text(number, text)) : rog_strdup(name);
    return add_axes(note, settings, axes);
}

/* Returns which settings of a matrix are mentioned in notes. */
static struct rog_json *noted_axes(const struct rog_conf_node *matrix)
{
    struct rog_json *axes = rog_json_array();
    for (size_t i = 0; i < matrix->child_count; i++) {
        const struct rog_conf_node *axis = &matrix->child[i];
        if (axis->child_count > 1 && rog_setting_is(rog_setting_find(rog_run_settings, axis->name),
                                                    0, ROG_SETTING_NOT_NOTED))
            rog_json_append(axes, rog_json_new_string(axis->name));
    }
    return axes;
}

static int check_matrix(const struct rog_conf_node *matrix, size_t *cells, struct rog_error *err)
{
    *cells = 1;
    if (matrix->type != ROG_CONF_GROUP || matrix->child_count == 0)
        return rog_conf_fail(matrix, err,
                             "matrix must be a group of lists, { threshold = [4, 20]; ... }, or a "
                             "list of such groups (found %s)",
                             matrix->type == ROG_CONF_GROUP ? "an empty one"
                                                            : rog_conf_kind(matrix));
    for (size_t i = 0; i < matrix->child_count; i++) {
        int code = check_axis(&matrix->child[i], err);
        if (code < 0)
            return code;
        *cells *= matrix->child[i].child_count;
        if (*cells > ROG_EXPERIMENT_MAX_RUNS)
            return rog_conf_fail(matrix, err, "matrix has more than %d cells",
                                 ROG_EXPERIMENT_MAX_RUNS);
    }
    return 0;
}

static int take_matrix(struct rog_experiment *experiment, const struct rog_conf_node *matrix,
                       const struct rog_json *defaults, struct rog_error *err)
{
    size_t cells = 0;
    int code = check_matrix(matrix, &cells, err);
    for (size_t cell = 0; code == 0 && cell < cells; cell++) {
        struct rog_experiment_run *run = NULL;
        code = add_run(experiment, defaults, matrix->line, &run, err);
        if (code == 0 && !(run->axes = noted_axes(matrix)))
            code = rog_fail_nomem(err);
        size_t rest = cell;
        for (size_t i = matrix->child_count; code == 0 && i-- > 0;) {
            const struct rog_conf_node *axis = &matrix->child[i];
            code = put_copy(run->settings, axis->name, axis->child[rest % axis->child_count].value,
                            err);
            rest /= axis->child_count;
        }
    }
    return code;
}

/* Reads a matrix, or a list of them. */
static int take_matrices(struct rog_experiment *experiment, const struct rog_conf_node *matrix,
                         const struct rog_json *defaults, struct rog_error *err)
{
    if (matrix->type != ROG_CONF_LIST)
        return take_matrix(experiment, matrix, defaults, err);
    if (matrix->child_count == 0)
        return rog_conf_fail(matrix, err,
                             "matrix is empty; it needs at least one group, ( { ... } )");
    int code = 0;
    for (size_t i = 0; code == 0 && i < matrix->child_count; i++)
        code = take_matrix(experiment, &matrix->child[i], defaults, err);
    return code;
}

static int take_name(struct rog_experiment_name *name, const struct rog_conf_node *node,
                     struct rog_error *err)
{
    if (!node)
        return 0;
    *name = (struct rog_experiment_name){rog_strdup(rog_json_string(node->value, "")), node->line};
    return name->name ? 0 : rog_fail_nomem(err);
}

static int take_command(char **command, const struct rog_conf_node *node, struct rog_error *err)
{
    if (!node)
        return 0;
    *command = rog_strdup(rog_json_string(node->value, ""));
    if (!*command)
        return rog_fail_nomem(err);
    return (*command)[0] ? 0
                         : rog_conf_fail(node, err, "%s is empty; to run no command, leave it out",
                                         node->name);
}

/* Reads settings of curves and figures; each is checked separately, so that an error has its
 * line. */
static int take_options(struct rog_experiment *experiment, const struct rog_conf_node *root,
                        struct rog_error *err)
{
    experiment->options = rog_json_object();
    int code = experiment->options ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < root->child_count; i++) {
        const struct rog_conf_node *node = &root->child[i];
        struct rog_curve_rule rule;
        struct rog_error cause;
        if (!rog_setting_find(rog_curve_settings, node->name) &&
            !rog_setting_find(rog_look_settings, node->name))
            continue;
        code = put_copy(experiment->options, node->name, node->value, err);
        if (code == 0 && (rog_curve_rule_make(&rule, experiment->options, &cause) < 0 ||
                          rog_look_check(experiment->options, &cause) < 0))
            code = rog_conf_fail_again(node, err, &cause);
    }
    return code;
}

static int take_case(struct rog_experiment *experiment, const struct rog_conf_node *root,
                     struct rog_error *err)
{
    const struct rog_conf_node *name = rog_conf_get(root, "case");
    const struct rog_conf_node *figure = rog_conf_get(root, "figure");
    const struct rog_conf_node *target = rog_conf_get(root, "target_accuracy");
    if (!name)
        return rog_conf_fail(root, err, "case is missing: case = \"NAME\" names the runs' case");
    experiment->case_name = rog_strdup(rog_json_string(name->value, ""));
    experiment->figure = figure ? rog_strdup(rog_json_string(figure->value, "")) : NULL;
    experiment->target_accuracy = target ? rog_json_number(target->value, 0) : (double)NAN;
    if (!experiment->case_name || (figure && !experiment->figure))
        return rog_fail_nomem(err);
    int code = take_command(&experiment->on_done, rog_conf_get(root, "on_done"), err);
    if (code == 0)
        code = take_command(&experiment->on_failed, rog_conf_get(root, "on_failed"), err);
    if (code == 0)
        code = take_name(&experiment->contender, rog_conf_get(root, "contender"), err);
    if (code == 0)
        code = take_name(&experiment->baseline, rog_conf_get(root, "baseline"), err);
    if (code == 0)
        code = take_name(&experiment->cluster, rog_conf_get(root, "cluster"), err);
    if (code == 0)
        code = take_name(&experiment->methods, rog_conf_get(root, "methods"), err);
    return code ? code : take_options(experiment, root, err);
}

/* Records the lines of settings, including those of a program, which are in a group. */
static void take_lines(struct rog_json *lines, const struct rog_conf_node *group)
{
    for (size_t i = 0; i < group->child_count; i++) {
        const struct rog_conf_node *node = &group->child[i];
        rog_json_put_integer(lines, node->name, node->line);
        if (strcmp(node->name, "workload") == 0 && node->type == ROG_CONF_GROUP)
            take_lines(lines, node);
    }
}

int rog_experiment_line(const struct rog_experiment *experiment,
                        const struct rog_experiment_run *run, const char *message)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(message, ": "), message);
    if (rog_json_get(run->own, name))
        return run->line;
    for (size_t i = 0; i < rog_json_size(run->axes); i++)
        if (strcmp(rog_json_string(rog_json_at(run->axes, i), ""), name) == 0)
            return run->line;
    return (int)rog_json_get_integer(experiment->lines, name, run->line);
}

static int take(struct rog_experiment *experiment, const struct rog_conf_node *root,
                struct rog_error *err)
{
    const struct rog_conf_node *runs = rog_conf_get(root, "runs");
    const struct rog_conf_node *matrix = rog_conf_get(root, "matrix");
    struct rog_json *defaults = rog_json_object();
    experiment->lines = rog_json_object();
    int code = defaults && experiment->lines ? 0 : rog_fail_nomem(err);
    if (code == 0)
        take_lines(experiment->lines, root);
    for (size_t i = 0; code == 0 && i < root->child_count; i++) {
        const struct rog_conf_node *node = &root->child[i];
        if (node == runs || node == matrix)
            continue;
        code = take_setting(node, rog_case_settings, defaults, err);
    }
    if (code == 0)
        code = take_case(experiment, root, err);
    if (code == 0 && !runs && !matrix)
        code =
            rog_conf_fail(root, err, "no runs: runs = ( { ... } ) or matrix = { ... } is needed");
    if (code == 0 && runs)
        code = take_runs(experiment, runs, defaults, err);
    if (code == 0 && matrix)
        code = take_matrices(experiment, matrix, defaults, err);
    rog_json_free(defaults);
    return code;
}

/* Builds the experiment and takes ownership of `root`. */
static int build(struct rog_experiment **out, struct rog_conf_node *root, const char *path,
                 struct rog_error *err)
{
    struct rog_experiment *experiment = calloc(1, sizeof *experiment);
    int code = experiment ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        experiment->path = rog_strdup(path);
        code = experiment->path ? take(experiment, root, err) : rog_fail_nomem(err);
    }
    rog_conf_free(root);
    if (code < 0)
        rog_experiment_free(experiment);
    else
        *out = experiment;
    return code;
}

int rog_experiment_read(struct rog_experiment **experiment, const char *path, struct rog_error *err)
{
    *experiment = NULL;
    struct rog_conf_node *root = NULL;
    int code = rog_conf_read(&root, path, err);
    return code < 0 ? code : build(experiment, root, path, err);
}

int rog_experiment_parse(struct rog_experiment **experiment, const char *text, const char *origin,
                         struct rog_error *err)
{
    *experiment = NULL;
    struct rog_conf_node *root = NULL;
    int code = rog_conf_parse(&root, text, origin, err);
    return code < 0 ? code : build(experiment, root, origin, err);
}

void rog_experiment_free(struct rog_experiment *experiment)
{
    if (!experiment)
        return;
    for (size_t i = 0; i < experiment->run_count; i++) {
        rog_json_free(experiment->run[i].settings);
        rog_json_free(experiment->run[i].own);
        rog_json_free(experiment->run[i].axes);
        free(experiment->run[i].label);
    }
    free(experiment->run);
    free(experiment->path);
    free(experiment->case_name);
    free(experiment->figure);
    free(experiment->on_done);
    free(experiment->on_failed);
    free(experiment->contender.name);
    free(experiment->baseline.name);
    free(experiment->cluster.name);
    free(experiment->methods.name);
    rog_json_free(experiment->options);
    rog_json_free(experiment->lines);
    free(experiment);
}
