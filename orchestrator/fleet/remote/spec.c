/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the task of a host's supervisor. */
#include <orchestrator/fleet/remote/spec.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/trace_name.h>
#include <orchestrator/conf/wrapper.h>

#define PACE_OPTION "--pace"
#define SERVER_TIMEOUT_S 1e6 /* maximum of the option */

const struct rog_json *rog_remote_settings(const struct rog_cluster *cluster, size_t rank)
{
    return rank ? rog_json_at(cluster->workers, rank - 1) : cluster->server;
}

void rog_remote_title(char *text, size_t bytes, size_t rank, const char *host)
{
    if (rank)
        snprintf(text, bytes, "worker %zu (%.64s)", rank, host);
    else
        snprintf(text, bytes, "the server (%.64s)", host);
}

/* ---- shaping ---- */

static void is_missing(struct rog_remote_right *right, const struct rog_json *probe)
{
    static const struct {
        const char *name, *words;
    } causes[] = {
        {"tools", "tc or ip is not installed (package iproute2)"},
        {"permitted", "the user is not permitted to change network interfaces"},
        {"tbf", "the kernel has no tbf"},
        {"htb", "the kernel has no htb"},
        {"u32", "the kernel has no u32"},
    };
    const char *obstacle = rog_json_get_string(probe, "obstacle", "");
    if (obstacle[0]) {
        snprintf(right->why_not, sizeof right->why_not, "it has a qdisc of another program (%.64s)",
                 obstacle);
        return;
    }
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (!rog_json_get_bool(probe, causes[i].name, true)) {
            snprintf(right->why_not, sizeof right->why_not, "%s", causes[i].words);
            return;
        }
    snprintf(right->why_not, sizeof right->why_not, "the kernel lacks the required modules");
}

int rog_remote_right_read(struct rog_remote_right *right, const char *answer, struct rog_error *err)
{
    struct rog_json *probe = NULL;
    *right = (struct rog_remote_right){0};
    if (!answer) {
        snprintf(right->why_not, sizeof right->why_not, "the cluster file gives no iface");
        return 0;
    }
    int code =
        rog_json_parse(answer, strlen(answer), "the answer of rog-trainer shape", &probe, err);
    if (code < 0)
        return code;
    if (!rog_json_get_bool(probe, "interface", true))
        code = rog_fail(err, ROG_EINVAL, "its iface is not a network interface there");
    right->egress = rog_json_get_bool(probe, "egress", false);
    right->ingress = rog_json_get_bool(probe, "ingress", false);
    right->downlink = rog_json_get_bool(probe, "downlink", false);
    if (!right->egress || !right->downlink)
        is_missing(right, probe);
    rog_json_free(probe);
    return code;
}

void rog_remote_shaping_choose(struct rog_remote_shaping *shaping,
                               const struct rog_remote_right *right, size_t count, bool at_server)
{
    size_t no_egress = 0, no_ingress = 0; /* the first worker without each of them */
    bool needless = true;
    for (size_t i = count - 1; i > 0; i--) {
        if (right[i].needless)
            continue;
        needless = false;
        no_egress = right[i].egress ? no_egress : i;
        no_ingress = right[i].ingress ? no_ingress : i;
    }
    *shaping = (struct rog_remote_shaping){.how = ROG_REMOTE_BOTH};
    if (needless)
        return;
    if (no_egress) {
        shaping->how = ROG_REMOTE_PACE;
        snprintf(shaping->why, sizeof shaping->why,
                 "the bandwidth is paced in user space by the trainer, as the interface of worker "
                 "%zu cannot be shaped: %s",
                 no_egress, right[no_egress].why_not);
    } else if ((no_ingress || at_server) && right[0].downlink) {
        shaping->how = ROG_REMOTE_DOWNLINK;
    } else if (at_server) {
        shaping->how = ROG_REMOTE_PACE;
        snprintf(shaping->why, sizeof shaping->why,
                 "the bandwidth is paced in user space by the trainer, as the server cannot shape "
                 "what it sends (downlink = \"server\"): %s",
                 right[0].why_not);
    } else if (no_ingress) {
        shaping->how = ROG_REMOTE_PACE;
        snprintf(shaping->why, sizeof shaping->why,
                 "the bandwidth is paced in user space by the trainer, as neither worker %zu can "
                 "shape what it receives (its kernel has no ifb) nor the server what it sends: %s",
                 no_ingress, right[0].why_not);
    }
}

void rog_remote_shaping_read(struct rog_remote_shaping *shaping, const struct rog_json *spec)
{
    const struct rog_json *arguments = rog_json_get(spec, "arguments");
    *shaping = (struct rog_remote_shaping){.how = rog_json_get(spec, "shape") ? ROG_REMOTE_DOWNLINK
                                                                              : ROG_REMOTE_BOTH};
    for (size_t i = 0; i < rog_json_size(arguments); i++)
        if (strcmp(rog_json_string(rog_json_at(arguments, i), ""), PACE_OPTION) == 0)
            shaping->how = ROG_REMOTE_PACE;
}

/* ---- host.json ---- */

static void add_argument(struct rog_json *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add_argument(struct rog_json *list, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    rog_json_append(list, rog_json_new_string(text));
}

/* Makes the arguments of serve or work, except those that the supervisor adds itself. */
static struct rog_json *make_arguments(const struct rog_cluster *cluster, const char *server,
                                       size_t rank, size_t awaited, bool pace)
{
    struct rog_json *list = rog_json_array();
    if (rank) {
        add_argument(list, "--server");
        add_argument(list, "%s", server);
        /* A worker that is away keeps waiting for its server. Its supervisor ends it when it is no
         * longer needed. */
        add_argument(list, "--server-timeout");
        add_argument(list, "%.0f", SERVER_TIMEOUT_S);
    } else {
        add_argument(list, "--listen");
        add_argument(list, ":%u", cluster->port);
        add_argument(list, "--worker-timeout");
        add_argument(list, "%.17g", cluster->worker_timeout_s);
        add_argument(list, "--state-period");
        add_argument(list, "%.17g", cluster->state_period_s);
        add_argument(list, "--join-timeout");
        add_argument(list, "%.17g", cluster->stall_limit_s);
        add_argument(list, "--min-workers");
        add_argument(list, "%zu", cluster->min_workers);
        add_argument(list, "--awaited");
        add_argument(list, "%zu", awaited);
    }
    if (pace)
        add_argument(list, PACE_OPTION);
    return list;
}

/* Writes where in its trace the worker starts. */
static void put_start(struct rog_json *to, const struct rog_json *config, size_t rank)
{
    const struct rog_json *worker = rog_json_at(rog_json_get(config, "workers"), rank - 1);
    rog_json_put_number(to, "offset_s", rog_json_get_number(worker, "trace_offset", 0));
    rog_json_put_number(to, "phase", rog_json_get_number(worker, "trace_phase", 0));
}

/* Lists the workers that the server shapes. */
static struct rog_json *make_peers(const struct rog_json *config, const struct rog_cluster *cluster,
                                   const rog_remote_address *known)
{
    struct rog_json *peers = rog_json_array();
    for (size_t rank = 1; rank <= rog_json_size(cluster->workers); rank++) {
        if (!rog_trace_is_limited(config, (int64_t)rank))
            continue;
        const struct rog_json *settings = rog_remote_settings(cluster, rank);
        struct rog_json *peer = rog_json_object();
        rog_json_put_integer(peer, "rank", (int64_t)rank);
        rog_json_put_string(peer, "address", rog_cluster_address(settings, known[rank]));
        rog_json_put_string(peer, "trace", rog_trace_of_rank(config, (int64_t)rank));
        put_start(peer, config, rank);
        rog_json_append(peers, peer);
    }
    return peers;
}

/* Returns the shaping of a host; NULL: nothing is shaped on it. */
static struct rog_json *make_shape(const struct rog_json *config, const struct rog_cluster *cluster,
                                   const rog_remote_address *known,
                                   const struct rog_remote_shaping *shaping, size_t rank)
{
    if (shaping->how == ROG_REMOTE_PACE || (!rank && shaping->how == ROG_REMOTE_BOTH) ||
        (rank && !rog_trace_is_limited(config, (int64_t)rank)))
        return NULL;
    struct rog_json *shape = rog_json_object();
    rog_json_put_string(shape, "iface",
                        rog_json_get_string(rog_remote_settings(cluster, rank), "iface", ""));
    rog_json_put_integer(shape, "seed", rog_json_get_integer(config, "seed", 0));
    rog_json_put_number(shape, "block_s", rog_json_get_number(config, "trace_blocks", 0));
    rog_json_put_bool(shape, "own_blocks", rog_trace_has_own_blocks(config));
    rog_json_put_number(shape, "tolerance", ROG_REMOTE_TOLERANCE);
    if (rank) {
        rog_json_put_string(shape, "direction",
                            shaping->how == ROG_REMOTE_BOTH ? "both" : "egress");
        rog_json_put_string(shape, "trace", rog_trace_of_rank(config, (int64_t)rank));
        put_start(shape, config, rank);
    } else {
        rog_json_put(shape, "peers", make_peers(config, cluster, known));
    }
    return shape;
}

int rog_remote_spec(const struct rog_json *config, const struct rog_cluster *cluster,
                    const rog_remote_address *known, const struct rog_remote_shaping *shaping,
                    size_t rank, size_t awaited, const struct rog_remote_claim *claim, char **text,
                    struct rog_error *err)
{
    const struct rog_json *settings = rog_remote_settings(cluster, rank);
    struct rog_json *filled = rog_json_copy(config);
    char *server = rog_cluster_server(cluster, known[0]);
    int code = filled && server ? rog_trace_start_fill(filled, err) : rog_fail_nomem(err);
    if (code < 0) {
        rog_json_free(filled);
        free(server);
        return code;
    }
    struct rog_json *spec = rog_json_object();
    struct rog_json *shape = make_shape(filled, cluster, known, shaping, rank);
    rog_json_free(filled);
    rog_json_put_string(spec, "role", rank ? "work" : "serve");
    rog_json_put_integer(spec, "rank", (int64_t)rank);
    rog_json_put(spec, "arguments",
                 make_arguments(cluster, server, rank, awaited, shaping->how == ROG_REMOTE_PACE));
    free(server);
    rog_wrapper_put(spec, settings, rank ? 0 : cluster->port);
    rog_json_put_integer(spec, "restarts", cluster->restarts);
    rog_json_put_number(spec, "lease_s", cluster->lease_s);
    rog_json_put_bool(spec, "power", true);
    const char *iface = rog_json_get_string(settings, "iface", NULL);
    if (iface)
        rog_json_put_string(spec, "iface", iface);
    if (shape)
        rog_json_put(spec, "shape", shape);
    if (claim) {
        rog_json_put_string(spec, "claim", claim->token);
        rog_json_put_string(spec, "holder", claim->holder);
    }
    *text = rog_json_text_pretty(spec);
    rog_json_free(spec);
    return *text ? 0 : rog_fail_nomem(err);
}
