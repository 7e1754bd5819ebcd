/* SPDX-License-Identifier: Apache-2.0 */
/* /api/overview: the database, its cases, and sweeps. */
#include <orchestrator/ui/call.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <common/file.h>
#include <orchestrator/store/browse.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/ui/answer.h>

static void put_file(struct rog_json *database, const char *path)
{
    struct stat status, log;
    struct tm utc;
    char text[ROG_UTC_BYTES];
    if (stat(path, &status) != 0) {
        rog_json_put_string(database, "modified_at", NULL);
        return;
    }
    char *beside = rog_format("%s-wal", path); /* contains the latest changes */
    int64_t more = beside && stat(beside, &log) == 0 ? log.st_size : 0;
    free(beside);
    rog_json_put_integer(database, "bytes", status.st_size + more);
    gmtime_r(&status.st_mtime, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    rog_json_put_string(database, "modified_at", text);
}

static int read_database(struct rog_db *db, struct rog_json *database, struct rog_json *cases,
                         struct rog_error *err)
{
    int code = rog_browse_count(db, database, err);
    return code < 0 ? code : rog_cases_list(db, cases, err);
}

int rog_api_overview(const struct rog_ui_call *call, struct rog_web_answer *answer,
                     struct rog_error *err)
{
    struct rog_ui *ui = call->ui;
    struct rog_json *object = rog_json_object(), *database = rog_json_object();
    struct rog_json *cases = rog_json_array(), *sweeps = NULL;
    struct rog_db *db = NULL;
    struct rog_error why = {0};
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = rog_desk_db(call->desk, &db, &why);
    if (code == 0)
        code = read_database(db, database, cases, &why);
    rog_desk_leave(call->desk, code);
    rog_json_put_string(database, "path", ui->database);
    rog_json_put_string(database, "state", rog_database_state(ui->database, code));
    rog_json_put_string(database, "message", code == 0 ? NULL : why.message);
    rog_json_put_integer(database, "data_version", rog_hub_changes(ui->hub));
    put_file(database, ui->database);
    if (ui->hooks.sweeps(ui->database, &sweeps, NULL) < 0)
        sweeps = rog_json_array(); /* a user without a state folder has none */
    rog_json_put_string(object, "version", ROG_VERSION);
    rog_json_put_string(object, "now", now);
    rog_json_put_bool(object, "read_only", true);
    rog_json_put(object, "database", database);
    rog_json_put(object, "cases", cases);
    rog_json_put(object, "sweeps", sweeps);
    return rog_answer_json(answer, object, err);
}
