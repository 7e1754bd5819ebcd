/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_FIT_H
#define ROG_PLAN_FIT_H

/*
 * Removes shared settings that a strategy, codec or optimizer does not support. A matrix and the
 * top level of an experiment file apply to all runs, including strategies without a threshold, or
 * without a parameter that another strategy of the file has. Removing them makes such runs equal. A
 * setting in a run itself is kept, and is an error if it is not supported.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/conf/experiment.h>

struct rog_fit;

/* Reads the plugins of all runs; `folder` is what their paths are relative to. A plugin that cannot
 * be loaded is ignored here and reported when it is needed. */
int rog_fit_new(struct rog_fit **fit, const struct rog_experiment *experiment, const char *folder,
                struct rog_error *err);
void rog_fit_free(struct rog_fit *fit);

/* Returns the name of the run's strategy: the plugin's own, or the value in the file if the plugin
 * cannot be loaded. */
const char *rog_fit_name(const struct rog_fit *fit, const struct rog_experiment_run *run);
/* Removes from `settings`, a copy of the run's, what is not supported; *changed: something was
 * removed. */
int rog_fit_settings(struct rog_fit *fit, const struct rog_experiment_run *run,
                     struct rog_json *settings, bool *changed, struct rog_error *err);
/* Counts that the run whose settings were fitted last was equal to another one. */
void rog_fit_count_same(struct rog_fit *fit);
/* Appends texts on what was removed to the array. */
int rog_fit_remarks(const struct rog_fit *fit, const char *path, struct rog_json *remarks,
                    struct rog_error *err);

#endif
