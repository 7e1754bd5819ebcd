/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_UTF8_H
#define ROG_FIGURES_UTF8_H

/* UTF-8 by code points and by graphemes, what a reader takes for one character: a letter with its
 * accents, a flag, a family of emoji. utf8.c is the only file that sees libunistring. */

#include <stddef.h>
#include <stdint.h>

#define ROG_UTF8_REPLACEMENT 0xFFFDu /* stands for damaged bytes */
#define ROG_UTF8_MAX_BYTES 4         /* of a code point */

/* Takes one code point off the front of *text, which is not empty; damaged bytes give U+FFFD, one
 * at a time. */
uint32_t rog_utf8_take(const char **text);
/* Writes a code point, without a NUL; returns where the next one goes. */
char *rog_utf8_put(char *out, uint32_t code);

/* Bytes of the first grapheme of a text, 0 for an empty one. */
size_t rog_utf8_grapheme(const char *text);
/* Columns of a terminal that a grapheme of `bytes` takes: 0, 1 or 2. */
size_t rog_utf8_columns(const char *grapheme, size_t bytes);

#endif
