/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_PREVIEW_H
#define ROG_ORCHESTRATOR_PREVIEW_H

/*
 * Small pictures in the terminal. Whether it shows pictures, and in which of three ways, is asked
 * of the terminal itself, never guessed from its name: kitty's graphics protocol by its query,
 * iTerm2's inline images by the name and version that a terminal gives (XTVERSION), sixels by the
 * attributes (DA1).
 */

#include <stddef.h>

#include <rog/error.h>

enum rog_preview { ROG_PREVIEW_NONE, ROG_PREVIEW_KITTY, ROG_PREVIEW_ITERM, ROG_PREVIEW_SIXEL };

/* Asks the terminal that `fd` is open on for reading and writing, and waits for its answer, at most
 * a second. NONE for what is no terminal, for one that this process may not read from (it is in the
 * background), and for one that shows no pictures. */
enum rog_preview rog_preview_ask(int fd);

/* What a terminal's answer says; the bytes may be anything. */
enum rog_preview rog_preview_understand(const char *answer, size_t size);

/* Shows the picture folder/stem.png, or for sixels what gnuplot draws from folder/stem.gp, as wide
 * as the terminal but at most 80 columns. ROG_EIO, ROG_EFAILED. */
int rog_preview_show(int fd, enum rog_preview how, const char *folder, const char *stem,
                     struct rog_error *err);

#endif
