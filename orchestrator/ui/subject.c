/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a case of what a request refers to. */
#include <orchestrator/ui/subject.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/browse.h>
#include <orchestrator/store/chosen.h>
#include <orchestrator/store/summary.h>

/* Computes the state of the case: of all its runs, and of its settings. */
static int load_state(struct rog_db *db, struct rog_subject *subject,
                      const struct rog_chosen *chosen, struct rog_error *err)
{
    const struct rog_browse_filter filter = {.case_name = subject->name};
    struct rog_case_row row = {0};
    struct rog_listed_runs runs = {0};
    int code = rog_browse_runs(db, &filter, NULL, &runs, err);
    if (code == 0)
        code = rog_case_row_load(db, subject->name, &row, err);
    char *options = code == 0 ? rog_json_text(row.options) : NULL;
    char *said = rog_format("%s %s %s %.17g %s", row.figure ? row.figure : "",
                            row.contender ? row.contender : "", row.baseline ? row.baseline : "",
                            row.target_accuracy, options ? options : "");
    uint64_t state = 0xcbf29ce484222325u ^ runs.count;
    for (const char *at = said; at && *at; at++)
        state = (state ^ (unsigned char)*at) * 0x100000001b3u;
    for (size_t i = 0; i < chosen->runs; i++) /* the order of runs matters */
        for (const char *at = chosen->run[i]; *at; at++)
            state = (state ^ (unsigned char)*at) * 0x100000001b3u;
    for (size_t i = 0; i < runs.count; i++)
        state = (state ^ runs.run[i].state) * 0x100000001b3u;
    subject->state = state;
    if (code == 0 && !said)
        code = rog_fail_nomem(err);
    free(said);
    free(options);
    rog_case_row_release(&row);
    rog_listed_runs_release(&runs);
    return code;
}

static int choose(const struct rog_ui_call *call, struct rog_chosen *chosen,
                  struct rog_subject *subject, struct rog_error *err)
{
    chosen->contender = rog_target_text(call->target, "contender");
    chosen->baseline = rog_target_text(call->target, "baseline");
    chosen->target = (double)NAN;
    int code = rog_target_real(call->target, "target", -1e12, 1e12, &chosen->target, err);
    if (code == 0) {
        subject->name = rog_strdup(chosen->name);
        code = subject->name ? rog_chosen_make(call->db, chosen, err) : rog_fail_nomem(err);
    }
    return code < 0 ? code : load_state(call->db, subject, chosen, err);
}

static int take_case(const struct rog_ui_call *call, const char *case_name,
                     struct rog_subject *subject, struct rog_error *err)
{
    struct rog_names ids = {0};
    int code = rog_case_runs(call->db, case_name, &ids, err);
    if (code < 0)
        return code;
    struct rog_chosen chosen = {.name = case_name,
                                .like = case_name,
                                .run = (const char *const *)ids.name,
                                .runs = ids.count};
    code = choose(call, &chosen, subject, err);
    rog_names_release(&ids);
    return code;
}

/* `like`: a case whose settings the new one gets; NULL: none. */
static int take_runs(const struct rog_ui_call *call, const char *const *wanted, size_t count,
                     const char *name, struct rog_subject *subject, struct rog_error *err)
{
    char *ids[ROG_SUBJECT_RUNS_MAX] = {NULL};
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++)
        code = rog_run_find(call->db, wanted[i], &ids[i], err);
    struct rog_chosen chosen = {.name = name ? name : ids[0],
                                .like = rog_target_text(call->target, "case"),
                                .run = (const char *const *)ids,
                                .runs = count};
    if (code == 0)
        code = choose(call, &chosen, subject, err);
    for (size_t i = 0; i < count; i++)
        free(ids[i]);
    return code;
}

int rog_subject_take(const struct rog_ui_call *call, const char *case_name,
                     struct rog_subject *subject, struct rog_error *err)
{
    const char *wanted[ROG_SUBJECT_RUNS_MAX + 1];
    *subject = (struct rog_subject){0};
    if (case_name)
        return take_case(call, case_name, subject, err);
    size_t count = rog_target_texts(call->target, "run", wanted, ROG_SUBJECT_RUNS_MAX + 1);
    if (count == 0 || count > ROG_SUBJECT_RUNS_MAX)
        return rog_fail(err, ROG_EINVAL, "run must name 1 to %d runs: run=ID&run=ID",
                        ROG_SUBJECT_RUNS_MAX);
    return take_runs(call, wanted, count, "chosen", subject, err);
}

int rog_subject_take_run(const struct rog_ui_call *call, const char *run,
                         struct rog_subject *subject, struct rog_error *err)
{
    *subject = (struct rog_subject){0};
    return take_runs(call, &run, 1, NULL, subject, err);
}

void rog_subject_release(struct rog_subject *subject)
{
    free(subject->name);
    *subject = (struct rog_subject){0};
}
