/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_OPTIONS_H
#define ROG_FIGURES_OPTIONS_H

/* Options for drawing figures. */

#include <stdbool.h>

#include <common/json.h>

/* Where the axes of time, iterations and energy end. */
enum rog_axis_ends {
    ROG_ENDS_DATA,    /* beyond all data */
    ROG_ENDS_FIGURES, /* as in the published figures; lines are cut there */
    ROG_ENDS_SCRIPTS  /* as in the published scripts: at the end of the shortest line, or at a
                       * minimum (published.h) */
};

struct rog_figures_options {
    const char *plots;   /* folder, created if missing */
    const char *formats; /* "pdf,svg,png" or some of them; NULL: the case's setting, otherwise
                          * all */
    /* of each picture (conf/look.h); NULL: the case's setting, otherwise its default */
    const char *size;
    const char *font; /* likewise */
    enum rog_axis_ends ends;
    bool as_published; /* numbers as in the published scripts (case_data.h), in files of other names
                        * (figures.h); for microevents see microevents.h */
    const struct rog_json *curves; /* rog_curve_settings that override the case's; or NULL */
    /* Both may be NULL. `drawn` gets each picture's path; `log` what was left out and why. */
    void (*drawn)(void *user, const char *path);
    void (*log)(void *user, const char *text);
    void *user;
};

#endif
