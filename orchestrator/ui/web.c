/* SPDX-License-Identifier: Apache-2.0 */
/* Serves HTTP with libmicrohttpd. */
#include <orchestrator/ui/web.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include <common/clock.h>
#include <common/file.h>

#define CONNECTIONS_MAX 256u
#define CROWDED (CONNECTIONS_MAX / 2)
#define CONNECTION_BYTES ((size_t)48 << 10) /* for a request's line and headers */
#define IDLE_S 30u                          /* seconds without a byte in either direction */
#define REQUEST_S 20.0                      /* seconds until a request must be complete */
#define REQUEST_CROWDED_S 5.0               /* the same while many clients are connected */
/* Seconds until an answer must have been read; does not apply to streams. */
#define ANSWER_S 900.0
#define STREAM_BYTES ((size_t)4 << 20) /* most bytes that wait for a slow reader */
#define LAST_STEPS 20 /* steps of waiting for clients to read the ends of their answers */
#define LAST_STEP_NS 10000000L
#define BLOCK_BYTES ((size_t)32 << 10)

/* A connection. */
struct peer {
    struct peer *next, **link;
    struct rog_web *web;
    int fd;
    double since_s;
    bool answering, streaming;
    char *target; /* of the current request; used only by the server's thread */
};

struct rog_web {
    struct MHD_Daemon *daemon;
    struct rog_web_hooks hooks;
    pthread_mutex_t lock; /* protects the following members */
    struct peer *peers;
    size_t count;
};

struct rog_web_request {
    struct rog_web *web;
    struct MHD_Connection *connection;
    char *target;
    bool answered; /* `answer` is complete */
    struct rog_web_answer answer;
};

struct rog_web_stream {
    pthread_mutex_t lock;
    struct MHD_Connection *connection, *suspended; /* suspended: waiting for text */
    char *text;
    size_t size, room;
    bool closed, gone; /* by its writer; by its reader */
    int holders;
};

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t room);
static void stream_is_read(void *user);

/* ---- answers ---- */

void rog_web_header(struct rog_web_answer *answer, const char *name, char *value)
{
    for (size_t i = 0; i < ROG_WEB_HEADERS; i++)
        if (!answer->header[i].value) {
            answer->header[i].name = name;
            answer->header[i].value = value;
            return;
        }
    free(value);
}

void rog_web_answer_release(struct rog_web_answer *answer)
{
    free(answer->body);
    if (answer->fd > 0)
        close(answer->fd);
    for (size_t i = 0; i < ROG_WEB_HEADERS; i++)
        free(answer->header[i].value);
    rog_web_stream_drop(answer->stream);
    *answer = (struct rog_web_answer){0};
}

/* Headers of every answer. */
static const char *const always[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
};

/* Takes ownership of what the answer contains; NULL without memory. */
static struct MHD_Response *response_of(struct rog_web_answer *answer)
{
    union { /* libmicrohttpd does not write to it */
        const void *kept;
        void *theirs;
    } kept = {answer->kept};
    struct MHD_Response *response;
    if (answer->stream) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream,
                                                     answer->stream, stream_is_read);
        answer->stream = response ? NULL : answer->stream;
    } else if (answer->fd > 0) {
        response = MHD_create_response_from_fd64(answer->size, answer->fd);
        answer->fd = response ? 0 : answer->fd;
    } else if (answer->body) {
        response =
            MHD_create_response_from_buffer(answer->size, answer->body, MHD_RESPMEM_MUST_FREE);
        answer->body = response ? NULL : answer->body;
    } else {
        response =
            MHD_create_response_from_buffer(answer->size, kept.theirs, MHD_RESPMEM_PERSISTENT);
    }
    return response;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct rog_web_answer *answer)
{
    unsigned status = answer->status ? (unsigned)answer->status : MHD_HTTP_OK;
    if (answer->stream)
        answer->stream->connection = connection;
    struct MHD_Response *response = response_of(answer);
    bool added = response;
    for (size_t i = 0; added && i < sizeof always / sizeof *always; i++)
        added = MHD_add_response_header(response, always[i][0], always[i][1]) == MHD_YES;
    if (added && answer->type)
        added = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) ==
                MHD_YES;
    for (size_t i = 0; added && i < ROG_WEB_HEADERS; i++)
        if (answer->header[i].value)
            added = MHD_add_response_header(response, answer->header[i].name,
                                            answer->header[i].value) == MHD_YES;
    enum MHD_Result result = added ? MHD_queue_response(connection, status, response) : MHD_NO;
    if (response)
        MHD_destroy_response(response);
    rog_web_answer_release(answer);
    return result;
}

/* ---- connections ---- */

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void peer_turns(struct MHD_Connection *connection, bool answering, bool streaming)
{
    struct peer *peer = peer_of(connection);
    if (!peer)
        return;
    pthread_mutex_lock(&peer->web->lock);
    peer->answering = answering;
    peer->streaming = streaming;
    peer->since_s = rog_clock_s();
    pthread_mutex_unlock(&peer->web->lock);
}

static void peer_comes(struct rog_web *web, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct peer *peer = calloc(1, sizeof *peer);
    *context = peer;
    if (!peer) /* without this, only libmicrohttpd's own timeout ends the connection */
        return;
    *peer = (struct peer){.web = web, .fd = info ? info->connect_fd : -1, .since_s = rog_clock_s()};
    pthread_mutex_lock(&web->lock);
    peer->next = web->peers;
    peer->link = &web->peers;
    if (web->peers)
        web->peers->link = &peer->next;
    web->peers = peer;
    web->count++;
    pthread_mutex_unlock(&web->lock);
}

static void peer_goes(struct rog_web *web, void **context)
{
    struct peer *peer = *context;
    *context = NULL;
    if (!peer)
        return;
    pthread_mutex_lock(&web->lock);
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
    web->count--;
    pthread_mutex_unlock(&web->lock);
    free(peer->target);
    free(peer);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        peer_comes(user, connection, context);
    else
        peer_goes(user, context);
}

static size_t count_answering(struct rog_web *web)
{
    size_t count = 0;
    pthread_mutex_lock(&web->lock);
    for (struct peer *peer = web->peers; peer; peer = peer->next)
        count += peer->answering;
    pthread_mutex_unlock(&web->lock);
    return count;
}

void rog_web_tidy(struct rog_web *web)
{
    double now_s = rog_clock_s();
    pthread_mutex_lock(&web->lock);
    double request_s = web->count > CROWDED ? REQUEST_CROWDED_S : REQUEST_S;
    for (struct peer *peer = web->peers; peer; peer = peer->next)
        if (!peer->streaming && now_s - peer->since_s > (peer->answering ? ANSWER_S : request_s))
            shutdown(peer->fd, SHUT_RDWR);
    pthread_mutex_unlock(&web->lock);
}

/* ---- requests ---- */

/* Called first for each request. The end of the request may not be reported if nothing follows. */
static void *on_target(void *user, const char *target, struct MHD_Connection *connection)
{
    struct peer *peer = peer_of(connection);
    (void)user;
    if (!peer)
        return NULL;
    free(peer->target);
    peer->target = rog_strdup(target);
    return NULL;
}

/* NULL without memory. */
static struct rog_web_request *request_new(struct rog_web *web, struct MHD_Connection *connection)
{
    struct peer *peer = peer_of(connection);
    struct rog_web_request *request = peer && peer->target ? calloc(1, sizeof *request) : NULL;
    if (!request)
        return NULL;
    *request =
        (struct rog_web_request){.web = web, .connection = connection, .target = peer->target};
    peer->target = NULL;
    return request;
}

/* Leaves escapes to target.c. */
static size_t leave_escapes(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static void on_end(void *user, struct MHD_Connection *connection, void **context,
                   enum MHD_RequestTerminationCode why)
{
    struct rog_web_request *request = *context;
    (void)user;
    (void)why;
    *context = NULL;
    peer_turns(connection, false, false);
    if (!request)
        return;
    rog_web_answer_release(&request->answer);
    free(request->target);
    free(request);
}

static enum MHD_Result refuse_method(struct MHD_Connection *connection)
{
    static const char text[] = "{\"error\": {\"status\": 405, \"code\": \"method\", \"message\": "
                               "\"only GET and HEAD are answered: this page changes nothing\"}}\n";
    struct rog_web_answer answer = {.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                    .type = "application/json",
                                    .kept = text,
                                    .size = sizeof text - 1};
    rog_web_header(&answer, MHD_HTTP_HEADER_ALLOW, rog_strdup("GET, HEAD"));
    rog_web_header(&answer, MHD_HTTP_HEADER_CONNECTION, rog_strdup("close"));
    return send_answer(connection, &answer);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct rog_web_request *request = *context;
    struct rog_web *web = user;
    (void)url;
    (void)version;
    (void)upload;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return *upload_size ? MHD_NO : refuse_method(connection);
    if (*upload_size)
        return MHD_NO; /* reject a GET with a body */
    if (!request) {    /* called first with the headers only, then with the complete request */
        *context = request_new(web, connection);
        return *context ? MHD_YES : MHD_NO;
    }
    if (request->answered) {
        peer_turns(connection, true, request->answer.stream);
        return send_answer(connection, &request->answer);
    }
    peer_turns(connection, true, false);
    struct rog_web_answer answer = {0};
    MHD_suspend_connection(connection);
    if (web->hooks.begin(web->hooks.user, request, &answer))
        rog_web_finish(request, &answer);
    return MHD_YES;
}

const char *rog_web_target(const struct rog_web_request *request)
{
    return request->target;
}

const char *rog_web_request_header(const struct rog_web_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void rog_web_finish(struct rog_web_request *request, struct rog_web_answer *answer)
{
    request->answer = *answer;
    request->answered = true;
    *answer = (struct rog_web_answer){0};
    MHD_resume_connection(request->connection);
}

/* ---- start and stop ---- */

int rog_web_start(struct rog_web **out, int listener, const struct rog_web_hooks *hooks,
                  struct rog_error *err)
{
    struct rog_web *web = *out = calloc(1, sizeof *web);
    if (!web) {
        close(listener);
        return rog_fail_nomem(err);
    }
    web->hooks = *hooks;
    pthread_mutex_init(&web->lock, NULL);
    web->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, web,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_NOTIFY_COMPLETED, on_end, web,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, web, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes,
        web, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (web->daemon)
        return 0;
    close(listener);
    pthread_mutex_destroy(&web->lock);
    free(web);
    *out = NULL;
    return rog_fail(err, ROG_EFAILED, "the server of the page cannot be started");
}

void rog_web_stop(struct rog_web *web)
{
    if (!web)
        return;
    /* Let clients read final answers. */
    for (int i = 0; i < LAST_STEPS && count_answering(web); i++)
        nanosleep(&(const struct timespec){0, LAST_STEP_NS}, NULL);
    MHD_stop_daemon(web->daemon);
    pthread_mutex_destroy(&web->lock);
    free(web);
}

/* ---- streams ---- */

struct rog_web_stream *rog_web_stream_new(void)
{
    struct rog_web_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    pthread_mutex_init(&stream->lock, NULL);
    stream->holders = 2;
    return stream;
}

/* Unlocks the stream and releases a reference. */
static void release_stream(struct rog_web_stream *stream)
{
    bool last = --stream->holders == 0;
    pthread_mutex_unlock(&stream->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&stream->lock);
    free(stream->text);
    free(stream);
}

/* Call it locked. A suspended connection is not closed by anything else. */
static void wake(struct rog_web_stream *stream)
{
    if (stream->suspended)
        MHD_resume_connection(stream->suspended);
    stream->suspended = NULL;
}

bool rog_web_stream_put(struct rog_web_stream *stream, const char *text)
{
    size_t length = strlen(text);
    pthread_mutex_lock(&stream->lock);
    bool fits = !stream->gone && stream->size + length <= STREAM_BYTES;
    if (fits && stream->size + length > stream->room) {
        size_t room = 2 * (stream->size + length);
        char *more = realloc(stream->text, room);
        fits = more;
        stream->text = more ? more : stream->text;
        stream->room = more ? room : stream->room;
    }
    if (fits) {
        memcpy(stream->text + stream->size, text, length);
        stream->size += length;
        wake(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    return fits;
}

static void stream_is_read(void *user)
{
    rog_web_stream_drop(user);
}

/* Passes text to the reader; without text the connection is suspended. */
static ssize_t read_stream(void *user, uint64_t position, char *out, size_t room)
{
    struct rog_web_stream *stream = user;
    (void)position;
    pthread_mutex_lock(&stream->lock);
    size_t size = stream->size < room ? stream->size : room;
    ssize_t result = (ssize_t)size;
    if (size) {
        memcpy(out, stream->text, size);
        stream->size -= size;
        memmove(stream->text, stream->text + size, stream->size);
    } else if (stream->closed) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = stream->connection;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

void rog_web_stream_drop(struct rog_web_stream *stream)
{
    if (!stream)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->gone = true;
    release_stream(stream);
}

void rog_web_stream_close(struct rog_web_stream *stream)
{
    if (!stream)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    wake(stream);
    release_stream(stream);
}
