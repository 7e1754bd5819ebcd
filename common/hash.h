/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_HASH_H
#define ROG_COMMON_HASH_H

/* SHA-256 and BLAKE2b (libsodium), as 64 hexadecimal digits. */

#include <stddef.h>

#include <rog/error.h>

#define ROG_SHA256_HEX_BYTES 65 /* with the NUL */

void rog_sha256(const void *data, size_t size, char hex[ROG_SHA256_HEX_BYTES]);
int rog_sha256_file(const char *path, char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err);
/* The hash of two arrays, one after the other. */
int rog_sha256_two(const void *first, size_t first_bytes, const void *second, size_t second_bytes,
                   char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err);

/* BLAKE2b of 256 bits, also as 64 digits, of a stream: twice as fast, for hashes that no other
 * program needs. */
struct rog_blake2b_stream; /* opaque */
int rog_blake2b_stream_new(struct rog_blake2b_stream **stream, struct rog_error *err);
void rog_blake2b_stream_add(struct rog_blake2b_stream *stream, const void *data, size_t size);
void rog_blake2b_stream_end(struct rog_blake2b_stream *stream, char hex[ROG_SHA256_HEX_BYTES]);

/* SHA-256 of a stream. */
struct rog_sha256_stream; /* opaque */
int rog_sha256_stream_new(struct rog_sha256_stream **stream, struct rog_error *err);
void rog_sha256_stream_add(struct rog_sha256_stream *stream, const void *data, size_t size);
/* Writes the digest and frees the stream. */
void rog_sha256_stream_end(struct rog_sha256_stream *stream, char hex[ROG_SHA256_HEX_BYTES]);

#endif
