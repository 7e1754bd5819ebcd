/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs agents as Slurm jobs: submits an array of them, and another one when jobs have ended and
 * work is left.
 *
 * A pool's jobs are recognized by the folder that they were submitted in, which is the pool's. So
 * no other state is kept: the next process that opens the pool finds them in the queue.
 */
#include <orchestrator/pool/provider.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/process.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/pool/slurm/script.h>
#include <orchestrator/pool/slurm/slurm_state.h>

void rog_slurm_tell(const struct rog_slurm *slurm, const char *format, ...)
{
    char text[4 * ROG_SLURM_SAYS_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (slurm->site->say)
        slurm->site->say(slurm->site->user, text);
}

void rog_slurm_queue_words(const char *words[ROG_SLURM_QUEUE_WORDS], char uid[ROG_SLURM_UID_BYTES])
{
    static const char *const all[] = {
        "squeue", "-h", "-r", "-t", "all", "-o", ROG_SLURM_QUEUE_FORMAT, "-u"};
    const size_t count = sizeof all / sizeof *all;
    snprintf(uid, ROG_SLURM_UID_BYTES, "%ld", (long)getuid());
    memcpy(words, all, sizeof all);
    words[count] = uid;
    words[count + 1] = NULL;
}

/* ---- the file ---- */

static int read_settings(struct rog_slurm_settings *settings, const char *given,
                         struct rog_error *err)
{
    char *path = NULL;
    *settings = (struct rog_slurm_settings){0};
    int code = given ? rog_cluster_find_file(&path, given, NULL, err) : 0;
    if (code == 0)
        code = rog_slurm_settings_read(settings, path, err);
    free(path);
    return code;
}

static int check(const char *file, struct rog_error *err)
{
    const struct rog_slurm_array array = {.pool = "/pool", .rogctl = "/rogctl", .jobs = 1};
    struct rog_slurm_settings settings;
    char *script = NULL;
    int code = read_settings(&settings, file, err);
    if (code == 0)
        code = rog_slurm_script(&settings, &array, &script, err);
    free(script);
    rog_slurm_settings_release(&settings);
    return code;
}

int rog_slurm_make_script(const struct rog_slurm_settings *settings,
                          const struct rog_pool_site *site, size_t jobs, size_t at_once,
                          char **text, struct rog_error *err)
{
    char *plugins = NULL;
    int code = rog_plugin_search_path(&plugins, err);
    const struct rog_slurm_array array = {.pool = site->path,
                                          .rogctl = site->rogctl,
                                          .files = site->files,
                                          .plugins = plugins,
                                          .jobs = jobs,
                                          .at_once = at_once};
    if (code == 0)
        code = rog_slurm_script(settings, &array, text, err);
    free(plugins);
    return code;
}

static int describe(const struct rog_pool_site *site, struct rog_error *err)
{
    struct rog_slurm_settings settings;
    char *script = NULL, *rest = NULL;
    int code = read_settings(&settings, site->file, err);
    if (code == 0) {
        const struct rog_slurm_wish wish = {.work = site->tasks,
                                            .cpus = (size_t)settings.cpus,
                                            .agents = (size_t)settings.agents,
                                            .throttle = (size_t)settings.throttle,
                                            .most = ROG_SLURM_MAX_ARRAY};
        size_t at_once, jobs = rog_slurm_next_array(&wish, &at_once);
        code = rog_slurm_make_script(&settings, site, jobs, at_once, &script, err);
    }
    rest = script;
    for (char *line = strsep(&rest, "\n"); code == 0 && line && rest; line = strsep(&rest, "\n"))
        site->print(site->user, line);
    free(script);
    rog_slurm_settings_release(&settings);
    return code;
}

/* ---- jobs of a pool ---- */

static int check_programs(struct rog_error *err)
{
    static const char *const programs[] = {"sbatch", "squeue", "scontrol", "scancel"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!rog_program_exists(programs[i]))
            return rog_fail(err, ROG_EFAILED,
                            "%s is not installed here: start a sweep on Slurm on a machine that "
                            "can submit jobs; hint: log in to one, or install slurm-client",
                            programs[i]);
    return 0;
}

static void close_slurm(void *state)
{
    struct rog_slurm *slurm = state;
    if (!slurm)
        return;
    rog_slurm_command_release(&slurm->command);
    rog_slurm_settings_release(&slurm->settings);
    free(slurm);
}

static int open_slurm(void **state, const struct rog_pool_site *site, struct rog_error *err)
{
    *state = NULL;
    struct rog_slurm *slurm = calloc(1, sizeof *slurm);
    if (!slurm)
        return rog_fail_nomem(err);
    slurm->site = site;
    slurm->command = ROG_SLURM_COMMAND_NONE;
    slurm->most = ROG_SLURM_MAX_ARRAY;
    slurm->has_arrays = true;
    char *folder = rog_path_join(site->path, ROG_SLURM_FOLDER);
    int code = folder ? check_programs(err) : rog_fail_nomem(err);
    if (code == 0)
        code = read_settings(&slurm->settings, site->file, err);
    if (code == 0)
        code = rog_dir_make(folder, err);
    free(folder);
    if (code < 0)
        close_slurm(slurm);
    else
        *state = slurm;
    return code;
}

/* ---- ending jobs ---- */

static int list_arrays(const struct rog_slurm *slurm, struct rog_json *arrays,
                       struct rog_error *err)
{
    const char *words[ROG_SLURM_QUEUE_WORDS];
    char uid[ROG_SLURM_UID_BYTES], *text = NULL;
    struct rog_slurm_jobs jobs;
    rog_slurm_queue_words(words, uid);
    int code = rog_slurm_command_run(words, ROG_SLURM_QUEUE_LIMIT_S, &text, err);
    if (code == 0)
        code = rog_slurm_count(text, slurm->site->path, &jobs, arrays, err);
    free(text);
    return code;
}

static int cancel(const struct rog_json *arrays, struct rog_error *err)
{
    size_t count = rog_json_size(arrays);
    const char **words = calloc(count + 2, sizeof *words);
    if (!words)
        return rog_fail_nomem(err);
    words[0] = "scancel";
    for (size_t i = 0; i < count; i++)
        words[i + 1] = rog_json_string(rog_json_at(arrays, i), "");
    int code = count > 0 ? rog_slurm_command_run(words, ROG_SLURM_QUEUE_LIMIT_S, NULL, err) : 0;
    free(words);
    return code;
}

/* Waits for a submission in progress, so that its jobs are found in the queue. */
static int stop(void *state, struct rog_error *err)
{
    struct rog_slurm *slurm = state;
    struct rog_error ignored;
    bool in_time;
    while (slurm->asking == ROG_SLURM_SUBMISSION &&
           rog_slurm_command_look(&slurm->command, &in_time, &ignored) == 1)
        usleep(100000);
    rog_slurm_command_release(&slurm->command);
    slurm->asking = ROG_SLURM_NOTHING;
    struct rog_json *arrays = rog_json_array();
    int code = arrays ? list_arrays(slurm, arrays, err) : rog_fail_nomem(err);
    if (code == 0)
        code = cancel(arrays, err);
    rog_json_free(arrays);
    if (code == ROG_EFAILED)
        rog_fail_prefix(
            err, "cannot cancel the Slurm jobs of %s; they exit by themselves once they start",
            slurm->site->path);
    return code;
}

const struct rog_pool_provider rog_pool_slurm_provider = {
    .name = ROG_SLURM_KIND,
    .file = "FILE",
    .follows = true,
    .detaches = true,
    .check = check,
    .check_machine = check_programs,
    .open = open_slurm,
    .step = rog_slurm_step,
    .stop = stop,
    .describe = describe,
    .close = close_slurm,
};
