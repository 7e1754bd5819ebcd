/* SPDX-License-Identifier: Apache-2.0 */
/* Executes runs on virtual clusters: a run is one `rog-trainer simulate` process with the programs
 * that it starts. */
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/executor.h>

#include <stdio.h>
#include <stdlib.h>

#include <common/file.h>
#include <common/process.h>
#include <common/workload.h>
#include <orchestrator/fleet/run_files.h>

struct simulator {
    struct rog_process process;
    char *config, *log;
};

static void stop(void *state, bool leave)
{
    (void)leave; /* its processes exit with this one */
    struct simulator *simulator = state;
    rog_process_stop(&simulator->process);
    free(simulator->config);
    free(simulator->log);
    free(simulator);
}

/* Returns how many programs of a run may compute at the same time, each with its threads. */
static int programs_at_once(const struct rog_attempt *attempt)
{
    int64_t threads = rog_json_get_integer(attempt->config, "program_threads", 0);
    int64_t most = attempt->at_once / (threads > 1 ? threads : 1);
    return most > 1 ? (int)most : 1;
}

static int start(void **state, const struct rog_attempt *attempt, struct rog_error *err)
{
    struct simulator *simulator = calloc(1, sizeof *simulator);
    if (!simulator)
        return rog_fail_nomem(err);
    simulator->process = ROG_PROCESS_NONE;
    simulator->config = rog_path_join(attempt->folder, ROG_RUN_CONFIG);
    simulator->log = rog_path_join(attempt->folder, ROG_RUN_LOG);
    int code = simulator->config && simulator->log ? 0 : rog_fail_nomem(err);
    char jobs[24];
    const char *resume = attempt->resume ? "--resume" : NULL;
    snprintf(jobs, sizeof jobs, "%d", programs_at_once(attempt));
    const bool has_programs = rog_workload_is_program(attempt->config);
    const char *const argv[] = {attempt->trainer,
                                "simulate",
                                "--config",
                                simulator->config,
                                "--out",
                                attempt->folder,
                                "--threads",
                                "1",
                                has_programs ? "--jobs" : resume,
                                has_programs ? jobs : NULL,
                                resume,
                                NULL};
    const struct rog_process_options how = {.argv = argv, .log = simulator->log};
    if (code == 0)
        code = rog_process_start(&simulator->process, &how, err);
    if (code < 0)
        stop(simulator, false);
    else
        *state = simulator;
    return code;
}

static int step(void *state, enum rog_attempt_state *reached, struct rog_error *err)
{
    struct simulator *simulator = state;
    bool ended = rog_process_ended(&simulator->process);
    *reached = ended ? ROG_ATTEMPT_ENDED : ROG_ATTEMPT_RUNNING;
    if (!ended || simulator->process.status == 0)
        return 0;
    return rog_run_judge("the trainer", &simulator->process, simulator->log, err);
}

static const struct rog_executor executor = {
    .resumes = true,
    .start = start,
    .step = step,
    .stop = stop,
};

const struct rog_cluster_kind rog_virtual_cluster = {
    .name = "virtual",
    .summary = "virtual time, on this machine alone: as fast as it computes",
    .executor = &executor,
};
