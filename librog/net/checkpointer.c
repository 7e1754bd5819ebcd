/* SPDX-License-Identifier: Apache-2.0 */

/* Saves checkpoints of a server and its state between them, and resumes from the newest. */

#include <librog/net/checkpointer.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/memory.h>
#include <librog/kernels/kernels.h>
#include <librog/net/conn.h>
#include <common/state_slots.h>

#define CHECKPOINT_NAME "server.json"
#define CHECKPOINT_MAX_BYTES 65536
#define PAUSED_NAME "paused"
#define PAUSED_MAX_BYTES 4096
#define WORKERS "workers"
/* Maximum share of the time that is spent on saving the state */
#define STATE_SHARE 0.05

struct rog_checkpointer {
    struct rog_checkpointer_config config;
    double next_s; /* when the next checkpoint is due, and the next state */
    double next_state_s;
    uint32_t next_index;     /* index of the next checkpoint */
    unsigned next_slot;      /* slot of the next state */
    struct rog_json *paused; /* contents of DIR/paused, at first {}; NULL: no such file */

    /* The save that is being written. */
    uv_thread_t thread;
    uv_async_t is_written; /* wakes the loop */
    bool busy, is_state;   /* is_state: a state, not a checkpoint */
    double began_s;        /* when copying began, a time of rog_link_now */
    float *params;         /* the copy; NULL before the first one */
    struct rog_state_file state;
    struct rog_checkpoint checkpoint;
    struct rog_run_origin origin;
    struct rog_json *workers; /* the present workers */
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
    rog_json_free(checkpointer->workers);
    rog_json_free(checkpointer->paused);
    free(checkpointer->params);
    free(checkpointer);
}

bool rog_checkpointer_busy(const struct rog_checkpointer *checkpointer)
{
    return checkpointer->busy;
}

/* ---- writing ---- */

/* Describes the moment of the save. */
static struct rog_json *describe(const struct rog_checkpointer *checkpointer)
{
    const struct rog_checkpoint *checkpoint = &checkpointer->checkpoint;
    const struct rog_moment moment = {.origin = checkpointer->origin,
                                      .t_s = checkpoint->t_s,
                                      .index = checkpoint->index,
                                      .iteration = checkpoint->iteration};
    struct rog_json *about = rog_json_object();
    rog_moment_put(&moment, about);
    if (checkpointer->workers)
        rog_json_put(about, WORKERS, rog_json_copy(checkpointer->workers));
    return about;
}

static int write_about(const struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_checkpoint *checkpoint = &checkpointer->checkpoint;
    struct rog_json *about = describe(checkpointer);
    if (checkpointer->config.model->params) {
        rog_json_put_string(about, "path", checkpoint->path);
        rog_json_put_string(about, "sha256", checkpoint->sha256);
    }
    int code = rog_state_file_write(&checkpointer->state, about, err);
    char *text = rog_json_text_pretty(about);
    char *path = rog_path_join(checkpointer->config.folder, CHECKPOINT_NAME);
    if (!code)
        code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    rog_json_free(about);
    return code;
}

static int write_checkpoint(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    int code = ROG_OK;
    if (config->model->params)
        code = config->hooks->write(config->user, checkpointer->params, &checkpointer->checkpoint,
                                    err);
    return code ? code : write_about(checkpointer, err);
}

/* The arrays of a slot: the model, and the state beside it. */
enum { PARAMS, CONSTANTS, BESIDE, PARTS };

static void put_parts(const struct rog_model *model, float *params, void *beside,
                      size_t beside_bytes, struct rog_state_part parts[PARTS])
{
    size_t count = model->params ? model->rows->params : 0;
    size_t constants = model->params ? model->constant_count : 0;
    parts[PARAMS] = (struct rog_state_part){params, count * sizeof *params};
    parts[CONSTANTS] = (struct rog_state_part){model->constants, constants * sizeof *params};
    parts[BESIDE] = (struct rog_state_part){beside, beside_bytes};
}

static int write_state(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    const struct rog_state_file *state = &checkpointer->state;
    struct rog_state_part parts[PARTS];
    struct rog_json *about = describe(checkpointer);
    put_parts(config->model, checkpointer->params, state->copy, state->size, parts);
    rog_json_put_string(about, "optimizer", config->state->kind(config->owner));
    int code =
        rog_state_slot_write(config->folder, checkpointer->next_slot, about, parts, PARTS, err);
    rog_json_free(about);
    return code;
}

/* The save is on the disk. */
static int report(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    rog_state_file_written(&checkpointer->state);
    if (!checkpointer->config.model->params)
        return ROG_OK;
    return rog_checkpoint_report(checkpointer->config.events, &checkpointer->checkpoint, err);
}

static int copy_params(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    const struct rog_model *model = checkpointer->config.model;
    if (!model->params)
        return ROG_OK;
    if (!checkpointer->params)
        checkpointer->params = rog_floats(model->rows->params);
    if (!checkpointer->params)
        return rog_fail_nomem(err);
    rog_kernel_sum(checkpointer->params, model->params,
                   checkpointer->config.change(checkpointer->config.owner), model->rows->params);
    return ROG_OK;
}

/* Records the moment to be saved. A state has the index of the last checkpoint before it. */
static int begin(struct rog_checkpointer *checkpointer, const struct rog_run_origin *origin,
                 double t_s, uint32_t iteration, struct rog_error *err)
{
    uint32_t index =
        checkpointer->is_state ? checkpointer->next_index - 1 : checkpointer->next_index++;
    checkpointer->origin = *origin;
    checkpointer->checkpoint =
        (struct rog_checkpoint){.index = index, .iteration = iteration, .t_s = t_s};
    checkpointer->began_s = rog_link_now();
    rog_json_free(checkpointer->workers);
    checkpointer->workers = checkpointer->config.state->workers(checkpointer->config.owner);
    int code = rog_state_file_copy(&checkpointer->state, index, err);
    return code ? code : copy_params(checkpointer, err);
}

static void in_thread(void *user)
{
    struct rog_checkpointer *checkpointer = user;
    checkpointer->code = checkpointer->is_state
                             ? write_state(checkpointer, &checkpointer->err)
                             : write_checkpoint(checkpointer, &checkpointer->err);
    uv_async_send(&checkpointer->is_written);
}

/* The next state is due one period after the beginning of the last saved state, or after a
 * checkpoint, which makes a state superfluous. */
static void plan_state(struct rog_checkpointer *checkpointer)
{
    double took_s = rog_link_now() - checkpointer->began_s,
           period_s = checkpointer->config.state_period_s;
    if (checkpointer->is_state) {
        checkpointer->next_slot = (checkpointer->next_slot + 1) % ROG_STATE_SLOTS;
        period_s = fmax(period_s, took_s / STATE_SHARE);
    }
    checkpointer->next_state_s = checkpointer->checkpoint.t_s + period_s;
}

/* From now on, saves contain the origin that the run would have without the pause. */
static void end_pause(struct rog_checkpointer *checkpointer)
{
    char *path =
        checkpointer->paused ? rog_path_join(checkpointer->config.folder, PAUSED_NAME) : NULL;
    if (path && unlink(path) == 0) {
        rog_json_free(checkpointer->paused);
        checkpointer->paused = NULL;
    }
    free(path);
}

static void written(uv_handle_t *handle)
{
    struct rog_checkpointer *checkpointer = handle->data;
    const struct rog_checkpointer_config *config = &checkpointer->config;
    checkpointer->busy = false;
    plan_state(checkpointer);
    if (!checkpointer->code && !checkpointer->is_state)
        checkpointer->code = report(checkpointer, &checkpointer->err);
    if (checkpointer->code)
        config->failed(config->owner, checkpointer->code, &checkpointer->err);
    else
        end_pause(checkpointer);
}

static void join(uv_async_t *is_written)
{
    struct rog_checkpointer *checkpointer = is_written->data;
    uv_thread_join(&checkpointer->thread);
    uv_close((uv_handle_t *)is_written, written);
}

/* Creates a separate thread, because libuv aborts if it cannot create threads for its own work
 * queue. */
static int start_thread(struct rog_checkpointer *checkpointer, struct rog_error *err)
{
    sigset_t all, before;
    int code = uv_async_init(checkpointer->config.loop, &checkpointer->is_written, join);
    if (code)
        return rog_fail(err, ROG_EIO, "cannot save the model: %s", strerror(-code));
    checkpointer->is_written.data = checkpointer;
    checkpointer->busy = true;
    sigfillset(&all); /* signals are handled by the loop */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = uv_thread_create(&checkpointer->thread, in_thread, checkpointer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code) {
        checkpointer->code =
            rog_fail(&checkpointer->err, ROG_EIO, "cannot create a thread to save the model: %s",
                     strerror(-code));
        uv_close((uv_handle_t *)&checkpointer->is_written, written);
    }
    return ROG_OK;
}

void rog_checkpointer_hasten(struct rog_checkpointer *checkpointer)
{
    checkpointer->next_state_s = 0;
}

void rog_checkpointer_if_due(struct rog_checkpointer *checkpointer,
                             const struct rog_run_origin *origin, double t_s, uint32_t iteration)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    struct rog_error err;
    bool is_due = t_s >= checkpointer->next_s;
    bool state_is_due = config->state_period_s > 0 && t_s >= checkpointer->next_state_s;
    if (checkpointer->busy || (!is_due && !state_is_due))
        return;
    checkpointer->is_state = !is_due;
    if (is_due)
        checkpointer->next_s = config->hooks->due_s(config->user, t_s);
    int code = begin(checkpointer, origin, t_s, iteration, &err);
    if (!code)
        code = start_thread(checkpointer, &err);
    if (code)
        config->failed(config->owner, code, &err);
}

int rog_checkpointer_last(struct rog_checkpointer *checkpointer,
                          const struct rog_run_origin *origin, double t_s, uint32_t iteration,
                          struct rog_error *err)
{
    checkpointer->is_state = false;
    int code = begin(checkpointer, origin, t_s, iteration, err);
    if (!code)
        code = write_checkpoint(checkpointer, err);
    if (!code)
        code = report(checkpointer, err);
    if (!code) {
        end_pause(checkpointer);
        rog_state_slots_remove(checkpointer->config.folder);
    }
    return code;
}

/* ---- resuming ---- */

static int read_model(const struct rog_checkpointer *checkpointer, const struct rog_json *about,
                      struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    char hex[ROG_SHA256_HEX_BYTES];
    char *path = rog_path_join(config->folder, rog_json_get_string(about, "path", ""));
    int code = path ? rog_sha256_file(path, hex, err) : rog_fail_nomem(err);
    if (!code && strcmp(hex, rog_json_get_string(about, "sha256", "")) != 0)
        code = rog_fail(err, ROG_EFORMAT,
                        "checkpoint %s is damaged: its hash is %s, not %s as recorded", path, hex,
                        rog_json_get_string(about, "sha256", "nothing"));
    if (!code)
        code = config->hooks->read(config->user, path, err);
    free(path);
    return code;
}

/* A save from which the server can resume. */
struct source {
    struct rog_json *about; /* NULL: it does not exist */
    bool is_state;
    unsigned slot; /* slot of a state */
};
#define SOURCES (ROG_STATE_SLOTS + 1)

static int read_about(const struct rog_checkpointer *checkpointer, struct rog_json **about,
                      struct rog_error *err)
{
    char *path = rog_path_join(checkpointer->config.folder, CHECKPOINT_NAME), *text = NULL;
    size_t size;
    *about = NULL;
    int code =
        path ? rog_file_read(path, CHECKPOINT_MAX_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_json_parse(text, size, path, about, err);
    free(text);
    free(path);
    return code;
}

/* Reads the origin with which time continues; an empty object if time is still paused. */
static void read_paused(struct rog_checkpointer *checkpointer)
{
    char *path = rog_path_join(checkpointer->config.folder, PAUSED_NAME), *text = NULL;
    size_t size;
    if (path && rog_file_exists(path) &&
        (rog_file_read(path, PAUSED_MAX_BYTES, &text, &size, NULL) ||
         rog_json_parse(text, size, path, &checkpointer->paused, NULL)))
        checkpointer->paused = rog_json_object();
    free(text);
    free(path);
}

int rog_checkpointer_go_on(struct rog_checkpointer *checkpointer,
                           const struct rog_run_origin *origin, struct rog_error *err)
{
    struct rog_json *about = rog_json_object();
    rog_moment_put_origin(origin, about);
    char *path = rog_path_join(checkpointer->config.folder, PAUSED_NAME);
    char *text = rog_json_text(about);
    int code = path && text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    free(path);
    rog_json_free(about);
    return code;
}

static int take_checkpoint(struct rog_checkpointer *checkpointer, const struct rog_json *about,
                           struct rog_error *err)
{
    int code = ROG_OK;
    if (checkpointer->config.model->params)
        code = read_model(checkpointer, about, err);
    return code ? code : rog_state_file_restore(&checkpointer->state, about, err);
}

/* Restores a state. The state beside the model must not have more bytes than this server saves. */
static int take_state(struct rog_checkpointer *checkpointer, unsigned slot,
                      const struct rog_json *about, const char *where, struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    const struct rog_model *model = config->model;
    struct rog_state_part parts[PARTS];
    int64_t most = (int64_t)config->state->bytes(config->owner);
    int64_t size = rog_state_slot_size(about, BESIDE);
    size_t beside_bytes = size >= 0 && size <= most ? (size_t)size : 0;
    char *beside = malloc(beside_bytes + 1);
    if (!beside)
        return rog_fail_nomem(err);
    put_parts(model, model->params, beside, beside_bytes, parts);
    int code = ROG_OK;
    if (rog_state_slot_size(about, PARAMS) != (int64_t)parts[PARAMS].size ||
        rog_state_slot_size(about, CONSTANTS) != (int64_t)parts[CONSTANTS].size ||
        size != (int64_t)beside_bytes)
        code = rog_fail(err, ROG_EFORMAT, "%s belongs to a different model", where);
    if (!code)
        code = rog_state_slot_read(config->folder, slot, parts, PARTS, err);
    if (!code)
        code = rog_state_file_load(&checkpointer->state, where, about, beside, beside_bytes, err);
    free(beside);
    return code;
}

static int take(struct rog_checkpointer *checkpointer, const struct source *source,
                struct rog_moment *from, struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    char where[32] = CHECKPOINT_NAME;
    if (source->is_state)
        snprintf(where, sizeof where, "state/%u", source->slot);
    int code = source->is_state ? take_state(checkpointer, source->slot, source->about, where, err)
                                : take_checkpoint(checkpointer, source->about, err);
    /* Paused time continues from now, or has already continued. */
    if (checkpointer->paused)
        rog_json_put_all(source->about, checkpointer->paused);
    bool is_paused = checkpointer->paused && rog_json_size(checkpointer->paused) == 0;
    if (!code)
        code = rog_moment_read(from, source->about, is_paused, where, err);
    if (!code && config->state->go_on(config->owner, from->iteration,
                                      rog_json_get(source->about, WORKERS), err))
        code = rog_fail_prefix(err, "%s", where);
    return code;
}

/* Newest first; missing ones last. */
static int by_time(const void *a, const void *b)
{
    const struct source *p = a, *q = b;
    double one = p->about ? rog_json_get_number(p->about, "t", 0) : -1;
    double other = q->about ? rog_json_get_number(q->about, "t", 0) : -1;
    return (one < other) - (one > other);
}

int rog_checkpointer_restore(struct rog_checkpointer *checkpointer, struct rog_moment *from,
                             struct rog_error *err)
{
    const struct rog_checkpointer_config *config = &checkpointer->config;
    struct source sources[SOURCES] = {{0}};
    struct rog_error cause;
    for (unsigned i = 0; i < ROG_STATE_SLOTS; i++)
        sources[i] = (struct source){rog_state_slot_about(config->folder, i), true, i};
    int code = read_about(checkpointer, &sources[ROG_STATE_SLOTS].about, &cause);
    bool found = false;
    read_paused(checkpointer);
    qsort(sources, SOURCES, sizeof *sources, by_time);
    for (unsigned i = 0; i < SOURCES && sources[i].about && !found; i++) {
        code = take(checkpointer, &sources[i], from, &cause);
        found = code == ROG_OK;
        if (found)
            checkpointer->next_slot = sources[i].is_state ? !sources[i].slot : 0;
    }
    for (unsigned i = 0; i < SOURCES; i++)
        rog_json_free(sources[i].about);
    if (!found)
        return rog_fail_again(err, &cause);
    double age_s = rog_link_now() - from->origin.steady_s;
    checkpointer->next_index = from->index + 1;
    checkpointer->next_s = config->hooks->due_s(config->user, age_s);
    checkpointer->next_state_s = age_s + config->state_period_s;
    return code;
}
