/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Input from the network, at every stage: a handshake of a stranger, frames of a stranger, and of a
 * peer with the secret that sends invalid data: hellos, numbers of messages and messages of both
 * halves of the core. The first byte of the input selects the stage.
 *
 * With ROG_FUZZ_ENGINE the compiler's fuzzer drives it (clang -fsanitize=fuzzer); otherwise the
 * program generates inputs itself, valid ones with a few bytes changed: [iterations [seed]].
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>
#include <common/rng.h>
#include <librog/net/bytes.h>
#include <librog/net/seal.h>
#include <librog/net/session.h>
#include <librog/sync/rows.h>
#include <librog/sync/wire.h>

#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "frame_fuzz: %s\n", what);
    abort();
}

static struct rog_secret *make_secret(void)
{
    const uint8_t key[ROG_SECRET_BYTES] = {42};
    struct rog_secret *secret;
    check(rog_secret_new(&secret, key, NULL) == 0, "no secret");
    return secret;
}

static void handshake(const uint8_t *data, size_t size)
{
    uint8_t message[ROG_HANDSHAKE_BYTES] = {0};
    struct rog_secret *secret = make_secret();
    struct rog_seal *seal;
    memcpy(message, data, size < sizeof message ? size : sizeof message);
    check(rog_seal_new(&seal, secret, true, NULL) == 0, "no seal");
    check(rog_seal_meet(seal, message, NULL) != 0, "a stranger was let in");
    rog_seal_free(seal);
    rog_secret_free(secret);
}

static void frame(const uint8_t *data, size_t size)
{
    uint8_t message[ROG_HANDSHAKE_BYTES], bytes[INPUT_MAX], type, *payload;
    struct rog_secret *secret = make_secret();
    struct rog_seal *client, *server;
    size_t whole, length;
    check(rog_seal_new(&client, secret, false, NULL) == 0, "no seal");
    check(rog_seal_new(&server, secret, true, NULL) == 0, "no seal");
    rog_seal_introduce(client, message);
    check(rog_seal_meet(server, message, NULL) == 0, "no handshake");
    memcpy(bytes, data, size);
    if (size >= ROG_FRAME_HEADER_BYTES &&
        rog_seal_frame_bytes(server, bytes, INPUT_MAX, &whole, NULL) == 0) {
        check(whole >= ROG_FRAME_OVERHEAD && whole <= INPUT_MAX, "an impossible length");
        if (whole <= size)
            check(rog_seal_open(server, bytes, whole, &type, &payload, &length, NULL) != 0,
                  "a stranger's frame was opened");
    }
    rog_seal_free(client);
    rog_seal_free(server);
    rog_secret_free(secret);
}

static void hello(const uint8_t *data, size_t size)
{
    struct rog_json *value;
    if (rog_json_parse((const char *)data, size, "fuzz", &value, NULL) == 0)
        rog_json_free(value);
}

/* Each 9 bytes: an operation, and a number. */
static void numbers(const uint8_t *data, size_t size)
{
    struct rog_session *session;
    double written_s;
    size_t bytes;
    check(rog_session_new(&session, NULL) == 0, "no session");
    for (; size >= 9; data += 9, size -= 9) {
        uint64_t number = rog_get_u64(data + 1);
        switch (data[0] % 5) {
        case 0:
            rog_session_put(session, 1, NULL, number % 1000, NULL);
            break;
        case 1:
            if (rog_session_next(session))
                rog_session_written(session, 1);
            break;
        case 2:
            rog_session_acknowledge(session, number, &bytes, &written_s, NULL);
            break;
        case 3:
            rog_session_receive(session, number, NULL);
            break;
        default:
            rog_session_resume(session, number, NULL);
        }
    }
    rog_session_free(session);
}

static void message(const uint8_t *data, size_t size)
{
    const uint32_t dims[] = {1, 2, 2}, shapes[] = {7, 40, 30, 3, 5};
    struct rog_rows *rows;
    struct rog_wire wire;
    check(rog_rows_new(&rows, dims, shapes, 3, NULL) == 0, "no rows");
    if (rog_wire_parse(rows, data, size, &wire, NULL) == 0) {
        uint32_t first, length, count = 0;
        while (rog_wire_run(&wire.numbers, &first, &length))
            count += length;
        check(count <= rows->row_count, "more rows than there are");
    }
    rog_rows_free(rows);
}

static void (*const stages[])(const uint8_t *, size_t) = {handshake, frame, hello, numbers,
                                                          message};
#define STAGES (sizeof stages / sizeof *stages)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size <= INPUT_MAX)
        stages[data[0] % STAGES](data + 1, size - 1);
    return 0;
}

#ifndef ROG_FUZZ_ENGINE

/* Makes input that is nearly valid for the stage. */
static size_t make_input(struct rog_rng *rng, uint8_t *input)
{
    static const char text[] = "{\"protocol\":1,\"rank\":2,\"session\":\"00\",\"received\":3}";
    static const uint8_t begin[] = {1, 2, 1, 0, 5, 0, 0, 0, 1, 0, 3};
    size_t size = 1 + rog_rng_below(rng, 200);
    uint32_t stage = rog_rng_below(rng, STAGES);
    for (size_t i = 0; i < size; i++)
        input[i] = (uint8_t)rog_rng_below(rng, rog_rng_below(rng, 2) ? 256 : 4);
    input[0] = (uint8_t)stage;
    if (stage == 0 && size > 9)
        memcpy(input + 1, "ROGL\2\1\0", 8);
    if (stage == 1 && size > 13)
        memcpy(input + 1, "\2\40\0\0\0\0\0\0\0\0\0\0", 12);
    if (stage == 2) {
        size = sizeof text;
        memcpy(input + 1, text, size - 1);
    }
    if (stage == 4 && size > sizeof begin)
        memcpy(input + 1, begin, sizeof begin);
    for (uint32_t changes = rog_rng_below(rng, 4); changes > 0 && size > 1; changes--)
        input[1 + rog_rng_below(rng, (uint32_t)size - 1)] = (uint8_t)rog_rng_below(rng, 256);
    return size;
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? atol(argv[1]) : 20000;
    struct rog_rng rng;
    rog_rng_init(&rng, argc > 2 ? (uint64_t)atoll(argv[2]) : 1);
    for (long i = 0; i < iterations; i++) {
        uint8_t input[INPUT_MAX];
        LLVMFuzzerTestOneInput(input, make_input(&rng, input));
    }
    printf("%ld inputs\n", iterations);
    return 0;
}

#endif
