/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the case that a sweep continues, by the clusters of its recorded runs. */
#include <orchestrator/plan/choose.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/cases.h>

#define NO_CASE (-1L)

struct choice {
    long latest;              /* of all cases; NO_CASE: there is none */
    long suitable;            /* the latest case that may be continued on this cluster */
    char *cluster;            /* cluster of a run of the latest case */
    struct rog_metric metric; /* metric of that run */
};

/* Returns K of BASE-caseK, NO_CASE for other names. */
static long number_of(const char *name, size_t base_length)
{
    static const char middle[] = "-case";
    const char *digits = name + base_length + sizeof middle - 1;
    if (strncmp(name + base_length, middle, sizeof middle - 1) != 0)
        return NO_CASE;
    size_t length = strspn(digits, "0123456789");
    return length > 0 && length < 9 && digits[length] == '\0' ? atol(digits) : NO_CASE;
}

/* Considers a row: a run of a case, or a case without runs. */
static int look(struct choice *choice, const struct rog_case_question *question,
                const struct rog_query *row, struct rog_error *err)
{
    const char *cluster = rog_query_text(row, 1), *hash = rog_query_text(row, 2);
    struct rog_metric metric;
    rog_metric_parse(rog_query_text(row, 3), &metric);
    bool comparable = !hash || rog_metric_is_same(&metric, &question->metric);
    long number = number_of(rog_query_text(row, 0), strlen(question->base));
    if (number == NO_CASE)
        return 0;
    if (number > choice->latest) {
        choice->latest = number;
        choice->metric = metric;
        free(choice->cluster);
        choice->cluster = rog_strdup(cluster);
        if (cluster && !choice->cluster)
            return rog_fail_nomem(err);
    }
    if (number > choice->suitable && comparable &&
        (!cluster || strcmp(cluster, question->cluster) == 0 ||
         (hash && question->is_planned(question->plan, hash))))
        choice->suitable = number;
    return 0;
}

static int look_at_all(struct choice *choice, const struct rog_case_question *question,
                       struct rog_db *db, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_cases_runs(db, question->base, &query, err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = look(choice, question, query, err);
    rog_query_free(query);
    return code;
}

int rog_case_choose(const struct rog_case_question *question, struct rog_db *db, char **case_name,
                    char **remark, struct rog_error *err)
{
    struct choice choice = {.latest = NO_CASE, .suitable = NO_CASE};
    *case_name = *remark = NULL;
    int code = db ? look_at_all(&choice, question, db, err) : 0;
    bool begins = question->fresh || choice.suitable == NO_CASE;
    if (code == 0) {
        *case_name =
            rog_format("%s-case%ld", question->base, begins ? choice.latest + 1 : choice.suitable);
        code = *case_name ? 0 : rog_fail_nomem(err);
    }
    if (code == 0 && !question->fresh && choice.latest > choice.suitable && choice.cluster)
        *remark =
            rog_format("%s-case%ld has runs on cluster %s; those on %s are %s", question->base,
                       choice.latest, choice.cluster, question->cluster, *case_name);
    if (*remark && !rog_metric_is_same(&choice.metric, &question->metric)) {
        char there[ROG_METRIC_TEXT_BYTES], here[ROG_METRIC_TEXT_BYTES];
        rog_metric_title(&choice.metric, there);
        rog_metric_title(&question->metric, here);
        free(*remark);
        *remark = rog_format("%s-case%ld has runs that are tested for %s; those for %s are %s",
                             question->base, choice.latest, there, here, *case_name);
    }
    free(choice.cluster);
    return code;
}

int rog_case_compare(struct rog_db *db, const char *case_name, const char *cluster, char **remark,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *other = NULL;
    bool own = false;
    *remark = NULL;
    int code = rog_cases_runs(db, case_name, &query, err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const char *found = rog_query_text(query, 1);
        code = 0;
        if (!found || strcmp(rog_query_text(query, 0), case_name) != 0)
            continue;
        own = own || strcmp(found, cluster) == 0;
        if (!other && !(other = rog_strdup(found)))
            code = rog_fail_nomem(err);
    }
    rog_query_free(query);
    if (code == 0 && other && !own)
        *remark =
            rog_format("%s has runs on cluster %s; this one is on %s", case_name, other, cluster);
    free(other);
    return code;
}
