/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes the state that attempts of one process share. */
#include <orchestrator/fleet/session.h>

#include <orchestrator/fleet/executor.h>

static bool is_hurried(void *signals)
{
    return rog_signals_came(signals);
}

int rog_session_open(void **session, const struct rog_cluster *cluster,
                     const struct rog_fleet_options *options, struct rog_signals *signals,
                     struct rog_error *err)
{
    const struct rog_session_options wanted = {
        .cluster = cluster,
        .credentials = options->credentials,
        .trainer = options->trainer,
        .sweep = options->sweep,
        .no_wait = options->no_wait,
        .hurried = is_hurried,
        .user = signals,
    };
    const struct rog_executor *executor = cluster->kind->executor;
    return executor->open && !*session ? executor->open(session, &wanted, err) : 0;
}

void rog_session_close(void **session, const struct rog_cluster *cluster)
{
    if (*session)
        cluster->kind->executor->close(*session);
    *session = NULL;
}

bool rog_session_is_over(const struct rog_fleet_job *jobs, size_t count)
{
    bool over = true;
    for (size_t i = 0; i < count; i++)
        over &= jobs[i].state != ROG_FLEET_WAITING && jobs[i].state != ROG_FLEET_RUNNING;
    return over;
}
