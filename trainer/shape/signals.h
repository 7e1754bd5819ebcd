/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_SIGNALS_H
#define ROG_SHAPE_SIGNALS_H

#include <rog/error.h>

/* Makes the signals that end a replay or a supervisor (SIGINT, SIGTERM, SIGHUP) available for poll,
 * without a handler or flag. Blocks them, and ignores SIGPIPE, from now on. *fd becomes a signalfd,
 * which the caller closes; -1 after an error. ROG_EIO. */
int rog_shape_signals_open(int *fd, struct rog_error *err);

#endif
