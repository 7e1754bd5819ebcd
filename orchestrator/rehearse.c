/* SPDX-License-Identifier: Apache-2.0 */
/* Has the trainer check everything that runs read, each thing once. */
#include <orchestrator/rehearse.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <common/process.h>
#include <common/settings.h>

#define LIMIT_S 600.0 /* reading data sets takes the longest */
#define INDEX_BYTES 24

static const char *index_text(size_t index, char text[INDEX_BYTES])
{
    snprintf(text, INDEX_BYTES, "%zu", index);
    return text;
}

const char *rog_rehearse_fault(const struct rog_json *faults, size_t index)
{
    char text[INDEX_BYTES];
    return faults ? rog_json_get_string(faults, index_text(index, text), NULL) : NULL;
}

/* ---- distinct configurations ---- */

/* Returns the configuration without seed and label, on which what a run reads does not depend. */
static char *config_line(const struct rog_json *config)
{
    struct rog_json *part = rog_json_object();
    rog_settings_copy(rog_run_settings, 0, ROG_SETTING_ASIDE, config, part);
    /* The trainer needs to know the method: a program need not support a local optimizer that comes
     * from a method and not from its user. */
    if (rog_json_get(config, "method"))
        rog_json_put(part, "method", rog_json_copy(rog_json_get(config, "method")));
    rog_json_remove(part, "seed");
    rog_json_put(part, "workers", rog_json_copy(rog_json_get(config, "workers")));
    char *line = part ? rog_json_text(part) : NULL;
    rog_json_free(part);
    return line;
}

/* Writes each distinct configuration once; line_of[i] is the line of run i, from 1; 0: the run is
 * done. */
static int write_lines(const struct rog_plan *plan, const char *path, int64_t *line_of,
                       struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    struct rog_json *lines = rog_json_object(); /* {configuration: its line} */
    int64_t count = 0;
    int code = lines ? rog_file_writer_open(&writer, path, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < plan->count; i++) {
        if (plan->run[i].action == ROG_PLAN_DONE)
            continue;
        char *line = config_line(plan->run[i].resolved.config);
        if (!line) {
            code = rog_fail_nomem(err);
            break;
        }
        line_of[i] = rog_json_get_integer(lines, line, 0);
        if (line_of[i] == 0) {
            line_of[i] = ++count;
            rog_json_put_integer(lines, line, count);
            fprintf(writer.file, "%s\n", line);
        }
        free(line);
    }
    if (code == 0)
        code = rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    rog_json_free(lines);
    return code;
}

/* ---- the trainer's answer ---- */

static int take_answer(const char *text, size_t size, const struct rog_plan *plan,
                       const int64_t *line_of, struct rog_json *faults, struct rog_error *err)
{
    struct rog_json *answer = NULL;
    char index[INDEX_BYTES];
    int code = rog_json_parse(text, size, "the answer of rog-trainer check", &answer, err);
    for (size_t i = 0; code == 0 && i < plan->count; i++)
        if (line_of[i] > 0 && line_of[i] == rog_json_get_integer(answer, "line", 0))
            rog_json_put_string(faults, index_text(i, index),
                                rog_json_get_string(answer, "error", ""));
    rog_json_free(answer);
    return code;
}

static int ask(const struct rog_plan *plan, const char *trainer, const char *path,
               const int64_t *line_of, struct rog_json *faults, struct rog_error *err)
{
    const char *const argv[] = {trainer, "check", path, NULL};
    char *output = NULL;
    int code = rog_process_run(argv, LIMIT_S, &output, err);
    for (const char *line = output; code == 0 && line && *line;) {
        size_t length = strcspn(line, "\n");
        code = take_answer(line, length, plan, line_of, faults, err);
        line += length + (line[length] == '\n');
    }
    free(output);
    return code;
}

/* ---- the cluster ---- */

/* Checks files that the cluster file names for rogctl itself, such as that of ssh. */
static int check_cluster(const struct rog_cluster *cluster, struct rog_error *err)
{
    const struct rog_setting *row = cluster->kind->settings;
    for (; row && row->name; row++) {
        const char *value = rog_json_get_string(cluster->own, row->name, NULL);
        const char *path = value ? rog_setting_path(row, value) : NULL;
        if (path && strncmp(path, "~/", 2) != 0 && !rog_file_exists(path))
            return rog_fail(err, ROG_EINVAL, "%s: %s: there is no file %s", cluster->path,
                            row->name, path);
    }
    return 0;
}

int rog_rehearse(const struct rog_plan *plan, const struct rog_cluster *cluster,
                 const char *trainer, struct rog_json **faults, struct rog_error *err)
{
    struct rog_scratch scratch = {0};
    *faults = rog_json_object();
    int64_t *line_of = calloc(plan->count + 1, sizeof *line_of);
    int code = *faults && line_of ? check_cluster(cluster, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_scratch_make(&scratch, NULL, "rogctl-check", err);
    char *path = code == 0 ? rog_path_join(scratch.path, "configurations") : NULL;
    if (code == 0 && !path)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = write_lines(plan, path, line_of, err);
    if (code == 0)
        code = ask(plan, trainer, path, line_of, *faults, err);
    rog_scratch_remove(&scratch, NULL);
    free(path);
    free(line_of);
    return code;
}
