/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to an ssh agent, and presents one of its keys at a time to libssh from a thread. */
#include <orchestrator/ssh/agent.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <common/clock.h>

#define MESSAGE_MAX_BYTES ((size_t)256 << 10)
#define MAX_KEYS 256
#define LIST_TIMEOUT_S 10
#define FAILURE 5
#define LIST_KEYS 11
#define KEYS 12
#define SIGN 13

struct rog_agent {
    int real;    /* socket of the real agent */
    int ends[2]; /* socket pair: libssh's end, our end; -1: not open, or given away */
    struct rog_agent_key *keys;
    size_t count;
    pthread_t thread;
    bool has_thread;
    bool answers;          /* if false, the next reply would belong to an earlier request */
    pthread_mutex_t mutex; /* protects the choice */
    const struct rog_agent_key *chosen, *shown;
};

/* ---- messages: a length, big-endian, then as many bytes, of which the first is the type ---- */

struct message {
    unsigned char *bytes;
    size_t size;
};

static uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_number(unsigned char *at, size_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Waits until a time of rog_clock_s; INFINITY: forever. */
static bool await(int fd, bool out, double until_s)
{
    struct pollfd end = {.fd = fd, .events = out ? POLLOUT : POLLIN};
    int ready;
    do {
        double left_s = until_s - rog_clock_s();
        ready = left_s > 0 ? poll(&end, 1, isinf(left_s) ? -1 : (int)ceil(1000 * left_s)) : 0;
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static bool move_all(int fd, unsigned char *bytes, size_t size, bool out, double until_s)
{
    while (size) {
        if (!await(fd, out, until_s))
            return false;
        ssize_t moved = out ? send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT)
                            : recv(fd, bytes, size, MSG_DONTWAIT);
        if (moved < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (moved <= 0)
            return false;
        bytes += moved;
        size -= (size_t)moved;
    }
    return true;
}

static bool receive(int fd, struct message *message, double until_s)
{
    unsigned char head[4];
    *message = (struct message){0};
    if (!move_all(fd, head, sizeof head, false, until_s))
        return false;
    message->size = number_at(head);
    if (message->size < 1 || message->size > MESSAGE_MAX_BYTES)
        return false;
    message->bytes = malloc(message->size);
    if (message->bytes && move_all(fd, message->bytes, message->size, false, until_s))
        return true;
    free(message->bytes);
    message->bytes = NULL;
    return false;
}

static bool transmit(int fd, const struct message *message, double until_s)
{
    unsigned char head[4];
    put_number(head, message->size);
    return move_all(fd, head, sizeof head, true, until_s) &&
           move_all(fd, message->bytes, message->size, true, until_s);
}

/* Reads a string of a message; NULL if it is incomplete. */
static const unsigned char *take_string(const struct message *message, size_t *at, size_t *bytes)
{
    if (message->size - *at < 4)
        return NULL;
    *bytes = number_at(message->bytes + *at);
    *at += 4;
    if (message->size - *at < *bytes)
        return NULL;
    const unsigned char *string = message->bytes + *at;
    *at += *bytes;
    return string;
}

static size_t put_string(unsigned char *to, const void *bytes, size_t size)
{
    put_number(to, size);
    if (size)
        memcpy(to + 4, bytes, size);
    return size + 4;
}

/* ---- the thread ---- */

static struct message list_of(const struct rog_agent_key *key)
{
    size_t comment = strlen(key->comment);
    struct message list = {.size = 1 + 4 + 4 + key->bytes + 4 + comment};
    list.bytes = malloc(list.size);
    if (list.bytes) {
        unsigned char *at = list.bytes;
        *at++ = KEYS;
        put_number(at, 1);
        at += 4;
        at += put_string(at, key->blob, key->bytes);
        put_string(at, key->comment, comment);
    }
    return list;
}

/* Returns the request with the agent's key in place of the one that is shown. */
static struct message request_of(const struct message *asked, const struct rog_agent_key *shown,
                                 const struct rog_agent_key *chosen)
{
    size_t at = 1, bytes = 0;
    struct message request = {0};
    const unsigned char *key = take_string(asked, &at, &bytes);
    if (!key || bytes != shown->bytes || memcmp(key, shown->blob, bytes) != 0)
        return request; /* only the chosen key may be used */
    size_t rest = asked->size - at;
    request.size = 1 + 4 + chosen->bytes + rest;
    request.bytes = malloc(request.size);
    if (request.bytes) {
        request.bytes[0] = SIGN;
        size_t used = 1 + put_string(request.bytes + 1, chosen->blob, chosen->bytes);
        memcpy(request.bytes + used, asked->bytes + at, rest);
    }
    return request;
}

static bool answer(struct rog_agent *agent, const struct message *asked)
{
    unsigned char no[] = {FAILURE};
    struct message reply = {0}, request = {0};
    pthread_mutex_lock(&agent->mutex);
    if (agent->chosen && asked->bytes[0] == LIST_KEYS)
        reply = list_of(agent->shown);
    else if (agent->chosen && asked->bytes[0] == SIGN)
        request = request_of(asked, agent->shown, agent->chosen);
    pthread_mutex_unlock(&agent->mutex);
    const double until_s = rog_clock_s() + ROG_AGENT_SIGN_TIMEOUT_S;
    if (request.bytes && agent->answers)
        agent->answers =
            transmit(agent->real, &request, until_s) && receive(agent->real, &reply, until_s);
    const struct message refusal = {no, sizeof no};
    bool good = transmit(agent->ends[1], reply.bytes ? &reply : &refusal, INFINITY);
    free(request.bytes);
    free(reply.bytes);
    return good;
}

static void *serve(void *user)
{
    struct rog_agent *agent = user;
    struct message asked;
    bool good = true;
    while (good && receive(agent->ends[1], &asked, INFINITY)) {
        good = answer(agent, &asked);
        free(asked.bytes);
    }
    return NULL;
}

/* ---- start and end ---- */

static int take_list(struct rog_agent *agent, const struct message *list, struct rog_error *err)
{
    size_t at = 5,
           count = list->size >= 5 && list->bytes[0] == KEYS ? number_at(list->bytes + 1) : 0;
    agent->keys = calloc(count < MAX_KEYS ? count + 1 : MAX_KEYS, sizeof *agent->keys);
    if (!agent->keys)
        return rog_fail_nomem(err);
    while (agent->count < count && agent->count < MAX_KEYS) {
        size_t bytes = 0, length = 0;
        const unsigned char *blob = take_string(list, &at, &bytes);
        const unsigned char *comment = blob ? take_string(list, &at, &length) : NULL;
        if (!comment)
            break;
        struct rog_agent_key *key = &agent->keys[agent->count++];
        key->bytes = bytes;
        key->blob = malloc(bytes + 1);
        key->comment = strndup((const char *)comment, length);
        if (!key->blob || !key->comment)
            return rog_fail_nomem(err);
        memcpy(key->blob, blob, bytes);
    }
    return ROG_OK;
}

static int list_keys(struct rog_agent *agent, const char *path, struct rog_ssh_watch *watch,
                     struct rog_error *err)
{
    unsigned char kind = LIST_KEYS;
    const struct message request = {&kind, 1};
    const double until_s = rog_clock_s() + LIST_TIMEOUT_S;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct message list = {0};
    int code = ROG_OK;
    if (strlen(path) >= sizeof address.sun_path)
        return rog_fail(err, ROG_ENOTFOUND, "%s is too long for the path of a socket", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    /* A non-blocking socket, because connect would block if the agent's queue is full. */
    agent->real = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (agent->real < 0)
        return rog_fail(err, ROG_EIO, "cannot create a socket: %s", strerror(errno));
    if (watch)
        code = rog_ssh_watch_socket(watch, agent->real, err);
    if (code)
        return code;
    if (connect(agent->real, (const struct sockaddr *)&address, sizeof address) != 0 ||
        !transmit(agent->real, &request, until_s) || !receive(agent->real, &list, until_s))
        return rog_fail(err, ROG_ENOTFOUND, "no agent answers at %s", path);
    agent->answers = true;
    code = take_list(agent, &list, err);
    free(list.bytes);
    return code;
}

int rog_agent_open(struct rog_agent **out, const char *path, struct rog_ssh_watch *watch,
                   struct rog_error *err)
{
    struct rog_agent *agent = calloc(1, sizeof *agent);
    *out = NULL;
    if (!agent)
        return rog_fail_nomem(err);
    agent->real = agent->ends[0] = agent->ends[1] = -1;
    pthread_mutex_init(&agent->mutex, NULL);
    int code = list_keys(agent, path, watch, err);
    if (!code && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent->ends) != 0)
        code = rog_fail(err, ROG_EIO, "cannot create sockets: %s", strerror(errno));
    if (!code && watch)
        code = rog_ssh_watch_socket(watch, agent->ends[1], err);
    int cause = code ? 0 : pthread_create(&agent->thread, NULL, serve, agent);
    if (cause)
        code = rog_fail(err, ROG_EIO, "cannot start a thread: %s", strerror(cause));
    agent->has_thread = !code;
    if (code)
        rog_agent_free(agent);
    else
        *out = agent;
    return code;
}

void rog_agent_free(struct rog_agent *agent)
{
    if (!agent)
        return;
    if (agent->ends[1] >= 0)
        shutdown(agent->ends[1], SHUT_RDWR);
    if (agent->real >= 0)
        shutdown(agent->real, SHUT_RDWR);
    if (agent->has_thread)
        pthread_join(agent->thread, NULL);
    const int fds[] = {agent->real, agent->ends[0], agent->ends[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < agent->count; i++) {
        free(agent->keys[i].blob);
        free(agent->keys[i].comment);
    }
    free(agent->keys);
    pthread_mutex_destroy(&agent->mutex);
    free(agent);
}

size_t rog_agent_count(const struct rog_agent *agent)
{
    return agent ? agent->count : 0;
}

const struct rog_agent_key *rog_agent_key(const struct rog_agent *agent, size_t index)
{
    return &agent->keys[index];
}

int rog_agent_socket(struct rog_agent *agent)
{
    int end = agent->ends[0];
    agent->ends[0] = -1;
    return end;
}

void rog_agent_choose(struct rog_agent *agent, size_t index, const struct rog_agent_key *shown)
{
    pthread_mutex_lock(&agent->mutex);
    agent->chosen = &agent->keys[index];
    agent->shown = shown ? shown : agent->chosen;
    pthread_mutex_unlock(&agent->mutex);
}
