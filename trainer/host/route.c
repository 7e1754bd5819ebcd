/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel for the route to a host. */
#include <trainer/host/route.h>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <librog/net/hello.h>

/* Returns our own address on that route: connecting a datagram socket looks up the route. */
static bool own_address(const char *target, struct sockaddr_storage *own)
{
    struct sockaddr_storage at;
    socklen_t bytes, own_bytes = sizeof *own;
    if (rog_link_resolve(target, false, &at, &bytes, NULL))
        return false;
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && connect(fd, (struct sockaddr *)&at, bytes) == 0 &&
                 getsockname(fd, (struct sockaddr *)own, &own_bytes) == 0;
    if (fd >= 0)
        close(fd);
    return known;
}

static bool is_same(const struct sockaddr *one, const struct sockaddr_storage *other)
{
    if (!one || one->sa_family != other->ss_family)
        return false;
    if (one->sa_family == AF_INET)
        return ((const struct sockaddr_in *)one)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)other)->sin_addr.s_addr;
    return one->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)one)->sin6_addr,
                  &((const struct sockaddr_in6 *)other)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool rog_host_route(const char *target, char iface[IF_NAMESIZE])
{
    struct sockaddr_storage own = {0};
    struct ifaddrs *all = NULL;
    iface[0] = '\0';
    if (!own_address(target, &own) || getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *one = all; one && !iface[0]; one = one->ifa_next)
        if (is_same(one->ifa_addr, &own))
            snprintf(iface, IF_NAMESIZE, "%s", one->ifa_name);
    freeifaddrs(all);
    return iface[0] != '\0';
}
