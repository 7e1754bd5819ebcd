/* SPDX-License-Identifier: Apache-2.0 */
/* Checks all hosts of a cluster in parallel, each in a thread. */
#include <orchestrator/doctor/hosts.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/doctor/clean.h>
#include <orchestrator/doctor/host_probe.h>

struct hosts {
    struct rog_bundle_cache *cache;
    struct rog_host_probe *probe; /* the server, the workers, the tester */
    size_t count;
};

/* All checks after the first, which connects, need a connection. */
static const struct {
    void (*check)(struct rog_host_probe *probe);
    unsigned roles;
} checks[] = {
    {rog_check_reach, ROG_PROBE_ANY},     {rog_check_shell, ROG_PROBE_ANY},
    {rog_check_machine, ROG_PROBE_ANY},   {rog_check_trainer, ROG_PROBE_ANY},
    {rog_check_files, ROG_PROBE_ANY},     {rog_check_disk, ROG_PROBE_ANY},
    {rog_check_clock, ROG_PROBE_ANY},     {rog_check_power_mode, ROG_PROBE_WORKER},
    {rog_check_sensors, ROG_PROBE_NODE},  {rog_check_shaping, ROG_PROBE_NODE},
    {rog_check_wrapper, ROG_PROBE_NODE},  {rog_check_held, ROG_PROBE_ANY},
    {rog_check_left_over, ROG_PROBE_ANY},
};
#define CHECKS (sizeof checks / sizeof *checks)

static void *check(void *user)
{
    struct rog_host_probe *probe = user;
    for (size_t i = 0; i < CHECKS && (i == 0 || probe->connection); i++)
        if (checks[i].roles & (unsigned)probe->role)
            checks[i].check(probe);
    return NULL;
}

static void *try_port(void *user)
{
    struct rog_host_probe *probe = user;
    if (probe->role == ROG_PROBE_WORKER)
        rog_port_try(probe);
    return NULL;
}

static void *clean(void *user)
{
    rog_host_probe_clean(user);
    return NULL;
}

/* Calls `visit` for all hosts in parallel. If a thread cannot be created, the host is visited in
 * this thread. */
static int each(struct hosts *hosts, void *(*visit)(void *), struct rog_error *err)
{
    pthread_t *thread = calloc(hosts->count, sizeof *thread);
    bool *begun = calloc(hosts->count, sizeof *begun);
    int code = thread && begun ? ROG_OK : rog_fail_nomem(err);
    for (size_t i = 0; i < hosts->count && !code; i++) {
        begun[i] = pthread_create(&thread[i], NULL, visit, &hosts->probe[i]) == 0;
        if (!begun[i])
            visit(&hosts->probe[i]);
    }
    for (size_t i = 0; i < hosts->count && !code; i++)
        if (begun[i])
            pthread_join(thread[i], NULL);
    free(begun);
    free(thread);
    return code;
}

static void add_host(struct hosts *hosts, const struct rog_doctor_options *options,
                     enum rog_host_probe_role role, const struct rog_json *settings)
{
    struct rog_host_probe *probe = &hosts->probe[hosts->count++];
    probe->options = options;
    probe->cache = hosts->cache;
    probe->settings = settings;
    probe->role = role;
    probe->host = rog_json_get_string(settings, "host", "");
    probe->rank =
        role == ROG_PROBE_WORKER ? (unsigned)rog_json_get_integer(settings, "rank", 0) : 0;
    if (role == ROG_PROBE_WORKER)
        snprintf(probe->title, sizeof probe->title, "worker %u (%.64s)", probe->rank, probe->host);
    else
        snprintf(probe->title, sizeof probe->title, "%s (%.64s)",
                 role == ROG_PROBE_SERVER ? "server" : "tester", probe->host);
}

/* Determines the server's address for workers, as in a run. */
static void set_targets(struct hosts *hosts)
{
    const struct rog_host_probe *server = &hosts->probe[0];
    const char *known = server->connection ? server->connection->address : NULL;
    char *target = rog_cluster_server(server->options->cluster, known);
    for (size_t i = 0; target && i < hosts->count; i++)
        if (hosts->probe[i].role == ROG_PROBE_WORKER)
            snprintf(hosts->probe[i].target, sizeof hosts->probe[i].target, "%s", target);
    free(target);
}

static int open_hosts(struct hosts *hosts, const struct rog_doctor_options *options,
                      struct rog_error *err)
{
    const struct rog_cluster *cluster = options->cluster;
    size_t workers = rog_json_size(cluster->workers);
    *hosts = (struct hosts){0};
    hosts->probe = calloc(workers + 2, sizeof *hosts->probe);
    if (!hosts->probe)
        return rog_fail_nomem(err);
    int code = rog_bundle_cache_new(
        &hosts->cache, &(const struct rog_bundle_programs){options->trainer, NULL}, err);
    if (code) {
        free(hosts->probe);
        return code;
    }
    add_host(hosts, options, ROG_PROBE_SERVER, cluster->server);
    for (size_t i = 0; i < workers; i++)
        add_host(hosts, options, ROG_PROBE_WORKER, rog_json_at(cluster->workers, i));
    if (cluster->tester)
        add_host(hosts, options, ROG_PROBE_TESTER, cluster->tester);
    return ROG_OK;
}

static void close_hosts(struct hosts *hosts, struct rog_findings *findings)
{
    for (size_t i = 0; i < hosts->count; i++) {
        struct rog_host_probe *probe = &hosts->probe[i];
        rog_findings_move(findings, &probe->findings);
        rog_connection_free(probe->connection);
        rog_json_free(probe->facts);
        free(probe->root);
        free(probe->tree);
    }
    rog_bundle_cache_free(hosts->cache);
    free(hosts->probe);
}

int rog_doctor_hosts(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err)
{
    struct hosts hosts;
    int code = open_hosts(&hosts, options, err);
    if (code)
        return code;
    struct rog_host_probe *server = &hosts.probe[0];
    code = each(&hosts, check, err);
    for (size_t i = 0; i < hosts.count; i++)
        for (size_t k = 0; k < i; k++)
            rog_check_twin(&hosts.probe[i], &hosts.probe[k]);
    if (!code && server->tree) {
        set_targets(&hosts);
        rog_port_open(server);
        if (server->port_open)
            code = each(&hosts, try_port, err);
        rog_port_close(server);
    }
    close_hosts(&hosts, findings);
    return code;
}

int rog_doctor_clean(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err)
{
    struct hosts hosts;
    int code = open_hosts(&hosts, options, err);
    if (code)
        return code;
    code = each(&hosts, clean, err);
    close_hosts(&hosts, findings);
    return code;
}
