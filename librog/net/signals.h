/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SIGNALS_H
#define ROG_LINK_SIGNALS_H

/* SIGINT and SIGTERM as something to wait for beside a socket, for a program that wants the library
 * to take leave when they come. Several in a process each see them. */

#include <rog/error.h>

struct rog_signals;

/* They are caught from here on. */
int rog_signals_new(struct rog_signals **signals, struct rog_error *err);
/* Harmless on NULL. */
void rog_signals_free(struct rog_signals *signals);
/* To be polled for reading: then rog_signals_caught may have one. */
int rog_signals_fd(const struct rog_signals *signals);
/* The number of the first that has come, or 0. */
int rog_signals_caught(struct rog_signals *signals);

#endif
