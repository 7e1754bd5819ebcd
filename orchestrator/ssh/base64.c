/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes and decodes base64 with libsodium. */
#include <orchestrator/ssh/base64.h>

#include <stdlib.h>

#include <sodium.h>

char *rog_base64_encode(const unsigned char *bytes, size_t size)
{
    const int variant = sodium_base64_VARIANT_ORIGINAL;
    size_t room = sodium_base64_encoded_len(size, variant);
    char *text = malloc(room);
    return text ? sodium_bin2base64(text, room, bytes, size, variant) : NULL;
}

size_t rog_base64_decode(const char *text, size_t length, unsigned char *bytes, size_t room)
{
    size_t used = 0;
    return sodium_base642bin(bytes, room, text, length, NULL, &used, NULL,
                             sodium_base64_VARIANT_ORIGINAL)
               ? 0
               : used;
}
