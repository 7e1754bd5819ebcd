/* SPDX-License-Identifier: Apache-2.0 */
/* Provides agents on hosts without a shared folder: starts the threads and reports to the
 * controller. */
#include <orchestrator/pool/provider.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/fleet/cluster_kinds.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/pool/hosts/hosts_state.h>

#define MARK_FILE "hosts"
#define KEY_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define KEY_HASH 8 /* letters */
/* Lease of agents in the local pool. It is long because this provider decides what happens to the
 * tasks of hosts that do not answer. */
#define HERE_LEASE_S 86400.0
/* Seconds to clean up hosts. The leases of the hosts handle the rest. */
#define CLEAN_S 45.0

/* ---- called by the threads ---- */

void rog_pool_hosts_say(struct rog_pool_hosts *hosts, const char *format, ...)
{
    va_list args;
    char text[ROG_ERROR_MESSAGE_BYTES + 200];
    struct rog_pool_message *message = calloc(1, sizeof *message);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (message)
        message->text = rog_strdup(text);
    pthread_mutex_lock(&hosts->mutex);
    if (message) {
        *hosts->messages_end = message;
        hosts->messages_end = &message->next;
    }
    pthread_mutex_unlock(&hosts->mutex);
}

void rog_pool_hosts_fail(struct rog_pool_hosts *hosts, const struct rog_error *cause)
{
    pthread_mutex_lock(&hosts->mutex);
    if (hosts->failure.code == 0)
        hosts->failure = *cause;
    pthread_mutex_unlock(&hosts->mutex);
}

bool rog_pool_hosts_stopped(struct rog_pool_hosts *hosts, double wait_s)
{
    double until_s = rog_clock_s() + wait_s;
    const struct timespec until = {.tv_sec = (time_t)until_s,
                                   .tv_nsec = (long)(1e9 * (until_s - (double)(time_t)until_s))};
    int waited = 0;
    pthread_mutex_lock(&hosts->mutex);
    while (!hosts->stop && waited == 0)
        waited = pthread_cond_timedwait(&hosts->changed, &hosts->mutex, &until);
    bool stopped = hosts->stop;
    pthread_mutex_unlock(&hosts->mutex);
    return stopped;
}

static void say_messages(struct rog_pool_hosts *hosts)
{
    pthread_mutex_lock(&hosts->mutex);
    struct rog_pool_message *message = hosts->messages;
    hosts->messages = NULL;
    hosts->messages_end = &hosts->messages;
    pthread_mutex_unlock(&hosts->mutex);
    while (message) {
        struct rog_pool_message *next = message->next;
        if (message->text)
            hosts->site->say(hosts->site->user, message->text);
        free(message->text);
        free(message);
        message = next;
    }
}

/* ---- start ---- */

/* Loads or draws the part of the host pools' names that is the same for all controllers of this
 * pool. */
static int take_mark(struct rog_pool_hosts *hosts, struct rog_error *err)
{
    unsigned char bytes[(ROG_POOL_HOSTS_MARK_BYTES - 1) / 2];
    char *path = rog_path_join(rog_pool_path(hosts->pool), MARK_FILE), *text = NULL;
    size_t size = 0;
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && rog_file_read(path, sizeof hosts->mark, &text, &size, NULL) == 0 &&
        size == sizeof hosts->mark - 1 && strspn(text, "0123456789abcdef") == size) {
        memcpy(hosts->mark, text, sizeof hosts->mark);
    } else if (code == 0) {
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            code = rog_fail(err, ROG_EIO, "cannot draw a name");
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf(hosts->mark + 2 * i, 3, "%02x", bytes[i]);
        if (code == 0)
            code = rog_file_write(path, hosts->mark, sizeof hosts->mark - 1, err);
    }
    free(text);
    free(path);
    return code;
}

/* Makes a name for files and agents. If it differs from the host's name, it contains part of its
 * hash. */
static void make_key(struct rog_pool_host *host)
{
    char hash[ROG_SHA256_HEX_BYTES];
    size_t length = strlen(host->name);
    bool plain = length <= ROG_POOL_HOST_KEY_MAX && strspn(host->name, KEY_LETTERS) == length &&
                 host->name[0] != '.' && host->name[0] != '-';
    if (plain) {
        snprintf(host->key, sizeof host->key, "%s", host->name);
        return;
    }
    rog_sha256(host->name, length, hash);
    snprintf(host->key, sizeof host->key, "h%.*s-%.*s", ROG_POOL_HOST_KEY_MAX - KEY_HASH - 2,
             host->name, KEY_HASH, hash);
    for (char *c = host->key; *c; c++)
        *c = strchr(KEY_LETTERS, *c) ? *c : '-';
}

static int init_host(struct rog_pool_hosts *hosts, size_t index, struct rog_error *err)
{
    struct rog_pool_host *host = &hosts->host[index];
    host->hosts = hosts;
    host->settings = rog_json_at(hosts->file->host, index);
    host->name = rog_json_get_string(host->settings, "host", "");
    host->drops = rog_json_array();
    host->alive = rog_json_object();
    make_key(host);
    return host->drops && host->alive ? rog_pool_held_load(host, err) : rog_fail_nomem(err);
}

static void init_sync(struct rog_pool_hosts *hosts)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&hosts->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hosts->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    hosts->messages_end = &hosts->messages;
}

static int start_threads(struct rog_pool_hosts *hosts, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < hosts->count; i++) {
        struct rog_pool_host *host = &hosts->host[i];
        int cause = pthread_create(&host->thread, NULL, rog_pool_host_live, host);
        host->has_thread = cause == 0;
        if (cause)
            code = rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    }
    return code;
}

static void release(struct rog_pool_hosts *hosts)
{
    for (size_t i = 0; hosts->host && i < hosts->count; i++) {
        struct rog_pool_host *host = &hosts->host[i];
        while (host->held_count) /* their tasks stay taken in the local pool, for the next
                                    controller */
            rog_pool_held_forget(host, &host->held[host->held_count - 1]);
        free(host->held);
        rog_pool_host_forget_trees(host);
        rog_json_free(host->drops);
        rog_json_free(host->alive);
        free(host->folder);
        free(host->tree);
    }
    say_messages(hosts);
    rog_pool_list_release(&hosts->ready);
    rog_bundle_cache_free(hosts->bundles);
    rog_pool_close(hosts->pool);
    rog_hosts_free(hosts->file);
    pthread_cond_destroy(&hosts->changed);
    pthread_mutex_destroy(&hosts->mutex);
    free(hosts->host);
    free(hosts->trainer);
    free(hosts);
}

/* Stops the threads. With `clean` they remove what they have created on the hosts. */
static void halt(struct rog_pool_hosts *hosts, bool clean)
{
    pthread_mutex_lock(&hosts->mutex);
    hosts->stop = true;
    hosts->clean = clean;
    hosts->until_s = rog_clock_s() + CLEAN_S;
    pthread_cond_broadcast(&hosts->changed);
    pthread_mutex_unlock(&hosts->mutex);
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->host[i].has_thread)
            pthread_join(hosts->host[i].thread, NULL);
        hosts->host[i].has_thread = false;
    }
}

static int open_hosts(void **state, const struct rog_pool_site *site, struct rog_error *err)
{
    struct rog_pool_hosts *hosts = calloc(1, sizeof *hosts);
    *state = NULL;
    if (!hosts)
        return rog_fail_nomem(err);
    hosts->site = site;
    hosts->reached = &rog_ssh_cluster;
    init_sync(hosts);
    int code = rog_hosts_read(&hosts->file, site->file, hosts->reached, err);
    if (code == 0)
        code = rog_pool_open(&hosts->pool, site->path, err);
    if (code == 0)
        code = take_mark(hosts, err);
    if (code == 0 && !(hosts->trainer = rog_fleet_trainer_path(err)))
        code = ROG_EFAILED;
    const struct rog_bundle_programs programs = {hosts->trainer, site->rogctl};
    if (code == 0)
        code = rog_bundle_cache_new(&hosts->bundles, &programs, err);
    hosts->count = code == 0 ? rog_json_size(hosts->file->host) : 0;
    hosts->host = calloc(hosts->count + 1, sizeof *hosts->host);
    if (code == 0 && !hosts->host)
        code = rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < hosts->count; i++)
        code = init_host(hosts, i, err);
    if (code == 0)
        code = start_threads(hosts, err);
    if (code < 0) {
        halt(hosts, false);
        release(hosts);
    } else {
        *state = hosts;
    }
    return code;
}

/* ---- steps ---- */

static int judge(const struct rog_pool_hosts *hosts, struct rog_error *err)
{
    size_t out = 0;
    for (size_t i = 0; i < hosts->count; i++)
        out += hosts->host[i].out || hosts->host[i].troubled;
    if (hosts->failure.code)
        return rog_fail_again(err, &hosts->failure);
    return out == hosts->count
               ? rog_fail(err, ROG_EFAILED, "none of the %zu hosts of %s can be used", hosts->count,
                          hosts->file->path)
               : 0;
}

static int step(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                struct rog_error *err)
{
    struct rog_pool_hosts *hosts = state;
    size_t up = 0, busy = 0, slots = 0;
    (void)counts;
    say_messages(hosts);
    pthread_mutex_lock(&hosts->mutex);
    rog_pool_hosts_balance(hosts);
    for (size_t i = 0; i < hosts->count; i++) {
        const struct rog_pool_host *host = &hosts->host[i];
        up += host->up;
        busy += host->up && host->busy;
        slots += host->up && !host->busy && !host->troubled ? host->slots : 0;
    }
    int code = judge(hosts, err);
    pthread_mutex_unlock(&hosts->mutex);
    int used =
        snprintf(says, bytes, "%zu of %zu hosts, for %zu runs at once", up, hosts->count, slots);
    if (busy && used > 0 && (size_t)used < bytes)
        snprintf(says + used, bytes - (size_t)used, "; %zu held by others", busy);
    return code;
}

static int stop(void *state, struct rog_error *err)
{
    (void)err;
    halt(state, true);
    say_messages(state);
    return 0;
}

static void close_hosts(void *state)
{
    if (!state)
        return;
    halt(state, false);
    release(state);
}

/* ---- checks ---- */

static int check(const char *file, struct rog_error *err)
{
    struct rog_hosts *hosts = NULL;
    int code = rog_hosts_read(&hosts, file, &rog_ssh_cluster, err);
    rog_hosts_free(hosts);
    return code;
}

static int describe(const struct rog_pool_site *site, struct rog_error *err)
{
    struct rog_hosts *hosts = NULL;
    int code = rog_hosts_read(&hosts, site->file, &rog_ssh_cluster, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(hosts->host); i++) {
        const struct rog_json *host = rog_json_at(hosts->host, i);
        const char *user = rog_json_get_string(host, "user", "");
        long long slots = (long long)rog_json_get_integer(host, "slots", 0);
        long long nice = (long long)rog_json_get_integer(host, "nice", 0);
        char many[32] = "a run for each processor", behind[32] = "";
        if (slots > 0)
            snprintf(many, sizeof many, "%lld run%s", slots, slots == 1 ? "" : "s");
        if (nice > 0)
            snprintf(behind, sizeof behind, ", nice %lld", nice);
        char *line = rog_format("ssh %s%s%s: %s at once%s", user, user[0] ? "@" : "",
                                rog_json_get_string(host, "host", ""), many, behind);
        code = line ? 0 : rog_fail_nomem(err);
        if (line)
            site->print(site->user, line);
        free(line);
    }
    rog_hosts_free(hosts);
    return code;
}

const struct rog_pool_provider rog_pool_hosts_provider = {
    .name = "hosts",
    .file = "FILE",
    .needs_file = true,
    .follows = true,
    .detaches = true,
    .lease_s = HERE_LEASE_S,
    .check = check,
    .open = open_hosts,
    .step = step,
    .stop = stop,
    .describe = describe,
    .close = close_hosts,
};
