/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_PANEL_H
#define ROG_FIGURES_PANEL_H

/* A panel is one picture of a case: it writes a gnuplot script and the data for it. */

#include <stdbool.h>
#include <stdio.h>

#include <common/file.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/figures/axis.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/options.h>
#include <orchestrator/figures/style.h>

/* The two files of a panel while they are written. */
struct rog_panel_files {
    FILE *script, *data;
    struct rog_file_writer script_writer, data_writer;
};
int rog_panel_files_open(struct rog_panel_files *files, const char *folder, const char *stem,
                         struct rog_error *err);
/* Finishes both files, or removes them if `code` is an error. Returns the first error. */
int rog_panel_files_close(struct rog_panel_files *files, int code, struct rog_error *err);

struct rog_panel {
    const char *name;  /* in file names */
    const char *title; /* for people; for curves the text after the name of the metric */
    /* Writes the files stem.gp and stem.dat into `folder`. If no run has data for it, *drawn is
     * false and nothing is written. */
    int (*write)(const struct rog_panel *panel, const struct rog_case_data *data,
                 const struct rog_look *look, enum rog_axis_ends ends, const char *folder,
                 const char *stem, bool *drawn, struct rog_error *err);
    int quantity; /* for curves: enum rog_quantity */
};

enum rog_quantity {
    ROG_QUANTITY_ITERATION,
    ROG_QUANTITY_SECONDS,
    ROG_QUANTITY_JOULES,
    ROG_QUANTITY_SENT,
};

int rog_panel_write_curves(const struct rog_panel *panel, const struct rog_case_data *data,
                           const struct rog_look *look, enum rog_axis_ends ends, const char *folder,
                           const char *stem, bool *drawn, struct rog_error *err);
int rog_panel_write_composition(const struct rog_panel *panel, const struct rog_case_data *data,
                                const struct rog_look *look, enum rog_axis_ends ends,
                                const char *folder, const char *stem, bool *drawn,
                                struct rog_error *err);

#endif
