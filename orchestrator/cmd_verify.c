/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl verify: checks recorded runs. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <orchestrator/check/verify.h>
#include <orchestrator/output.h>
#include <orchestrator/store/summary.h>

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
    rog_json_put_integer(result, "restarts", verify->setbacks.restarts);
    rog_json_put_number(result, "lost_s", verify->setbacks.lost_s);
    rog_json_put(result, "checks", checks);
    return result;
}

static int print_text(const char *id, const struct rog_verify *verify, struct rog_error *err)
{
    struct rog_table *table = rog_table_new("check|>checked|result|what");
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
        rog_table_cell(table, "%s", list->what);
    }
    int code = rog_table_print(table, err);
    char setbacks[ROG_SETBACKS_BYTES];
    rog_setbacks_text(&verify->setbacks, setbacks);
    if (code == 0 && setbacks[0])
        rog_print("recorded, and no finding: %s", setbacks);
    for (int i = 0; i < ROG_VERIFY_CHECKS && code == 0; i++)
        if (verify->check[i].unchecked)
            rog_print("%s: not checked: %s", verify->check[i].name, verify->check[i].unchecked);
    for (int i = 0; i < ROG_VERIFY_CHECKS && code == 0; i++)
        for (size_t k = 0; k < verify->check[i].findings; k++)
            rog_print("%s: %s", verify->check[i].name, verify->check[i].finding[k]);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_db *db = NULL;
    struct rog_verify verify = {0};
    char *id = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    if (code == 0)
        code = rog_run_find(db, rog_cli_arg(cli, 0), &id, err);
    if (code == 0)
        code = rog_verify_run(db, id, &verify, err);
    if (code == 0)
        code = rog_output_of(cli).json ? rog_print_json(verify_json(id, &verify), err)
                                       : print_text(id, &verify, err);
    if (code == 0 && rog_verify_failed(&verify) > 0)
        code = rog_fail(err, ROG_EFAILED, "run %s: %zu findings", id, rog_verify_failed(&verify));
    else if (code == 0 && rog_verify_iterations(&verify) == 0)
        code = rog_fail(err, ROG_ENOTFOUND,
                        "run %s: no worker has finished an iteration, so there is nothing to check",
                        id);
    rog_verify_release(&verify);
    free(id);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_verify = {
    .name = "verify",
    .usage = "RUN",
    .summary = "Check a recorded run against itself and its strategy",
    .details =
        "Replays the run's events: no worker may have passed an admission that its strategy "
        "forbids, times, rows and bytes must add up, and the tables must hold what the "
        "trainer wrote. Ends with status 1 when anything is found, naming the event, and with "
        "status 3 when the run has no iteration, so that there is nothing to check.",
    .options = NULL,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
