/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/serve_state.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <trainer/nn/safetensors.h>

/*
 * Checkpoints, and beside them server.json: what a server that is started again has to know. The
 * model is copied and written by another thread, the links go on meanwhile.
 */

#define STATE_NAME "server.json"
#define STATE_MAX_BYTES 65536
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_BYTES 64

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

static int write_state(const struct rog_serve *serve, const struct rog_train_checkpoint *checkpoint,
                       struct rog_error *err)
{
    struct rog_json *state = rog_json_object();
    char boot[BOOT_BYTES];
    name_boot(boot);
    rog_json_put_number(state, "started_at", serve->origin_wall_s);
    rog_json_put_string(state, "boot", boot);
    rog_json_put_number(state, "origin_s", serve->origin_s);
    rog_json_put_number(state, "t", checkpoint->t_s);
    rog_json_put_integer(state, "index", checkpoint->index);
    rog_json_put_integer(state, "iteration", checkpoint->iteration);
    if (serve->train.params) {
        rog_json_put_string(state, "path", checkpoint->path);
        rog_json_put_string(state, "sha256", checkpoint->sha256);
    }
    char *text = rog_json_text_pretty(state);
    char *path = rog_path_join(serve->options->out_dir, STATE_NAME);
    int code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    rog_json_free(state);
    return code;
}

static int write_all(const struct rog_serve *serve, const float *params,
                     struct rog_train_checkpoint *checkpoint, struct rog_error *err)
{
    int code = ROG_OK;
    if (params)
        code = rog_train_save(&serve->train, params, serve->options->out_dir, checkpoint, err);
    return code ? code : write_state(serve, checkpoint, err);
}

static int report(struct rog_serve *serve, struct rog_error *err)
{
    if (!serve->train.params)
        return ROG_OK;
    return rog_train_report_checkpoint(serve->events, &serve->save.checkpoint, err);
}

static void begin(struct rog_serve *serve)
{
    struct rog_serve_save *save = &serve->save;
    save->checkpoint = (struct rog_train_checkpoint){.index = save->next_index++,
                                                     .iteration = rog_server_iteration(serve->core),
                                                     .t_s = serve->ending ? serve->seconds
                                                                          : rog_serve_time(serve)};
}

static void in_thread(uv_work_t *work)
{
    struct rog_serve *serve = work->data;
    struct rog_serve_save *save = &serve->save;
    save->code = write_all(serve, save->params, &save->checkpoint, &save->err);
}

static void written(uv_work_t *work, int status)
{
    struct rog_serve *serve = work->data;
    struct rog_serve_save *save = &serve->save;
    (void)status;
    save->running = false;
    if (!save->code)
        save->code = report(serve, &save->err);
    rog_serve_check(serve, save->code, &save->err);
}

void rog_serve_save_if_due(struct rog_serve *serve)
{
    struct rog_serve_save *save = &serve->save;
    struct rog_error err;
    double now = rog_serve_time(serve);
    if (save->running || now < save->schedule.next_s)
        return;
    while (save->schedule.next_s <= now)
        rog_schedule_advance(&save->schedule);
    begin(serve);
    size_t bytes = serve->train.rows->params * sizeof *save->params;
    if (serve->train.params && !save->params) {
        save->params = malloc(bytes);
        if (!save->params) {
            rog_serve_check(serve, rog_fail_nomem(&err), &err);
            return;
        }
    }
    if (save->params)
        memcpy(save->params, serve->train.params, bytes);
    save->work.data = serve;
    save->running = uv_queue_work(&serve->loop, &save->work, in_thread, written) == 0;
}

int rog_serve_save_last(struct rog_serve *serve, struct rog_error *err)
{
    begin(serve);
    int code = write_all(serve, serve->train.params, &serve->save.checkpoint, err);
    return code ? code : report(serve, err);
}

/* ---- going on ---- */

static int read_model(struct rog_serve *serve, const struct rog_json *state, struct rog_error *err)
{
    const struct rog_train *train = &serve->train;
    char hex[ROG_SHA256_HEX_BYTES];
    char *path = rog_path_join(serve->options->out_dir, rog_json_get_string(state, "path", ""));
    int code = path ? rog_sha256_file(path, hex, err) : rog_fail_nomem(err);
    if (!code && strcmp(hex, rog_json_get_string(state, "sha256", "")) != 0)
        code =
            rog_fail(err, ROG_EFORMAT, "checkpoint %s is damaged: its hash is %s, %s was recorded",
                     path, hex, rog_json_get_string(state, "sha256", "nothing"));
    if (!code)
        code = rog_safetensors_read(path, train->arch, train->params, train->buffers, err);
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

int rog_serve_restore(struct rog_serve *serve, uint32_t *iteration, struct rog_error *err)
{
    char *path = rog_path_join(serve->options->out_dir, STATE_NAME), *text = NULL;
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
    if (!code && serve->train.params)
        code = read_model(serve, state, err);
    if (!code) {
        *iteration = (uint32_t)reached;
        serve->origin_wall_s = started_at;
        serve->origin_s = rog_link_now() - age_s;
        serve->save.next_index = (uint32_t)index + 1;
        while (serve->save.schedule.next_s <= age_s)
            rog_schedule_advance(&serve->save.schedule);
    }
    rog_json_free(state);
    free(text);
    free(path);
    return code;
}
