/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 in both directions. */
#include <orchestrator/ssh/base64.h>

#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *rog_base64_encode(const unsigned char *bytes, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1), *end = text;
    for (size_t i = 0; text && i < size; i += 3) {
        size_t left = size - i;
        unsigned value = (unsigned)bytes[i] << 16;
        if (left > 1)
            value |= (unsigned)bytes[i + 1] << 8;
        if (left > 2)
            value |= bytes[i + 2];
        *end++ = digits[value >> 18];
        *end++ = digits[value >> 12 & 63];
        *end++ = left > 1 ? digits[value >> 6 & 63] : '=';
        *end++ = left > 2 ? digits[value & 63] : '=';
    }
    if (text)
        *end = '\0';
    return text;
}

size_t rog_base64_decode(const char *text, size_t length, unsigned char *bytes, size_t room)
{
    unsigned value = 0, bits = 0;
    size_t used = 0;
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return 0;
        value = (value << 6 | (unsigned)(digit - digits)) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (used == room)
                return 0;
            bytes[used++] = (unsigned char)(value >> bits);
        }
    }
    return used;
}
