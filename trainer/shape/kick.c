/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the small frame that wakes up tbf. */
#include <trainer/shape/kick.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define KICK_ETHERTYPE 0x88B5 /* IEEE: for local experiments */
#define KICK_BYTES 46
#define DISCARD_PORT 9

/* A full queue was woken up by the packets in it. */
static bool is_sent(ssize_t sent)
{
    return sent >= 0 || errno == ENOBUFS;
}

static bool send_frame(const char *device)
{
    struct ifreq request = {0};
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(KICK_ETHERTYPE),
                             .sll_ifindex = (int)if_nametoindex(device),
                             .sll_halen = 6};
    const char frame[KICK_BYTES] = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
        memcpy(to.sll_addr, request.ifr_hwaddr.sa_data, 6);
    bool sent = is_sent(sendto(fd, frame, sizeof frame, 0, (struct sockaddr *)&to, sizeof to));
    int cause = errno;
    close(fd);
    errno = cause;
    return sent;
}

static bool send_datagram(const char *device)
{
    const struct ip_mreqn way = {.imr_ifindex = (int)if_nametoindex(device)};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(DISCARD_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP)};
    const unsigned char no = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool sent = fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &way, sizeof way) == 0 &&
                setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &no, sizeof no) == 0 &&
                is_sent(sendto(fd, "", 0, 0, (const struct sockaddr *)&to, sizeof to));
    int cause = errno;
    if (fd >= 0)
        close(fd);
    errno = cause;
    return sent;
}

int rog_shape_kick(const char *device, struct rog_error *err)
{
    if (send_frame(device) || ((errno == EPERM || errno == EACCES) && send_datagram(device)))
        return ROG_OK;
    return rog_fail(err, ROG_EIO, "cannot wake up the queue of %s: %s", device, strerror(errno));
}
