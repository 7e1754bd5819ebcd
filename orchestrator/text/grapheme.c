/* SPDX-License-Identifier: Apache-2.0 */
/* Finds graphemes and their columns with libunistring. */
#include <orchestrator/text/grapheme.h>

#include <stdint.h>
#include <string.h>

#include <unigbrk.h>
#include <uniwidth.h>

#include <common/utf8.h>

#define LOOK_BYTES 128 /* only malicious graphemes are longer; these are split */

size_t rog_grapheme_bytes(const char *text)
{
    char begins[LOOK_BYTES];
    size_t there = strnlen(text, LOOK_BYTES), size = 1;
    if (!there)
        return 0;
    /* Not u8_grapheme_next: it considers only pairs of characters, and splits emoji of families. */
    u8_grapheme_breaks((const uint8_t *)text, there, begins);
    while (size < there && !begins[size])
        size++;
    while (size > 1 && ((unsigned char)text[size] & 0xC0) == 0x80) /* never within a code point */
        size--;
    return size;
}

size_t rog_grapheme_columns(const char *grapheme, size_t bytes)
{
    /* A grapheme of several wide characters, such as a family, is drawn as a single one. */
    int columns = u8_width((const uint8_t *)grapheme, bytes, "UTF-8");
    return columns > 2 ? 2 : columns > 0 ? (size_t)columns : 0;
}

bool rog_grapheme_is_mark(uint32_t code)
{
    return !rog_utf8_is_hidden(code) && uc_width(code, "UTF-8") == 0;
}
