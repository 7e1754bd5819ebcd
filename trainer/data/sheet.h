/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_SHEET_H
#define ROG_DATA_SHEET_H

/* A contact sheet that shows images of each class of a data set, and the effect of noise on
 * them. */

#include <rog/error.h>
#include <trainer/data/dataset.h>

#define ROG_SHEET_COLUMNS 10

/*
 * Draws the first image of each class, in the order of the classes, ROG_SHEET_COLUMNS per line, as
 * a PNG file at `path`; beside each image the one with the same index in `noisy`, unless that is
 * NULL. ROG_EINVAL if the two sets differ in shape or labels; otherwise the errors of
 * rog_png_write.
 */
int rog_sheet_write(const char *path, const struct rog_dataset *clean,
                    const struct rog_dataset *noisy, struct rog_error *err);

#endif
