/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_FONTS_H
#define ROG_TEXT_FONTS_H

/* Which fonts this machine has, and which characters they have, using fontconfig, whose types stay
 * in fonts.c. gnuplot draws a character that no font has as a box of digits with lines wider than
 * the figure, which is a black area. */

/* Returns the text with each character that no font has replaced by "\u0915". Accepts any text;
 * letters of European languages and invisible characters are unchanged. Heap memory, NULL without
 * memory. */
char *rog_fonts_drawable(const char *text);

/* Returns the font that is used in place of one that is not installed; NULL: it is installed, it is
 * a generic name such as "sans", or without memory. Heap memory. */
char *rog_fonts_substitute(const char *name);

#endif
