/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_UTF8_H
#define ROG_COMMON_UTF8_H

/* UTF-8 by code points, and which of them are invisible. */

#include <stdbool.h>
#include <stdint.h>

#define ROG_UTF8_REPLACEMENT 0xFFFDu /* replaces damaged bytes */
#define ROG_UTF8_MAX_BYTES 4         /* of a code point */
#define ROG_UTF8_SHOWN_MAX_BYTES 8   /* of a code point made visible: "\U10ffff" */

/* Removes one code point from the front of *text, which is not empty; damaged bytes give U+FFFD,
 * one at a time. */
uint32_t rog_utf8_take(const char **text);
/* Writes a code point, without a NUL; returns the end. */
char *rog_utf8_put(char *out, uint32_t code);

/* White space, whatever its width, and what ends a line or paragraph. */
bool rog_utf8_is_space(uint32_t code);
/* What a reader does not see, or what moves the text around it: control characters, marks that turn
 * the direction of writing, invisible characters, and numbers that are no characters. Those that
 * join what they stand between (U+200C, U+200D) are not among them, and white space is not but for
 * control characters. */
bool rog_utf8_is_hidden(uint32_t code);
/* A code point by its number: "\x1b", "\u202e" or "\U10ffff". */
char *rog_utf8_escape(char *out, uint32_t code);
/* A hidden one by its number, others as they are. */
char *rog_utf8_show(char *out, uint32_t code);

#endif
