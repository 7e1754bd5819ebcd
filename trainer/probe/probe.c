/* SPDX-License-Identifier: Apache-2.0 */
/* Code of both ends of a probe: folder, socket, signals, lease. */
#include <trainer/probe/probe_state.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <trainer/host/folder.h>
#include <trainer/host/journal.h>
#include <trainer/host/lock.h>
#include <trainer/shape/signals.h>

static int read_token(uint8_t token[ROG_PROBE_TOKEN_BYTES], struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    int code = rog_file_read(ROG_HOST_KEY, 1024, &text, &size, err);
    bool good = !code && size >= 2 * ROG_PROBE_TOKEN_BYTES;
    for (size_t i = 0; good && i < ROG_PROBE_TOKEN_BYTES; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'}, *end = NULL;
        token[i] = (uint8_t)strtoul(digits, &end, 16);
        good = end == digits + 2;
    }
    if (!code && !good)
        code = rog_fail(err, ROG_EFORMAT, "%s must be %d hexadecimal digits", ROG_HOST_KEY,
                        2 * ROG_PROBE_TOKEN_BYTES);
    free(text);
    return code;
}

static int enter(struct rog_probe *probe, struct rog_error *err)
{
    pid_t other;
    umask(077);
    probe->folder = rog_path_real(probe->options->folder);
    if (!probe->folder || chdir(probe->folder) != 0)
        return rog_fail(err, ROG_EINVAL, "cannot enter the folder %s: %s", probe->options->folder,
                        strerror(errno));
    int code = rog_host_lock(ROG_HOST_LOCK, &probe->lock, &other, err);
    if (!code && rog_file_exists(ROG_HOST_STATE))
        code = rog_fail(err, ROG_EINVAL, "%s is already in use: use a new folder",
                        probe->options->folder);
    return code;
}

int rog_probe_open(struct rog_probe *probe, const struct rog_probe_options *options, bool listens,
                   struct rog_error *err)
{
    *probe = ROG_PROBE_NONE;
    probe->options = options;
    probe->lease.path = ROG_HOST_LEASE;
    int code = enter(probe, err);
    if (!code)
        code = rog_shape_signals_open(&probe->signals, err);
    if (!code && !rog_file_exists(ROG_HOST_LEASE))
        code = rog_file_write(ROG_HOST_LEASE, "", 0, err);
    if (!code)
        code = read_token(probe->socket.token, err);
    if (!code)
        code = rog_probe_socket_open(&probe->socket, options->address, listens, err);
    if (!code)
        code = rog_host_state_write("running", -1, NULL, err);
    return code;
}

void rog_probe_close(struct rog_probe *probe, int code, const struct rog_error *why, bool over)
{
    struct rog_error ignored;
    if (probe->lock >= 0)
        rog_host_state_write(code ? "failed" : "ended", code ? 1 : 0, code ? why : NULL, &ignored);
    rog_probe_socket_close(&probe->socket);
    if (probe->signals >= 0)
        close(probe->signals);
    if (probe->lock >= 0 && (over || probe->lease_is_out))
        rog_dir_remove(probe->folder, &ignored);
    if (probe->lock >= 0)
        close(probe->lock);
    free(probe->folder);
}

void rog_probe_wait(struct rog_probe *probe, double until_s, bool to_send)
{
    struct signalfd_siginfo signal;
    double left_s = fmax(until_s - rog_clock_s(), 0);
    const struct timespec most = {(time_t)left_s, (long)(1e9 * (left_s - floor(left_s)))};
    struct pollfd ends[] = {
        {.fd = probe->socket.fd, .events = (short)(POLLIN | (to_send ? POLLOUT : 0))},
        {.fd = probe->signals, .events = POLLIN}};
    if (ppoll(ends, 2, &most, NULL) > 0 && ends[1].revents &&
        read(probe->signals, &signal, sizeof signal) == sizeof signal)
        probe->stopped = true;
}

int rog_probe_check(struct rog_probe *probe, struct rog_error *err)
{
    probe->lease_is_out = rog_lease_is_over(&probe->lease, probe->options->lease_s, rog_clock_s());
    if (!probe->lease_is_out)
        return ROG_OK;
    return rog_fail(err, ROG_EFAILED, "the lease was not renewed for %g s",
                    probe->options->lease_s);
}
