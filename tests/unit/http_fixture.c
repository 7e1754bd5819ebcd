/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP server on this machine. */
#include "http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX_BYTES 16384

const char *http_header(const struct http_question *question, const char *name, char *buffer,
                        size_t buffer_bytes)
{
    size_t length = strlen(name);
    buffer[0] = '\0';
    for (const char *line = question->headers; line && *line;) {
        const char *end = strstr(line, "\r\n");
        if (!end)
            end = line + strlen(line);
        if ((size_t)(end - line) > length && strncasecmp(line, name, length) == 0 &&
            line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " ");
            snprintf(buffer, buffer_bytes, "%.*s", (int)(end - value), value);
            break;
        }
        line = *end ? end + 2 : end;
    }
    return buffer;
}

static bool send_all(int fd, const void *data, size_t size)
{
    for (const char *next = data; size;) {
        ssize_t sent = send(fd, next, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool reply_with(int fd, const struct http_reply *reply)
{
    char head[1024];
    if (reply->silent) {
        char nothing;
        while (recv(fd, &nothing, 1, 0) > 0)
            ;
        return false;
    }
    int status = reply->status ? reply->status : 200;
    int length = snprintf(head, sizeof head, "HTTP/1.1 %d Text\r\nContent-Length: %zu\r\n%s\r\n",
                          status, reply->body_bytes, reply->headers ? reply->headers : "");
    size_t size = reply->break_after ? reply->break_after : reply->body_bytes;
    return send_all(fd, head, (size_t)length) && send_all(fd, reply->body, size) &&
           !reply->break_after;
}

/* Answers one request of a connection; false after the last. */
static bool converse(struct http_fixture *fixture, int fd)
{
    char head[HEAD_MAX_BYTES + 1], number[32];
    size_t used = 0, size = 0;
    struct http_question question = {0};
    char *end = NULL;
    while (!end) {
        if (used == HEAD_MAX_BYTES || recv(fd, head + used, 1, 0) != 1)
            return false;
        head[++used] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    end[2] = '\0';
    if (sscanf(head, "%15s %2047s", question.method, question.target) != 2)
        return false;
    question.headers = strstr(head, "\r\n") + 2;
    size = strtoul(http_header(&question, "Content-Length", number, sizeof number), NULL, 10);
    char *body = calloc(1, size + 1);
    for (size_t got = 0; body && got < size;) {
        ssize_t more = recv(fd, body + got, size - got, 0);
        if (more <= 0) {
            free(body);
            return false;
        }
        got += (size_t)more;
    }
    question.body = body;
    question.body_bytes = size;
    struct http_reply reply = {0};
    fixture->questions++;
    fixture->answer(&question, &reply, fixture->user);
    bool on = reply_with(fd, &reply);
    free(reply.owned);
    free(body);
    return on;
}

static void *serve(void *user)
{
    struct http_fixture *fixture = user;
    for (;;) {
        int fd = accept(fixture->listener, NULL, NULL);
        if (fd < 0)
            return NULL; /* the listener was shut down */
        while (converse(fixture, fd))
            ;
        close(fd);
    }
}

void http_fixture_start(struct http_fixture *fixture, http_answer *answer, void *user)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *fixture = (struct http_fixture){.answer = answer, .user = user};
    fixture->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fixture->listener >= 0);
    assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fixture->listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(listen(fixture->listener, 8), 0);
    fixture->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&fixture->thread, NULL, serve, fixture), 0);
}

/* The client has closed its connections by then, or they are closed here. */
void http_fixture_stop(struct http_fixture *fixture)
{
    shutdown(fixture->listener, SHUT_RDWR);
    pthread_join(fixture->thread, NULL);
    close(fixture->listener);
}

const char *http_fixture_url(const struct http_fixture *fixture, const char *target, char *buffer,
                             size_t buffer_bytes)
{
    snprintf(buffer, buffer_bytes, "http://127.0.0.1:%d%s", fixture->port, target);
    return buffer;
}
