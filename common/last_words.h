/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_LAST_WORDS_H
#define ROG_COMMON_LAST_WORDS_H

/* The last lines of a program's log, for messages. */

#include <stddef.h>

/* Writes " (FILE, line N)", where a Python error was raised that ends the text, if it fits; found
 * in the lines above the last one. Otherwise "". */
void rog_error_place(const char *text, char *place, size_t bytes);
/* Writes the last line that is not empty, with invisible characters made visible, and
 * rog_error_place; "" if there is none. */
void rog_last_words(const char *text, char *words, size_t bytes);

#endif
