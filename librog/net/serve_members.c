/* SPDX-License-Identifier: Apache-2.0 */

/* A server's workers as a group: whether the run may start and continue with the connected ones,
 * what it waits for, and which were connected to its end. */

#include <librog/net/serve_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rog/events.h>

/* Shorter waits are not reported, s */
#define SAY_AFTER_S 2.0
#define LIST_BYTES 120

/* ---- connected workers ---- */

bool rog_serve_peer_is_connected(const struct rog_serve_peer *peer)
{
    return peer->session[0] && rog_link_up(peer->link);
}

static bool is_missing(const struct rog_serve_peer *peer)
{
    return !rog_serve_peer_is_connected(peer);
}

/* Its link is lost, and it is expected to reconnect. */
static bool is_lost(const struct rog_serve_peer *peer)
{
    return peer->here && is_missing(peer);
}

static bool takes_part(const struct rog_serve_peer *peer)
{
    return peer->here || peer->finished;
}

static uint32_t count(const struct rog_serve *serve, bool (*is)(const struct rog_serve_peer *peer))
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < serve->options->workers; i++)
        sum += is(&serve->peers[i]);
    return sum;
}

/* Writes "worker 3" or "workers 3, 4, 7"; returns their number. Ranks that do not fit are left
 * out. */
static uint32_t list(const struct rog_serve *serve, bool (*is)(const struct rog_serve_peer *peer),
                     char text[LIST_BYTES])
{
    uint32_t found = 0, all = count(serve, is);
    size_t used = (size_t)snprintf(text, LIST_BYTES, "worker%s", all == 1 ? "" : "s");
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        if (!is(&serve->peers[i]))
            continue;
        if (used + 32 > LIST_BYTES) {
            snprintf(text + used, LIST_BYTES - used, " and %u more", all - found);
            break;
        }
        used += (size_t)snprintf(text + used, LIST_BYTES - used, "%s%u", found ? ", " : " ", i + 1);
        found++;
    }
    return all;
}

/* Returns the minimum number of workers with which the run continues. */
static uint32_t least(const struct rog_serve *serve)
{
    return serve->options->min_workers ? serve->options->min_workers : 1;
}

/* ---- what it waits for ---- */

/* Reports what the server waits for; "": nothing. */
static void report_wait(struct rog_serve *serve, const char *text, double now)
{
    struct rog_error err;
    if (strcmp(text, serve->waits) != 0) {
        snprintf(serve->waits, sizeof serve->waits, "%s", text);
        serve->waits_s = now;
    }
    if ((text[0] && now - serve->waits_s < SAY_AFTER_S) || strcmp(text, serve->said) == 0)
        return;
    snprintf(serve->said, sizeof serve->said, "%s", text);
    rog_event_begin(serve->options->events, ROG_EVENT_PROGRESS, rog_serve_time(serve), 0);
    rog_event_string(serve->options->events, "waiting", text);
    rog_serve_check(serve, rog_event_end(serve->options->events, &err), &err);
}

/* ---- start ---- */

/* Returns whether the model is known; a model that workers provide must arrive before the run
 * starts. */
static bool model_is_known(const struct rog_serve *serve)
{
    bool there = !serve->upload || rog_model_upload_known(serve->upload);
    for (uint32_t i = 0; i < serve->options->workers && serve->upload; i++)
        there =
            there && (is_missing(&serve->peers[i]) || rog_model_upload_agrees(serve->upload, i));
    return there;
}

static int fail_to_begin(const struct rog_serve *serve, struct rog_error *err)
{
    char missing[LIST_BYTES], least_text[48] = "";
    list(serve, is_missing, missing);
    if (serve->options->min_workers)
        snprintf(least_text, sizeof least_text, " (min_workers is %u)",
                 serve->options->min_workers);
    return rog_fail(err, ROG_EFAILED,
                    "of %u workers these did not connect within %g s: %s%s; check their logs, and "
                    "whether they can reach this address",
                    serve->options->workers, serve->options->join_timeout_s,
                    missing + strcspn(missing, " ") + 1, least_text);
}

bool rog_serve_may_begin(struct rog_serve *serve, double now)
{
    const struct rog_serve_options *options = serve->options;
    char text[ROG_SERVE_WAITS_BYTES] = "", missing[LIST_BYTES];
    struct rog_error err;
    uint32_t there = count(serve, rog_serve_peer_is_connected);
    double waited_s = now - serve->opened_s;
    uint32_t awaited = options->awaited ? options->awaited : options->workers;
    bool enough = options->min_workers && there >= options->min_workers;
    if ((there >= awaited || (enough && waited_s > options->worker_timeout_s)) &&
        model_is_known(serve)) {
        report_wait(serve, "", now);
        return true;
    }
    if (there < awaited) {
        list(serve, is_missing, missing);
        snprintf(text, sizeof text, "%s to connect", missing);
    }
    report_wait(serve, text, now);
    if (there < awaited && !enough && waited_s > options->join_timeout_s)
        rog_serve_fail(serve, fail_to_begin(serve, &err), &err);
    return false;
}

/* ---- continuing ---- */

/* Fails because too few workers are connected. */
static void fail_with_few(struct rog_serve *serve, uint32_t there, double few_s)
{
    struct rog_error err;
    serve->gave_up = true;
    if (there == 0)
        rog_fail(&err, ROG_EFAILED, "no worker has been connected for %.0f s", few_s);
    else
        rog_fail(
            &err, ROG_EFAILED,
            "only %u of %u workers have been connected for %.0f s, fewer than min_workers (%u)",
            there, serve->options->workers, few_s, serve->options->min_workers);
    rog_serve_fail(serve, ROG_EFAILED, &err);
}

static void report_lost(struct rog_serve *serve, uint32_t there, double now)
{
    char text[ROG_SERVE_WAITS_BYTES] = "", lost[LIST_BYTES];
    uint32_t most = serve->options->workers;
    if (there == 0)
        snprintf(text, sizeof text, "any of %u workers to reconnect", most);
    else if (there < least(serve))
        snprintf(text, sizeof text, "workers: %u of %u are connected, min_workers is %u", there,
                 most, serve->options->min_workers);
    else if (list(serve, is_lost, lost))
        snprintf(text, sizeof text, "%s to reconnect", lost);
    report_wait(serve, text, now);
}

/* At the end: records the workers that are not connected now. */
static void record_away(struct rog_serve *serve)
{
    for (uint32_t i = 0; i < serve->options->workers; i++) {
        const struct rog_serve_peer *peer = &serve->peers[i];
        if (!takes_part(peer))
            serve->away[serve->away_count++] =
                (struct rog_serve_away){i + 1, peer->left_s, peer->came};
    }
}

bool rog_serve_continues(struct rog_serve *serve, double now)
{
    const struct rog_serve_options *options = serve->options;
    uint32_t there = count(serve, takes_part), finished = 0, here = 0;
    for (uint32_t i = 0; i < options->workers; i++) {
        finished += serve->peers[i].finished;
        here += serve->peers[i].here;
    }
    if (there >= least(serve))
        serve->few_s = now;
    bool over =
        finished == options->workers ||
        (options->seconds > 0 && rog_serve_time(serve) >= options->seconds) ||
        (!here && finished >= least(serve) && now - serve->idle_s > options->worker_timeout_s);
    if (over) {
        record_away(serve);
        report_wait(serve, "", now);
    } else {
        report_lost(serve, there, now);
        if (now - serve->few_s > options->join_timeout_s)
            fail_with_few(serve, there, now - serve->few_s);
    }
    return !over;
}
