/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SCREEN_H
#define ROG_COMMON_SCREEN_H

/* What the output can show: whether it is a terminal, its size, and whether colors and non-ASCII
 * characters are wanted. */

#include <stdbool.h>
#include <stddef.h>

enum rog_paint { ROG_PLAIN, ROG_BOLD, ROG_DIM, ROG_GREEN, ROG_YELLOW, ROG_RED };

struct rog_screen {
    bool terminal;
    bool moves;           /* the cursor can move back (TERM is not "dumb") */
    bool colors;          /* NO_COLOR forbids them, CLICOLOR_FORCE enables them even in files */
    bool utf8;            /* according to LC_ALL, LC_CTYPE or LANG, the first that is set */
    size_t columns, rows; /* size of a terminal, 80 and 24 if unknown; otherwise 0 */
};

/* Determines the current state; a terminal's size may change. */
struct rog_screen rog_screen_of(int fd);

/* Returns the sequence that starts a color; "" for none or without colors. */
const char *rog_screen_paint(const struct rog_screen *screen, enum rog_paint paint);
/* Returns the sequence that ends it. */
const char *rog_screen_unpaint(const struct rog_screen *screen, enum rog_paint paint);

#endif
