/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_SUBJECT_H
#define ROG_UI_SUBJECT_H

/*
 * What a comparison, a figure or a download refers to: a case, one run, or any runs that the user
 * has chosen. It becomes the case `name` of the call's database (store/chosen.h).
 */

#include <stdint.h>

#include <orchestrator/ui/call.h>

#define ROG_SUBJECT_RUNS_MAX 200 /* most runs that can be chosen individually */

struct rog_subject {
    char *name;
    uint64_t state; /* changes whenever anything of it has changed */
};

/* The case `case_name`; if NULL, the runs of the parameters `run`. Parameters `contender`,
 * `baseline` and `target` override those of the case. */
int rog_subject_take(const struct rog_ui_call *call, const char *case_name,
                     struct rog_subject *subject, struct rog_error *err);
/* A single run, by the beginning of its name. */
int rog_subject_take_run(const struct rog_ui_call *call, const char *run,
                         struct rog_subject *subject, struct rog_error *err);
void rog_subject_release(struct rog_subject *subject);

#endif
