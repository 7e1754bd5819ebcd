/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_SEAM_CODECS_H
#define ROG_TESTS_SEAM_CODECS_H

/* Codecs that use what rog/codec.h offers beyond a row and a scale, each as simply as can be; and
 * parameters for any codec. */

#include <common/rng.h>
#include <librog/codecs/codecs.h>

/* Whole tensors, something kept: of a tensor's columns the next one after that of the last time. */
extern const struct rog_codec seam_column;
/* Two levels: elements as floats, or the upper half of these. */
extern const struct rog_codec seam_halves;
/* One scale for all of the model, rows of a length that depends on it: elements of at least the
 * mean magnitude over the model. */
extern const struct rog_codec seam_threshold;

/* All three, NULL at the end. */
extern const struct rog_codec *const seam_codecs[];

/* A struct of a codec's parameters in heap memory: their defaults, or where `rng` is not NULL drawn
 * from all that is allowed. NULL for one that has none. */
void *seam_parameters(const struct rog_codec *codec, struct rog_rng *rng);

#endif
