/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer reach: tests whether a host can reach a port of another host. */
#include <trainer/commands.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <common/clock.h>
#include <librog/net/hello.h>

#define GREETING "rogctl\n"

/* Waits until the socket is ready; returns false at until_s. */
static bool await(int fd, short what, double until_s)
{
    struct pollfd end = {.fd = fd, .events = what};
    for (;;) {
        double left_s = until_s - rog_clock_s();
        int ready = poll(&end, 1, (int)fmax(0, ceil(1000 * left_s)));
        if (ready > 0 || (ready == 0 && left_s <= 0))
            return ready > 0;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

/* --- the server's side --- */

static int open_listener(const char *text, int *listener, struct rog_error *err)
{
    int yes = 1;
    struct sockaddr_storage at;
    socklen_t bytes;
    int code = rog_link_resolve(text, true, &at, &bytes, err);
    if (code)
        return code;
    *listener = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*listener < 0)
        return rog_fail(err, ROG_EIO, "cannot create a socket: %s", strerror(errno));
    setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(*listener, (struct sockaddr *)&at, bytes) != 0 || listen(*listener, 64) != 0)
        return rog_fail(err, errno == EADDRINUSE ? ROG_EBUSY : ROG_EIO, "cannot listen on %s: %s",
                        text, strerror(errno));
    return ROG_OK;
}

static int listen_at(const struct rog_cli *cli, struct rog_error *err)
{
    const char *text = rog_cli_string(cli, "listen");
    double until_s = rog_clock_s() + rog_cli_real(cli, "seconds");
    int listener = -1, code = open_listener(text, &listener, err);
    if (!code) {
        printf("listening on %s\n", text);
        fflush(stdout);
    }
    while (!code && await(listener, POLLIN, until_s)) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            continue; /* the peer has closed the connection */
        /* A closed connection must not end this program by a signal. */
        (void)!send(fd, GREETING, strlen(GREETING), MSG_NOSIGNAL);
        close(fd);
    }
    if (listener >= 0)
        close(listener);
    return code;
}

/* --- a worker's side --- */

static int greet(int fd, const char *text, double until_s, struct rog_error *err)
{
    char answer[sizeof GREETING] = "";
    size_t got = 0;
    while (got < strlen(GREETING)) {
        if (!await(fd, POLLIN, until_s))
            return rog_fail(err, ROG_EFAILED, "%s accepts connections but sends nothing", text);
        ssize_t size = read(fd, answer + got, strlen(GREETING) - got);
        if (size <= 0)
            break;
        got += (size_t)size;
    }
    if (strcmp(answer, GREETING) != 0)
        return rog_fail(err, ROG_EFAILED,
                        "another program answers at %s: `rog-trainer reach --listen` does not run",
                        text);
    return ROG_OK;
}

static int connect_to(const char *text, double seconds, struct rog_error *err)
{
    struct sockaddr_storage at;
    socklen_t bytes, size = sizeof(int);
    int fd = -1, failed = 0, code = rog_link_resolve(text, false, &at, &bytes, err);
    if (code)
        return code;
    double begin_s = rog_clock_s(), until_s = begin_s + seconds;
    fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        code = rog_fail(err, ROG_EIO, "cannot create a socket: %s", strerror(errno));
    else if (connect(fd, (struct sockaddr *)&at, bytes) != 0 && errno != EINPROGRESS)
        code = rog_fail(err, ROG_EFAILED, "cannot connect to %s: %s", text, strerror(errno));
    else if (!await(fd, POLLOUT, until_s))
        code = rog_fail(err, ROG_EFAILED, "no answer from %s within %g s", text, seconds);
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed)
        code = rog_fail(err, ROG_EFAILED, "cannot connect to %s: %s", text, strerror(failed));
    double took_s = rog_clock_s() - begin_s;
    if (!code)
        code = greet(fd, text, until_s, err);
    if (!code)
        printf("%s reached in %.1f ms\n", text, 1e3 * took_s);
    if (fd >= 0)
        close(fd);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const char *target = rog_cli_arg(cli, 0);
    if (rog_cli_given(cli, "listen") == (target != NULL))
        return rog_fail(err, ROG_EINVAL, "reach needs HOST:PORT or --listen [HOST]:PORT");
    return target ? connect_to(target, rog_cli_real(cli, "seconds"), err) : listen_at(cli, err);
}

static const struct rog_setting options[] = {
    {.name = "listen", .type = ROG_SETTING_STRING, .help = "listen at [HOST]:PORT"},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "5",
     .min = 0.1,
     .max = 86400,
     .unit = "s",
     .help = "time to try, or to listen"},
    {.name = NULL},
};

const struct rog_command rog_cmd_reach = {
    .name = "reach",
    .usage = "HOST:PORT | --listen [HOST]:PORT",
    .summary = "Test whether one host reaches another's training port",
    .details = "Run it with --listen on the server and with the server's address on a worker: it "
               "tests the whole\n"
               "path, including firewalls. Only a greeting is sent.",
    .options = options,
    .max_args = 1,
    .run = run,
};
