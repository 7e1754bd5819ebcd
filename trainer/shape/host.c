/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tc and ip, and reads their output. */
#include <trainer/shape/host.h>

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <trainer/shape/options.h>

#define COMMAND_TIMEOUT_S 20
#define MAX_WORDS 40

/* Without root, commands are run by sudo, which must not prompt. */
static size_t put_sudo(const char **argv)
{
    if (geteuid() == 0)
        return 0;
    argv[0] = "sudo";
    argv[1] = "-n";
    return 2;
}

/* Explains a failure because of missing programs or permissions. */
static int explain(int code, struct rog_error *err)
{
    if (code == ROG_ENOTFOUND)
        return rog_fail_prefix(err, geteuid() == 0 ? "install the package iproute2"
                                                   : "install the packages iproute2 and sudo");
    if (code == ROG_EFAILED && err &&
        (strstr(err->message, "not permitted") || strstr(err->message, "sudo:"))) {
        err->code = ROG_EINVAL;
        return rog_fail_prefix(err, "changing network interfaces is not permitted: run as root, or "
                                    "allow tc and ip in sudo without a password");
    }
    return code;
}

static int run_line(char *line, bool changes, char **output, struct rog_error *err)
{
    const char *argv[MAX_WORDS + 1] = {NULL};
    size_t words = changes ? put_sudo(argv) : 0;
    for (char *word = strsep(&line, " "); word; word = strsep(&line, " ")) {
        if (words == MAX_WORDS)
            return rog_fail(err, ROG_EINVAL, "%s: too many words", argv[0]);
        argv[words++] = word;
    }
    return explain(rog_process_run(argv, COMMAND_TIMEOUT_S, output, err), err);
}

int rog_shape_start_tc(struct rog_process *tc, struct rog_error *err)
{
    static const char *const words[] = {"tc", "-s", "-j", "-batch", "-"};
    const char *argv[MAX_WORDS + 1] = {NULL};
    size_t count = put_sudo(argv);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        argv[count++] = words[i];
    const struct rog_process_options how = {.argv = argv, .pipes = true, .error_pipe = true};
    return explain(rog_process_start(tc, &how, err), err);
}

int rog_shape_command(struct rog_error *err, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&line, format, args);
    va_end(args);
    if (length < 0)
        return rog_fail_nomem(err);
    int code = run_line(line, true, NULL, err);
    free(line);
    return code;
}

int rog_shape_ask(struct rog_json **json, struct rog_error *err, const char *format, ...)
{
    char *line = NULL, *output = NULL;
    *json = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&line, format, args);
    va_end(args);
    if (length < 0)
        return rog_fail_nomem(err);
    int code = run_line(line, false, &output, err);
    if (!code)
        code = rog_json_parse(output, strlen(output), "tc", json, err);
    free(output);
    free(line);
    return code;
}

int rog_shape_iface_index(const char *iface, unsigned *index, struct rog_error *err)
{
    *index = strlen(iface) < IF_NAMESIZE && !strpbrk(iface, "/ ") ? if_nametoindex(iface) : 0;
    if (!*index)
        return rog_fail(err, ROG_EINVAL, "no network interface \"%s\"; `ip link` lists them",
                        iface);
    return ROG_OK;
}

int rog_shape_iface_frame(const char *iface, uint32_t *bytes, struct rog_error *err)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", iface);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int failed = fd < 0 || ioctl(fd, SIOCGIFMTU, &request) != 0;
    if (fd >= 0)
        close(fd);
    if (failed || request.ifr_mtu <= 0)
        return rog_fail(err, ROG_EIO, "cannot read the MTU of %s", iface);
    *bytes = (uint32_t)request.ifr_mtu + 18; /* Ethernet header and a VLAN tag */
    return ROG_OK;
}

void rog_shape_ifb_name(unsigned index, char name[ROG_SHAPE_IFACE_BYTES])
{
    snprintf(name, ROG_SHAPE_IFACE_BYTES, "rogifb%u", index % 1000000000);
}

/* Finds root qdiscs that can be recreated from tc's output. Those with classes or filters
 * cannot. */
static void describe(const struct rog_json *qdisc, struct rog_shape_qdiscs *found)
{
    const char *kind = rog_json_get_string(qdisc, "kind", "");
    const char *handle = rog_json_get_string(qdisc, "handle", "0:");
    const struct rog_json *options = rog_json_get(qdisc, "options");
    snprintf(found->root_kind, sizeof found->root_kind, "%s", kind);
    long long limit = rog_json_get_integer(options, "limit", -1);
    if ((strcmp(kind, "pfifo") == 0 || strcmp(kind, "bfifo") == 0) && limit >= 0)
        snprintf(found->recreate, sizeof found->recreate, "handle %.8s %s limit %lld", handle, kind,
                 limit);
    long long rate = rog_json_get_integer(options, "rate", -1); /* bytes per second */
    long long burst = rog_json_get_integer(options, "burst", -1);
    long long latency_us = rog_json_get_integer(options, "lat", -1);
    /* tc stores the burst as a time and rounds it down in both directions. */
    if (strcmp(kind, "tbf") == 0 && rate > 0 && burst > 0 && latency_us > 0)
        snprintf(found->recreate, sizeof found->recreate,
                 "handle %.8s tbf rate %lldbps burst %lldb latency %lldus", handle, rate, burst + 1,
                 latency_us);
}

int rog_shape_look(const char *iface, struct rog_shape_qdiscs *found, struct rog_error *err)
{
    struct rog_json *list = NULL;
    *found = (struct rog_shape_qdiscs){0};
    int code = rog_shape_ask(&list, err, "tc -j qdisc show dev %s", iface);
    for (size_t i = 0; !code && i < rog_json_size(list); i++) {
        const struct rog_json *qdisc = rog_json_at(list, i);
        const char *handle = rog_json_get_string(qdisc, "handle", "0:");
        const char *kind = rog_json_get_string(qdisc, "kind", "");
        found->has_ingress |= strcmp(kind, "ingress") == 0 || strcmp(kind, "clsact") == 0;
        if (!rog_json_get_bool(qdisc, "root", false) || strcmp(handle, "0:") == 0)
            continue;
        if (strcmp(handle, ROG_SHAPE_HANDLE) == 0)
            found->root_is_ours = true;
        else
            describe(qdisc, found);
    }
    rog_json_free(list);
    return code;
}
