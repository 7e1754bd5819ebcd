/* SPDX-License-Identifier: Apache-2.0 */
/* Trains starting models before the runs that need them start. */
#include <orchestrator/fleet/start_models.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/settings.h>
#include <common/workload.h>
#include <orchestrator/fleet/preparation.h>
#include <rog/events.h>

/* Returns the settings that determine the starting model, as a text. Heap memory. */
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
    return job->state == ROG_FLEET_WAITING && !job->folder && rog_workload_has_network(job->config);
}

/* A model that is being trained. */
struct making {
    const struct rog_fleet_options *options;
    const char *model;
    char *path; /* reported path of the model, heap memory; NULL: not yet */
};

/* Handles progress, result and errors of the training. */
static void take_line(void *user, const char *line, char *message, size_t bytes)
{
    struct making *making = user;
    const struct rog_fleet_observer *observer = making->options->observer;
    struct rog_json *event = NULL;
    if (rog_json_parse(line, strlen(line), "pretrain", &event, NULL) < 0)
        return;
    const char *name = rog_json_get_string(event, "event", "");
    if (strcmp(name, ROG_EVENT_PROGRESS) == 0)
        observer->start_model(observer->user, making->model,
                              rog_json_get_number(event, "done", NAN));
    else if (strcmp(name, ROG_EVENT_END) == 0 && !making->path)
        making->path = rog_strdup(rog_json_get_string(event, "path", NULL));
    else if (strcmp(name, ROG_EVENT_ERROR) == 0)
        snprintf(message, bytes, "%s", rog_json_get_string(event, "message", ""));
    rog_json_free(event);
}

/* Trains the model of one job. */
static int make_one(const struct rog_fleet_options *options, struct rog_signals *signals,
                    struct rog_fleet_job *job, struct rog_error *err)
{
    struct making making = {options, rog_json_get_string(job->config, "model", "?"), NULL};
    char *what = rog_format("the starting model %s cannot be trained", making.model);
    const struct rog_preparation preparation = {
        .command = "pretrain",
        .option = "--events",
        .value = "/dev/stdout",
        .what = what,
        .line = take_line,
        .user = &making,
    };
    int code =
        what ? rog_preparation_run(&preparation, options, signals, job, err) : rog_fail_nomem(err);
    if (code == 0 && !making.path)
        code = rog_fail(err, ROG_EFAILED, "the trainer does not say where the starting model is");
    if (code == 0)
        job->start_model = making.path;
    else
        free(making.path);
    free(what);
    return code;
}

/* Returns the index of the first job with the same model, which is `index` if no earlier job has
 * it. */
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
