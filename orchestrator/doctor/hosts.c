/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/doctor/hosts.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/doctor/clean.h>
#include <orchestrator/doctor/patient.h>

struct ward {
    struct rog_bundle_shelf *shelf;
    struct rog_patient *patient; /* the server, the workers, the tester */
    size_t count;
};

/* After the first, which connects, all of them need a connection. */
static const struct {
    void (*check)(struct rog_patient *patient);
    unsigned roles;
} checks[] = {
    {rog_check_reach, ROG_PATIENT_ANY},     {rog_check_machine, ROG_PATIENT_ANY},
    {rog_check_trainer, ROG_PATIENT_ANY},   {rog_check_disk, ROG_PATIENT_ANY},
    {rog_check_clock, ROG_PATIENT_ANY},     {rog_check_power_mode, ROG_PATIENT_WORKER},
    {rog_check_sensors, ROG_PATIENT_NODE},  {rog_check_shaping, ROG_PATIENT_NODE},
    {rog_check_left_over, ROG_PATIENT_ANY},
};
#define CHECKS (sizeof checks / sizeof *checks)

static void *check(void *user)
{
    struct rog_patient *patient = user;
    for (size_t i = 0; i < CHECKS && (i == 0 || patient->ssh); i++)
        if (checks[i].roles & (unsigned)patient->role)
            checks[i].check(patient);
    return NULL;
}

static void *try_port(void *user)
{
    struct rog_patient *patient = user;
    if (patient->role == ROG_PATIENT_WORKER)
        rog_port_try(patient);
    return NULL;
}

static void *clean(void *user)
{
    rog_patient_clean(user);
    return NULL;
}

/* Does something for all hosts at once. What cannot have a thread is done here. */
static int each(struct ward *ward, void *(*visit)(void *), struct rog_error *err)
{
    pthread_t *thread = calloc(ward->count, sizeof *thread);
    bool *begun = calloc(ward->count, sizeof *begun);
    int code = thread && begun ? ROG_OK : rog_fail_nomem(err);
    for (size_t i = 0; i < ward->count && !code; i++) {
        begun[i] = pthread_create(&thread[i], NULL, visit, &ward->patient[i]) == 0;
        if (!begun[i])
            visit(&ward->patient[i]);
    }
    for (size_t i = 0; i < ward->count && !code; i++)
        if (begun[i])
            pthread_join(thread[i], NULL);
    free(begun);
    free(thread);
    return code;
}

static void admit(struct ward *ward, const struct rog_doctor_options *options,
                  enum rog_patient_role role, const struct rog_json *settings)
{
    struct rog_patient *patient = &ward->patient[ward->count++];
    patient->options = options;
    patient->shelf = ward->shelf;
    patient->settings = settings;
    patient->role = role;
    patient->host = rog_json_get_string(settings, "host", "");
    if (role == ROG_PATIENT_WORKER)
        snprintf(patient->title, sizeof patient->title, "worker %lld (%.64s)",
                 (long long)rog_json_get_integer(settings, "rank", 0), patient->host);
    else
        snprintf(patient->title, sizeof patient->title, "%s (%.64s)",
                 role == ROG_PATIENT_SERVER ? "server" : "tester", patient->host);
}

/* Where workers reach the server, as they will be told in a run. */
static void point_at_server(struct ward *ward, const struct rog_cluster *cluster)
{
    const char *host = rog_json_get_string(cluster->server, "host", "");
    const char *address = rog_json_get_string(cluster->server, "address", host);
    bool is_ipv6 = strchr(address, ':') != NULL;
    for (size_t i = 0; i < ward->count; i++)
        if (ward->patient[i].role == ROG_PATIENT_WORKER)
            snprintf(ward->patient[i].target, sizeof ward->patient[i].target, "%s%.256s%s:%u",
                     is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", cluster->port);
}

static int open_ward(struct ward *ward, const struct rog_doctor_options *options,
                     struct rog_error *err)
{
    const struct rog_cluster *cluster = options->cluster;
    size_t workers = rog_json_size(cluster->workers);
    *ward = (struct ward){0};
    ward->patient = calloc(workers + 2, sizeof *ward->patient);
    if (!ward->patient)
        return rog_fail_nomem(err);
    int code = rog_bundle_shelf_new(&ward->shelf, options->trainer, err);
    if (code) {
        free(ward->patient);
        return code;
    }
    admit(ward, options, ROG_PATIENT_SERVER, cluster->server);
    for (size_t i = 0; i < workers; i++)
        admit(ward, options, ROG_PATIENT_WORKER, rog_json_at(cluster->workers, i));
    if (cluster->tester)
        admit(ward, options, ROG_PATIENT_TESTER, cluster->tester);
    point_at_server(ward, cluster);
    return ROG_OK;
}

static void close_ward(struct ward *ward, struct rog_findings *findings)
{
    for (size_t i = 0; i < ward->count; i++) {
        struct rog_patient *patient = &ward->patient[i];
        rog_findings_move(findings, &patient->findings);
        rog_ssh_free(patient->ssh);
        rog_json_free(patient->facts);
        free(patient->root);
        free(patient->tree);
    }
    rog_bundle_shelf_free(ward->shelf);
    free(ward->patient);
}

int rog_doctor_hosts(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err)
{
    struct ward ward;
    int code = open_ward(&ward, options, err);
    if (code)
        return code;
    struct rog_patient *server = &ward.patient[0];
    code = each(&ward, check, err);
    if (!code && server->tree) {
        rog_port_open(server);
        if (server->port_open)
            code = each(&ward, try_port, err);
        rog_port_close(server);
    }
    close_ward(&ward, findings);
    return code;
}

int rog_doctor_clean(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err)
{
    struct ward ward;
    int code = open_ward(&ward, options, err);
    if (code)
        return code;
    code = each(&ward, clean, err);
    close_ward(&ward, findings);
    return code;
}
