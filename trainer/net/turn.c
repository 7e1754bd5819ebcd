/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/net/turn.h>

#include <stdlib.h>

struct rog_turn {
    uv_async_t called;
    uv_mutex_t mutex;
    uv_cond_t changed;
    /* Under the mutex. */
    bool callers; /* it is the caller's */
    bool over, handed_back, quit;
    bool given; /* the loop's view */
    const struct rog_turn_hooks *hooks;
    void *user;
};

static void called(uv_async_t *async)
{
    struct rog_turn *turn = async->data;
    uv_mutex_lock(&turn->mutex);
    bool taken = turn->handed_back, quit = turn->quit;
    turn->handed_back = false;
    uv_mutex_unlock(&turn->mutex);
    if (taken) {
        turn->given = false;
        turn->hooks->taken(turn->user);
    }
    if (quit)
        turn->hooks->quit(turn->user);
}

int rog_turn_new(struct rog_turn **out, uv_loop_t *loop, const struct rog_turn_hooks *hooks,
                 void *user, struct rog_error *err)
{
    *out = NULL;
    struct rog_turn *turn = calloc(1, sizeof *turn);
    if (!turn)
        return rog_fail_nomem(err);
    turn->hooks = hooks;
    turn->user = user;
    if (uv_async_init(loop, &turn->called, called)) {
        free(turn);
        return rog_fail(err, ROG_EIO, "cannot make a way to wake the loop");
    }
    uv_mutex_init(&turn->mutex);
    uv_cond_init(&turn->changed);
    turn->called.data = turn;
    *out = turn;
    return ROG_OK;
}

static void closed(uv_handle_t *handle)
{
    struct rog_turn *turn = handle->data;
    uv_cond_destroy(&turn->changed);
    uv_mutex_destroy(&turn->mutex);
    free(turn);
}

void rog_turn_free(struct rog_turn *turn)
{
    if (turn)
        uv_close((uv_handle_t *)&turn->called, closed);
}

static void hand(struct rog_turn *turn, bool over)
{
    turn->given = true;
    uv_mutex_lock(&turn->mutex);
    turn->callers = true;
    turn->over |= over;
    uv_cond_broadcast(&turn->changed);
    uv_mutex_unlock(&turn->mutex);
}

void rog_turn_give(struct rog_turn *turn)
{
    hand(turn, false);
}

void rog_turn_over(struct rog_turn *turn)
{
    hand(turn, true);
}

bool rog_turn_given(const struct rog_turn *turn)
{
    return turn->given;
}

bool rog_turn_wait(struct rog_turn *turn, double timeout_s)
{
    uint64_t end_ns = uv_hrtime() + (timeout_s > 0 ? (uint64_t)(timeout_s * 1e9) : 0);
    uv_mutex_lock(&turn->mutex);
    while (!turn->callers) {
        uint64_t now_ns = uv_hrtime();
        if (timeout_s < 0)
            uv_cond_wait(&turn->changed, &turn->mutex);
        else if (now_ns >= end_ns ||
                 uv_cond_timedwait(&turn->changed, &turn->mutex, end_ns - now_ns))
            break;
    }
    bool callers = turn->callers;
    uv_mutex_unlock(&turn->mutex);
    return callers;
}

bool rog_turn_hand_back(struct rog_turn *turn)
{
    uv_mutex_lock(&turn->mutex);
    bool possible = turn->callers && !turn->over;
    if (possible) {
        turn->callers = false;
        turn->handed_back = true;
        uv_async_send(&turn->called);
    }
    uv_mutex_unlock(&turn->mutex);
    return possible;
}

bool rog_turn_is_over(struct rog_turn *turn)
{
    uv_mutex_lock(&turn->mutex);
    bool over = turn->over;
    uv_mutex_unlock(&turn->mutex);
    return over;
}

void rog_turn_quit(struct rog_turn *turn)
{
    uv_mutex_lock(&turn->mutex);
    turn->quit = true;
    uv_async_send(&turn->called);
    uv_mutex_unlock(&turn->mutex);
}
