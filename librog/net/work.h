/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_WORK_H
#define ROG_LINK_WORK_H

/*
 * A worker of a real run: the core of librog/sync over TCP, with a monotonic clock. It does not
 * know networks or data: the caller computes gradients in its own thread and has control
 * (handoff.h) while it computes; the loop answers the server meanwhile. It writes DIR/events.jsonl,
 * the worker's half of the event stream (rog/events.h): iterations, bandwidth (if it is paced),
 * energy by the profile's model, warnings.
 *
 * An iteration has the parts of one on the virtual cluster (trainer/sim/cluster.h): a device that
 * computes, compresses or decompresses faster than its profile waits for the rest of the time, as
 * the published system padded its devices to the same speed; with times of 0 it does not wait.
 *   compute_s  the local steps
 *   push_s     compressing, and sending until the server has the push
 *   stall_s    how long the server made it wait, by the server's clock
 *   pull_s     from the server's admission until the pull is applied
 *
 * If computing and exchanging overlap, the caller gets control again as soon as its push has begun,
 * and computes the next iteration; its result then waits until the exchange is complete. The four
 * times still add up: compute_s is the part of computing after the end of the exchange.
 *
 * If the link is interrupted, it reconnects, waiting a little longer after each attempt, and
 * continues where it was; if the server has dropped it, it receives the whole model.
 */

#include <librog/net/driver.h>

extern const struct rog_driver rog_net_driver;

#endif
