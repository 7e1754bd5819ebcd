/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_NO_SCALE_H
#define ROG_CODECS_NO_SCALE_H

/* The `scale` (rog/codec.h) of codecs whose rows contain everything themselves. */

#include <stdint.h>

/* Returns 0. */
float rog_codec_no_scale(double sum, uint64_t elements);

#endif
