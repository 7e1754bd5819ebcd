/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_SUMMARY_H
#define ROG_DOCTOR_SUMMARY_H

/*
 * Findings in readable form: a heading for this machine, the server, the workers, the tester, and
 * below it a row for each finding. Workers with the same finding share a row, which begins with
 * their ranks unless it applies to all of them:
 *
 *     workers 1-30 (10.42.0.2-31): 29 good, 1 BAD (13)
 *       good  reach   1-12, 14-30: logged in as robot within 0.05-0.31 s
 *       BAD   reach   13: cannot connect
 *
 * Findings that differ only in numbers are the same; the numbers become ranges.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/doctor/findings.h>

struct rog_summary_row {
    const char *check; /* NULL: a heading */
    enum rog_finding_level level;
    char *text, *hint; /* hint NULL: none */
};

struct rog_summary { /* zero-initialize; release when done */
    struct rog_summary_row *row;
    size_t count;
};

/* `each`: list every worker separately. The findings must outlive the summary. */
int rog_summary_make(struct rog_summary *summary, const struct rog_findings *findings, bool each,
                     struct rog_error *err);
void rog_summary_release(struct rog_summary *summary);

#endif
