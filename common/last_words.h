/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_LAST_WORDS_H
#define ROG_COMMON_LAST_WORDS_H

/* The last lines of a program's log, to be quoted in a message. */

#include <stddef.h>

/* If the text ends with a Python error: " (FILE, line N)", where it was raised, as far as it fits,
 * from the lines above the last one; otherwise "". */
void rog_error_place(const char *text, char *place, size_t bytes);
/* The last line that is not empty, with invisible characters made visible, and rog_error_place; ""
 * if there is none. */
void rog_last_words(const char *text, char *words, size_t bytes);

#endif
