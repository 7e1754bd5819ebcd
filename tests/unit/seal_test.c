/* SPDX-License-Identifier: Apache-2.0 */

/* Secrets, handshakes and frames: correct ones are accepted, all others rejected. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/rng.h>
#include <librog/net/seal.h>

struct pair {
    struct rog_secret *secret, *other;
    struct rog_seal *client, *server;
};

static void make_secrets(struct pair *pair)
{
    uint8_t bytes[ROG_SECRET_BYTES] = {1, 2, 3}, others[ROG_SECRET_BYTES] = {1, 2, 4};
    assert_int_equal(rog_secret_new(&pair->secret, bytes, NULL), 0);
    assert_int_equal(rog_secret_new(&pair->other, others, NULL), 0);
}

static void make_seals(struct pair *pair)
{
    assert_int_equal(rog_seal_new(&pair->client, pair->secret, false, NULL), 0);
    assert_int_equal(rog_seal_new(&pair->server, pair->secret, true, NULL), 0);
}

static void meet(struct pair *pair)
{
    uint8_t message[ROG_HANDSHAKE_BYTES];
    make_seals(pair);
    rog_seal_introduce(pair->client, message);
    assert_int_equal(rog_seal_meet(pair->server, message, NULL), 0);
    rog_seal_introduce(pair->server, message);
    assert_int_equal(rog_seal_meet(pair->client, message, NULL), 0);
}

static void release(struct pair *pair)
{
    rog_seal_free(pair->client);
    rog_seal_free(pair->server);
    rog_secret_free(pair->secret);
    rog_secret_free(pair->other);
}

static int open_frame(struct rog_seal *seal, uint8_t *frame, size_t bytes, uint8_t *type,
                      uint8_t **payload, size_t *size)
{
    size_t whole;
    if (bytes < ROG_FRAME_HEADER_BYTES)
        return ROG_EFORMAT;
    int code = rog_seal_frame_bytes(seal, frame, ROG_FRAME_BYTES_MAX, &whole, NULL);
    if (code || whole > bytes)
        return code ? code : ROG_EFORMAT; /* the rest never arrives */
    return rog_seal_open(seal, frame, whole, type, payload, size, NULL);
}

static void test_frames_in_both_directions(void **state)
{
    (void)state;
    struct pair pair;
    static uint8_t text[ROG_FRAME_PAYLOAD_MAX], frame[ROG_FRAME_BYTES_MAX];
    const size_t sizes[] = {0, 1, 15, 16, 17, 1000, ROG_FRAME_PAYLOAD_MAX};
    uint8_t type, *payload;
    size_t size;
    make_secrets(&pair);
    meet(&pair);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        struct rog_seal *from = i % 2 ? pair.client : pair.server;
        struct rog_seal *to = i % 2 ? pair.server : pair.client;
        size_t expected = sizes[i / 2];
        size_t bytes = rog_seal_close(from, (uint8_t)i, text, expected, frame);
        assert_int_equal(bytes, expected + ROG_FRAME_OVERHEAD);
        assert_int_equal(open_frame(to, frame, bytes, &type, &payload, &size), 0);
        assert_int_equal(type, i);
        assert_int_equal(size, expected);
        assert_memory_equal(payload, text, size);
    }
    release(&pair);
}

/* Also after a rekeying; and a later frame does not use the old key. */
static void test_many_frames(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t frame[ROG_FRAME_OVERHEAD + 4], type, *payload;
    size_t size;
    make_secrets(&pair);
    meet(&pair);
    for (uint32_t i = 0; i < (2u << ROG_REKEY_BITS) + 3; i++) {
        struct rog_seal *from = i % 2 ? pair.client : pair.server;
        struct rog_seal *to = i % 2 ? pair.server : pair.client;
        size_t bytes = rog_seal_close(from, 1, (const uint8_t *)&i, sizeof i, frame);
        assert_int_equal(open_frame(to, frame, bytes, &type, &payload, &size), 0);
        assert_memory_equal(payload, &i, sizeof i);
    }
    release(&pair);
}

static void test_wrong_key(void **state)
{
    (void)state;
    struct pair pair;
    struct rog_error err;
    uint8_t message[ROG_HANDSHAKE_BYTES];
    make_secrets(&pair);
    make_seals(&pair);
    rog_seal_free(pair.client);
    assert_int_equal(rog_seal_new(&pair.client, pair.other, false, NULL), 0);
    rog_seal_introduce(pair.client, message);
    assert_int_equal(rog_seal_meet(pair.server, message, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "key"));
    release(&pair);
}

/* Any changed bit of either message is detected; so is a message returned to its sender. */
static void test_changed_handshakes(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t first[ROG_HANDSHAKE_BYTES], second[ROG_HANDSHAKE_BYTES];
    make_secrets(&pair);
    make_seals(&pair);
    rog_seal_introduce(pair.client, first);
    assert_int_equal(rog_seal_meet(pair.client, first, NULL), ROG_EFORMAT);
    for (size_t bit = 0; bit < 8 * sizeof first; bit++) {
        first[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(rog_seal_meet(pair.server, first, NULL), ROG_EFORMAT);
        first[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(rog_seal_meet(pair.server, first, NULL), 0);
    rog_seal_introduce(pair.server, second);
    for (size_t bit = 0; bit < 8 * sizeof second; bit++) {
        second[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(rog_seal_meet(pair.client, second, NULL), ROG_EFORMAT);
        second[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(rog_seal_meet(pair.client, second, NULL), 0);
    release(&pair);
}

/* A replayed recording of a client is answered, but the replayer can neither read nor send
 * anything. */
static void test_recorded_client(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t hello[ROG_HANDSHAKE_BYTES], answer[ROG_HANDSHAKE_BYTES], recorded[64], again[64];
    uint8_t type, *payload;
    size_t size;
    make_secrets(&pair);
    make_seals(&pair);
    rog_seal_introduce(pair.client, hello);
    assert_int_equal(rog_seal_meet(pair.server, hello, NULL), 0);
    rog_seal_introduce(pair.server, answer);
    assert_int_equal(rog_seal_meet(pair.client, answer, NULL), 0);
    size_t bytes = rog_seal_close(pair.client, 1, (const uint8_t *)"hello", 5, recorded);
    memcpy(again, recorded, bytes);
    assert_int_equal(open_frame(pair.server, recorded, bytes, &type, &payload, &size), 0);

    struct rog_seal *later;
    assert_int_equal(rog_seal_new(&later, pair.secret, true, NULL), 0);
    assert_int_equal(rog_seal_meet(later, hello, NULL), 0);
    assert_int_equal(open_frame(later, again, bytes, &type, &payload, &size), ROG_EFORMAT);
    rog_seal_free(later);
    release(&pair);
}

enum { FRAMES = 4, FRAME_TEXT = 40, FRAME_BYTES = FRAME_TEXT + ROG_FRAME_OVERHEAD };

static void make_frames(struct pair *pair, uint8_t frames[FRAMES][FRAME_BYTES])
{
    uint8_t text[FRAME_TEXT];
    meet(pair);
    for (int i = 0; i < FRAMES; i++) {
        memset(text, i, sizeof text);
        assert_int_equal(rog_seal_close(pair->client, 9, text, sizeof text, frames[i]),
                         FRAME_BYTES);
    }
}

static void test_bad_frames(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t frames[FRAMES][FRAME_BYTES], copy[FRAME_BYTES], type, *payload;
    size_t size;
    make_secrets(&pair);
    make_frames(&pair, frames);

    /* Out of order, or truncated. */
    memcpy(copy, frames[1], FRAME_BYTES);
    assert_int_equal(open_frame(pair.server, copy, FRAME_BYTES, &type, &payload, &size),
                     ROG_EFORMAT);
    for (size_t bytes = 0; bytes < FRAME_BYTES; bytes++) {
        memcpy(copy, frames[0], FRAME_BYTES);
        assert_int_equal(open_frame(pair.server, copy, bytes, &type, &payload, &size), ROG_EFORMAT);
    }
    /* With any bit changed. */
    for (size_t bit = 0; bit < 8 * FRAME_BYTES; bit++) {
        memcpy(copy, frames[0], FRAME_BYTES);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_frame(pair.server, copy, FRAME_BYTES, &type, &payload, &size),
                         ROG_EFORMAT);
    }
    /* Returned to the sender. */
    memcpy(copy, frames[0], FRAME_BYTES);
    assert_int_equal(open_frame(pair.client, copy, FRAME_BYTES, &type, &payload, &size),
                     ROG_EFORMAT);
    /* None of that had an effect; and each frame is accepted once. */
    memcpy(copy, frames[0], FRAME_BYTES);
    assert_int_equal(open_frame(pair.server, copy, FRAME_BYTES, &type, &payload, &size), 0);
    memcpy(copy, frames[0], FRAME_BYTES);
    assert_int_equal(open_frame(pair.server, copy, FRAME_BYTES, &type, &payload, &size),
                     ROG_EFORMAT);
    release(&pair);
}

static void test_oversized(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t frame[FRAME_BYTES];
    size_t bytes;
    struct rog_error err;
    make_secrets(&pair);
    meet(&pair);
    rog_seal_close(pair.client, 9, frame, 40, frame);
    assert_int_equal(rog_seal_frame_bytes(pair.server, frame, FRAME_BYTES, &bytes, NULL), 0);
    assert_int_equal(bytes, FRAME_BYTES);
    assert_int_equal(rog_seal_frame_bytes(pair.server, frame, FRAME_BYTES - 1, &bytes, &err),
                     ROG_EFORMAT);
    assert_non_null(strstr(err.message, "69 bytes"));
    frame[3] = 0xff;
    assert_int_equal(rog_seal_frame_bytes(pair.server, frame, ROG_FRAME_BYTES_MAX, &bytes, NULL),
                     ROG_EFORMAT);
    release(&pair);
}

/* ---- key files ---- */

static int read_key(const char *text, size_t size, mode_t mode, struct rog_error *err)
{
    char path[] = "/tmp/rog-key-XXXXXX";
    struct rog_secret *secret;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    int code = rog_secret_read(&secret, path, err);
    unlink(path);
    rog_secret_free(secret);
    return code;
}

static void test_key_files(void **state)
{
    (void)state;
    struct rog_error err;
    const char *hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";
    assert_int_equal(read_key(hex, 32, 0600, &err), 0);
    assert_int_equal(read_key(hex, 64, 0400, &err), 0);
    assert_int_equal(read_key(hex, 65, 0600, &err), 0);
    assert_int_equal(read_key(hex, 31, 0600, &err), ROG_EINVAL);
    assert_int_equal(read_key(hex, 63, 0600, &err), ROG_EINVAL);
    assert_int_equal(read_key("", 0, 0600, &err), ROG_EINVAL);
    assert_null(strstr(err.message, "0011"));
    assert_int_equal(read_key(hex, 32, 0640, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "chmod 600"));
    struct rog_secret *secret;
    assert_int_equal(rog_secret_read(&secret, "/nonexistent/key", &err), ROG_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_in_both_directions),
        cmocka_unit_test(test_many_frames),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_changed_handshakes),
        cmocka_unit_test(test_recorded_client),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_oversized),
        cmocka_unit_test(test_key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
