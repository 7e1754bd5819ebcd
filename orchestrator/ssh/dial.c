/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves names and connects, so that every wait can be interrupted. */
#include <orchestrator/ssh/dial.h>

#include <errno.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/hosts/connection.h>
#include <orchestrator/ssh/proxy.h>

#define STEP_S 0.1 /* seconds between calls of `stopped` */

static int check_stopped(const struct rog_ssh_dial *dial, struct rog_error *err)
{
    return dial->stopped && dial->stopped(dial->user) ? rog_fail(err, ROG_EINTR, "interrupted")
                                                      : ROG_OK;
}

/* ---- names ---- */

/* A name lookup can take as long as the resolver's servers do and cannot be interrupted. So a
 * thread does it, which is abandoned if necessary. */
struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    char *name, port[8];
    int flags, family;

    /* Protected by the mutex. */
    bool done, abandoned;
    int result, cause; /* of getaddrinfo, errno */
    struct addrinfo *list;
};

static void lookup_free(struct lookup *lookup)
{
    if (lookup->list)
        freeaddrinfo(lookup->list);
    pthread_cond_destroy(&lookup->changed);
    pthread_mutex_destroy(&lookup->mutex);
    free(lookup->name);
    free(lookup);
}

static struct lookup *lookup_new(const char *name, unsigned port, int flags, int family)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&lookup->mutex, NULL);
    pthread_cond_init(&lookup->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    lookup->name = rog_strdup(name);
    lookup->flags = flags;
    lookup->family = family;
    snprintf(lookup->port, sizeof lookup->port, "%u", port);
    if (lookup->name)
        return lookup;
    lookup_free(lookup);
    return NULL;
}

static void *look_up(void *argument)
{
    struct lookup *lookup = argument;
    const struct addrinfo hints = {.ai_family = lookup->family,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = lookup->flags | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int result = getaddrinfo(lookup->name, lookup->port, &hints, &list);
    int cause = errno;
    pthread_mutex_lock(&lookup->mutex);
    lookup->list = result ? NULL : list;
    lookup->result = result;
    lookup->cause = cause;
    lookup->done = true;
    bool abandoned = lookup->abandoned;
    pthread_cond_signal(&lookup->changed);
    pthread_mutex_unlock(&lookup->mutex);
    if (abandoned)
        lookup_free(lookup);
    return NULL;
}

static int start_thread(struct lookup *lookup, struct rog_error *err)
{
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int cause = pthread_create(&thread, &detached, look_up, lookup);
    pthread_attr_destroy(&detached);
    return cause ? rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause)) : ROG_OK;
}

/* Waits for the thread. Sets *done if it has ended. */
static int await_lookup(const struct rog_ssh_dial *dial, struct lookup *lookup, double until_s,
                        bool *done, struct rog_error *err)
{
    int code = ROG_OK;
    pthread_mutex_lock(&lookup->mutex);
    while (!code && !lookup->done && rog_clock_s() < until_s) {
        double at_s = rog_clock_s() + STEP_S;
        const struct timespec at = {.tv_sec = (time_t)at_s,
                                    .tv_nsec = (long)(1e9 * (at_s - floor(at_s)))};
        pthread_cond_timedwait(&lookup->changed, &lookup->mutex, &at);
        if (!lookup->done)
            code = check_stopped(dial, err);
    }
    *done = lookup->done;
    lookup->abandoned = !lookup->done;
    pthread_mutex_unlock(&lookup->mutex);
    return code;
}

/* Returns the value of AddressFamily. */
static int family_of(const struct rog_ssh_settings *settings)
{
    static const struct {
        const char *word;
        int family;
    } families[] = {{"inet", AF_INET}, {"inet6", AF_INET6}};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (settings->address_family && strcasecmp(settings->address_family, families[i].word) == 0)
            return families[i].family;
    return AF_UNSPEC;
}

/* Resolves a name. Free the list with freeaddrinfo. */
static int find_addresses(const struct rog_ssh_dial *dial, const char *name, unsigned port,
                          int flags, double until_s, struct addrinfo **list, struct rog_error *err)
{
    bool done = true;
    *list = NULL;
    struct lookup *lookup = lookup_new(name, port, flags, family_of(dial->settings));
    if (!lookup)
        return rog_fail_nomem(err);
    int code = start_thread(lookup, err);
    if (!code)
        code = await_lookup(dial, lookup, until_s, &done, err);
    if (!code && !done)
        code = rog_fail(err, ROG_EFAILED, "the address of %s was not found within %g s", name,
                        dial->timeout_s);
    else if (!code && lookup->result)
        code = rog_fail(err, ROG_EFAILED, "%s " ROG_CONNECTION_NO_SUCH_HOST " (%s)", name,
                        lookup->result == EAI_SYSTEM ? strerror(lookup->cause)
                                                     : gai_strerror(lookup->result));
    if (!code) {
        *list = lookup->list;
        lookup->list = NULL;
    }
    if (done)
        lookup_free(lookup);
    return code;
}

/* ---- TCP ---- */

/* `from` NULL: any address of this machine. */
static int bind_to(int fd, int family, const struct addrinfo *from, struct rog_error *err)
{
    if (!from)
        return ROG_OK;
    int cause = EADDRNOTAVAIL;
    for (; from; from = from->ai_next) {
        if (from->ai_family != family)
            continue;
        if (bind(fd, from->ai_addr, from->ai_addrlen) == 0)
            return ROG_OK;
        cause = errno;
    }
    return rog_fail(err, ROG_EFAILED, "BindAddress: %s", strerror(cause));
}

static bool is_local(const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const void *)address;
    const struct sockaddr_in6 *in6 = (const void *)address;
    return address->sa_family == AF_INET
               ? ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
               : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

/* BindInterface: binds to an address of the interface; like ssh, prefers one that other machines
 * can reach. */
static int bind_to_interface(int fd, int family, const char *name, struct rog_error *err)
{
    struct ifaddrs *all = NULL;
    int code = getifaddrs(&all) == 0 ? ROG_EFAILED : ROG_EIO;
    for (int local = 0; local < 2 && code == ROG_EFAILED; local++)
        for (const struct ifaddrs *one = all; one && code == ROG_EFAILED; one = one->ifa_next)
            if (one->ifa_addr && one->ifa_addr->sa_family == family && (one->ifa_flags & IFF_UP) &&
                strcmp(one->ifa_name, name) == 0 && is_local(one->ifa_addr) == local &&
                bind(fd, one->ifa_addr,
                     family == AF_INET ? sizeof(struct sockaddr_in)
                                       : sizeof(struct sockaddr_in6)) == 0)
                code = ROG_OK;
    freeifaddrs(all);
    return code ? rog_fail(err, ROG_EFAILED, "BindInterface: %s has no such address here", name)
                : ROG_OK;
}

static int await_connected(const struct rog_ssh_dial *dial, int fd, double until_s,
                           struct rog_error *err)
{
    int cause = 0;
    socklen_t bytes = sizeof cause;
    struct pollfd end = {.fd = fd, .events = POLLOUT};
    while (poll(&end, 1, (int)(1000 * STEP_S)) <= 0) {
        int code = check_stopped(dial, err);
        if (code)
            return code;
        if (rog_clock_s() >= until_s)
            return rog_fail(err, ROG_EFAILED, "no answer within %g s", dial->timeout_s);
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &bytes) != 0)
        cause = errno;
    return cause ? rog_fail(err, ROG_EFAILED, "%s", strerror(cause)) : ROG_OK;
}

static int connect_to(const struct rog_ssh_dial *dial, const struct addrinfo *to,
                      const struct addrinfo *from, double until_s, int *out, struct rog_error *err)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return rog_fail(err, ROG_EFAILED, "%s", strerror(errno));
    const char *interface = dial->settings->bind_interface;
    int code = interface ? bind_to_interface(fd, to->ai_family, interface, err)
                         : bind_to(fd, to->ai_family, from, err);
    if (!code && connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        code = errno == EINPROGRESS ? await_connected(dial, fd, until_s, err)
                                    : rog_fail(err, ROG_EFAILED, "%s", strerror(errno));
    if (code)
        close(fd);
    else
        *out = fd;
    return code;
}

/* Tries the addresses in order. Each gets an equal part of the remaining time. */
static int connect_to_one(const struct rog_ssh_dial *dial, const struct addrinfo *list,
                          const struct addrinfo *from, double until_s, int *out,
                          struct rog_error *err)
{
    size_t left = 0;
    int code = ROG_EFAILED;
    for (const struct addrinfo *to = list; to; to = to->ai_next)
        left++;
    for (; list && code == ROG_EFAILED; list = list->ai_next, left--) {
        double now_s = rog_clock_s();
        code = connect_to(dial, list, from, now_s + (until_s - now_s) / (double)left, out, err);
    }
    return code;
}

static int dial_tcp(const struct rog_ssh_dial *dial, int *out, struct rog_error *err)
{
    const struct rog_ssh_settings *settings = dial->settings;
    double until_s = rog_clock_s() + dial->timeout_s;
    struct addrinfo *to = NULL, *from = NULL;
    int code = find_addresses(dial, settings->host_name, settings->port, 0, until_s, &to, err);
    if (!code && settings->bind_address)
        code = find_addresses(dial, settings->bind_address, 0, AI_PASSIVE, until_s, &from, err);
    if (!code)
        code = connect_to_one(dial, to, from, until_s, out, err);
    if (to)
        freeaddrinfo(to);
    if (from)
        freeaddrinfo(from);
    return code;
}

/* ---- proxy commands ---- */

/* Starts the proxy command, in our process group, because it may have to ask at the terminal. It
 * exits when its input is closed, at the latest when this process exits. */
static int start_proxy(const char *command, int *out, struct rog_process *proxy,
                       struct rog_error *err)
{
    int ends[2];
    char *line = rog_format("exec %s", command);
    if (!line)
        return rog_fail_nomem(err);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(line);
        return rog_fail(err, ROG_EIO, "cannot create sockets: %s", strerror(errno));
    }
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const struct rog_process_options options = {.argv = argv,
                                                .log = "/dev/null",
                                                .socket = ends[1],
                                                .has_terminal = true,
                                                .outlives = true};
    int code = rog_process_start(proxy, &options, err);
    close(ends[1]);
    if (code)
        close(ends[0]);
    else
        *out = ends[0];
    free(line);
    return code;
}

int rog_ssh_dial(const struct rog_ssh_dial *dial, int *out, struct rog_process *proxy,
                 struct rog_error *err)
{
    char *command = NULL;
    *out = -1;
    *proxy = ROG_PROCESS_NONE;
    int code = rog_ssh_proxy_command(dial->settings, &command, err);
    if (!code)
        code = command ? start_proxy(command, out, proxy, err) : dial_tcp(dial, out, err);
    free(command);
    return code;
}
