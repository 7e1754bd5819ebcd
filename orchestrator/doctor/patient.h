/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_PATIENT_H
#define ROG_DOCTOR_PATIENT_H

/* A host while it is looked at: what hosts.c, host_checks.c and port.c share. */

#include <stdbool.h>

#include <orchestrator/deploy/bundle.h>
#include <orchestrator/doctor/findings.h>
#include <orchestrator/doctor/hosts.h>
#include <orchestrator/fleet/ssh.h>

enum rog_patient_role {
    ROG_PATIENT_SERVER = 1,
    ROG_PATIENT_WORKER = 2,
    ROG_PATIENT_TESTER = 4,
    ROG_PATIENT_NODE = ROG_PATIENT_SERVER | ROG_PATIENT_WORKER,
    ROG_PATIENT_ANY = 7,
};

struct rog_patient {
    const struct rog_doctor_options *options;
    struct rog_bundle_shelf *shelf;
    const struct rog_json *settings; /* of the cluster file */
    const char *host;                /* as there */
    enum rog_patient_role role;
    char title[96]; /* "worker 2 (10.42.0.3)" */
    struct rog_findings findings;

    struct rog_ssh *ssh;    /* NULL: not connected, nothing more can be found out */
    struct rog_json *facts; /* what the host said about itself; NULL before */
    char *root;             /* there: rogctl's folder */
    char *tree;             /* there: of the trainer; NULL: it was not deployed, or does not run */
    char target[320];       /* workers: the address of the server's training port */
    bool port_open;         /* server: somebody listens for the workers' attempts */
    long listener;          /* server: its process there */
    char *listener_log;     /* server: there */
};

/* One check each; they add findings. The order is that of the table in hosts.c. */
void rog_check_reach(struct rog_patient *patient);
void rog_check_machine(struct rog_patient *patient);
void rog_check_trainer(struct rog_patient *patient);
void rog_check_disk(struct rog_patient *patient);
void rog_check_clock(struct rog_patient *patient);
void rog_check_power_mode(struct rog_patient *patient);
void rog_check_sensors(struct rog_patient *patient);
void rog_check_shaping(struct rog_patient *patient);
void rog_check_left_over(struct rog_patient *patient);

/* port.c: the server's end of the training port is opened, each worker tries it, it is closed. */
void rog_port_open(struct rog_patient *server);
void rog_port_try(struct rog_patient *worker);
void rog_port_close(struct rog_patient *server);

/* A finding about this host. */
#define ROG_FOUND(patient, check, level, ...) \
    rog_findings_add(&(patient)->findings, (patient)->title, check, level, __VA_ARGS__)
#define ROG_ADVISE(patient, ...) rog_findings_advise(&(patient)->findings, __VA_ARGS__)

/* Runs the deployed trainer. *output (heap memory) is what it printed, also where it failed; the
 * message is the trainer's own then. */
int rog_patient_trainer(struct rog_patient *patient, const char *const *arguments, double timeout_s,
                        char **output, int *status, struct rog_error *err);

/* Where a rogctl has renewed the lease of a run so recently, it is at work with it. */
double rog_patient_grace_s(const struct rog_patient *patient);

#endif
