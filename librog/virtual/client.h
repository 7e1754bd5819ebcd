/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_CLIENT_H
#define ROG_VIRTUAL_CLIENT_H

/*
 * A worker of a virtual cluster, in the program that computes for it. Its core is in the
 * simulation, which gives it control when its virtual device begins to compute, and takes the
 * result when that device has finished (protocol.h). It has no thread and writes no events; the
 * real time that anything takes here does not affect the run.
 *
 * Data are copied once in each direction: gradients, or the model with deltas, into a region of
 * shared memory, and the model from there into the program's tensors.
 */

#include <librog/net/driver.h>

/* For servers named "virtual:NAME". */
extern const struct rog_driver rog_virtual_driver;

#endif
