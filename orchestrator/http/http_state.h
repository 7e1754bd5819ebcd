/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HTTP_HTTP_STATE_H
#define ROG_HTTP_HTTP_STATE_H

/* Shared by requests and downloads; only for this folder. */

#include <curl/curl.h>

#include <orchestrator/http/http.h>

struct rog_http {
    CURL *curl;
    char cause[CURL_ERROR_SIZE]; /* of the last transfer */
};

/* Checks the URL and sets the options of every transfer. */
int rog_http_prepare(struct rog_http *http, const char *url, int silence_s, struct rog_error *err);

/* The message for a failed transfer, with a hint. */
int rog_http_fail(struct rog_http *http, CURLcode cause, const char *url, int silence_s,
                  struct rog_error *err);

#endif
