/* SPDX-License-Identifier: Apache-2.0 */
/* Computes SHA-1 with libcrypto. */
#include <orchestrator/ssh/sha1.h>

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool rog_sha1(const char *text, unsigned char sum[ROG_SHA1_BYTES])
{
    return EVP_Digest(text, strlen(text), sum, NULL, EVP_sha1(), NULL) == 1;
}

bool rog_sha1_hmac(const unsigned char key[ROG_SHA1_BYTES], const char *text,
                   unsigned char sum[ROG_SHA1_BYTES])
{
    return HMAC(EVP_sha1(), key, ROG_SHA1_BYTES, (const unsigned char *)text, strlen(text), sum,
                NULL) != NULL;
}
