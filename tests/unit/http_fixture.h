/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_HTTP_FIXTURE_H
#define ROG_TESTS_HTTP_FIXTURE_H

/*
 * A small HTTP server on a free port of this machine, in its own thread, one connection at a time.
 * A function of the test decides its answers.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct http_question {
    char method[16];
    char target[2048];   /* path and query */
    const char *headers; /* unchanged */
    const char *body;    /* NUL after the last byte */
    size_t body_bytes;
};

struct http_reply {
    int status;          /* 0: 200 */
    const char *headers; /* further lines, each ending in \r\n; NULL: none */
    const void *body;
    size_t body_bytes;
    char *owned;        /* freed after sending; NULL: nothing */
    size_t break_after; /* close the connection after this many bytes of the body; 0: no */
    bool silent;        /* send nothing until the client disconnects */
};

typedef void http_answer(const struct http_question *question, struct http_reply *reply,
                         void *user);

struct http_fixture {
    int listener, port;
    pthread_t thread;
    http_answer *answer;
    void *user;
    int questions; /* number of requests; read it after stopping, or between requests */
};

/* Fails the calling test if no socket is available. */
void http_fixture_start(struct http_fixture *fixture, http_answer *answer, void *user);
void http_fixture_stop(struct http_fixture *fixture);
/* Returns http://127.0.0.1:PORT and the target, in the caller's buffer. */
const char *http_fixture_url(const struct http_fixture *fixture, const char *target, char *buffer,
                             size_t buffer_bytes);
/* Returns the value of a header of the request in the caller's buffer; "" if there is none. */
const char *http_header(const struct http_question *question, const char *name, char *buffer,
                        size_t buffer_bytes);

#endif
