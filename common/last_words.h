/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_LAST_WORDS_H
#define ROG_COMMON_LAST_WORDS_H

/* What a program said last, from the end of its log, to be quoted in a message. */

#include <stddef.h>

/* Of a text that ends with an error of Python, " (FILE, line N)": where it came about, which Python
 * says in lines above the last one, or what of that fits; else "". */
void rog_error_place(const char *text, char *place, size_t bytes);
/* The last line of a text with anything in it, what cannot be seen made visible, and
 * rog_error_place;
 * "": there is none. */
void rog_last_words(const char *text, char *words, size_t bytes);

#endif
