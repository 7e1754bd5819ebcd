/* SPDX-License-Identifier: Apache-2.0 */
/* Replays traces on an interface, from setup to restoring. */
#include <trainer/shape/shape.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <trainer/shape/audit.h>
#include <trainer/shape/guard.h>
#include <trainer/shape/kick.h>
#include <trainer/shape/lanes.h>
#include <trainer/shape/state.h>

#define SAMPLE_PERIOD_S 0.1 /* interval of reading the counters */
#define ANSWER_MAX_BYTES ((size_t)1 << 20)
#define TC_END_S 2.0
#define RESTORE_PATIENCE_S 10.0
#define MAX_QUESTIONS 64
/* After a rate below this, a faster rate needs a packet to wake up tbf (kick.h). */
#define SLEEPY_MBPS 1.0

/* A query to tc about a device; tc answers in order. */
struct question {
    const char *device;
    bool kick; /* made to find out that an earlier change has been applied */
};

struct replay {
    const struct rog_shape_options *options;
    struct rog_shape_lanes lanes;
    struct rog_process tc;
    struct rog_shape_summary *summary;
    double begin_s;                           /* by the monotonic clock */
    double next_sample_s;                     /* since begin_s, as all times below */
    struct question questions[MAX_QUESTIONS]; /* a ring of unanswered queries */
    size_t first_question, question_count;
    char *answer; /* output of tc so far for the first of them */
    size_t answer_bytes, answer_room;
};

static double since_begin(const struct replay *replay)
{
    return rog_clock_s() - replay->begin_s;
}

/* Fails: tc has exited or reported an error, which becomes the message. */
static int tc_failed(const struct replay *replay, struct rog_error *err)
{
    char said[512];
    ssize_t got = read(replay->tc.errors, said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    said[strcspn(said, "\n")] = '\0';
    return rog_fail(err, ROG_EFAILED, "tc refused a change on %s: %s", replay->options->iface,
                    said[0] ? said : "it exited without output");
}

static int send_line(const struct replay *replay, const char *line, struct rog_error *err)
{
    for (size_t done = 0, size = strlen(line); done < size;) {
        ssize_t wrote = write(replay->tc.input, line + done, size - done);
        if (wrote < 0 && errno != EINTR)
            return tc_failed(replay, err);
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return ROG_OK;
}

/* Sends a query for the counters of a device. */
static int ask(struct replay *replay, const char *device, bool kick, struct rog_error *err)
{
    if (replay->question_count == MAX_QUESTIONS)
        return rog_fail(err, ROG_EFAILED, "tc no longer answers (%d queries for %s)", MAX_QUESTIONS,
                        device);
    char *line = rog_format("qdisc show dev %s\n", device);
    int code = line ? send_line(replay, line, err) : rog_fail_nomem(err);
    free(line);
    size_t at = (replay->first_question + replay->question_count++) % MAX_QUESTIONS;
    replay->questions[at] = (struct question){device, kick};
    return code;
}

/* Sets the rate of every lane that is due. */
static int apply_due_steps(struct replay *replay, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t i = 0; i < replay->lanes.count && !code; i++) {
        struct rog_shape_lane *lane = &replay->lanes.lane[i];
        double now_s = since_begin(replay);
        if (now_s < lane->next_change_s)
            continue;
        double mbps = rog_shape_lane_rate(lane, now_s);
        char *line = rog_shape_lane_line(lane, "change", mbps);
        code = line ? send_line(replay, line, err) : rog_fail_nomem(err);
        free(line);
        if (!code && lane->mbps < SLEEPY_MBPS && mbps > lane->mbps)
            code = ask(replay, lane->device, true, err);
        if (code)
            break;
        lane->mbps = mbps;
        replay->summary->steps++;
        replay->summary->late_max_s =
            fmax(replay->summary->late_max_s, since_begin(replay) - lane->next_change_s);
        lane->next_change_s = fmax(rog_shape_lane_next(lane, now_s), nextafter(now_s, INFINITY));
        code = rog_shape_audit_rate(replay->options->audit, lane, now_s, mbps, err);
    }
    return code;
}

/* Queries every device with lanes: on a server all lanes are on one device. */
static int ask_for_counters(struct replay *replay, struct rog_error *err)
{
    int code = ROG_OK;
    size_t devices = replay->options->peer_count ? 1 : replay->lanes.count;
    for (size_t i = 0; i < devices && !code; i++)
        code = ask(replay, replay->lanes.lane[i].device, false, err);
    return code;
}

static int take_answer(struct replay *replay, const char *text, size_t size, struct rog_error *err)
{
    if (!size || !replay->question_count)
        return ROG_OK;
    const struct question question = replay->questions[replay->first_question];
    replay->first_question = (replay->first_question + 1) % MAX_QUESTIONS;
    replay->question_count--;
    if (question.kick)
        return rog_shape_kick(question.device, err);
    return rog_shape_audit_answer(replay->options->audit, &replay->lanes, question.device, text,
                                  size, since_begin(replay), err);
}

/* Reads the output of tc; an answer is one line. */
static int take_answers(struct replay *replay, struct rog_error *err)
{
    for (;;) {
        if (replay->answer_bytes == replay->answer_room) {
            size_t room = replay->answer_room ? 2 * replay->answer_room : 8192;
            char *more = room <= ANSWER_MAX_BYTES ? realloc(replay->answer, room) : NULL;
            if (!more)
                return rog_fail_nomem(err);
            replay->answer = more;
            replay->answer_room = room;
        }
        ssize_t got = read(replay->tc.output, replay->answer + replay->answer_bytes,
                           replay->answer_room - replay->answer_bytes);
        if (got == 0)
            return tc_failed(replay, err);
        if (got < 0)
            return ROG_OK;
        replay->answer_bytes += (size_t)got;
        char *end;
        while ((end = memchr(replay->answer, '\n', replay->answer_bytes))) {
            size_t size = (size_t)(end - replay->answer);
            int code = take_answer(replay, replay->answer, size, err);
            if (code)
                return code;
            replay->answer_bytes -= size + 1;
            memmove(replay->answer, end + 1, replay->answer_bytes);
        }
    }
}

/* Waits for the next event. Sets *stop if the replay must end. */
static int wait_for_something(struct replay *replay, bool *stop, struct rog_error *err)
{
    double until_s = replay->next_sample_s;
    for (size_t i = 0; i < replay->lanes.count; i++)
        until_s = fmin(until_s, replay->lanes.lane[i].next_change_s);
    if (replay->options->seconds > 0)
        until_s = fmin(until_s, replay->options->seconds);
    double left_s = fmax(until_s - since_begin(replay), 0);
    const struct timespec timeout = {.tv_sec = (time_t)left_s,
                                     .tv_nsec = (long)(1e9 * (left_s - floor(left_s)))};
    struct pollfd ends[] = {{.fd = replay->tc.output, .events = POLLIN},
                            {.fd = replay->tc.errors, .events = POLLIN},
                            {.fd = replay->options->stop_fd, .events = POLLIN}};
    if (ppoll(ends, 3, &timeout, NULL) < 0)
        return errno == EINTR ? ROG_OK : rog_fail(err, ROG_EIO, "cannot wait: %s", strerror(errno));
    if (ends[1].revents)
        return tc_failed(replay, err);
    *stop = ends[2].revents != 0;
    return ends[0].revents ? take_answers(replay, err) : ROG_OK;
}

/* Waits for the time of t = 0. */
static int await_begin(struct replay *replay, bool *stop, struct rog_error *err)
{
    const struct rog_shape_options *options = replay->options;
    replay->begin_s = rog_clock_s();
    while (options->clock_fd > 0) {
        struct pollfd ends[] = {{.fd = options->clock_fd, .events = POLLIN},
                                {.fd = replay->tc.errors, .events = POLLIN},
                                {.fd = options->stop_fd, .events = POLLIN}};
        if (poll(ends, 3, -1) < 0 && errno != EINTR)
            return rog_fail(err, ROG_EIO, "cannot wait: %s", strerror(errno));
        if (ends[1].revents)
            return tc_failed(replay, err);
        *stop = ends[2].revents != 0;
        double begin_s;
        bool told = ends[0].revents &&
                    read(options->clock_fd, &begin_s, sizeof begin_s) == (ssize_t)sizeof begin_s;
        if (told && isfinite(begin_s) && begin_s <= rog_clock_s())
            replay->begin_s = begin_s;
        *stop = *stop || (ends[0].revents && !told); /* the process that sends it is gone */
        if (told || *stop)
            break;
    }
    return ROG_OK;
}

static int play(struct replay *replay, struct rog_error *err)
{
    bool stop = false;
    const struct rog_shape_options *options = replay->options;
    if (options->ready)
        options->ready(options->user);
    int code = await_begin(replay, &stop, err);
    for (size_t i = 0; i < replay->lanes.count && !code; i++) {
        struct rog_shape_lane *lane = &replay->lanes.lane[i];
        lane->next_change_s = rog_shape_lane_next(lane, 0);
        lane->mbps = rog_shape_lane_rate(lane, 0);
        code = rog_shape_audit_rate(options->audit, lane, 0, lane->mbps, err);
    }
    while (!code && !stop) {
        code = apply_due_steps(replay, err);
        double now_s = since_begin(replay);
        if (!code && now_s >= replay->next_sample_s) {
            replay->next_sample_s = SAMPLE_PERIOD_S * (floor(now_s / SAMPLE_PERIOD_S) + 1);
            code = ask_for_counters(replay, err);
        }
        if (options->seconds > 0 && now_s >= options->seconds)
            break;
        if (!code)
            code = wait_for_something(replay, &stop, err);
    }
    replay->summary->seconds = since_begin(replay);
    if (!code)
        code = rog_shape_audit_end(options, &replay->lanes, replay->summary, err);
    return code;
}

/* Takes the lock. Waits for a guard that has outlived its replay and is about to release it. */
static int take_lock(struct rog_shape_state *state, const char *iface, struct rog_error *err)
{
    const struct timespec step = {0, 20000000};
    double until_s = rog_clock_s() + RESTORE_PATIENCE_S;
    int code = rog_shape_state_take(state, iface, err);
    while (code == ROG_EBUSY && kill(state->pid, 0) != 0 && errno == ESRCH &&
           rog_clock_s() < until_s) {
        nanosleep(&step, NULL);
        rog_shape_state_release(state);
        code = rog_shape_state_take(state, iface, err);
    }
    return code;
}

/* Locks the interface, removes what an earlier replay left, and records its state. */
static int prepare(struct rog_shape_state *state, const struct rog_shape_options *options,
                   struct rog_error *err)
{
    unsigned index;
    struct rog_shape_qdiscs qdiscs;
    bool wants_ingress = !options->peer_count && options->direction != ROG_SHAPE_EGRESS;
    int code = rog_shape_iface_index(options->iface, &index, err);
    if (!code)
        code = rog_shape_look(options->iface, &qdiscs, err);
    if (!code)
        code = take_lock(state, options->iface, err);
    if (!code) {
        code = rog_shape_state_undo(state, NULL, err);
        rog_shape_state_release(state);
        if (!code)
            code = take_lock(state, options->iface, err);
    }
    if (!code)
        code = rog_shape_look(options->iface, &qdiscs, err);
    if (!code && qdiscs.root_kind[0] && !qdiscs.recreate[0])
        code = rog_fail(err, ROG_EINVAL,
                        "%s has a %s qdisc of another program that could not be restored "
                        "afterwards: remove it first (tc qdisc del dev %s root)",
                        options->iface, qdiscs.root_kind, options->iface);
    if (!code && wants_ingress && qdiscs.has_ingress)
        code = rog_fail(err, ROG_EINVAL,
                        "%s has an ingress qdisc of another program: remove it first (tc qdisc del "
                        "dev %s ingress) or shape only egress (--direction egress)",
                        options->iface, options->iface);
    if (code) {
        if (state->fd >= 0) /* nothing was changed: this only removes the file */
            rog_shape_state_undo(state, NULL, NULL);
        return code;
    }
    snprintf(state->recreate, sizeof state->recreate, "%s", qdiscs.recreate);
    state->ifb[0] = '\0';
    if (wants_ingress)
        rog_shape_ifb_name(index, state->ifb);
    state->pid = getpid();
    return rog_shape_state_write(state, err);
}

int rog_shape_replay(const struct rog_shape_options *options, struct rog_shape_summary *summary,
                     struct rog_error *err)
{
    *summary = (struct rog_shape_summary){0};
    struct replay replay = {.options = options, .summary = summary, .tc = ROG_PROCESS_NONE};
    struct rog_shape_state state = {.fd = -1};
    struct rog_watchdog guard = ROG_WATCHDOG_NONE;
    int code = prepare(&state, options, err);
    if (!code)
        code = rog_shape_guard_start(&guard, &state, options->lease, options->lease_timeout_s, err);
    if (!code && state.recreate[0])
        code = rog_shape_command(err, "tc qdisc del dev %s root", options->iface);
    if (!code)
        code = rog_shape_lanes_make(&replay.lanes, options, &state, err);
    if (!code)
        code = rog_shape_start_tc(&replay.tc, err);
    if (!code)
        code = play(&replay, err);

    rog_process_close_input(&replay.tc);
    rog_process_wait(&replay.tc, TC_END_S);
    rog_process_kill(&replay.tc);
    rog_shape_lanes_release(&replay.lanes);
    free(replay.answer);
    struct rog_error after = {0};
    if (rog_shape_guard_end(&guard, &after) != ROG_OK &&
        rog_shape_state_undo(&state, NULL, &after) != ROG_OK) {
        code = code ? rog_fail_prefix(err, "%s is still shaped (%s), after", options->iface,
                                      after.message)
                    : rog_fail(err, ROG_EFAILED, "%s is still shaped: %s", options->iface,
                               after.message);
    }
    rog_shape_state_release(&state);
    return code;
}

int rog_shape_clean(const char *iface, struct rog_error *err)
{
    struct rog_shape_state state = {.fd = -1};
    unsigned index;
    if (rog_shape_iface_index(iface, &index, NULL) != ROG_OK)
        return ROG_OK;
    int code = take_lock(&state, iface, err);
    if (!code)
        code = rog_shape_state_undo(&state, NULL, err);
    else if (code == ROG_EBUSY)
        code = ROG_OK;
    rog_shape_state_release(&state);
    return code;
}

int rog_shape_restore(const char *iface, bool *found, struct rog_error *err)
{
    struct rog_shape_state state;
    struct rog_error busy = {0};
    bool asked = false;
    if (found)
        *found = false;
    if (strlen(iface) >= ROG_SHAPE_IFACE_BYTES || strpbrk(iface, "/ "))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not the name of a network interface", iface);
    double until_s = rog_clock_s() + RESTORE_PATIENCE_S;
    int code = rog_shape_state_take(&state, iface, &busy);
    /* Another process shapes it: ask that process to end; its guard does the rest. */
    while (code == ROG_EBUSY && rog_clock_s() < until_s) {
        const struct timespec step = {0, 50000000};
        if (!asked && state.pid > 1)
            kill(state.pid, SIGTERM);
        asked = true;
        nanosleep(&step, NULL);
        rog_shape_state_release(&state);
        code = rog_shape_state_take(&state, iface, &busy);
    }
    if (code)
        rog_fail_again(err, &busy);
    bool any = false;
    if (!code)
        code = rog_shape_state_undo(&state, &any, err);
    if (found)
        *found = any || asked;
    rog_shape_state_release(&state);
    return code;
}
