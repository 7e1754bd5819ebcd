/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_NOISE_H
#define ROG_DATA_NOISE_H

/*
 * Image transformations after DeepTest (Tian, Pei, Jana, Ray, ICSE 2018): blur, brightness,
 * contrast, translation, scale, shear and rotation, with parameters drawn per image from DeepTest's
 * ranges, adapted to small images. "mixed" draws one of them per image.
 *
 * Results are those of OpenCV's blur, GaussianBlur, add, multiply and warpAffine (bilinear, border
 * constant black) for 8-bit images: same fixed-point arithmetic, same rounding.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/data/dataset.h>

#define ROG_NOISE_VERSION 1

/* Checks whether a noise has this name, "none" and "mixed" included. */
int rog_noise_check(const char *name, struct rog_error *err);

/* Transforms every image in place, image i with parameters drawn from (seed, i), and updates the
 * hash of the data set. */
int rog_noise_apply(struct rog_dataset *dataset, const char *name, uint64_t seed,
                    struct rog_error *err);

/* Describes the ranges as text, which identifies them in caches. */
void rog_noise_describe(const char *name, char *text, size_t bytes);

/*
 * Applies one transformation to one image (height, width, 3); pixels and result do not overlap.
 * `value` is its parameter:
 *   blur         edge of the box filter (2..), or minus the edge of the Gaussian filter (-3 -5 -7)
 *   brightness   grey levels added
 *   contrast     factor
 *   translation  fraction of the edge, to the right and down
 *   scale        factor about the centre
 *   shear        pixels that x moves per pixel of y, about the centre
 *   rotation     degrees about the centre, counter-clockwise, magnitude up to 45
 */
int rog_noise_transform(const char *name, double value, const uint8_t *pixels, uint32_t height,
                        uint32_t width, uint8_t *result, struct rog_error *err);

#endif
