/* SPDX-License-Identifier: Apache-2.0 */
/* Provides the signals that end a process as a descriptor. */
#include <trainer/shape/signals.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

int rog_shape_signals_open(int *fd, struct rog_error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    *fd = signalfd(-1, &set, SFD_CLOEXEC);
    return *fd >= 0 ? ROG_OK
                    : rog_fail(err, ROG_EIO, "cannot wait for signals: %s", strerror(errno));
}
