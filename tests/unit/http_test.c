/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and downloads, with a server that sometimes misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/process.h>
#include <orchestrator/http/http.h>

#include "http_fixture.h"

#define CONTENT_BYTES 300000

/* The server's content and behaviour. */
struct world {
    char folder[64];
    char path[128], part[136]; /* of the fetched file */
    char *content;
    char sha256[ROG_SHA256_HEX_BYTES];
    size_t break_after; /* closes each connection after this much of a body; 0: no */
    bool no_ranges, silent;
    char said[8192]; /* the last request: method, target, some headers, body */
    char ranges[256];
    struct http_fixture server;
    struct rog_http *http;
};

static void answer(const struct http_question *question, struct http_reply *reply, void *user)
{
    struct world *world = user;
    char type[128], token[128], range[64];
    http_header(question, "Content-Type", type, sizeof type);
    http_header(question, "Authorization", token, sizeof token);
    http_header(question, "Range", range, sizeof range);
    snprintf(world->said, sizeof world->said, "%s %s [%s] [%s] %.2000s", question->method,
             question->target, type, token, question->body);
    size_t used = strlen(world->ranges);
    snprintf(world->ranges + used, sizeof world->ranges - used, "%s;", range);
    reply->silent = world->silent;
    reply->body = "hello";
    reply->body_bytes = 5;
    if (strcmp(question->target, "/missing") == 0) {
        reply->status = 404;
    } else if (strcmp(question->target, "/moved") == 0) {
        reply->status = 307;
        reply->headers = "Location: /there\r\n";
    } else if (strcmp(question->target, "/circle") == 0) {
        reply->status = 302;
        reply->headers = "Location: /circle\r\n";
    } else if (strcmp(question->target, "/elsewhere") == 0) {
        reply->status = 302;
        reply->headers = "Location: file:///etc/passwd\r\n";
    } else if (strcmp(question->target, "/file") == 0) {
        size_t from = 0;
        if (!world->no_ranges && sscanf(range, "bytes=%zu-", &from) == 1)
            reply->status = from < CONTENT_BYTES ? 206 : 416;
        if (reply->status != 416) {
            reply->body = world->content + from;
            reply->body_bytes = CONTENT_BYTES - from;
            if (world->break_after < reply->body_bytes)
                reply->break_after = world->break_after;
        }
    }
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->content = malloc(CONTENT_BYTES);
    for (size_t i = 0; i < CONTENT_BYTES; i++)
        world->content[i] = (char)(i * 2654435761u >> 13);
    rog_sha256(world->content, CONTENT_BYTES, world->sha256);
    strcpy(world->folder, "/tmp/rog-http-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof world->path, "%s/deep/file", world->folder);
    snprintf(world->part, sizeof world->part, "%s.part", world->path);
    assert_int_equal(rog_http_new(&world->http, NULL), 0);
    http_fixture_start(&world->server, answer, world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    rog_http_free(world->http);
    http_fixture_stop(&world->server);
    rog_dir_remove(world->folder, NULL);
    free(world->content);
    free(world);
    return 0;
}

static int ask(struct world *world, struct rog_http_request request, const char *target,
               struct rog_http_response *response, struct rog_error *err)
{
    char url[256];
    request.url = http_fixture_url(&world->server, target, url, sizeof url);
    return rog_http_request(world->http, &request, response, err);
}

static void a_request_arrives_as_it_was_made(void **state)
{
    struct world *world = *state;
    struct rog_http_response response;
    struct rog_error err = {0};
    const char *const headers[] = {"Content-Type: text/x-try", NULL};
    assert_int_equal(ask(world, (struct rog_http_request){0}, "/a?b=c", &response, &err), 0);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "hello");
    assert_int_equal(response.size, 5);
    assert_string_equal(world->said, "GET /a?b=c [] [] ");
    rog_http_response_release(&response);

    const struct rog_http_request post = {.method = "POST",
                                          .headers = headers,
                                          .body = "body text",
                                          .body_bytes = 4,
                                          .user = "me",
                                          .password = "secret"};
    assert_int_equal(ask(world, post, "/p", &response, &err), 0);
    assert_string_equal(world->said, "POST /p [text/x-try] [Basic bWU6c2VjcmV0] body");
    rog_http_response_release(&response);

    char source[128];
    snprintf(source, sizeof source, "%s/source", world->folder);
    assert_int_equal(rog_file_write(source, "from a file", 11, &err), 0);
    const struct rog_http_request put = {.method = "PUT", .headers = headers, .body_file = source};
    /* The body is sent again after a redirection. */
    assert_int_equal(ask(world, put, "/moved", &response, &err), 0);
    assert_int_equal(response.status, 200);
    assert_string_equal(world->said, "PUT /there [text/x-try] [] from a file");
    rog_http_response_release(&response);

    const struct rog_http_request remove = {.method = "DELETE"};
    assert_int_equal(ask(world, remove, "/missing", &response, &err), 0);
    assert_int_equal(response.status, 404);
    assert_string_equal(world->said, "DELETE /missing [] [] ");
    rog_http_response_release(&response);
}

static void a_request_that_cannot_be_made_has_a_reason(void **state)
{
    struct world *world = *state;
    struct rog_http_response response;
    struct rog_error err = {0};
    const struct {
        const char *url;
        int code;
        const char *text;
    } bad[] = {
        {"ftp://example.org/", ROG_EINVAL, "neither http:// nor https://"},
        {"http:///x", ROG_EINVAL, "names no host"},
        {"http://me:secret@example.org/", ROG_EINVAL, "a user name or a password"},
        {"http://example.org/a b", ROG_EINVAL, "a space or a control character"},
        {"http://example.org/a\r\nX: y", ROG_EINVAL, "a space or a control character"},
        {"http://name.invalid/", ROG_EFAILED, "this machine is online"},
        {"http://127.0.0.1:1/", ROG_EFAILED, "check that the server is running"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct rog_http_request request = {.url = bad[i].url};
        assert_int_equal(rog_http_request(world->http, &request, &response, &err), bad[i].code);
        assert_non_null(strstr(err.message, bad[i].text));
        assert_null(strstr(err.message, "secret"));
        assert_null(response.body);
    }
    assert_int_equal(ask(world, (struct rog_http_request){0}, "/circle", &response, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "too many redirects"));
    assert_int_equal(ask(world, (struct rog_http_request){0}, "/elsewhere", &response, &err),
                     ROG_EFAILED);
    const struct rog_http_request narrow = {.response_max_bytes = 4};
    assert_int_equal(ask(world, narrow, "/", &response, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "longer than the 4 bytes"));
    const struct rog_http_request missing = {.method = "PUT", .body_file = "/nonexistent/file"};
    assert_int_equal(ask(world, missing, "/", &response, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/file"));
}

static void a_silent_server_times_out(void **state)
{
    struct world *world = *state;
    struct rog_http_response response;
    struct rog_error err = {0};
    world->silent = true;
    const struct rog_http_request request = {.silence_s = 1};
    assert_int_equal(ask(world, request, "/", &response, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "has been silent for 1 s"));
}

/* --- HTTPS --- */

/* Starts a server with a self-signed certificate, on a free port. */
static int start_tls(struct rog_process *server, const char *certificate, const char *key)
{
    const char *const argv[] = {"openssl", "s_server",  "-accept", "127.0.0.1:0", "-www",
                                "-cert",   certificate, "-key",    key,           NULL};
    char text[4096];
    size_t used = 0;
    const struct rog_process_options how = {.argv = argv, .pipes = true, .error_pipe = true};
    assert_int_equal(rog_process_start(server, &how, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        ssize_t got = read(server->output, text + used, sizeof text - 1 - used);
        used += got > 0 ? (size_t)got : 0;
        text[used] = '\0';
        const char *line = strstr(text, "ACCEPT 127.0.0.1:");
        if (line && strchr(line, '\n'))
            return atoi(line + strlen("ACCEPT 127.0.0.1:"));
        usleep(10000);
    }
    return 0;
}

static void an_unknown_certificate_is_refused(void **state)
{
    struct world *world = *state;
    struct rog_http_response response;
    struct rog_error err = {0};
    char key[128], certificate[128], url[64];
    snprintf(key, sizeof key, "%s/key", world->folder);
    snprintf(certificate, sizeof certificate, "%s/certificate", world->folder);
    const char *const argv[] = {
        "openssl", "req", "-x509", "-newkey",   "rsa:2048", "-nodes",
        "-days",   "2",   "-subj", "/CN=try",   "-addext",  "subjectAltName=IP:127.0.0.1",
        "-keyout", key,   "-out",  certificate, NULL};
    if (!rog_program_exists("openssl")) {
        printf("skipped: openssl is not installed\n");
        skip();
    }
    assert_int_equal(rog_process_run(argv, 60, NULL, &err), 0);
    struct rog_process server = ROG_PROCESS_NONE;
    int port = start_tls(&server, certificate, key);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    const struct rog_http_request request = {.url = url};
    int refused = rog_http_request(world->http, &request, &response, &err);
    setenv("CURL_CA_BUNDLE", certificate, 1);
    int accepted = rog_http_request(world->http, &request, &response, NULL);
    int status = response.status;
    rog_http_response_release(&response);
    setenv("CURL_CA_BUNDLE", "/nonexistent/bundle", 1);
    struct rog_error lost = {0};
    int no_bundle = rog_http_request(world->http, &request, &response, &lost);
    unsetenv("CURL_CA_BUNDLE");
    rog_process_kill(&server);
    assert_true(port > 0);
    assert_int_equal(refused, ROG_EFAILED);
    assert_non_null(strstr(err.message, "install ca-certificates"));
    assert_int_equal(accepted, 0);
    assert_int_equal(status, 200);
    assert_int_equal(no_bundle, ROG_EFAILED);
    assert_non_null(strstr(lost.message, "must name a file of certificates"));
}

/* --- downloads --- */

static int fetch(struct world *world, struct rog_http_download download, const char *target,
                 struct rog_error *err)
{
    char url[256];
    download.url = http_fixture_url(&world->server, target, url, sizeof url);
    download.path = world->path;
    world->ranges[0] = '\0';
    return rog_http_download(world->http, &download, err);
}

static void check_fetched(struct world *world)
{
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(world->path, CONTENT_BYTES, &data, &size, NULL), 0);
    assert_int_equal(size, CONTENT_BYTES);
    assert_memory_equal(data, world->content, CONTENT_BYTES);
    free(data);
    assert_false(rog_file_exists(world->part));
}

static void put_part(struct world *world, const void *data, size_t size)
{
    assert_int_equal(rog_file_write(world->part, data, size, NULL), 0);
}

static void a_file_is_fetched_whole(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    assert_int_equal(fetch(world, (struct rog_http_download){0}, "/file", &err), 0);
    check_fetched(world);
    const struct rog_http_download checked = {.size_bytes = CONTENT_BYTES, .sha256 = world->sha256};
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    check_fetched(world);
    assert_string_equal(world->ranges, ";");
}

static void a_broken_transfer_continues_where_it_ended(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    const struct rog_http_download checked = {.sha256 = world->sha256};
    world->break_after = 100000;
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    assert_string_equal(world->ranges, ";bytes=100000-;bytes=200000-;");
    check_fetched(world);
    /* A server without ranges restarts each time, and the attempts end. */
    world->no_ranges = true;
    assert_int_equal(fetch(world, checked, "/file", &err), ROG_EFAILED);
    assert_true(rog_file_exists(world->part));
}

static void what_an_earlier_call_left_is_continued(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    const struct rog_http_download checked = {.size_bytes = CONTENT_BYTES, .sha256 = world->sha256};
    put_part(world, world->content, 123456);
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    assert_string_equal(world->ranges, "bytes=123456-;");
    check_fetched(world);
    /* A server without ranges sends everything, which is used from the start. */
    world->no_ranges = true;
    put_part(world, world->content, 123456);
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    check_fetched(world);
    world->no_ranges = false;
    /* The file was already complete. */
    put_part(world, world->content, CONTENT_BYTES);
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    assert_string_equal(world->ranges, "");
    check_fetched(world);
    const struct rog_http_download unsized = {.sha256 = world->sha256};
    put_part(world, world->content, CONTENT_BYTES);
    assert_int_equal(fetch(world, unsized, "/file", &err), 0);
    assert_string_equal(world->ranges, "bytes=300000-;");
    check_fetched(world);
}

static void parts_of_another_file_are_discarded(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    const struct rog_http_download checked = {.size_bytes = CONTENT_BYTES, .sha256 = world->sha256};
    put_part(world, "something else", 14);
    assert_int_equal(fetch(world, checked, "/file", &err), 0);
    assert_string_equal(world->ranges, "bytes=14-;;");
    check_fetched(world);
    /* Without a checksum nothing would detect the difference. */
    put_part(world, "something else", 14);
    assert_int_equal(fetch(world, (struct rog_http_download){0}, "/file", &err), 0);
    assert_string_equal(world->ranges, ";");
    check_fetched(world);
}

static void another_file_is_rejected(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    char other[ROG_SHA256_HEX_BYTES];
    rog_sha256("other", 5, other);
    const struct {
        struct rog_http_download download;
        const char *target;
        int code;
        const char *text;
    } cases[] = {
        {{.size_bytes = 10}, "/file", ROG_EFORMAT, "larger than the 10 bytes expected"},
        {{.max_bytes = CONTENT_BYTES - 1},
         "/file",
         ROG_EFORMAT,
         "larger than the 299999 bytes that a file of unknown size may have"},
        {{.size_bytes = CONTENT_BYTES + 1}, "/file", ROG_EFORMAT, "not the 300001 expected"},
        {{.sha256 = other}, "/file", ROG_EFORMAT, other},
        {{0}, "/missing", ROG_ENOTFOUND, "the server answers 404 Not Found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(fetch(world, cases[i].download, cases[i].target, &err), cases[i].code);
        assert_non_null(strstr(err.message, cases[i].text));
        assert_false(rog_file_exists(world->path));
        assert_false(rog_file_exists(world->part));
    }
}

static bool stop_at_once(int64_t have_bytes, int64_t total_bytes, void *user)
{
    int64_t *seen = user;
    assert_true(have_bytes <= CONTENT_BYTES);
    assert_true(total_bytes == 0 || total_bytes == CONTENT_BYTES);
    (*seen)++;
    return false;
}

static void it_can_be_stopped(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    int64_t seen = 0;
    const struct rog_http_download download = {.progress = stop_at_once, .user = &seen};
    assert_int_equal(fetch(world, download, "/file", &err), ROG_EINTR);
    assert_int_equal(seen, 1);
    assert_false(rog_file_exists(world->path));
}

static void two_processes_do_not_write_one_file(void **state)
{
    struct world *world = *state;
    struct rog_error err = {0};
    put_part(world, "", 0);
    int fd = open(world->part, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(fetch(world, (struct rog_http_download){0}, "/file", &err), ROG_EBUSY);
    assert_non_null(strstr(err.message, "by another process"));
    close(fd);
    assert_int_equal(fetch(world, (struct rog_http_download){0}, "/file", &err), 0);
    check_fetched(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_arrives_as_it_was_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_that_cannot_be_made_has_a_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_silent_server_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_certificate_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_fetched_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_transfer_continues_where_it_ended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_an_earlier_call_left_is_continued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_of_another_file_are_discarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_file_is_rejected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_can_be_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_processes_do_not_write_one_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
