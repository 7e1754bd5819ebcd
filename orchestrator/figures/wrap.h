/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_WRAP_H
#define ROG_FIGURES_WRAP_H

/* Wraps labels that are too long. */

#include <stddef.h>

/* Clean text with line feeds after its commas, between its words if there are none, and within
 * words that are too long by themselves, so that no line is wider than `em` (rog_label_em) and at
 * least one character. Heap memory, NULL without memory. */
char *rog_wrap(const char *text, double em);

/* The number of lines of a wrapped text, and the width of the widest in em. */
size_t rog_wrap_lines(const char *wrapped);
double rog_wrap_em(const char *wrapped);

#endif
