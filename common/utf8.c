/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes and encodes UTF-8, and makes invisible characters visible. */
#include <common/utf8.h>

#include <stddef.h>
#include <stdio.h>

struct range {
    uint32_t from, to;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    size_t i = 0;
    while (i < count && code > ranges[i].to)
        i++;
    return i < count && code >= ranges[i].from;
}

uint32_t rog_utf8_take(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    int more = *at < 0x80   ? 0
               : *at < 0xC2 ? -1
               : *at < 0xE0 ? 1
               : *at < 0xF0 ? 2
               : *at < 0xF5 ? 3
                            : -1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t code = more <= 0 ? *at : *at & (0x3Fu >> more);
    /* The NUL at the end is not a continuation byte. */
    for (int i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80)
            more = -1;
        code = code << 6 | (at[i] & 0x3F);
    }
    bool valid =
        more >= 0 && code >= least[more] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    *text += valid ? more + 1 : 1;
    return valid ? code : ROG_UTF8_REPLACEMENT;
}

char *rog_utf8_put(char *out, uint32_t code)
{
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(first[more] | code >> 6 * more);
    while (more-- > 0)
        *out++ = (char)(0x80 | (code >> 6 * more & 0x3F));
    return out;
}

bool rog_utf8_is_space(uint32_t code)
{
    static const struct range spaces[] = {
        {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
        {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
    return is_in(spaces, sizeof spaces / sizeof *spaces, code);
}

bool rog_utf8_is_hidden(uint32_t code)
{
    static const struct range hidden[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},
        {0x61C, 0x61C},   {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180E},
        {0x200B, 0x200B}, {0x200E, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF},
    };
    return is_in(hidden, sizeof hidden / sizeof *hidden, code) || (code & 0xFFFE) == 0xFFFE;
}

char *rog_utf8_escape(char *out, uint32_t code)
{
    char shown[ROG_UTF8_SHOWN_MAX_BYTES + 1];
    snprintf(shown, sizeof shown,
             code < 0x100     ? "\\x%02x"
             : code < 0x10000 ? "\\u%04x"
                              : "\\U%x",
             (unsigned)code);
    for (const char *c = shown; *c; c++)
        *out++ = *c;
    return out;
}

char *rog_utf8_show(char *out, uint32_t code)
{
    return rog_utf8_is_hidden(code) ? rog_utf8_escape(out, code) : rog_utf8_put(out, code);
}
