/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_KICK_H
#define ROG_SHAPE_KICK_H

/*
 * tbf sleeps until the next frame has its tokens, at rate 0 forever, and a new rate does not wake
 * it up: only the next packet does. TCP sends none while its last ones are still in the queue. So
 * after a slow rate one small packet is sent through the interface: as root a frame addressed to
 * the interface itself, otherwise an empty datagram to the all-hosts group, port 9 (discard).
 */

#include <rog/error.h>

/* Sends this packet. ROG_EIO. */
int rog_shape_kick(const char *device, struct rog_error *err);

#endif
