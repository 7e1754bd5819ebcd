/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SIGNALS_H
#define ROG_FLEET_SIGNALS_H

/*
 * Signals as something to poll, without handlers and global flags. A thread receives them: the
 * first that asks to stop is remembered, the second (except SIGHUP, and the same one within 0.2 s)
 * ends the process at once, whatever the other threads wait for.
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
    double came_s;          /* the thread's own: when that was */
    bool answered;          /* rog_signals_wait has reported at least one */
};

/* The value sent with SIGTERM by `rogctl stop` (sigqueue): stop everything, including what could
 * continue on hosts. */
#define ROG_SIGNAL_STOP 0x726f67

/* Receives SIGINT, SIGTERM, SIGUSR1, SIGHUP (unless ignored, as under nohup) and SIGCHLD, and
 * blocks SIGPIPE, until rog_signals_release; an unreported request to stop then takes effect. In
 * the main thread, before there are others. */
int rog_signals_init(struct rog_signals *signals, struct rog_error *err);
void rog_signals_release(struct rog_signals *signals);

/* Waits for a signal (including SIGCHLD) or the timeout. Returns true once a signal has asked to
 * stop. */
bool rog_signals_wait(struct rog_signals *signals, int timeout_ms);

/* Whether a signal has asked to stop that rog_signals_wait has not reported yet. From any
 * thread. */
bool rog_signals_came(const struct rog_signals *signals);
/* The reported signals have been handled: the next one is the first again. */
void rog_signals_again(struct rog_signals *signals);

#endif
