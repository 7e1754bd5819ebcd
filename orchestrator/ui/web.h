/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_WEB_H
#define ROG_UI_WEB_H

/*
 * A server of HTTP: libmicrohttpd behind it, whose types stay in web.c. One thread of its own reads
 * requests and writes answers, so that slow and hostile clients cost a connection each and no
 * thread; whoever answers may do so later, from another thread. Only GET and HEAD are let through.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

struct rog_web;
struct rog_web_request;
struct rog_web_stream;

#define ROG_WEB_HEADERS 8

/* An answer. Zero-initialize. */
struct rog_web_answer {
    int status;       /* HTTP's; 0: 200 */
    const char *type; /* of its content; a text that stays */
    char *body;       /* heap memory, taken over */
    const void *kept; /* instead of body: memory that stays as long as the server */
    size_t size;
    int fd; /* > 0: instead of both, an open file, taken over, of `size` bytes */
    struct rog_web_stream *stream; /* instead of all: what is put there, until it is closed */
    struct {
        const char *name; /* a text that stays */
        char *value;      /* heap memory, taken over; NULL: no such header */
    } header[ROG_WEB_HEADERS];
};
/* Adds a header; takes over `value`. */
void rog_web_header(struct rog_web_answer *answer, const char *name, char *value);
void rog_web_answer_release(struct rog_web_answer *answer);

struct rog_web_hooks {
    /* A request has come; in the server's thread, which must not wait. True: `answer` is it. False:
     * rog_web_finish follows, from any thread, in any case. */
    bool (*begin)(void *user, struct rog_web_request *request, struct rog_web_answer *answer);
    void *user;
};

/* Listens on a socket, which is taken over. */
int rog_web_start(struct rog_web **web, int socket, const struct rog_web_hooks *hooks,
                  struct rog_error *err);
/* All answers must have been given, and streams closed. */
void rog_web_stop(struct rog_web *web);
/* Ends connections that have sent no whole request for too long. To be called about once a
 * second. */
void rog_web_tidy(struct rog_web *web);

/* Of a request that is not answered: its target, as it came; a header, NULL where there is none. */
const char *rog_web_target(const struct rog_web_request *request);
const char *rog_web_request_header(const struct rog_web_request *request, const char *name);
/* Takes over what is in the answer. */
void rog_web_finish(struct rog_web_request *request, struct rog_web_answer *answer);

/* A stream is held by its writer, who closes it in the end, and by the answer it is put in. */
struct rog_web_stream *rog_web_stream_new(void);
/* Adds text. False: nobody reads it any more, or not fast enough; it is to be closed. */
bool rog_web_stream_put(struct rog_web_stream *stream, const char *text);
/* The writer puts no more into it, and must not use it any more. NULL is harmless. */
void rog_web_stream_close(struct rog_web_stream *stream);
/* Of one that is put in no answer after all. NULL is harmless. */
void rog_web_stream_drop(struct rog_web_stream *stream);

#endif
