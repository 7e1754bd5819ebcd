/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_HOST_PROBE_H
#define ROG_DOCTOR_HOST_PROBE_H

/* A host while it is looked at: what hosts.c, host_checks.c, command_checks.c, clean.c and port.c
 * share. */

#include <stdbool.h>

#include <orchestrator/deploy/bundle.h>
#include <orchestrator/doctor/findings.h>
#include <orchestrator/doctor/options.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/hosts/holders.h>

enum rog_host_probe_role {
    ROG_PROBE_SERVER = 1,
    ROG_PROBE_WORKER = 2,
    ROG_PROBE_TESTER = 4,
    ROG_PROBE_NODE = ROG_PROBE_SERVER | ROG_PROBE_WORKER,
    ROG_PROBE_ANY = 7,
};

struct rog_host_probe {
    const struct rog_doctor_options *options;
    struct rog_bundle_cache *cache;
    const struct rog_json *settings; /* of the cluster file */
    const char *host;                /* as there */
    enum rog_host_probe_role role;
    unsigned rank;  /* of a worker; 0: it is none */
    char title[96]; /* "worker 2 (10.42.0.3)" */
    struct rog_findings findings;

    double connect_s;                  /* how long it took, with one command */
    struct rog_connection *connection; /* NULL: not connected, nothing more can be found out */
    struct rog_json *facts;            /* what the host said about itself; NULL before */
    bool held;                         /* by a sweep */
    char machine[ROG_MACHINE_BYTES];   /* which one it is, "" where that is not known */
    char *root;                        /* there: rogctl's folder */
    char *tree;         /* there: of the trainer; NULL: it was not deployed, or does not run */
    char target[320];   /* workers: the address of the server's training port */
    bool port_open;     /* server: somebody listens for the workers' attempts */
    long listener;      /* server: its process there */
    char *listener_log; /* server: there */
};

/* One check each; they add findings. The order is that of the table in hosts.c. */
void rog_check_reach(struct rog_host_probe *probe);
void rog_check_shell(struct rog_host_probe *probe);
void rog_check_machine(struct rog_host_probe *probe);
void rog_check_trainer(struct rog_host_probe *probe);
void rog_check_files(struct rog_host_probe *probe);
void rog_check_disk(struct rog_host_probe *probe);
void rog_check_clock(struct rog_host_probe *probe);
void rog_check_power_mode(struct rog_host_probe *probe);
void rog_check_sensors(struct rog_host_probe *probe);
void rog_check_shaping(struct rog_host_probe *probe);
void rog_check_wrapper(struct rog_host_probe *probe);
void rog_check_held(struct rog_host_probe *probe);
void rog_check_left_over(struct rog_host_probe *probe);

/* When all have been looked at: whether the cluster has it already as `other`. */
void rog_check_twin(struct rog_host_probe *probe, const struct rog_host_probe *other);

/* port.c: the server's end of the training port is opened, each worker tries it, it is closed. */
void rog_port_open(struct rog_host_probe *server);
void rog_port_try(struct rog_host_probe *worker);
void rog_port_close(struct rog_host_probe *server);

/* A finding about this host. */
#define ROG_FOUND(probe, check, level, ...) \
    rog_findings_add(&(probe)->findings, (probe)->title, (probe)->rank, check, level, __VA_ARGS__)
#define ROG_ADVISE(probe, ...) rog_findings_advise(&(probe)->findings, __VA_ARGS__)

/* Runs the deployed trainer. *output (heap memory) is what it printed, also where it failed; the
 * message is the trainer's own then. */
int rog_host_probe_trainer(struct rog_host_probe *probe, const char *const *arguments,
                           double timeout_s, char **output, int *status, struct rog_error *err);

/* The ssh to it as a person types it: "ssh -F FILE user@host". Heap memory. */
char *rog_host_probe_ssh(const struct rog_host_probe *probe);

/* Where a rogctl has renewed the lease of a run so recently, it is at work with it. */
double rog_host_probe_grace_s(const struct rog_host_probe *probe);

#endif
