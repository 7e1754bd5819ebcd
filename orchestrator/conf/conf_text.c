/* SPDX-License-Identifier: Apache-2.0 */
/* Writes values in the syntax of libconfig. */
#include <orchestrator/conf/conf_text.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void write_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < ' ' || c == 127)
            fprintf(file, "\\x%02x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

/* Writes the shortest text that reads back as the same number, with a point or exponent that makes
 * it real. */
static void write_real(FILE *file, double number)
{
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static int write_member(const char *key, const struct rog_json *value, void *user)
{
    fprintf(user, "%s = ", key);
    rog_conf_text_value(user, value, false);
    fputs("; ", user);
    return 0;
}

void rog_conf_text_value(FILE *file, const struct rog_json *value, bool is_real)
{
    if (rog_json_is_integer(value) && !is_real) {
        int64_t number = rog_json_integer(value, 0);
        fprintf(file, "%" PRId64 "%s", number, number > INT32_MAX || number < INT32_MIN ? "L" : "");
    } else if (rog_json_is_number(value)) {
        write_real(file, rog_json_number(value, 0));
    } else if (rog_json_is_bool(value)) {
        fputs(rog_json_bool(value, false) ? "true" : "false", file);
    } else if (rog_json_is_array(value)) {
        fputs("(", file);
        for (size_t i = 0; i < rog_json_size(value); i++) {
            fputs(i ? ", " : "", file);
            rog_conf_text_value(file, rog_json_at(value, i), is_real);
        }
        fputs(")", file);
    } else if (rog_json_is_object(value)) {
        fputs("{ ", file);
        rog_json_each(value, write_member, file);
        fputs("}", file);
    } else {
        write_string(file, rog_json_string(value, ""));
    }
}

void rog_conf_text_setting(FILE *file, const struct rog_setting *table, const char *name,
                           const struct rog_json *value)
{
    const struct rog_setting *setting = rog_setting_find(table, name);
    bool is_real =
        setting && (setting->type == ROG_SETTING_REAL || setting->type == ROG_SETTING_REALS);
    fprintf(file, "%s = ", name);
    rog_conf_text_value(file, value, is_real);
    fputs(";", file);
}

int rog_conf_text_option(const char *name, const struct rog_json *value, void *file)
{
    fprintf(file, "%s = ", name);
    rog_conf_text_value(file, value, false);
    fputs(";\n", file);
    return 0;
}

void rog_conf_text_string(FILE *file, const char *name, const char *value)
{
    struct rog_json *text = value ? rog_json_new_string(value) : NULL;
    if (text)
        rog_conf_text_option(name, text, file);
    rog_json_free(text);
}
