/* SPDX-License-Identifier: Apache-2.0 */
/* Compares texts except for their numbers, and keeps the smallest and largest of each number. */
#include <orchestrator/doctor/alike.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define NUMBERS_MAX 32
#define DIGITS_MAX 23

struct number {
    size_t at, bytes; /* position and length in the text */
};

struct rog_alike {
    char *text; /* the first text */
    size_t count;
    struct number number[NUMBERS_MAX]; /* positions in it */
    char least[NUMBERS_MAX][DIGITS_MAX + 1], largest[NUMBERS_MAX][DIGITS_MAX + 1];
};

/* Finds the numbers in a text: digits with at most one point; of an address or a version only the
 * last part, because the parts before it identify a network or a release. */
static size_t find_numbers(const char *text, struct number found[NUMBERS_MAX])
{
    size_t count = 0;
    for (const char *at = text + strcspn(text, "0123456789"); *at && count < NUMBERS_MAX;
         at += strcspn(at, "0123456789")) {
        size_t bytes = strspn(at, "0123456789."), points = 0, last = 0;
        while (at[bytes - 1] == '.')
            bytes--;
        for (size_t i = 0; i < bytes; i++)
            if (at[i] == '.') {
                points++;
                last = i + 1;
            }
        size_t skip = points > 1 ? last : 0;
        if (bytes - skip <= DIGITS_MAX)
            found[count++] = (struct number){(size_t)(at - text) + skip, bytes - skip};
        at += bytes;
    }
    return count;
}

struct rog_alike *rog_alike_new(const char *text)
{
    struct rog_alike *alike = calloc(1, sizeof *alike);
    if (!alike)
        return NULL;
    alike->text = rog_strdup(text);
    if (!alike->text) {
        free(alike);
        return NULL;
    }
    alike->count = find_numbers(text, alike->number);
    for (size_t i = 0; i < alike->count; i++) {
        snprintf(alike->least[i], sizeof alike->least[i], "%.*s", (int)alike->number[i].bytes,
                 text + alike->number[i].at);
        memcpy(alike->largest[i], alike->least[i], sizeof alike->least[i]);
    }
    return alike;
}

static bool compare(const struct rog_alike *alike, const char *text,
                    struct number number[NUMBERS_MAX])
{
    size_t own = 0, other = 0; /* positions up to which they have been compared */
    if (find_numbers(text, number) != alike->count)
        return false;
    for (size_t i = 0; i < alike->count; i++) {
        size_t bytes = number[i].at - other;
        if (bytes != alike->number[i].at - own ||
            memcmp(alike->text + own, text + other, bytes) != 0)
            return false;
        own = alike->number[i].at + alike->number[i].bytes;
        other = number[i].at + number[i].bytes;
    }
    return strcmp(alike->text + own, text + other) == 0;
}

bool rog_alike_take(struct rog_alike *alike, const char *text)
{
    struct number number[NUMBERS_MAX];
    if (!compare(alike, text, number))
        return false;
    for (size_t i = 0; i < alike->count; i++) {
        char digits[DIGITS_MAX + 1];
        snprintf(digits, sizeof digits, "%.*s", (int)number[i].bytes, text + number[i].at);
        double value = strtod(digits, NULL);
        if (value < strtod(alike->least[i], NULL))
            memcpy(alike->least[i], digits, sizeof digits);
        if (value > strtod(alike->largest[i], NULL))
            memcpy(alike->largest[i], digits, sizeof digits);
    }
    return true;
}

char *rog_alike_text(const struct rog_alike *alike)
{
    char *text = NULL;
    size_t size = 0, done = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < alike->count; i++) {
        bool same = strcmp(alike->least[i], alike->largest[i]) == 0;
        fprintf(stream, "%.*s%s%s%s", (int)(alike->number[i].at - done), alike->text + done,
                alike->least[i], same ? "" : "-", same ? "" : alike->largest[i]);
        done = alike->number[i].at + alike->number[i].bytes;
    }
    fputs(alike->text + done, stream);
    return fclose(stream) == 0 ? text : NULL;
}

void rog_alike_free(struct rog_alike *alike)
{
    if (!alike)
        return;
    free(alike->text);
    free(alike);
}
