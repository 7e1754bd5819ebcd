/* SPDX-License-Identifier: Apache-2.0 */
/* Signals held back and read from a descriptor. */
#include <orchestrator/fleet/signals.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int rog_signals_init(struct rog_signals *signals, struct rog_error *err)
{
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGINT);
    sigaddset(&taken, SIGTERM);
    sigaddset(&taken, SIGHUP);
    sigaddset(&taken, SIGCHLD);
    *signals = (struct rog_signals){.fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (signals->fd < 0)
        return rog_fail(err, ROG_EFAILED, "cannot watch for signals: %s", strerror(errno));
    sigaddset(&taken, SIGPIPE);
    sigprocmask(SIG_BLOCK, &taken, &signals->before);
    return 0;
}

void rog_signals_release(struct rog_signals *signals)
{
    if (signals->fd < 0)
        return;
    /* What came meanwhile has been answered; without this it would strike now. */
    rog_signals_wait(signals, 0);
    const struct timespec now = {0, 0};
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    while (sigtimedwait(&pipe_only, NULL, &now) > 0)
        continue;
    close(signals->fd);
    signals->fd = -1;
    sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

/* The first says how it is meant. */
static void note(struct rog_signals *signals, const struct signalfd_siginfo *info)
{
    if (signals->stop)
        return;
    signals->stop = true;
    signals->number = (int)info->ssi_signo;
    signals->is_request = info->ssi_code == SI_QUEUE && info->ssi_int == ROG_SIGNAL_STOP;
}

bool rog_signals_wait(struct rog_signals *signals, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = signals->fd, .events = POLLIN};
    struct signalfd_siginfo info;
    if (poll(&poll_fd, 1, timeout_ms) > 0)
        while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info)
            if (info.ssi_signo != SIGCHLD)
                note(signals, &info);
    return signals->stop;
}
