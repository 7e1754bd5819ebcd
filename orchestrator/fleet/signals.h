/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SIGNALS_H
#define ROG_FLEET_SIGNALS_H

/*
 * Makes signals pollable, without handlers and global flags. A thread receives them: the first that
 * asks to stop is remembered; the second ends the process at once, whatever the other threads wait
 * for (except SIGHUP, and the same signal within 0.2 s).
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <rog/error.h>

struct rog_signals {
    bool is_open;
    pthread_t thread;
    bool has_thread;
    int wake_fd; /* readable when a signal has arrived */
    int stop_fd; /* the same when a signal has asked to stop */
    sigset_t taken, before;
    atomic_bool ending;
    atomic_bool is_request; /* it came with ROG_SIGNAL_STOP */
    atomic_int number;      /* the first SIGINT, SIGTERM, SIGUSR1 or SIGHUP; 0: none */
    double came_s;          /* used by the thread only: when the first came */
    bool answered;          /* rog_signals_wait has reported at least one */
};

/* The value sent with SIGTERM by `rogctl stop` (sigqueue): stop everything, including what could
 * continue on hosts. */
#define ROG_SIGNAL_STOP 0x726f67

/* Receives SIGINT, SIGTERM, SIGUSR1, SIGHUP (unless ignored, as under nohup) and SIGCHLD, and
 * blocks SIGPIPE, until rog_signals_release. A request to stop that is unreported by then takes
 * effect. Call it in the main thread, before other threads start. */
int rog_signals_init(struct rog_signals *signals, struct rog_error *err);
void rog_signals_release(struct rog_signals *signals);

/* Waits for a signal (including SIGCHLD) or the timeout. Returns true once a signal has asked to
 * stop. */
bool rog_signals_wait(struct rog_signals *signals, int timeout_ms);

/* Returns whether a signal has asked to stop that rog_signals_wait has not reported yet. May be
 * called from any thread. */
bool rog_signals_came(const struct rog_signals *signals);
/* Marks the reported signals as handled: the next one counts as the first again. */
void rog_signals_again(struct rog_signals *signals);

#endif
