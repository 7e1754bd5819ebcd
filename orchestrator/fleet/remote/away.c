/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for hosts that do not answer, and restores the run on hosts that have lost it. */
#include <orchestrator/fleet/remote/away.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/trace_name.h>
#include <orchestrator/fleet/remote/mirror.h>
#include <orchestrator/fleet/remote/place.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

#define AS_LONG_AS_IT_TAKES_S 1e9
#define COMMAND_TIMEOUT_S 30.0
/* Seconds between two attempts to restore the run. If it was lost again within LASTED_S, that is
 * also the first pause. */
#define PAUSE_MIN_S 2.0
#define PAUSE_MAX_S 60.0
#define LASTED_S 30.0

static const char *const streams[] = {ROG_STREAM_MAIN, ROG_STREAM_HOST};
#define STREAMS (sizeof streams / sizeof *streams)

/* ---- without a connection ---- */

static void set_lost(struct rog_remote_host *host, bool lost)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->lost = lost;
    host->lost_s = rog_clock_s();
    pthread_mutex_unlock(&host->remote->mutex);
}

bool rog_remote_may_be_away(struct rog_remote_host *host)
{
    struct rog_remote *remote = host->remote;
    pthread_mutex_lock(&remote->mutex);
    bool begun = remote->allowed >= ROG_REMOTE_SERVING;
    pthread_mutex_unlock(&remote->mutex);
    return host->rank > 0 &&
           (begun || remote->attempt->adopt || remote->attempt->cluster->min_workers > 0);
}

/* Describes what happens to the run meanwhile. Processes on the host continue by themselves, and
 * their events are fetched when the host is reached again. */
static const char *consequence(const struct rog_remote_host *host)
{
    if (!host->placed)
        return "";
    return host->rank ? "; the run continues without it" : "; processes there may continue";
}

int rog_remote_connect_again(struct rog_remote_host *host, const char *why, struct rog_error *err)
{
    const double since_s = host->heard_s;
    size_t title = strlen(host->title);
    if (strncmp(why, host->title, title) == 0 && why[title] == ':')
        why += title + 2;
    rog_remote_disconnect(host);
    set_lost(host, true);
    rog_remote_log(host, ROG_EVENT_WARNING, "%s is away: %s%s", host->title, why,
                   consequence(host));
    rog_remote_wait_for(host, "%s, which cannot be reached", host->title);
    int code = rog_remote_connect_within(host, AS_LONG_AS_IT_TAKES_S, false, err);
    if (code)
        return code;
    set_lost(host, false);
    rog_remote_wait_over(host);
    rog_remote_log(host, ROG_EVENT_WARNING, "%s is back after %.0f s", host->title,
                   rog_clock_s() - since_s);
    host->heard_s = rog_clock_s();
    return 0;
}

int rog_remote_persist(struct rog_remote_host *host, rog_remote_part part, struct rog_error *err)
{
    struct rog_error cause;
    int code = part(host, &cause);
    while (code && code != ROG_EINTR && host->connection && rog_connection_lost(host->connection) &&
           rog_remote_may_be_away(host) && !rog_remote_stopped(host->remote, 0)) {
        code = rog_remote_connect_again(host, cause.message, &cause);
        if (code == 0)
            code = part(host, &cause);
    }
    return code ? rog_fail_again(err, &cause) : 0;
}

/* ---- state of the host ---- */

int rog_remote_pull(struct rog_remote_host *host, struct rog_error *err)
{
    int code = 0;
    if (host->checkpoint_bytes == 0)
        host->checkpoint_bytes = rog_mirror_checkpoint_bytes(host->remote->attempt->start_model);
    for (size_t i = 0; code == 0 && i < STREAMS; i++)
        code = rog_mirror_pull(host->connection, host->folder, host->mirror, streams[i],
                               &host->checkpoint_bytes, err);
    return code;
}

/* The message has the last output of the supervisor, which may not have started at all. */
int rog_remote_say_it_is_gone(struct rog_remote_host *host, struct rog_error *err)
{
    char words[256] = "";
    uint64_t bytes;
    host->unsupervised = host->rank > 0;
    if (rog_connection_size(host->connection, host->folder, &bytes, err) == ROG_ENOTFOUND)
        return rog_fail(err, ROG_EFAILED,
                        "%s: the run's folder there is gone (the host had not heard from rogctl "
                        "for %g s, its lease, or it was cleaned up)",
                        host->title, host->remote->attempt->cluster->lease_s);
    char *log = rog_path_join(host->mirror, "start.log");
    if (log && rog_mirror_log(host->connection, host->folder, "start.log", log, NULL) == 0)
        rog_run_log_tail(log, words, sizeof words);
    free(log);
    return rog_fail(err, ROG_EFAILED, "%s: the run's supervisor there is gone%s%s", host->title,
                    words[0] ? ": " : " (killed, or the host was rebooted)", words);
}

int rog_remote_look_for_reboot(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const ask[] = {"cat", "/proc/sys/kernel/random/boot_id", NULL};
    char *boot = NULL;
    if (!host->boot[0])
        return 0;
    int code = rog_connection_command(host->connection, ask, COMMAND_TIMEOUT_S, &boot, err);
    if (code == 0)
        boot[strcspn(boot, "\n")] = '\0';
    if (code == 0 && strcmp(boot, host->boot) != 0)
        code = rog_remote_say_it_is_gone(host, err);
    free(boot);
    return code;
}

int rog_remote_check_shaping(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_remote *remote = host->remote;
    const struct rog_remote_right *right = &host->right;
    bool is_limited = rog_trace_is_limited(remote->attempt->config, (int64_t)host->rank);
    bool fits = remote->shaping.how == ROG_REMOTE_PACE || !is_limited ||
                (right->egress && (right->ingress || remote->shaping.how == ROG_REMOTE_DOWNLINK));
    return fits ? 0
                : rog_fail(err, ROG_EINVAL,
                           "%s: its bandwidth cannot be replayed in the same way as for the other "
                           "hosts: %s",
                           host->title,
                           right->why_not[0] ? right->why_not : "its kernel has no ifb");
}

/* ---- restoring the run ---- */

/* Repeats all steps, beginning with the trainer: the host may have lost all files. */
static int restore(struct rog_remote_host *host, struct rog_error *err)
{
    int code = rog_remote_prepare(host, err);
    if (code == 0)
        code = rog_remote_pull(host, err);
    if (code == 0)
        code = rog_remote_check_shaping(host, err);
    if (code == 0)
        code = rog_remote_place(host, err);
    if (code == 0)
        code = rog_remote_launch(host, err);
    return code;
}

int rog_remote_bring_back(struct rog_remote_host *host, const char *why, struct rog_error *err)
{
    bool lasted = host->brought_s == 0 || rog_clock_s() - host->brought_s > LASTED_S;
    double pause_s = lasted ? 0 : LASTED_S;
    int code;
    rog_remote_log(host, ROG_EVENT_WARNING, "%s; the run is being restored there", why);
    rog_remote_wait_for(host, "%s, where the run is being restored", host->title);
    do {
        if (rog_remote_stopped(host->remote, pause_s))
            return rog_fail(err, ROG_EINTR, "interrupted");
        code = rog_remote_persist(host, restore, err);
        if (code && code != ROG_EINTR)
            rog_remote_log(host, ROG_EVENT_WARNING, "the run could not be restored: %s",
                           err->message);
        pause_s = fmin(fmax(2 * pause_s, PAUSE_MIN_S), PAUSE_MAX_S);
    } while (code && code != ROG_EINTR && code != ROG_EINVAL && code != ROG_ENOMEM);
    host->brought_s = rog_clock_s();
    host->unsupervised = code != 0;
    rog_remote_wait_over(host);
    return code;
}
