/* SPDX-License-Identifier: Apache-2.0 */
/* Ends an attempt on a host and removes its files there, after fetching what was saved last. */
#include <orchestrator/fleet/remote/clean.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/remote/away.h>
#include <orchestrator/fleet/remote/mirror.h>
#include <orchestrator/fleet/remote/place.h>
#include <rog/events.h>

#define PATIENCE_S 20.0
#define STOP_TIMEOUT_S 90.0 /* the supervisor needs some time itself */
#define END_TIMEOUT_S 60.0  /* for the server or worker process */
#define SAVE_FIRST_S 3.0    /* for the server, before workers leave it */
#define COMMAND_TIMEOUT_S 30.0
#define STEP_NS 100000000L

/* ---- fetching what was saved last ---- */

/* Sets *ended if the server or worker process has ended, by the supervisor's state. A supervisor
 * that is gone cannot update its state. */
static int check_end(struct rog_remote_host *host, bool *ended, struct rog_error *err)
{
    struct rog_json *state = NULL;
    uint64_t bytes;
    int code = rog_mirror_json(host->connection, host->folder, "state.json", &state, err);
    const char *name = rog_json_get_string(state, "state", "");
    *ended = strcmp(name, "starting") != 0 && strcmp(name, "running") != 0;
    char *program = rog_format("/proc/%lld/exe", (long long)rog_json_get_integer(state, "pid", 0));
    rog_json_free(state);
    if (code == 0 && !*ended)
        *ended =
            program && rog_connection_size(host->connection, program, &bytes, err) == ROG_ENOTFOUND;
    free(program);
    return code;
}

/* Ends the process but keeps the folder. A server then saves its state. */
static int end_role(struct rog_remote_host *host, struct rog_error *err)
{
    const struct timespec step = {0, STEP_NS};
    const double until_s = rog_clock_s() + END_TIMEOUT_S;
    char *path = rog_path_join(host->folder, "end");
    const char *const argv[] = {"touch", "--", path, NULL};
    bool ended = false;
    int code = path ? rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err)
                    : rog_fail_nomem(err);
    free(path);
    while (code == 0 && (code = check_end(host, &ended, err)) == 0 && !ended) {
        if (rog_clock_s() > until_s)
            return rog_fail(err, ROG_EFAILED, "its processes do not exit");
        nanosleep(&step, NULL);
    }
    return code;
}

static void set_saved(struct rog_remote *remote)
{
    pthread_mutex_lock(&remote->mutex);
    remote->server_saved = true;
    pthread_mutex_unlock(&remote->mutex);
}

/* Waits for the server to save its state. A worker that leaves earlier would be missing in that
 * state, from which the run resumes. */
static void await_server_save(struct rog_remote *remote)
{
    const struct timespec step = {0, STEP_NS};
    const double until_s = rog_clock_s() + SAVE_FIRST_S;
    bool saved = false;
    while (!saved && rog_clock_s() < until_s) {
        pthread_mutex_lock(&remote->mutex);
        saved = remote->server_saved || remote->cut;
        pthread_mutex_unlock(&remote->mutex);
        if (!saved)
            nanosleep(&step, NULL);
    }
}

/* Fetches what an interrupted run needs to resume. */
static int fetch_last(struct rog_remote_host *host, struct rog_error *err)
{
    uint64_t bytes;
    int code = rog_connection_size(host->connection, host->folder, &bytes, err);
    if (code == ROG_ENOTFOUND)
        return 0; /* its lease has ended */
    bool is_new_boot = code == 0 && rog_remote_look_for_reboot(host, err) == ROG_EFAILED &&
                       !rog_connection_lost(host->connection);
    if (code == 0 && !is_new_boot && host->rank)
        await_server_save(host->remote);
    if (code == 0 && !is_new_boot)
        code = end_role(host, err);
    if (host->rank == 0)
        set_saved(host->remote);
    if (code == 0)
        code = rog_remote_pull(host, err);
    if (code == 0 && host->rank == 0)
        code = rog_mirror_saved(host->connection, host->folder, host->mirror,
                                &host->checkpoint_bytes, err);
    return code;
}

/* ---- removing ---- */

/* Connects, but not to a host that has been given up. */
static int connect(struct rog_remote_host *host, struct rog_error *err)
{
    pthread_mutex_lock(&host->remote->mutex);
    bool given_up = host->given_up;
    pthread_mutex_unlock(&host->remote->mutex);
    return given_up ? rog_fail(err, ROG_EFAILED, "it cannot be reached")
                    : rog_remote_connect_within(host, PATIENCE_S, true, err);
}

static int stop(struct rog_remote_host *host, struct rog_error *err)
{
    const char *const argv[] = {host->program, "host", "--folder", host->folder, "--stop", NULL};
    return rog_connection_command(host->connection, argv, STOP_TIMEOUT_S, NULL, err);
}

/* Runs a step, and connects first if necessary. A broken connection is only noticed when it is
 * used. */
static int with_connection(struct rog_remote_host *host, rog_remote_part part,
                           struct rog_error *err)
{
    bool had_one = host->connection != NULL;
    int code = had_one ? 0 : connect(host, err);
    if (code == 0)
        code = part(host, err);
    if (code && code != ROG_EINTR && had_one && rog_connection_lost(host->connection)) {
        rog_remote_disconnect(host);
        code = connect(host, err);
        if (code == 0)
            code = part(host, err);
    }
    return code;
}

void rog_remote_clean(struct rog_remote_host *host)
{
    struct rog_error cause = {0};
    struct rog_remote *remote = host->remote;
    if (host->rank == 0 && !host->placed)
        set_saved(remote);
    if (!host->placed || remote->leave)
        return;
    pthread_mutex_lock(&remote->mutex);
    host->cleaning = true;
    bool is_over = remote->server_ended || host->given_up;
    bool has_begun = host->reached >= ROG_REMOTE_RUNNING || remote->attempt->adopt;
    pthread_mutex_unlock(&remote->mutex);
    bool fetches = has_begun && !is_over;
    int code = fetches ? with_connection(host, fetch_last, &cause) : 0;
    if (code && code != ROG_EINTR)
        rog_remote_log(host, host->rank ? ROG_EVENT_UNFETCHED : ROG_EVENT_WARNING,
                       "the last data that %s %s were not fetched: %s", host->title,
                       host->rank ? "recorded" : "saved", cause.message);
    if (!fetches || host->connection) /* otherwise connecting has just failed */
        code = with_connection(host, stop, &cause);
    if (code)
        rog_remote_log(host, ROG_EVENT_WARNING,
                       "%s was not cleaned up: %s. Its processes exit when they have not heard "
                       "from rogctl for %g s; rogctl doctor --clean removes what is left",
                       host->title, cause.message, remote->attempt->cluster->lease_s);
}
