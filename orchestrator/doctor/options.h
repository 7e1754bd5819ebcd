/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_OPTIONS_H
#define ROG_DOCTOR_OPTIONS_H

/* Which hosts are checked, and with what. */

#include <orchestrator/conf/cluster.h>

struct rog_credentials; /* ssh/credentials.h */

struct rog_doctor_options {
    const struct rog_cluster *cluster;
    struct rog_credentials *credentials; /* for questions to the user; NULL: none are asked */
    const char *trainer;                 /* path of rog-trainer here */
    const char *version;                 /* version that it and its copies must have */
    bool force;                          /* cleaning up also stops active runs */
};

#endif
