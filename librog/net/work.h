/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_H
#define ROG_LINK_WORK_H

/*
 * A worker of a real run: the core of librog/sync over TCP, times of a clock that only goes
 * forward. It knows no network and no data: the caller computes gradients in a thread of its own
 * and has control (handoff.h) while it does; the loop answers the server meanwhile. It writes
 * DIR/events.jsonl, the worker's half of the event stream (rog/events.h): iterations, bandwidth
 * (where it paces), energy by the profile's model, warnings.
 *
 * An iteration has the parts of one on the virtual cluster (trainer/sim/cluster.h): a device that
 * computes, compresses or decompresses faster than its profile says waits for the rest of the time,
 * as the published system padded its devices to one pace; with times of 0 nothing is waited for.
 *   compute_s  the local steps
 *   push_s     compressing, and until the server has the push
 *   stall_s    what the server made it wait, by the server's clock
 *   pull_s     from the server's leave to go on until the pull is applied
 *
 * Where computing and exchanging overlap the caller has control again as soon as its push has
 * begun, and computes the next iteration; what it hands back then waits for the exchange to be
 * over. The four times still add up: compute_s is what the exchange was over before.
 *
 * When the link breaks it connects again, waiting a little longer each time, and goes on where it
 * was; when the server does not know it any more it is given the whole model.
 */

#include <librog/net/driver.h>

extern const struct rog_driver rog_net_driver;

#endif
