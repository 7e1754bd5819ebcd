/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by code points and graphemes, and their columns, by libunistring. */
#include <orchestrator/figures/utf8.h>

#include <string.h>

#include <unigbrk.h>
#include <unistr.h>
#include <uniwidth.h>

#define LOOK_BYTES 128 /* no grapheme is longer but those made to do harm, which are split */

uint32_t rog_utf8_take(const char **text)
{
    ucs4_t code;
    /* No longer than what is there: the NUL ends a form that is cut off. */
    int bytes = u8_mbtoucr(&code, (const uint8_t *)*text, strnlen(*text, ROG_UTF8_MAX_BYTES));
    *text += bytes > 0 ? bytes : 1;
    return bytes > 0 ? code : ROG_UTF8_REPLACEMENT;
}

char *rog_utf8_put(char *out, uint32_t code)
{
    int bytes = u8_uctomb((uint8_t *)out, code, ROG_UTF8_MAX_BYTES);
    return out + (bytes > 0 ? bytes : 0);
}

size_t rog_utf8_grapheme(const char *text)
{
    char begins[LOOK_BYTES];
    size_t there = strnlen(text, LOOK_BYTES), size = 1;
    if (!there)
        return 0;
    /* Not u8_grapheme_next, which looks at pairs of characters and so splits a family. */
    u8_grapheme_breaks((const uint8_t *)text, there, begins);
    while (size < there && !begins[size])
        size++;
    while (size > 1 && ((unsigned char)text[size] & 0xC0) == 0x80) /* never inside a code point */
        size--;
    return size;
}

size_t rog_utf8_columns(const char *grapheme, size_t bytes)
{
    /* What is made of several wide characters, a family for instance, is drawn as one of them. */
    int columns = u8_width((const uint8_t *)grapheme, bytes, "UTF-8");
    return columns > 2 ? 2 : columns > 0 ? (size_t)columns : 0;
}
