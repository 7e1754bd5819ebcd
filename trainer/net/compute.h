/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_COMPUTE_H
#define ROG_LINK_COMPUTE_H

/* A thread for what takes long, so that the loop of the links goes on meanwhile. One job at a time;
 * between `start` and `done` what the job uses is the thread's. */

#include <stdbool.h>

#include <uv.h>

#include <rog/error.h>

struct rog_compute;

struct rog_compute_hooks {
    int (*job)(void *user, struct rog_error *err); /* in the thread */
    /* In the loop's thread, with what the job returned. */
    void (*done)(void *user, int code, const struct rog_error *err);
};

int rog_compute_new(struct rog_compute **compute, uv_loop_t *loop,
                    const struct rog_compute_hooks *hooks, void *user, struct rog_error *err);
/* Waits for a job that is being done; `done` is not called any more. The loop must run once more
 * before it is closed. Harmless on NULL. */
void rog_compute_free(struct rog_compute *compute);
void rog_compute_start(struct rog_compute *compute);
bool rog_compute_busy(const struct rog_compute *compute);

#endif
