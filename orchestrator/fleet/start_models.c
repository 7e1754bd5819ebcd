/* SPDX-License-Identifier: Apache-2.0 */
/* Has starting models made before the runs that need them. */
#include <orchestrator/fleet/start_models.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/process.h>
#include <common/settings.h>
#include <common/workload.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/paths.h>
#include <rog/events.h>

#define POLL_MS 100

/* What the starting model depends on. */
static char *identity_text(const struct rog_json *config)
{
    struct rog_json *object = rog_json_object();
    rog_settings_copy(rog_run_settings, ROG_SETTING_OF_START_MODEL, 0, config, object);
    char *text = rog_json_text_sorted(object);
    rog_json_free(object);
    return text;
}

static bool needs_model(const struct rog_fleet_job *job)
{
    return job->state == ROG_FLEET_WAITING && rog_workload_has_network(job->config);
}

/* Progress, result and errors of the training. */
static void take_lines(const struct rog_fleet_options *options, struct rog_lines *lines,
                       const char *model, char **path, char *message, size_t bytes)
{
    const char *line;
    while ((line = rog_lines_next(lines))) {
        struct rog_json *event = NULL;
        if (rog_json_parse(line, strlen(line), "pretrain", &event, NULL) < 0)
            continue;
        const char *name = rog_json_get_string(event, "event", "");
        if (strcmp(name, ROG_EVENT_PROGRESS) == 0)
            options->observer->start_model(options->observer->user, model,
                                           rog_json_get_number(event, "done", NAN));
        else if (strcmp(name, ROG_EVENT_END) == 0 && !*path)
            *path = rog_strdup(rog_json_get_string(event, "path", NULL));
        else if (strcmp(name, ROG_EVENT_ERROR) == 0)
            snprintf(message, bytes, "%s", rog_json_get_string(event, "message", ""));
        rog_json_free(event);
    }
}

/* Runs the trainer to its end. *path is the model, heap memory; *message is why it failed. */
static int train(const struct rog_fleet_options *options, struct rog_signals *signals,
                 const char *config_path, const char *log_path, const char *model, char **path,
                 char *message, size_t bytes, struct rog_error *err)
{
    const char *const argv[] = {options->trainer, "pretrain",    "--config", config_path,
                                "--events",       "/dev/stdout", NULL};
    const struct rog_process_options how = {.argv = argv, .log = log_path, .pipes = true};
    struct rog_process process;
    struct rog_lines lines = {0};
    int code = rog_process_start(&process, &how, err);
    bool ended = false;
    while (code == 0 && !ended) {
        if (rog_signals_wait(signals, POLL_MS))
            code = rog_fail(err, ROG_EINTR, "interrupted");
        ended = rog_process_ended(&process);
        if (code == 0)
            code = rog_lines_fill(&lines, &process, err);
        take_lines(options, &lines, model, path, message, bytes);
    }
    if (code == 0 && process.status != 0) {
        if (message[0] == '\0')
            rog_run_log_tail(log_path, message, bytes);
        code = rog_fail(err, ROG_EFAILED, "the starting model %s cannot be made: %s", model,
                        message[0] ? message : "the trainer gave no reason");
    }
    rog_process_stop(&process);
    rog_lines_release(&lines);
    return code;
}

/* The model of one job. The configuration lies in the run's folder already. */
static int make_one(const struct rog_fleet_options *options, struct rog_signals *signals,
                    struct rog_fleet_job *job, struct rog_error *err)
{
    char message[512] = "";
    char *runs = rog_runs_folder_name(rog_db_path(options->db));
    char *folder = runs ? rog_store_path(rog_db_path(options->db), runs) : NULL;
    char *config_path = folder ? rog_format("%s/pretrain-%s.json", folder, job->run_id) : NULL;
    char *log_path = folder ? rog_format("%s/pretrain-%s.log", folder, job->run_id) : NULL;
    char *text = rog_json_text_pretty(job->config);
    int code = config_path && log_path && text ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = rog_file_write(config_path, text, strlen(text), err);
    if (code == 0)
        code = train(options, signals, config_path, log_path,
                     rog_json_get_string(job->config, "model", "?"), &job->start_model, message,
                     sizeof message, err);
    if (code == 0 && !job->start_model)
        code = rog_fail(err, ROG_EFAILED, "the trainer does not say where the starting model is");
    if (code == 0)
        rog_dir_remove(log_path, NULL);
    if (config_path)
        rog_dir_remove(config_path, NULL);
    free(text);
    free(log_path);
    free(config_path);
    free(folder);
    free(runs);
    return code;
}

/* The first job before `index` with the same model, `index` itself when it is the first. */
static size_t first_alike(char *const *identities, size_t index)
{
    size_t i = 0;
    while (i < index && (!identities[i] || strcmp(identities[i], identities[index]) != 0))
        i++;
    return i;
}

int rog_start_models_make(const struct rog_fleet_options *options, struct rog_signals *signals,
                          struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    int code = 0;
    char **identities = calloc(count + 1, sizeof *identities);
    if (!identities)
        return rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (!needs_model(&jobs[i]))
            continue;
        identities[i] = identity_text(jobs[i].config);
        if (!identities[i]) {
            code = rog_fail_nomem(err);
            break;
        }
        size_t first = first_alike(identities, i);
        struct rog_error cause = {0};
        int made = 0;
        if (first == i)
            made = make_one(options, signals, &jobs[i], &cause);
        else if (jobs[first].error[0])
            made = rog_fail(&cause, ROG_EFAILED, "%s", jobs[first].error);
        else
            jobs[i].start_model = rog_strdup(jobs[first].start_model);
        if (made == ROG_EFAILED)
            snprintf(jobs[i].error, sizeof jobs[i].error, "%s", cause.message);
        else if (made < 0)
            code = rog_fail_again(err, &cause);
    }
    for (size_t i = 0; i < count; i++)
        free(identities[i]);
    free(identities);
    return code;
}
