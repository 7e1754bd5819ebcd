/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_PICTURE_H
#define ROG_FIGURES_PICTURE_H

/* Reads back a drawn file before it is published: gnuplot may exit successfully and leave a picture
 * that no program can open, or one with something drawn at its edge. */

#include <stdbool.h>

#include <rog/error.h>

/* The file is valid in its format ("pdf", "svg", "png"), has one page, and in pixel formats nothing
 * is drawn on its outermost edge, where a label would be cut (then *cut is true). ROG_EFORMAT names
 * the file and what is wrong. */
int rog_picture_check(const char *path, const char *format, bool *cut, struct rog_error *err);

/* One format each. */
int rog_picture_check_pdf(const char *path, struct rog_error *err);
int rog_picture_check_svg(const char *path, struct rog_error *err);

#endif
