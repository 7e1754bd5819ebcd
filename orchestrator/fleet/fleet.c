/* SPDX-License-Identifier: Apache-2.0 */
/* Executes runs on a cluster. */
#include <orchestrator/fleet/fleet.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/record.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/runner.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/fleet/tester.h>
#include <orchestrator/store/identity.h>
#include <orchestrator/store/paths.h>

#define POLL_MS 100

int rog_fleet_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                      struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    struct rog_signals signals;
    int code = rog_signals_init(&signals, err);
    if (code < 0)
        return code;
    code = rog_runner_execute(cluster, options, &signals, jobs, count, err);
    rog_signals_release(&signals);
    return code;
}

/* Steps the tester until nothing is left to test. */
static int test_all(struct rog_fleet_tester *tester, struct rog_signals *signals,
                    struct rog_error *err)
{
    bool idle = false;
    int code = rog_fleet_tester_step(tester, &idle, err);
    while (code == 0 && !idle) {
        if (rog_signals_wait(signals, POLL_MS))
            return rog_fail(err, ROG_EINTR, "interrupted");
        code = rog_fleet_tester_step(tester, &idle, err);
    }
    return code;
}

/* A checkpoint has another accuracy on other data than its run was recorded with. */
static int check_data(const struct rog_fleet_options *options, const char *run_id,
                      struct rog_error *err)
{
    struct rog_json *identity = NULL;
    struct rog_inputs inputs = {0};
    struct rog_contents *contents = NULL;
    int code = rog_identity_load(options->db, run_id, &identity, err);
    if (code == 0)
        code = rog_inputs_from_json(&inputs, rog_json_get(identity, "files"), err);
    if (code == 0)
        code = rog_contents_new(&contents, err);
    if (code == 0)
        code = rog_inputs_check(&inputs, "data", "the run was recorded", contents, err);
    rog_contents_free(contents);
    rog_inputs_release(&inputs);
    rog_json_free(identity);
    return code;
}

int rog_fleet_test(const struct rog_fleet_options *options, const char *run_id, size_t *tested,
                   struct rog_error *err)
{
    int lock = -1, code = 0;
    struct rog_signals signals = {0};
    struct rog_fleet_tester tester = {.process = ROG_PROCESS_NONE};
    char *relative = rog_run_folder_name(rog_db_path(options->db), run_id);
    char *folder = relative ? rog_store_path(rog_db_path(options->db), relative) : NULL;
    *tested = 0;
    if (!folder)
        code = rog_fail_nomem(err);
    if (code == 0)
        code = rog_run_lock(folder, &lock, err);
    if (code == 0)
        code = check_data(options, run_id, err);
    if (code == 0)
        code = rog_signals_init(&signals, err);
    if (code == 0)
        code = rog_fleet_tester_init(&tester, options, NULL, run_id, folder, err);
    if (code == 0)
        code = test_all(&tester, &signals, err);
    /* The run lacked only these tests. */
    if (code == 0 && rog_run_is_untested(folder))
        code = rog_fleet_record_end(options->db, run_id, folder, NULL, err);
    *tested = tester.tested;
    rog_fleet_tester_release(&tester);
    rog_signals_release(&signals);
    rog_run_unlock(lock);
    free(folder);
    free(relative);
    return code;
}

char *rog_fleet_trainer_path(struct rog_error *err)
{
    const char *given = getenv("ROG_TRAINER");
    char *path = NULL;
    if (given && given[0]) {
        path = rog_strdup(given);
    } else {
        char *bin = rog_install_path("bin", err);
        if (!bin)
            return NULL;
        path = rog_path_join(bin, "rog-trainer");
        free(bin);
    }
    if (!path) {
        rog_fail_nomem(err);
    } else if (access(path, X_OK) != 0) {
        rog_fail(
            err, ROG_EFAILED,
            "%s: no such program; install rog-trainer beside rogctl or set ROG_TRAINER to its path",
            path);
        free(path);
        path = NULL;
    }
    return path;
}
