/* SPDX-License-Identifier: Apache-2.0 */
/* Writes batch scripts. sbatch reads its options from comments, with quotes as in a shell (see
 * get_argument() in its src/sbatch/opt.c); the rest is a script for sh. */
#include <orchestrator/pool/slurm/script.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/ssh/quote.h>

/* Without a control group of its own, the container has the job's limits and ends with the job. Its
 * root is the user outside. */
#define PODMAN_OPTIONS                                                                      \
    "run --rm --name \"$name\" --cgroups=disabled --network=host --user=0 --env 'SLURM_*' " \
    "--env 'ROG*'"

static bool is_podman(const struct rog_slurm_settings *s)
{
    return s->image && strcmp(s->runtime, "podman") == 0;
}

/* ---- options of sbatch ---- */

/* A value ends at the end of its line. Within quotes, only quotes and backslashes are special. */
static int check_value(const char *name, const char *value, struct rog_error *err)
{
    for (const unsigned char *at = (const unsigned char *)value; *at; at++)
        if (*at < ' ' || *at == 0x7f || *at == '"' || *at == '\\')
            return rog_fail(err, ROG_EINVAL,
                            "%s cannot be passed to sbatch: it must not contain quotes, "
                            "backslashes, line breaks or other control characters (found \"%s\")",
                            name, value);
    if (!value[0])
        return rog_fail(err, ROG_EINVAL, "%s must not be empty; leave it out", name);
    return 0;
}

/* `name` is for messages, `option` includes its dashes. */
static int put_text(FILE *file, const char *name, const char *option, const char *value,
                    struct rog_error *err)
{
    if (!value)
        return 0;
    int code = check_value(name, value, err);
    if (code == 0)
        fprintf(file, "#SBATCH %s=\"%s\"\n", option, value);
    return code;
}

/* Options that the agents and the provider rely on. */
static const char *const reserved[] = {
    "--array",    "-a",          "--chdir",     "-D",        "--wait",
    "-W",         "--wrap",      "--output",    "-o",        "--signal",
    "--parsable", "--test-only", "--open-mode", "--requeue", "--no-requeue",
    "--ntasks",   "-n",          "--nodes",     "-N",        "--cpus-per-task",
    "-c",         NULL,
};

static int check_option(const char *option, size_t name_bytes, struct rog_error *err)
{
    if (option[0] != '-' || strcspn(option, " \t#'") < name_bytes)
        return rog_fail(err, ROG_EINVAL,
                        "options must be options of sbatch, --NAME or --NAME=VALUE (found \"%s\")",
                        option);
    for (size_t i = 0; reserved[i]; i++) {
        size_t length = strlen(reserved[i]);
        bool is_short = length == 2;
        if (strncmp(option, reserved[i], length) == 0 && (is_short || name_bytes == length))
            return rog_fail(err, ROG_EINVAL,
                            "options must not contain %s, which rogctl sets (found \"%s\")",
                            reserved[i], option);
    }
    return 0;
}

static int put_options(FILE *file, const struct rog_json *options, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < rog_json_size(options); i++) {
        const char *option = rog_json_string(rog_json_at(options, i), "");
        size_t name_bytes = strcspn(option, "=");
        code = check_value("options", option, err);
        if (code == 0)
            code = check_option(option, name_bytes, err);
        if (code == 0 && option[name_bytes])
            fprintf(file, "#SBATCH %.*s=\"%s\"\n", (int)name_bytes, option,
                    option + name_bytes + 1);
        else if (code == 0)
            fprintf(file, "#SBATCH %s\n", option);
    }
    return code;
}

static void put_array(FILE *file, const struct rog_slurm_array *array)
{
    if (array->jobs > 0)
        fprintf(file, "#SBATCH --array=0-%zu", array->jobs - 1);
    if (array->jobs > 0 && array->at_once > 0)
        fprintf(file, "%%%zu", array->at_once);
    if (array->jobs > 0)
        fputc('\n', file);
}

/* Makes a relative path absolute, below the pool's folder, and doubles each % in the latter, which
 * Slurm would expand. Heap memory. */
static char *full_output(const char *pool, const char *output)
{
    char *doubled = malloc(2 * strlen(pool) + 1), *to = doubled;
    for (const char *at = pool; doubled && (*to = *at); at++, to++)
        if (*at == '%')
            *++to = '%';
    char *full = doubled ? rog_path_join(doubled, output) : NULL;
    free(doubled);
    return full;
}

static int put_output(FILE *file, const char *pool, const char *output, struct rog_error *err)
{
    int code = check_value("output", output, err);
    char *full = code == 0 ? full_output(pool, output) : NULL;
    if (code == 0)
        code = full ? put_text(file, "output", "--output", full, err) : rog_fail_nomem(err);
    free(full);
    return code;
}

static int put_header(FILE *file, const struct rog_slurm_settings *s,
                      const struct rog_slurm_array *array, struct rog_error *err)
{
    const struct {
        const char *name, *option, *value;
    } texts[] = {
        {"job_name", "--job-name", s->job_name},
        {"the pool's folder", "--chdir", array->pool},
        {"partition", "--partition", s->partition},
        {"account", "--account", s->account},
        {"qos", "--qos", s->qos},
        {"constraint", "--constraint", s->constraint},
        {"time", "--time", s->time},
        {"mem", "--mem", s->mem},
        {"gres", "--gres", s->gres},
    };
    int code = 0;
    fputs("#!/bin/sh\n", file);
    for (size_t i = 0; code == 0 && i < sizeof texts / sizeof *texts; i++)
        code = put_text(file, texts[i].name, texts[i].option, texts[i].value, err);
    if (code == 0)
        code = put_output(file, array->pool, s->output, err);
    if (code < 0)
        return code;
    fprintf(file,
            "#SBATCH --open-mode=append\n#SBATCH --nodes=1\n#SBATCH --ntasks=1\n"
            "#SBATCH --cpus-per-task=%lld\n#SBATCH --%srequeue\n#SBATCH --signal=B:USR1@%lld\n",
            (long long)s->cpus, s->requeue ? "" : "no-", (long long)s->signal_before);
    put_array(file, array);
    return put_options(file, s->options, err);
}

/* ---- the script ---- */

static int put_word(FILE *file, const char *word, struct rog_error *err)
{
    char *quoted = rog_ssh_quote_word(word);
    if (!quoted)
        return rog_fail_nomem(err);
    fprintf(file, "%s ", quoted);
    free(quoted);
    return 0;
}

static int put_setup(FILE *file, const struct rog_json *setup, struct rog_error *err)
{
    for (size_t i = 0; i < rog_json_size(setup); i++) {
        const char *line = rog_json_string(rog_json_at(setup, i), "");
        if (strpbrk(line, "\r\n"))
            return rog_fail(err, ROG_EINVAL,
                            "setup must be a list with a text for each line (found \"%s\")", line);
        fprintf(file, "%s\n", line);
    }
    return 0;
}

/* The runtimes separate their arguments with colons and commas. */
static int put_mount(FILE *file, const char *option, const char *mount, struct rog_error *err)
{
    const char *colon = strchr(mount, ':');
    if (mount[0] != '/' || strchr(mount, ',') || (colon && colon[1] != '/'))
        return rog_fail(err, ROG_EINVAL,
                        "mounts must be FROM or FROM:TO with absolute paths and without commas "
                        "(found \"%s\")",
                        mount);
    char *both = colon ? rog_strdup(mount) : rog_format("%s:%s", mount, mount);
    fprintf(file, "%s ", option);
    int code = both ? put_word(file, both, err) : rog_fail_nomem(err);
    free(both);
    return code;
}

/* Mounts a file or folder under the same path. */
static int put_path(FILE *file, const char *option, const char *path, struct rog_error *err)
{
    if (path[0] != '/' || strpbrk(path, ":,"))
        return rog_fail(err, ROG_EINVAL,
                        "%s cannot be mounted in a container: its path must be absolute, without "
                        "colons and commas",
                        path);
    return put_mount(file, option, path, err);
}

/* Returns whether one of the mounts covers the path. */
static bool is_mounted(const struct rog_json *mounts, const char *path)
{
    for (size_t i = 0; i < rog_json_size(mounts); i++) {
        const char *mount = rog_json_string(rog_json_at(mounts, i), "");
        const char *colon = strchr(mount, ':'), *to = colon ? colon + 1 : mount;
        size_t length = strcspn(to, ":");
        while (length > 0 && to[length - 1] == '/')
            length--;
        if (strncmp(path, to, length) == 0 && (!path[length] || path[length] == '/'))
            return true;
    }
    return false;
}

/* Writes "apptainer exec --bind ... ". */
static int put_container(FILE *file, const struct rog_slurm_settings *s,
                         const struct rog_slurm_array *array, struct rog_error *err)
{
    const char *option = is_podman(s) ? "--volume" : "--bind";
    fprintf(file, "%s %s ", s->runtime,
            is_podman(s) ? PODMAN_OPTIONS : "exec ${TMPDIR:+--bind \"$TMPDIR\"}");
    int code = put_path(file, option, array->pool, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(s->mounts); i++)
        code = put_mount(file, option, rog_json_string(rog_json_at(s->mounts, i), ""), err);
    for (size_t i = 0; code == 0 && i < rog_json_size(array->files); i++) {
        const char *path = rog_json_string(rog_json_at(array->files, i), "");
        if (!is_mounted(s->mounts, path))
            code = put_path(file, option, path, err);
    }
    const char *at = s->runtime_options ? s->runtime_options : "";
    for (at += strspn(at, " "); code == 0 && *at; at += strspn(at, " ")) {
        char *word = strndup(at, strcspn(at, " "));
        code = word ? put_word(file, word, err) : rog_fail_nomem(err);
        free(word);
        at += strcspn(at, " ");
    }
    if (code == 0 && s->image[0] == '-')
        code = rog_fail(err, ROG_EINVAL, "image must not begin with - (found \"%s\")", s->image);
    return code;
}

/* Writes "[RUNTIME] ROGCTL agent POOL". An image for podman may have its own entry point. */
static int put_agent(FILE *file, const struct rog_slurm_settings *s,
                     const struct rog_slurm_array *array, struct rog_error *err)
{
    const char *rogctl = s->rogctl ? s->rogctl : s->image ? "rogctl" : array->rogctl;
    const char *const words[] = {is_podman(s) ? "--entrypoint" : NULL,
                                 is_podman(s) ? rogctl : NULL,
                                 s->image,
                                 is_podman(s) ? NULL : rogctl,
                                 "agent",
                                 array->pool};
    int code = s->image ? put_container(file, s, array, err) : 0;
    for (size_t i = 0; code == 0 && i < sizeof words / sizeof *words; i++)
        code = words[i] ? put_word(file, words[i], err) : 0;
    fprintf(file, "--slots %lld &\n", (long long)s->cpus);
    return code;
}

/* Signals go to the shell only, and each interrupts wait. A cancelled job is not requeued. The last
 * job of an array has the array's own number, so requeuing it by that would requeue all jobs. */
static int put_body(FILE *file, const struct rog_slurm_settings *s,
                    const struct rog_slurm_array *array, struct rog_error *err)
{
    fputs(
        "\n# An agent takes one run after another from the pool. Shortly before the time limit it\n"
        "# gets USR1, returns its run to the pool and exits, and the job is requeued.\n"
        "over= agent= again=1\n",
        file);
    if (is_podman(s))
        fputs("# podman run may exit before it passes a signal on, so the container is signalled.\n"
              "name=rogctl-$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}\n",
              file);
    fprintf(file,
            "tell() { again=1; %s[ -z \"$agent\" ] || kill -s \"$1\" \"$agent\" 2>/dev/null; }\n",
            is_podman(s) ? "podman kill -s \"$1\" \"$name\" >/dev/null 2>&1 || " : "");
    fputs("trap 'over=1; tell USR1' USR1\n"
          "trap 'tell TERM' TERM\n",
          file);
    int code = put_setup(file, s->setup, err);
    if (code == 0 && s->image && array->plugins) {
        fputs("export ROG_PLUGIN_PATH=", file);
        code = put_word(file, array->plugins, err);
        fputc('\n', file);
    }
    if (code == 0)
        code = put_agent(file, s, array, err);
    if (code < 0)
        return code;
    fputs("agent=$!\n"
          "[ -z \"$over\" ] || tell USR1\n"
          "while [ \"$again\" ]; do again=; wait \"$agent\"; status=$?; done\n",
          file);
    if (is_podman(s))
        fputs("[ \"$status\" -lt 128 ] || ! code=$(podman wait \"$name\" 2>/dev/null) || "
              "status=$code\n",
              file);
    if (s->requeue) {
        fputs("if [ \"$over\" ] && [ \"$status\" != 0 ] && [ ! -e stop ]; then\n"
              "    scontrol requeue "
              "\"${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
              "\"\n"
              "fi\n",
              file);
    }
    fputs("[ \"$status\" != 75 ] || status=0 # the agent has returned its run\n"
          "exit \"$status\"\n",
          file);
    return 0;
}

int rog_slurm_script(const struct rog_slurm_settings *settings, const struct rog_slurm_array *array,
                     char **text, struct rog_error *err)
{
    size_t bytes = 0;
    *text = NULL;
    FILE *file = open_memstream(text, &bytes);
    if (!file)
        return rog_fail_nomem(err);
    int code = put_header(file, settings, array, err);
    if (code == 0)
        code = put_body(file, settings, array, err);
    bool is_whole = !ferror(file);
    if (fclose(file) != 0 || !is_whole)
        code = code < 0 ? code : rog_fail_nomem(err);
    if (code < 0) {
        free(*text);
        *text = NULL;
    }
    return code;
}
