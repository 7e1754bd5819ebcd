/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_HANDSHAKE_H
#define ROG_LINK_HANDSHAKE_H

/*
 * The Noise protocol Noise_NNpsk0_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision
 * 34) on libsodium's primitives. Two messages, the initiator's first:
 *
 *     -> psk, e
 *     <- e, ee
 *
 * each an ephemeral X25519 public key and an encrypted payload. Afterwards each direction has its
 * own cipher. No sockets, no allocation; the owner of these structs wipes them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_NOISE_KEY_BYTES 32
#define ROG_NOISE_TAG_BYTES 16
/* The number of bytes by which a handshake message is longer than its payload. */
#define ROG_NOISE_MESSAGE_OVERHEAD (ROG_NOISE_KEY_BYTES + ROG_NOISE_TAG_BYTES)

struct rog_noise_cipher {
    uint8_t key[ROG_NOISE_KEY_BYTES];
    uint64_t nonce; /* of the next text; each is used once */
};

struct rog_noise_handshake {
    uint8_t chaining_key[ROG_NOISE_KEY_BYTES], hash[ROG_NOISE_KEY_BYTES];
    struct rog_noise_cipher cipher;
    uint8_t public_key[ROG_NOISE_KEY_BYTES], private_key[ROG_NOISE_KEY_BYTES];
    uint8_t peer[ROG_NOISE_KEY_BYTES]; /* the peer's public key */
};

/* Both sides start with the same prologue, which is not sent, and the same shared key. */
void rog_noise_begin(struct rog_noise_handshake *handshake, const void *prologue, size_t bytes,
                     const uint8_t shared_key[ROG_NOISE_KEY_BYTES]);
/* Sets the ephemeral key: random, or given for test vectors. Call before writing the first own
 * message. */
void rog_noise_draw_key(struct rog_noise_handshake *handshake);
void rog_noise_set_key(struct rog_noise_handshake *handshake,
                       const uint8_t private_key[ROG_NOISE_KEY_BYTES]);

/* One message of the handshake: `is_answer` is the second. message: size +
 * ROG_NOISE_MESSAGE_OVERHEAD bytes. Returns false if the peer's public key is invalid. */
bool rog_noise_write(struct rog_noise_handshake *handshake, bool is_answer, const void *payload,
                     size_t size, uint8_t *message);
/* payload: bytes - ROG_NOISE_MESSAGE_OVERHEAD bytes. Returns false if the message was not made with
 * the same shared key and prologue, or is damaged; the handshake is then unchanged. */
bool rog_noise_read(struct rog_noise_handshake *handshake, bool is_answer, const uint8_t *message,
                    size_t bytes, uint8_t *payload);
/* After both messages: the ciphers for what the initiator sends and receives. Wipes the
 * handshake. */
void rog_noise_split(struct rog_noise_handshake *handshake, struct rog_noise_cipher *there,
                     struct rog_noise_cipher *back);

/* In place or not: `sealed` has size + ROG_NOISE_TAG_BYTES bytes. `about` is authenticated, too. */
void rog_noise_encrypt(struct rog_noise_cipher *cipher, const void *about, size_t about_bytes,
                       const uint8_t *text, size_t size, uint8_t *sealed);
/* Returns false if this is not the next encrypted text; the cipher is then unchanged. */
bool rog_noise_decrypt(struct rog_noise_cipher *cipher, const void *about, size_t about_bytes,
                       const uint8_t *sealed, size_t bytes, uint8_t *text);
/* Replaces the key by a new one, which does not reveal the old one (section 4.2, REKEY). */
void rog_noise_rekey(struct rog_noise_cipher *cipher);

#endif
