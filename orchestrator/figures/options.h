/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_OPTIONS_H
#define ROG_FIGURES_OPTIONS_H

/* What whoever wants figures may say about them. */

#include <stdbool.h>

#include <common/json.h>

struct rog_figures_options {
    const char *plots;   /* folder, made where it is missing */
    const char *formats; /* "pdf,svg,png" or some of them; NULL: as the case says, else all */
    const char *size;    /* of a figure (conf/look.h); NULL: as the case says, else its own */
    const char *font;    /* likewise */
    bool published_axes; /* cut the axes of time, iterations and energy where the published figures
                            end; else they hold all data */
    bool published_bars; /* time composition as in the published table */
    const struct rog_json *curves; /* rog_curve_settings that hold instead of the case's; or NULL */
    /* Both may be NULL. `drawn` is told each picture's path; `log` what was left out and why. */
    void (*drawn)(void *user, const char *path);
    void (*log)(void *user, const char *text);
    void *user;
};

#endif
