/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_CLEAN_H
#define ROG_DOCTOR_CLEAN_H

#include <orchestrator/doctor/patient.h>

/* Cleans one host up and adds a finding of what was done. */
void rog_patient_clean(struct rog_patient *patient);

#endif
