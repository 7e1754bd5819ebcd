/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_FINDINGS_H
#define ROG_DOCTOR_FINDINGS_H

/* The findings of `rogctl doctor`, in the order of the output. */

#include <stddef.h>

#include <rog/error.h>

enum rog_finding_level {
    ROG_FINDING_GOOD,
    ROG_FINDING_NOTE, /* runs will work, but not as well as they could */
    ROG_FINDING_BAD,  /* runs will fail */
};

struct rog_finding {
    char host[96];     /* "" for this machine */
    unsigned rank;     /* of a worker; 0: none */
    const char *check; /* a word */
    enum rog_finding_level level;
    char what[768];
    char hint[512]; /* what to do about it, "" if nothing */
};

struct rog_findings { /* zero-initialize; release when done */
    struct rog_finding *list;
    size_t count;
    int lost; /* findings lost for lack of memory */
};

/* `check` has to outlive the list. */
void rog_findings_add(struct rog_findings *findings, const char *host, unsigned rank,
                      const char *check, enum rog_finding_level level, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The hint for the last finding; no effect for a good one. */
void rog_findings_advise(struct rog_findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends all of `from` to `to`. */
void rog_findings_move(struct rog_findings *to, struct rog_findings *from);
size_t rog_findings_bad(const struct rog_findings *findings);
/* "good", "note", "bad". */
const char *rog_finding_level_name(enum rog_finding_level level);
void rog_findings_release(struct rog_findings *findings);

#endif
