/* SPDX-License-Identifier: Apache-2.0 */
/* Accepts connections and checks whether they belong to workers of this run. */
#include <trainer/programs/programs_state.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <common/clock.h>
#include <librog/net/hello.h>
#include <librog/virtual/message.h>

/* ---- listening ---- */

static int draw_name(struct rog_programs *programs, struct rog_error *err)
{
    unsigned long long drawn[2];
    if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        return rog_fail(err, ROG_EIO, "cannot generate a socket name: %s", strerror(errno));
    snprintf(programs->name, NAME_BYTES, "rog-%016llx%016llx", drawn[0], drawn[1]);
    snprintf(programs->mark, sizeof programs->mark, "ROG_SERVER=" ROG_VIRTUAL_SCHEME "%s",
             programs->name);
    return ROG_OK;
}

int programs_listen(struct rog_programs *programs, struct rog_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int code = draw_name(programs, err);
    if (code)
        return code;
    size_t length = strlen(programs->name);
    memcpy(address.sun_path + 1, programs->name, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    programs->listener = fd;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, SOMAXCONN) != 0)
        return rog_fail(err, ROG_EIO, "cannot wait for programs: %s", strerror(errno));
    return programs_watch(programs, fd, SOURCE_LISTENER, 0, err);
}

static struct pending *free_place(struct rog_programs *programs)
{
    for (size_t i = 0; i < PENDING; i++)
        if (programs->pending[i].fd < 0)
            return &programs->pending[i];
    return NULL;
}

static int take(struct rog_programs *programs, struct pending *pending, int fd,
                struct rog_error *err)
{
    int pid = 0;
    if (rog_virtual_check_user(fd, &pid, NULL)) {
        close(fd);
        return ROG_OK;
    }
    *pending = (struct pending){fd, programs_child_of(programs, pid)};
    return programs_watch(programs, fd, SOURCE_PENDING, (size_t)(pending - programs->pending), err);
}

/* If no place is free, connections wait. */
int programs_accept(struct rog_programs *programs, struct rog_error *err)
{
    struct pending *pending;
    int code = ROG_OK;
    while (!code && (pending = free_place(programs))) {
        int fd = accept4(programs->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            break;
        code = take(programs, pending, fd, err);
    }
    return code;
}

/* ---- settings that all must have in common ---- */

/* Members of a hello that each worker has for itself: all get the initial values of the first. */
static const char *const own_members[] = {"model_sha256", "data_sha256", "wire_model", "seed"};

static int adopt(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    if (!programs->hello) {
        programs->hello = programs->brought_hello = rog_json_copy(worker->hello);
        if (!programs->hello)
            return rog_fail_nomem(err);
        for (size_t i = 0; i < sizeof own_members / sizeof *own_members; i++)
            rog_json_remove(programs->brought_hello, own_members[i]);
    }
    if (!programs->layout) {
        programs->layout = programs->brought_layout = worker->layout;
        worker->layout = NULL;
        snprintf(programs->owner, sizeof programs->owner, "worker %u", worker->rank);
    }
    return ROG_OK;
}

static int compare(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    char who[WHO_BYTES];
    snprintf(who, sizeof who, "worker %u", worker->rank);
    int code = rog_hello_compare(programs->hello, worker->hello, who, err);
    if (!code && worker->layout)
        code = rog_layout_compare(programs->layout, programs->owner, worker->layout, who, err);
    if (!code && worker->region.without_values != programs->first->region.without_values)
        code =
            rog_fail(err, ROG_EINVAL, "worker %u has %s values, worker %u has %s", worker->rank,
                     worker->region.without_values ? "no" : "its tensors'", programs->first->rank,
                     programs->first->region.without_values ? "none" : "them");
    rog_json_free(worker->hello);
    rog_layout_free(worker->layout);
    worker->hello = NULL;
    worker->layout = NULL;
    return code;
}

/* The hello of the run's first program defines what the others must have: programs that connected
 * earlier wait for it. */
static int compare_all(struct rog_programs *programs, struct rog_error *err)
{
    if (programs->first->standing == STANDING_AWAITED)
        return ROG_OK;
    int code = programs->first->hello ? adopt(programs, programs->first, err) : ROG_OK;
    for (uint32_t i = 0; i < programs->count && !code; i++)
        if (programs->workers[i].hello)
            code = compare(programs, &programs->workers[i], err);
    return code;
}

/* ---- the first message ---- */

/* Finds the worker of a connection by the process at the other end, not by the message. */
static int find_worker(struct rog_programs *programs, const struct pending *pending,
                       const struct rog_virtual_message *message, struct worker **worker,
                       struct rog_error *err)
{
    const struct child *child = pending->child;
    char who[WHO_BYTES];
    uint32_t index = message->rank - 1; /* rank 0 becomes an invalid index */
    programs_who(programs, child, who);
    if (message->kind != ROG_VIRTUAL_HELLO)
        return rog_fail(err, ROG_EFAILED, "%s started with a message of kind %u instead of a hello",
                        who, message->kind);
    if (message->number != ROG_VIRTUAL_PROTOCOL)
        return rog_fail(err, ROG_EINVAL,
                        "%s uses version %u of the protocol, this simulation version %d: use the "
                        "librog of this rogctl (ROG_LIBRARY)",
                        who, message->number, ROG_VIRTUAL_PROTOCOL);
    if (index >= programs->count || index < child->first || index >= child->first + child->count)
        return rog_fail(err, ROG_EFAILED, "%s joined as worker %u: its rank must be ROG_RANK", who,
                        message->rank);
    *worker = &programs->workers[index];
    if ((*worker)->standing != STANDING_AWAITED)
        return rog_fail(err, ROG_EFAILED, "%s joined a second time as worker %u", who,
                        message->rank);
    return ROG_OK;
}

static int make_room(struct worker *worker, struct rog_error *err)
{
    size_t trained = worker->region.trained;
    worker->gradients = calloc(trained, sizeof *worker->gradients);
    worker->rules = calloc(trained, sizeof *worker->rules);
    worker->given = calloc(trained, sizeof *worker->given);
    return worker->gradients && worker->rules && worker->given ? ROG_OK : rog_fail_nomem(err);
}

static int accept_peer(struct rog_programs *programs, struct pending *pending,
                       const struct rog_virtual_message *message, int region, struct rog_error *err)
{
    struct worker *worker = NULL;
    int code = find_worker(programs, pending, message, &worker, err);
    if (code)
        return code;
    code = region >= 0
               ? rog_region_open(&worker->region, region, &worker->hello, &worker->layout, err)
               : rog_fail(err, ROG_EFAILED, "its hello came without shared memory");
    if (code) {
        char who[WHO_BYTES];
        programs_who(programs, pending->child, who);
        return rog_fail_prefix(err, "%s", who);
    }
    code = make_room(worker, err);
    if (code)
        return code;
    worker->fd = pending->fd;
    pending->fd = -1;
    worker->standing = STANDING_WAITING;
    worker->child->joined++;
    worker->child->since_s = rog_clock_s();
    programs->joined++;
    code = programs_watch(programs, worker->fd, SOURCE_WORKER, (size_t)(worker - programs->workers),
                          err);
    return code ? code : compare_all(programs, err);
}

static void refuse(int fd, const struct rog_error *why)
{
    struct rog_virtual_message answer = {.kind = ROG_VIRTUAL_ERROR, .number = (uint32_t)-why->code};
    rog_virtual_set_text(&answer, why->message);
    rog_virtual_send(fd, &answer, -1, NULL);
}

/* Rejects a process that is not a program of this run; this is not an error of the run. */
static void refuse_stranger(int fd)
{
    struct rog_error why;
    rog_fail(&why, ROG_EINVAL, "this process was not started by the run that it tries to join");
    refuse(fd, &why);
}

int programs_greet(struct rog_programs *programs, struct pending *pending, struct rog_error *err)
{
    struct rog_virtual_message message;
    struct rog_error why = {0};
    char who[WHO_BYTES];
    int region = -1, fd = pending->fd;
    int code = rog_virtual_receive(fd, &message, &region, &why);
    if (code == ROG_EBUSY)
        return ROG_OK;
    if (!pending->child && !code) {
        refuse_stranger(fd);
    } else if (pending->child && code == ROG_EFORMAT) {
        programs_who(programs, pending->child, who);
        rog_fail_prefix(&why, "%s sent an invalid message", who);
        why.code = code = ROG_EFAILED;
    } else if (!code) {
        code = accept_peer(programs, pending, &message, region, &why);
        if (code)
            refuse(fd, &why);
    } else {
        code = ROG_OK; /* closed, or an invalid message of a stranger */
    }
    if (region >= 0)
        close(region);
    if (pending->fd >= 0)
        close(pending->fd);
    pending->fd = -1;
    return code ? rog_fail_again(err, &why) : ROG_OK;
}
