/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_WEB_H
#define ROG_UI_WEB_H

/*
 * An HTTP server based on libmicrohttpd, whose types stay in web.c. One thread of its own reads
 * requests and writes answers, so that slow and malicious clients occupy a connection each but no
 * thread; answers may be given later by other threads. Only GET and HEAD are allowed.
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
    int status;       /* HTTP status; 0: 200 */
    const char *type; /* media type; a static text */
    char *body;       /* heap memory, ownership is taken */
    const void *kept; /* instead of body: memory that stays valid as long as the server */
    size_t size;
    int fd; /* > 0: instead of both, an open file of `size` bytes; ownership is taken */
    struct rog_web_stream *stream; /* instead of all: what is put there, until it is closed */
    struct {
        const char *name; /* a static text */
        char *value;      /* heap memory, ownership is taken; NULL: no such header */
    } header[ROG_WEB_HEADERS];
};
/* Adds a header; takes ownership of `value`. */
void rog_web_header(struct rog_web_answer *answer, const char *name, char *value);
void rog_web_answer_release(struct rog_web_answer *answer);

struct rog_web_hooks {
    /* Called for each request, in the server's thread, which must not block. True: `answer` is
     * complete. False: rog_web_finish must follow, from any thread. */
    bool (*begin)(void *user, struct rog_web_request *request, struct rog_web_answer *answer);
    void *user;
};

/* Listens on a socket and takes ownership of it. */
int rog_web_start(struct rog_web **web, int socket, const struct rog_web_hooks *hooks,
                  struct rog_error *err);
/* All requests must have been answered, and streams closed. */
void rog_web_stop(struct rog_web *web);
/* Closes connections that have not sent a complete request in time. To be called about once a
 * second. */
void rog_web_tidy(struct rog_web *web);

/* For a request that has not been answered: its target, undecoded; a header, NULL if missing. */
const char *rog_web_target(const struct rog_web_request *request);
const char *rog_web_request_header(const struct rog_web_request *request, const char *name);
/* Takes ownership of the answer's contents. */
void rog_web_finish(struct rog_web_request *request, struct rog_web_answer *answer);

/* A stream is referenced by its writer, who finally closes it, and by the answer that contains
 * it. */
struct rog_web_stream *rog_web_stream_new(void);
/* Adds text. False: the client has closed the connection or reads too slowly; close the stream. */
bool rog_web_stream_put(struct rog_web_stream *stream, const char *text);
/* Ends the stream; the writer must not use it any more. NULL is harmless. */
void rog_web_stream_close(struct rog_web_stream *stream);
/* Releases a stream that was not put into an answer. NULL is harmless. */
void rog_web_stream_drop(struct rog_web_stream *stream);

#endif
