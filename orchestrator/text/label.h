/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_LABEL_H
#define ROG_TEXT_LABEL_H

/*
 * Texts written by users (notes, names of cases, of hosts, of layers) as one line without hidden
 * characters. quote.h writes them into other formats.
 */

#include <stddef.h>

/* Returns one line of valid UTF-8 in which nothing is hidden: white space becomes single spaces,
 * invalid bytes U+FFFD, invisible characters "\x1b" (rog_utf8_show), and more than three marks on a
 * letter U+FFFD. A text of more than `most` columns ends in an ellipsis. A grapheme is never cut.
 * At most eight bytes per column. Heap memory, NULL without memory. */
char *rog_label_clean(const char *text, size_t most);

/* Columns of a terminal that clean text takes (wide East Asian characters take two). */
size_t rog_label_columns(const char *text);

/* Returns how many bytes from the beginning of clean text fit into `most` columns. */
size_t rog_label_fit(const char *text, size_t most);

/* Returns how many bytes of clean text are on the first line if it is wrapped at `most` columns:
 * all, or up to a space, which is not included; a longer word is cut. More than 0 if the text is
 * not empty. */
size_t rog_label_break(const char *text, size_t most);

/* The width of clean text in a sans-serif font, in em; an estimate that is rather too large than
 * too small. */
double rog_label_em(const char *text);

/* "12,600": a number rounded to whole, with thousands. */
#define ROG_THOUSANDS_BYTES 32
void rog_label_thousands(double number, char text[ROG_THOUSANDS_BYTES]);

#endif
