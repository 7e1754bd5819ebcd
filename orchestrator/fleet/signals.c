/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks signals and receives them in a thread. */
#include <orchestrator/fleet/signals.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>

#define ECHO_S 0.2           /* a second key press within this time is not intended */
#define STATUS_OF_SIGNAL 128 /* plus the signal's number: its exit status, as in shells */

/* Ends the process by the signal itself, so that its parent sees that as the cause. */
static void end_process(int number)
{
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
    _exit(STATUS_OF_SIGNAL + number); /* signals do not end the first process of a container */
}

/* ---- the two descriptors ---- */

static void raise_flag(int fd)
{
    const uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written; /* the counter cannot be full */
}

static void lower_flag(int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* the flag is cleared whatever was read */
}

/* ---- the thread ---- */

/* The first signal decides how to stop. A terminal that is closed sends several; timeout(1) and
 * similar programs signal a process and then its group, so that the same signal arrives twice. */
static void take(struct rog_signals *signals, const siginfo_t *info)
{
    int first = atomic_load(&signals->number);
    double now_s = rog_clock_s();
    bool is_echo = first == info->si_signo && now_s - signals->came_s < ECHO_S;
    if (first && (info->si_signo == SIGHUP || is_echo))
        return;
    if (first)
        end_process(info->si_signo);
    signals->came_s = now_s;
    atomic_store(&signals->is_request,
                 info->si_code == SI_QUEUE && info->si_value.sival_int == ROG_SIGNAL_STOP);
    atomic_store(&signals->number, info->si_signo);
    raise_flag(signals->stop_fd);
}

static void *listen_for(void *user)
{
    struct rog_signals *signals = user;
    siginfo_t info;
    while (!atomic_load(&signals->ending)) {
        int number = sigwaitinfo(&signals->taken, &info);
        if (number > 0 && number != SIGCHLD)
            take(signals, &info);
        raise_flag(signals->wake_fd);
    }
    return NULL;
}

/* ---- start and end ---- */

int rog_signals_init(struct rog_signals *signals, struct rog_error *err)
{
    struct sigaction hangup;
    *signals = (struct rog_signals){0};
    sigemptyset(&signals->taken);
    sigaddset(&signals->taken, SIGINT);
    sigaddset(&signals->taken, SIGTERM);
    sigaddset(&signals->taken, SIGUSR1); /* sent by batch systems before a limit */
    sigaddset(&signals->taken, SIGCHLD);
    if (sigaction(SIGHUP, NULL, &hangup) != 0 || hangup.sa_handler != SIG_IGN)
        sigaddset(&signals->taken, SIGHUP);
    sigset_t blocked = signals->taken;
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, &signals->before);
    signals->is_open = true;
    signals->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int cause = signals->wake_fd < 0 || signals->stop_fd < 0
                    ? errno
                    : pthread_create(&signals->thread, NULL, listen_for, signals);
    signals->has_thread = cause == 0;
    if (cause == 0)
        return 0;
    rog_signals_release(signals);
    return rog_fail(err, ROG_EFAILED, "cannot watch for signals: %s", strerror(cause));
}

void rog_signals_release(struct rog_signals *signals)
{
    if (!signals->is_open)
        return;
    atomic_store(&signals->ending, true);
    if (signals->has_thread) {
        pthread_kill(signals->thread, SIGCHLD);
        pthread_join(signals->thread, NULL);
    }
    const struct timespec now = {0, 0};
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    while (sigtimedwait(&pipe_only, NULL, &now) > 0)
        continue;
    if (signals->wake_fd >= 0)
        close(signals->wake_fd);
    if (signals->stop_fd >= 0)
        close(signals->stop_fd);
    signals->is_open = false;
    pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
    if (rog_signals_came(signals) && !signals->answered)
        raise(atomic_load(&signals->number));
}

/* ---- queries ---- */

bool rog_signals_wait(struct rog_signals *signals, int timeout_ms)
{
    struct pollfd woken = {.fd = signals->wake_fd, .events = POLLIN};
    if (!rog_signals_came(signals) && poll(&woken, 1, timeout_ms) > 0)
        lower_flag(signals->wake_fd);
    bool came = rog_signals_came(signals);
    signals->answered = signals->answered || came;
    return came;
}

bool rog_signals_came(const struct rog_signals *signals)
{
    return atomic_load(&signals->number) != 0;
}

void rog_signals_again(struct rog_signals *signals)
{
    lower_flag(signals->stop_fd);
    atomic_store(&signals->number, 0);
}
