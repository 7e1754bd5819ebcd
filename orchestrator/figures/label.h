/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_LABEL_H
#define ROG_FIGURES_LABEL_H

/*
 * Texts that users wrote (notes, names of cases) on their way into pictures, scripts, tables and
 * file names. Whatever they hold, they arrive as text and as nothing else.
 */

#include <stddef.h>
#include <stdio.h>

/* One printable line of valid UTF-8: control characters and runs of spaces become one space,
 * damaged bytes U+FFFD, and what takes more than `most` columns ends in an ellipsis. A grapheme
 * is never cut. At most eight bytes a column. Heap memory, NULL when memory ran out. */
char *rog_label_clean(const char *text, size_t most);

/* Columns of a terminal that clean text takes (wide East Asian characters take two). */
size_t rog_label_columns(const char *text);

/* How many bytes from the beginning of clean text fit into `most` columns. */
size_t rog_label_fit(const char *text, size_t most);

/* The width of clean text in a sans-serif face, in em, rather too large than too small. */
double rog_label_em(const char *text);

/* Writes text as a gnuplot string: in double quotes, with every character that means anything to
 * gnuplot as its octal number, so that nothing is expanded. */
void rog_label_quote(FILE *file, const char *text);
/* The same for tic labels, which gnuplot takes as a format: percent signs doubled. */
void rog_label_quote_tic(FILE *file, const char *text);

/* Writes text for HTML or XML content and attributes. Takes any text, clean or not. */
void rog_label_escape_html(FILE *file, const char *text);

/* A file name's beginning for a case or run: as it is where it consists of letters, digits, "._-"
 * and characters beyond ASCII; else the others become '_' and a hash of the text is appended, so
 * that two names never share a file. Heap memory, NULL when memory ran out. */
char *rog_label_stem(const char *text);

/* "12,600": a number rounded to whole, with thousands. */
#define ROG_THOUSANDS_BYTES 32
void rog_label_thousands(double number, char text[ROG_THOUSANDS_BYTES]);

#endif
