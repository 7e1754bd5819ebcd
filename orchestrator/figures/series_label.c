/* SPDX-License-Identifier: Apache-2.0 */
/* Names series by what tells them apart. */
#include <orchestrator/figures/series_label.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/figures/distinct.h>
#include <orchestrator/figures/series_settings.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/text/label.h>

#define LABEL_COLUMNS 40 /* longer ones are shortened where that hides no difference */
#define NOTE_COLUMNS 400 /* more of a note is not looked at */
#define MOST_COLUMNS 200 /* of a label, whatever it hides */
#define TIE "\u00a0"     /* between a setting's name and its value, until labels are short enough */

struct naming {
    const struct rog_series_rows *series;
    size_t count;
    struct rog_series_settings settings;
    char **label;  /* [count]: clean */
    bool *is_note; /* [count]: somebody's words */
    struct rog_error *err;
};

static int replace(struct naming *n, size_t series, char *label)
{
    if (!label)
        return rog_fail_nomem(n->err);
    free(n->label[series]);
    n->label[series] = label;
    return 0;
}

static char *plain_label(const struct rog_run_row *row)
{
    char text[ROG_THRESHOLD_TEXT_BYTES];
    char *plain = row->threshold > 0
                      ? rog_format("%s %s", row->library, rog_threshold_text(row->threshold, text))
                      : rog_strdup(row->library);
    char *clean = plain ? rog_label_clean(plain, NOTE_COLUMNS) : NULL;
    free(plain);
    return clean;
}

/* "batchsize 2"; NULL where the series has no value, or memory ran out. */
static char *setting_text(const struct rog_series_setting *setting, size_t series)
{
    const char *value = setting->value[series];
    return value ? rog_format("%s%s%s", setting->name, *setting->name ? " " : "", value) : NULL;
}

/* ---- notes ---- */

/* The note that all runs of a series have, NULL without one: repeats' notes may name the seed. */
static const char *common_note(const struct naming *n, size_t series)
{
    const struct rog_series_rows *s = &n->series[series];
    const char *note = s->row[0]->note;
    for (size_t i = 1; note && i < s->runs; i++) {
        const char *other = s->row[i]->note;
        if (!other || strcmp(note, other) != 0)
            return NULL;
    }
    return note;
}

/* Whether a part of a note says the same as a setting's text, or that with the path of the file of
 * which the text has the name. */
static bool says(const char *text, size_t name, const char *part, size_t size)
{
    size_t length = strlen(text);
    if (size == length)
        return memcmp(text, part, size) == 0;
    if (size < length || !name || memcmp(text, part, name + 1) != 0)
        return false;
    size_t value = length - name - 1;
    return part[size - value - 1] == '/' &&
           memcmp(text + name + 1, part + size - value, value) == 0;
}

static bool is_setting(const struct naming *n, size_t series, const char *part, size_t size)
{
    bool found = false;
    for (size_t i = 0; i < n->settings.count && !found; i++) {
        char *text = setting_text(&n->settings.item[i], series);
        found = text && says(text, strlen(n->settings.item[i].name), part, size);
        free(text);
    }
    return found;
}

/* Whether the note is `plain` and settings behind it, which a label can be made from as well. */
static bool says_settings(const struct naming *n, size_t series, const char *note,
                          const char *plain)
{
    size_t size = strlen(plain);
    bool same = strncmp(note, plain, size) == 0;
    for (note += same ? size : 0; same && *note; note += size) {
        if (strncmp(note, ", ", 2) != 0)
            return false;
        note += 2;
        size = strcspn(note, ",");
        same = is_setting(n, series, note, size);
    }
    return same;
}

/* Somebody wrote it, or a method's label, which stands for its settings and does not repeat them.
 */
static bool is_written(const struct rog_run_row *row)
{
    struct rog_json *config = NULL;
    if (rog_json_parse(row->config, strlen(row->config), "config", &config, NULL) < 0)
        return false;
    bool written =
        rog_json_get(config, "method") || rog_json_get_bool(config, ROG_NOTE_GIVEN, false);
    rog_json_free(config);
    return written;
}

/* Notes that only repeat settings are what a sweep writes; those of imported runs no sweep wrote.
 */
static int take_note(struct naming *n, size_t series)
{
    const struct rog_run_row *row = n->series[series].row[0];
    const char *note = common_note(n, series);
    char *plain = plain_label(row);
    char *clean = note ? rog_label_clean(note, NOTE_COLUMNS) : NULL;
    if (!plain || (note && !clean)) {
        free(plain);
        free(clean);
        return rog_fail_nomem(n->err);
    }
    n->is_note[series] =
        clean && *clean &&
        (rog_imported_is(row) || is_written(row) || !says_settings(n, series, clean, plain));
    n->label[series] = n->is_note[series] ? clean : plain;
    free(n->is_note[series] ? plain : clean);
    return 0;
}

/* Whether `part`, which is not the first one, is among the parts of a note. */
static bool has_part(const char *note, const char *part, size_t size)
{
    while ((note = strstr(note, ", "))) {
        note += 2;
        size_t length = strcspn(note, ",");
        if (length == size && memcmp(note, part, size) == 0)
            return true;
    }
    return false;
}

/* Leaves out a part of all notes, wherever it stands. */
static void drop_part(char *note, const char *part, size_t size)
{
    for (char *at = note; (at = strstr(at, ", "));) {
        size_t length = strcspn(at + 2, ",");
        if (length == size && memcmp(at + 2, part, size) == 0)
            memmove(at, at + 2 + length, strlen(at + 2 + length) + 1);
        else
            at += 2;
    }
}

/* Parts of notes lie between commas; the first one is the name. */
static int drop_common_parts(struct naming *n)
{
    size_t count = n->count;
    bool all = count > 1;
    for (size_t i = 0; i < count; i++)
        all = all && n->is_note[i];
    if (!all)
        return 0;
    char *first = rog_strdup(n->label[0]);
    if (!first)
        return rog_fail_nomem(n->err);
    for (const char *at = first; (at = strstr(at, ", "));) {
        at += 2;
        size_t size = strcspn(at, ",");
        bool common = true;
        for (size_t i = 1; i < count && common; i++)
            common = has_part(n->label[i], at, size);
        for (size_t i = 0; i < count && common; i++)
            drop_part(n->label[i], at, size);
    }
    free(first);
    return 0;
}

/* ---- settings ---- */

/* A parameter of a strategy that the others do not have is no difference to them. */
static bool is_varied(const struct rog_series_setting *setting, size_t count)
{
    const char *seen = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *value = setting->value[i];
        if (seen && value && strcmp(seen, value) != 0)
            return true;
        seen = value ? value : seen;
    }
    return false;
}

static int append_setting(struct naming *n, size_t series, const struct rog_series_setting *setting)
{
    char *text = setting_text(setting, series);
    if (!text)
        return setting->value[series] ? rog_fail_nomem(n->err) : 0;
    char *longer = rog_format("%s, ", n->label[series]);
    for (char *word, *rest = text; longer && (word = strsep(&rest, " "));) {
        char *more = rog_format("%s%s%s", longer, word, rest ? TIE : "");
        free(longer);
        longer = more;
    }
    free(text);
    return replace(n, series, longer);
}

static int append_varied(struct naming *n)
{
    int code = 0;
    for (size_t k = 0; k < n->settings.count && n->settings.item[k].plain; k++)
        for (size_t i = 0; i < n->count && code == 0; i++)
            if (!n->is_note[i] && is_varied(&n->settings.item[k], n->count))
                code = append_setting(n, i, &n->settings.item[k]);
    return code;
}

/* The series of which each has the same label as the first; in order. */
static size_t group_of(const struct naming *n, size_t first, size_t *group)
{
    size_t size = 0;
    for (size_t i = first; i < n->count; i++)
        if (strcmp(n->label[i], n->label[first]) == 0)
            group[size++] = i;
    return size;
}

static bool is_varied_in(const struct rog_series_setting *setting, const size_t *group, size_t size)
{
    const char *a = setting->value[group[0]];
    for (size_t i = 1; i < size; i++) {
        const char *b = setting->value[group[i]];
        if (!a != !b || (a && strcmp(a, b) != 0))
            return true;
    }
    return false;
}

/* Behind equal labels: every setting that reads well and differs among them, else the first that
 * differs at all. *changed: there was one. */
static int part_group(struct naming *n, const size_t *group, size_t size, bool *changed)
{
    int code = 0;
    *changed = false;
    for (size_t k = 0; k < n->settings.count && code == 0; k++) {
        const struct rog_series_setting *setting = &n->settings.item[k];
        if (!setting->plain && *changed)
            break;
        if (!is_varied_in(setting, group, size))
            continue;
        for (size_t i = 0; i < size && code == 0; i++)
            code = append_setting(n, group[i], setting);
        *changed = true;
    }
    return code;
}

static int part_equal(struct naming *n, size_t *group)
{
    int code = 0;
    for (size_t i = 0; i < n->count && code == 0; i++) {
        bool changed = true;
        size_t size;
        while (code == 0 && changed && (size = group_of(n, i, group)) > 1)
            code = part_group(n, group, size, &changed);
    }
    return code;
}

static int number_equal(struct naming *n, size_t *group)
{
    int code = 0;
    for (size_t i = 0; i < n->count && code == 0; i++) {
        size_t size = group_of(n, i, group);
        for (size_t k = 1; k < size && code == 0; k++)
            code = replace(n, group[k], rog_format("%s #%zu", n->label[group[k]], k + 1));
    }
    return code;
}

/* A value without its name would say nothing: words that belong together are one until here. */
static void untie(char *label)
{
    for (char *at = label; (at = strstr(at, TIE));) {
        *at = ' ';
        memmove(at + 1, at + strlen(TIE), strlen(at + strlen(TIE)) + 1);
    }
}

static int name_all(struct naming *n, size_t *group)
{
    size_t count = n->count;
    const struct rog_run_row **first = calloc(count + 1, sizeof *first);
    int code = first ? 0 : rog_fail_nomem(n->err);
    for (size_t i = 0; first && i < count; i++)
        first[i] = n->series[i].row[0];
    if (code == 0)
        code = rog_series_settings_load(first, count, &n->settings, n->err);
    free(first);
    for (size_t i = 0; i < count && code == 0; i++)
        code = take_note(n, i);
    if (code == 0)
        code = drop_common_parts(n);
    if (code == 0)
        code = append_varied(n);
    if (code == 0)
        code = part_equal(n, group);
    if (code == 0)
        code = rog_distinct_shorten(n->label, count, LABEL_COLUMNS, n->err);
    for (size_t i = 0; i < count && code == 0; i++) {
        untie(n->label[i]);
        code = replace(n, i, rog_label_clean(n->label[i], MOST_COLUMNS));
    }
    return code == 0 ? number_equal(n, group) : code;
}

int rog_series_label_all(const struct rog_series_rows *series, size_t count, char **label,
                         struct rog_error *err)
{
    struct naming naming = {
        .series = series,
        .count = count,
        .label = label,
        .is_note = calloc(count + 1, sizeof *naming.is_note),
        .err = err,
    };
    size_t *group = calloc(count + 1, sizeof *group);
    int code = naming.is_note && group ? name_all(&naming, group) : rog_fail_nomem(err);
    for (size_t i = 0; code < 0 && i < count; i++) {
        free(label[i]);
        label[i] = NULL;
    }
    rog_series_settings_release(&naming.settings);
    free(naming.is_note);
    free(group);
    return code;
}
