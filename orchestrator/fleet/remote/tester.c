/* SPDX-License-Identifier: Apache-2.0 */
/* Tests checkpoints on a cluster's tester host. */
#include <orchestrator/fleet/remote/tester.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/remote/place.h>

#define PIECE_BYTES 65536
#define PATIENCE_S 600.0 /* a small device may need long for a test */
#define PAUSE_S 2.0

struct tester {
    struct rog_attempt attempt;
    struct rog_remote remote; /* with a single host, the tester */
    struct rog_remote_host host;

    /* Protected by the mutex. */
    char *path; /* of a checkpoint to test; NULL: none */
    char *line; /* the answer; NULL: not yet */
    bool failed;
    struct rog_error cause;
};

/* $1: the trainer, $2: the configuration. The checkpoint is the input. */
static const char test_script[] =
    "dir=$(mktemp -d) || exit 1; trap 'rm -rf \"$dir\"' EXIT; trap 'exit 1' HUP INT TERM; "
    "printf %s \"$2\" >\"$dir/config.json\" && cat >\"$dir/model.safetensors\" && "
    "\"$1\" test --config \"$dir/config.json\" --model \"$dir/model.safetensors\"";

struct source {
    FILE *file;
    const char *path;
    char piece[PIECE_BYTES];
};

static int give_piece(void *user, const void **data, size_t *size, struct rog_error *err)
{
    struct source *source = user;
    *data = source->piece;
    *size = fread(source->piece, 1, sizeof source->piece, source->file);
    if (*size == 0 && ferror(source->file))
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", source->path, strerror(errno));
    return 0;
}

/* Finds the first line of the answer that is a result event or a failure. */
static int take_answer(struct tester *tester, const struct rog_command_result *result, char **line,
                       struct rog_error *err)
{
    size_t length = result->output ? strcspn(result->output, "\n") : 0;
    if (length == 0)
        return rog_fail(err, ROG_EFAILED, "%s gave no result (status %d): %.300s",
                        tester->host.title, result->status,
                        result->errors ? result->errors : "no reason given");
    *line = rog_format("%.*s", (int)length, result->output);
    return *line ? 0 : rog_fail_nomem(err);
}

static int test(struct tester *tester, const char *path, char **line, struct rog_error *err)
{
    struct rog_remote_host *host = &tester->host;
    struct rog_command_result result = {0};
    struct source *source = calloc(1, sizeof *source);
    char *config = rog_remote_config(tester->remote.files, host->tree);
    int code = source && config ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        source->path = path;
        source->file = fopen(path, "rbe");
        if (!source->file)
            code = rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    if (code == 0) {
        const struct rog_command_input input = {.give = give_piece, .user = source};
        const char *const argv[] = {"sh", "-c", test_script, "sh", host->program, config, NULL};
        code = rog_connection_feed(host->connection, argv, &input, PATIENCE_S, &result, err);
    }
    if (code == 0)
        code = take_answer(tester, &result, line, err);
    rog_command_result_release(&result);
    if (source && source->file)
        fclose(source->file);
    free(source);
    free(config);
    return code;
}

/* Connects and deploys if necessary, then tests. Repeats this if the connection breaks. Waits for a
 * host that does not answer as long as for a run without progress (stall_limit). */
static int serve(struct tester *tester, const char *path, char **line, struct rog_error *err)
{
    struct rog_remote_host *host = &tester->host;
    double until_s = rog_clock_s() + tester->attempt.cluster->stall_limit_s;
    int code;
    do {
        code = host->connection ? 0 : rog_remote_connect(host, err);
        if (code == 0 && !host->tree)
            code = rog_remote_prepare(host, err);
        if (code == 0)
            code = test(tester, path, line, err);
        bool lost = !host->connection || rog_connection_lost(host->connection);
        if (code == 0 || code == ROG_EINVAL || code == ROG_EINTR || !lost ||
            rog_clock_s() > until_s)
            break;
        rog_remote_disconnect(host);
    } while (!rog_remote_stopped(&tester->remote, PAUSE_S));
    return code;
}

static void *live(void *argument)
{
    struct tester *tester = argument;
    struct rog_remote *remote = &tester->remote;
    pthread_mutex_lock(&remote->mutex);
    while (!remote->stop) {
        if (!tester->path) {
            pthread_cond_wait(&remote->changed, &remote->mutex);
            continue;
        }
        char *path = tester->path, *line = NULL;
        struct rog_error cause = {0};
        tester->path = NULL;
        pthread_mutex_unlock(&remote->mutex);
        int code = serve(tester, path, &line, &cause);
        free(path);
        pthread_mutex_lock(&remote->mutex);
        tester->line = line;
        tester->failed = code != 0;
        tester->cause = cause;
    }
    pthread_mutex_unlock(&remote->mutex);
    rog_remote_disconnect(&tester->host);
    rog_remote_leave(&tester->host);
    return NULL;
}

static void end(void *state)
{
    struct tester *tester = state;
    if (!tester)
        return;
    rog_remote_halt(&tester->remote, &tester->host, 1);
    free(tester->path);
    free(tester->line);
    rog_remote_release(&tester->remote);
    free(tester);
}

static int begin(void **state, const struct rog_attempt *attempt, struct rog_error *err)
{
    struct tester *tester = calloc(1, sizeof *tester);
    *state = NULL;
    if (!tester)
        return rog_fail_nomem(err);
    tester->attempt = *attempt;
    tester->attempt.adopt = true; /* as for an adopted run: nothing needs to be shaped */
    struct rog_remote_host *host = &tester->host;
    rog_remote_init(&tester->remote, &tester->attempt);
    host->remote = &tester->remote;
    host->settings = attempt->cluster->tester;
    host->name = rog_json_get_string(host->settings, "host", "");
    snprintf(host->title, sizeof host->title, "the tester (%.64s)", host->name);
    int code = rog_remote_files_new(&tester->remote.files, attempt->config, NULL, NULL, err);
    tester->attempt.config = NULL; /* borrowed during this call only */
    if (code == 0) {
        int cause = pthread_create(&host->thread, NULL, live, tester);
        host->has_thread = cause == 0;
        if (cause)
            code = rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    }
    if (code)
        end(tester);
    else
        *state = tester;
    return code;
}

static int give(void *state, const char *path, struct rog_error *err)
{
    struct tester *tester = state;
    char *copy = rog_strdup(path);
    if (!copy)
        return rog_fail_nomem(err);
    pthread_mutex_lock(&tester->remote.mutex);
    tester->path = copy;
    pthread_cond_broadcast(&tester->remote.changed);
    pthread_mutex_unlock(&tester->remote.mutex);
    return 0;
}

static int take(void *state, char **line, struct rog_error *err)
{
    struct tester *tester = state;
    pthread_mutex_lock(&tester->remote.mutex);
    *line = tester->line;
    tester->line = NULL;
    int code = tester->failed ? rog_fail(err, ROG_EFAILED, "%s", tester->cause.message) : 0;
    pthread_mutex_unlock(&tester->remote.mutex);
    return code;
}

const struct rog_checkpoint_tester rog_remote_tester = {
    .begin = begin,
    .give = give,
    .take = take,
    .end = end,
};
