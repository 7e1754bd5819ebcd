/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_FINDINGS_H
#define ROG_CHECK_FINDINGS_H

/* The result of one check of a run: every check writes it, and may read those of the others. */

#include <stddef.h>

#define ROG_FINDINGS_MAX 5 /* findings kept per check; all are counted */

struct rog_finding_list {
    const char *name; /* "admissions" */
    const char *what; /* one line: what was checked */
    size_t checked;   /* number of values checked; 0: the run has none */
    size_t failed;
    char *finding[ROG_FINDINGS_MAX]; /* the event, its value, and the expected value */
    size_t findings;
    char *unchecked; /* what could not be checked, and why; NULL: everything was */
};

/* Adds a finding, printf-like; it is always counted, and kept while there is room. */
void rog_finding_add(struct rog_finding_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Records what was not checked, printf-like; the first one stays. */
void rog_finding_unchecked(struct rog_finding_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rog_finding_list_release(struct rog_finding_list *list);

#endif
