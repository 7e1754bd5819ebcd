/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_FINDINGS_H
#define ROG_CHECK_FINDINGS_H

/* How one check of a run went: what every check writes into, and knows of the others. */

#include <stddef.h>

#define ROG_FINDINGS_MAX 5 /* kept of each check; all are counted */

struct rog_finding_list {
    const char *name; /* "admissions" */
    const char *what; /* one line: what was checked */
    size_t checked;   /* how many values; 0: the run has none of them */
    size_t failed;
    char *finding[ROG_FINDINGS_MAX]; /* which event, what it says, what it should */
    size_t findings;
    char *unchecked; /* what could not be checked, and why; NULL: nothing was left out */
};

/* A finding, printf-like; counted always, kept while there is room. */
void rog_finding_add(struct rog_finding_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says what was left out, printf-like; the first one stays. */
void rog_finding_unchecked(struct rog_finding_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rog_finding_list_release(struct rog_finding_list *list);

#endif
