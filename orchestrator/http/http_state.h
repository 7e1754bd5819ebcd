/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HTTP_HTTP_STATE_H
#define ROG_HTTP_HTTP_STATE_H

/* What requests and downloads share; for the files of this folder alone. */

#include <curl/curl.h>

#include <orchestrator/http/http.h>

struct rog_http {
    CURL *curl;
    char cause[CURL_ERROR_SIZE]; /* of the transfer that was made last */
};

/* Checks the URL and sets what holds for every transfer. */
int rog_http_prepare(struct rog_http *http, const char *url, int silence_s, struct rog_error *err);

/* The sentence for a transfer that failed, with a hint. */
int rog_http_fail(struct rog_http *http, CURLcode cause, const char *url, int silence_s,
                  struct rog_error *err);

#endif
