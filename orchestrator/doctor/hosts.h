/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_HOSTS_H
#define ROG_DOCTOR_HOSTS_H

/*
 * Checks of the hosts of a cluster of kind ssh, all hosts at once. The trainer is deployed to each,
 * as a run would do; nothing else is changed there.
 */

#include <orchestrator/doctor/findings.h>
#include <orchestrator/doctor/options.h>

/* Adds the findings, host by host. */
int rog_doctor_hosts(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err);

/* Ends what earlier runs left on the hosts, puts their interfaces back and removes what was
 * deployed. A run that a rogctl is at work with, and a host that a sweep holds, are left alone
 * unless options->force says otherwise. Adds what was done, host by host. */
int rog_doctor_clean(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err);

#endif
