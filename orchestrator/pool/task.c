/* SPDX-License-Identifier: Apache-2.0 */
/* Converts jobs to tasks and back. */
#include <orchestrator/pool/task.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

int rog_pool_task_make(const struct rog_fleet_job *job, const char *model, const char *model_sha256,
                       struct rog_json **out, struct rog_error *err)
{
    struct rog_json *value = rog_json_object(), *start = model ? rog_json_object() : NULL;
    rog_json_put_string(value, "run_id", job->run_id);
    rog_json_put_string(value, "label", job->label);
    rog_json_put_string(value, "hash", job->hash);
    rog_json_put_string(value, "settings_hash", job->settings_hash);
    rog_json_put_number(value, "expected_s", job->expected_s);
    if (model) {
        rog_json_put_string(start, "path", model);
        rog_json_put_string(start, "sha256", model_sha256);
        rog_json_put(value, "start_model", start);
    }
    rog_json_put(value, "inputs", rog_inputs_json(job->inputs));
    rog_json_put(value, "config", rog_json_copy(job->config));
    *out = value;
    return value && (!model || start) ? 0 : rog_fail_nomem(err);
}

/* Sets the path of the starting model, which may be absolute or relative to the pool. */
static int find_model(struct rog_pool_work *work, const struct rog_pool *pool,
                      struct rog_error *err)
{
    const struct rog_json *model = rog_json_get(work->value, "start_model");
    const char *path = rog_json_get_string(model, "path", NULL);
    if (!path)
        return 0;
    work->job.start_model = rog_path_join(rog_pool_path(pool), path);
    return work->job.start_model ? 0 : rog_fail_nomem(err);
}

int rog_pool_work_load(struct rog_pool_work *work, const struct rog_pool *pool, const char *run_id,
                       struct rog_json *value, struct rog_error *err)
{
    *work = (struct rog_pool_work){.value = value};
    work->job = (struct rog_fleet_job){
        .run_id = rog_json_get_string(value, "run_id", ""),
        .label = rog_json_get_string(value, "label", ""),
        .hash = rog_json_get_string(value, "hash", ""),
        .settings_hash = rog_json_get_string(value, "settings_hash", ""),
        .config = rog_json_get(value, "config"),
        .inputs = &work->inputs,
        .expected_s = rog_json_get_number(value, "expected_s", (double)NAN),
        .accuracy = (double)NAN,
        .stall_share = (double)NAN,
    };
    if (strcmp(work->job.run_id, run_id) != 0 || !work->job.hash[0] ||
        !work->job.settings_hash[0] || !rog_json_is_object(work->job.config) ||
        !rog_json_is_array(rog_json_get(value, "inputs")))
        return rog_fail(err, ROG_EFORMAT, "the task of %s is damaged", run_id);
    int code = rog_inputs_from_json(&work->inputs, rog_json_get(value, "inputs"), err);
    return code == 0 ? find_model(work, pool, err) : code;
}

void rog_pool_work_release(struct rog_pool_work *work)
{
    rog_inputs_release(&work->inputs);
    rog_json_free(work->value);
    free(work->job.start_model);
    *work = (struct rog_pool_work){0};
}

int rog_pool_work_check(const struct rog_pool_work *work, struct rog_contents *contents,
                        struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    const char *wanted =
        rog_json_get_string(rog_json_get(work->value, "start_model"), "sha256", "");
    int code = rog_inputs_check(work->job.inputs, NULL, "the sweep was planned", contents, err);
    if (code == 0 && work->job.start_model)
        code = rog_contents_file(contents, work->job.start_model, hex, err);
    if (code == ROG_ENOTFOUND || code == ROG_EINVAL)
        return err ? err->code = ROG_EFAILED : ROG_EFAILED;
    if (code == 0 && work->job.start_model && strcmp(hex, wanted) != 0)
        code = rog_fail(err, ROG_EFAILED, "%s is not the starting model that was made for it",
                        work->job.start_model);
    return code;
}
