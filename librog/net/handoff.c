/* SPDX-License-Identifier: Apache-2.0 */
/* Passes control between the loop's thread and the caller's. */
#include <librog/net/handoff.h>

#include <stdlib.h>

struct rog_handoff {
    uv_async_t called;
    uv_mutex_t mutex;
    uv_cond_t changed;
    /* Protected by the mutex. */
    bool callers; /* the caller has control */
    bool over, handed_back, quit;
    /* Used by the loop only. */
    bool given; /* the caller has control and has not handed it back as far as the loop knows */
    const struct rog_handoff_hooks *hooks;
    void *user;
};

static void called(uv_async_t *async)
{
    struct rog_handoff *handoff = async->data;
    uv_mutex_lock(&handoff->mutex);
    bool taken = handoff->handed_back, quit = handoff->quit;
    handoff->handed_back = false;
    uv_mutex_unlock(&handoff->mutex);
    if (taken) {
        handoff->given = false;
        handoff->hooks->taken(handoff->user);
    }
    if (quit)
        handoff->hooks->quit(handoff->user);
}

int rog_handoff_new(struct rog_handoff **out, uv_loop_t *loop,
                    const struct rog_handoff_hooks *hooks, void *user, struct rog_error *err)
{
    *out = NULL;
    struct rog_handoff *handoff = calloc(1, sizeof *handoff);
    if (!handoff)
        return rog_fail_nomem(err);
    handoff->hooks = hooks;
    handoff->user = user;
    if (uv_async_init(loop, &handoff->called, called)) {
        free(handoff);
        return rog_fail(err, ROG_EIO, "cannot create a wake-up handle for the event loop");
    }
    uv_mutex_init(&handoff->mutex);
    uv_cond_init(&handoff->changed);
    handoff->called.data = handoff;
    *out = handoff;
    return ROG_OK;
}

static void closed(uv_handle_t *handle)
{
    struct rog_handoff *handoff = handle->data;
    uv_cond_destroy(&handoff->changed);
    uv_mutex_destroy(&handoff->mutex);
    free(handoff);
}

void rog_handoff_free(struct rog_handoff *handoff)
{
    if (handoff)
        uv_close((uv_handle_t *)&handoff->called, closed);
}

static void hand(struct rog_handoff *handoff, bool over)
{
    handoff->given = true;
    uv_mutex_lock(&handoff->mutex);
    handoff->callers = true;
    handoff->over |= over;
    uv_cond_broadcast(&handoff->changed);
    uv_mutex_unlock(&handoff->mutex);
}

void rog_handoff_give(struct rog_handoff *handoff)
{
    hand(handoff, false);
}

void rog_handoff_over(struct rog_handoff *handoff)
{
    hand(handoff, true);
}

bool rog_handoff_given(const struct rog_handoff *handoff)
{
    return handoff->given;
}

bool rog_handoff_wait(struct rog_handoff *handoff, double timeout_s)
{
    uint64_t end_ns = uv_hrtime() + (timeout_s > 0 ? (uint64_t)(timeout_s * 1e9) : 0);
    uv_mutex_lock(&handoff->mutex);
    while (!handoff->callers) {
        uint64_t now_ns = uv_hrtime();
        if (timeout_s < 0)
            uv_cond_wait(&handoff->changed, &handoff->mutex);
        else if (now_ns >= end_ns ||
                 uv_cond_timedwait(&handoff->changed, &handoff->mutex, end_ns - now_ns))
            break;
    }
    bool callers = handoff->callers;
    uv_mutex_unlock(&handoff->mutex);
    return callers;
}

bool rog_handoff_hand_back(struct rog_handoff *handoff)
{
    uv_mutex_lock(&handoff->mutex);
    bool possible = handoff->callers && !handoff->over;
    if (possible) {
        handoff->callers = false;
        handoff->handed_back = true;
        uv_async_send(&handoff->called);
    }
    uv_mutex_unlock(&handoff->mutex);
    return possible;
}

bool rog_handoff_is_over(struct rog_handoff *handoff)
{
    uv_mutex_lock(&handoff->mutex);
    bool over = handoff->over;
    uv_mutex_unlock(&handoff->mutex);
    return over;
}

void rog_handoff_quit(struct rog_handoff *handoff)
{
    uv_mutex_lock(&handoff->mutex);
    handoff->quit = true;
    uv_async_send(&handoff->called);
    uv_mutex_unlock(&handoff->mutex);
}
