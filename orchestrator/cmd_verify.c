/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl verify: checks recorded runs: one, or all of a case. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <orchestrator/check/verify.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>

static struct rog_json *verify_json(const char *id, const struct rog_verify *verify)
{
    struct rog_json *result = rog_json_object(), *checks = rog_json_array();
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++) {
        const struct rog_finding_list *list = &verify->check[i];
        struct rog_json *check = rog_json_object(), *findings = rog_json_array();
        for (size_t k = 0; k < list->findings; k++)
            rog_json_append(findings, rog_json_new_string(list->finding[k]));
        rog_json_put_string(check, "check", list->name);
        rog_json_put_integer(check, "checked", (int64_t)list->checked);
        rog_json_put_integer(check, "failed", (int64_t)list->failed);
        rog_json_put(check, "findings", findings);
        if (list->unchecked)
            rog_json_put_string(check, "unchecked", list->unchecked);
        rog_json_append(checks, check);
    }
    rog_json_put_string(result, "run", id);
    rog_json_put_bool(result, "passed",
                      rog_verify_failed(verify) == 0 && rog_verify_iterations(verify) > 0);
    rog_setbacks_put(&verify->setbacks, result);
    rog_json_put(result, "checks", checks);
    return result;
}

static int print_text(const char *id, const struct rog_verify *verify, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("check|>checked|result|~what");
    if (!table)
        return rog_fail_nomem(err);
    rog_print("%s", id);
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++) {
        const struct rog_finding_list *list = &verify->check[i];
        rog_table_cell(table, "%s", list->name);
        rog_table_cell(table, "%zu", list->checked);
        if (list->failed)
            rog_table_cell(table, "%zu FAILED", list->failed);
        else
            rog_table_cell(table, "%s", list->checked ? "passed" : "not recorded");
        rog_table_paint(table, list->failed ? ROG_RED : list->checked ? ROG_GREEN : ROG_PLAIN);
        rog_table_cell(table, "%s", list->what);
    }
    int code = rog_table_print(table, err);
    char setbacks[ROG_SETBACKS_BYTES];
    rog_setbacks_text(&verify->setbacks, setbacks);
    if (code == 0 && setbacks[0])
        rog_print("recorded, without findings: %s", setbacks);
    for (int i = 0; i < ROG_VERIFY_CHECKS && code == 0; i++)
        if (verify->check[i].unchecked)
            rog_print("%s: not checked: %s", verify->check[i].name, verify->check[i].unchecked);
    for (int i = 0; i < ROG_VERIFY_CHECKS && code == 0; i++)
        for (size_t k = 0; k < verify->check[i].findings; k++)
            rog_print("%s: %s", verify->check[i].name, verify->check[i].finding[k]);
    return code;
}

static int verify_one(struct rog_db *db, const char *id, bool json, struct rog_error *err)
{
    struct rog_verify verify = {0};
    int code = rog_verify_run(db, id, &verify, err);
    if (code == 0)
        code = json ? rog_print_json(verify_json(id, &verify), err) : print_text(id, &verify, err);
    if (code == 0 && rog_verify_failed(&verify) > 0)
        code = rog_fail(err, ROG_EFAILED, "run %s: %zu findings", id, rog_verify_failed(&verify));
    else if (code == 0 && rog_verify_iterations(&verify) == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "run %s: no worker has finished an iteration, so there is nothing to check",
                        id);
    rog_verify_release(&verify);
    return code;
}

/* ---- a case ---- */

static size_t checked(const struct rog_verify *verify)
{
    size_t sum = 0;
    for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
        sum += verify->check[i].checked;
    return sum;
}

static void add_run(struct rog_table *table, const char *id, const struct rog_verify *verify)
{
    rog_table_cell(table, "%s", id);
    rog_table_cell(table, "%zu", checked(verify));
    if (rog_verify_failed(verify))
        rog_table_cell(table, "%zu FAILED", rog_verify_failed(verify));
    else
        rog_table_cell(table, "%s", rog_verify_iterations(verify) ? "passed" : "no iteration");
    rog_table_paint(table, rog_verify_failed(verify)       ? ROG_RED
                           : rog_verify_iterations(verify) ? ROG_GREEN
                                                           : ROG_YELLOW);
}

/* Prints the findings of all runs, each with its run. */
static void print_findings(const struct rog_names *ids, const struct rog_verify *verify)
{
    for (size_t r = 0; r < ids->count; r++)
        for (int i = 0; i < ROG_VERIFY_CHECKS; i++)
            for (size_t k = 0; k < verify[r].check[i].findings; k++)
                rog_print("%s: %s: %s", ids->name[r], verify[r].check[i].name,
                          verify[r].check[i].finding[k]);
}

static int print_case(const struct rog_names *ids, const struct rog_verify *verify, bool json,
                      struct rog_error *err)
{
    if (json) {
        struct rog_json *runs = rog_json_array();
        for (size_t r = 0; r < ids->count; r++)
            rog_json_append(runs, verify_json(ids->name[r], &verify[r]));
        return rog_print_json(runs, err);
    }
    struct rog_table *table = rog_table_new("run|>?1checked|result");
    if (!table)
        return rog_fail_nomem(err);
    for (size_t r = 0; r < ids->count; r++)
        add_run(table, ids->name[r], &verify[r]);
    int code = rog_table_print(table, err);
    if (code == 0)
        print_findings(ids, verify);
    return code;
}

static int judge_case(const char *name, const struct rog_names *ids,
                      const struct rog_verify *verify, struct rog_error *err)
{
    size_t findings = 0, runs = 0, iterations = 0;
    for (size_t r = 0; r < ids->count; r++) {
        findings += rog_verify_failed(&verify[r]);
        runs += rog_verify_failed(&verify[r]) > 0;
        iterations += rog_verify_iterations(&verify[r]);
    }
    if (findings)
        return rog_fail(err, ROG_EFAILED,
                        "case %s: %zu findings in %zu of %zu runs; `rogctl verify "
                        "RUN` has all of one",
                        name, findings, runs, ids->count);
    return iterations
               ? 0
               : rog_fail(
                     err, ROG_ENOTFOUND,
                     "case %s: no worker has finished an iteration, so there is nothing to check",
                     name);
}

static int verify_case(struct rog_db *db, const char *name, const struct rog_names *ids, bool json,
                       struct rog_error *err)
{
    struct rog_verify *verify = calloc(ids->count + 1, sizeof *verify);
    int code = verify ? 0 : rog_fail_nomem(err);
    for (size_t r = 0; code == 0 && r < ids->count; r++)
        code = rog_verify_run(db, ids->name[r], &verify[r], err);
    if (code == 0)
        code = print_case(ids, verify, json, err);
    if (code == 0)
        code = judge_case(name, ids, verify, err);
    for (size_t r = 0; verify && r < ids->count; r++)
        rog_verify_release(&verify[r]);
    free(verify);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_names ids = {0};
    char *id = NULL;
    const char *name = rog_cli_arg(cli, 0);
    bool json = rog_output_of(cli).json;
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = rog_run_find(db, name, &id, err);
    if (code == 0)
        code = verify_one(db, id, json, err);
    else if (code == ROG_ENOTFOUND && db && rog_case_runs(db, name, &ids, NULL) == 0)
        code = verify_case(db, name, &ids, json, err);
    rog_names_release(&ids);
    free(id);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_verify = {
    .name = "verify",
    .usage = "RUN|CASE",
    .summary = "Check recorded runs for consistency and against the promises of their strategies",
    .details =
        "Replays the events of a run, or of each run of a case. The server must have admitted no "
        "worker that the strategy forbids to continue. Times, rows and bytes must add up, and "
        "nothing may be missing. Settings must be the same wherever they are recorded. Checkpoints "
        "must be the saved files, with the results of their tests. The tables must contain what "
        "the trainer wrote. Files that are gone from the run's folder are reported as not checked. "
        "Of a run in "
        "progress, what is recorded so far is checked. Exit status 1: there are findings, each "
        "with its event; 3: the run has no iteration, so there is nothing to check.",
    .options = NULL,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
