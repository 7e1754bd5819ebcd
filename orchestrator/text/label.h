/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_LABEL_H
#define ROG_TEXT_LABEL_H

/*
 * Texts that users wrote (notes, names of cases, of hosts, of layers) as a line that a reader sees
 * as it is. quote.h takes them from here to where they go.
 */

#include <stddef.h>

/* One line of valid UTF-8 that hides nothing: white space becomes single spaces, damaged bytes
 * U+FFFD, what cannot be seen "\x1b" (rog_utf8_show), and marks on top of each other beyond the
 * third U+FFFD. What takes more than `most` columns ends in an ellipsis. A grapheme is never cut.
 * At most eight bytes a column. Heap memory, NULL when memory ran out. */
char *rog_label_clean(const char *text, size_t most);

/* Columns of a terminal that clean text takes (wide East Asian characters take two). */
size_t rog_label_columns(const char *text);

/* How many bytes from the beginning of clean text fit into `most` columns. */
size_t rog_label_fit(const char *text, size_t most);

/* How many bytes of clean text its first line has where it is broken to `most` columns: all, or up
 * to a blank, which is not among them; a word that is longer is cut. More than 0 for a text that is
 * not empty. */
size_t rog_label_break(const char *text, size_t most);

/* The width of clean text in a sans-serif face, in em, rather too large than too small. */
double rog_label_em(const char *text);

/* "12,600": a number rounded to whole, with thousands. */
#define ROG_THOUSANDS_BYTES 32
void rog_label_thousands(double number, char text[ROG_THOUSANDS_BYTES]);

#endif
