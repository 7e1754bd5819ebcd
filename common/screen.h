/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SCREEN_H
#define ROG_COMMON_SCREEN_H

/* What a file that is written to can show: whether it is a terminal, how large it is, and whether
 * colors and characters beyond ASCII are wanted there. */

#include <stdbool.h>
#include <stddef.h>

enum rog_paint { ROG_PLAIN, ROG_BOLD, ROG_DIM, ROG_GREEN, ROG_YELLOW, ROG_RED };

struct rog_screen {
    bool terminal;
    bool moves;           /* it can go back and write over what it shows (TERM is not "dumb") */
    bool colors;          /* NO_COLOR forbids them, CLICOLOR_FORCE has them in files, too */
    bool utf8;            /* of LC_ALL, LC_CTYPE or LANG, the first that is set */
    size_t columns, rows; /* of a terminal, 80 and 24 where it does not know; otherwise 0 */
};

/* Looks at it as it is now: a terminal's size may change. */
struct rog_screen rog_screen_of(int fd);

/* The sequence that begins a color, "" for none or where there are no colors. */
const char *rog_screen_paint(const struct rog_screen *screen, enum rog_paint paint);
/* And the one that ends it. */
const char *rog_screen_unpaint(const struct rog_screen *screen, enum rog_paint paint);

#endif
