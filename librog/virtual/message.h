/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_MESSAGE_H
#define ROG_VIRTUAL_MESSAGE_H

/* The socket between a program and the simulation, the same for both ends: whole messages, and with
 * the first one a descriptor. */

#include <librog/virtual/protocol.h>

/* fd: travels with it; -1: none. Does not wait where the peer does not read. ROG_EFAILED: the peer
 * is gone, ROG_EIO. */
int rog_virtual_send(int socket, const struct rog_virtual_message *message, int fd,
                     struct rog_error *err);

/* The next message, without waiting. *fd: what came with it, for the caller to close, or -1; NULL:
 * nothing may come. ROG_EBUSY: there is none; ROG_EFAILED: the peer is gone; ROG_EFORMAT: what it
 * sent is no message; ROG_EIO. */
int rog_virtual_receive(int socket, struct rog_virtual_message *message, int *fd,
                        struct rog_error *err);

/* ROG_EFAILED where the process at the other end is another user's. *pid: that process; may be
 * NULL. */
int rog_virtual_check_user(int socket, int *pid, struct rog_error *err);

/* The message's text; where it is too long, its end, which is what counts of a traceback. */
void rog_virtual_set_text(struct rog_virtual_message *message, const char *text);

#endif
