/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PNG_H
#define ROG_COMMON_PNG_H

/* Pictures as PNG files (libpng behind it; its types stay in png.c). */

#include <stdint.h>

#include <rog/error.h>

/* Writes (height, width, 3) 8-bit RGB pixels; the file is there whole or not at all. ROG_EINVAL for
 * a picture without pixels or with an edge beyond 65535; ROG_EIO names the file and the cause. */
int rog_png_write(const char *path, const uint8_t *pixels, uint32_t height, uint32_t width,
                  struct rog_error *err);

/* Reads a whole picture as (height, width, 3) 8-bit RGB pixels, on white where it is transparent.
 * *pixels is heap memory. ROG_EFORMAT for what is no picture or ends too early. */
int rog_png_read(const char *path, uint8_t **pixels, uint32_t *height, uint32_t *width,
                 struct rog_error *err);

#endif
