/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_MESSAGE_H
#define ROG_VIRTUAL_MESSAGE_H

/* The socket between a program and the simulation, the same at both ends. It transmits whole
 * messages and, with the first one, a descriptor. */

#include <librog/virtual/protocol.h>

/* fd: sent with the message; -1: none. Does not wait if the peer does not read. ROG_EFAILED: the
 * peer has closed the connection; ROG_EIO. */
int rog_virtual_send(int socket, const struct rog_virtual_message *message, int fd,
                     struct rog_error *err);

/* Receives the next message, without waiting. *fd: the descriptor received with it, for the caller
 * to close, or -1; NULL: none is allowed. ROG_EBUSY: no message has arrived; ROG_EFAILED: the peer
 * has closed the connection; ROG_EFORMAT: the data are not a valid message; ROG_EIO. */
int rog_virtual_receive(int socket, struct rog_virtual_message *message, int *fd,
                        struct rog_error *err);

/* ROG_EFAILED: the process at the other end belongs to another user. *pid: that process; may be
 * NULL. */
int rog_virtual_check_user(int socket, int *pid, struct rog_error *err);

/* Sets the message's text. If it is too long, only its end is kept, the important part of a
 * traceback. */
void rog_virtual_set_text(struct rog_virtual_message *message, const char *text);

#endif
