/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_DRAWING_H
#define ROG_FIGURES_DRAWING_H

/* Draws a set of figures: scripts and data are written into a temporary folder inside the folder
 * for figures, drawn there, read back (picture.h), and moved all together or not at all. */

#include <stdbool.h>
#include <stddef.h>

#include <common/scratch.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/figures/options.h>
#include <rog/error.h>

struct rog_drawing {
    const struct rog_figures_options *options;
    char *formats;              /* separated by spaces */
    struct rog_scratch scratch; /* the temporary folder */
    char **stem;                /* [count]: names of figures */
    size_t count;
    bool cut; /* a picture has something on its edge */
};

/* Makes a set: `write` puts scripts and data into drawing->scratch.path with that look, and adds
 * each figure; it is called again with a larger assumed text width if a text was cut, because the
 * widths of fonts are not known. Errors: its own, and those of the functions below. */
int rog_drawing_make(const struct rog_figures_options *options, const struct rog_look *look,
                     int (*write)(struct rog_drawing *drawing, const struct rog_look *look,
                                  const void *user, struct rog_error *err),
                     const void *user, struct rog_error *err);

/* ROG_EINVAL for unknown formats, ROG_EIO if the folder cannot be created. */
int rog_drawing_begin(struct rog_drawing *drawing, const struct rog_figures_options *options,
                      struct rog_error *err);
/* A figure whose script and data are in drawing->scratch.path. */
int rog_drawing_add(struct rog_drawing *drawing, const char *stem, struct rog_error *err);
/* Draws and moves them all. ROG_EFAILED names the picture that is not valid. After an error the
 * folder for figures is unchanged. */
int rog_drawing_finish(struct rog_drawing *drawing, struct rog_error *err);
/* Removes the temporary folder and what is in it. */
void rog_drawing_release(struct rog_drawing *drawing);

#endif
