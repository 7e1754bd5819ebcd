/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_GRAPHEME_H
#define ROG_TEXT_GRAPHEME_H

/* UTF-8 by graphemes, which readers perceive as one character: a letter with its accents, a flag, a
 * family emoji. Only grapheme.c uses libunistring. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the first grapheme of a text, 0 for an empty one. */
size_t rog_grapheme_bytes(const char *text);
/* Columns of a terminal that a grapheme of `bytes` takes: 0, 1 or 2. */
size_t rog_grapheme_columns(const char *grapheme, size_t bytes);
/* Returns whether a code point takes no column because it belongs to the previous one: an accent, a
 * joiner. */
bool rog_grapheme_is_mark(uint32_t code);

#endif
