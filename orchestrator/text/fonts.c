/* SPDX-License-Identifier: Apache-2.0 */
/* Asks fontconfig which characters the fonts that pango uses have. */
#include <orchestrator/text/fonts.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <fontconfig/fontconfig.h>

#include <common/utf8.h>

/* Every font used for figures has the letters below this; asking takes 20 ms. */
#define LATIN_END 0x180u

/* Returns whether pango draws with the font: it does not use Type 1 and bitmap fonts, which
 * fontconfig lists too. */
static bool is_drawn_with(const FcPattern *font)
{
    FcChar8 *format = NULL;
    if (FcPatternGetString(font, FC_FONTFORMAT, 0, &format) != FcResultMatch)
        return false;
    return strcmp((const char *)format, "TrueType") == 0 ||
           strcmp((const char *)format, "CFF") == 0;
}

/* Returns the characters of all fonts; NULL without memory. */
static FcCharSet *all_characters(FcConfig *config)
{
    FcCharSet *all = FcCharSetCreate();
    FcPattern *any = FcPatternCreate();
    FcObjectSet *wanted = FcObjectSetBuild(FC_CHARSET, FC_FONTFORMAT, (char *)NULL);
    FcFontSet *fonts = any && wanted ? FcFontList(config, any, wanted) : NULL;
    bool whole = all && fonts;
    for (int i = 0; whole && i < fonts->nfont; i++) {
        FcCharSet *own = NULL;
        if (is_drawn_with(fonts->fonts[i]) &&
            FcPatternGetCharSet(fonts->fonts[i], FC_CHARSET, 0, &own) == FcResultMatch)
            whole = FcCharSetMerge(all, own, NULL);
    }
    if (fonts)
        FcFontSetDestroy(fonts);
    if (wanted)
        FcObjectSetDestroy(wanted);
    if (any)
        FcPatternDestroy(any);
    if (!whole && all)
        FcCharSetDestroy(all);
    return whole ? all : NULL;
}

/* Joiners and variation selectors have no glyph of their own. */
static bool draws_nothing(uint32_t code)
{
    return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F) ||
           (code >= 0xE0100 && code <= 0xE01EF);
}

static bool is_latin(const char *text)
{
    bool latin = true;
    while (*text && latin)
        latin = rog_utf8_take(&text) < LATIN_END;
    return latin;
}

char *rog_fonts_drawable(const char *text)
{
    if (is_latin(text))
        return strdup(text);
    char *drawable = malloc(4 * strlen(text) + 1), *out = drawable;
    /* private, not the global one */
    FcConfig *config = drawable ? FcInitLoadConfigAndFonts() : NULL;
    FcCharSet *all = config ? all_characters(config) : NULL;
    if (config)
        FcConfigDestroy(config);
    if (!all) {
        free(drawable);
        return NULL;
    }
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        bool there = code < LATIN_END || draws_nothing(code) || FcCharSetHasChar(all, code);
        out = there ? rog_utf8_put(out, code) : rog_utf8_escape(out, code);
    }
    *out = '\0';
    FcCharSetDestroy(all);
    return drawable;
}

/* Generic names such as "sans" match any font of their kind. */
static bool is_general(const char *name)
{
    static const char *const names[] = {"sans", "sans-serif", "serif", "monospace", "mono"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool has_name(const FcPattern *font, const char *name)
{
    FcChar8 *family = NULL;
    for (int i = 0; FcPatternGetString(font, FC_FAMILY, i, &family) == FcResultMatch; i++)
        if (strcasecmp((const char *)family, name) == 0)
            return true;
    return false;
}

char *rog_fonts_substitute(const char *name)
{
    FcConfig *config = is_general(name) ? NULL : FcInitLoadConfigAndFonts();
    FcPattern *wanted = config ? FcPatternCreate() : NULL;
    FcChar8 *family = NULL;
    FcResult result;
    char *other = NULL;
    if (wanted && FcPatternAddString(wanted, FC_FAMILY, (const FcChar8 *)name) &&
        FcConfigSubstitute(config, wanted, FcMatchPattern)) {
        FcDefaultSubstitute(wanted);
        FcPattern *found = FcFontMatch(config, wanted, &result);
        if (found && !has_name(found, name) &&
            FcPatternGetString(found, FC_FAMILY, 0, &family) == FcResultMatch)
            other = strdup((const char *)family);
        if (found)
            FcPatternDestroy(found);
    }
    if (wanted)
        FcPatternDestroy(wanted);
    if (config)
        FcConfigDestroy(config);
    return other;
}
