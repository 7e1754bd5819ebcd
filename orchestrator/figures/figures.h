/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_H
#define ROG_FIGURES_H

/*
 * Figures of a case, and of one worker's microevents, drawn by gnuplot from the database only. Each
 * is NAME.pdf, NAME.svg and NAME.png with the script NAME.gp and its data NAME.dat beside them.
 * NAME is CASE-PANEL, or CASE-PANEL-as-published if the numbers are computed as by the published
 * scripts, which the picture and its data also say. Pictures are read back before they are put in
 * place, and a set is put in place completely or not at all.
 */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/options.h>
#include <orchestrator/store/db.h>

/* The panels of the case: those of the published figure that it names (cases.figure 1, 6, 9, 10),
 * all four if it names none. ROG_ENOTFOUND for an unknown case or one without finished runs,
 * ROG_EINVAL for unknown formats, ROG_EFAILED if gnuplot is missing or fails. */
int rog_figures_draw_case(struct rog_db *db, const char *case_name,
                          const struct rog_figures_options *options, struct rog_error *err);

/* Whether the figure shows only test results, so that runs without gradients show nothing. `figure`
 * may be NULL. */
bool rog_figures_need_tests(const char *figure);

/* The panels of that figure, in order; NULL: no more. `figure` may be NULL. */
const char *rog_figures_panel(const char *figure, size_t index, const char **title);
/* The file name of a panel of a case in that format. Heap memory, NULL without memory. */
char *rog_figures_file(const char *case_name, const char *panel, const char *format);

/* A description of a picture of the case, by its path as passed to `drawn`. Heap memory, NULL
 * without memory. */
char *rog_figures_caption(const char *path, const struct rog_case_data *data);

/* Figure 8: `rank` of a run over `span_s` seconds from `start_s`. `run` as for rog_run_find.
 * ROG_EINVAL for the server's rank, an unknown rank, or a start beyond the run's end; ROG_ENOTFOUND
 * for a run without the data. As published: only for ROG with at least three workers, otherwise
 * ROG_EINVAL; NAME ends in -as-published. With `rows` a second picture, NAME-rows: the share of
 * each layer's rows in each push and pull. */
int rog_figures_draw_microevents(struct rog_db *db, const char *run, int64_t rank, double start_s,
                                 double span_s, bool rows,
                                 const struct rog_figures_options *options, struct rog_error *err);

#endif
