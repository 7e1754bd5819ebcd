/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PNG_H
#define ROG_COMMON_PNG_H

/* Images as PNG files (by libpng, whose types are used only in png.c). */

#include <stdint.h>

#include <rog/error.h>

/* Writes (height, width, 3) 8-bit RGB pixels; the file is complete or does not exist. ROG_EINVAL:
 * the image has no pixels or an edge of more than 65535; ROG_EIO names the file and the cause. */
int rog_png_write(const char *path, const uint8_t *pixels, uint32_t height, uint32_t width,
                  struct rog_error *err);

/* Reads a whole image as (height, width, 3) 8-bit RGB pixels, with transparent parts on white.
 * *pixels is heap memory. ROG_EFORMAT: the file is not an image or is truncated. */
int rog_png_read(const char *path, uint8_t **pixels, uint32_t *height, uint32_t *width,
                 struct rog_error *err);

#endif
