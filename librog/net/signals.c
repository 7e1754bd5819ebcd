/* SPDX-License-Identifier: Apache-2.0 */
/* Receives signals with a loop that runs when its descriptor is readable. */
#include <librog/net/signals.h>

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include <uv.h>

#define COUNT 2

struct rog_signals {
    uv_loop_t loop;
    uv_signal_t handles[COUNT];
    int caught;
};

static void came(uv_signal_t *handle, int number)
{
    struct rog_signals *signals = handle->data;
    if (!signals->caught)
        signals->caught = number;
}

int rog_signals_new(struct rog_signals **out, struct rog_error *err)
{
    static const int numbers[COUNT] = {SIGINT, SIGTERM};
    *out = NULL;
    struct rog_signals *signals = calloc(1, sizeof *signals);
    if (!signals)
        return rog_fail_nomem(err);
    if (uv_loop_init(&signals->loop)) {
        free(signals);
        return rog_fail(err, ROG_EIO, "cannot create an event loop");
    }
    bool started = true;
    for (int i = 0; i < COUNT; i++) {
        uv_signal_init(&signals->loop, &signals->handles[i]);
        signals->handles[i].data = signals;
        started = started && uv_signal_start(&signals->handles[i], came, numbers[i]) == 0;
    }
    if (!started) {
        rog_signals_free(signals);
        return rog_fail(err, ROG_EIO, "cannot catch SIGINT and SIGTERM");
    }
    uv_run(&signals->loop, UV_RUN_NOWAIT); /* only now the descriptor knows what to watch */
    *out = signals;
    return ROG_OK;
}

void rog_signals_free(struct rog_signals *signals)
{
    if (!signals)
        return;
    for (int i = 0; i < COUNT; i++)
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
    uv_run(&signals->loop, UV_RUN_DEFAULT);
    uv_loop_close(&signals->loop);
    free(signals);
}

int rog_signals_fd(const struct rog_signals *signals)
{
    return uv_backend_fd(&signals->loop);
}

int rog_signals_caught(struct rog_signals *signals)
{
    uv_run(&signals->loop, UV_RUN_NOWAIT);
    return signals->caught;
}
