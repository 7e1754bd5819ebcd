/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_CHOOSE_H
#define ROG_PLAN_CHOOSE_H

/* Which case runs belong to, so that runs of two clusters never mix in one unasked. */

#include <stdbool.h>

#include <common/metric.h>
#include <orchestrator/store/db.h>

struct rog_case_question {
    const char *base;         /* of BASE-caseK */
    const char *cluster;      /* the cluster's name */
    struct rog_metric metric; /* that its runs are tested for */
    bool fresh;               /* always the next one */
    /* Whether a run that is asked for has this config_hash. */
    bool (*is_planned)(const void *plan, const char *hash);
    const void *plan;
};

/*
 * Of the cases BASE-caseK the latest that the cluster suits, or the next one. A cluster suits a
 * case without runs, one that has runs on a cluster of its name, and one that has a run that is
 * asked for already, by whatever name its cluster went; but none whose runs are tested for
 * something else. *remark: that a later case has runs of another cluster or metric; else NULL. `db`
 * NULL is an empty one.
 */
int rog_case_choose(const struct rog_case_question *question, struct rog_db *db, char **case_name,
                    char **remark, struct rog_error *err);

/* *remark: that the case of this name has runs on other clusters only; else NULL. */
int rog_case_compare(struct rog_db *db, const char *case_name, const char *cluster, char **remark,
                     struct rog_error *err);

#endif
