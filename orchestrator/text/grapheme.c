/* SPDX-License-Identifier: Apache-2.0 */
/* Graphemes and their columns, by libunistring. */
#include <orchestrator/text/grapheme.h>

#include <stdint.h>
#include <string.h>

#include <unigbrk.h>
#include <uniwidth.h>

#include <common/utf8.h>

#define LOOK_BYTES 128 /* no grapheme is longer but those made to do harm, which are split */

size_t rog_grapheme_bytes(const char *text)
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

size_t rog_grapheme_columns(const char *grapheme, size_t bytes)
{
    /* What is made of several wide characters, a family for instance, is drawn as one of them. */
    int columns = u8_width((const uint8_t *)grapheme, bytes, "UTF-8");
    return columns > 2 ? 2 : columns > 0 ? (size_t)columns : 0;
}

bool rog_grapheme_is_mark(uint32_t code)
{
    return !rog_utf8_is_hidden(code) && uc_width(code, "UTF-8") == 0;
}
