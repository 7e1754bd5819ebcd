/* SPDX-License-Identifier: Apache-2.0 */
/* Splits recorded configurations into columns, one for each setting. */
#include <orchestrator/figures/series_settings.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/settings.h>
#include <orchestrator/text/label.h>

#define VALUE_COLUMNS 24 /* longer values are not shown in a legend */
#define DIGEST_LETTERS 8

/* State while columns are filled, run by run. */
struct filling {
    struct rog_series_settings *settings;
    const char *group; /* prefix for the names of members, such as "worker 2"; NULL: none */
    /* The group is a codec, an optimizer or the like, whose parameters are readable. */
    bool is_part;
    size_t run;
    int code;
    struct rog_error *err;
};

static struct rog_series_setting *column(struct filling *f, const char *name, bool plain)
{
    struct rog_series_settings *s = f->settings;
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->item[i].name, name) == 0)
            return &s->item[i];
    struct rog_series_setting *more = realloc(s->item, (s->count + 1) * sizeof *more);
    if (more) {
        s->item = more;
        more += s->count;
        *more =
            (struct rog_series_setting){rog_strdup(name), calloc(s->runs + 1, sizeof *more->value),
                                        plain, f->is_part ? strlen(f->group) + 1 : 0, false};
        s->count++;
    }
    if (more && more->name && more->value)
        return more;
    f->code = rog_fail_nomem(f->err);
    return NULL;
}

static bool is_short(const char *text)
{
    return !text[rog_label_fit(text, VALUE_COLUMNS)];
}

static void put_value(struct filling *f, const char *name, char *value, bool plain)
{
    struct rog_series_setting *c = value ? column(f, name, plain) : NULL;
    if (!value)
        f->code = rog_fail_nomem(f->err);
    if (!c) {
        free(value);
        return;
    }
    c->plain = c->plain && plain;
    free(c->value[f->run]);
    c->value[f->run] = value;
}

/* Returns whether the name of the file represents the value well: if it is an absolute or
 * explicitly relative path, or any path that is too long. */
static bool is_path(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash && slash[1] && is_short(slash + 1) &&
           (*text == '/' || *text == '.' || !is_short(text));
}

/* Adds a value. For a path, the column has the name of the file, and another column, not shown as
 * long as the names differ, the whole path. A long value is represented by a digest, which shows
 * only that two values differ. */
static void put(struct filling *f, const char *name, const char *text, bool plain)
{
    char hex[ROG_SHA256_HEX_BYTES];
    if (!text || f->code < 0)
        return;
    bool path = is_path(text);
    if (is_short(text) && !path) {
        put_value(f, name, rog_label_clean(text, VALUE_COLUMNS), plain);
        return;
    }
    char *whole = path ? rog_format("%s path", name) : rog_strdup(name);
    rog_sha256(text, strlen(text), hex);
    hex[DIGEST_LETTERS] = '\0';
    if (path)
        put_value(f, name, rog_label_clean(strrchr(text, '/') + 1, VALUE_COLUMNS), plain);
    if (whole)
        put_value(f, whole, is_short(text) ? rog_label_clean(text, VALUE_COLUMNS) : rog_strdup(hex),
                  false);
    else
        f->code = rog_fail_nomem(f->err);
    free(whole);
}

/* Returns a value as text: a string unchanged, a list separated by commas without brackets. */
static char *value_text(const struct rog_json *value)
{
    if (rog_json_is_string(value))
        return rog_strdup(rog_json_string(value, ""));
    char *text = rog_json_text(value);
    size_t size = text && rog_json_is_array(value) ? strlen(text) : 0;
    if (size > 2) {
        memmove(text, text + 1, size - 2);
        text[size - 2] = '\0';
    }
    return text;
}

static int take_member(const char *key, const struct rog_json *value, void *user);

/* Adds a column for each setting of each worker. */
static int take_workers(struct filling *f, const struct rog_json *workers)
{
    for (size_t i = 0; i < rog_json_size(workers) && f->code == 0; i++) {
        const struct rog_json *worker = rog_json_at(workers, i);
        struct filling inner = *f;
        char group[40];
        snprintf(group, sizeof group, "worker %lld",
                 (long long)rog_json_get_integer(worker, "rank", (int64_t)i + 1));
        inner.group = group;
        if (rog_json_is_object(worker))
            rog_json_each(worker, take_member, &inner);
        f->code = inner.code;
    }
    return f->code;
}

static bool is_apart(const struct rog_setting *row)
{
    return row && (row->flags & ROG_SETTING_ASIDE || strcmp(row->name, "seed") == 0 ||
                   strcmp(row->name, "threshold") == 0);
}

/* Returns the length of the suffix of a group's name that only says that it is a group. */
static size_t suffix_of(const char *key)
{
    static const char suffix[] = "_parameters";
    size_t size = strlen(key), own = sizeof suffix - 1;
    return size > own && strcmp(key + size - own, suffix) == 0 ? own : 0;
}

static int take_member(const char *key, const struct rog_json *value, void *user)
{
    struct filling *f = user;
    const struct rog_setting *row = f->group ? NULL : rog_setting_find(rog_run_settings, key);
    if (!f->group && strcmp(key, "workers") == 0)
        return take_workers(f, value);
    if (!f->group && row && row->type == ROG_SETTING_GROUP && rog_json_is_object(value)) {
        struct filling inner = *f;
        char group[64];
        snprintf(group, sizeof group, "%.*s", (int)(strlen(key) - suffix_of(key)), key);
        inner.group = group;
        inner.is_part = true;
        rog_json_each(value, take_member, &inner);
        return f->code = inner.code;
    }
    if (is_apart(row) || rog_json_is_null(value))
        return 0;
    /* The library's path, which differs for plugins of the same name, is not shown unless
     * needed. */
    bool plain = f->group ? f->is_part : row && strcmp(key, "library") != 0;
    char *name = f->group ? rog_format("%s %s", f->group, key) : rog_strdup(key);
    char *text = value_text(value);
    if (name && text)
        put(f, name, text, plain);
    else
        f->code = rog_fail_nomem(f->err);
    free(text);
    free(name);
    return f->code;
}

static int take_run(struct filling *f, const struct rog_run_row *row)
{
    struct rog_json *config = NULL;
    char number[24];
    /* The configuration may lack these, for example in imported runs; the database columns have
     * them. */
    put(f, "control", row->control, true);
    snprintf(number, sizeof number, "%lld", (long long)row->batchsize);
    put(f, "batchsize", number, true);
    snprintf(number, sizeof number, "%lld", (long long)row->epochs);
    put(f, "epochs", number, true);
    put(f, "workload", row->workload, true);
    put(f, "", row->is_virtual ? "virtual time" : "real time", true);
    put(f, "cluster", row->cluster, true);
    if (f->code == 0 && row->config &&
        rog_json_parse(row->config, strlen(row->config), "config", &config, NULL) == 0 &&
        rog_json_is_object(config))
        rog_json_each(config, take_member, f);
    rog_json_free(config);
    return f->code;
}

static bool differs(const struct rog_series_setting *column, size_t runs)
{
    for (size_t i = 1; i < runs; i++) {
        const char *a = column->value[0], *b = column->value[i];
        if (!a != !b || (a && strcmp(a, b) != 0))
            return true;
    }
    return false;
}

static void column_release(struct rog_series_setting *column, size_t runs)
{
    for (size_t i = 0; column->value && i < runs; i++)
        free(column->value[i]);
    free(column->value);
    free(column->name);
}

static bool same_values(const struct rog_series_setting *a, const struct rog_series_setting *b,
                        size_t runs)
{
    for (size_t i = 0; i < runs; i++)
        if (!a->value[i] != !b->value[i] || (a->value[i] && strcmp(a->value[i], b->value[i]) != 0))
            return false;
    return true;
}

/* Returns whether the name without the group's prefix could be mistaken for another setting. */
static bool is_ambiguous(const struct rog_series_settings *s, size_t index)
{
    const char *name = s->item[index].name + s->item[index].prefix;
    bool found = rog_setting_find(rog_run_settings, name);
    for (size_t i = 0; i < s->count && !found; i++)
        found = i != index && s->item[i].prefix &&
                strcmp(s->item[i].name + s->item[i].prefix, name) == 0;
    return found;
}

/* Removes the prefix from parameters of codecs, optimizers and the like if the name stays
 * unambiguous. Codecs of both directions often have the same parameters; equal columns are
 * merged. */
static void shorten_names(struct rog_series_settings *s)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = s->count; s->item[i].prefix && k-- > i + 1;)
            if (s->item[k].prefix && same_values(&s->item[i], &s->item[k], s->runs) &&
                strcmp(s->item[i].name + s->item[i].prefix, s->item[k].name + s->item[k].prefix) ==
                    0) {
                column_release(&s->item[k], s->runs);
                memmove(&s->item[k], &s->item[k + 1], (--s->count - k) * sizeof *s->item);
            }
    for (size_t i = 0; i < s->count; i++)
        s->item[i].whole = is_ambiguous(s, i);
    for (size_t i = 0; i < s->count; i++) {
        char *name = s->item[i].name, *shorter = name + s->item[i].prefix;
        if (!s->item[i].whole)
            memmove(name, shorter, strlen(shorter) + 1);
    }
}

/* Removes settings that are equal in all runs, and moves readable ones to the front. */
static void sort_out(struct rog_series_settings *s)
{
    size_t kept = 0, front = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (differs(&s->item[i], s->runs))
            s->item[kept++] = s->item[i];
        else
            column_release(&s->item[i], s->runs);
    }
    s->count = kept;
    shorten_names(s);
    kept = s->count;
    for (size_t i = 0; i < kept; i++) {
        struct rog_series_setting moved = s->item[i];
        if (!moved.plain)
            continue;
        memmove(&s->item[front + 1], &s->item[front], (i - front) * sizeof moved);
        s->item[front++] = moved;
    }
}

int rog_series_settings_load(const struct rog_run_row *const *row, size_t runs,
                             struct rog_series_settings *settings, struct rog_error *err)
{
    *settings = (struct rog_series_settings){.runs = runs};
    struct filling filling = {.settings = settings, .err = err};
    for (; filling.run < runs && filling.code == 0; filling.run++)
        take_run(&filling, row[filling.run]);
    if (filling.code < 0)
        rog_series_settings_release(settings);
    else
        sort_out(settings);
    return filling.code;
}

void rog_series_settings_release(struct rog_series_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        column_release(&settings->item[i], settings->runs);
    free(settings->item);
    *settings = (struct rog_series_settings){0};
}
