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
    uint64_t sent_bytes; /* with the headers of frames */
};
#define ROG_PROBE_SOCKET_NONE ((struct rog_probe_socket){.fd = -1})

struct rog_probe_address {
    struct sockaddr_storage at;
    socklen_t bytes; /* 0: none */
};

/* `text` as rog_link_resolve takes it: where to listen, or else whom to talk to. ROG_EINVAL,
 * ROG_EBUSY the port is taken, ROG_EIO. */
int rog_probe_socket_open(struct rog_probe_socket *probe, const char *text, bool listens,
                          struct rog_error *err);
void rog_probe_socket_close(struct rog_probe_socket *probe);

/* True when it went, or cannot go at all, as a link that is down has no room for it either; false:
 * the socket is full. `to` NULL: the peer of one that does not listen. */
bool rog_probe_send(struct rog_probe_socket *probe, const struct rog_probe_packet *packet,
                    const struct rog_probe_address *to);

/* The next datagram of this recording without waiting; false: none. *at_s is when the kernel had
 * it, by a clock of which only differences count. */
bool rog_probe_receive(struct rog_probe_socket *probe, struct rog_probe_packet *packet,
                       struct rog_probe_address *from, double *at_s);

#endif
