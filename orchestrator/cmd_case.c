/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl case: changes the runs of a case, or its name. */
#include <orchestrator/commands.h>

#include <common/meant.h>

#include <stdlib.h>
#include <string.h>

#include <orchestrator/conf/experiment.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>

static int check_name(const char *name, struct rog_error *err)
{
    return rog_name_is_plain(name)
               ? 0
               : rog_fail(err, ROG_EINVAL,
                          "case name \"%s\": letters, digits, '-', '_' and '.' are allowed", name);
}

static int must_exist(struct rog_db *db, const char *name, struct rog_error *err)
{
    struct rog_case_row row;
    int code = rog_case_row_load(db, name, &row, err);
    rog_case_row_release(&row);
    return code;
}

/* Applies `change` to each RUN of the command line. */
static int each_run(const struct rog_cli *cli, struct rog_db *db,
                    int (*change)(struct rog_db *db, const char *case_name, const char *id,
                                  struct rog_error *err),
                    struct rog_error *err)
{
    int code = 0;
    for (int i = 2; code == 0 && i < rog_cli_arg_count(cli); i++) {
        char *id = NULL;
        code = rog_run_find(db, rog_cli_arg(cli, i), &id, err);
        if (code == 0)
            code = change(db, rog_cli_arg(cli, 1), id, err);
        free(id);
    }
    return code;
}

static int add(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    if (rog_cli_arg_count(cli) == 2)
        return rog_fail(err, ROG_EINVAL, "usage: rogctl case add CASE RUN...");
    int code = check_name(rog_cli_arg(cli, 1), err);
    return code < 0 ? code : each_run(cli, db, rog_case_add_run, err);
}

static int remove_runs(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    int code = must_exist(db, rog_cli_arg(cli, 1), err);
    if (code == 0 && rog_cli_arg_count(cli) == 2)
        return rog_case_remove(db, rog_cli_arg(cli, 1), err);
    return code < 0 ? code : each_run(cli, db, rog_case_remove_run, err);
}

static int rename_case(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err)
{
    const char *old = rog_cli_arg(cli, 1), *new = rog_cli_arg(cli, 2);
    if (rog_cli_arg_count(cli) != 3)
        return rog_fail(err, ROG_EINVAL, "usage: rogctl case rename OLD NEW");
    int code = check_name(new, err);
    if (code == 0)
        code = must_exist(db, old, err);
    if (code == 0 && must_exist(db, new, NULL) == 0)
        code = rog_fail(err, ROG_EINVAL, "case %s already exists", new);
    if (code == 0)
        code = rog_case_rename(db, old, new, err);
    return code;
}

static const struct {
    const char *name;
    int (*act)(const struct rog_cli *cli, struct rog_db *db, struct rog_error *err);
    int result_arg; /* index of the argument that is the case's name afterwards */
} actions[] = {
    {"add", add, 1},
    {"remove", remove_runs, 1},
    {"rename", rename_case, 2},
};
#define ACTIONS (sizeof actions / sizeof *actions)

static int show_case(const struct rog_cli *cli, struct rog_db *db, const char *name,
                     struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    struct rog_names ids = {0};
    bool gone = must_exist(db, name, NULL) == ROG_ENOTFOUND;
    int code = gone ? 0 : rog_case_runs(db, name, &ids, err);
    if (code < 0)
        return code;
    if (output.json) {
        struct rog_json *result = rog_json_object(), *runs = rog_json_array();
        for (size_t i = 0; i < ids.count; i++)
            rog_json_append(runs, rog_json_new_string(ids.name[i]));
        rog_json_put_string(result, "case", name);
        rog_json_put(result, "runs", runs);
        code = rog_print_json(result, err);
    } else if (gone) {
        rog_remark(&output, "removed %s; its runs stay recorded", name);
    } else {
        rog_remark(&output, "%s holds %zu run%s", name, ids.count, ids.count == 1 ? "" : "s");
    }
    rog_names_release(&ids);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    size_t action = 0;
    while (action < ACTIONS && strcmp(actions[action].name, rog_cli_arg(cli, 0)) != 0)
        action++;
    if (action == ACTIONS)
        return rog_fail(
            err, ROG_EINVAL, "case must be followed by add, remove or rename (found %s)%s",
            rog_cli_arg(cli, 0), rog_meant_choice(rog_cli_arg(cli, 0), "add|remove|rename", meant));
    struct rog_db *db = NULL;
    /* Fails if the database does not exist. */
    int code = rog_command_db(cli, ROG_DB_READ, &db, err);
    rog_db_close(db);
    db = NULL;
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &db, err);
    if (code == 0)
        code = rog_db_begin(db, err);
    if (code == 0)
        code = actions[action].act(cli, db, err);
    if (code == 0)
        code = rog_db_commit(db, err);
    if (code == 0)
        code = show_case(cli, db, rog_cli_arg(cli, actions[action].result_arg), err);
    rog_db_close(db);
    return code;
}

const struct rog_command rog_cmd_case = {
    .name = "case",
    .usage = "add CASE RUN... | remove CASE [RUN...] | rename OLD NEW",
    .summary = "Change which runs a case holds, or its name",
    .details = "add creates the case if it does not exist. remove without RUN removes the case "
               "itself. Removed runs stay recorded.",
    .min_args = 2,
    .max_args = -1,
    .run = run,
};
