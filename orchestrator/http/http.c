/* SPDX-License-Identifier: Apache-2.0 */
/* Makes requests with libcurl, with responses in memory. */
#include <orchestrator/http/http.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <orchestrator/http/http_state.h>

#define CONNECT_TIMEOUT_S 20L
#define REDIRECTIONS_MAX 10L

int rog_http_new(struct rog_http **http, struct rog_error *err)
{
    *http = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return rog_fail(err, ROG_EFAILED, "libcurl cannot be initialized");
    struct rog_http *made = calloc(1, sizeof *made);
    if (made)
        made->curl = curl_easy_init();
    if (!made || !made->curl) {
        free(made);
        curl_global_cleanup();
        return rog_fail_nomem(err);
    }
    *http = made;
    return 0;
}

void rog_http_free(struct rog_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    free(http);
    curl_global_cleanup();
}

/* --- common to all transfers --- */

static bool is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

int rog_http_check_url(const char *url, struct rog_error *err)
{
    if (!is_https(url) && strncasecmp(url, "http://", 7) != 0)
        return rog_fail(err, ROG_EINVAL,
                        "\"%s\" is not a URL: it begins with neither http:// nor "
                        "https://",
                        url);
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#");
    if (memchr(host, '@', length))
        return rog_fail(
            err, ROG_EINVAL,
            "the URL contains a user name or a password: remove them, as others could read them");
    if (!length)
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not a URL: it names no host", url);
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 127)
            return rog_fail(err, ROG_EINVAL,
                            "the URL contains a space or a control character: write "
                            "it as %%20 or the like");
    return 0;
}

static CURLcode set_protocols(CURL *curl, bool https)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
#else
    long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, both);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, https ? CURLPROTO_HTTPS : both);
#endif
    return code;
}

int rog_http_prepare(struct rog_http *http, const char *url, int silence_s, struct rog_error *err)
{
    int code = rog_http_check_url(url, err);
    if (code)
        return code;
    CURL *curl = http->curl;
    curl_easy_reset(curl); /* resets options only; connections are kept */
    http->cause[0] = '\0';
    const char *authorities = getenv("CURL_CA_BUNDLE");
    if (!authorities || !authorities[0])
        authorities = getenv("SSL_CERT_FILE");
    /* Leave signals to libcurl, which ignores SIGPIPE while it writes. */
    if (set_protocols(curl, is_https(url)) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->cause) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "rogctl") != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                         (long)(silence_s ? silence_s : ROG_HTTP_SILENCE_S)) != CURLE_OK ||
        (authorities && authorities[0] &&
         curl_easy_setopt(curl, CURLOPT_CAINFO, authorities) != CURLE_OK))
        return rog_fail_nomem(err);
    return 0;
}

/* Hints for kinds of failures. */
struct remedy {
    CURLcode cause;
    const char *text;
};

static const struct remedy remedies[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "check that this machine is online and the name is correct"},
    {CURLE_COULDNT_RESOLVE_PROXY, "check http_proxy and https_proxy in the environment"},
    {CURLE_COULDNT_CONNECT,
     "check that the server is running, and whether a proxy is needed (https_proxy)"},
    {CURLE_PEER_FAILED_VERIFICATION,
     "install ca-certificates, or name the authority's file with CURL_CA_BUNDLE"},
    {CURLE_SSL_CACERT_BADFILE, "CURL_CA_BUNDLE or SSL_CERT_FILE must name a file of certificates"},
    {CURLE_SSL_CONNECT_ERROR, "check that this port uses HTTPS"},
    {CURLE_TOO_MANY_REDIRECTS, "too many redirects"},
};

int rog_http_fail(struct rog_http *http, CURLcode cause, const char *url, int silence_s,
                  struct rog_error *err)
{
    if (cause == CURLE_OUT_OF_MEMORY)
        return rog_fail_nomem(err);
    if (cause == CURLE_URL_MALFORMAT)
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not a URL: %s", url, curl_easy_strerror(cause));
    if (cause == CURLE_OPERATION_TIMEDOUT) {
        double connected_s = 0;
        curl_easy_getinfo(http->curl, CURLINFO_CONNECT_TIME, &connected_s);
        if (connected_s > 0)
            return rog_fail(err, ROG_EFAILED, "%s: the server has been silent for %d s", url,
                            silence_s ? silence_s : ROG_HTTP_SILENCE_S);
        return rog_fail(
            err, ROG_EFAILED,
            "%s: no answer from the server (is this machine online, and is a proxy needed?)", url);
    }
    const char *text = http->cause[0] ? http->cause : curl_easy_strerror(cause);
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].cause == cause)
            return rog_fail(err, ROG_EFAILED, "%s: %s (%s)", url, text, remedies[i].text);
    return rog_fail(err, ROG_EFAILED, "%s: %s", url, text);
}

const char *rog_http_status_text(int status, char *buffer, size_t buffer_bytes)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {407, "Proxy Authentication Required"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    snprintf(buffer, buffer_bytes, "%d", status);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            snprintf(buffer, buffer_bytes, "%d %s", status, known[i].text);
    return buffer;
}

/* --- requests --- */

struct answer {
    char *body;
    size_t size, room, max_bytes;
    bool too_long, no_memory;
};

static size_t take_answer(char *bytes, size_t unit, size_t count, void *user)
{
    struct answer *answer = user;
    size_t got = unit * count;
    if (got > answer->max_bytes - answer->size) {
        answer->too_long = true;
        return 0;
    }
    if (answer->size + got + 1 > answer->room) {
        size_t room = 2 * answer->room + got + 1;
        char *grown = realloc(answer->body, room);
        if (!grown) {
            answer->no_memory = true;
            return 0;
        }
        answer->body = grown;
        answer->room = room;
    }
    memcpy(answer->body + answer->size, bytes, got);
    answer->size += got;
    answer->body[answer->size] = '\0';
    return got;
}

static size_t give_file(char *bytes, size_t unit, size_t count, void *user)
{
    FILE *file = user;
    size_t got = fread(bytes, unit, count, file);
    return ferror(file) ? CURL_READFUNC_ABORT : got;
}

/* The body is sent again after a redirection or a rejected authentication. */
static int rewind_file(void *user, curl_off_t offset, int origin)
{
    return fseeko(user, (off_t)offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static int open_body(const char *path, FILE **file, curl_off_t *size, struct rog_error *err)
{
    *file = fopen(path, "rbe");
    struct stat info;
    if (!*file || fstat(fileno(*file), &info) != 0)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s", path,
                        strerror(errno));
    *size = (curl_off_t)info.st_size;
    return 0;
}

static CURLcode set_body(CURL *curl, const struct rog_http_request *request, FILE *file,
                         curl_off_t file_bytes)
{
    CURLcode code = CURLE_OK;
    if (request->body) {
        code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        if (code == CURLE_OK)
            code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body); /* not copied */
    } else if (file) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, file_bytes);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_file);
        curl_easy_setopt(curl, CURLOPT_READDATA, file);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_file);
        code = curl_easy_setopt(curl, CURLOPT_SEEKDATA, file);
    }
    if (code == CURLE_OK && request->method)
        code = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (code == CURLE_OK && request->user)
        code = curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
    if (code == CURLE_OK && request->user)
        code = curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password ? request->password : "");
    if (code == CURLE_OK && request->netrc && !request->user)
        code = curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    return code;
}

static int ask(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct rog_http_request *request = user;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return request->continues(request->asked) ? 0 : 1;
}

static void set_question(CURL *curl, const struct rog_http_request *request)
{
    if (!request->continues)
        return;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* signals are handled by the main thread */
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request);
}

static struct curl_slist *make_headers(const char *const *headers)
{
    /* Do not send "Expect: 100-continue": the servers used here do not answer it, and waiting for
     * the answer takes a second. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (; list && headers && *headers; headers++) {
        struct curl_slist *longer = curl_slist_append(list, *headers);
        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    return list;
}

int rog_http_request(struct rog_http *http, const struct rog_http_request *request,
                     struct rog_http_response *response, struct rog_error *err)
{
    CURL *curl = http->curl;
    FILE *file = NULL;
    curl_off_t file_bytes = 0;
    struct curl_slist *headers = NULL;
    struct answer answer = {.max_bytes = request->response_max_bytes ? request->response_max_bytes
                                                                     : ROG_HTTP_RESPONSE_MAX_BYTES};
    *response = (struct rog_http_response){0};
    int code = rog_http_prepare(http, request->url, request->silence_s, err);
    if (!code && request->body_file)
        code = open_body(request->body_file, &file, &file_bytes, err);
    if (code)
        goto out;
    headers = make_headers(request->headers);
    answer.body = calloc(1, 1);
    if (!headers || !answer.body || set_body(curl, request, file, file_bytes) != CURLE_OK) {
        code = rog_fail_nomem(err);
        goto out;
    }
    answer.room = 1;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    set_question(curl, request);
    CURLcode result = curl_easy_perform(curl);
    if (answer.too_long)
        code =
            rog_fail(err, ROG_EFORMAT, "%s: the answer is longer than the %zu bytes allowed here",
                     request->url, answer.max_bytes);
    else if (answer.no_memory)
        code = rog_fail_nomem(err);
    else if (file && ferror(file))
        code = rog_fail(err, ROG_EIO, "cannot read %s", request->body_file);
    else if (result == CURLE_ABORTED_BY_CALLBACK)
        code = rog_fail(err, ROG_EINTR, "%s: interrupted", request->url);
    else if (result != CURLE_OK)
        code = rog_http_fail(http, result, request->url, request->silence_s, err);
    if (!code) {
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        *response = (struct rog_http_response){(int)status, answer.body, answer.size};
        answer.body = NULL;
    }
out:
    curl_easy_reset(curl); /* it must not keep pointers to local data */
    curl_slist_free_all(headers);
    if (file)
        fclose(file);
    free(answer.body);
    return code;
}

void rog_http_response_release(struct rog_http_response *response)
{
    free(response->body);
    *response = (struct rog_http_response){0};
}
