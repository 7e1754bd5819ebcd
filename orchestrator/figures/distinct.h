/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_DISTINCT_H
#define ROG_FIGURES_DISTINCT_H

/* Texts that are too long for their place, made shorter by what they have in common. */

#include <stddef.h>

#include <rog/error.h>

/* Clean texts (label.h) of more than `most` columns lose words that they share with the others, and
 * have an ellipsis in their place. Words in which a text differs from any other stay, however long
 * that is. Each text is heap memory, and may be replaced. */
int rog_distinct_shorten(char **texts, size_t count, size_t most, struct rog_error *err);

/* Texts that are still longer have an ellipsis in place of their middle, where they stay different
 * from all others by that. Each text is heap memory, and may be replaced. */
int rog_distinct_cut(char **texts, size_t count, size_t most, struct rog_error *err);

#endif
