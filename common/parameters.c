/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters are settings whose rows come from a plugin or another part, and whose values are
 * stored in its struct. */

#include <common/parameters.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The setting type of each parameter type, and the size of its member. */
static const struct {
    enum rog_setting_type setting;
    size_t bytes;
} types[] = {
    [ROG_PARAMETER_INTEGER] = {ROG_SETTING_INT, sizeof(int64_t)},
    [ROG_PARAMETER_NUMBER] = {ROG_SETTING_REAL, sizeof(double)},
    [ROG_PARAMETER_BOOLEAN] = {ROG_SETTING_FLAG, sizeof(bool)},
    [ROG_PARAMETER_CHOICE] = {ROG_SETTING_STRING, sizeof(uint32_t)},
};
#define TYPES (sizeof types / sizeof *types)

struct rog_setting rog_parameter_setting(const struct rog_parameter *parameter)
{
    return (struct rog_setting){
        .name = parameter->name,
        .type = types[parameter->type].setting,
        .fallback = parameter->fallback,
        .min = parameter->min,
        .max = parameter->max,
        .choices = parameter->type == ROG_PARAMETER_CHOICE ? parameter->choices : NULL,
        .unit = parameter->unit,
        .help = parameter->help,
    };
}

static bool is_name(const char *name)
{
    return name[0] && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static const struct rog_parameter *find(const struct rog_parameter *table, const char *name)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static int check_row(const struct rog_parameter *table, const struct rog_parameter *row,
                     size_t bytes, const char *owner, struct rog_error *err)
{
    if (!is_name(row->name) || find(table, row->name) != row)
        return rog_fail(err, ROG_EABI,
                        "%s: parameter \"%s\": names consist of lower-case letters, digits and "
                        "'_', and each may appear only once",
                        owner, row->name);
    if (row->type >= TYPES || !row->fallback || !row->help ||
        (row->type == ROG_PARAMETER_CHOICE && !row->choices))
        return rog_fail(err, ROG_EABI, "%s: parameter %s has no %s", owner, row->name,
                        row->type >= TYPES ? "type that is known"
                        : !row->fallback   ? "default"
                        : !row->help       ? "help"
                                           : "choices");
    size_t size = types[row->type].bytes;
    if (row->offset % size || size > bytes || row->offset > bytes - size)
        return rog_fail(err, ROG_EABI,
                        "%s: parameter %s: a member of %zu bytes does not fit at offset %u of a "
                        "struct of %zu bytes",
                        owner, row->name, size, row->offset, bytes);
    struct rog_setting setting = rog_parameter_setting(row);
    struct rog_json *value = NULL;
    struct rog_error cause = {0};
    int code = rog_setting_parse(&setting, row->fallback, &value, &cause);
    rog_json_free(value);
    return code ? rog_fail(err, ROG_EABI, "%s: the default of parameter %s", owner, cause.message)
                : 0;
}

int rog_parameters_check_table(const struct rog_parameter *table, size_t bytes, const char *owner,
                               struct rog_error *err)
{
    int code = 0;
    for (const struct rog_parameter *row = table; !code && row && row->name; row++)
        code = check_row(table, row, bytes, owner, err);
    return code;
}

/* ---- values ---- */

struct given {
    const struct rog_parameter *table;
    const char *owner;
    struct rog_error *err;
};

static const char *next_name(const void *list, size_t index)
{
    return ((const struct rog_parameter *)list)[index].name;
}

static int fail_unknown(const struct given *given, const char *name)
{
    char known[256] = "";
    const char *near = rog_nearest_name(name, next_name, given->table);
    if (near)
        return rog_fail(given->err, ROG_EINVAL, "%s has no parameter %s (did you mean %s?)",
                        given->owner, name, near);
    for (const struct rog_parameter *row = given->table; row->name; row++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", row->name);
    }
    return rog_fail(given->err, ROG_EINVAL, "%s has no parameter %s; it has %s", given->owner, name,
                    known);
}

/* Returns the value in the row's type: the word of a choice may look like a number, true or false.
 * NULL if out of memory. */
static struct rog_json *as_given(const struct rog_parameter *row, const struct rog_json *value)
{
    if (row->type != ROG_PARAMETER_CHOICE || rog_json_is_string(value))
        return rog_json_copy(value);
    char *text = rog_json_text(value);
    struct rog_json *word = text ? rog_json_new_string(text) : NULL;
    free(text);
    return word;
}

static int check_given(const char *name, const struct rog_json *value, void *user)
{
    const struct given *given = user;
    if (!given->table || !given->table->name)
        return rog_fail(given->err, ROG_EINVAL, "%s has no parameters (found %s)", given->owner,
                        name);
    const struct rog_parameter *row = find(given->table, name);
    if (!row)
        return fail_unknown(given, name);
    struct rog_setting setting = rog_parameter_setting(row);
    struct rog_json *read = as_given(row, value);
    int code = read ? rog_setting_check(&setting, read, given->err) : rog_fail_nomem(given->err);
    rog_json_free(read);
    if (code)
        rog_fail_prefix(given->err, "parameters of %s", given->owner);
    return code;
}

int rog_parameters_fill(const struct rog_parameter *table, const char *owner,
                        const struct rog_json *given, struct rog_json **filled,
                        struct rog_error *err)
{
    struct given check = {table, owner, err};
    *filled = NULL;
    int code = given ? rog_json_each(given, check_given, &check) : 0;
    if (code || !table || !table->name)
        return code;
    struct rog_json *made = rog_json_object();
    for (const struct rog_parameter *row = table; made && !code && row->name; row++) {
        struct rog_setting setting = rog_parameter_setting(row);
        struct rog_json *value = NULL;
        if (rog_json_get(given, row->name))
            value = as_given(row, rog_json_get(given, row->name));
        else
            code = rog_setting_parse(&setting, row->fallback, &value, err);
        /* 4 and 4.0 are the same, and must give the same run. */
        if (row->type == ROG_PARAMETER_NUMBER && value) {
            double number = rog_json_number(value, 0);
            rog_json_free(value);
            value = rog_json_new_number(number);
        }
        rog_json_put(made, row->name, value);
    }
    if (!code && !made)
        code = rog_fail_nomem(err);
    if (code)
        rog_json_free(made);
    else
        *filled = made;
    return code;
}

/* Returns the index of `word` in "first|second". */
static uint32_t place_of(const char *choices, const char *word)
{
    uint32_t place = 0;
    size_t length = strlen(word);
    for (const char *at = choices;
         strncmp(at, word, length) != 0 || (at[length] && at[length] != '|'); place++) {
        at = strchr(at, '|');
        if (!at++)
            return 0;
    }
    return place;
}

static void store(const struct rog_parameter *table, const struct rog_json *filled, void *to)
{
    for (const struct rog_parameter *row = table; row && row->name; row++) {
        const struct rog_json *value = rog_json_get(filled, row->name);
        void *member = (char *)to + row->offset;
        switch ((enum rog_parameter_type)row->type) {
        case ROG_PARAMETER_INTEGER:
            *(int64_t *)member = rog_json_integer(value, 0);
            break;
        case ROG_PARAMETER_NUMBER:
            *(double *)member = rog_json_number(value, 0);
            break;
        case ROG_PARAMETER_BOOLEAN:
            *(bool *)member = rog_json_bool(value, false);
            break;
        case ROG_PARAMETER_CHOICE:
            *(uint32_t *)member = place_of(row->choices, rog_json_string(value, ""));
            break;
        }
    }
}

int rog_parameters_make(const struct rog_parameter *table, size_t bytes, const char *owner,
                        const struct rog_json *given, struct rog_json **filled, void **to,
                        struct rog_error *err)
{
    struct rog_json *values = NULL;
    *to = NULL;
    int code = rog_parameters_fill(table, owner, given, &values, err);
    if (!code && values) {
        *to = calloc(1, bytes);
        if (*to)
            store(table, values, *to);
        else
            code = rog_fail_nomem(err);
    }
    if (filled)
        *filled = code ? NULL : values;
    if (code || !filled)
        rog_json_free(values);
    return code;
}

static bool same_value(const struct rog_json *a, const struct rog_json *b)
{
    char *left = rog_json_text_sorted(a), *right = rog_json_text_sorted(b);
    bool same = left && right && strcmp(left, right) == 0;
    free(left);
    free(right);
    return same;
}

int rog_parameters_chosen(const struct rog_parameter *table, const char *owner,
                          const struct rog_json *filled, struct rog_json **chosen,
                          struct rog_error *err)
{
    struct rog_json *defaults = NULL;
    *chosen = NULL;
    int code = rog_parameters_fill(table, owner, NULL, &defaults, err);
    for (const struct rog_parameter *row = table; !code && row && row->name; row++) {
        const struct rog_json *value = rog_json_get(filled, row->name);
        if (same_value(value, rog_json_get(defaults, row->name)))
            continue;
        if (!*chosen)
            *chosen = rog_json_object();
        rog_json_put(*chosen, row->name, rog_json_copy(value));
    }
    rog_json_free(defaults);
    return code;
}
