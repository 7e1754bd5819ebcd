/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the socket on which the server listens. */
#include <orchestrator/ui/listen.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <common/file.h>

#define BACKLOG 128
#define NEXT_PORTS 50 /* ports to try if the default one is in use */
#define LINK_BYTES 64

/* ---- parsing ---- */

static bool is_number(const char *text)
{
    return text[0] && strspn(text, "0123456789") == strlen(text);
}

static int parse_port(struct rog_listen *door, const char *text, const char *whole,
                      struct rog_error *err)
{
    long port = is_number(text) && strlen(text) < 6 ? strtol(text, NULL, 10) : -1;
    if (port < 0 || port > 65535)
        return rog_fail(err, ROG_EINVAL,
                        "--listen %s: the port must be a whole number from 0 to 65535; hint: "
                        "--listen 127.0.0.1:%d, or [::1]:%d",
                        whole, ROG_LISTEN_PORT, ROG_LISTEN_PORT);
    door->port = (int)port;
    door->port_given = true;
    return 0;
}

int rog_listen_parse(struct rog_listen *door, const char *text, struct rog_error *err)
{
    *door = (struct rog_listen){.host = "127.0.0.1", .port = ROG_LISTEN_PORT, .socket = -1};
    if (!text)
        return 0;
    if (is_number(text))
        return parse_port(door, text, text, err);
    bool bracket = text[0] == '[';
    const char *host = text + bracket;
    const char *colon = strrchr(text, ':');
    bool has_port = bracket ? colon && colon > text && colon[-1] == ']'
                            /* Several colons: an IPv6 address. */
                            : colon && strchr(text, ':') == colon;
    const char *end = bracket ? strchr(text, ']') : has_port ? colon : text + strlen(text);
    if (!end || (bracket && end[1] && end[1] != ':') || (size_t)(end - host) >= sizeof door->host)
        return rog_fail(err, ROG_EINVAL,
                        "--listen %s is not an address; hint: --listen 127.0.0.1:%d, or [::1]:%d",
                        text, ROG_LISTEN_PORT, ROG_LISTEN_PORT);
    if (end > host)
        snprintf(door->host, sizeof door->host, "%.*s", (int)(end - host), host);
    return has_port ? parse_port(door, colon + 1, text, err) : 0;
}

/* ---- holder of a port ---- */

/* Returns the inode of the socket that listens on the port; 0: not found. */
static unsigned long listener_of(const char *table, int port)
{
    char line[512];
    unsigned long found = 0;
    FILE *file = fopen(table, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned local = 0, state = 0;
        unsigned long inode = 0;
        if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
                   &local, &state, &inode) == 3 &&
            local == (unsigned)port && state == 0x0A)
            found = inode;
    }
    if (file)
        fclose(file);
    return found;
}

static bool has_socket(const char *pid, unsigned long inode)
{
    char folder[300], name[600], link[LINK_BYTES], wanted[LINK_BYTES];
    snprintf(folder, sizeof folder, "/proc/%s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *dir = opendir(folder);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        ssize_t length = readlink(name, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Gets the name of a process; "" if unknown. */
static void name_of(const char *pid, char name[LINK_BYTES])
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    name[0] = '\0';
    if (file && fgets(name, LINK_BYTES, file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
}

/* Writes " by process 123 (rogctl)"; "" if it cannot be determined, because the process belongs to
 * another user. */
static void holder_of(int port, char *text, size_t bytes)
{
    unsigned long inode = listener_of("/proc/net/tcp", port);
    inode = inode ? inode : listener_of("/proc/net/tcp6", port);
    text[0] = '\0';
    DIR *processes = inode ? opendir("/proc") : NULL;
    for (struct dirent *entry; processes && !text[0] && (entry = readdir(processes));)
        if (is_number(entry->d_name) && has_socket(entry->d_name, inode)) {
            char name[LINK_BYTES];
            name_of(entry->d_name, name);
            snprintf(text, bytes, " by process %s (%s)", entry->d_name, name);
        }
    if (processes)
        closedir(processes);
    if (inode && !text[0])
        snprintf(text, bytes, " by a process of another user");
}

/* ---- the socket ---- */

static int fail_to_listen(const struct rog_listen *door, int cause, struct rog_error *err)
{
    char holder[128] = "";
    if (cause == EADDRINUSE) {
        holder_of(door->port, holder, sizeof holder);
        return rog_fail(err, ROG_EBUSY,
                        "%s:%d: the port is taken%s; hint: another one (--listen %s:%d), or any "
                        "that is free (--listen %s:0)",
                        door->host, door->port, holder, door->host,
                        door->port < 65535 ? door->port + 1 : ROG_LISTEN_PORT, door->host);
    }
    return rog_fail(err, cause == EADDRNOTAVAIL ? ROG_EINVAL : ROG_EIO, "%s:%d: %s%s", door->host,
                    door->port, strerror(cause),
                    cause == EADDRNOTAVAIL ? "; hint: `ip address` lists those of this machine"
                    : cause == EACCES      ? "; hint: ports below 1024 need root"
                                           : "");
}

static void note_address(struct rog_listen *door, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *six =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        door->is_loopback = IN6_IS_ADDR_LOOPBACK(six);
        door->is_any = IN6_IS_ADDR_UNSPECIFIED(six);
    } else {
        in_addr_t four =
            ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
        door->is_loopback = four >> 24 == 127;
        door->is_any = four == INADDR_ANY;
    }
}

/* Returns 0, or errno. */
static int open_socket(struct rog_listen *door, const struct addrinfo *at)
{
    const int yes = 1;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        int cause = errno;
        close(fd);
        return cause;
    }
    note_address(door, (const struct sockaddr *)&bound);
    door->port =
        ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
                                          : ((struct sockaddr_in *)(void *)&bound)->sin_port);
    door->socket = fd;
    return 0;
}

static int open_port(struct rog_listen *door, int port, struct rog_error *err, int *cause)
{
    char service[16];
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(service, sizeof service, "%d", port);
    int code = getaddrinfo(door->host, service, &wanted, &found);
    if (code != 0)
        return rog_fail(err, ROG_EINVAL, "--listen: no address %s: %s", door->host,
                        gai_strerror(code));
    *cause = open_socket(door, found);
    freeaddrinfo(found);
    return 0;
}

int rog_listen_open(struct rog_listen *door, struct rog_error *err)
{
    int cause = 0, first = door->port;
    int code = open_port(door, first, err, &cause);
    for (int i = 1; code == 0 && cause == EADDRINUSE && !door->port_given && i < NEXT_PORTS; i++)
        code = open_port(door, first + i, err, &cause);
    return code < 0 ? code : cause ? fail_to_listen(door, cause, err) : 0;
}

char *rog_listen_url(const struct rog_listen *door)
{
    char name[ROG_LISTEN_HOST_BYTES];
    const char *host = door->host;
    if (door->is_any) /* browsers cannot connect to the any-address */
        host = gethostname(name, sizeof name - 1) == 0 && (name[sizeof name - 1] = '\0', name[0])
                   ? name
                   : "localhost";
    bool six = strchr(host, ':');
    return rog_format("http://%s%s%s:%d/", six ? "[" : "", host, six ? "]" : "", door->port);
}
