/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HTTP_HTTP_H
#define ROG_HTTP_HTTP_H

/*
 * Requests and downloads over HTTP and HTTPS.
 *
 * Certificates are always verified, against the system's authorities or those that CURL_CA_BUNDLE
 * or SSL_CERT_FILE names. Proxies come from the environment (http_proxy, https_proxy, no_proxy).
 * Redirections are followed, from HTTPS to HTTPS only, and without sending credentials to another
 * host. A URL that contains a password is rejected: it would appear in messages and process lists.
 *
 * Errors of both functions: ROG_EINVAL no such URL; ROG_EFAILED the server cannot be reached, is
 * not trusted, or stops responding (the message says which and what may help); ROG_EFORMAT the
 * response is too long or not what was asked for; ROG_EIO a local file; ROG_EINTR stopped by
 * `progress` or `continues`; ROG_ENOMEM.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

/* Connections that are reused by several requests. One thread at a time. */
struct rog_http;
int rog_http_new(struct rog_http **http, struct rog_error *err);
void rog_http_free(struct rog_http *http); /* accepts NULL */

/* Checks that the URL is usable; otherwise ROG_EINVAL. */
int rog_http_check_url(const char *url, struct rog_error *err);

#define ROG_HTTP_RESPONSE_MAX_BYTES ((size_t)16 << 20)
/* Seconds without a byte after which a transfer is abandoned. */
#define ROG_HTTP_SILENCE_S 30

struct rog_http_request {
    const char *method; /* NULL: GET */
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; NULL: none */
    const void *body;           /* body_bytes of it; NULL: no body, or the content of body_file */
    size_t body_bytes;
    const char *body_file;       /* path; NULL: none */
    const char *user, *password; /* basic authentication; NULL: none */
    bool netrc;                  /* otherwise those in ~/.netrc for the host, if any */
    size_t response_max_bytes;   /* 0: ROG_HTTP_RESPONSE_MAX_BYTES */
    int silence_s;               /* 0: ROG_HTTP_SILENCE_S */
    /* Called at least once a second; returns whether to continue. For requests of a thread with
     * SIGPIPE blocked. NULL: the request is made by the main thread and is not interrupted. */
    bool (*continues)(void *asked);
    void *asked;
};

struct rog_http_response {
    int status; /* 200, 404... */
    char *body; /* heap memory, NUL after the last byte */
    size_t size;
};

/* A response with any status is not an error; the caller checks it. Release *response; it is empty
 * after an error. */
int rog_http_request(struct rog_http *http, const struct rog_http_request *request,
                     struct rog_http_response *response, struct rog_error *err);
void rog_http_response_release(struct rog_http_response *response);

/* "404 Not Found" for common statuses, otherwise the number; never NULL. */
const char *rog_http_status_text(int status, char *buffer, size_t buffer_bytes);

#define ROG_HTTP_DOWNLOAD_MAX_BYTES ((int64_t)64 << 30) /* a server cannot fill the disk */

struct rog_http_download {
    const char *url;
    const char *path;   /* path of the complete, verified file; missing folders are created */
    int64_t size_bytes; /* expected size; 0: unknown, at most max_bytes */
    int64_t max_bytes;  /* of a file whose size is unknown; 0: ROG_HTTP_DOWNLOAD_MAX_BYTES */
    const char *sha256; /* expected SHA-256, 64 hexadecimal digits in lower case; NULL: unknown */
    int silence_s;      /* 0: ROG_HTTP_SILENCE_S */
    /* Called a few times a second with the bytes received and in total (0: unknown); returns
     * whether to continue. NULL: not called. */
    bool (*progress)(int64_t have_bytes, int64_t total_bytes, void *user);
    void *user;
};

/*
 * Downloads a file into `path`.part and renames it when it is complete and its size and checksum
 * are right, so that `path` is never incomplete. An interrupted transfer is continued, in this call
 * (as long as each attempt receives something) and in later ones, provided that there is a checksum
 * to detect that the file on the server has changed; without one every call starts from the
 * beginning. Additional errors: ROG_ENOTFOUND the server has no such file; ROG_EFORMAT its size or
 * checksum is not the expected one (nothing is kept); ROG_EBUSY another process is downloading it.
 */
int rog_http_download(struct rog_http *http, const struct rog_http_download *download,
                      struct rog_error *err);

#endif
