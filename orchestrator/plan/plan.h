/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_PLAN_H
#define ROG_PLAN_PLAN_H

/*
 * A plan: the runs that are asked for, to be held against what a database has of them (match.h) and
 * recorded there (record.h).
 *
 * A case NAME becomes NAME-caseK. The latest K of the same cluster (choose.h) is continued: runs of
 * it that are the same by their settings and by what is in their files, and are done, are not
 * repeated; those that were planned, interrupted or failed are done (again) under their own name;
 * the rest is new. A new run takes the place of one with the same settings whose files were others:
 * that one leaves the case, and so do failed runs that are not asked for any more. All of them stay
 * recorded.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/conf/experiment.h>
#include <orchestrator/plan/resolve.h>
#include <orchestrator/store/db.h>

enum rog_plan_action {
    ROG_PLAN_NEW,      /* not there yet */
    ROG_PLAN_WAITING,  /* recorded, not begun */
    ROG_PLAN_CONTINUE, /* begun, not finished */
    ROG_PLAN_RETRY,    /* failed */
    ROG_PLAN_DONE,     /* nothing to do */
};
const char *rog_plan_action_name(enum rog_plan_action action);

struct rog_plan_run {
    struct rog_resolved_run resolved;
    int line;        /* in the experiment file; 0 for runs from a command line */
    size_t position; /* in the case */
    enum rog_plan_action action;
    bool fitted; /* without what its strategy has no use for (fit.h) */
    /* By match.h. */
    char *id;      /* NULL while new */
    char *why;     /* it is to be done, in words; NULL when it is done */
    char *changes; /* of files since it was begun; NULL: none, or it was not begun */
    char *before;  /* the run whose place in the case it takes, or NULL */
    bool unproven; /* done by a run of which is not known what was in its files */
};

/* A run of the case that leaves it, besides those whose place another takes. */
struct rog_plan_leaving {
    char *id;
    const char *why; /* in words */
};

struct rog_plan {
    char *base;      /* case without -caseK; NULL: the runs belong to no case or to a named one */
    char *case_name; /* with it, once matched; NULL: no case */
    char *cluster;   /* the cluster's name */
    char *other_cluster;        /* a remark on runs of another one (choose.h); or NULL */
    bool real_time;             /* the cluster is */
    char *figure;               /* NULL where the case has none */
    double target_accuracy;     /* of what is tested, NaN where the case has none */
    char *contender, *baseline; /* what the case compares; NULL where it does not say */
    struct rog_json *assumed;   /* the cluster's; NULL: nothing */
    struct rog_json *remarks;   /* texts: what of the file is not as it seems */
    struct rog_json *faulty; /* runs that cannot be planned (faulty.h), with options->all_faults */
    char *options;           /* what else is said of it, JSON; NULL where nothing is */
    bool case_is_new;
    struct rog_plan_run *run;
    size_t count;
    bool is_part;                     /* of the experiment: runs are left out */
    struct rog_plan_leaving *leaving; /* [leaving_count] */
    size_t leaving_count;
    struct rog_contents *contents;     /* what was in the files */
    struct rog_strategies *strategies; /* while it is made */
};

struct rog_plan_options {
    long long seed;   /* replaces the runs' seeds when >= 0 */
    long long repeat; /* so many runs of each, with seeds counting up; >= 1 */
    bool skip_same;   /* a repeat that is another run of the file is left out, else an error */
    bool all_faults;  /* runs that cannot be resolved go into plan->faulty, else are an error */
    const char *only; /* keep runs whose label contains this text; NULL: all */
};

/* All runs of an experiment, resolved. Two runs that are the same are an error that names their
 * lines. ROG_ENOTFOUND when `only` leaves none. */
int rog_plan_experiment(struct rog_plan **plan, const struct rog_experiment *experiment,
                        const struct rog_cluster *cluster, const struct rog_plan_options *options,
                        struct rog_error *err);

/* One run. case_name, as it is in the database or is to be made, may be NULL. */
int rog_plan_single(struct rog_plan **plan, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *case_name,
                    struct rog_error *err);
void rog_plan_free(struct rog_plan *plan);

/* Forgets what was found in a database (match.h). */
void rog_plan_unmatch(struct rog_plan *plan);

#endif
