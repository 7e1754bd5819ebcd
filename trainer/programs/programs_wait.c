/* SPDX-License-Identifier: Apache-2.0 */
/* The only place where the simulation receives messages of programs and waits for them. */
#include <trainer/programs/programs_state.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define TURN_MS 50
#define EVENTS 64
#define SOURCE_SHIFT 32

int programs_watch(struct rog_programs *programs, int fd, enum source source, size_t index,
                   struct rog_error *err)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t)source << SOURCE_SHIFT | index};
    /* A connection is already watched when its worker becomes known. */
    return epoll_ctl(programs->watch, EPOLL_CTL_ADD, fd, &event) == 0 ||
                   (errno == EEXIST && epoll_ctl(programs->watch, EPOLL_CTL_MOD, fd, &event) == 0)
               ? ROG_OK
               : rog_fail(err, ROG_EIO, "cannot wait for programs: %s", strerror(errno));
}

static int hear_pending(struct rog_programs *programs, size_t index, struct rog_error *err)
{
    struct pending *pending = &programs->pending[index];
    return pending->fd >= 0 ? programs_greet(programs, pending, err) : ROG_OK;
}

static int deal_with(struct rog_programs *programs, uint64_t what, struct rog_error *err)
{
    size_t index = (size_t)(what & UINT32_MAX);
    switch ((enum source)(what >> SOURCE_SHIFT)) {
    case SOURCE_LISTENER:
        return programs_accept(programs, err);
    case SOURCE_PENDING:
        return hear_pending(programs, index, err);
    case SOURCE_WORKER:
        return programs_hear(programs, &programs->workers[index], err);
    case SOURCE_OUTPUT:
        programs_child_drain(programs, &programs->children[index]);
        return ROG_OK;
    }
    return ROG_OK;
}

static int attend(struct rog_programs *programs, int most_ms, struct rog_error *err)
{
    struct epoll_event events[EVENTS];
    int code = ROG_OK;
    int count = epoll_wait(programs->watch, events, EVENTS, most_ms);
    if (count < 0 && errno != EINTR)
        return rog_fail(err, ROG_EIO, "cannot wait for programs: %s", strerror(errno));
    for (int i = 0; i < count && !code; i++)
        code = deal_with(programs, events[i].data.u64, err);
    if (!code)
        code = programs_check(programs, err);
    return code ? code : programs_dispatch(programs, err);
}

int programs_wait(struct rog_programs *programs, struct rog_error *err)
{
    const struct rog_programs_options *how = &programs->how;
    if (how->interrupted && how->interrupted(how->user))
        return rog_fail(err, ROG_EINTR, "interrupted");
    return attend(programs, TURN_MS, err);
}

int rog_programs_attend(struct rog_programs *programs, struct rog_error *err)
{
    return programs->computing ? attend(programs, 0, err) : ROG_OK;
}
