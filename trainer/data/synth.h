/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_SYNTH_H
#define ROG_DATA_SYNTH_H

/*
 * synth100: a generated data set of 100 classes, 32 x 32 RGB, that needs no download. A class is
 * one of ten shapes with one of ten textures; place, size, rotation, colours, background, clutter
 * and illumination vary from image to image, and a class's favourite hue is only a weak hint. Every
 * class is symmetric under reflection.
 *
 * Only basic IEEE operations are used, so that the bytes are the same on every machine. Train and
 * test images are drawn from different random streams.
 */

#include <rog/error.h>
#include <trainer/data/dataset.h>

#define ROG_SYNTH_CLASSES 100
#define ROG_SYNTH_EDGE 32
#define ROG_SYNTH_TRAIN_PER_CLASS 500u
#define ROG_SYNTH_TEST_PER_CLASS 50u
/* Incremented with every change of the images: it is part of the caches' keys. */
#define ROG_SYNTH_VERSION 4

/* Draws `per_class` images of each class, in shuffled order. */
int rog_synth_draw(struct rog_dataset **dataset, enum rog_split split, uint32_t per_class,
                   struct rog_error *err);

/* Returns shape and texture of a class, 0..99, such as "star_dots". At most `bytes`, 32 are
 * enough. */
void rog_synth_class_name(uint32_t label, char *text, size_t bytes);

#endif
