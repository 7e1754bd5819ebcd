/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections to a server of a run, for tests/torture/connections.py:
 *
 *     torture_peers strangers|peers|honest ADDRESS KEYFILE CODEC RANK SEED COUNT
 *
 * `strangers` opens COUNT connections without the key, in every wrong way, and checks that the
 * server sends no byte. `peers` opens COUNT connections with the key as worker RANK and sends what
 * no worker sends: hellos, frames, layouts and pushes that are damaged or poisoned. `honest` is
 * worker RANK with small gradients for COUNT tenths of a second; its model must stay finite, and
 * its exchanges must continue.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/plugin.h>
#include <common/rng.h>
#include <common/settings.h>
#include <librog/net/bytes.h>
#include <librog/net/hello.h>
#include <librog/net/layout.h>
#include <librog/net/link.h>
#include <librog/net/seal.h>
#include <librog/parts/parts.h>
#include <librog/sync/message.h>
#include <librog/sync/wire.h>
#include <librog/sync/worker.h>
#include <rog/rog.h>

#define WORKERS 8
#define THRESHOLD 2147483647
#define ANSWER_MS 60000 /* a server answers within this time, even on a busy machine */
#define LAYOUT                                                                            \
    "[{\"name\":\"w\",\"shape\":[40,30]},{\"name\":\"b\",\"shape\":[7]},{\"name\":\"c\"," \
    "\"shape\":[7],\"constant\":true}]"
#define PARAMS (40 * 30 + 7)
#define MESSAGE_BYTES ROG_LINK_BODY_MAX

struct torture {
    const char *codec;
    struct sockaddr_in address;
    struct rog_secret *secret;
    struct rog_plugin plugin;
    struct rog_json *settings;
    struct rog_parts parts;
    struct rog_layout *layout;
    struct rog_rows *rows;
    struct rog_rng rng;
    uint32_t rank;
    uint8_t recorded[ROG_HANDSHAKE_BYTES]; /* handshake of a peer that has the key */
};

static void need(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "torture_peers: %s\n", what);
    exit(1);
}

static uint32_t below(struct torture *t, uint32_t bound)
{
    return rog_rng_below(&t->rng, bound);
}

static void fill(struct torture *t, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)rog_rng_u64(&t->rng);
}

/* ---- sockets ---- */

/* Connects from one of many addresses of this machine, so that ports do not run out. */
static int connect_to(struct torture *t)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(0x7f000000u | (2 + below(t, 200)) << 8 | (1 + below(t, 250)));
    const struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0, "no socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    need(bind(fd, (struct sockaddr *)&own, sizeof own) == 0, "no address of this machine");
    if (connect(fd, (struct sockaddr *)&t->address, sizeof t->address) == 0)
        return fd;
    fprintf(stderr, "torture_peers: cannot connect: %s\n", strerror(errno));
    exit(1);
}

static void put(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has closed the connection */
        at += sent;
        size -= (size_t)sent;
    }
}

static bool get(int fd, void *bytes, size_t size)
{
    for (char *at = bytes; size > 0;) {
        ssize_t came = recv(fd, at, size, 0);
        if (came <= 0)
            return false;
        at += came;
        size -= (size_t)came;
    }
    return true;
}

/* ---- strangers ---- */

static void introduce(struct torture *t, const struct rog_secret *secret, uint8_t *message,
                      struct rog_seal **seal)
{
    (void)t;
    need(rog_seal_new(seal, secret, false, NULL) == 0, "no seal");
    rog_seal_introduce(*seal, message);
}

/* Builds the handshake of a peer with another key that is otherwise correct. */
static size_t other_key(struct torture *t, uint8_t *bytes)
{
    uint8_t key[ROG_SECRET_BYTES];
    struct rog_secret *other;
    struct rog_seal *seal;
    fill(t, key, sizeof key);
    need(rog_secret_new(&other, key, NULL) == 0, "no secret");
    introduce(t, other, bytes, &seal);
    rog_seal_free(seal);
    rog_secret_free(other);
    return ROG_HANDSHAKE_BYTES;
}

/* Builds the message of a stranger; `answered`: the server may answer. */
static size_t say(struct torture *t, uint8_t *bytes, size_t most, bool *answered)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    size_t size = below(t, 400);
    *answered = false;
    switch (below(t, 8)) {
    case 0:
        return 0;
    case 1:
        fill(t, bytes, size);
        return size;
    case 2:
        fill(t, bytes, most);
        return most;
    case 3:
        memcpy(bytes, http, sizeof http - 1);
        return sizeof http - 1;
    case 4:
        fill(t, bytes, ROG_HANDSHAKE_BYTES);
        memcpy(bytes, t->recorded, 8);
        return ROG_HANDSHAKE_BYTES;
    case 5: /* a recorded handshake, followed by other bytes */
        memcpy(bytes, t->recorded, ROG_HANDSHAKE_BYTES);
        fill(t, bytes + ROG_HANDSHAKE_BYTES, size);
        *answered = true;
        return ROG_HANDSHAKE_BYTES + size;
    case 6: /* the same, with one bit changed */
        memcpy(bytes, t->recorded, ROG_HANDSHAKE_BYTES);
        bytes[below(t, ROG_HANDSHAKE_BYTES)] ^= (uint8_t)(1u << below(t, 8));
        return below(t, 4) ? ROG_HANDSHAKE_BYTES : below(t, ROG_HANDSHAKE_BYTES);
    default:
        return other_key(t, bytes);
    }
}

static void stranger(struct torture *t)
{
    uint8_t bytes[8192], answer[256];
    bool answered;
    size_t size = say(t, bytes, sizeof bytes, &answered);
    int fd = connect_to(t);
    put(fd, bytes, size);
    uint32_t how = below(t, 4);
    if (how == 0) { /* closes at once */
        const struct linger none = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    } else {
        shutdown(fd, SHUT_WR);
        ssize_t came = recv(fd, answer, sizeof answer, 0);
        need(came <= 0 || answered, "a stranger was told something");
        need(came >= 0 || errno != EAGAIN, "a stranger that has said everything is kept");
        while (came > 0)
            came = recv(fd, answer, sizeof answer, 0);
    }
    close(fd);
}

/* ---- peers ---- */

struct peer {
    struct torture *torture;
    int fd;
    struct rog_seal *seal;
    uint64_t number; /* number of the last message */
    bool broken;
};

static void put_frame(struct peer *peer, uint8_t type, const uint8_t *payload, size_t size)
{
    uint8_t *frame = malloc(ROG_FRAME_BYTES_MAX);
    need(frame != NULL, "no memory");
    size_t bytes = rog_seal_close(peer->seal, type, payload, size, frame);
    put(peer->fd, frame, bytes);
    free(frame);
}

/* *size is initially the space for the payload. */
static bool get_frame(struct peer *peer, uint8_t *type, uint8_t *payload, size_t *size)
{
    uint8_t *frame = malloc(ROG_FRAME_BYTES_MAX), *opened;
    size_t whole, length;
    need(frame != NULL, "no memory");
    bool good = get(peer->fd, frame, ROG_FRAME_HEADER_BYTES) &&
                rog_seal_frame_bytes(peer->seal, frame, ROG_FRAME_BYTES_MAX, &whole, NULL) == 0 &&
                get(peer->fd, frame + ROG_FRAME_HEADER_BYTES, whole - ROG_FRAME_HEADER_BYTES) &&
                rog_seal_open(peer->seal, frame, whole, type, &opened, &length, NULL) == 0;
    if (good) {
        *size = length < *size ? length : *size;
        memcpy(payload, opened, *size);
    }
    free(frame);
    return good;
}

static void put_data(struct peer *peer, uint8_t kind, const uint8_t *body, size_t size)
{
    uint8_t *payload = malloc(ROG_FRAME_PAYLOAD_MAX);
    need(payload != NULL && size <= MESSAGE_BYTES, "no memory");
    rog_put_u64(payload, ++peer->number);
    payload[8] = kind;
    memcpy(payload + 9, body, size);
    put_frame(peer, ROG_FRAME_DATA, payload, size + 9);
    free(payload);
}

/* Overwrites some bytes with special numbers. */
static void damage(struct torture *t, uint8_t *bytes, size_t size)
{
    static const uint32_t singles[] = {0x7fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x7f7fffff,
                                       0x49742408, 0x00000001, 0x80000000, 0xffffffff, 0};
    static const uint64_t doubles[] = {0x7fefffffffffffff, 0x7ff8000000000000, 0x7ff0000000000000,
                                       0xfff0000000000000, 0x8000000000000001, 0x7e37e43c8800759c,
                                       UINT64_MAX};
    uint64_t number = doubles[below(t, sizeof doubles / sizeof *doubles)];
    size_t length = 8;
    switch (below(t, 4)) {
    case 0:
        number = singles[below(t, sizeof singles / sizeof *singles)];
        length = 4;
        break;
    case 1:
        number = rog_rng_u64(&t->rng);
        length = 1;
        break;
    default:
        break;
    }
    if (size < length)
        return;
    /* Scales and values are at the end of a message. */
    size_t at = below(t, (uint32_t)(size - length) + 1);
    if (below(t, 4))
        at = (size - length) % 4 + at / 4 * 4;
    if (at > size - length)
        at = size - length;
    for (size_t i = 0; i < length; i++)
        bytes[at + i] = (uint8_t)(number >> 8 * i);
}

static struct rog_json *make_hello(struct torture *t)
{
    struct rog_json *hello;
    char session[ROG_SESSION_ID_BYTES];
    const struct rog_hello alike = {.strategy = t->plugin.strategy,
                                    .threshold = THRESHOLD,
                                    .workers = WORKERS,
                                    .workload = "program",
                                    .settings = t->settings};
    need(rog_hello_make(&alike, &hello, NULL) == 0, "no hello");
    for (size_t i = 0; i < sizeof session - 1; i++)
        session[i] = "0123456789abcdef"[below(t, 16)];
    session[sizeof session - 1] = '\0';
    rog_json_put_integer(hello, "rank", t->rank);
    rog_json_put_string(hello, "session", session);
    rog_json_put_integer(hello, "received", 0);
    return hello;
}

/* Sends a hello that no worker sends. Returns true if the server may accept it. */
static bool put_hello(struct peer *peer)
{
    static const char *const keys[] = {"rank",     "session",     "received",  "protocol",
                                       "workers",  "library",     "threshold", "workload",
                                       "settings", "compression", "seed",      "parameters"};
    struct torture *t = peer->torture;
    struct rog_json *hello = make_hello(t);
    const char *key = keys[below(t, sizeof keys / sizeof *keys)];
    uint32_t how = below(t, 10);
    /* Ranks of other workers are not used: any peer with the key could take them. */
    if (how == 0)
        rog_json_put_number(hello, key, strcmp(key, "rank") == 0 ? -1e18 : 1e300);
    else if (how == 1)
        rog_json_put(hello, key, rog_json_array());
    else if (how == 2)
        rog_json_put_string(hello, key, "\x1b[2J%s%n../../\xff");
    char *text = rog_json_text(hello);
    size_t size = strlen(text);
    if (how == 3)
        damage(t, (uint8_t *)text, size);
    if (how == 4)
        size = below(t, (uint32_t)size);
    if (how == 5) /* endless nesting */
        memset(text, '[', size);
    put_frame(peer, how == 6 ? (uint8_t)below(t, 256) : ROG_FRAME_HELLO, (uint8_t *)text, size);
    free(text);
    rog_json_free(hello);
    return how > 6;
}

static void put_layout(struct peer *peer)
{
    static const char *const layouts[] = {
        "[{\"name\":\"w\",\"shape\":[100000,40000]}]",
        "[{\"name\":\"w\",\"shape\":[4294967295,4294967295,4294967295]}]",
        "[{\"name\":\"w\",\"shape\":[0]}]",
        "[{\"name\":\"w\",\"shape\":[40,30]},{\"name\":\"w\",\"shape\":[7]}]",
        "[{\"name\":\"w\",\"shape\":[-1]}]",
        "[{\"name\":\"w\",\"shape\":[1e308]}]",
        "[{\"name\":\"w\",\"shape\":[2,2,2,2,2,2,2,2,2,2,2]}]",
        "[]",
        "{}",
        "[[[[[[[[[[",
    };
    struct torture *t = peer->torture;
    uint32_t which = below(t, 40);
    const char *text = which < sizeof layouts / sizeof *layouts ? layouts[which] : LAYOUT;
    uint8_t body[ROG_KIND_PIECE_BYTES + 512];
    size_t size = strlen(text);
    rog_put_u64(body, size);
    rog_put_u64(body + 8, 0);
    memcpy(body + ROG_KIND_PIECE_BYTES, text, size);
    if (which == 11)
        damage(t, body, ROG_KIND_PIECE_BYTES);
    if (which == 12)
        damage(t, body, ROG_KIND_PIECE_BYTES + size);
    put_data(peer, ROG_KIND_LAYOUT, body, ROG_KIND_PIECE_BYTES + size);
}

/* Sends correct pushes, except for their values and what is damaged. */
static void put_pushes(struct peer *peer, uint32_t iteration)
{
    struct torture *t = peer->torture;
    float *model = calloc(PARAMS, sizeof *model), *gradient = malloc(PARAMS * sizeof *gradient);
    float *places[2], *parts[2];
    uint8_t *message = malloc(MESSAGE_BYTES);
    const struct rog_rule rule = {.learning_rate = 1, .kind = ROG_RULE_BLOCK};
    const struct rog_worker_config config = {
        .rows = t->rows,
        .strategy = t->plugin.strategy,
        .policy = {.rows = t->rows->row_count, .workers = WORKERS, .threshold = THRESHOLD},
        .worker = t->rank - 1};
    struct rog_worker *worker;
    need(model && gradient && message, "no memory");
    rog_rows_places(t->rows, model, places);
    rog_rows_places(t->rows, gradient, parts);
    need(rog_worker_new(&worker, &config, places, NULL) == 0, "no worker");
    rog_worker_join(worker, iteration);
    float scale = powf(10, (float)rog_rng_range(&t->rng, -6, 7));
    for (uint32_t i = 0; i < PARAMS; i++)
        gradient[i] = scale * (float)rog_rng_range(&t->rng, -1, 1);
    const float *const tensors[2] = {parts[0], parts[1]};
    const struct rog_worker_gradients gradients = {
        .tensors = tensors, .rules = &rule, .rule_count = 1};
    size_t size = 1;
    bool damages = below(t, 3) > 0;
    if (rog_worker_begin(worker, 1, NULL) || rog_worker_push(worker, &gradients, 1, NULL))
        size = 0;
    for (double now = 1; size > 0; now += 0.1) {
        if (rog_worker_send(worker, now, message, MESSAGE_BYTES, &size, NULL) || size == 0)
            break;
        for (uint32_t hits = damages ? below(t, 3) : 0; hits > 0; hits--)
            damage(t, message, size);
        if (damages && below(t, 20) == 0)
            size = 1 + below(t, (uint32_t)size);
        put_data(peer, ROG_KIND_CORE, message, size);
    }
    rog_worker_free(worker);
    free(message);
    free(gradient);
    free(model);
}

/* Sends kinds of messages and frames that a worker must not send, or not in this form. */
static void put_invalid(struct peer *peer)
{
    struct torture *t = peer->torture;
    uint8_t bytes[2048];
    size_t size = below(t, sizeof bytes);
    fill(t, bytes, size);
    uint32_t how = below(t, 6);
    if (how == 0) /* DONE would end this rank */
        put_data(peer, (uint8_t)(ROG_KIND_DONE + 1 + below(t, 120)), bytes, size);
    if (how == 1)
        put_data(peer, (uint8_t)(ROG_KIND_CORE | ROG_LINK_MORE), bytes, size);
    if (how == 2)
        put_frame(peer, (uint8_t)below(t, 256), bytes, size);
    if (how == 3) {
        peer->number += below(t, 3);
        put_data(peer, ROG_KIND_CORE, bytes, size);
    }
    if (how == 4)
        put_data(peer, ROG_KIND_MODEL, bytes, size);
    if (how == 5)
        put_frame(peer, ROG_FRAME_ACK, bytes, below(t, 2) ? 8 : size);
}

static void converse(struct peer *peer)
{
    struct torture *t = peer->torture;
    uint8_t answer[ROG_FRAME_FIRST_MAX], type;
    size_t size = sizeof answer;
    if (!put_hello(peer) || !get_frame(peer, &type, answer, &size) || type != ROG_FRAME_WELCOME)
        return;
    struct rog_json *welcome;
    need(rog_json_parse((char *)answer, size, "welcome", &welcome, NULL) == 0, "no welcome");
    uint32_t iteration = (uint32_t)rog_json_get_integer(welcome, "iteration", 0);
    rog_json_free(welcome);
    put_layout(peer);
    for (uint32_t turns = below(t, 4); turns > 0; turns--)
        below(t, 4) ? put_pushes(peer, iteration) : put_invalid(peer);
    shutdown(peer->fd, SHUT_WR);
    size = sizeof answer;
    while (get_frame(peer, &type, answer, &size)) /* to the end: then the server has read
                                                     everything that was sent */
        size = sizeof answer;
}

static void peer(struct torture *t)
{
    uint8_t message[ROG_HANDSHAKE_BYTES];
    struct peer peer = {.torture = t};
    introduce(t, t->secret, message, &peer.seal);
    peer.fd = connect_to(t);
    put(peer.fd, message, sizeof message);
    if (get(peer.fd, message, sizeof message)) {
        need(rog_seal_meet(peer.seal, message, NULL) == 0, "the server does not have the key");
        converse(&peer);
    }
    close(peer.fd);
    rog_seal_free(peer.seal);
}

/* ---- an honest worker ---- */

static void check_finite(const float *values)
{
    for (uint32_t i = 0; i < PARAMS + 7; i++)
        need(isfinite(values[i]), "an honest worker was given a value that is not finite");
}

static long honest(struct torture *t, const char *address, double seconds)
{
    static const uint32_t w[] = {40, 30}, b[] = {7};
    static const float threes[PARAMS + 7] = {3};
    const struct rog_rule rule = {.learning_rate = 1e-3f, .kind = ROG_RULE_BLOCK};
    const float *const gradients[] = {threes, threes + 1200};
    const struct rog_step step = {.gradients = gradients, .rules = &rule, .rule_count = 1};
    float values[PARAMS + 7] = {1};
    struct rog_error err = {0};
    struct rog_options options;
    struct rog *rog;
    rog_options_init(&options);
    options.server = address;
    options.key = rog_secret_bytes(t->secret);
    options.rank = t->rank;
    options.workers = WORKERS;
    options.strategy = "SSP";
    options.threshold = THRESHOLD;
    options.compression = t->codec;
    int code = rog_open(&rog, &options, &err);
    if (!code)
        code = rog_tensor(rog, "w", 2, w, values, ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = rog_tensor(rog, "b", 1, b, values + 1200, ROG_TENSOR_TRAINED, &err);
    if (!code)
        code = rog_tensor(rog, "c", 1, b, values + PARAMS, ROG_TENSOR_CONSTANT, &err);
    if (!code)
        code = rog_start(rog, &err);
    long exchanges = 0;
    for (double end_s = rog_link_now() + seconds; !code && rog_link_now() < end_s; exchanges++) {
        usleep(2000);
        code = rog_exchange(rog, &step, &err);
        check_finite(values);
    }
    if (!code)
        code = rog_finish(rog, &err);
    need(code == 0, err.message);
    check_finite(values);
    rog_close(rog);
    return exchanges;
}

/* ---- main ---- */

static void prepare(struct torture *t, char **words)
{
    struct rog_error err = {0};
    struct rog_seal *seal;
    const char *colon = strchr(words[2], ':');
    need(colon != NULL, "the address has no port");
    t->codec = words[4];
    t->rank = (uint32_t)atol(words[5]);
    rog_rng_init(&t->rng, (uint64_t)atoll(words[6]));
    t->address = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(colon + 1)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int code = rog_secret_read(&t->secret, words[3], &err);
    if (!code)
        code = rog_plugin_load(&t->plugin, "SSP", &err);
    if (!code)
        code = rog_layout_parse(&t->layout, LAYOUT, strlen(LAYOUT), &err);
    t->settings = rog_json_object();
    rog_json_put_string(t->settings, "compression", t->codec);
    if (!code)
        code = rog_settings_fill(rog_run_settings, t->settings, &err);
    if (!code)
        code = rog_parts_init(&t->parts, t->settings, &err);
    if (!code)
        code = rog_parts_put(&t->parts, false, t->settings, &err);
    const struct rog_rows_codecs codecs = {
        .push = t->parts.push_codec,
        .push_parameters = t->parts.chosen[ROG_PART_PUSH_CODEC].parameters,
        .pull = t->parts.pull_codec,
        .pull_parameters = t->parts.chosen[ROG_PART_PULL_CODEC].parameters};
    if (!code)
        code = rog_layout_rows(t->layout, &codecs, &t->rows, &err);
    need(code == 0, err.message);
    introduce(t, t->secret, t->recorded, &seal);
    rog_seal_free(seal);
}

int main(int argc, char **argv)
{
    struct torture t = {0};
    need(argc == 8, "MODE ADDRESS KEYFILE CODEC RANK SEED COUNT");
    prepare(&t, argv);
    long count = atol(argv[7]);
    if (strcmp(argv[1], "honest") == 0)
        count = honest(&t, argv[2], 0.1 * (double)count);
    else
        for (long i = 0; i < count; i++)
            strcmp(argv[1], "peers") == 0 ? peer(&t) : stranger(&t);
    printf("%ld\n", count);
    rog_rows_free(t.rows);
    rog_parts_release(&t.parts);
    rog_json_free(t.settings);
    rog_layout_free(t.layout);
    rog_plugin_release(&t.plugin);
    rog_secret_free(t.secret);
    return 0;
}
