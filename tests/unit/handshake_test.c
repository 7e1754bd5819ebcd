/* SPDX-License-Identifier: Apache-2.0 */

/* The handshake compared with a published test vector, and properties that a vector does not
 * show. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/net/handshake.h>

enum { MOST = 128 };

/* From the cacophony test vectors, as in the Rust library snow:
 * Noise_NNpsk0_25519_ChaChaPoly_SHA256. */
static const char prologue[] = "4a6f686e2047616c74";
static const char shared_key[] = "54686973206973206d7920417573747269616e20706572737065637469766521";
static const char initiator_key[] =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
static const char responder_key[] =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
static const char handshake_hash[] =
    "f4d03dc34495c95729ea6de9e1b59004b59733102488b3e24bc441e0be208eaf";
static const struct {
    const char *payload, *sent; /* initiator and responder in turn */
} messages[] = {
    {"4c756477696720766f6e204d69736573",
     "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c794479b962b8aff8485742ac32f905ba4"
     "5369e2465fb59e138a93d67a0d1266b6a54"},
    {"4d757272617920526f746862617264",
     "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843d6062704d5a9c422a8e834423f8c1"
     "feada7e8d0d910a1a2cd030fb584221e3"},
    {"462e20412e20486179656b", "e632c3763d7669067383433197a3baddf146e9e70ad4b4e9e59e0f"},
    {"4361726c204d656e676572", "64c6bee32ea91c8474bb4c21d7a700109ad45af77b29764ba5eb1e"},
    {"4a65616e2d426170746973746520536179",
     "e2fa0bed0603b62d3ccac2ecabbf3fe33f3e86514909b323361626266cb2471cc8"},
    {"457567656e2042f6686d20766f6e2042617765726b",
     "0c01dc9cec1fe4ddd692e8dd32188aa351088dc91183639a53b57aa4692b5ebdef8b8ca111"},
};

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
    size_t size = strlen(hex) / 2;
    assert_in_range(size, 0, MOST);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

struct side {
    struct rog_noise_handshake handshake;
    struct rog_noise_cipher send, receive;
};

static void begin(struct side *side, const char *key)
{
    uint8_t text[MOST], shared[MOST], own[MOST];
    size_t size = bytes_of(prologue, text);
    bytes_of(shared_key, shared);
    bytes_of(key, own);
    rog_noise_begin(&side->handshake, text, size, shared);
    rog_noise_set_key(&side->handshake, own);
}

/* Exchanges both messages of the handshake, as published. */
static void shake_hands(struct side *initiator, struct side *responder)
{
    uint8_t payload[MOST], sent[MOST], message[MOST], received[MOST], hash[MOST];
    begin(initiator, initiator_key);
    begin(responder, responder_key);
    for (int i = 0; i < 2; i++) {
        struct side *from = i ? responder : initiator, *to = i ? initiator : responder;
        size_t size = bytes_of(messages[i].payload, payload);
        size_t whole = bytes_of(messages[i].sent, sent);
        assert_int_equal(whole, size + ROG_NOISE_MESSAGE_OVERHEAD);
        assert_true(rog_noise_write(&from->handshake, i, payload, size, message));
        assert_memory_equal(message, sent, whole);
        assert_true(rog_noise_read(&to->handshake, i, sent, whole, received));
        assert_memory_equal(received, payload, size);
    }
    bytes_of(handshake_hash, hash);
    assert_memory_equal(initiator->handshake.hash, hash, ROG_NOISE_KEY_BYTES);
    assert_memory_equal(responder->handshake.hash, hash, ROG_NOISE_KEY_BYTES);
    rog_noise_split(&initiator->handshake, &initiator->send, &initiator->receive);
    rog_noise_split(&responder->handshake, &responder->receive, &responder->send);
}

static void test_vector(void **state)
{
    (void)state;
    struct side initiator, responder;
    uint8_t payload[MOST], sent[MOST], sealed[MOST], text[MOST];
    shake_hands(&initiator, &responder);
    for (size_t i = 2; i < sizeof messages / sizeof *messages; i++) {
        struct side *from = i % 2 ? &responder : &initiator, *to = i % 2 ? &initiator : &responder;
        size_t size = bytes_of(messages[i].payload, payload);
        size_t whole = bytes_of(messages[i].sent, sent);
        assert_int_equal(whole, size + ROG_NOISE_TAG_BYTES);
        rog_noise_encrypt(&from->send, NULL, 0, payload, size, sealed);
        assert_memory_equal(sealed, sent, whole);
        assert_true(rog_noise_decrypt(&to->receive, NULL, 0, sent, whole, text));
        assert_memory_equal(text, payload, size);
    }
}

/* A handshake does not keep its keys. */
static void test_wiped(void **state)
{
    (void)state;
    struct side initiator, responder;
    static const struct rog_noise_handshake nothing;
    shake_hands(&initiator, &responder);
    assert_memory_equal(&initiator.handshake, &nothing, sizeof nothing);
}

static void test_rekey(void **state)
{
    (void)state;
    struct side initiator, responder;
    uint8_t sealed[MOST], text[MOST], old[ROG_NOISE_KEY_BYTES];
    shake_hands(&initiator, &responder);
    memcpy(old, initiator.send.key, sizeof old);
    rog_noise_rekey(&initiator.send);
    assert_memory_not_equal(initiator.send.key, old, sizeof old);
    rog_noise_encrypt(&initiator.send, NULL, 0, old, 4, sealed);
    assert_false(
        rog_noise_decrypt(&responder.receive, NULL, 0, sealed, 4 + ROG_NOISE_TAG_BYTES, text));
    rog_noise_rekey(&responder.receive);
    assert_true(
        rog_noise_decrypt(&responder.receive, NULL, 0, sealed, 4 + ROG_NOISE_TAG_BYTES, text));
    assert_int_equal(responder.receive.nonce, 1);
}

/* With a public key of small order, anyone knows the shared secret. */
static void test_small_order(void **state)
{
    (void)state;
    struct side initiator, responder;
    uint8_t message[ROG_NOISE_MESSAGE_OVERHEAD], answer[ROG_NOISE_MESSAGE_OVERHEAD], text[1];
    begin(&initiator, initiator_key);
    begin(&responder, responder_key);
    memset(initiator.handshake.public_key, 0, ROG_NOISE_KEY_BYTES);
    assert_true(rog_noise_write(&initiator.handshake, false, NULL, 0, message));
    assert_true(rog_noise_read(&responder.handshake, false, message, sizeof message, text));
    assert_false(rog_noise_write(&responder.handshake, true, NULL, 0, answer));
    assert_false(rog_noise_read(&responder.handshake, false, message, 10, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_wiped),
        cmocka_unit_test(test_rekey),
        cmocka_unit_test(test_small_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
