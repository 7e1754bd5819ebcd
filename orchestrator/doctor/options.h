/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_OPTIONS_H
#define ROG_DOCTOR_OPTIONS_H

/* Which hosts are looked at, and with what. */

#include <orchestrator/conf/cluster.h>

struct rog_credentials; /* ssh/credentials.h */

struct rog_doctor_options {
    const struct rog_cluster *cluster;
    struct rog_credentials *credentials; /* of people's answers; NULL: nobody is asked */
    const char *trainer;                 /* path of rog-trainer here */
    const char *version;                 /* that it and its copies must have */
    bool force;                          /* cleaning up ends also what goes on */
};

#endif
