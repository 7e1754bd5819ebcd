/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_SOCKET_H
#define ROG_PROBE_SOCKET_H

/* The datagram socket of a probe. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <rog/error.h>
#include <trainer/probe/wire.h>

struct rog_probe_socket {
    int fd; /* -1: none */
    uint8_t token[ROG_PROBE_TOKEN_BYTES];
    uint64_t sent_bytes; /* with headers of frames */
};
#define ROG_PROBE_SOCKET_NONE ((struct rog_probe_socket){.fd = -1})

struct rog_probe_address {
    struct sockaddr_storage at;
    socklen_t bytes; /* 0: none */
};

/* `text` as for rog_link_resolve: the address to listen on, or the peer's. ROG_EINVAL, ROG_EBUSY
 * the port is in use, ROG_EIO. */
int rog_probe_socket_open(struct rog_probe_socket *probe, const char *text, bool listens,
                          struct rog_error *err);
void rog_probe_socket_close(struct rog_probe_socket *probe);

/* Returns true if the datagram was sent, or can never be sent, since a link that is down has no
 * room for it either; false if the socket is full. `to` NULL: the peer of a socket that does not
 * listen. */
bool rog_probe_send(struct rog_probe_socket *probe, const struct rog_probe_packet *packet,
                    const struct rog_probe_address *to);

/* Returns the next datagram of this recording without waiting; false if there is none. *at_s is
 * when the kernel received it, by a clock that is only valid for differences. */
bool rog_probe_receive(struct rog_probe_socket *probe, struct rog_probe_packet *packet,
                       struct rog_probe_address *from, double *at_s);

#endif
