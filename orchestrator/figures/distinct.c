/* SPDX-License-Identifier: Apache-2.0 */
/* Shortens texts by removing the words they have in common. */
#include <orchestrator/figures/distinct.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/text/grapheme.h>
#include <orchestrator/text/label.h>

#define ELLIPSIS "\u2026"

struct words {
    char *text;  /* the words, each followed by a NUL */
    char **word; /* [count] */
    bool *kept;  /* [count] */
    size_t count;
};

static void words_release(struct words *words)
{
    free(words->text);
    free(words->word);
    free(words->kept);
}

static int words_take(struct words *words, const char *text, struct rog_error *err)
{
    size_t room = strlen(text) / 2 + 1; /* clean text has single spaces, and only between words */
    *words = (struct words){
        .text = rog_strdup(text),
        .word = calloc(room, sizeof *words->word),
        .kept = calloc(room, sizeof *words->kept),
    };
    if (!words->text || !words->word || !words->kept)
        return rog_fail_nomem(err);
    char *at = words->text;
    for (char *next; at && *at; at = next) {
        next = strchr(at, ' ');
        if (next)
            *next++ = '\0';
        words->word[words->count++] = at;
    }
    return 0;
}

/* Marks which words to keep: all except those at the beginning and the end that the text shares
 * with `other`. */
static void keep_difference(struct words *own, const struct words *other)
{
    size_t least = own->count < other->count ? own->count : other->count, begin = 0, end = 0;
    while (begin < least && strcmp(own->word[begin], other->word[begin]) == 0)
        begin++;
    while (end < least - begin &&
           strcmp(own->word[own->count - 1 - end], other->word[other->count - 1 - end]) == 0)
        end++;
    for (size_t i = begin; i < own->count - end; i++)
        own->kept[i] = true;
}

/* Joins the kept words, with an ellipsis in place of removed ones. */
static char *join(const struct words *words)
{
    char *text = rog_strdup("");
    bool gap = false;
    for (size_t i = 0; text && i <= words->count; i++) {
        if (i < words->count && !words->kept[i]) {
            gap = true;
            continue;
        }
        const char *word = i < words->count ? words->word[i] : "";
        char *longer = rog_format("%s%s%s%s", text, gap ? ELLIPSIS : "",
                                  *text && !gap && *word ? " " : "", word);
        if (gap && *text && *word && longer) { /* "a… b", but "…b" */
            free(longer);
            longer = rog_format("%s" ELLIPSIS " %s", text, word);
        }
        free(text);
        text = longer;
        gap = false;
    }
    return text;
}

/* Keeps the words that differ from other texts, and as many more, from the left, as fit. */
static char *shorten(struct words *words, size_t most)
{
    size_t differing = 0;
    while (differing < words->count && !words->kept[differing])
        differing++;
    /* no word differs from other texts: the beginning is as good as any part */
    if (differing == words->count)
        words->kept[0] = true;
    char *text = join(words);
    for (size_t i = 0; text && i < words->count; i++) {
        if (words->kept[i])
            continue;
        words->kept[i] = true;
        char *longer = join(words);
        if (!longer || rog_label_columns(longer) > most) {
            words->kept[i] = false;
            free(longer);
            break;
        }
        free(text);
        text = longer;
    }
    return text;
}

/* Returns a shorter form of text `i`; NULL with *code 0 if there is none. */
static char *shorter_form(struct words *words, char *const *texts, size_t count, size_t i,
                          size_t most, int *code, struct rog_error *err)
{
    for (size_t k = 0; k < count; k++)
        if (k != i)
            keep_difference(&words[i], &words[k]);
    char *shorter = shorten(&words[i], most);
    if (!shorter)
        *code = rog_fail_nomem(err);
    if (shorter && rog_label_columns(shorter) < rog_label_columns(texts[i]))
        return shorter;
    free(shorter);
    return NULL;
}

static bool is_among(const char *text, char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i] && strcmp(texts[i], text) == 0)
            return true;
    return false;
}

int rog_distinct_shorten(char **texts, size_t count, size_t most, struct rog_error *err)
{
    struct words *words = calloc(count + 1, sizeof *words);
    char **shorter = calloc(count + 1, sizeof *shorter);
    int code = words && shorter ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; i < count && code == 0; i++)
        code = words_take(&words[i], texts[i], err);
    for (size_t i = 0; i < count && code == 0; i++)
        if (rog_label_columns(texts[i]) > most)
            shorter[i] = shorter_form(words, texts, count, i, most, &code, err);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (!shorter[i] || is_among(shorter[i], texts, count) ||
            is_among(shorter[i], shorter + i + 1, count - i - 1))
            continue;
        free(texts[i]);
        texts[i] = shorter[i];
        shorter[i] = NULL;
    }
    for (size_t i = 0; words && shorter && i < count; i++) {
        words_release(&words[i]);
        free(shorter[i]);
    }
    free(shorter);
    free(words);
    return code;
}

/* Returns the beginning and the end of clean text, half of `most` columns each. */
static char *without_middle(const char *text, size_t most)
{
    size_t half = (most - 1) / 2, from = rog_label_fit(text, most - 1 - half);
    while (text[from] && rog_label_columns(text + from) > half)
        from += rog_grapheme_bytes(text + from);
    return rog_format("%.*s" ELLIPSIS "%s", (int)rog_label_fit(text, most - 1 - half), text,
                      text + from);
}

int rog_distinct_cut(char **texts, size_t count, size_t most, struct rog_error *err)
{
    char **cut = calloc(count + 1, sizeof *cut);
    int code = cut ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (rog_label_columns(texts[i]) <= most)
            continue;
        cut[i] = without_middle(texts[i], most);
        code = cut[i] ? 0 : rog_fail_nomem(err);
    }
    /* Compare with the cut forms of the others as well: if two texts become equal, neither is
     * cut. */
    for (size_t i = 0; i < count && code == 0; i++) {
        if (!cut[i] || is_among(cut[i], texts, count) || is_among(cut[i], cut, i) ||
            is_among(cut[i], cut + i + 1, count - i - 1))
            continue;
        free(texts[i]);
        texts[i] = rog_strdup(cut[i]);
        code = texts[i] ? 0 : rog_fail_nomem(err);
    }
    for (size_t i = 0; cut && i < count; i++)
        free(cut[i]);
    free(cut);
    return code;
}
