/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the settings of a run in all places where they are recorded. */
#include <orchestrator/check/settings.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/store/paths.h>

#define CONFIG_MAX_BYTES ((size_t)64 << 20)

/* Two values of a setting; `here` and `there` name their places. A value missing in one place is no
 * contradiction, unless it is required there. */
struct pair {
    const struct rog_json *one, *other;
    const char *here, *there;
};

static int compare(const char *whose, const char *name, const struct pair *pair, bool either,
                   struct rog_finding_list *list, struct rog_error *err)
{
    if (!pair->one && !pair->other)
        return 0;
    if (!either && (!pair->one || !pair->other))
        return 0;
    list->checked++;
    char *one = pair->one ? rog_json_text_sorted(pair->one) : rog_strdup("nothing");
    char *other = pair->other ? rog_json_text_sorted(pair->other) : rog_strdup("nothing");
    int code = one && other ? 0 : rog_fail_nomem(err);
    bool numbers = rog_json_is_number(pair->one) && rog_json_is_number(pair->other);
    bool same = numbers ? !(rog_json_number(pair->one, 0) < rog_json_number(pair->other, 0) ||
                            rog_json_number(pair->one, 0) > rog_json_number(pair->other, 0))
                        : code == 0 && strcmp(one, other) == 0;
    if (code == 0 && !same)
        rog_finding_add(list, "%s%s is %.100s in %s, %.100s in %s", whose, name, one, pair->here,
                        other, pair->there);
    free(one);
    free(other);
    return code;
}

/* ---- columns of the run's row ---- */

static const struct {
    const char *name; /* also the setting's name */
    size_t offset;    /* in struct rog_run_row */
    bool is_text;
} columns[] = {
    {"threshold", offsetof(struct rog_run_row, threshold), false},
    {"batchsize", offsetof(struct rog_run_row, batchsize), false},
    {"epochs", offsetof(struct rog_run_row, epochs), false},
    {"seed", offsetof(struct rog_run_row, seed), false},
    {"control", offsetof(struct rog_run_row, control), true},
    {"workload", offsetof(struct rog_run_row, workload), true},
};

static int compare_columns(const struct rog_record *record, struct rog_finding_list *list,
                           struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof columns / sizeof *columns; i++) {
        const char *at = (const char *)&record->row + columns[i].offset;
        struct rog_json *column = columns[i].is_text ? rog_json_new_string(*(char *const *)at)
                                                     : rog_json_new_integer(*(const int64_t *)at);
        const struct pair pair = {column, rog_json_get(record->config, columns[i].name),
                                  "the table of runs", "the run's configuration"};
        code = column ? compare("", columns[i].name, &pair, false, list, err) : rog_fail_nomem(err);
        rog_json_free(column);
    }
    return code;
}

/* Compares names of the library without regard to case; if it was given by a path, the plugin's own
 * name is recorded. */
static void compare_library(const struct rog_record *record, struct rog_finding_list *list)
{
    const char *asked = rog_json_get_string(record->config, "library", NULL);
    const char *ran = rog_json_get_string(rog_json_get(record->start, "strategy"), "library", NULL);
    const struct rog_setting *setting = rog_setting_find(rog_run_settings, "library");
    if (asked && !rog_setting_path(setting, asked)) {
        list->checked++;
        if (strcasecmp(asked, record->row.library) != 0)
            rog_finding_add(list,
                            "library is %s in the table of runs, %s in the run's configuration",
                            record->row.library, asked);
    }
    if (ran) {
        list->checked++;
        if (strcmp(ran, record->row.library) != 0)
            rog_finding_add(list, "library is %s in the table of runs, %s in the start event",
                            record->row.library, ran);
    }
}

/* ---- the trainer's start event ---- */

static int compare_start(const struct rog_record *record, struct rog_finding_list *list,
                         struct rog_error *err)
{
    const struct rog_json *strategy = rog_json_get(record->start, "strategy");
    const struct pair threshold = {rog_json_get(record->config, "threshold"),
                                   rog_json_get(strategy, "threshold"), "the run's configuration",
                                   "the start event"};
    const struct pair seed = {rog_json_get(record->config, "seed"),
                              rog_json_get(record->start, "seed"), "the run's configuration",
                              "the start event"};
    int code = compare("", "threshold", &threshold, false, list, err);
    return code < 0 ? code : compare("", "seed", &seed, false, list, err);
}

/* ---- the trainer's configuration ---- */

/* Compares the settings of a table that distinguish runs; for a run that was resumed by another
 * process, not the paths of its files and how its processes are supervised. */
static int compare_table(const char *whose, const struct rog_setting *table,
                         const struct rog_json *recorded, const struct rog_json *given,
                         bool resumed, struct rog_finding_list *list, struct rog_error *err)
{
    unsigned without = ROG_SETTING_ASIDE;
    int code = 0;
    if (resumed)
        without |= ROG_SETTING_IS_PATH | ROG_SETTING_OF_PROCESSES;
    for (const struct rog_setting *setting = table; code == 0 && setting->name; setting++) {
        const struct pair pair = {rog_json_get(recorded, setting->name),
                                  rog_json_get(given, setting->name), "results.db",
                                  "config.json of its folder"};
        if (rog_setting_is(setting, 0, without))
            code = compare(whose, setting->name, &pair, true, list, err);
    }
    return code;
}

static int compare_workers(const struct rog_record *record, const struct rog_json *given,
                           struct rog_finding_list *list, struct rog_error *err)
{
    const struct rog_json *ours = rog_json_get(record->config, "workers");
    const struct rog_json *theirs = rog_json_get(given, "workers");
    int code = 0;
    if (rog_json_size(ours) != rog_json_size(theirs))
        rog_finding_add(list, "%zu workers in results.db, %zu in config.json of its folder",
                        rog_json_size(ours), rog_json_size(theirs));
    for (size_t i = 0; code == 0 && i < rog_json_size(ours) && i < rog_json_size(theirs); i++) {
        const struct rog_json *one = rog_json_at(ours, i), *other = rog_json_at(theirs, i);
        const struct pair rank = {rog_json_get(one, "rank"), rog_json_get(other, "rank"),
                                  "results.db", "config.json of its folder"};
        char *whose = rog_format("worker %zu: ", i + 1);
        code = whose ? compare(whose, "rank", &rank, true, list, err) : rog_fail_nomem(err);
        if (code == 0)
            code =
                compare_table(whose, rog_worker_settings, one, other, record->resumed, list, err);
        free(whose);
    }
    return code;
}

/* Reads the trainer's configuration; if it is damaged, that is a finding. */
static int read_given(const char *path, struct rog_json **given, struct rog_finding_list *list,
                      struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct rog_error cause = {0};
    int code = rog_file_read(path, CONFIG_MAX_BYTES, &text, &size, &cause);
    if (code == 0)
        code = rog_json_parse(text, size, path, given, &cause);
    free(text);
    if (code != ROG_EFORMAT)
        return code < 0 ? rog_fail_again(err, &cause) : 0;
    rog_finding_add(list, "%s", cause.message);
    return 0;
}

static int compare_given(struct rog_db *db, const struct rog_record *record,
                         struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_json *given = NULL;
    char *name = rog_run_folder_name(rog_db_path(db), record->row.id);
    char *folder = name ? rog_store_path(rog_db_path(db), name) : NULL;
    char *path = folder ? rog_path_join(folder, ROG_RUN_CONFIG) : NULL;
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && !rog_file_exists(path))
        rog_finding_unchecked(list, "the configuration of its trainer: %s does not exist", path);
    else if (code == 0)
        code = read_given(path, &given, list, err);
    /* An initial model made by rogctl is given to processes under a path that the run's
     * configuration does not have. */
    if (given && !rog_json_get(record->config, "initial_model"))
        rog_json_remove(given, "initial_model");
    if (code == 0 && given)
        code =
            compare_table("", rog_run_settings, record->config, given, record->resumed, list, err);
    if (code == 0 && given)
        code = compare_workers(record, given, list, err);
    rog_json_free(given);
    free(path);
    free(folder);
    free(name);
    return code;
}

int rog_verify_settings(struct rog_db *db, const struct rog_record *record,
                        struct rog_finding_list *list, struct rog_error *err)
{
    if (!record->own)
        return 0;
    compare_library(record, list);
    int code = compare_columns(record, list, err);
    if (code == 0)
        code = compare_start(record, list, err);
    /* Before the run starts there is no configuration of its trainer. */
    if (code == 0 && record->start)
        code = compare_given(db, record, list, err);
    return code;
}
