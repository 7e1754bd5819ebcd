/* SPDX-License-Identifier: Apache-2.0 */
/* Noise_NNpsk0_25519_ChaChaPoly_SHA256, structured like the sections of the specification. */
#include <librog/net/handshake.h>

#include <string.h>

#include <sodium.h>

#include <librog/net/bytes.h>

#define NAME "Noise_NNpsk0_25519_ChaChaPoly_SHA256"
#define NONCE_BYTES crypto_aead_chacha20poly1305_ietf_NPUBBYTES
#define KEY_BYTES ROG_NOISE_KEY_BYTES

_Static_assert(crypto_hash_sha256_BYTES == KEY_BYTES && crypto_scalarmult_BYTES == KEY_BYTES &&
                   crypto_aead_chacha20poly1305_ietf_KEYBYTES == KEY_BYTES &&
                   crypto_aead_chacha20poly1305_ietf_ABYTES == ROG_NOISE_TAG_BYTES,
               "sizes of the primitives");

/* ---- the cipher of one direction (section 5.1, CipherState) ---- */

static void nonce_of(uint64_t number, uint8_t nonce[NONCE_BYTES])
{
    rog_put_u32(nonce, 0);
    rog_put_u64(nonce + 4, number);
}

void rog_noise_encrypt(struct rog_noise_cipher *cipher, const void *about, size_t about_bytes,
                       const uint8_t *text, size_t size, uint8_t *sealed)
{
    uint8_t nonce[NONCE_BYTES];
    nonce_of(cipher->nonce++, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, text, size, about, about_bytes, NULL,
                                              nonce, cipher->key);
}

bool rog_noise_decrypt(struct rog_noise_cipher *cipher, const void *about, size_t about_bytes,
                       const uint8_t *sealed, size_t bytes, uint8_t *text)
{
    uint8_t nonce[NONCE_BYTES];
    nonce_of(cipher->nonce, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(text, NULL, NULL, sealed, bytes, about,
                                                  about_bytes, nonce, cipher->key) != 0)
        return false;
    cipher->nonce++;
    return true;
}

void rog_noise_rekey(struct rog_noise_cipher *cipher)
{
    static const uint8_t zeros[KEY_BYTES];
    uint8_t nonce[NONCE_BYTES], sealed[KEY_BYTES + ROG_NOISE_TAG_BYTES];
    nonce_of(UINT64_MAX, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0, NULL,
                                              nonce, cipher->key);
    memcpy(cipher->key, sealed, KEY_BYTES);
    sodium_memzero(sealed, sizeof sealed);
}

/* ---- the keys of the handshake (sections 4.3 and 5.2, HKDF and SymmetricState) ---- */

static void hmac(const uint8_t key[KEY_BYTES], const uint8_t *text, size_t size, uint8_t last,
                 uint8_t out[KEY_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, KEY_BYTES);
    crypto_auth_hmacsha256_update(&state, text, size);
    if (last)
        crypto_auth_hmacsha256_update(&state, &last, 1);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

/* Derives `count` keys, 2 or 3, from the chaining key and the input key material. */
static void derive(const uint8_t chaining_key[KEY_BYTES], const uint8_t *material, size_t bytes,
                   uint8_t keys[][KEY_BYTES], uint8_t count)
{
    uint8_t secret[KEY_BYTES];
    hmac(chaining_key, material, bytes, 0, secret);
    hmac(secret, NULL, 0, 1, keys[0]);
    for (uint8_t i = 1; i < count; i++)
        hmac(secret, keys[i - 1], KEY_BYTES, (uint8_t)(i + 1), keys[i]);
    sodium_memzero(secret, sizeof secret);
}

static void mix_hash(struct rog_noise_handshake *handshake, const void *text, size_t bytes)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, handshake->hash, KEY_BYTES);
    crypto_hash_sha256_update(&state, text, bytes);
    crypto_hash_sha256_final(&state, handshake->hash);
}

static void set_cipher(struct rog_noise_handshake *handshake, const uint8_t key[KEY_BYTES])
{
    memcpy(handshake->cipher.key, key, KEY_BYTES);
    handshake->cipher.nonce = 0;
}

static void mix_key(struct rog_noise_handshake *handshake, const uint8_t material[KEY_BYTES])
{
    uint8_t keys[2][KEY_BYTES];
    derive(handshake->chaining_key, material, KEY_BYTES, keys, 2);
    memcpy(handshake->chaining_key, keys[0], KEY_BYTES);
    set_cipher(handshake, keys[1]);
    sodium_memzero(keys, sizeof keys);
}

static void mix_shared_key(struct rog_noise_handshake *handshake, const uint8_t *shared_key)
{
    uint8_t keys[3][KEY_BYTES];
    derive(handshake->chaining_key, shared_key, KEY_BYTES, keys, 3);
    memcpy(handshake->chaining_key, keys[0], KEY_BYTES);
    mix_hash(handshake, keys[1], KEY_BYTES);
    set_cipher(handshake, keys[2]);
    sodium_memzero(keys, sizeof keys);
}

/* ---- the handshake (section 5.3 with 9.2, an ephemeral key and a shared key) ---- */

void rog_noise_begin(struct rog_noise_handshake *handshake, const void *prologue, size_t bytes,
                     const uint8_t shared_key[KEY_BYTES])
{
    memset(handshake, 0, sizeof *handshake);
    crypto_hash_sha256(handshake->hash, (const uint8_t *)NAME, sizeof NAME - 1);
    memcpy(handshake->chaining_key, handshake->hash, KEY_BYTES);
    mix_hash(handshake, prologue, bytes);
    mix_shared_key(handshake, shared_key);
}

void rog_noise_set_key(struct rog_noise_handshake *handshake, const uint8_t private_key[KEY_BYTES])
{
    memcpy(handshake->private_key, private_key, KEY_BYTES);
    crypto_scalarmult_base(handshake->public_key, private_key);
}

void rog_noise_draw_key(struct rog_noise_handshake *handshake)
{
    uint8_t drawn[KEY_BYTES];
    randombytes_buf(drawn, sizeof drawn);
    rog_noise_set_key(handshake, drawn);
    sodium_memzero(drawn, sizeof drawn);
}

static void take_ephemeral(struct rog_noise_handshake *handshake, const uint8_t key[KEY_BYTES])
{
    mix_hash(handshake, key, KEY_BYTES);
    mix_key(handshake, key);
}

/* Returns false for a public key of small order, with which anyone would know the result. */
static bool agree(struct rog_noise_handshake *handshake)
{
    uint8_t common[KEY_BYTES];
    bool good = crypto_scalarmult(common, handshake->private_key, handshake->peer) == 0;
    if (good)
        mix_key(handshake, common);
    sodium_memzero(common, sizeof common);
    return good;
}

bool rog_noise_write(struct rog_noise_handshake *handshake, bool is_answer, const void *payload,
                     size_t size, uint8_t *message)
{
    uint8_t *sealed = message + KEY_BYTES;
    memcpy(message, handshake->public_key, KEY_BYTES);
    take_ephemeral(handshake, handshake->public_key);
    if (is_answer && !agree(handshake))
        return false;
    rog_noise_encrypt(&handshake->cipher, handshake->hash, KEY_BYTES, payload, size, sealed);
    mix_hash(handshake, sealed, size + ROG_NOISE_TAG_BYTES);
    return true;
}

bool rog_noise_read(struct rog_noise_handshake *handshake, bool is_answer, const uint8_t *message,
                    size_t bytes, uint8_t *payload)
{
    if (bytes < ROG_NOISE_MESSAGE_OVERHEAD)
        return false;
    struct rog_noise_handshake next = *handshake;
    const uint8_t *sealed = message + KEY_BYTES;
    memcpy(next.peer, message, KEY_BYTES);
    take_ephemeral(&next, next.peer);
    bool good =
        (!is_answer || agree(&next)) &&
        rog_noise_decrypt(&next.cipher, next.hash, KEY_BYTES, sealed, bytes - KEY_BYTES, payload);
    if (good) {
        mix_hash(&next, sealed, bytes - KEY_BYTES);
        *handshake = next;
    }
    sodium_memzero(&next, sizeof next);
    return good;
}

void rog_noise_split(struct rog_noise_handshake *handshake, struct rog_noise_cipher *there,
                     struct rog_noise_cipher *back)
{
    uint8_t keys[2][KEY_BYTES];
    derive(handshake->chaining_key, NULL, 0, keys, 2);
    *there = (struct rog_noise_cipher){.nonce = 0};
    *back = (struct rog_noise_cipher){.nonce = 0};
    memcpy(there->key, keys[0], KEY_BYTES);
    memcpy(back->key, keys[1], KEY_BYTES);
    sodium_memzero(keys, sizeof keys);
    sodium_memzero(handshake, sizeof *handshake);
}
