/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that break when a worker is accepted or rejected. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <librog/net/accept.h>
#include <librog/net/dial.h>
#include <librog/net/hello.h>
#include <librog/net/link.h>

#define SESSION "0123456789abcdef0123456789abcdef"

struct bench {
    uv_loop_t loop;
    struct rog_secret *secret;
    struct rog_accept *accept;
    struct rog_dial *dial;
    struct rog_conn *taken;
    uint16_t port;
    int hellos, welcomes;
    bool breaks; /* the connection, as soon as the welcome has arrived */
};

static void set_up(struct bench *bench)
{
    static const uint8_t key[ROG_SECRET_BYTES] = {1, 2, 3};
    *bench = (struct bench){0};
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(rog_secret_new(&bench->secret, key, NULL), ROG_OK);
}

static void tear_down(struct bench *bench)
{
    rog_accept_free(bench->accept);
    rog_dial_free(bench->dial);
    rog_conn_close(bench->taken);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    rog_secret_free(bench->secret);
}

/* ---- a peer that blocks ---- */

static void read_all(int fd, uint8_t *bytes, size_t size)
{
    assert_int_equal(recv(fd, bytes, size, MSG_WAITALL), (ssize_t)size);
}

static void write_frame(int fd, struct rog_seal *seal, uint8_t type, const char *text)
{
    uint8_t frame[512];
    size_t size = rog_seal_close(seal, type, (const uint8_t *)text, strlen(text), frame);
    assert_int_equal(send(fd, frame, size, 0), (ssize_t)size);
}

/* Closes the socket so that the other end finds the connection broken. */
static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

/* ---- rejected ---- */

static int refuse_all(void *user, uint32_t worker, struct rog_conn *conn,
                      const struct rog_json *hello, struct rog_accept_refusal *refusal,
                      struct rog_error *err)
{
    struct bench *bench = user;
    (void)worker;
    (void)conn;
    (void)hello;
    (void)err;
    bench->hellos++;
    snprintf(refusal->message, sizeof refusal->message, "somebody else is here");
    return ROG_OK;
}

static void test_refused_and_disconnected(void **state)
{
    static const struct rog_accept_hooks hooks = {.hello = refuse_all};
    struct bench bench;
    struct rog_seal *seal;
    uint8_t message[ROG_HANDSHAKE_BYTES];
    (void)state;
    set_up(&bench);
    assert_int_equal(rog_accept_new(&bench.accept, &bench.loop, "127.0.0.1:0", bench.secret, 2,
                                    &hooks, &bench, &bench.port, NULL),
                     ROG_OK);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(bench.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(rog_seal_new(&seal, bench.secret, false, NULL), ROG_OK);
    rog_seal_introduce(seal, message);
    assert_int_equal(send(fd, message, sizeof message, 0), (ssize_t)sizeof message);
    while (recv(fd, message, sizeof message, MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof message)
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    read_all(fd, message, sizeof message);
    assert_int_equal(rog_seal_meet(seal, message, NULL), ROG_OK);
    write_frame(fd, seal, ROG_FRAME_HELLO, "{\"rank\": 1, \"session\": \"" SESSION "\"}");
    reset(fd);
    while (bench.hellos == 0)
        uv_run(&bench.loop, UV_RUN_ONCE);
    rog_seal_free(seal);
    tear_down(&bench);
}

/* ---- accepted ---- */

static char *hello_text(void *user)
{
    (void)user;
    return strdup("{}");
}

static int welcomed(void *user, struct rog_conn *conn, const struct rog_json *welcome,
                    struct rog_error *err)
{
    struct bench *bench = user;
    struct rog_error why;
    (void)welcome;
    (void)err;
    bench->welcomes++;
    bench->taken = conn;
    if (bench->breaks) {
        rog_fail(&why, ROG_EIO, "the connection was lost");
        rog_dial_lost(bench->dial, &why);
    }
    return ROG_OK;
}

static void failed(void *user, int code, const struct rog_error *err)
{
    (void)user;
    (void)code;
    fail_msg("%s", err->message);
}

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Returns when the connection is lost after the welcome. */
static double lost_after_welcome(bool breaks)
{
    static const struct rog_dial_hooks hooks = {
        .hello = hello_text, .welcome = welcomed, .failed = failed};
    struct bench bench;
    struct rog_seal *seal;
    uint8_t message[ROG_HANDSHAKE_BYTES];
    char server[32];
    set_up(&bench);
    bench.breaks = breaks;
    int listener = listen_anywhere(&bench.port);
    snprintf(server, sizeof server, "127.0.0.1:%u", bench.port);
    assert_int_equal(
        rog_dial_new(&bench.dial, &bench.loop, server, bench.secret, 60, &hooks, &bench, NULL),
        ROG_OK);
    rog_dial_begin(bench.dial);
    int fd = accept(listener, NULL, NULL);
    while (recv(fd, message, sizeof message, MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof message)
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    read_all(fd, message, sizeof message);
    assert_int_equal(rog_seal_new(&seal, bench.secret, true, NULL), ROG_OK);
    assert_int_equal(rog_seal_meet(seal, message, NULL), ROG_OK);
    rog_seal_introduce(seal, message);
    assert_int_equal(send(fd, message, sizeof message, 0), (ssize_t)sizeof message);
    write_frame(fd, seal, ROG_FRAME_WELCOME, "{\"mode\": \"start\"}");
    while (bench.welcomes == 0)
        uv_run(&bench.loop, UV_RUN_ONCE);
    double lost_s = rog_dial_lost_s(bench.dial);
    close(fd);
    close(listener);
    rog_seal_free(seal);
    tear_down(&bench);
    return lost_s;
}

static void test_accepted_and_disconnected(void **state)
{
    (void)state;
    assert_true(lost_after_welcome(false) <= 0);
    assert_true(lost_after_welcome(true) > 0);
}

/* ---- stopped ---- */

static void test_stopped_tries_no_more(void **state)
{
    static const struct rog_dial_hooks hooks = {
        .hello = hello_text, .welcome = welcomed, .failed = failed};
    struct bench bench;
    struct rog_error why;
    (void)state;
    set_up(&bench);
    assert_int_equal(rog_dial_new(&bench.dial, &bench.loop, "127.0.0.1:1", bench.secret, 60, &hooks,
                                  &bench, NULL),
                     ROG_OK);
    rog_fail(&why, ROG_EIO, "the connection was lost");
    rog_dial_lost(bench.dial, &why);
    assert_true(uv_loop_alive(&bench.loop));
    rog_dial_stop(bench.dial);
    assert_false(uv_loop_alive(&bench.loop));
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_and_disconnected),
        cmocka_unit_test(test_accepted_and_disconnected),
        cmocka_unit_test(test_stopped_tries_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
