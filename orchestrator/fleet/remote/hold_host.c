/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the thread that takes, keeps and releases a place on one host. */
#include <orchestrator/fleet/remote/hold_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/ssh/credentials.h>

#define CONNECT_TIMEOUT_S 15.0
#define COMMAND_TIMEOUT_S 30.0
#define BACKOFF_MIN_S 0.5 /* between attempts to connect */
#define BACKOFF_MAX_S 8.0
#define STEP_S 0.1          /* until other hosts are ready */
#define ENTER_PATIENCE_S 10 /* for the process that has the place */
#define LOOK_S 1.0          /* while another sweep has the host */
#define LATE_LOOK_S 5.0     /* the same after a while, to put less load on it */
#define LATE_S 15.0

static bool stopped(struct rog_hold *hold, double wait_s)
{
    double until_s = rog_clock_s() + wait_s;
    const struct timespec until = {.tv_sec = (time_t)until_s,
                                   .tv_nsec = (long)(1e9 * (until_s - (double)(time_t)until_s))};
    int waited = 0;
    pthread_mutex_lock(&hold->mutex);
    while (!hold->stop && waited == 0)
        waited = pthread_cond_timedwait(&hold->changed, &hold->mutex, &until);
    bool is_stopped = hold->stop;
    pthread_mutex_unlock(&hold->mutex);
    return is_stopped;
}

static void set_stage(struct rog_hold_host *host, enum rog_hold_stage stage)
{
    pthread_mutex_lock(&host->hold->mutex);
    host->stage = stage;
    if (stage != ROG_HOLD_QUEUED)
        host->queued_s = 0;
    pthread_mutex_unlock(&host->hold->mutex);
}

static void fail(struct rog_hold_host *host, const struct rog_error *cause)
{
    pthread_mutex_lock(&host->hold->mutex);
    host->failed = true;
    host->cause = *cause;
    pthread_mutex_unlock(&host->hold->mutex);
}

/* ---- the connection ---- */

static bool ask(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes)
{
    struct rog_hold_host *host = user;
    bool answered =
        rog_credentials_ask(host->hold->options.credentials, what, echo, number, answer, bytes);
    host->unanswered |= !answered;
    return answered;
}

/* Called by the connection while it waits for the host. A place that was taken must still be
 * released. */
static bool must_end(void *user)
{
    const struct rog_hold_host *host = user;
    struct rog_hold *hold = host->hold;
    pthread_mutex_lock(&hold->mutex);
    bool must = hold->cut || (hold->stop && !host->connected);
    pthread_mutex_unlock(&hold->mutex);
    return must;
}

static void set_connection(struct rog_hold_host *host, struct rog_connection *connection)
{
    rog_connection_free(host->connection);
    host->connection = connection;
    pthread_mutex_lock(&host->hold->mutex);
    host->connected = connection != NULL;
    host->met |= host->connected;
    pthread_mutex_unlock(&host->hold->mutex);
}

static int connect_host(struct rog_hold_host *host, struct rog_error *err)
{
    const struct rog_cluster *cluster = host->hold->options.cluster;
    const struct rog_connect_options options = {
        .host = host->name,
        .host_settings = host->settings,
        .kind_settings = cluster->own,
        .timeout_s = CONNECT_TIMEOUT_S,
        .ask = ask,
        .ask_user = host,
        .stopped = must_end,
        .stopped_user = host,
    };
    struct rog_connection *connection = NULL;
    host->unanswered = false;
    int code = cluster->kind->connect(&connection, &options, err);
    if (code == 0)
        set_connection(host, connection);
    else if (code == ROG_EFAILED && host->unanswered)
        code = err->code = ROG_EINVAL;
    return code;
}

/* ---- identifying and preparing the host ---- */

static const char who_script[] = "uname -m\n" ROG_MACHINE_SCRIPT;

static int bring_program(struct rog_hold_host *host, const char *architecture,
                         struct rog_error *err)
{
    const struct rog_bundle *bundle;
    struct rog_deploy_item item[ROG_BUNDLE_CLAIM_ITEMS];
    char *tree = NULL;
    int code = rog_bundle_cache_take(host->hold->bundles, architecture, &bundle, err);
    if (code == 0)
        code = rog_deploy_tree(host->connection, item, rog_bundle_claim_items(bundle, item), &tree,
                               NULL, err);
    if (code == 0) {
        free(host->program);
        host->program = rog_path_join(tree, ROG_BUNDLE_CLAIM);
        code = host->program ? 0 : rog_fail_nomem(err);
    }
    free(tree);
    return code;
}

/* Rejects a second name of the same machine. */
static int check_duplicate(struct rog_hold_host *host, struct rog_error *err)
{
    pthread_mutex_lock(&host->hold->mutex);
    const struct rog_hold_host *twin = rog_hold_twin(host);
    pthread_mutex_unlock(&host->hold->mutex);
    return twin ? rog_fail(err, ROG_EINVAL,
                           "%s and %s are one machine; each host of a cluster must be a different "
                           "machine",
                           twin->title, host->title)
                : 0;
}

static int meet(struct rog_hold_host *host, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", who_script, NULL};
    char *said = NULL;
    int code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &said, err);
    if (code)
        return code;
    char *rest = said, *architecture = strsep(&rest, "\n");
    pthread_mutex_lock(&host->hold->mutex);
    rog_machine_read(host->machine, rest ? rest : "");
    pthread_mutex_unlock(&host->hold->mutex);
    code = check_duplicate(host, err);
    if (code == 0 && !host->root)
        code = rog_deploy_root(host->connection, &host->root, err);
    if (code == 0 && !host->program)
        code = bring_program(host, architecture, err);
    free(said);
    return code;
}

/* ---- the place ---- */

/* $1: the folder, $2: the file in it. Also removes old files that could not be removed because the
 * host was switched off. */
static const char make_file[] =
    "umask 077; mkdir -p \"$1\" && find \"$1\" -type f -mmin +1440 -exec rm -f -- {} + && "
    ": >\"$2\"";

static void forget_place(struct rog_hold_host *host)
{
    free(host->file);
    host->file = NULL;
    host->pid = 0;
}

/* Removes the place's file, which its process notices. Also removes that of a killed rogctl with
 * the same token. */
static int leave(struct rog_hold_host *host, struct rog_error *err)
{
    static const char remove_files[] = "rm -f -- \"${1%-*}\"-*";
    const char *const argv[] = {"sh", "-c", remove_files, "sh", host->file, NULL};
    int code = host->file
                   ? rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err)
                   : 0;
    if (code == 0)
        forget_place(host);
    return code;
}

static int enter(struct rog_hold_host *host, struct rog_error *err)
{
    struct rog_hold *hold = host->hold;
    char token[ROG_CLAIM_TOKEN_BYTES], patience[32];
    pthread_mutex_lock(&hold->mutex);
    memcpy(token, hold->token, sizeof token);
    host->generation = hold->generation;
    pthread_mutex_unlock(&hold->mutex);
    char *folder = rog_path_join(host->root, "claims");
    free(host->file);
    host->file = folder ? rog_format("%s/%s-%ld", folder, token, (long)getpid()) : NULL;
    int code = host->file ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        const char *const argv[] = {"sh", "-c", make_file, "sh", folder, host->file, NULL};
        code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err);
    }
    snprintf(patience, sizeof patience, "%.3f", hold->lease_s);
    if (code == 0) {
        const char *const argv[] = {host->program, token, hold->text, host->file, patience, NULL};
        code = rog_connection_start(host->connection, argv, host->file, &host->pid, err);
    }
    host->entered_s = rog_clock_s();
    free(folder);
    return code;
}

/* Reports why the process has not taken the place. */
static int explain(struct rog_hold_host *host, struct rog_error *err)
{
    const char *const argv[] = {"head", "-c", "500", "--", host->file, NULL};
    char *said = NULL;
    int code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &said, err);
    if (code == 0)
        code = rog_fail(err, ROG_EFAILED, "it cannot be held: %s",
                        said[0] ? said : "rog-claim does not run there and printed nothing");
    if (rog_bundle_explain(err))
        rog_fail_prefix(err, "it cannot be held");
    free(said);
    return code;
}

/* ---- polling ---- */

/* Renews the place and lists all places. */
static const char look_script[] = "touch -c -- \"$1\"\n" ROG_HOLDERS_SCRIPT;

static void take_holders(struct rog_hold_host *host, const struct rog_holders *holders)
{
    struct rog_hold *hold = host->hold;
    pthread_mutex_lock(&hold->mutex);
    rog_holders_release(&host->holders);
    host->holders = *holders;
    size_t before = rog_claims_before(&holders->claims, hold->token);
    host->stage = before ? ROG_HOLD_QUEUED : ROG_HOLD_HELD;
    host->queued_s = !before ? 0 : host->queued_s > 0 ? host->queued_s : rog_clock_s();
    pthread_mutex_unlock(&hold->mutex);
}

static bool has_place(const struct rog_hold_host *host, const struct rog_claims *claims)
{
    for (size_t i = 0; i < claims->count; i++)
        if (claims->entry[i].pid == host->pid && strstr(host->file, claims->entry[i].token) != NULL)
            return true;
    return false;
}

static int look(struct rog_hold_host *host, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", look_script, "sh", host->file, NULL};
    struct rog_holders holders = {0};
    char *said = NULL;
    int code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &said, err);
    if (code == 0)
        code = rog_holders_read(&holders, said, err);
    if (code == 0 && has_place(host, &holders.claims)) {
        take_holders(host, &holders);
        holders = (struct rog_holders){0}; /* now owned by the host */
        host->renewed_s = rog_clock_s();
        host->entered_s = 0;
    } else if (code == 0 && host->entered_s > 0 &&
               rog_clock_s() - host->entered_s > ENTER_PATIENCE_S) {
        code = explain(host, err);
    } else if (code == 0 && host->entered_s == 0) {
        forget_place(host); /* the host was rebooted, or a user has ended it */
        set_stage(host, ROG_HOLD_MET);
    }
    rog_holders_release(&holders);
    free(said);
    return code;
}

/* ---- the thread ---- */

static double pause_after(struct rog_hold_host *host)
{
    pthread_mutex_lock(&host->hold->mutex);
    enum rog_hold_stage stage = host->stage;
    double waited_s = host->queued_s > 0 ? rog_clock_s() - host->queued_s : 0;
    bool acquiring = host->hold->acquiring;
    pthread_mutex_unlock(&host->hold->mutex);
    double renew_s = host->hold->renew_s;
    if (stage == ROG_HOLD_QUEUED)
        return waited_s < LATE_S ? LOOK_S : LATE_LOOK_S;
    if (stage == ROG_HOLD_HELD)
        return acquiring && LATE_LOOK_S < renew_s ? LATE_LOOK_S : renew_s; /* others may wait */
    return STEP_S;
}

/* Advances by one step. */
static int advance(struct rog_hold_host *host, struct rog_error *err)
{
    struct rog_hold *hold = host->hold;
    pthread_mutex_lock(&hold->mutex);
    bool known = host->stage >= ROG_HOLD_MET;
    bool yields = host->file && rog_hold_must_yield(host, rog_clock_s());
    bool old = host->file && host->generation != hold->generation;
    bool enters = known && rog_hold_may_enter(host);
    pthread_mutex_unlock(&hold->mutex);
    int code = 0;
    if (!host->connection)
        code = connect_host(host, err);
    if (code == 0 && !known) {
        code = meet(host, err);
        if (code == 0)
            set_stage(host, ROG_HOLD_MET);
        return code;
    }
    if (code == 0 && (yields || old)) {
        code = leave(host, err);
        set_stage(host, ROG_HOLD_MET);
        return code;
    }
    if (code == 0 && !host->file && enters)
        code = enter(host, err);
    if (code == 0 && host->file)
        code = look(host, err);
    return code;
}

/* Retries an unreachable host; a place on it lasts for a while. Returns the pause, s. */
static double recover(struct rog_hold_host *host, const struct rog_error *cause)
{
    bool lost = !host->connection || rog_connection_lost(host->connection);
    bool is_final = !lost || cause->code == ROG_EINVAL || cause->code == ROG_ENOMEM;
    if (is_final && !host->is_tester) {
        fail(host, cause);
        return BACKOFF_MAX_S;
    }
    set_connection(host, NULL);
    set_stage(host, ROG_HOLD_AWAY);
    double pause_s = host->pause_s;
    host->pause_s = pause_s * 2 < BACKOFF_MAX_S ? pause_s * 2 : BACKOFF_MAX_S;
    return pause_s;
}

void *rog_hold_host_live(void *argument)
{
    struct rog_hold_host *host = argument;
    struct rog_hold *hold = host->hold;
    double pause_s = 0;
    host->pause_s = BACKOFF_MIN_S;
    while (!stopped(hold, pause_s)) {
        struct rog_error err = {0};
        if (advance(host, &err) == 0) {
            host->pause_s = BACKOFF_MIN_S;
            pause_s = pause_after(host);
            continue;
        }
        bool explained = rog_bundle_explain(&err);
        if (explained) {
            const struct rog_error cause = err;
            rog_fail(&err, cause.code, "%s; rogctl doctor --cluster FILE says what to do",
                     cause.message);
        }
        if (!strstr(err.message, host->title))
            rog_fail_prefix(&err, "%s", host->title);
        pause_s = recover(host, &err);
    }
    struct rog_error ignored;
    if (host->connection && !rog_connection_lost(host->connection))
        leave(host, &ignored);
    set_connection(host, NULL);
    pthread_mutex_lock(&hold->mutex);
    host->over = true;
    pthread_cond_broadcast(&hold->changed);
    pthread_mutex_unlock(&hold->mutex);
    return NULL;
}
