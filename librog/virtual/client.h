/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_CLIENT_H
#define ROG_VIRTUAL_CLIENT_H

/*
 * A worker of a virtual cluster, in the program that computes for it. Its core is in the
 * simulation, which gives it control when its virtual device begins to compute, and takes what it
 * brings when that device is done: protocol.h. It has no thread and writes no events; how long
 * anything takes here is of no matter to the run.
 *
 * What crosses is written once each way: gradients, or the model with deltas, into a region of
 * memory that both have, the model from there into the program's tensors.
 */

#include <librog/net/driver.h>

/* Its server is "virtual:NAME". */
extern const struct rog_driver rog_virtual_driver;

#endif
