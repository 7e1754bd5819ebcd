/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_OPTIONS_H
#define ROG_DOCTOR_OPTIONS_H

/* Options for checking hosts. */

#include <orchestrator/conf/cluster.h>

struct rog_credentials; /* ssh/credentials.h */

struct rog_doctor_options {
    const struct rog_cluster *cluster;
    struct rog_credentials *credentials; /* ask the user for passphrases; NULL: never ask */
    const char *trainer;                 /* path of rog-trainer on this machine */
    const char *version;                 /* version that it and its copies must have */
    bool force;                          /* cleaning up also stops active runs */
};

#endif
