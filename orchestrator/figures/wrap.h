/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_WRAP_H
#define ROG_FIGURES_WRAP_H

/* Labels that are longer than their place, in lines. */

#include <stddef.h>

/* Clean text with line feeds behind its commas, between its words where there are none, within
 * words that are too long alone, so that no line is wider than `em` (rog_label_em), as long as that
 * is the width of a character. Heap memory, NULL when memory ran out. */
char *rog_wrap(const char *text, double em);

/* How many lines a wrapped text has, and its widest line in em. */
size_t rog_wrap_lines(const char *wrapped);
double rog_wrap_em(const char *wrapped);

#endif
