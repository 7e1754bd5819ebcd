/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SIGNALS_H
#define ROG_FLEET_SIGNALS_H

/*
 * Signals as something to look at, without handlers and global flags. A thread takes them: the
 * first that asks to stop is remembered, the second (but for SIGHUP, and for the same one within
 * 0.2 s) ends the process at once, whatever the other threads wait for.
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
    int wake_fd; /* readable when something has come */
    int stop_fd; /* the same when a signal has asked to stop */
    sigset_t taken, before;
    atomic_bool ending;
    atomic_bool is_request; /* it came with ROG_SIGNAL_STOP */
    atomic_int number;      /* SIGINT, SIGTERM, SIGUSR1 or SIGHUP, the first that has come; 0: none
                             */
    double came_s;          /* the thread's own: when that was */
    bool answered;          /* rog_signals_wait has said so, of one at least */
};

/* The value that comes with a SIGTERM of `rogctl stop` (sigqueue): what runs is to be stopped, also
 * what could go on on its hosts. */
#define ROG_SIGNAL_STOP 0x726f67

/* Takes SIGINT, SIGTERM, SIGUSR1, SIGHUP (unless it is ignored, as under nohup) and SIGCHLD, and
 * blocks SIGPIPE, until rog_signals_release; where a signal has asked to stop and nobody has heard
 * of it, it takes effect then. In the main thread, before there are others. */
int rog_signals_init(struct rog_signals *signals, struct rog_error *err);
void rog_signals_release(struct rog_signals *signals);

/* Waits for a signal (the end of a child is one) or for the time to pass. Returns true once a
 * signal has asked to stop. */
bool rog_signals_wait(struct rog_signals *signals, int timeout_ms);

/* Whether a signal has asked to stop, which rog_signals_wait has still to be asked for. From any
 * thread. */
bool rog_signals_came(const struct rog_signals *signals);
/* What has come is dealt with: the next one is the first again. */
void rog_signals_again(struct rog_signals *signals);

#endif
