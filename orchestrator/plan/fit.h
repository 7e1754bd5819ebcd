/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_FIT_H
#define ROG_PLAN_FIT_H

/*
 * What a strategy, codec or optimizer has no use for, out of what holds for many: a matrix and the
 * top level of an experiment file give values to strategies that have no threshold, or to one that
 * lacks a parameter that another one of the file has. They are taken out, so that such runs are the
 * same run. What stands in a run itself stays, and is an error there.
 */

#include <stdbool.h>

#include <common/json.h>
#include <orchestrator/conf/experiment.h>

struct rog_fit;

/* Looks at the plugins of all runs; `folder` is what their paths are relative to. One that does not
 * load is left to whoever needs it. */
int rog_fit_new(struct rog_fit **fit, const struct rog_experiment *experiment, const char *folder,
                struct rog_error *err);
void rog_fit_free(struct rog_fit *fit);

/* The name of the run's strategy: its own, or where the plugin does not load what the file says. */
const char *rog_fit_name(const struct rog_fit *fit, const struct rog_experiment_run *run);
/* Takes out of `settings`, a copy of the run's, what it has no use for; *changed: there was some.
 */
int rog_fit_settings(struct rog_fit *fit, const struct rog_experiment_run *run,
                     struct rog_json *settings, bool *changed, struct rog_error *err);
/* The run of the settings that were fitted last was the same as another one. */
void rog_fit_count_same(struct rog_fit *fit);
/* Appends what was taken out, in words, to the array of texts. */
int rog_fit_remarks(const struct rog_fit *fit, const char *path, struct rog_json *remarks,
                    struct rog_error *err);

#endif
