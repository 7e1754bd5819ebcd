/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_FONTS_H
#define ROG_TEXT_FONTS_H

/* Which fonts this machine has, and which characters they have, by fontconfig, whose types stay in
 * fonts.c. What no font has is drawn by gnuplot as a box of numbers whose lines are wider than the
 * figure: black areas. */

/* The text as it can be drawn: a character that no font has as "\u0915". Takes any text and leaves
 * the letters of European languages, and what is drawn as nothing. Heap memory, NULL when memory
 * ran out. */
char *rog_fonts_drawable(const char *text);

/* The font that is drawn with in the place of one that is not installed; NULL: it is, it is a
 * general name such as "sans", or memory ran out. Heap memory. */
char *rog_fonts_substitute(const char *name);

#endif
