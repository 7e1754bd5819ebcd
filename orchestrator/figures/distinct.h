/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_DISTINCT_H
#define ROG_FIGURES_DISTINCT_H

/* Shortens texts that are too long by removing what they have in common. */

#include <stddef.h>

#include <rog/error.h>

/* Clean texts (label.h) of more than `most` columns lose words that they share with the others,
 * which are replaced by an ellipsis. Words in which a text differs from any other stay, however
 * long they are. Each text is heap memory, and may be replaced. */
int rog_distinct_shorten(char **texts, size_t count, size_t most, struct rog_error *err);

/* Texts that are still longer have their middle replaced by an ellipsis if they then still differ
 * from all others. Each text is heap memory, and may be replaced. */
int rog_distinct_cut(char **texts, size_t count, size_t most, struct rog_error *err);

#endif
