/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/net/compute.h>

#include <stdlib.h>

enum state { IDLE, WANTED, RUNNING, FINISHED, QUIT };

struct rog_compute {
    uv_async_t finished;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    enum state state; /* under the mutex, as are code and err */
    int code;
    struct rog_error err;
    bool busy; /* the loop's view */
    const struct rog_compute_hooks *hooks;
    void *user;
};

static void work(void *argument)
{
    struct rog_compute *compute = argument;
    uv_mutex_lock(&compute->mutex);
    while (compute->state != QUIT) {
        if (compute->state != WANTED) {
            uv_cond_wait(&compute->changed, &compute->mutex);
            continue;
        }
        compute->state = RUNNING;
        uv_mutex_unlock(&compute->mutex);
        struct rog_error err = {0};
        int code = compute->hooks->job(compute->user, &err);
        uv_mutex_lock(&compute->mutex);
        compute->code = code;
        compute->err = err;
        if (compute->state == RUNNING)
            compute->state = FINISHED;
        uv_async_send(&compute->finished);
    }
    uv_mutex_unlock(&compute->mutex);
}

static void finished(uv_async_t *async)
{
    struct rog_compute *compute = async->data;
    struct rog_error err = {0};
    uv_mutex_lock(&compute->mutex);
    bool done = compute->state == FINISHED;
    int code = compute->code;
    err = compute->err;
    if (done)
        compute->state = IDLE;
    uv_mutex_unlock(&compute->mutex);
    if (!done)
        return;
    compute->busy = false;
    compute->hooks->done(compute->user, code, &err);
}

int rog_compute_new(struct rog_compute **out, uv_loop_t *loop,
                    const struct rog_compute_hooks *hooks, void *user, struct rog_error *err)
{
    *out = NULL;
    struct rog_compute *compute = calloc(1, sizeof *compute);
    if (!compute)
        return rog_fail_nomem(err);
    compute->hooks = hooks;
    compute->user = user;
    uv_mutex_init(&compute->mutex);
    uv_cond_init(&compute->changed);
    if (uv_thread_create(&compute->thread, work, compute)) {
        uv_cond_destroy(&compute->changed);
        uv_mutex_destroy(&compute->mutex);
        free(compute);
        return rog_fail(err, ROG_EIO, "cannot make a thread to compute in");
    }
    uv_async_init(loop, &compute->finished, finished);
    compute->finished.data = compute;
    *out = compute;
    return ROG_OK;
}

static void closed(uv_handle_t *handle)
{
    free(handle->data);
}

void rog_compute_free(struct rog_compute *compute)
{
    if (!compute)
        return;
    uv_mutex_lock(&compute->mutex);
    compute->state = QUIT;
    uv_cond_signal(&compute->changed);
    uv_mutex_unlock(&compute->mutex);
    uv_thread_join(&compute->thread);
    uv_cond_destroy(&compute->changed);
    uv_mutex_destroy(&compute->mutex);
    uv_close((uv_handle_t *)&compute->finished, closed);
}

void rog_compute_start(struct rog_compute *compute)
{
    compute->busy = true;
    uv_mutex_lock(&compute->mutex);
    compute->state = WANTED;
    uv_cond_signal(&compute->changed);
    uv_mutex_unlock(&compute->mutex);
}

bool rog_compute_busy(const struct rog_compute *compute)
{
    return compute->busy;
}
