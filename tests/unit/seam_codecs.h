/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_SEAM_CODECS_H
#define ROG_TESTS_SEAM_CODECS_H

/* Codecs that use what rog/codec.h offers beyond a row and a scale, as simple as possible; and
 * parameters for any codec. */

#include <common/rng.h>
#include <librog/codecs/codecs.h>

/* Whole tensors, with kept state: the next column of a tensor each time. */
extern const struct rog_codec seam_column;
/* Two levels: elements as floats, or the upper half of these. */
extern const struct rog_codec seam_halves;
/* One scale for the whole model, rows of a length that depends on it: elements of at least the mean
 * magnitude over the model. */
extern const struct rog_codec seam_threshold;

/* All three, with NULL at the end. */
extern const struct rog_codec *const seam_codecs[];

/* Returns a struct of a codec's parameters in heap memory: their defaults, or unless `rng` is NULL
 * drawn from all allowed values. NULL for a codec without parameters. */
void *seam_parameters(const struct rog_codec *codec, struct rog_rng *rng);

#endif
