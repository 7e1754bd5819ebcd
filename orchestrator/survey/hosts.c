/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to hosts for a measurement, deploys the trainer, and cleans up. */
#include <orchestrator/survey/hosts.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <common/claims.h>
#include <common/clock.h>
#include <common/file.h>
#include <common/json.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/ssh/credentials.h>

#define CONNECT_TIMEOUT_S 15.0
#define COMMAND_TIMEOUT_S 30.0
#define STOP_TIMEOUT_S 120.0
#define START_S 10.0
#define LOOK_NS 100000000L
#define TOKEN_BYTES 16
#define ARGUMENTS_MAX 30
#define STATE_FILE "state.json" /* as in trainer/host */

/* ---- opening ---- */

static int make_key(struct rog_survey_hosts *hosts, struct rog_error *err)
{
    uint8_t token[TOKEN_BYTES];
    char text[2 * TOKEN_BYTES + 2];
    if (getrandom(token, sizeof token, 0) != (ssize_t)sizeof token)
        return rog_fail(err, ROG_EIO, "cannot generate random numbers: %s", strerror(errno));
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", token[i]);
    hosts->name = rog_format("%s-%.8s", hosts->options.what, text);
    strcat(text, "\n");
    int code =
        hosts->name ? rog_scratch_make(&hosts->scratch, NULL, "rogctl", err) : rog_fail_nomem(err);
    if (!code && !(hosts->key = rog_path_join(hosts->scratch.path, "key")))
        code = rog_fail_nomem(err);
    return code ? code : rog_file_write(hosts->key, text, strlen(text), err);
}

static void describe(struct rog_survey_hosts *hosts, size_t rank)
{
    const struct rog_cluster *cluster = hosts->options.cluster;
    struct rog_survey_host *host = &hosts->host[rank];
    host->options = &hosts->options;
    host->all = hosts;
    host->rank = rank;
    host->settings = rank ? rog_json_at(cluster->workers, rank - 1) : cluster->server;
    host->name = rog_json_get_string(host->settings, "host", "");
    if (rank)
        snprintf(host->title, sizeof host->title, "worker %zu (%.64s)", rank, host->name);
    else
        snprintf(host->title, sizeof host->title, "server (%.64s)", host->name);
}

int rog_survey_open(struct rog_survey_hosts *hosts, const struct rog_survey_options *options,
                    struct rog_error *err)
{
    *hosts = (struct rog_survey_hosts){.options = *options};
    if (!options->cluster->kind->has_hosts)
        return rog_fail(err, ROG_EINVAL,
                        "%s is a cluster of kind %s, which has no hosts to measure; hint: rogctl "
                        "lab up, or a cluster file of robots (docs/cluster-setup.md)",
                        options->cluster->name, options->cluster->kind->name);
    hosts->count = rog_json_size(options->cluster->workers) + 1;
    hosts->host = calloc(hosts->count, sizeof *hosts->host);
    int code =
        hosts->host
            ? rog_bundle_cache_new(&hosts->cache,
                                   &(const struct rog_bundle_programs){options->trainer, NULL}, err)
            : rog_fail_nomem(err);
    for (size_t rank = 0; rank < hosts->count && !code; rank++)
        describe(hosts, rank);
    return code ? code : make_key(hosts, err);
}

void rog_survey_close(struct rog_survey_hosts *hosts)
{
    for (size_t i = 0; hosts->host && i < hosts->count; i++) {
        rog_connection_free(hosts->host[i].connection);
        free(hosts->host[i].program);
        free(hosts->host[i].folder);
    }
    free(hosts->host);
    rog_bundle_cache_free(hosts->cache);
    rog_scratch_remove(&hosts->scratch, NULL);
    free(hosts->key);
    free(hosts->name);
    *hosts = (struct rog_survey_hosts){0};
}

/* ---- parallel visits ---- */

struct errand {
    struct rog_survey_host *host;
    int (*visit)(struct rog_survey_host *host, struct rog_error *err);
    int code;
    pthread_t thread;
    bool has_thread;
};

static void *go(void *user)
{
    struct errand *errand = user;
    errand->host->cause = (struct rog_error){0};
    errand->code = errand->visit(errand->host, &errand->host->cause);
    return NULL;
}

int rog_survey_each(struct rog_survey_hosts *hosts, size_t first,
                    int (*visit)(struct rog_survey_host *host, struct rog_error *err),
                    struct rog_error *err)
{
    struct errand *errands = calloc(hosts->count, sizeof *errands);
    int code = errands ? ROG_OK : rog_fail_nomem(err);
    for (size_t i = first; i < hosts->count && !code; i++) {
        errands[i] = (struct errand){.host = &hosts->host[i], .visit = visit};
        errands[i].has_thread = pthread_create(&errands[i].thread, NULL, go, &errands[i]) == 0;
        if (!errands[i].has_thread)
            go(&errands[i]);
    }
    for (size_t i = first; errands && i < hosts->count; i++)
        if (errands[i].has_thread)
            pthread_join(errands[i].thread, NULL);
    for (size_t i = first; i < hosts->count && !code; i++)
        if (errands[i].code) {
            code = rog_fail_again(err, &hosts->host[i].cause);
            rog_fail_prefix(err, "%s", hosts->host[i].title);
        }
    free(errands);
    return code;
}

/* ---- visits ---- */

int rog_survey_disconnect(struct rog_survey_host *host, struct rog_error *err)
{
    (void)err;
    rog_connection_free(host->connection);
    host->connection = NULL;
    return ROG_OK;
}

static bool is_unwanted(void *user)
{
    const struct rog_survey_hosts *hosts = user;
    return !hosts->patient && hosts->options.stopped && hosts->options.stopped(hosts->options.user);
}

int rog_survey_connect(struct rog_survey_host *host, struct rog_error *err)
{
    const struct rog_cluster *cluster = host->options->cluster;
    const struct rog_connect_options options = {
        .host = host->name,
        .host_settings = host->settings,
        .kind_settings = cluster->own,
        .timeout_s = CONNECT_TIMEOUT_S,
        .ask = rog_credentials_ask,
        .ask_user = host->options->credentials,
        .stopped = is_unwanted,
        .stopped_user = host->all,
    };
    if (host->connection && !rog_connection_lost(host->connection))
        return ROG_OK;
    rog_survey_disconnect(host, NULL);
    return cluster->kind->connect(&host->connection, &options, err);
}

/* ROG_EBUSY: a sweep is using the host; sweep and measurement would disturb each other. */
static int check_free(struct rog_survey_host *host, struct rog_error *err)
{
    static const char script[] = "grep -F '@" ROG_CLAIM_MARK "' /proc/net/unix || :";
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct rog_claims claims = {0};
    char *table = NULL;
    int code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &table, err);
    if (!code)
        code = rog_claims_read(&claims, table, err);
    const struct rog_claim_entry *holder = code ? NULL : rog_claims_holder(&claims);
    if (holder)
        code = rog_fail(err, ROG_EBUSY, "it is held by %s; hint: wait until it is released",
                        holder->text[0] ? holder->text : "a sweep");
    rog_claims_release(&claims);
    free(table);
    return code;
}

int rog_survey_deploy(struct rog_survey_host *host, struct rog_error *err)
{
    const char *const uname[] = {"uname", "-m", NULL};
    char *machine = NULL, *tree = NULL;
    const struct rog_bundle *bundle = NULL;
    size_t count = 0;
    int code = rog_survey_connect(host, err);
    if (code || host->program)
        return code;
    code = check_free(host, err);
    if (code)
        return code;
    code = rog_connection_command(host->connection, uname, COMMAND_TIMEOUT_S, &machine, err);
    if (!code) {
        machine[strcspn(machine, "\n")] = '\0';
        code = rog_bundle_cache_take(host->all->cache, machine, &bundle, err);
    }
    if (!code) {
        const struct rog_deploy_item *items = rog_bundle_items(bundle, &count);
        code = rog_deploy_tree(host->connection, items, count, &tree, NULL, err);
    }
    if (!code && !(host->program = rog_format("%s/" ROG_BUNDLE_PROGRAM, tree)))
        code = rog_fail_nomem(err);
    if (code)
        rog_bundle_explain(err);
    free(tree);
    free(machine);
    return code;
}

int rog_survey_place(struct rog_survey_host *host, struct rog_error *err)
{
    static const char script[] =
        "umask 077; mkdir -p \"${1%/*}\" && mkdir \"$1\" && : >\"$1/lease\"";
    char *root = NULL, *key = NULL;
    int code = rog_survey_deploy(host, err);
    if (!code)
        code = rog_deploy_root(host->connection, &root, err);
    if (!code) {
        host->folder = rog_format("%s/runs/%s-%zu", root, host->all->name, host->rank);
        key = host->folder ? rog_path_join(host->folder, "key") : NULL;
        code = key ? ROG_OK : rog_fail_nomem(err);
    }
    if (!code) {
        const char *const make[] = {"sh", "-c", script, "sh", host->folder, NULL};
        code = rog_connection_command(host->connection, make, COMMAND_TIMEOUT_S, NULL, err);
    }
    if (!code)
        code = rog_connection_upload(host->connection, host->all->key, key, 0600, COMMAND_TIMEOUT_S,
                                     err);
    free(key);
    free(root);
    return code;
}

int rog_survey_renew(struct rog_survey_host *host, struct rog_error *err)
{
    char *lease = rog_path_join(host->folder, "lease");
    const char *const touch[] = {"touch", "-c", "--", lease, NULL};
    int code = lease ? rog_connection_command(host->connection, touch, COMMAND_TIMEOUT_S, NULL, err)
                     : rog_fail_nomem(err);
    free(lease);
    return code;
}

int rog_survey_remove(struct rog_survey_host *host, struct rog_error *err)
{
    const char *const stop[] = {host->program, "host", "--folder", host->folder, "--stop", NULL};
    if (!host->folder || !host->program)
        return ROG_OK;
    int code = rog_survey_connect(host, err);
    if (!code)
        code = rog_connection_command(host->connection, stop, STOP_TIMEOUT_S, NULL, err);
    return code;
}

/* ---- the trainer on a host ---- */

/* Makes the command line of the trainer with arguments. */
static void command_line(const struct rog_survey_host *host, const char *const *arguments,
                         const char *argv[ARGUMENTS_MAX + 2])
{
    size_t count = 0;
    argv[count++] = host->program;
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
        argv[count++] = arguments[i];
    argv[count] = NULL;
}

int rog_survey_state(struct rog_survey_host *host, char state[16],
                     char message[ROG_ERROR_MESSAGE_BYTES], struct rog_error *err)
{
    static const char script[] = "[ ! -f \"$1\" ] || head -c 65536 \"$1\"";
    char *path = rog_path_join(host->folder, STATE_FILE), *text = NULL;
    const char *const argv[] = {"sh", "-c", script, "sh", path, NULL};
    struct rog_json *json = NULL;
    int code = path ? rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &text, err)
                    : rog_fail_nomem(err);
    state[0] = message[0] = '\0';
    if (!code && text[0])
        code = rog_json_parse(text, strlen(text), STATE_FILE, &json, err);
    if (!code && json) {
        snprintf(state, 16, "%s", rog_json_get_string(json, "state", ""));
        snprintf(message, ROG_ERROR_MESSAGE_BYTES, "%s", rog_json_get_string(json, "message", ""));
    }
    rog_json_free(json);
    free(text);
    free(path);
    return code;
}

/* Fails with the output of a program that has left no state.json. */
static int explain(struct rog_survey_host *host, const char *log, struct rog_error *err)
{
    const char *const tail[] = {"tail", "-n", "1", "--", log, NULL};
    char *said = NULL;
    if (rog_connection_command(host->connection, tail, COMMAND_TIMEOUT_S, &said, err) == ROG_OK) {
        said[strcspn(said, "\n")] = '\0';
        rog_fail(err, ROG_EFAILED, "rog-trainer does not start%s%s", said[0] ? ": " : "", said);
    }
    free(said);
    return err->code;
}

int rog_survey_start(struct rog_survey_host *host, const char *const *arguments,
                     struct rog_error *err)
{
    const struct timespec step = {0, LOOK_NS};
    const char *argv[ARGUMENTS_MAX + 2];
    char state[16] = "", message[ROG_ERROR_MESSAGE_BYTES];
    char *log = rog_path_join(host->folder, "trainer.log");
    command_line(host, arguments, argv);
    int code = log ? rog_connection_start(host->connection, argv, log, &host->pid, err)
                   : rog_fail_nomem(err);
    double until_s = rog_clock_s() + START_S;
    while (!code && !state[0] && rog_clock_s() < until_s) {
        nanosleep(&step, NULL);
        code = rog_survey_state(host, state, message, err);
    }
    if (!code && strcmp(state, "failed") == 0)
        code = rog_fail(err, ROG_EFAILED, "%s", message);
    else if (!code && !state[0])
        code = explain(host, log, err);
    free(log);
    return code;
}

int rog_survey_run(struct rog_survey_host *host, const char *const *arguments, double timeout_s,
                   char **output, struct rog_error *err)
{
    const char *argv[ARGUMENTS_MAX + 2];
    command_line(host, arguments, argv);
    return rog_connection_command(host->connection, argv, timeout_s, output, err);
}

char *rog_survey_server(const struct rog_survey_host *host)
{
    const struct rog_connection *server = host->all->host[0].connection;
    return rog_cluster_server(host->options->cluster, server ? server->address : NULL);
}
