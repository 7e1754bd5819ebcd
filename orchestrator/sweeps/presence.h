/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_PRESENCE_H
#define ROG_SWEEPS_PRESENCE_H

/*
 * Identity of a process. Process numbers are reused, all of them after a reboot, and folders may be
 * shared by several machines.
 */

#include <common/json.h>

enum rog_presence {
    ROG_PRESENT,
    ROG_GONE,    /* it has ended, or the machine has been rebooted since */
    ROG_FOREIGN, /* of another machine or container: cannot be determined here */
};

/* Puts what identifies this process into `object`. */
void rog_presence_put(struct rog_json *object);
enum rog_presence rog_presence_of(const struct rog_json *object);

#endif
