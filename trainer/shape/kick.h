/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_KICK_H
#define ROG_SHAPE_KICK_H

/*
 * tbf sleeps until the next frame has its tokens, at rate 0 for ever, and a new rate does not wake
 * it: only the next packet does. TCP sends none while its last ones are still in the queue. So
 * after a slow rate one small packet is sent out of the interface: as root a frame that is
 * addressed to the interface itself, else an empty datagram to the group of all hosts, port 9
 * (discard).
 */

#include <rog/error.h>

/* ROG_EIO. */
int rog_shape_kick(const char *device, struct rog_error *err);

#endif
