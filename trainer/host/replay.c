/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and watches the process that replays a host's bandwidth. */
#include <trainer/host/replay.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <librog/trace/source.h>
#include <trainer/shape/shape.h>
#include <trainer/shape/signals.h>

#define READY_MS 60000 /* sudo may ask a directory service first */
#define STOP_STEPS 3000
#define STEP_NS 10000000L

/* Message from the replay's process: first that it is ready, then how it ended. Written in one
 * piece. */
struct word {
    bool ready;
    int code;
    double error;
    char message[ROG_ERROR_MESSAGE_BYTES];
};

struct parts {
    const struct rog_host_spec *spec;
    struct rog_shape_peer *peers;
    struct rog_trace **traces; /* [peer_count], or a single one */
    double offset_s;           /* time of the single trace at which the run starts */
    int clock[2], words[2];
};

static void release(struct parts *parts)
{
    size_t count = parts->spec->shape.peer_count;
    for (size_t i = 0; parts->traces && i <= count; i++)
        rog_trace_free(parts->traces[i]);
    free(parts->traces);
    free(parts->peers);
    for (int i = 0; i < 2; i++) {
        if (parts->clock[i] >= 0)
            close(parts->clock[i]);
        if (parts->words[i] >= 0)
            close(parts->words[i]);
    }
}

static int open_trace(const struct rog_host_shape *shape, const struct rog_host_peer *worker,
                      struct rog_trace **trace, double *start_s, struct rog_error *err)
{
    const struct rog_trace_source source = {
        .name = worker->trace,
        .rank = worker->rank,
        .seed = shape->seed,
        .offset_s = worker->offset_s,
        .phase = worker->phase,
        .block_s = shape->block_s,
        .own_blocks = shape->own_blocks,
    };
    int code = rog_trace_open_run(trace, start_s, &source, err);
    if (!code && !*trace)
        code = rog_fail(err, ROG_EINVAL, "nothing to shape: worker %u has no limit", worker->rank);
    return code;
}

static int open_traces(struct parts *parts, struct rog_error *err)
{
    const struct rog_host_shape *shape = &parts->spec->shape;
    const struct rog_host_peer self = {.rank = parts->spec->rank,
                                       .trace = shape->trace,
                                       .offset_s = shape->offset_s,
                                       .phase = shape->phase};
    int code = ROG_OK;
    parts->peers = calloc(shape->peer_count + 1, sizeof *parts->peers);
    parts->traces = calloc(shape->peer_count + 1, sizeof *parts->traces);
    if (!parts->peers || !parts->traces)
        return rog_fail_nomem(err);
    if (!shape->peer_count)
        code = open_trace(shape, &self, &parts->traces[0], &parts->offset_s, err);
    for (size_t i = 0; i < shape->peer_count && !code; i++) {
        const struct rog_host_peer *from = &shape->peers[i];
        struct rog_shape_peer *peer = &parts->peers[i];
        int length = snprintf(peer->address, sizeof peer->address, "%s", from->address);
        if (length < 0 || (size_t)length >= sizeof peer->address)
            return rog_fail(err, ROG_EINVAL, "the address of worker %u is too long", from->rank);
        peer->rank = from->rank;
        code = open_trace(shape, from, &parts->traces[i], &peer->offset_s, err);
        peer->trace = parts->traces[i];
    }
    return code;
}

static void say(int fd, const struct word *word)
{
    ssize_t written;
    do
        written = write(fd, word, sizeof *word);
    while (written < 0 && errno == EINTR);
}

static void shaped(void *user)
{
    const struct parts *parts = user;
    const struct word word = {.ready = true};
    say(parts->words[1], &word);
}

/* Main function of the replay's process. */
static void live(struct parts *parts, const char *events, const char *lease, pid_t parent)
{
    const struct rog_host_spec *spec = parts->spec;
    struct rog_error err = {0};
    struct rog_shape_summary summary = {0};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_NAME, "rog-replay");
    int stop_fd;
    int code = rog_shape_signals_open(&stop_fd, &err);
    struct rog_shape_options options = {
        .iface = spec->shape.iface,
        .trace = parts->traces[0],
        .offset_s = parts->offset_s,
        .rank = spec->rank,
        .direction = spec->shape.egress_only ? ROG_SHAPE_EGRESS : ROG_SHAPE_BOTH,
        .peers = parts->peers,
        .peer_count = spec->shape.peer_count,
        .silent = true,
        .clock_fd = parts->clock[0],
        .ready = shaped,
        .user = parts,
        .stop_fd = stop_fd,
        .lease = lease,
        .lease_timeout_s = spec->lease_s,
        .tolerance = spec->shape.tolerance,
        .audit = fopen(events, "ae"),
    };
    if (getppid() != parent)
        code = rog_fail(&err, ROG_EFAILED, "the supervisor has exited");
    else if (!code && !options.audit)
        code = rog_fail(&err, ROG_EIO, "cannot write %s: %s", events, strerror(errno));
    else if (!code)
        code = rog_shape_replay(&options, &summary, &err);
    struct word word = {.code = code, .error = summary.error};
    memcpy(word.message, err.message, sizeof word.message);
    say(parts->words[1], &word);
}

/* Reads a message; false if there is none. */
static bool read_word(struct rog_host_replay *replay, bool *ready)
{
    struct word word;
    ssize_t got = read(replay->words_fd, &word, sizeof word);
    if (got < 0)
        return false;
    if (got == sizeof word && word.ready) {
        *ready = true;
        return true;
    }
    replay->over = true;
    if (got == sizeof word) {
        replay->code = word.code;
        replay->error = word.error;
        replay->why.code = word.code;
        memcpy(replay->why.message, word.message, sizeof word.message);
    } else {
        replay->code = rog_fail(&replay->why, ROG_EFAILED, "the replay process was killed");
    }
    return true;
}

static int await_ready(struct rog_host_replay *replay, struct rog_error *err)
{
    bool ready = false;
    struct pollfd end = {.fd = replay->words_fd, .events = POLLIN};
    if (poll(&end, 1, READY_MS) <= 0 || !read_word(replay, &ready)) {
        rog_host_replay_stop(replay, NULL);
        return rog_fail(err, ROG_EFAILED, "the interface was not shaped within %d s",
                        READY_MS / 1000);
    }
    if (ready)
        return ROG_OK;
    int code = rog_fail(err, replay->code ? replay->code : ROG_EFAILED, "%s",
                        replay->code ? replay->why.message : "the replay exited immediately");
    rog_host_replay_stop(replay, NULL);
    return code;
}

int rog_host_replay_start(struct rog_host_replay *replay, const struct rog_host_spec *spec,
                          const char *events, const char *lease, struct rog_error *err)
{
    struct parts parts = {.spec = spec, .clock = {-1, -1}, .words = {-1, -1}};
    *replay = ROG_HOST_REPLAY_NONE;
    int code = open_traces(&parts, err);
    if (!code && (pipe2(parts.clock, O_CLOEXEC) != 0 || pipe2(parts.words, O_CLOEXEC) != 0))
        code = rog_fail(err, ROG_EIO, "cannot create a pipe: %s", strerror(errno));
    pid_t parent = getpid(), pid = code ? -1 : fork();
    if (pid == 0) {
        close(parts.clock[1]);
        close(parts.words[0]);
        live(&parts, events, lease, parent);
        _exit(0);
    }
    if (!code && pid < 0)
        code = rog_fail(err, ROG_EIO, "cannot start the replay: %s", strerror(errno));
    if (!code) {
        replay->pid = pid;
        replay->clock_fd = parts.clock[1];
        replay->words_fd = parts.words[0];
        fcntl(replay->words_fd, F_SETFL, O_NONBLOCK);
        parts.clock[1] = parts.words[0] = -1;
    }
    release(&parts);
    return code ? code : await_ready(replay, err);
}

void rog_host_replay_begin(struct rog_host_replay *replay, double origin_s)
{
    if (replay->begun || replay->clock_fd < 0)
        return;
    replay->begun = true;
    ssize_t written = write(replay->clock_fd, &origin_s, sizeof origin_s);
    (void)written; /* if the process is gone, it has reported so or will be found dead */
}

void rog_host_replay_look(struct rog_host_replay *replay)
{
    bool ready;
    if (replay->words_fd >= 0 && !replay->over)
        read_word(replay, &ready);
}

/* Waits for the process's end; returns true once it has ended. */
static bool is_gone(pid_t pid, int steps)
{
    const struct timespec step = {0, STEP_NS};
    for (int i = 0; i < steps; i++) {
        pid_t ended = waitpid(pid, NULL, WNOHANG);
        if (ended == pid || (ended < 0 && errno == ECHILD))
            return true;
        nanosleep(&step, NULL);
    }
    return false;
}

int rog_host_replay_stop(struct rog_host_replay *replay, struct rog_error *err)
{
    if (!replay->pid)
        return ROG_OK;
    kill(replay->pid, SIGTERM);
    if (!is_gone(replay->pid, STOP_STEPS)) {
        kill(replay->pid, SIGKILL); /* its guard restores the interface */
        waitpid(replay->pid, NULL, 0);
    }
    rog_host_replay_look(replay);
    close(replay->clock_fd);
    close(replay->words_fd);
    replay->pid = 0;
    replay->clock_fd = replay->words_fd = -1;
    if (!replay->over)
        replay->code =
            rog_fail(&replay->why, ROG_EFAILED, "the replay did not stop and was killed");
    return replay->code ? rog_fail_again(err, &replay->why) : ROG_OK;
}
