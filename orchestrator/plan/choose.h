/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_CHOOSE_H
#define ROG_PLAN_CHOOSE_H

/* Chooses the case that runs belong to, so that runs of different clusters are not mixed in one
 * case unless the user asks for it. */

#include <stdbool.h>

#include <common/metric.h>
#include <orchestrator/store/db.h>

struct rog_case_question {
    const char *base;         /* of BASE-caseK */
    const char *cluster;      /* the cluster's name */
    struct rog_metric metric; /* metric that the runs are tested for */
    bool fresh;               /* always use the next case */
    /* Returns whether a requested run has this config_hash. */
    bool (*is_planned)(const void *plan, const char *hash);
    const void *plan;
};

/*
 * Chooses the latest of the cases BASE-caseK that may be continued, otherwise the next one. A case
 * may be continued if it has no runs, or a run on a cluster of this name, or a run that is
 * requested again, whatever the name of its cluster; but not if its runs are tested for another
 * metric. *remark: says that a later case has runs of another cluster or metric; otherwise NULL.
 * `db` NULL: empty.
 */
int rog_case_choose(const struct rog_case_question *question, struct rog_db *db, char **case_name,
                    char **remark, struct rog_error *err);

/* *remark: says that the case of this name has only runs on other clusters; otherwise NULL. */
int rog_case_compare(struct rog_db *db, const char *case_name, const char *cluster, char **remark,
                     struct rog_error *err);

#endif
