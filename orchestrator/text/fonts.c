/* SPDX-License-Identifier: Apache-2.0 */
/* Asks fontconfig for the characters of the fonts that pango draws with. */
#include <orchestrator/text/fonts.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fontconfig/fontconfig.h>

#include <common/utf8.h>

/* Below it are letters that any font of figures has; asking takes 20 ms. */
#define LATIN_END 0x180u

/* Type 1 and bitmap fonts are there, too, but pango does not draw with them. */
static bool is_drawn_with(const FcPattern *font)
{
    FcChar8 *format = NULL;
    if (FcPatternGetString(font, FC_FONTFORMAT, 0, &format) != FcResultMatch)
        return false;
    return strcmp((const char *)format, "TrueType") == 0 ||
           strcmp((const char *)format, "CFF") == 0;
}

/* The characters of all fonts; NULL when memory ran out. */
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

/* Joiners and variants have no picture of their own. */
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
    FcConfig *config = drawable ? FcInitLoadConfigAndFonts() : NULL; /* of its own: no global one */
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
