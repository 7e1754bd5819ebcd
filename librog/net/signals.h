/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SIGNALS_H
#define ROG_LINK_SIGNALS_H

/* Waits for SIGINT and SIGTERM beside a socket, for programs that want the library to leave the run
 * on these signals. Several of these in a process each see them. */

#include <rog/error.h>

struct rog_signals;

/* From now on they are caught. */
int rog_signals_new(struct rog_signals **signals, struct rog_error *err);
/* Harmless on NULL. */
void rog_signals_free(struct rog_signals *signals);
/* To be polled for reading: then rog_signals_caught may return one. */
int rog_signals_fd(const struct rog_signals *signals);
/* The number of the first one received, or 0. */
int rog_signals_caught(struct rog_signals *signals);

#endif
