/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the case that a plan continues, and for each run of the plan the corresponding recorded
 * run. */
#include <orchestrator/plan/match.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/plan/choose.h>
#include <orchestrator/plan/why.h>
#include <orchestrator/store/identity.h>

/* How a recorded run can correspond to one of the plan, best first. */
enum likeness {
    SAME_DONE,     /* done, and the same in everything */
    UNPROVEN_DONE, /* done, with the same settings; the contents of its files were not recorded */
    SAME_BEGUN,    /* the same in everything, but not done */
    /* Not done, and its files have changed since: it is started again with the current files. */
    ALIKE_BEGUN,
    ALIKE_DONE, /* done, with other files */
    LIKENESSES,
};

static bool is_like(const struct rog_recorded *recorded, const struct rog_resolved_run *run,
                    enum likeness likeness)
{
    bool known = recorded->settings_hash != NULL;
    bool same = strcmp(recorded->hash, run->hash) == 0;
    bool alike = known ? strcmp(recorded->settings_hash, run->settings_hash) == 0
                       : strcmp(recorded->hash, run->older_hash) == 0;
    switch (likeness) {
    case SAME_DONE:
        return recorded->done && same;
    case UNPROVEN_DONE:
        return recorded->done && alike && !known;
    case SAME_BEGUN:
        return !recorded->done && same;
    case ALIKE_BEGUN:
        return !recorded->done && alike;
    case ALIKE_DONE:
        return recorded->done && alike && known;
    case LIKENESSES:
        break;
    }
    return false;
}

static enum rog_plan_action action_of(const struct rog_recorded *recorded)
{
    if (recorded->done)
        return ROG_PLAN_DONE;
    if (recorded->running)
        return ROG_PLAN_CONTINUE;
    return recorded->failed ? ROG_PLAN_RETRY : ROG_PLAN_WAITING;
}

/* Assigns to every run without a recorded run the first one of this likeness that is not assigned
 * to another. */
static int claim(struct rog_plan *plan, const struct rog_recorded_list *list,
                 enum likeness likeness, size_t *found, bool *taken, struct rog_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct rog_plan_run *run = &plan->run[i];
        if (run->id)
            continue;
        for (size_t k = 0; k < list->count && found[i] == list->count; k++)
            if (!taken[k] && is_like(&list->run[k], &run->resolved, likeness))
                found[i] = k;
        if (found[i] == list->count)
            continue;
        const struct rog_recorded *recorded = &list->run[found[i]];
        char **name = likeness == ALIKE_DONE ? &run->before : &run->id;
        taken[found[i]] = true;
        *name = rog_strdup(recorded->id);
        if (!*name)
            return rog_fail_nomem(err);
        run->unproven = likeness == UNPROVEN_DONE;
        run->action = run->id ? action_of(recorded) : ROG_PLAN_NEW;
    }
    return 0;
}

/* Returns whether a new run has the settings of this recorded run but other files. */
static bool is_outdated(const struct rog_plan *plan, const struct rog_recorded *recorded)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->run[i].before && is_like(recorded, &plan->run[i].resolved, ALIKE_DONE))
            return true;
    return false;
}

/* Returns why a recorded run leaves the case; NULL: it stays. Failed runs that are no longer
 * requested have no results, and a run with other files would appear beside the new one under the
 * same label. */
static const char *why_it_leaves(const struct rog_plan *plan, const struct rog_recorded *recorded)
{
    if (plan->base && recorded->failed && !plan->is_part)
        return "failed and is no longer requested";
    if (!plan->base && recorded->failed && !recorded->begun)
        return "failed before it started";
    return is_outdated(plan, recorded) ? "read different files than the new run" : NULL;
}

static int find_leaving(struct rog_plan *plan, const struct rog_recorded_list *list,
                        const bool *taken, struct rog_error *err)
{
    if (!plan->case_name)
        return 0;
    plan->leaving = calloc(list->count + 1, sizeof *plan->leaving);
    if (!plan->leaving)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < list->count; i++) {
        const char *why = taken[i] ? NULL : why_it_leaves(plan, &list->run[i]);
        if (!why)
            continue;
        char *id = rog_strdup(list->run[i].id);
        if (!id)
            return rog_fail_nomem(err);
        plan->leaving[plan->leaving_count++] = (struct rog_plan_leaving){.id = id, .why = why};
    }
    return 0;
}

static int match(struct rog_plan *plan, struct rog_db *db, const struct rog_recorded_list *list,
                 struct rog_error *err)
{
    size_t *found = calloc(plan->count + 1, sizeof *found);
    bool *taken = calloc(list->count + 1, sizeof *taken);
    int code = found && taken ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < plan->count; i++)
        found[i] = list->count;
    for (int likeness = 0; code == 0 && likeness < LIKENESSES; likeness++) {
        /* A run without a case, which was requested on its own, is only resumed if it was not
         * finished. */
        bool counts = plan->base || likeness == SAME_BEGUN || likeness == ALIKE_BEGUN;
        if (counts)
            code = claim(plan, list, (enum likeness)likeness, found, taken, err);
    }
    if (code == 0)
        code = find_leaving(plan, list, taken, err);
    if (code == 0)
        code = rog_plan_explain(plan, db, list, found, taken, err);
    free(taken);
    free(found);
    return code;
}

static int match_runs(struct rog_plan *plan, struct rog_db *db, struct rog_error *err)
{
    struct rog_recorded_list list = {0};
    rog_plan_unmatch(plan);
    int code = db ? rog_recorded_load(db, plan->case_name, &list, err) : 0;
    if (code == 0)
        code = match(plan, db, &list, err);
    rog_recorded_release(&list);
    return code;
}

/* ---- the case ---- */

static bool is_planned(const void *user, const char *hash)
{
    const struct rog_plan *plan = user;
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->run[i].resolved.hash, hash) == 0 ||
            strcmp(plan->run[i].resolved.older_hash, hash) == 0)
            return true;
    return false;
}

static int choose_case(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err)
{
    struct rog_metric metric;
    rog_metric_read(plan->run[0].resolved.config, &metric, NULL);
    const struct rog_case_question question = {
        .metric = metric,
        .base = plan->base,
        .cluster = plan->cluster,
        .fresh = fresh,
        .is_planned = is_planned,
        .plan = plan,
    };
    free(plan->other_cluster);
    plan->other_cluster = NULL;
    if (plan->base) {
        free(plan->case_name);
        return rog_case_choose(&question, db, &plan->case_name, &plan->other_cluster, err);
    }
    return db && plan->case_name
               ? rog_case_compare(db, plan->case_name, plan->cluster, &plan->other_cluster, err)
               : 0;
}

static int case_is_new(struct rog_plan *plan, struct rog_db *db, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err, "SELECT 1 FROM cases WHERE name = ?", "s", plan->case_name);
    if (code == 0)
        code = rog_query_step(query, err);
    plan->case_is_new = code == 0;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

int rog_plan_match(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err)
{
    int code = choose_case(plan, db, fresh, err);
    plan->case_is_new = plan->case_name != NULL;
    if (code == 0 && db && plan->case_name)
        code = case_is_new(plan, db, err);
    return code == 0 ? match_runs(plan, db, err) : code;
}
