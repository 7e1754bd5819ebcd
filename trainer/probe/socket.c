/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives datagrams of the probe. */
#include <trainer/probe/socket.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <librog/net/hello.h>

#define SEND_BUFFER (128 << 10) /* limits what waits in our own queue at the end of a train */
#define RECEIVE_BUFFER (4 << 20)

int rog_probe_socket_open(struct rog_probe_socket *probe, const char *text, bool listens,
                          struct rog_error *err)
{
    struct sockaddr_storage at;
    socklen_t bytes;
    const int yes = 1, send_buffer = SEND_BUFFER, receive_buffer = RECEIVE_BUFFER;
    int code = rog_link_resolve(text, listens, &at, &bytes, err);
    if (code)
        return code;
    probe->fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe->fd < 0)
        return rog_fail(err, ROG_EIO, "cannot create a socket: %s", strerror(errno));
    setsockopt(probe->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    setsockopt(probe->fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    setsockopt(probe->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (listens ? bind(probe->fd, (struct sockaddr *)&at, bytes) != 0
                : connect(probe->fd, (struct sockaddr *)&at, bytes) != 0)
        code = rog_fail(err, errno == EADDRINUSE ? ROG_EBUSY : ROG_EIO, "cannot %s %s: %s",
                        listens ? "listen on UDP" : "talk to", text, strerror(errno));
    return code;
}

void rog_probe_socket_close(struct rog_probe_socket *probe)
{
    if (probe->fd >= 0)
        close(probe->fd);
    probe->fd = -1;
}

bool rog_probe_send(struct rog_probe_socket *probe, const struct rog_probe_packet *packet,
                    const struct rog_probe_address *to)
{
    uint8_t datagram[ROG_PROBE_DATA_BYTES] = {0};
    size_t size = packet->kind == ROG_PROBE_DATA ? ROG_PROBE_DATA_BYTES : ROG_PROBE_HEADER_BYTES;
    rog_probe_encode(packet, probe->token, datagram);
    ssize_t sent;
    do {
        sent = sendto(probe->fd, datagram, size, MSG_NOSIGNAL,
                      to ? (const struct sockaddr *)&to->at : NULL, to ? to->bytes : 0);
    } while (sent < 0 && errno == EINTR);
    if (sent > 0)
        probe->sent_bytes += size + ROG_PROBE_FRAME_BYTES;
    return sent >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

/* Returns when the kernel received the message, or the current time if unknown. */
static double time_of(struct msghdr *message)
{
    struct timespec when;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&when, CMSG_DATA(part), sizeof when);
            return (double)when.tv_sec + 1e-9 * (double)when.tv_nsec;
        }
    clock_gettime(CLOCK_REALTIME, &when);
    return (double)when.tv_sec + 1e-9 * (double)when.tv_nsec;
}

bool rog_probe_receive(struct rog_probe_socket *probe, struct rog_probe_packet *packet,
                       struct rog_probe_address *from, double *at_s)
{
    uint8_t datagram[2 * ROG_PROBE_DATA_BYTES];
    union {
        struct cmsghdr header;
        char bytes[128];
    } control;
    for (;;) {
        struct iovec room = {datagram, sizeof datagram};
        struct msghdr message = {.msg_name = &from->at,
                                 .msg_namelen = sizeof from->at,
                                 .msg_iov = &room,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control};
        ssize_t got = recvmsg(probe->fd, &message, 0);
        /* An error of a connected socket was reported by the other host, and is cleared by reading
         * it. */
        if (got < 0 && (errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH))
            continue;
        if (got < 0)
            return false;
        from->bytes = message.msg_namelen;
        *at_s = time_of(&message);
        if (rog_probe_decode(datagram, (size_t)got, probe->token, packet))
            return true;
    }
}
