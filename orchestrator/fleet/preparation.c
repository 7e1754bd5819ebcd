/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command of the trainer and reads its output. */
#include <orchestrator/fleet/preparation.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <common/scratch.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/paths.h>

#define POLL_MS 100

/* Files of the command: its configuration and its standard error, which is kept as `kept` if the
 * command failed. */
struct place {
    struct rog_scratch folder;
    char *config, *log, *kept;
};

static int make_place(struct place *place, const char *command,
                      const struct rog_fleet_options *options, const struct rog_fleet_job *job,
                      struct rog_error *err)
{
    char *runs = rog_runs_folder_name(rog_db_path(options->db));
    char *folder = runs ? rog_store_path(rog_db_path(options->db), runs) : NULL;
    char *text = rog_json_text_pretty(job->config);
    int code = folder && text ? rog_dir_make(folder, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_scratch_make(&place->folder, folder, command, err);
    if (code == 0) {
        place->config = rog_path_join(place->folder.path, ROG_RUN_CONFIG);
        place->log = rog_path_join(place->folder.path, ROG_RUN_LOG);
        place->kept = rog_format("%s/%s-%s.log", folder, command, job->run_id);
        code = place->config && place->log && place->kept
                   ? rog_file_write(place->config, text, strlen(text), err)
                   : rog_fail_nomem(err);
    }
    free(text);
    free(folder);
    free(runs);
    return code;
}

static int run(const struct rog_preparation *preparation, const char *trainer,
               struct rog_signals *signals, const struct place *place, struct rog_error *err)
{
    const char *const argv[] = {trainer,       preparation->command, "--config",
                                place->config, preparation->option,  preparation->value,
                                NULL};
    const struct rog_process_options how = {.argv = argv, .log = place->log, .pipes = true};
    struct rog_process process;
    struct rog_lines lines = {0};
    char message[512] = "";
    const char *line;
    int code = rog_process_start(&process, &how, err);
    bool ended = false;
    while (code == 0 && !ended) {
        if (rog_signals_wait(signals, POLL_MS))
            code = rog_fail(err, ROG_EINTR, "interrupted");
        ended = rog_process_ended(&process);
        if (code == 0)
            code = rog_lines_fill(&lines, &process, err);
        while ((line = rog_lines_next(&lines)))
            preparation->line(preparation->user, line, message, sizeof message);
    }
    if (code == 0 && process.status != 0) {
        if (message[0] == '\0')
            rog_run_log_tail(place->log, message, sizeof message);
        code = rog_fail(err, ROG_EFAILED, "%s: %s", preparation->what,
                        message[0] ? message : "the trainer gave no reason");
    }
    rog_process_stop(&process);
    rog_lines_release(&lines);
    return code;
}

int rog_preparation_run(const struct rog_preparation *preparation,
                        const struct rog_fleet_options *options, struct rog_signals *signals,
                        const struct rog_fleet_job *job, struct rog_error *err)
{
    struct place place = {0};
    int code = make_place(&place, preparation->command, options, job, err);
    if (code == 0)
        code = run(preparation, options->trainer, signals, &place, err);
    if (code != 0 && code != ROG_EINTR && place.kept)
        rename(place.log, place.kept);
    else if (place.kept)
        unlink(place.kept); /* left by an earlier failure */
    rog_scratch_remove(&place.folder, NULL);
    free(place.kept);
    free(place.log);
    free(place.config);
    return code;
}
