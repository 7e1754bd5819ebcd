/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SWEEPS_PRESENCE_H
#define ROG_SWEEPS_PRESENCE_H

/*
 * Which process something was, told from every other one: numbers of processes are given again,
 * after a restart all of them, and folders may be seen by several machines.
 */

#include <common/json.h>

enum rog_presence {
    ROG_PRESENT,
    ROG_GONE,    /* it has ended, or the machine has been restarted since */
    ROG_FOREIGN, /* of another machine or container: not to be seen from here */
};

/* Puts what tells this process apart into `object`. */
void rog_presence_put(struct rog_json *object);
enum rog_presence rog_presence_of(const struct rog_json *object);

#endif
