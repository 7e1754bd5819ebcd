/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_HOST_PROBE_H
#define ROG_DOCTOR_HOST_PROBE_H

/* A host while it is checked, shared by hosts.c, host_checks.c, command_checks.c, clean.c and
 * port.c. */

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
    const char *host;                /* as in the cluster file */
    enum rog_host_probe_role role;
    unsigned rank;  /* of a worker; 0: none */
    char title[96]; /* "worker 2 (10.42.0.3)" */
    struct rog_findings findings;

    double connect_s;                  /* duration of connecting, including one command */
    struct rog_connection *connection; /* NULL: not connected, no further checks are possible */
    struct rog_json *facts;            /* facts about the host; NULL before */
    bool held;                         /* in use by a sweep */
    char machine[ROG_MACHINE_BYTES];   /* identity of the machine, "" if not known */
    char *root;                        /* on the host: rogctl's folder */
    char *tree;         /* on the host: path of the trainer; NULL: it was not deployed, or does not
                         * run */
    char target[320];   /* workers: the address of the server's training port */
    bool port_open;     /* server: a listener is running for the workers' attempts */
    long listener;      /* server: process of the listener on the host */
    char *listener_log; /* server: path on the host */
};

/* Each makes one check and adds findings. hosts.c has them in this order. */
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

/* After all hosts: checks whether `other` is the same machine. */
void rog_check_twin(struct rog_host_probe *probe, const struct rog_host_probe *other);

/* port.c: opens the server's training port, lets each worker try it, closes it. */
void rog_port_open(struct rog_host_probe *server);
void rog_port_try(struct rog_host_probe *worker);
void rog_port_close(struct rog_host_probe *server);

/* Adds a finding about this host. */
#define ROG_FOUND(probe, check, level, ...) \
    rog_findings_add(&(probe)->findings, (probe)->title, (probe)->rank, check, level, __VA_ARGS__)
#define ROG_ADVISE(probe, ...) rog_findings_advise(&(probe)->findings, __VA_ARGS__)

/* Runs the deployed trainer. *output (heap memory) is its output, even on failure; the message is
 * then the trainer's own. */
int rog_host_probe_trainer(struct rog_host_probe *probe, const char *const *arguments,
                           double timeout_s, char **output, int *status, struct rog_error *err);

/* The ssh command to log in there: "ssh -F FILE user@host". Heap memory. */
char *rog_host_probe_ssh(const struct rog_host_probe *probe);

/* If a rogctl renewed the lease of a run this recently, the run is active. */
double rog_host_probe_grace_s(const struct rog_host_probe *probe);

#endif
