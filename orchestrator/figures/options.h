/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_OPTIONS_H
#define ROG_FIGURES_OPTIONS_H

/* What whoever wants figures may say about them. */

#include <stdbool.h>

#include <common/json.h>

/* Where the axes of time, iterations and energy end. */
enum rog_axis_ends {
    ROG_ENDS_DATA,    /* behind all data */
    ROG_ENDS_FIGURES, /* where those of the published figures do; lines are cut there */
    ROG_ENDS_SCRIPTS /* where the published scripts let them end: with the shortest of the lines, or
                        at a least end (published.h) */
};

struct rog_figures_options {
    const char *plots;   /* folder, made where it is missing */
    const char *formats; /* "pdf,svg,png" or some of them; NULL: as the case says, else all */
    const char *size;    /* of a figure (conf/look.h); NULL: as the case says, else its own */
    const char *font;    /* likewise */
    enum rog_axis_ends ends;
    bool as_published; /* the numbers that the published scripts compute (case_data.h), under names
                          of their own (figures.h); of a worker's microevents see microevents.h */
    const struct rog_json *curves; /* rog_curve_settings that hold instead of the case's; or NULL */
    /* Both may be NULL. `drawn` is told each picture's path; `log` what was left out and why. */
    void (*drawn)(void *user, const char *path);
    void (*log)(void *user, const char *text);
    void *user;
};

#endif
