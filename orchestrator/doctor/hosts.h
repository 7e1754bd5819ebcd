/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_HOSTS_H
#define ROG_DOCTOR_HOSTS_H

/*
 * Checks of the hosts of a cluster of kind ssh, in parallel. The trainer is deployed to each, as
 * for a run; nothing else is changed there.
 */

#include <orchestrator/doctor/findings.h>
#include <orchestrator/doctor/options.h>

/* Adds the findings, host by host. */
int rog_doctor_hosts(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err);

/* Stops what earlier runs left on the hosts, restores their interfaces and removes deployed files.
 * Active runs, and hosts held by a sweep, are left alone unless options->force is set. Adds
 * findings, host by host. */
int rog_doctor_clean(const struct rog_doctor_options *options, struct rog_findings *findings,
                     struct rog_error *err);

#endif
