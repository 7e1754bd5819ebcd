/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual clusters: a run is one `rog-trainer simulate` process. */
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/executor.h>

#include <stdlib.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/fleet/run_files.h>

struct simulator {
    struct rog_process process;
    char *config, *log;
};

static void stop(void *state)
{
    struct simulator *simulator = state;
    rog_process_stop(&simulator->process);
    free(simulator->config);
    free(simulator->log);
    free(simulator);
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
    const char *const argv[] = {attempt->trainer,
                                "simulate",
                                "--config",
                                simulator->config,
                                "--out",
                                attempt->folder,
                                "--threads",
                                "1",
                                attempt->resume ? "--resume" : NULL,
                                NULL};
    const struct rog_process_options how = {.argv = argv, .log = simulator->log};
    if (code == 0)
        code = rog_process_start(&simulator->process, &how, err);
    if (code < 0)
        stop(simulator);
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
    .summary = "one process, virtual time: as fast as this machine computes",
    .executor = &executor,
};
