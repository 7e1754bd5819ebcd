/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the hosts of a cluster for a sweep: makes the decisions that concern all hosts. */
#include <orchestrator/fleet/remote/hold.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/remote/hold_state.h>
#include <orchestrator/fleet/remote/spec.h>

/* Seconds between renewals of a place, and its lifetime without them. Less if a run's lease is
 * shorter. */
#define RENEW_S 10.0
#define LEASE_S 45.0
#define LEASE_PARTS 8
#define YIELD_S 3.0 /* hosts that become free at the same time are not seen so at once */
#define FREE_S 5.0
#define HURRIED_FREE_S 0.6 /* if the user wants rogctl to exit */
#define STEP_S 0.1

/* ---- start and end ---- */

/* Describes who holds the hosts, for other users. */
static void describe(struct rog_hold *hold)
{
    char host[65] = "";
    const struct passwd *entry = getpwuid(geteuid());
    const char *user = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
    user = user && user[0] ? user : entry ? entry->pw_name : "unknown";
    gethostname(host, sizeof host - 1);
    snprintf(hold->text, sizeof hold->text, "%.40s@%.40s, sweep %.100s", user,
             host[0] ? host : "unknown", hold->options.sweep);
}

static int draw_token(char token[ROG_CLAIM_TOKEN_BYTES], struct rog_error *err)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return rog_fail(err, ROG_EIO, "cannot draw a number: %s", strerror(errno));
    snprintf(token, ROG_CLAIM_TOKEN_BYTES, "%016" PRIx64, number);
    return 0;
}

static void init_host(struct rog_hold *hold, size_t rank)
{
    const struct rog_cluster *cluster = hold->options.cluster;
    struct rog_hold_host *host = &hold->host[rank];
    host->hold = hold;
    host->rank = rank;
    host->is_tester = rank > rog_json_size(cluster->workers);
    host->settings = host->is_tester ? cluster->tester : rog_remote_settings(cluster, rank);
    host->name = rog_json_get_string(host->settings, "host", "");
    if (host->is_tester)
        snprintf(host->title, sizeof host->title, "the tester (%.64s)", host->name);
    else
        rog_remote_title(host->title, sizeof host->title, rank, host->name);
}

static void init_lock(struct rog_hold *hold)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&hold->mutex, NULL);
    pthread_cond_init(&hold->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static int start_threads(struct rog_hold *hold, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < hold->count; i++) {
        struct rog_hold_host *host = &hold->host[i];
        int cause =
            host->has_thread ? 0 : pthread_create(&host->thread, NULL, rog_hold_host_live, host);
        host->has_thread = cause == 0;
        if (cause)
            code = rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    }
    return code;
}

int rog_hold_new(struct rog_hold **out, const struct rog_session_options *options,
                 struct rog_error *err)
{
    *out = NULL;
    struct rog_hold *hold = calloc(1, sizeof *hold);
    if (!hold)
        return rog_fail_nomem(err);
    hold->options = *options;
    hold->renew_s = fmin(RENEW_S, options->cluster->lease_s / LEASE_PARTS);
    hold->lease_s = fmin(LEASE_S, options->cluster->lease_s);
    init_lock(hold);
    describe(hold);
    const size_t count =
        rog_json_size(options->cluster->workers) + 1 + (options->cluster->tester != NULL);
    hold->host = calloc(count, sizeof *hold->host);
    int code = hold->host ? draw_token(hold->token, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_bundle_cache_new(
            &hold->bundles, &(const struct rog_bundle_programs){options->trainer, NULL}, err);
    if (code == 0)
        hold->count = count;
    for (size_t i = 0; i < hold->count; i++)
        init_host(hold, i);
    if (code)
        rog_hold_free(hold);
    else
        *out = hold;
    return code;
}

static bool all_over(const struct rog_hold *hold)
{
    bool over = true;
    for (size_t i = 0; i < hold->count; i++)
        over &= hold->host[i].over || !hold->host[i].has_thread;
    return over;
}

/* Lets the threads release their hosts. Those that take too long are cut off. */
static void end_threads(struct rog_hold *hold)
{
    const struct rog_session_options *options = &hold->options;
    double began_s = rog_clock_s(), limit_s = FREE_S;
    pthread_mutex_lock(&hold->mutex);
    hold->stop = true;
    pthread_cond_broadcast(&hold->changed);
    while (!all_over(hold) && rog_clock_s() - began_s < limit_s) {
        double until_s = rog_clock_s() + STEP_S;
        const struct timespec until = {.tv_sec = (time_t)until_s,
                                       .tv_nsec =
                                           (long)(1e9 * (until_s - (double)(time_t)until_s))};
        pthread_cond_timedwait(&hold->changed, &hold->mutex, &until);
        if (options->hurried && options->hurried(options->user))
            limit_s = HURRIED_FREE_S;
    }
    hold->cut = true;
    pthread_mutex_unlock(&hold->mutex);
    for (size_t i = 0; i < hold->count; i++)
        if (hold->host[i].has_thread)
            pthread_join(hold->host[i].thread, NULL);
}

void rog_hold_free(struct rog_hold *hold)
{
    if (!hold)
        return;
    end_threads(hold);
    for (size_t i = 0; i < hold->count; i++) {
        struct rog_hold_host *host = &hold->host[i];
        rog_holders_release(&host->holders);
        free(host->root);
        free(host->program);
        free(host->file);
    }
    rog_bundle_cache_free(hold->bundles);
    pthread_cond_destroy(&hold->changed);
    pthread_mutex_destroy(&hold->mutex);
    free(hold->host);
    free(hold);
}

int rog_hold_begin(struct rog_hold *hold, const char *token, struct rog_error *err)
{
    pthread_mutex_lock(&hold->mutex);
    hold->acquiring = true;
    hold->acquiring_s = rog_clock_s();
    if (token && strcmp(token, hold->token) != 0) {
        snprintf(hold->token, sizeof hold->token, "%s", token);
        hold->generation++;
    }
    for (size_t i = 0; i < hold->count; i++)
        hold->host[i].failed = false;
    pthread_cond_broadcast(&hold->changed);
    pthread_mutex_unlock(&hold->mutex);
    return start_threads(hold, err);
}

const char *rog_hold_token(const struct rog_hold *hold)
{
    return hold->token; /* changed only by rog_hold_begin, in the caller's thread */
}

const char *rog_hold_text(const struct rog_hold *hold)
{
    return hold->text;
}

struct rog_bundle_cache *rog_hold_bundles(struct rog_hold *hold)
{
    return hold->bundles;
}

/* ---- decisions over all hosts, with the mutex held ---- */

/* The order in which all sweeps take machines. */
static bool comes_before(const struct rog_hold_host *one, const struct rog_hold_host *other)
{
    int order = strcmp(one->machine, other->machine);
    return order < 0 || (order == 0 && one->rank < other->rank);
}

const struct rog_hold_host *rog_hold_twin(const struct rog_hold_host *host)
{
    const struct rog_hold *hold = host->hold;
    for (size_t i = 0; i < hold->count; i++)
        if (&hold->host[i] != host && !host->is_tester && !hold->host[i].is_tester &&
            host->machine[0] && hold->host[i].stage != ROG_HOLD_AWAY &&
            strcmp(hold->host[i].machine, host->machine) == 0)
            return &hold->host[i];
    return NULL;
}

/* Returns whether the host cannot be reached, or has been unreached for so long that a run starts
 * without it. */
static bool is_missing(const struct rog_hold_host *host)
{
    const struct rog_hold *hold = host->hold;
    const struct rog_cluster *cluster = hold->options.cluster;
    bool is_late = host->rank && cluster->min_workers > 0 &&
                   rog_clock_s() - hold->acquiring_s > cluster->worker_timeout_s;
    return host->stage == ROG_HOLD_AWAY ||
           (host->stage == ROG_HOLD_BEGUN && !host->connected && is_late);
}

/* A host may take a place only when the order is known for all hosts. With no_wait, hosts
 * take places one after the other, so that of two sweeps that start together one finds all
 * hosts free. */
bool rog_hold_may_enter(const struct rog_hold_host *host)
{
    const struct rog_hold *hold = host->hold;
    for (size_t i = 0; i < hold->count; i++) {
        const struct rog_hold_host *other = &hold->host[i];
        if (other->stage == ROG_HOLD_BEGUN && hold->acquiring && !is_missing(other))
            return false;
        if (hold->options.no_wait && hold->acquiring && other != host && !is_missing(other) &&
            other->stage != ROG_HOLD_HELD && comes_before(other, host))
            return false;
    }
    return true;
}

/* Returns whether the sweep with that token is waiting behind this sweep on a host that this one
 * waits for. */
static bool waits_behind(const struct rog_hold_host *host, const char *token)
{
    return rog_claims_find(&host->holders.claims, token) &&
           rog_claims_before(&host->holders.claims, token) >
               rog_claims_before(&host->holders.claims, host->hold->token);
}

bool rog_hold_must_yield(const struct rog_hold_host *host, double now_s)
{
    const struct rog_hold *hold = host->hold;
    if (!hold->acquiring || host->stage != ROG_HOLD_HELD)
        return false;
    for (size_t k = 0; k < host->holders.claims.count; k++) {
        const char *token = host->holders.claims.entry[k].token;
        bool waits = false, behind = strcmp(token, hold->token) == 0;
        for (size_t i = 0; i < hold->count && !behind; i++) {
            const struct rog_hold_host *other = &hold->host[i];
            if (other->stage != ROG_HOLD_QUEUED || !comes_before(other, host))
                continue;
            waits |= now_s - other->queued_s > YIELD_S;
            behind = waits_behind(other, token);
        }
        if (waits && !behind)
            return true;
    }
    return false;
}

/* ---- state as seen by a run ---- */

/* Finds the host that is waited for, and its holder. */
static bool find_waited(const struct rog_hold *hold, const struct rog_hold_host **waited)
{
    *waited = NULL;
    for (size_t i = 0; i < hold->count; i++) {
        const struct rog_hold_host *host = &hold->host[i];
        if (host->stage == ROG_HOLD_QUEUED && (!*waited || comes_before(host, *waited)))
            *waited = host;
    }
    return *waited != NULL;
}

static void tell(const struct rog_hold_host *host, const char *is, char *text, size_t bytes)
{
    char held[ROG_CLAIM_TEXT_BYTES + 64], others[40] = "";
    size_t before = rog_claims_before(&host->holders.claims, host->hold->token);
    if (before > 1)
        snprintf(others, sizeof others, " (%zu before it)", before);
    rog_holders_text(&host->holders, held, sizeof held);
    snprintf(text, bytes, "%s%s%s held %s", host->title, others, is, held);
}

bool rog_hold_waits(struct rog_hold *hold, char *what, size_t bytes, double *since_s)
{
    const struct rog_hold_host *host;
    pthread_mutex_lock(&hold->mutex);
    bool waits = find_waited(hold, &host);
    if (waits) {
        tell(host, ",", what, bytes);
        *since_s = host->queued_s;
    }
    pthread_mutex_unlock(&hold->mutex);
    return waits;
}

int rog_hold_check(struct rog_hold *hold, bool *held, bool *queued, struct rog_error *err)
{
    int code = 0;
    bool all = true;
    pthread_mutex_lock(&hold->mutex);
    const struct rog_hold_host *waited;
    bool waits = find_waited(hold, &waited);
    for (size_t i = 0; i < hold->count && code == 0; i++) {
        const struct rog_hold_host *host = &hold->host[i];
        all &= host->stage == ROG_HOLD_HELD || is_missing(host);
        if (host->failed && hold->acquiring)
            code = rog_fail_again(err, &host->cause);
    }
    if (code == 0 && all)
        hold->acquiring = false;
    *held = !hold->acquiring;
    *queued = waits && hold->acquiring;
    if (code == 0 && waits && hold->acquiring && hold->options.no_wait) {
        char text[2 * ROG_CLAIM_TEXT_BYTES];
        tell(waited, " is", text, sizeof text);
        code = rog_fail(err, ROG_EBUSY, "%s; without --no-wait this would wait for it", text);
    }
    pthread_mutex_unlock(&hold->mutex);
    return code;
}

bool rog_hold_misses(struct rog_hold *hold, size_t rank)
{
    pthread_mutex_lock(&hold->mutex);
    bool misses = is_missing(&hold->host[rank]);
    pthread_mutex_unlock(&hold->mutex);
    return misses;
}

bool rog_hold_has_met(struct rog_hold *hold, size_t rank)
{
    pthread_mutex_lock(&hold->mutex);
    bool met = hold->host[rank].met;
    pthread_mutex_unlock(&hold->mutex);
    return met;
}

bool rog_hold_has(struct rog_hold *hold, size_t rank, bool or_away)
{
    pthread_mutex_lock(&hold->mutex);
    const struct rog_hold_host *host = &hold->host[rank];
    bool has = !hold->acquiring && (host->stage == ROG_HOLD_HELD || (or_away && is_missing(host)));
    pthread_mutex_unlock(&hold->mutex);
    return has;
}
