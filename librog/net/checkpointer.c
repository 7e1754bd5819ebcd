/* SPDX-License-Identifier: Apache-2.0 */

/* Checkpoints of a server, and the file that a server started again goes on from. */

#include <librog/net/checkpointer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <common/json.h>
#include <librog/net/conn.h>
#include <librog/kernels/kernels.h>

#define STATE_NAME "server.json"
#define STATE_MAX_BYTES 65536
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_BYTES 64

struct rog_checkpointer {
    struct rog_checkpointer_config config;
    double next_s; /* when the next one is due */
    uint32_t next_index;

    /* The one that is being written. */
    uv_work_t work;
    bool busy;
    float *params; /* a copy, while one is being written */
    struct rog_state_file state;
    struct rog_checkpoint checkpoint;
    struct rog_run_origin origin;
    int code;
    struct rog_error err;
};

int rog_checkpointer_new(struct rog_checkpointer **out,
                         const struct rog_checkpointer_config *config, struct rog_error *err)
{
    struct rog_checkpointer *checkpointer = calloc(1, sizeof *checkpointer);
    *out = checkpointer;
    if (!checkpointer)
        return rog_fail_nomem(err);
    checkpointer->config = *config;
    checkpointer->state = (struct rog_state_file){
        .folder = config->folder, .hooks = config->state, .owner = config->owner};
    checkpointer->next_s = config->hooks->due_s(config->user, -1);
    return ROG_OK;
}

void rog_checkpointer_free(struct rog_checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    rog_state_file_release(&checkpointer->state);
    free(checkpointer->params);
    free(checkpointer);
}

bool rog_checkpointer_busy(const struct rog_checkpointer *checkpointer)
{
    return checkpointer->busy;
}

/* ---- writing ---- */

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What this boot of the machine is called; "" where it has no name. */
static void name_boot(char name[BOOT_BYTES])
{
    char *text = NULL;
    size_t size;
    name[0] = '\0';
    if (rog_file_read(BOOT_FILE, BOOT_BYTES - 1, &text, &size, NULL) == ROG_OK)
        snprintf(name, BOOT_BYTES, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

static int write_state(const struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_checkpoint *checkpoint = &checkpointer->checkpoint;
    struct rog_json *state = rog_json_object();
    char boot[BOOT_BYTES];
    name_boot(boot);
    rog_json_put_number(state, "started_at", checkpointer->origin.wall_s);
    rog_json_put_string(state, "boot", boot);
    rog_json_put_number(state, "origin_s", checkpointer->origin.steady_s);
    rog_json_put_number(state, "t", checkpoint->t_s);
    rog_json_put_integer(state, "index", checkpoint->index);
    rog_json_put_integer(state, "iteration", checkpoint->iteration);
    if (checkpointer->config.model->params) {
        rog_json_put_string(state, "path", checkpoint->path);
        rog_json_put_string(state, "sha256", checkpoint->sha256);
    }
    int code = rog_state_file_write(&checkpointer->state, state, err);
    char *text = rog_json_text_pretty(state);
    char *path = rog_path_join(checkpointer->config.folder, STATE_NAME);
    if (!code)
        code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    rog_json_free(state);
    return code;
}

static int write_all(struct rog_checkpointer *checkpointer, const float *params,
                     struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    int code = ROG_OK;
    if (params)
        code = config->hooks->write(config->user, params, &checkpointer->checkpoint, err);
    return code ? code : write_state(checkpointer, err);
}

/* It is on the disk. */
static int report(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    rog_state_file_written(&checkpointer->state);
    if (!checkpointer->config.model->params)
        return ROG_OK;
    return rog_checkpoint_report(checkpointer->config.events, &checkpointer->checkpoint, err);
}

static int begin(struct rog_checkpointer *checkpointer, const struct rog_run_origin *origin,
                 double t_s, uint32_t iteration, struct rog_error *err)
{
    checkpointer->origin = *origin;
    checkpointer->checkpoint = (struct rog_checkpoint){
        .index = checkpointer->next_index++, .iteration = iteration, .t_s = t_s};
    return rog_state_file_copy(&checkpointer->state, checkpointer->checkpoint.index, err);
}

static void in_thread(uv_work_t *work)
{
    struct rog_checkpointer *checkpointer = work->data;
    checkpointer->code = write_all(checkpointer, checkpointer->params, &checkpointer->err);
}

static void drop_copy(struct rog_checkpointer *checkpointer)
{
    free(checkpointer->params);
    checkpointer->params = NULL;
}

static void written(uv_work_t *work, int status)
{
    struct rog_checkpointer *checkpointer = work->data;
    const struct rog_checkpointer_config *config = &checkpointer->config;
    (void)status;
    checkpointer->busy = false;
    drop_copy(checkpointer);
    if (!checkpointer->code)
        checkpointer->code = report(checkpointer, &checkpointer->err);
    if (checkpointer->code)
        config->failed(config->owner, checkpointer->code, &checkpointer->err);
}

static int copy_params(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_model *model = checkpointer->config.model;
    if (!model->params)
        return ROG_OK;
    size_t bytes = model->rows->params * sizeof *model->params;
    checkpointer->params = malloc(bytes);
    if (!checkpointer->params)
        return rog_fail_nomem(err);
    memcpy(checkpointer->params, model->params, bytes);
    rog_kernel_add(checkpointer->params, checkpointer->config.change(checkpointer->config.owner),
                   model->rows->params);
    return ROG_OK;
}

void rog_checkpointer_if_due(struct rog_checkpointer *checkpointer,
                             const struct rog_run_origin *origin, double t_s, uint32_t iteration)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    struct rog_error err;
    if (checkpointer->busy || t_s < checkpointer->next_s)
        return;
    checkpointer->next_s = config->hooks->due_s(config->user, t_s);
    int code = begin(checkpointer, origin, t_s, iteration, &err);
    if (!code)
        code = copy_params(checkpointer, &err);
    if (code) {
        config->failed(config->owner, code, &err);
        return;
    }
    checkpointer->work.data = checkpointer;
    checkpointer->busy = uv_queue_work(config->loop, &checkpointer->work, in_thread, written) == 0;
    if (!checkpointer->busy)
        drop_copy(checkpointer);
}

int rog_checkpointer_last(struct rog_checkpointer *checkpointer,
                          const struct rog_run_origin *origin, double t_s, uint32_t iteration,
                          struct rog_error *err)
{
    int code = begin(checkpointer, origin, t_s, iteration, err);
    if (!code)
        code = copy_params(checkpointer, err);
    if (!code)
        code = write_all(checkpointer, checkpointer->params, err);
    return code ? code : report(checkpointer, err);
}

/* ---- going on ---- */

static int read_model(const struct rog_checkpointer *checkpointer, const struct rog_json *state,
                      struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    char hex[ROG_SHA256_HEX_BYTES];
    char *path = rog_path_join(config->folder, rog_json_get_string(state, "path", ""));
    int code = path ? rog_sha256_file(path, hex, err) : rog_fail_nomem(err);
    if (!code && strcmp(hex, rog_json_get_string(state, "sha256", "")) != 0)
        code =
            rog_fail(err, ROG_EFORMAT, "checkpoint %s is damaged: its hash is %s, %s was recorded",
                     path, hex, rog_json_get_string(state, "sha256", "nothing"));
    if (!code)
        code = config->hooks->read(config->user, path, err);
    free(path);
    return code;
}

/* Seconds since the run's start. The steady clock tells within one boot of the machine; after
 * another only the date is left, which may be wrong: not less than the checkpoint's in any case. */
static double age_of(const struct rog_json *state)
{
    char boot[BOOT_BYTES];
    double age_s = wall_s() - rog_json_get_number(state, "started_at", 0);
    double reached_s = rog_json_get_number(state, "t", 0);
    name_boot(boot);
    if (boot[0] && strcmp(boot, rog_json_get_string(state, "boot", "")) == 0)
        age_s = rog_link_now() - rog_json_get_number(state, "origin_s", 0);
    return age_s > reached_s ? age_s : reached_s;
}

int rog_checkpointer_restore(struct rog_checkpointer *checkpointer, struct rog_run_origin *origin,
                             uint32_t *iteration, struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    char *path = rog_path_join(config->folder, STATE_NAME), *text = NULL;
    struct rog_json *state = NULL;
    size_t size;
    int code = path ? rog_file_read(path, STATE_MAX_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_json_parse(text, size, path, &state, err);
    int64_t reached = rog_json_get_integer(state, "iteration", -1);
    int64_t index = rog_json_get_integer(state, "index", -1);
    double started_at = rog_json_get_number(state, "started_at", 0);
    double age_s = age_of(state);
    if (!code && (reached < 0 || reached > UINT32_MAX || index < 0 || index >= UINT32_MAX ||
                  started_at <= 0))
        code = rog_fail(err, ROG_EFORMAT, "%s does not say where the run had got to", path);
    if (!code && config->model->params)
        code = read_model(checkpointer, state, err);
    if (!code)
        code = rog_state_file_restore(&checkpointer->state, state, err);
    if (!code) {
        *iteration = (uint32_t)reached;
        origin->wall_s = started_at;
        origin->steady_s = rog_link_now() - age_s;
        checkpointer->next_index = (uint32_t)index + 1;
        checkpointer->next_s = config->hooks->due_s(config->user, age_s);
    }
    rog_json_free(state);
    free(text);
    free(path);
    return code;
}
