/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_UTF8_H
#define ROG_COMMON_UTF8_H

/* UTF-8 as code points, and which of them are invisible. */

#include <stdbool.h>
#include <stdint.h>

#define ROG_UTF8_REPLACEMENT 0xFFFDu /* replaces damaged bytes */
#define ROG_UTF8_MAX_BYTES 4         /* maximum bytes of a code point */
#define ROG_UTF8_SHOWN_MAX_BYTES 8   /* maximum bytes of a code point made visible: "\U10ffff" */

/* Reads one code point from *text, which must not be empty, and advances *text; for damaged bytes
 * U+FFFD, one at a time. */
uint32_t rog_utf8_take(const char **text);
/* Writes a code point, without a NUL; returns the end. */
char *rog_utf8_put(char *out, uint32_t code);

/* White space of any width, and characters that end a line or paragraph. */
bool rog_utf8_is_space(uint32_t code);
/* Characters that a reader does not see, or that move the text around them: control characters,
 * marks that change the writing direction, invisible characters, and numbers that are not
 * characters. Not included are joiners (U+200C, U+200D), and white space except control
 * characters. */
bool rog_utf8_is_hidden(uint32_t code);
/* Writes a code point by its number: "\x1b", "\u202e" or "\U10ffff". */
char *rog_utf8_escape(char *out, uint32_t code);
/* Writes a hidden code point by its number, others unchanged. */
char *rog_utf8_show(char *out, uint32_t code);

#endif
