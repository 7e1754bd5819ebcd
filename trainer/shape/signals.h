/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_SIGNALS_H
#define ROG_SHAPE_SIGNALS_H

#include <rog/error.h>

/* The signals that end a replay or a supervisor (SIGINT, SIGTERM, SIGHUP) as something to poll:
 * there is no handler and no flag. Blocks them, and ignores SIGPIPE, from here on. `fd` gets a
 * signalfd, the caller's to close; -1 after an error. ROG_EIO. */
int rog_shape_signals_open(int *fd, struct rog_error *err);

#endif
