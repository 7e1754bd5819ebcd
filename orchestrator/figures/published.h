/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_PUBLISHED_H
#define ROG_FIGURES_PUBLISHED_H

/*
 * The look of the published figures (ROG, MICRO 2022): where their axes end, and which lines are
 * solid. The rules are those of the artifact's scripts/redraw_smooth.py, the ends those of its
 * figures.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/axis.h>
#include <orchestrator/figures/panel.h>

/* The addition to names of files, pictures and captions for figures drawn as published. */
#define ROG_AS_PUBLISHED "as published"
#define ROG_AS_PUBLISHED_SUFFIX "-as-published"

/* Where the axis of that quantity ends in the published figure; in one that was not published (or
 * NULL) as in figure 1. */
double rog_published_end(const char *figure, enum rog_quantity quantity);

/* Where the scripts end the axis: with the shortest line, whose largest x is `shortest`, but not
 * before a minimum for each figure. */
double rog_published_rule_end(const char *figure, enum rog_quantity quantity, double shortest);

/* The scripts' axis of accuracy: from 52% to 70%, or to a point above the highest of all lines,
 * whether or not that point is visible. It begins lower if lines do (`low`), which the scripts
 * would cut off. */
struct rog_axis rog_published_accuracy(double low, double highest);

/* Solid lines are ROG's, by their labels; all others are dashed. */
bool rog_published_is_solid(const char *label);

#endif
