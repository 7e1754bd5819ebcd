/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an experiment file. */
#include <orchestrator/ui/again.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/settings.h>
#include <orchestrator/store/summary.h>

/* ---- values, as libconfig reads them ---- */

static void write_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(file, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(file, "\\x%02x", byte);
        else
            fputc(byte, file);
    }
    fputc('"', file);
}

/* A number of type REAL has a point: libconfig tells the two kinds apart. */
static void write_number(FILE *file, const struct rog_json *value, bool real)
{
    char text[40];
    double number = rog_json_number(value, 0);
    if (rog_json_is_integer(value) && !real)
        fprintf(file, "%lld%s", (long long)rog_json_integer(value, 0),
                llabs(rog_json_integer(value, 0)) > INT32_MAX ? "L" : "");
    else {
        snprintf(text, sizeof text, "%.12g", number);
        fprintf(file, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
    }
}

static void write_value(FILE *file, const struct rog_json *value, bool real);

static int write_member(const char *key, const struct rog_json *value, void *user)
{
    FILE *file = user;
    if (rog_json_is_null(value))
        return 0;
    fprintf(file, " %s = ", key);
    write_value(file, value, false);
    fputc(';', file);
    return 0;
}

static void write_value(FILE *file, const struct rog_json *value, bool real)
{
    if (rog_json_is_string(value)) {
        write_text(file, rog_json_string(value, ""));
    } else if (rog_json_is_bool(value)) {
        fputs(rog_json_bool(value, false) ? "true" : "false", file);
    } else if (rog_json_is_object(value)) {
        fputc('{', file);
        rog_json_each(value, write_member, file);
        fputs(" }", file);
    } else if (rog_json_is_array(value)) {
        fputc('[', file);
        for (size_t i = 0; i < rog_json_size(value); i++) {
            fputs(i ? ", " : "", file);
            write_value(file, rog_json_at(value, i), real);
        }
        fputc(']', file);
    } else {
        write_number(file, value, real);
    }
}

/* ---- runs ---- */

static bool is_default(const struct rog_setting *setting, const struct rog_json *value)
{
    struct rog_json *usual = NULL;
    if (!setting->fallback || rog_setting_parse(setting, setting->fallback, &usual, NULL) < 0)
        return false;
    char *one = rog_json_text_sorted(value), *other = rog_json_text_sorted(usual);
    bool same = one && other && strcmp(one, other) == 0;
    if (rog_json_is_number(value) && rog_json_is_number(usual))
        same = rog_json_number(value, 0) == rog_json_number(usual, 0);
    free(one);
    free(other);
    rog_json_free(usual);
    return same;
}

static void write_run(FILE *file, const struct rog_json *config)
{
    fputs("    {", file);
    for (const struct rog_setting *setting = rog_run_settings; setting->name; setting++) {
        const struct rog_json *value = rog_json_get(config, setting->name);
        bool wanted = value && !rog_json_is_null(value) &&
                      !(setting->flags & ROG_SETTING_FILLED_IN) && !is_default(setting, value);
        if (!wanted)
            continue;
        fprintf(file, " %s = ", setting->name);
        write_value(file, value,
                    setting->type == ROG_SETTING_REAL || setting->type == ROG_SETTING_REALS);
        fputc(';', file);
    }
    fputs(" }", file);
}

static void write_head(FILE *file, const struct rog_case_row *row, const char *cluster)
{
    fputs("# Makes recorded runs again: rogctl sweep THIS-FILE\n", file);
    fputs("# Settings that are not named here had their defaults.\n", file);
    fputs("case = ", file);
    size_t length = strlen(row->name);
    const char *end = strstr(row->name, "-case");
    char *name = strndup(row->name, end ? (size_t)(end - row->name) : length);
    write_text(file, name ? name : "");
    free(name);
    fputs(";\n", file);
    const struct {
        const char *name, *value;
    } texts[] = {{"figure", row->figure},
                 {"contender", row->contender},
                 {"baseline", row->baseline},
                 {"cluster", cluster}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value) {
            fprintf(file, "%s = ", texts[i].name);
            write_text(file, texts[i].value);
            fputs(";\n", file);
        }
    if (!isnan(row->target_accuracy))
        fprintf(file, "target_accuracy = %.12g%s;\n", row->target_accuracy,
                row->target_accuracy == floor(row->target_accuracy) ? ".0" : "");
}

static int write_case(struct rog_db *db, const struct rog_case_row *row,
                      const struct rog_names *ids, FILE *file, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < ids->count; i++) {
        struct rog_run_row run = {0};
        struct rog_json *config = NULL;
        code = rog_run_row_load(db, ids->name[i], &run, err);
        if (code == 0)
            code = rog_json_parse(run.config, strlen(run.config), "a run's configuration", &config,
                                  err);
        if (code == 0 && i == 0) {
            write_head(file, row, run.cluster);
            fputs("runs = (\n", file);
        }
        if (code == 0) {
            fputs(i ? ",\n" : "", file);
            write_run(file, config);
        }
        rog_json_free(config);
        rog_run_row_release(&run);
    }
    fputs("\n);\n", file);
    return code;
}

int rog_again_write(struct rog_db *db, const char *case_name, char **text, struct rog_error *err)
{
    struct rog_case_row row = {0};
    struct rog_names ids = {0};
    size_t size = 0;
    *text = NULL;
    FILE *file = open_memstream(text, &size);
    int code = file ? rog_case_row_load(db, case_name, &row, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_case_runs(db, case_name, &ids, err);
    if (code == 0)
        code = write_case(db, &row, &ids, file, err);
    if (file && fclose(file) != 0 && code == 0)
        code = rog_fail_nomem(err);
    rog_names_release(&ids);
    rog_case_row_release(&row);
    if (code < 0) {
        free(*text);
        *text = NULL;
    }
    return code;
}
