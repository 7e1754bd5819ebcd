/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_SIGNALS_H
#define ROG_FLEET_SIGNALS_H

/* Signals as something to look at, without handlers and global flags. */

#include <signal.h>
#include <stdbool.h>

#include <rog/error.h>

struct rog_signals {
    int fd;
    sigset_t before;
    bool stop;       /* SIGINT, SIGTERM or SIGHUP has come */
    int number;      /* which one first */
    bool is_request; /* it came with ROG_SIGNAL_STOP */
};

/* The value that comes with a SIGTERM of `rogctl stop` (sigqueue): what runs is to be stopped, also
 * what could go on on its hosts. */
#define ROG_SIGNAL_STOP 0x726f67

/* Blocks SIGINT, SIGTERM, SIGHUP, SIGCHLD and SIGPIPE until rog_signals_release. */
int rog_signals_init(struct rog_signals *signals, struct rog_error *err);
void rog_signals_release(struct rog_signals *signals);

/* Waits for a signal (the end of a child is one) or for the time to pass. Returns true once a
 * signal has asked to stop. */
bool rog_signals_wait(struct rog_signals *signals, int timeout_ms);

#endif
