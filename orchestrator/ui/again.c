/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an experiment file that repeats recorded runs. */
#include <orchestrator/ui/again.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <orchestrator/conf/conf_text.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/store/summary.h>

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
        fputc(' ', file);
        rog_conf_text_setting(file, rog_run_settings, setting->name, value);
    }
    fputs(" }", file);
}

/* ---- the case ---- */

/* Writes the cluster, of which only the name is recorded. If it is not an installed one, its file
 * is expected beside the experiment file. */
static int write_cluster(FILE *file, const char *name, struct rog_error *err)
{
    char *path = NULL;
    int code = rog_cluster_find_file(&path, name, "/", err);
    bool comes = code == 0 && rog_file_exists(path);
    char *own = comes || code < 0 ? NULL : rog_format("%s.conf", name);
    if (own)
        fprintf(file, "# Your own cluster file: copy it here, or say --cluster FILE.\n");
    if (code == 0)
        rog_conf_text_string(file, "cluster", own ? own : name);
    free(own);
    free(path);
    return code;
}

static int write_head(FILE *file, const struct rog_case_row *row, const char *cluster,
                      struct rog_error *err)
{
    fputs("# Repeats recorded runs: rogctl sweep THIS-FILE\n", file);
    fputs("# Settings that are not named here had their defaults. Programs, plugins and traces of "
          "your\n"
          "# own must be where they were; `rogctl bundle` makes an archive that has them, too.\n",
          file);
    const char *end = strstr(row->name, "-case");
    char *name =
        rog_format("%.*s", end ? (int)(end - row->name) : (int)strlen(row->name), row->name);
    rog_conf_text_string(file, "case", name);
    free(name);
    rog_conf_text_string(file, "figure", row->figure);
    rog_conf_text_string(file, "contender", row->contender);
    rog_conf_text_string(file, "baseline", row->baseline);
    if (!isnan(row->target_accuracy)) {
        struct rog_json *target = rog_json_new_number(row->target_accuracy);
        fputs("target_accuracy = ", file);
        rog_conf_text_value(file, target, true);
        fputs(";\n", file);
        rog_json_free(target);
    }
    rog_json_each(row->options, rog_conf_text_option, file);
    return cluster ? write_cluster(file, cluster, err) : 0;
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
            code = write_head(file, row, run.cluster, err);
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
