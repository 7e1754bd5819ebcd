/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of memory, files and streams, by libsodium. */
#include <common/hash.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

struct rog_sha256_stream {
    crypto_hash_sha256_state state;
};

struct rog_blake2b_stream {
    crypto_generichash_state state;
};

_Static_assert(crypto_generichash_BYTES == crypto_hash_sha256_BYTES, "hashes of one length");

static void to_hex(const unsigned char digest[crypto_hash_sha256_BYTES],
                   char hex[ROG_SHA256_HEX_BYTES])
{
    sodium_bin2hex(hex, ROG_SHA256_HEX_BYTES, digest, crypto_hash_sha256_BYTES);
}

void rog_sha256(const void *data, size_t size, char hex[ROG_SHA256_HEX_BYTES])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, data, size);
    to_hex(digest, hex);
}

int rog_sha256_stream_new(struct rog_sha256_stream **stream, struct rog_error *err)
{
    *stream = malloc(sizeof **stream);
    if (!*stream)
        return rog_fail_nomem(err);
    crypto_hash_sha256_init(&(*stream)->state);
    return 0;
}

void rog_sha256_stream_add(struct rog_sha256_stream *stream, const void *data, size_t size)
{
    crypto_hash_sha256_update(&stream->state, data, size);
}

void rog_sha256_stream_end(struct rog_sha256_stream *stream, char hex[ROG_SHA256_HEX_BYTES])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&stream->state, digest);
    to_hex(digest, hex);
    free(stream);
}

int rog_sha256_two(const void *first, size_t first_bytes, const void *second, size_t second_bytes,
                   char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    struct rog_sha256_stream *stream = NULL;
    int code = rog_sha256_stream_new(&stream, err);
    if (code)
        return code;
    rog_sha256_stream_add(stream, first, first_bytes);
    rog_sha256_stream_add(stream, second, second_bytes);
    rog_sha256_stream_end(stream, hex);
    return ROG_OK;
}

int rog_sha256_file(const char *path, char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rog_fail(err, errno == ENOENT ? ROG_ENOTFOUND : ROG_EIO, "cannot open %s: %s", path,
                        strerror(errno));
    struct rog_sha256_stream *stream = NULL;
    int code = rog_sha256_stream_new(&stream, err);
    if (code) {
        fclose(file);
        return code;
    }
    unsigned char bytes[65536];
    size_t got;
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        rog_sha256_stream_add(stream, bytes, got);
    if (ferror(file))
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    fclose(file);
    rog_sha256_stream_end(stream, hex);
    return code;
}

int rog_blake2b_stream_new(struct rog_blake2b_stream **stream, struct rog_error *err)
{
    /* The state has its own alignment. */
    *stream = aligned_alloc(_Alignof(struct rog_blake2b_stream), sizeof **stream);
    if (!*stream)
        return rog_fail_nomem(err);
    crypto_generichash_init(&(*stream)->state, NULL, 0, crypto_generichash_BYTES);
    return 0;
}

void rog_blake2b_stream_add(struct rog_blake2b_stream *stream, const void *data, size_t size)
{
    crypto_generichash_update(&stream->state, data, size);
}

void rog_blake2b_stream_end(struct rog_blake2b_stream *stream, char hex[ROG_SHA256_HEX_BYTES])
{
    unsigned char digest[crypto_generichash_BYTES];
    crypto_generichash_final(&stream->state, digest, sizeof digest);
    to_hex(digest, hex);
    free(stream);
}
