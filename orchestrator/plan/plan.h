/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_PLAN_H
#define ROG_PLAN_PLAN_H

/*
 * A plan: the requested runs, which are compared with what a database has of them (match.h) and
 * recorded there (record.h).
 *
 * A case NAME becomes NAME-caseK. The latest K of the same cluster (choose.h) is continued: runs
 * that are done, with the same settings and the same file contents, are not repeated; those that
 * were planned, interrupted or failed are executed (again) under their own name; all others are
 * new. A new run replaces one with the same settings but other file contents: the old one leaves
 * the case, and so do failed runs that are no longer requested. All of them stay recorded.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/conf/experiment.h>
#include <orchestrator/plan/resolve.h>
#include <orchestrator/store/db.h>

enum rog_plan_action {
    ROG_PLAN_NEW,      /* not recorded yet */
    ROG_PLAN_WAITING,  /* recorded, not started */
    ROG_PLAN_CONTINUE, /* started, not finished */
    ROG_PLAN_RETRY,    /* failed */
    ROG_PLAN_DONE,     /* nothing to do */
};
const char *rog_plan_action_name(enum rog_plan_action action);

struct rog_plan_run {
    struct rog_resolved_run resolved;
    int line;        /* in the experiment file; 0 for runs from a command line */
    size_t position; /* something its strategy does not support was removed (fit.h) */
    enum rog_plan_action action;
    bool fitted; /* without what its strategy has no use for (fit.h) */
    /* Set by match.h. */
    char *id;      /* NULL for a new run */
    char *why;     /* why it is to be done; NULL if it is done */
    char *changes; /* changes of files since it was started; NULL: none, or it was not started */
    char *before;  /* the run that it replaces in the case, or NULL */
    bool unproven; /* done by a run for which the contents of files were not recorded */
};

/* A run that leaves the case, in addition to those that are replaced. */
struct rog_plan_leaving {
    char *id;
    const char *why; /* in words */
};

struct rog_plan {
    char *base;      /* case without -caseK; NULL: the runs belong to no case or to a named one */
    char *case_name; /* including -caseK, once matched; NULL: no case */
    char *cluster;   /* the cluster's name */
    char *other_cluster;        /* a remark on runs of another cluster (choose.h); or NULL */
    bool real_time;             /* of the cluster */
    char *figure;               /* NULL if the case has none */
    double target_accuracy;     /* of the tested metric, NaN if the case has none */
    char *contender, *baseline; /* of the comparison; NULL if not given */
    struct rog_json *assumed;   /* of the cluster; NULL: nothing */
    struct rog_json *remarks;   /* texts on what the user might not expect in the file */
    struct rog_json *faulty; /* runs that cannot be planned (faulty.h), with options->all_faults */
    char *options;           /* other options of the case, JSON; NULL if there are none */
    bool case_is_new;
    struct rog_plan_run *run;
    size_t count;
    bool is_part;                     /* not all runs of the experiment: some are left out */
    struct rog_plan_leaving *leaving; /* [leaving_count] */
    size_t leaving_count;
    struct rog_contents *contents;     /* contents of the files that were read */
    struct rog_strategies *strategies; /* while the plan is made */
};

struct rog_plan_options {
    long long seed;   /* replaces the runs' seeds when >= 0 */
    long long repeat; /* number of runs of each, with increasing seeds; >= 1 */
    /* a repeat that equals another run of the file is left out, otherwise an error */
    bool skip_same;
    /* Runs that cannot be resolved are added to plan->faulty, otherwise an error. */
    bool all_faults;
    const char *only; /* keep runs whose label contains this text; NULL: all */
};

/* All runs of an experiment, resolved. Two equal runs are an error that names their lines.
 * ROG_ENOTFOUND if `only` matches none. */
int rog_plan_experiment(struct rog_plan **plan, const struct rog_experiment *experiment,
                        const struct rog_cluster *cluster, const struct rog_plan_options *options,
                        struct rog_error *err);

/* One run. case_name, an existing case or one to be created, may be NULL. */
int rog_plan_single(struct rog_plan **plan, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *case_name,
                    struct rog_error *err);
void rog_plan_free(struct rog_plan *plan);

/* Resets what rog_plan_match has set. */
void rog_plan_unmatch(struct rog_plan *plan);

#endif
