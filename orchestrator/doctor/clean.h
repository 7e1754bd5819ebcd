/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_CLEAN_H
#define ROG_DOCTOR_CLEAN_H

#include <orchestrator/doctor/host_probe.h>

/* Cleans up one host and adds a finding about it. */
void rog_host_probe_clean(struct rog_host_probe *probe);

#endif
