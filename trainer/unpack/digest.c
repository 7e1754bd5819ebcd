/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of libcrypto. */
#define OPENSSL_SUPPRESS_DEPRECATED /* EVP would link all of libcrypto */
#include <trainer/unpack/digest.h>

#include <stdlib.h>

#include <openssl/sha.h>

struct rog_digest {
    SHA256_CTX state;
};

struct rog_digest *rog_digest_new(void)
{
    return calloc(1, sizeof(struct rog_digest));
}

void rog_digest_free(struct rog_digest *digest)
{
    free(digest);
}

void rog_digest_begin(struct rog_digest *digest)
{
    SHA256_Init(&digest->state);
}

void rog_digest_add(struct rog_digest *digest, const void *data, size_t size)
{
    SHA256_Update(&digest->state, data, size);
}

void rog_digest_end(struct rog_digest *digest, char hex[ROG_SHA256_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[SHA256_DIGEST_LENGTH];
    SHA256_Final(sum, &digest->state);
    for (size_t i = 0; i < sizeof sum; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[ROG_SHA256_HEX_BYTES - 1] = '\0';
}
