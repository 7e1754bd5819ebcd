/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_MEANT_H
#define ROG_COMMON_MEANT_H

/* Suggestions for an unknown name: " (did you mean NAME?)" for messages, or "" if no name is
 * similar (rog_nearest_name). */

#include <stdbool.h>
#include <stddef.h>

#define ROG_MEANT_BYTES 288

/* Formats a suggestion; `near` is the name, or NULL or "" for none. Returns `text`, as the other
 * functions. */
const char *rog_meant(const char *near, char text[ROG_MEANT_BYTES]);
/* Suggests a word of a list separated by '|'. */
const char *rog_meant_choice(const char *word, const char *choices, char text[ROG_MEANT_BYTES]);
/* Suggests one of `count` names. With `beginnings`, `word` is compared with the beginning of each
 * name, because prefixes are accepted, too. */
const char *rog_meant_name(const char *word, char *const *names, size_t count, bool beginnings,
                           char text[ROG_MEANT_BYTES]);
/* Suggests a file in these folders (ends with NULL; a folder may be missing) with this ending;
 * without the ending if `bare`. */
const char *rog_meant_file(const char *word, const char *const *folders, const char *ending,
                           bool bare, char text[ROG_MEANT_BYTES]);

#endif
