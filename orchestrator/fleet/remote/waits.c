/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the messages about hosts while a run starts, continues and ends. */
#include <orchestrator/fleet/remote/state.h>

#include <stdio.h>

#include <common/clock.h>

/* ---- hosts that are away ---- */

/* A worker's host does not delay a run that continues without it. */
static const char *words_for(const struct rog_remote *remote, const struct rog_remote_host *host)
{
    bool continues = remote->allowed >= ROG_REMOTE_RUNNING || remote->attempt->adopt;
    return remote->server_ended      ? "the run is over; waiting for "
           : continues && host->rank ? "without "
                                     : "waiting for ";
}

/* Writes the host that has been away longest. The server's host takes precedence. */
static bool write_away(const struct rog_remote *remote, char *what, size_t bytes, double *since_s)
{
    const struct rog_remote_host *first = NULL;
    size_t others = 0;
    for (size_t i = 0; i < remote->count; i++) {
        const struct rog_remote_host *host = &remote->host[i];
        bool is_away = host->waits[0] && !host->given_up;
        others += is_away && first;
        if (is_away && (!first || (first->rank && host->waits_s < first->waits_s)))
            first = host;
    }
    if (!first)
        return false;
    int used = snprintf(what, bytes, "%s%s", words_for(remote, first), first->waits);
    if (others && (size_t)used < bytes)
        snprintf(what + used, bytes - (size_t)used, ", and %zu other host%s", others,
                 others == 1 ? "" : "s");
    *since_s = remote->server_ended ? remote->server_ended_s : first->waits_s;
    return true;
}

/* ---- activities ---- */

static const char *const activities[] = {"connecting to", "preparing", "deploying the run to",
                                         "starting"};
#define ACTIVITIES (sizeof activities / sizeof *activities)

/* Returns an index into activities, or ACTIVITIES if the host waits for others or runs. */
static size_t activity_of(const struct rog_remote *remote, const struct rog_remote_host *host)
{
    enum rog_remote_stage starts = host->rank ? ROG_REMOTE_RUNNING : ROG_REMOTE_SERVING;
    bool is_placed = host->reached == ROG_REMOTE_PLACED || host->reached == ROG_REMOTE_SERVING;
    if (host->out || host->given_up)
        return ACTIVITIES;
    if (host->reached == ROG_REMOTE_BEGUN)
        return host->connection ? 1 : 0;
    if (host->reached == ROG_REMOTE_PREPARED && remote->allowed >= ROG_REMOTE_PLACED)
        return 2;
    return is_placed && remote->allowed >= starts ? 3 : ACTIVITIES;
}

/* Writes the activity of the hosts that are furthest behind. */
static bool write_activity(struct rog_remote *remote, char *what, size_t bytes, double *since_s)
{
    const struct rog_remote_host *first = NULL;
    size_t count = 0, least = ACTIVITIES;
    for (size_t i = 0; i < remote->count; i++) {
        size_t activity = activity_of(remote, &remote->host[i]);
        if (activity < least) {
            least = activity;
            first = &remote->host[i];
            count = 0;
        }
        count += activity == least;
    }
    if (!first)
        return false;
    if (remote->activity != least || remote->activity_s == 0)
        remote->activity_s = rog_clock_s();
    remote->activity = least;
    *since_s = remote->activity_s;
    if (count == 1)
        snprintf(what, bytes, "%s %s", activities[least], first->title);
    else
        snprintf(what, bytes, "%s %zu hosts", activities[least], count);
    return true;
}

bool rog_remote_waits(void *state, char *what, size_t bytes, double *since_s)
{
    struct rog_remote *remote = state;
    char held[ROG_WAITING_BYTES];
    if (rog_hold_waits(remote->hold, held, sizeof held, since_s)) {
        snprintf(what, bytes, "waiting for %s", held);
        return true;
    }
    pthread_mutex_lock(&remote->mutex);
    bool says =
        write_away(remote, what, bytes, since_s) || write_activity(remote, what, bytes, since_s);
    pthread_mutex_unlock(&remote->mutex);
    return says;
}
