/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_H
#define ROG_FIGURES_H

/*
 * Figures of a case, and of one worker's microevents, drawn by gnuplot from the database alone.
 * Each is NAME.pdf, NAME.svg and NAME.png with the script NAME.gp and its data NAME.dat beside
 * them, NAME being CASE-PANEL, or CASE-PANEL-as-published where the numbers are those that the
 * published scripts compute, which the picture and its data say as well. Pictures are read back
 * before they are put in place, and a set is put in place whole or not at all.
 */

#include <stdbool.h>
#include <stdint.h>

#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/options.h>
#include <orchestrator/store/db.h>

/* The panels of the case: those of the published figure it names (cases.figure 1, 6, 9, 10), all
 * four where it names none. ROG_ENOTFOUND for an unknown case or one without finished runs,
 * ROG_EINVAL for unknown formats, ROG_EFAILED when gnuplot is missing or fails. */
int rog_figures_draw_case(struct rog_db *db, const char *case_name,
                          const struct rog_figures_options *options, struct rog_error *err);

/* Whether all that the figure shows is results of tests, so that it shows nothing of runs without
 * gradients. `figure` may be NULL. */
bool rog_figures_need_tests(const char *figure);

/* The panels of that figure, one after the other; NULL: no more. `figure` may be NULL. */
const char *rog_figures_panel(const char *figure, size_t index, const char **title);
/* The name of the file of a panel of a case, in that format. Heap memory, NULL when memory ran
 * out. */
char *rog_figures_file(const char *case_name, const char *panel, const char *format);

/* What a picture of the case shows, by its path as `drawn` was told it. Heap memory, NULL when
 * memory ran out. */
char *rog_figures_caption(const char *path, const struct rog_case_data *data);

/* Figure 8: `rank` of a run over `span_s` seconds from `start_s`. `run` as for rog_run_find.
 * ROG_EINVAL for the server's rank, an unknown rank, or a start beyond the run's end;
 * ROG_ENOTFOUND for a run without the data. As published: of ROG and
 * at least three workers, else ROG_EINVAL; NAME ends in -as-published. With `rows` a second
 * picture, NAME-rows: which share of each layer's rows was in each push and pull. */
int rog_figures_draw_microevents(struct rog_db *db, const char *run, int64_t rank, double start_s,
                                 double span_s, bool rows,
                                 const struct rog_figures_options *options, struct rog_error *err);

#endif
