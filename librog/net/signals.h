/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SIGNALS_H
#define ROG_LINK_SIGNALS_H

/* Waits for SIGINT and SIGTERM beside a socket, for programs that want the library to leave the run
 * on these signals. Several of these in a process each see them. */

#include <rog/error.h>

struct rog_signals;

/* Signals are caught from now on. */
int rog_signals_new(struct rog_signals **signals, struct rog_error *err);
/* No effect on NULL. */
void rog_signals_free(struct rog_signals *signals);
/* Returns a descriptor to poll for reading: when it is readable, rog_signals_caught may return a
 * signal. */
int rog_signals_fd(const struct rog_signals *signals);
/* Returns the number of the first signal received, or 0. */
int rog_signals_caught(struct rog_signals *signals);

#endif
