/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_SEAL_H
#define ROG_LINK_SEAL_H

/*
 * Encryption of the training link, with libsodium, and the format of its frames. No sockets.
 *
 * All nodes of a run share one secret of 32 bytes. A connection begins with one message in each
 * direction, the client's first:
 *
 *     "ROGL", u8 version, u8 role (1 client, 2 server), u16 0, and a message of the handshake
 *     Noise_NNpsk0_25519_ChaChaPoly_SHA256 (handshake.h) without a payload. Its shared key is the
 *     secret, its prologue the first 8 bytes of the client's message.
 *
 * A peer without the secret learns nothing: the server answers only a message that was made with
 * the secret. Each direction then has its own key, derived from new ephemeral keys of both sides
 * and the secret. An attacker who learns the secret later cannot decrypt recorded traffic, and both
 * the secret and an ephemeral key are necessary to decrypt anything.
 *
 * After that, frames:
 *
 *     u8 version, u24 length of the rest after the header, u64 sequence, then (u8 type, payload),
 *     encrypted with the handshake's cipher, with the header as additional data
 *
 * The sequence is the cipher's nonce. After every 2^ROG_REKEY_BITS frames the direction's key is
 * replaced (Noise's REKEY).
 *
 * Numbers are little-endian. Sequences count up from 0 in each direction, so that a frame that is
 * repeated, left out, reordered, truncated or changed is rejected.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_LINK_VERSION 2
#define ROG_SECRET_BYTES 32
#define ROG_HANDSHAKE_BYTES 56
#define ROG_REKEY_BITS 16
#define ROG_FRAME_HEADER_BYTES 12
#define ROG_FRAME_OVERHEAD (ROG_FRAME_HEADER_BYTES + 1 + 16)
#define ROG_FRAME_PAYLOAD_MAX 65536
#define ROG_FRAME_BYTES_MAX (ROG_FRAME_PAYLOAD_MAX + ROG_FRAME_OVERHEAD)
/* Maximum bytes of a frame before the peer has proved that it has the secret */
#define ROG_FRAME_FIRST_MAX 4096

/* The secret of a run, in memory that is wiped when freed and excluded from core dumps. */
struct rog_secret;

/* Reads a secret, 32 bytes or 64 hexadecimal digits, from a file ("/dev/fd/N" for an inherited
 * descriptor). ROG_EINVAL: another size, or other users may read the file. */
int rog_secret_read(struct rog_secret **secret, const char *path, struct rog_error *err);
int rog_secret_new(struct rog_secret **secret, const uint8_t bytes[ROG_SECRET_BYTES],
                   struct rog_error *err);
void rog_secret_free(struct rog_secret *secret);
/* Returns the ROG_SECRET_BYTES bytes of the secret; borrowed. */
const uint8_t *rog_secret_bytes(const struct rog_secret *secret);

/* One connection's keys and sequence numbers. */
struct rog_seal;

/* `secret` is borrowed until the handshake is complete. */
int rog_seal_new(struct rog_seal **seal, const struct rog_secret *secret, bool server,
                 struct rog_error *err);
void rog_seal_free(struct rog_seal *seal);

/* Writes our message: the client's immediately, the server's after it has received the client's. */
void rog_seal_introduce(struct rog_seal *seal, uint8_t message[ROG_HANDSHAKE_BYTES]);
/* Processes the peer's message. ROG_EFORMAT: it is invalid, was not made with our secret, or has
 * another version. The server must send its own next; the client can send frames from now on. */
int rog_seal_meet(struct rog_seal *seal, const uint8_t message[ROG_HANDSHAKE_BYTES],
                  struct rog_error *err);

/* Writes a frame of size + ROG_FRAME_OVERHEAD bytes; size <= ROG_FRAME_PAYLOAD_MAX. */
size_t rog_seal_close(struct rog_seal *seal, uint8_t type, const uint8_t *payload, size_t size,
                      uint8_t *frame);

/* Sets *bytes to the length, including the header, of the frame that begins with these
 * ROG_FRAME_HEADER_BYTES bytes. ROG_EFORMAT: it is not the next expected frame, or longer than
 * `most`. */
int rog_seal_frame_bytes(const struct rog_seal *seal, const uint8_t *header, size_t most,
                         size_t *bytes, struct rog_error *err);
/* Decrypts a whole frame in place: *payload points into it. ROG_EFORMAT: it is not authentic. */
int rog_seal_open(struct rog_seal *seal, uint8_t *frame, size_t bytes, uint8_t *type,
                  uint8_t **payload, size_t *size, struct rog_error *err);

#endif
