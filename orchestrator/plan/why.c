/* SPDX-License-Identifier: Apache-2.0 */
/* Explains why runs are to be done: what differs from the most similar recorded run. */
#include <orchestrator/plan/why.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/store/summary.h>
#include <rog/events.h>

/* Runs that differ in more settings than this are not considered versions of the same run. */
#define MOST_CHANGES 3
#define MOST_SETTINGS 128

/* Appends a phrase, after "; " if there is text already; takes ownership of `more`. */
static int append(char **text, char *more, struct rog_error *err)
{
    char *longer = more && *text ? rog_format("%s; %s", *text, more) : rog_strdup(more);
    free(*text);
    free(more);
    *text = longer;
    return longer ? 0 : rog_fail_nomem(err);
}

/* ---- files ---- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Finds the recorded file of an input. A plugin is found by its setting only: its path may have
 * changed. */
static const struct rog_json *find_file(const struct rog_json *files, const struct rog_input *input)
{
    for (size_t i = 0; i < rog_json_size(files); i++) {
        const struct rog_json *file = rog_json_at(files, i);
        bool plugin = rog_setting_is(input->setting, ROG_SETTING_PATH_WITH_SLASH, 0);
        if (strcmp(rog_json_get_string(file, "setting", ""), input->setting->name) == 0 &&
            (plugin || strcmp(rog_json_get_string(file, "path", ""), input->path) == 0))
            return file;
    }
    return NULL;
}

/* Appends which files have other contents than in the run `id`. */
static int add_files(const struct rog_inputs *inputs, const struct rog_json *files, const char *id,
                     char **text, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < inputs->count; i++) {
        const struct rog_input *input = &inputs->item[i];
        const struct rog_json *file = find_file(files, input);
        const char *name = name_of(input->path);
        bool plugin = rog_setting_is(input->setting, ROG_SETTING_PATH_WITH_SLASH, 0);
        if (!file)
            code = append(text, rog_format("%s did not exist in %s", name, id), err);
        else if (strcmp(rog_json_get_string(file, "sha256", ""), input->sha256) != 0)
            code = append(
                text,
                rog_format("%s%s differs from the file in %s", plugin ? "plugin " : "", name, id),
                err);
    }
    for (size_t i = 0; code == 0 && i < rog_json_size(files); i++) {
        const struct rog_json *file = rog_json_at(files, i);
        const char *setting = rog_json_get_string(file, "setting", "");
        const char *path = rog_json_get_string(file, "path", "");
        const struct rog_setting *row = rog_setting_find(rog_run_settings, setting);
        if (!rog_inputs_hash(inputs, setting, path) &&
            !(row && rog_setting_is(row, ROG_SETTING_PATH_WITH_SLASH, 0)))
            code = append(text, rog_format("%s of %s does not exist", name_of(path), id), err);
    }
    return code;
}

/* Appends whether a strategy in Python is executed by another version of Python. */
static int add_python(const struct rog_resolved_run *run, const char *before, const char *id,
                      char **text, struct rog_error *err)
{
    size_t length = run->python ? strlen(run->python) : 0;
    if (!run->python || !before ||
        (strncmp(before, run->python, length) == 0 && strchr(".", before[length])))
        return 0;
    return append(text, rog_format("Python is %s, it was %s in %s", run->python, before, id), err);
}

/* Appends what differs in the inputs of a recorded run with the same settings. */
static int explain_inputs(const struct rog_plan_run *run, const struct rog_recorded *recorded,
                          struct rog_db *db, char **text, struct rog_error *err)
{
    struct rog_json *identity = NULL;
    int code = rog_identity_load(db, recorded->id, &identity, err);
    int64_t results = rog_json_get_integer(identity, "results", ROG_RESULTS_VERSION);
    if (code == 0 && results != ROG_RESULTS_VERSION)
        code = append(
            text,
            rog_format(
                "the trainer computes results of version %d, but those of %s have version %lld",
                ROG_RESULTS_VERSION, recorded->id, (long long)results),
            err);
    if (code == 0)
        code = add_python(&run->resolved, rog_json_get_string(identity, "python", NULL),
                          recorded->id, text, err);
    if (code == 0 && identity)
        code = add_files(&run->resolved.inputs, rog_json_get(identity, "files"), recorded->id, text,
                         err);
    rog_json_free(identity);
    return code;
}

/* ---- settings ---- */

/* A configuration as numbers, one for each setting, which are equal if the values are. */
struct print {
    uint64_t value[MOST_SETTINGS];
};

static uint64_t number_of(const struct rog_json *value)
{
    char *text = value ? rog_json_text_sorted(value) : NULL;
    uint64_t number = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const char *at = text; at && *at; at++)
        number = (number ^ (unsigned char)*at) * UINT64_C(1099511628211);
    free(text);
    return number;
}

/* Computes numbers for the settings that distinguish runs, in the order of the table, then for the
 * workers. */
static size_t print_of(const struct rog_json *config, struct print *print)
{
    size_t count = 0;
    for (const struct rog_setting *row = rog_run_settings; row->name; row++)
        if (rog_setting_is(row, 0, ROG_SETTING_ASIDE | ROG_SETTING_FILLED_IN) &&
            count < MOST_SETTINGS - 1)
            print->value[count++] = number_of(rog_json_get(config, row->name));
    print->value[count++] = number_of(rog_json_get(config, "workers"));
    return count;
}

static size_t changes(const struct print *a, const struct print *b, size_t count)
{
    size_t differing = 0;
    for (size_t i = 0; i < count && differing <= MOST_CHANGES; i++)
        differing += a->value[i] != b->value[i];
    return differing;
}

/* Returns a value as users write it; heap memory. */
static char *shown(const struct rog_json *value)
{
    if (!value)
        return rog_strdup("unset");
    if (rog_json_is_string(value))
        return rog_strdup(rog_json_string(value, ""));
    if (rog_json_is_number(value))
        return rog_format("%.12g", rog_json_number(value, 0));
    return rog_json_text(value);
}

/* "threshold is 4, was 2 in RUN" */
static int add_setting(const char *name, const struct rog_json *now, const struct rog_json *then,
                       const char *id, char **text, struct rog_error *err)
{
    char *is = shown(now), *was = shown(then);
    char *words = is && was ? rog_format("%s is %.60s, was %.60s in %s", name, is, was, id) : NULL;
    free(was);
    free(is);
    return append(text, words, err);
}

static int add_settings(const struct rog_json *now, const struct rog_json *then, const char *id,
                        char **text, struct rog_error *err)
{
    int code = 0;
    for (const struct rog_setting *row = rog_run_settings; code == 0 && row->name; row++) {
        const struct rog_json *is = rog_json_get(now, row->name);
        const struct rog_json *was = rog_json_get(then, row->name);
        if (rog_setting_is(row, 0, ROG_SETTING_ASIDE | ROG_SETTING_FILLED_IN) &&
            number_of(is) != number_of(was))
            code = add_setting(row->name, is, was, id, text, err);
    }
    if (code == 0 &&
        number_of(rog_json_get(now, "workers")) != number_of(rog_json_get(then, "workers")))
        code = append(text, rog_format("the cluster's workers are not those of %s", id), err);
    return code;
}

/* A recorded run of the case that the plan no longer contains. */
struct leftover {
    const struct rog_recorded *recorded;
    struct rog_json *config;
    struct print print;
};
struct leftovers {
    struct leftover *one;
    size_t count;
};

static void leftovers_release(struct leftovers *left)
{
    for (size_t i = 0; i < left->count; i++)
        rog_json_free(left->one[i].config);
    free(left->one);
}

static int leftovers_load(struct leftovers *left, struct rog_db *db,
                          const struct rog_recorded_list *list, const bool *taken,
                          struct rog_error *err)
{
    left->one = calloc(list->count + 1, sizeof *left->one);
    int code = left->one ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < list->count; i++) {
        struct rog_run_row row;
        if (taken[i])
            continue;
        code = rog_run_row_load(db, list->run[i].id, &row, err);
        if (code < 0)
            break;
        struct leftover *one = &left->one[left->count];
        if (rog_json_parse(row.config, strlen(row.config), "config", &one->config, NULL) == 0) {
            one->recorded = &list->run[i];
            print_of(one->config, &one->print);
            left->count++;
        }
        rog_run_row_release(&row);
    }
    return code;
}

/* Appends what differs from the most similar leftover run; nothing if none is similar. */
static int explain_settings(const struct rog_plan_run *run, const struct leftovers *left,
                            char **text, struct rog_error *err)
{
    struct print print;
    size_t count = print_of(run->resolved.config, &print), nearest = left->count;
    size_t least = MOST_CHANGES + 1;
    for (size_t i = 0; i < left->count; i++) {
        size_t differing = changes(&print, &left->one[i].print, count);
        if (differing < least) {
            least = differing;
            nearest = i;
        }
    }
    if (nearest == left->count)
        return 0;
    return add_settings(run->resolved.config, left->one[nearest].config,
                        left->one[nearest].recorded->id, text, err);
}

/* ---- a whole plan ---- */

/* Appends that a run elsewhere in the database is the same. */
static int explain_elsewhere(const struct rog_plan *plan, struct rog_plan_run *run,
                             struct rog_db *db, struct rog_error *err)
{
    char *id = NULL;
    int code = rog_recorded_find_done(db, run->resolved.hash, &id, err);
    if (code == 0 && id)
        code = append(
            &run->why,
            rog_format("%s is the same (`rogctl case add %s %s`)", id, plan->case_name, id), err);
    free(id);
    return code;
}

static int explain_new(const struct rog_plan *plan, struct rog_plan_run *run, struct rog_db *db,
                       const struct rog_recorded *before, const struct leftovers *left,
                       struct rog_error *err)
{
    int code = 0;
    if (before)
        code = explain_inputs(run, before, db, &run->why, err);
    else if (left->count > 0)
        code = explain_settings(run, left, &run->why, err);
    if (code == 0 && !run->why)
        code = append(&run->why, rog_strdup("never run"), err);
    if (code == 0 && db && plan->base && !plan->case_is_new)
        code = explain_elsewhere(plan, run, db, err);
    return code;
}

static int explain_begun(struct rog_plan_run *run, struct rog_db *db,
                         const struct rog_recorded *recorded, struct rog_error *err)
{
    char *words = NULL;
    if (recorded->failed)
        words = rog_format("failed: %s", recorded->error ? recorded->error : "unknown cause");
    else
        words = rog_strdup(recorded->running ? "interrupted" : "not started");
    int code = append(&run->why, words, err);
    if (code == 0 && strcmp(recorded->hash, run->resolved.hash) != 0)
        code = explain_inputs(run, recorded, db, &run->changes, err);
    return code == 0 && run->changes ? append(&run->why, rog_strdup(run->changes), err) : code;
}

int rog_plan_explain(struct rog_plan *plan, struct rog_db *db, const struct rog_recorded_list *list,
                     const size_t *found, const bool *taken, struct rog_error *err)
{
    struct leftovers left = {0};
    int code = db && plan->base ? leftovers_load(&left, db, list, taken, err) : 0;
    for (size_t i = 0; code == 0 && i < plan->count; i++) {
        struct rog_plan_run *run = &plan->run[i];
        const struct rog_recorded *recorded = found[i] < list->count ? &list->run[found[i]] : NULL;
        if (!run->id)
            code = explain_new(plan, run, db, recorded, &left, err);
        else if (run->action != ROG_PLAN_DONE)
            code = explain_begun(run, db, recorded, err);
    }
    leftovers_release(&left);
    return code;
}
