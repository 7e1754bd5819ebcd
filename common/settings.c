/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, parses, fills in and describes settings by their rows. */
#include <common/settings.h>

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin_python.h>
#include <common/ran_out.h>
#include <rog/strategy.h>

#define NAME_MAX_BYTES 64

const struct rog_setting *rog_setting_find(const struct rog_setting *table, const char *name)
{
    for (; table && table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

bool rog_name_is_plain(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_BYTES || name[0] == '-' || name[0] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char letter = (unsigned char)name[i];
        if (letter > 127 || (!isalnum(letter) && !strchr("-_.", letter)))
            return false;
    }
    return true;
}

/* Levenshtein distance, with one row of the table. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > NAME_MAX_BYTES || lb > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = row[j - 1] + 1, erase = row[j] + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
            row[j] = row[j] < erase ? row[j] : erase;
        }
    }
    return row[lb];
}

/* Returns whether the texts differ only by two swapped adjacent letters, which count as one
 * error. */
static bool is_swapped(const char *a, const char *b)
{
    size_t at = 0;
    while (a[at] && a[at] == b[at])
        at++;
    return a[at] && b[at] && a[at] == b[at + 1] && a[at + 1] == b[at] &&
           strcmp(a + at + 2, b + at + 2) == 0;
}

const char *rog_nearest_name(const char *name, const char *(*next)(const void *list, size_t index),
                             const void *list)
{
    const char *nearest = NULL, *candidate;
    size_t best = strlen(name) / 3 + 2; /* a more distant name is not suggested */
    for (size_t i = 0; (candidate = next(list, i)); i++) {
        size_t distance = is_swapped(name, candidate) ? 1 : edit_distance(name, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

static const char *next_setting(const void *list, size_t index)
{
    return ((const struct rog_setting *)list)[index].name;
}

const char *rog_setting_nearest(const struct rog_setting *table, const char *name)
{
    return table ? rog_nearest_name(name, next_setting, table) : NULL;
}

/* Returns whether `word` is one of the words of `choices`, separated by '|'. */
static bool is_choice(const char *choices, const char *word)
{
    size_t length = strlen(word);
    if (strchr(word, '|'))
        return false;
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (!strncmp(at, word, length) && (at[length] == '|' || at[length] == '\0'))
            return true;
    return false;
}

/* Writes "a group of image, runtime". */
static void list_members(const struct rog_setting *setting, char *text, size_t bytes)
{
    char *names = rog_settings_names(setting->members, 0, 0);
    snprintf(text, bytes, "a group of %s", names ? names : "settings");
    free(names);
}

static void allowed(const struct rog_setting *setting, char *text, size_t bytes)
{
    const char *unit = setting->unit ? setting->unit : "", *blank = setting->unit ? " " : "";
    const char *word = setting->choices ? setting->choices : "";
    const char *before = setting->choices ? ", or " : "";
    switch (setting->type) {
    case ROG_SETTING_FLAG:
        snprintf(text, bytes, "true or false");
        break;
    case ROG_SETTING_INT:
        snprintf(text, bytes, "a whole number from %.0f to %.0f%s%s%s%s", setting->min,
                 setting->max, blank, unit, before, word);
        break;
    case ROG_SETTING_REAL:
        snprintf(text, bytes, "a number from %.12g to %.12g%s%s%s%s", setting->min, setting->max,
                 blank, unit, before, word);
        break;
    case ROG_SETTING_REALS:
        snprintf(text, bytes, "a list of numbers from %.12g to %.12g%s%s", setting->min,
                 setting->max, blank, unit);
        break;
    case ROG_SETTING_TEXTS:
        snprintf(text, bytes, "a list of texts");
        break;
    case ROG_SETTING_GROUP:
        if (setting->members) {
            list_members(setting, text, bytes);
            break;
        }
        snprintf(
            text, bytes,
            "names with values: { NAME = VALUE; } in a file, NAME=VALUE,... on a command line");
        break;
    case ROG_SETTING_STRING:
        if (!setting->choices) {
            snprintf(text, bytes, "%s",
                     setting->flags & ROG_SETTING_FILE_NAME ? "letters, digits, - _ and ."
                                                            : "text");
            break;
        }
        size_t used = (size_t)snprintf(text, bytes, "one of ");
        for (const char *at = setting->choices; *at && used + 3 < bytes; at++) {
            if (*at == '|') {
                text[used++] = ',';
                text[used++] = ' ';
            } else {
                text[used++] = *at;
            }
        }
        text[used < bytes ? used : bytes - 1] = '\0';
        break;
    }
}

static bool number_fits(const struct rog_setting *setting, const struct rog_json *value)
{
    double number = rog_json_number(value, NAN);
    return number >= setting->min && number <= setting->max;
}

/* Returns whether this is the word that is allowed instead of a number. */
static bool is_word(const struct rog_setting *setting, const struct rog_json *value)
{
    return setting->choices && rog_json_is_string(value) &&
           strcmp(rog_json_string(value, ""), setting->choices) == 0;
}

static int is_scalar(const char *name, const struct rog_json *value, void *user)
{
    (void)name, (void)user;
    return rog_json_is_number(value) || rog_json_is_string(value) || rog_json_is_bool(value) ? 0
                                                                                             : -1;
}

static bool fits(const struct rog_setting *setting, const struct rog_json *value)
{
    switch (setting->type) {
    case ROG_SETTING_FLAG:
        return rog_json_is_bool(value);
    case ROG_SETTING_INT:
        return (rog_json_is_integer(value) && number_fits(setting, value)) ||
               is_word(setting, value);
    case ROG_SETTING_REAL:
        return number_fits(setting, value) || is_word(setting, value);
    case ROG_SETTING_STRING:
        return rog_json_is_string(value) &&
               (!setting->choices || is_choice(setting->choices, rog_json_string(value, "")));
    case ROG_SETTING_REALS:
        if (!rog_json_is_array(value))
            return false;
        for (size_t i = 0; i < rog_json_size(value); i++)
            if (!number_fits(setting, rog_json_at(value, i)))
                return false;
        return true;
    case ROG_SETTING_TEXTS:
        if (!rog_json_is_array(value))
            return false;
        for (size_t i = 0; i < rog_json_size(value); i++)
            if (!rog_json_is_string(rog_json_at(value, i)))
                return false;
        return true;
    case ROG_SETTING_GROUP:
        return rog_json_is_object(value) &&
               (setting->members || rog_json_each(value, is_scalar, NULL) == 0);
    }
    return false;
}

int rog_setting_check(const struct rog_setting *setting, const struct rog_json *value,
                      struct rog_error *err)
{
    bool good = fits(setting, value);
    if (good && setting->members) {
        int code = rog_settings_check(setting->members, value, NULL, err);
        return code ? rog_fail_prefix(err, "%s", setting->name) : 0;
    }
    if (good) {
        const char *text = rog_json_string(value, "");
        return !(setting->flags & ROG_SETTING_FILE_NAME) || rog_name_is_plain(text)
                   ? 0
                   : rog_fail(err, ROG_EINVAL,
                              "%s becomes part of file names: letters, digits, '-', '_' and '.' "
                              "are allowed (found \"%s\")",
                              setting->name, text);
    }
    char wanted[256];
    allowed(setting, wanted, sizeof wanted);
    char *found = rog_json_text(value);
    int code = rog_fail(err, ROG_EINVAL, "%s must be %s (found %.200s)", setting->name, wanted,
                        found ? found : "?");
    free(found);
    return code;
}

/* Returns an integer if the text is one, else a real number, else NULL. */
static struct rog_json *parse_number(const char *text)
{
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*text && !*end && !errno)
        return rog_json_new_integer(whole);
    double real = strtod(text, &end);
    return *text && !*end && isfinite(real) ? rog_json_new_number(real) : NULL;
}

/* Parses a list; modifies `text`. */
static struct rog_json *parse_list(char *text, struct rog_json *(*parse)(const char *))
{
    struct rog_json *list = rog_json_array();
    char *rest = NULL;
    bool good = list != NULL;
    for (char *word = strtok_r(text, ",", &rest); word && good; word = strtok_r(NULL, ",", &rest)) {
        struct rog_json *value = parse(word);
        good = value != NULL;
        rog_json_append(list, value);
    }
    if (good)
        return list;
    rog_json_free(list);
    return NULL;
}

static struct rog_json *parse_flag(const char *text)
{
    bool truth = !strcmp(text, "true");
    if (!truth && strcmp(text, "false"))
        return NULL;
    struct rog_json *holder = rog_json_object();
    rog_json_put_bool(holder, "flag", truth);
    struct rog_json *value = rog_json_copy(rog_json_get(holder, "flag"));
    rog_json_free(holder);
    return value;
}

/* Parses "a=1,b=word"; modifies `text`. *twice: a name that is given twice, or NULL. */
static struct rog_json *parse_group(char *text, const char **twice)
{
    struct rog_json *group = rog_json_object();
    char *rest = NULL;
    bool good = group != NULL;
    for (char *name = strtok_r(text, ",", &rest); name && good; name = strtok_r(NULL, ",", &rest)) {
        char *word = strchr(name, '=');
        if (!(good = word != NULL))
            break;
        *word++ = '\0';
        struct rog_json *value = parse_number(word);
        if (!value)
            value = parse_flag(word);
        if (!value)
            value = rog_json_new_string(word);
        if (rog_json_get(group, name))
            *twice = name;
        good = value && !*twice;
        rog_json_put(group, name, value);
    }
    if (good)
        return group;
    rog_json_free(group);
    return NULL;
}

/* Parses a text as a value of the setting's type, if its format allows that. */
static struct rog_json *parse(const struct rog_setting *setting, char *text, const char **twice)
{
    switch (setting->type) {
    case ROG_SETTING_FLAG:
        return parse_flag(text);
    case ROG_SETTING_INT:
    case ROG_SETTING_REAL:
        return parse_number(text);
    case ROG_SETTING_REALS:
        return parse_list(text, parse_number);
    case ROG_SETTING_TEXTS:
        return parse_list(text, rog_json_new_string);
    case ROG_SETTING_GROUP:
        return parse_group(text, twice);
    case ROG_SETTING_STRING:
        break;
    }
    return NULL;
}

int rog_setting_parse(const struct rog_setting *setting, const char *text, struct rog_json **value,
                      struct rog_error *err)
{
    const char *twice = NULL;
    char *copy = rog_strdup(text);
    struct rog_json *parsed = copy ? parse(setting, copy, &twice) : NULL;
    if (!parsed && !twice)
        parsed = rog_json_new_string(text);
    int code;
    if (!copy || rog_ran_out())
        code = rog_fail_nomem(err);
    else if (twice)
        code = rog_fail(err, ROG_EINVAL, "%s: %s is given twice", setting->name, twice);
    else
        code = rog_setting_check(setting, parsed, err);
    if (code)
        rog_json_free(parsed);
    else
        *value = parsed;
    free(copy);
    return code;
}

int rog_settings_fill(const struct rog_setting *table, struct rog_json *object,
                      struct rog_error *err)
{
    for (; table->name; table++) {
        if (table->type == ROG_SETTING_INT && is_word(table, rog_json_get(object, table->name)))
            rog_json_put_integer(object, table->name, (int64_t)table->max);
        if (!table->fallback || strchr(table->fallback, '{') || rog_json_get(object, table->name))
            continue;
        struct rog_json *value = NULL;
        int code = rog_setting_parse(table, table->fallback, &value, err);
        if (code)
            return code;
        rog_json_put(object, table->name, value);
    }
    return rog_ran_out_check(err);
}

/* Returns the default with {NAME} replaced by that setting's value: *value is heap memory, NULL if
 * that setting is unset. */
static int derive(const struct rog_setting *setting, const struct rog_json *object,
                  const struct rog_json *outer, struct rog_json **value, struct rog_error *err)
{
    *value = NULL;
    const char *open = strchr(setting->fallback, '{');
    const char *close = strchr(open, '}');
    assert(close);
    char *name = rog_format("%.*s", (int)(close - open) - 1, open + 1);
    if (!name)
        return rog_fail_nomem(err);
    const struct rog_json *from = rog_json_get(object, name);
    if (!from)
        from = rog_json_get(outer, name);
    free(name);
    if (!from)
        return 0;
    bool whole = open == setting->fallback && close[1] == '\0';
    char *text = whole ? NULL
                       : rog_format("%.*s%s%s", (int)(open - setting->fallback), setting->fallback,
                                    rog_json_string(from, ""), close + 1);
    *value = text ? rog_json_new_string(text) : rog_json_copy(whole ? from : NULL);
    free(text);
    return *value ? 0 : rog_fail_nomem(err);
}

int rog_settings_derive(const struct rog_setting *table, struct rog_json *object,
                        const struct rog_json *outer, struct rog_error *err)
{
    for (; table->name; table++) {
        if (!table->fallback || !strchr(table->fallback, '{') || rog_json_get(object, table->name))
            continue;
        struct rog_json *value;
        int code = derive(table, object, outer, &value, err);
        if (code)
            return code;
        if (value)
            rog_json_put(object, table->name, value);
    }
    return 0;
}

static void store(const struct rog_setting *setting, const struct rog_json *value, void *member)
{
    switch (setting->type) {
    case ROG_SETTING_FLAG:
        assert(setting->bytes == sizeof(bool));
        *(bool *)member = rog_json_bool(value, false);
        break;
    case ROG_SETTING_INT:
        assert(setting->bytes == sizeof(uint32_t) || setting->bytes == sizeof(int64_t));
        if (setting->bytes == sizeof(uint32_t))
            *(uint32_t *)member = (uint32_t)rog_json_integer(value, 0);
        else
            *(int64_t *)member = rog_json_integer(value, -1);
        break;
    case ROG_SETTING_REAL:
        assert(setting->bytes == sizeof(double));
        *(double *)member = rog_json_number(value, 0);
        break;
    case ROG_SETTING_STRING:
        assert(setting->bytes == sizeof(const char *));
        *(const char **)member = rog_json_string(value, NULL);
        break;
    case ROG_SETTING_REALS:
    case ROG_SETTING_TEXTS:
    case ROG_SETTING_GROUP:
        assert(setting->bytes == sizeof(const struct rog_json *));
        *(const struct rog_json **)member = value;
        break;
    }
}

void rog_settings_store(const struct rog_setting *table, const struct rog_json *object, void *base)
{
    for (; table->name; table++)
        if (table->bytes)
            store(table, rog_json_get(object, table->name), (char *)base + table->offset);
}

bool rog_setting_is(const struct rog_setting *setting, unsigned with, unsigned without)
{
    return (!with || (setting->flags & with)) && !(setting->flags & without);
}

void rog_settings_copy(const struct rog_setting *table, unsigned with, unsigned without,
                       const struct rog_json *from, struct rog_json *to)
{
    for (; table->name; table++) {
        const struct rog_json *value = rog_json_get(from, table->name);
        if (value && rog_setting_is(table, with, without))
            rog_json_put(to, table->name, rog_json_copy(value));
    }
}

/* Compares with the default; 1 and 1.0 are equal. */
static bool is_default(const struct rog_setting *setting, const struct rog_json *value)
{
    struct rog_json *fallback = NULL;
    if (!setting->fallback || rog_setting_parse(setting, setting->fallback, &fallback, NULL))
        return false;
    bool numbers = rog_json_is_number(value) && rog_json_is_number(fallback);
    char *one = numbers ? NULL : rog_json_text_sorted(value);
    char *two = numbers ? NULL : rog_json_text_sorted(fallback);
    bool same = numbers ? rog_json_number(value, 0) == rog_json_number(fallback, 0)
                        : one && two && strcmp(one, two) == 0;
    free(one);
    free(two);
    rog_json_free(fallback);
    return same;
}

void rog_settings_remove(const struct rog_setting *table, unsigned with, struct rog_json *object)
{
    for (; table->name; table++)
        if (rog_setting_is(table, with, 0))
            rog_json_remove(object, table->name);
}

void rog_settings_leave_out(const struct rog_setting *table, unsigned with, struct rog_json *object)
{
    for (; table->name; table++) {
        const struct rog_json *value = rog_json_get(object, table->name);
        if (value && rog_setting_is(table, with, 0) && is_default(table, value))
            rog_json_remove(object, table->name);
    }
}

char *rog_settings_names(const struct rog_setting *table, unsigned with, unsigned without)
{
    char *names = rog_strdup("");
    for (; names && table->name; table++) {
        if (!rog_setting_is(table, with, without))
            continue;
        char *longer = rog_format("%s%s%s", names, names[0] ? ", " : "", table->name);
        free(names);
        names = longer;
    }
    return names;
}

const char *rog_setting_path(const struct rog_setting *setting, const char *value)
{
    if (setting->flags & ROG_SETTING_PATH) {
        if (setting->no_path && strcmp(setting->no_path, value) == 0)
            return NULL;
        size_t word = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789");
        return word > 0 && value[word] == ':' ? NULL : value;
    }
    if (setting->flags & ROG_SETTING_PATH_AFTER_COLON) {
        const char *colon = strchr(value, ':');
        return colon ? colon + 1 : NULL;
    }
    bool is_file = strchr(value, '/') || rog_python_is_file(value);
    return (setting->flags & ROG_SETTING_PATH_WITH_SLASH) && is_file ? value : NULL;
}

int rog_setting_put_path(const struct rog_setting *setting, struct rog_json *object,
                         const char *path, struct rog_error *err)
{
    const char *value = rog_json_get_string(object, setting->name, NULL);
    const char *at = value ? rog_setting_path(setting, value) : NULL;
    assert(at);
    char *whole = rog_format("%.*s%s", (int)(at - value), value, path);
    if (!whole)
        return rog_fail_nomem(err);
    rog_json_put_string(object, setting->name, whole);
    free(whole);
    return 0;
}

/* Returns the path `relative` as an absolute path. Links are resolved in a path that must exist. */
static char *absolute_path(const struct rog_setting *setting, const char *relative,
                           const char *folder, struct rog_error *err)
{
    char *root = rog_path_real(folder);
    char *path = root ? rog_path_join(root, relative) : NULL;
    free(root);
    if (!path && rog_ran_out()) {
        rog_fail_nomem(err);
        return NULL;
    }
    if (!path) {
        rog_fail(err, ROG_EINVAL, "%s: cannot find the folder %s of %s", setting->name, folder,
                 relative);
        return NULL;
    }
    if (!rog_setting_is(setting, ROG_SETTING_PATH_WITH_SLASH, 0))
        return path;
    char *real = rog_path_real(path);
    free(path);
    if (!real)
        rog_fail(err, ROG_EINVAL, "%s %s: there is no such file", setting->name, relative);
    return real;
}

int rog_settings_anchor(const struct rog_setting *table, struct rog_json *object,
                        const char *folder, struct rog_error *err)
{
    int code = 0;
    for (; code == 0 && table->name; table++) {
        const char *value = rog_json_get_string(object, table->name, NULL);
        const char *relative = value ? rog_setting_path(table, value) : NULL;
        if (!relative || strncmp(relative, "~/", 2) == 0)
            continue;
        char *path = absolute_path(table, relative, folder, err);
        code = path ? rog_setting_put_path(table, object, path, err) : ROG_EINVAL;
        free(path);
    }
    return code;
}

struct check {
    const struct rog_setting *table;
    const char *skip;
    struct rog_error *err;
};

static int check_one(const char *key, const struct rog_json *value, void *user)
{
    const struct check *check = user;
    if (check->skip && is_choice(check->skip, key))
        return 0;
    const struct rog_setting *setting = rog_setting_find(check->table, key);
    if (setting)
        return rog_setting_check(setting, value, check->err);
    const char *near = rog_setting_nearest(check->table, key);
    return rog_fail(check->err, ROG_EINVAL, "unknown setting %s%s%s%s", key,
                    near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

int rog_settings_check(const struct rog_setting *table, const struct rog_json *object,
                       const char *skip, struct rog_error *err)
{
    struct check check = {table, skip, err};
    return rog_json_each(object, check_one, &check);
}

void rog_setting_describe(const struct rog_setting *setting, char *text, size_t bytes)
{
    char wanted[256];
    allowed(setting, wanted, sizeof wanted);
    snprintf(text, bytes, "%s%s%s", wanted, setting->fallback ? "; default " : "",
             setting->fallback ? setting->fallback : "");
}

const char *rog_threshold_text(long long threshold, char *text)
{
    if (threshold == ROG_THRESHOLD_INFINITE)
        snprintf(text, ROG_THRESHOLD_TEXT_BYTES, "inf");
    else
        snprintf(text, ROG_THRESHOLD_TEXT_BYTES, "%lld", threshold);
    return text;
}
