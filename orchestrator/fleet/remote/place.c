/* SPDX-License-Identifier: Apache-2.0 */
/* Copies a run to a host and starts its supervisor there. */
#include <orchestrator/fleet/remote/place.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/state_slots.h>
#include <orchestrator/deploy/bundle.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/fleet/remote/spec.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/store/paths.h>
#include <rog/events.h>

#define CONNECT_TIMEOUT_S 15.0 /* of reconnecting; less if stall_limit is less */
#define COMMAND_TIMEOUT_S 30.0
#define UPLOAD_TIMEOUT_S 120.0
#define UPLOAD_LEAST_BPS 1e5 /* a slower upload is aborted */
#define SAVED_MAX_BYTES 65536
#define STOP_TIMEOUT_S 120.0
#define BACKOFF_MIN_S 0.5 /* seconds between attempts to connect */
#define BACKOFF_MAX_S 8.0

static bool ask(void *user, const char *what, bool echo, unsigned *number, char *answer,
                size_t bytes)
{
    struct rog_remote_host *host = user;
    struct rog_credentials *credentials = host->remote->attempt->credentials;
    bool answered = rog_credentials_ask(credentials, what, echo, number, answer, bytes);
    host->unanswered |= !answered;
    return answered;
}

int rog_remote_connect(struct rog_remote_host *host, struct rog_error *err)
{
    host->unanswered = false;
    const struct rog_cluster *cluster = host->remote->attempt->cluster;
    const struct rog_connect_options options = {
        .host = host->name,
        .host_settings = host->settings,
        .kind_settings = cluster->own,
        .timeout_s = fmax(1, fmin(CONNECT_TIMEOUT_S, cluster->stall_limit_s / 2)),
        .ask = ask,
        .ask_user = host,
        .stopped = rog_remote_must_end,
        .stopped_user = host,
    };
    struct rog_connection *connection = NULL;
    int code = cluster->kind->connect(&connection, &options, err);
    pthread_mutex_lock(&host->remote->mutex);
    host->connection = connection;
    if (code == 0 && connection->address &&
        host->remote->address) /* a tester does not take part in the run */
        snprintf(host->remote->address[host->rank], sizeof(rog_remote_address), "%s",
                 connection->address);
    pthread_mutex_unlock(&host->remote->mutex);
    if (code)
        rog_fail_prefix(err, "%s", host->title);
    return code;
}

int rog_remote_connect_within(struct rog_remote_host *host, double patience_s, bool also_stopped,
                              struct rog_error *err)
{
    double until_s = rog_clock_s() + patience_s, pause_s = BACKOFF_MIN_S;
    for (;;) {
        int code = rog_remote_connect(host, err);
        double left_s = until_s - rog_clock_s();
        if (code == 0 || code == ROG_EINVAL || code == ROG_EINTR)
            return code;
        if (rog_remote_stopped(host->remote, fmax(0, fmin(pause_s, left_s))) && !also_stopped)
            return rog_fail(err, ROG_EINTR, "interrupted");
        if (left_s <= 0)
            return code;
        pause_s = pause_s * 2 < BACKOFF_MAX_S ? pause_s * 2 : BACKOFF_MAX_S;
    }
}

void rog_remote_disconnect(struct rog_remote_host *host)
{
    struct rog_connection *connection = host->connection;
    pthread_mutex_lock(&host->remote->mutex);
    host->connection = NULL;
    pthread_mutex_unlock(&host->remote->mutex);
    rog_connection_free(connection);
}

static void set_placed(struct rog_remote_host *host)
{
    pthread_mutex_lock(&host->remote->mutex);
    host->placed = true;
    pthread_mutex_unlock(&host->remote->mutex);
}

/* ---- trainer and files ---- */

/* Finds the bundles for all hosts of the run: those of the sweep, if it holds the hosts. */
static int bundles_of(struct rog_remote *remote, struct rog_bundle_cache **cache,
                      struct rog_error *err)
{
    int code = 0;
    if (remote->hold) {
        *cache = rog_hold_bundles(remote->hold);
        return 0;
    }
    pthread_mutex_lock(&remote->mutex);
    if (!remote->cache)
        code = rog_bundle_cache_new(
            &remote->cache, &(const struct rog_bundle_programs){remote->attempt->trainer, NULL},
            err);
    *cache = remote->cache;
    pthread_mutex_unlock(&remote->mutex);
    return code;
}

/* Deploys the bundle for the host's architecture and the run's files, as one tree. */
static int deploy(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const ask[] = {"uname", "-m", NULL};
    struct rog_remote *remote = host->remote;
    const struct rog_remote_files *files = remote->files;
    const struct rog_bundle *bundle;
    struct rog_bundle_cache *cache;
    struct rog_deploy_item *items = NULL;
    char *machine = NULL;
    size_t count = 0;
    int code = rog_connection_command(host->connection, ask, COMMAND_TIMEOUT_S, &machine, err);
    if (code == 0)
        code = bundles_of(remote, &cache, err);
    if (code == 0) {
        machine[strcspn(machine, "\n")] = '\0';
        code = rog_bundle_cache_take(cache, machine, &bundle, err);
    }
    if (code == 0) {
        const struct rog_deploy_item *first = rog_bundle_items(bundle, &count);
        items = calloc(count + files->count + 1, sizeof *items);
        if (items) {
            memcpy(items, first, count * sizeof *items);
            for (size_t i = 0; i < files->count; i++)
                items[count + i] = files->item[i];
        } else {
            code = rog_fail_nomem(err);
        }
    }
    if (code == 0)
        code =
            rog_deploy_tree(host->connection, items, count + files->count, &host->tree, NULL, err);
    free(items);
    free(machine);
    return code;
}

static int probe(struct rog_remote_host *host, struct rog_error *err)
{
    const char *iface = rog_json_get_string(host->settings, "iface", NULL);
    struct rog_remote_right right;
    char *answer = NULL;
    const char *const shape[] = {host->program, "shape",  "--iface", iface,
                                 "--probe",     "--json", NULL};
    const char *const start[] = {host->program, "--version", NULL};
    int code = rog_connection_command(host->connection, iface ? shape : start, COMMAND_TIMEOUT_S,
                                      &answer, err);
    if (code == 0 && iface)
        code = rog_remote_right_read(&right, answer, err);
    free(answer);
    if (code || !iface)
        return code;
    pthread_mutex_lock(&host->remote->mutex);
    host->right = right;
    pthread_mutex_unlock(&host->remote->mutex);
    return 0;
}

/* Ends and removes what other runs of this sweep ($3 is their token), which gave up this host, have
 * left on it in folders beside $2. */
static const char end_others[] =
    "for left in \"${2%/*}\"/*; do "
    "[ \"$left\" = \"$2\" ] || ! grep -qF -e \"$3\" \"$left/host.json\" 2>/dev/null || "
    "\"$1\" host --folder \"$left\" --stop || exit 1; done";

static int end_other_runs(struct rog_remote_host *host, struct rog_error *err)
{
    const char *const argv[] = {"sh",
                                "-c",
                                end_others,
                                "sh",
                                host->program,
                                host->folder,
                                rog_hold_token(host->remote->hold),
                                NULL};
    return rog_connection_command(host->connection, argv, STOP_TIMEOUT_S, NULL, err);
}

int rog_remote_prepare(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_attempt *attempt = host->remote->attempt;
    bool is_new = !attempt->adopt || host->unsupervised;
    char *root = NULL;
    free(host->tree);
    free(host->program);
    free(host->folder);
    host->tree = host->program = host->folder = NULL;
    int code = deploy(host, err);
    if (code == 0)
        code = rog_deploy_root(host->connection, &root, err);
    if (code == 0) {
        const char *name = host->remote->name;
        host->program = rog_path_join(host->tree, "bin/rog-trainer");
        host->folder = name ? rog_format("%s/runs/%s-%lld-%zu", root, name,
                                         (long long)attempt->number, host->rank)
                            : NULL;
        code = host->program && (host->folder || !name) ? 0 : rog_fail_nomem(err);
    }
    if (code == 0 && host->folder && host->remote->hold && is_new)
        code = end_other_runs(host, err);
    if (code == 0 && is_new)
        code = probe(host, err);
    free(root);
    if (code && rog_bundle_explain(err)) {
        const struct rog_error cause = *err;
        rog_fail(err, code, "%s; rogctl doctor --cluster FILE says what to do", cause.message);
    }
    if (code)
        rog_fail_prefix(err, "%s", host->title);
    return code;
}

/* ---- the run's folder ---- */

/* Ends and removes what other attempts at the run have left on this host ($3 is the beginning of
 * their folders without the attempt's number, $4 the rank), then creates the folder $2. */
static const char make_folder[] =
    "for left in \"$3\"-*-\"$4\"; do "
    "[ ! -d \"$left\" ] || \"$1\" host --folder \"$left\" --stop || exit 1; done; "
    "umask 077; mkdir -p \"${2%/*}\" && mkdir \"$2\" && : >\"$2/lease\"";

/* Sends a text by a temporary file in the local mirror. */
static int send_text(struct rog_remote_host *host, const char *text, const char *name,
                     struct rog_error *err)
{
    char *here = rog_format("%s/sent-%s", host->mirror, name);
    char *there = rog_path_join(host->folder, name);
    int code = here && there ? rog_file_write(here, text, strlen(text), err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_connection_upload(host->connection, here, there, 0600, UPLOAD_TIMEOUT_S, err);
    if (here)
        rog_dir_remove(here, NULL);
    free(there);
    free(here);
    return code;
}

static int send_key(struct rog_remote_host *host, struct rog_error *err)
{
    char *there = rog_path_join(host->folder, ROG_RUN_KEY);
    int code = there ? rog_connection_upload(host->connection, host->remote->key.path, there, 0600,
                                             UPLOAD_TIMEOUT_S, err)
                     : rog_fail_nomem(err);
    free(there);
    return code;
}

/* Counts the workers that the run starts with; the others do not come now. Call it with the mutex
 * held. */
static size_t count_awaited(const struct rog_remote *remote)
{
    size_t awaited = 0;
    for (size_t i = 1; i < remote->count; i++)
        awaited += !remote->host[i].late && !remote->host[i].out;
    return awaited;
}

static int send_all(struct rog_remote_host *host, struct rog_error *err)
{
    const struct rog_cluster *cluster = host->remote->attempt->cluster;
    struct rog_json *json = NULL;
    char *spec = NULL, *config = rog_remote_config(host->remote->files, host->tree);
    char *holder =
        rog_format("%s, run %s", rog_hold_text(host->remote->hold), host->remote->attempt->run_id);
    const struct rog_remote_claim claim = {rog_hold_token(host->remote->hold), holder};
    int code = config && holder ? rog_json_parse(config, strlen(config), ROG_RUN_CONFIG, &json, err)
                                : rog_fail_nomem(err);
    pthread_mutex_lock(&host->remote->mutex);
    if (code == 0)
        code = rog_remote_spec(json, cluster, host->remote->address, &host->remote->shaping,
                               host->rank, count_awaited(host->remote), &claim, &spec, err);
    pthread_mutex_unlock(&host->remote->mutex);
    if (code == 0)
        code = send_text(host, config, ROG_RUN_CONFIG, err);
    if (code == 0)
        code = send_text(host, spec, "host.json", err);
    if (code == 0)
        code = send_key(host, err);
    rog_json_free(json);
    free(spec);
    free(holder);
    free(config);
    return code;
}

/* ---- resuming a run ---- */

/* Sends a file of the mirror, if it exists. */
static int send_file(struct rog_remote_host *host, const char *name, struct rog_error *err)
{
    struct stat status;
    char *here = rog_path_join(host->mirror, name), *there = rog_path_join(host->folder, name);
    int code = here && there ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(here, &status) == 0)
        code = rog_connection_upload(host->connection, here, there, 0600,
                                     UPLOAD_TIMEOUT_S + (double)status.st_size / UPLOAD_LEAST_BPS,
                                     err);
    free(there);
    free(here);
    return code;
}

/* Sends a file that server.json names. */
static int send_named(struct rog_remote_host *host, const struct rog_json *saved, const char *name,
                      struct rog_error *err)
{
    const char *file = rog_json_get_string(saved, name, "");
    return file[0] ? send_file(host, file, err) : 0;
}

/* Removes the local copy of the pause, which is now the server's. */
static int forget_pause(struct rog_remote_host *host, struct rog_error *err)
{
    char *path = rog_path_join(host->mirror, ROG_RUN_PAUSED);
    int code = path ? rog_dir_remove(path, err) : rog_fail_nomem(err);
    free(path);
    return code;
}

/* Sends the files that the server resumes from. */
static int send_saved(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const names[] = {ROG_STATE_FOLDER "/0", ROG_STATE_FOLDER "/1",
                                        ROG_RUN_LAYOUT, ROG_RUN_PAUSED, ROG_RUN_SERVER_STATE};
    struct rog_json *saved = NULL; /* NULL: there is only its state */
    char *path = rog_path_join(host->mirror, ROG_RUN_SERVER_STATE), *text = NULL;
    size_t size = 0;
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_file_exists(path))
        code = rog_file_read(path, SAVED_MAX_BYTES, &text, &size, err);
    if (text)
        code = rog_json_parse(text, size, path, &saved, err);
    if (code == 0)
        code = send_named(host, saved, "path", err);
    if (code == 0)
        code = send_named(host, saved, "state", err);
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++)
        code = send_file(host, names[i], err);
    if (code == 0)
        code = forget_pause(host, err);
    rog_json_free(saved);
    free(text);
    free(path);
    return code;
}

/* A program that continues a stream checks that the last line is complete. */
static const char make_hole[] = "truncate -s \"$2\" -- \"$1\" && echo >>\"$1\"";

/* Makes a stream on the host continue where the local copy ends: the part before is a hole that is
 * never read, and a newline. */
static int continue_stream(struct rog_remote_host *host, const char *name, struct rog_error *err)
{
    struct stat status;
    char bytes[32];
    char *here = rog_path_join(host->mirror, name), *there = rog_path_join(host->folder, name);
    int code = here && there ? 0 : rog_fail_nomem(err);
    if (code == 0 && stat(here, &status) == 0 && status.st_size > 0) {
        snprintf(bytes, sizeof bytes, "%lld", (long long)status.st_size - 1);
        const char *const argv[] = {"sh", "-c", make_hole, "sh", there, bytes, NULL};
        code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err);
    }
    free(there);
    free(here);
    return code;
}

static int continue_streams(struct rog_remote_host *host, struct rog_error *err)
{
    static const char *const names[] = {ROG_STREAM_MAIN, ROG_STREAM_HOST};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof names / sizeof *names; i++)
        code = continue_stream(host, names[i], err);
    return code;
}

int rog_remote_place(struct rog_remote_host *host, struct rog_error *err)
{
    char rank[24];
    char *base = rog_strdup(host->folder);
    snprintf(rank, sizeof rank, "%zu", host->rank);
    int code = base ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        for (int cuts = 0; cuts < 2; cuts++) /* "-NUMBER-RANK" */
            *strrchr(base, '-') = '\0';
        set_placed(host);
        host->lease_s = rog_clock_s();
        const char *const argv[] = {"sh",         "-c", make_folder, "sh", host->program,
                                    host->folder, base, rank,        NULL};
        code = rog_connection_command(host->connection, argv, STOP_TIMEOUT_S, NULL, err);
    }
    if (code == 0)
        code = send_all(host, err);
    if (code == 0 && host->rank == 0 && host->remote->attempt->resume)
        code = send_saved(host, err);
    if (code == 0)
        code = continue_streams(host, err);
    free(base);
    if (code)
        rog_fail_prefix(err, "%s", host->title);
    return code;
}

int rog_remote_find(struct rog_remote_host *host, struct rog_error *err)
{
    uint64_t bytes;
    char *path = rog_path_join(host->folder, "state.json");
    int code =
        path ? rog_connection_size(host->connection, path, &bytes, err) : rog_fail_nomem(err);
    free(path);
    set_placed(host);
    if (code == ROG_ENOTFOUND)
        code = rog_fail(err, ROG_EFAILED,
                        "%s: nothing is left there of the run that an earlier rogctl started",
                        host->title);
    return code;
}

int rog_remote_launch(struct rog_remote_host *host, struct rog_error *err)
{
    char *log = rog_path_join(host->folder, "start.log");
    const char *const argv[] = {host->program, "host", "--folder", host->folder, NULL};
    int code = log ? rog_connection_start(host->connection, argv, log, &host->pid, err)
                   : rog_fail_nomem(err);
    free(log);
    host->looked_s = rog_clock_s();
    if (code)
        rog_fail_prefix(err, "%s", host->title);
    return code;
}
