/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_SHEET_H
#define ROG_DATA_SHEET_H

/* A contact sheet: what the classes of a data set look like, and what noise makes of them. */

#include <rog/error.h>
#include <trainer/data/dataset.h>

/*
 * Draws the first image of each class, ten classes a line with their names below, as a PNG file at
 * `path`; beside each image the one of the same index in `noisy`, unless that is NULL. `source`
 * is what both were opened from and `title` the line at the top (lower-case letters, digits and
 * " -,.:_"; other characters are drawn as a box). ROG_EINVAL where the two sets differ in shape or
 * labels; else the errors of rog_png_write.
 */
int rog_sheet_write(const char *path, const char *title, const char *source,
                    const struct rog_dataset *clean, const struct rog_dataset *noisy,
                    struct rog_error *err);

#endif
