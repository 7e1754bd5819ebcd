/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the command that recovers a host, and waits until the host is well. */
#include <orchestrator/fleet/remote/recover.h>

#include <math.h>
#include <stdio.h>

#include <common/clock.h>
#include <orchestrator/fleet/remote/place.h>
#include <rog/events.h>

/* Maximum seconds that the command may take; less if the cluster's stall_limit is less. */
#define COMMAND_S 60.0
#define COMMAND_GRACE_S 10.0 /* for the host to kill it */
#define ANSWER_TIMEOUT_S 30.0
/* After a command such as `reboot` has returned, a host goes down within this time, s. */
#define SETTLE_S 10.0
#define SETTLE_STEP_S 1.0

#define TIMEOUT_STATUS 124 /* of timeout(1) */
#define SIGNAL_STATUS 128  /* plus the signal's number: ended by a signal */

/* Runs the command. Sets *lost if the connection broke with it. */
static int run_command(struct rog_remote_host *host, const char *command, double limit_s,
                       bool *lost, struct rog_error *err)
{
    char limit[32];
    snprintf(limit, sizeof limit, "%g", limit_s);
    /* A command that hangs is killed on the host, so that it does not disturb the next attempt. */
    const char *const argv[] = {"timeout", "-k", "5", limit, "sh", "-c", command, NULL};
    struct rog_command_result result = {0};
    struct rog_error cause = {0};
    double began_s = rog_clock_s();
    int code =
        rog_connection_run(host->connection, argv, limit_s + COMMAND_GRACE_S, &result, &cause);
    bool late = rog_clock_s() - began_s >= limit_s;
    if (code == ROG_EINTR) {
        rog_command_result_release(&result);
        return rog_fail_again(err, &cause);
    }
    *lost = code != 0 && !late && rog_connection_lost(host->connection);
    if (*lost)
        code = 0;
    else if (late &&
             (code != 0 || result.status == TIMEOUT_STATUS || result.status >= SIGNAL_STATUS))
        code = rog_fail(err, ROG_EFAILED,
                        "%s: its recover command did not end within %g s: %s. A longer one must "
                        "run in the background (setsid, systemd-run)",
                        host->title, limit_s, command);
    else if (code)
        code = rog_fail_from(err, &cause, "%s: its recover command", host->title);
    else if (result.status < SIGNAL_STATUS && /* else the host may be going down */
             rog_connection_succeeded(host->connection, "its recover command", &result, &cause))
        code = rog_fail(err, ROG_EFAILED, "%s: %s", host->title, cause.message);
    rog_command_result_release(&result);
    return code;
}

/* Waits for a host that has gone down. */
static int await_return(struct rog_remote_host *host, double until_s, struct rog_error *err)
{
    double began_s = rog_clock_s(), limit_s = host->remote->attempt->cluster->stall_limit_s;
    rog_remote_disconnect(host);
    rog_remote_log(host, ROG_EVENT_WARNING, "%s went down; waiting for it", host->title);
    struct rog_error cause = {0};
    int code = rog_remote_connect_within(host, fmax(until_s - began_s, 0), false, &cause);
    if (code == 0)
        rog_remote_log(host, ROG_EVENT_WARNING, "%s is back after %.0f s", host->title,
                       rog_clock_s() - began_s);
    else if (code == ROG_EFAILED)
        code = rog_fail(err, code,
                        "%s; it did not come back within %g s (stall_limit) after its recover "
                        "command",
                        cause.message, limit_s);
    else
        code = rog_fail_again(err, &cause);
    return code;
}

/* Waits until the host has answered for SETTLE_S without interruption. */
static int settle(struct rog_remote_host *host, bool lost, struct rog_error *err)
{
    static const char *const nothing[] = {"true", NULL};
    double until_s = rog_clock_s() + host->remote->attempt->cluster->stall_limit_s;
    double since_s = rog_clock_s();
    int code = 0;
    while (code == 0 && (lost || rog_clock_s() - since_s < SETTLE_S)) {
        if (lost) {
            code = await_return(host, until_s, err);
            since_s = rog_clock_s();
        } else if (rog_remote_stopped(host->remote, SETTLE_STEP_S)) {
            code = ROG_EINTR;
        }
        lost = code == 0 &&
               rog_connection_command(host->connection, nothing, ANSWER_TIMEOUT_S, NULL, NULL) != 0;
    }
    return code;
}

int rog_remote_recover(struct rog_remote_host *host, struct rog_error *err)
{
    const char *command = rog_json_get_string(host->settings, "recover", NULL);
    double limit_s = fmin(COMMAND_S, host->remote->attempt->cluster->stall_limit_s);
    bool lost;
    if (!command)
        return 0;
    rog_remote_log(host, ROG_EVENT_WARNING, "%s recovers: %s", host->title, command);
    int code = run_command(host, command, limit_s, &lost, err);
    if (code == 0)
        code = settle(host, lost, err);
    return code;
}
