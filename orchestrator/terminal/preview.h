/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PREVIEW_H
#define ROG_ORCHESTRATOR_TERMINAL_PREVIEW_H

/* Small pictures in the terminal, drawn by the program chafa, which knows what the terminal
 * supports: pixels, or approximations by characters. */

#include <stdbool.h>

#include <rog/error.h>

/* Returns whether standard output is a terminal and this process is in its foreground, so that it
 * may talk to it. */
bool rog_preview_has_terminal(void);

/* Shows a picture on standard output, as wide as the terminal but at most 80 columns. ROG_ENOTFOUND
 * if chafa is not installed; ROG_EFAILED. */
int rog_preview_show(const char *path, struct rog_error *err);

#endif
