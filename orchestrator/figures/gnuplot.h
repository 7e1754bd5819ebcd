/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_GNUPLOT_H
#define ROG_FIGURES_GNUPLOT_H

/* Runs the program gnuplot. No shell is involved. */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

/* Runs the scripts (names within `folder`) with the variable `formats` set (names of formats,
 * separated by spaces); limited to timeout_s. ROG_EFAILED if gnuplot is missing, fails or takes too
 * long; the message has its output. */
int rog_gnuplot_run(const char *folder, const char *const *scripts, size_t count,
                    const char *formats, double timeout_s, struct rog_error *err);

/* Opens a file in the default program of the user's desktop, and waits some time to see whether
 * that fails, unless `stopped` (NULL: never) returns true. ROG_EFAILED. */
int rog_open_with_desktop(const char *path, bool (*stopped)(void *user), void *user,
                          struct rog_error *err);

#endif
