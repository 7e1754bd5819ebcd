/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_NONE_H
#define ROG_CODECS_NONE_H

/* Unchanged values, for rows that a codec cannot make smaller. */

#include <rog/codec.h>

extern const struct rog_codec rog_codec_none;

#endif
