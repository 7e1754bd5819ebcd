/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and makes the names of sockets that tell who holds a host. */
#include <common/claims.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 4096 /* further entries are ignored */
#define TOKEN_DIGITS (ROG_CLAIM_TOKEN_BYTES - 1)
#define HEX "0123456789abcdef"

/* Parses a socket's name; returns false if it is not one of ours. */
static bool parse_name(const char *name, struct rog_claim_entry *entry, unsigned *part,
                       const char **text)
{
    int used = 0;
    *entry = (struct rog_claim_entry){0};
    bool good = sscanf(name, ROG_CLAIM_MARK "%20" SCNu64 "/%16[" HEX "]/%ld/%1u/%n", &entry->at_ms,
                       entry->token, &entry->pid, part, &used) == 4 &&
                used > 0 && strlen(entry->token) == TOKEN_DIGITS;
    *text = name + used;
    return good;
}

/* Returns the entry to which this part belongs, or creates it; NULL if out of memory or there are
 * too many. */
static struct rog_claim_entry *entry_of(struct rog_claims *claims,
                                        const struct rog_claim_entry *like)
{
    for (size_t i = 0; i < claims->count; i++) {
        struct rog_claim_entry *entry = &claims->entry[i];
        if (entry->at_ms == like->at_ms && entry->pid == like->pid &&
            strcmp(entry->token, like->token) == 0)
            return entry;
    }
    struct rog_claim_entry *more =
        realloc(claims->entry, (claims->count + 1) * sizeof *claims->entry);
    if (!more)
        return NULL;
    claims->entry = more;
    more[claims->count] = *like;
    return &more[claims->count++];
}

/* Parts may be in any order; all except the last are full. */
static void put_part(struct rog_claim_entry *entry, unsigned part, const char *text)
{
    char name[ROG_CLAIM_NAME_BYTES], filler[ROG_CLAIM_NAME_BYTES];
    memset(filler, '-', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    size_t full = rog_claim_name(name, entry, part, filler);
    for (size_t i = 0; i < full && text[i]; i++)
        if (full * part + i + 1 < sizeof entry->text) {
            unsigned char letter = (unsigned char)text[i];
            entry->text[full * part + i] = letter < ' ' || letter == 0x7f ? '?' : (char)letter;
        }
}

static int compare(const void *one, const void *other)
{
    const struct rog_claim_entry *a = one, *b = other;
    int order = a->at_ms < b->at_ms ? -1 : a->at_ms > b->at_ms;
    if (!order)
        order = strcmp(a->token, b->token);
    return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

int rog_claims_read(struct rog_claims *claims, const char *table, struct rog_error *err)
{
    *claims = (struct rog_claims){0};
    for (const char *at = table; (at = strstr(at, "@" ROG_CLAIM_MARK)) != NULL;) {
        struct rog_claim_entry like;
        char name[ROG_CLAIM_NAME_BYTES];
        const char *text;
        unsigned part;
        size_t length = strcspn(at, "\n");
        snprintf(name, sizeof name, "%.*s", (int)length - 1, at + 1);
        at += length;
        if (claims->count == MAX_ENTRIES || !parse_name(name, &like, &part, &text))
            continue;
        struct rog_claim_entry *entry = entry_of(claims, &like);
        if (!entry)
            return rog_fail_nomem(err);
        put_part(entry, part, text);
    }
    if (claims->count)
        qsort(claims->entry, claims->count, sizeof *claims->entry, compare);
    return ROG_OK;
}

void rog_claims_release(struct rog_claims *claims)
{
    free(claims->entry);
    *claims = (struct rog_claims){0};
}

const struct rog_claim_entry *rog_claims_find(const struct rog_claims *claims, const char *token)
{
    for (size_t i = 0; i < claims->count; i++)
        if (strcmp(claims->entry[i].token, token) == 0)
            return &claims->entry[i];
    return NULL;
}

const struct rog_claim_entry *rog_claims_holder(const struct rog_claims *claims)
{
    const struct rog_claim_entry *holder = NULL;
    for (size_t i = 0; i < claims->count; i++) {
        const struct rog_claim_entry *entry = &claims->entry[i];
        if (!holder || (strcmp(entry->token, claims->entry[0].token) == 0 &&
                        strlen(entry->text) > strlen(holder->text)))
            holder = entry;
    }
    return holder;
}

size_t rog_claims_before(const struct rog_claims *claims, const char *token)
{
    size_t count = 0;
    for (size_t i = 0; i < claims->count && strcmp(claims->entry[i].token, token) != 0; i++)
        count += i == 0 || strcmp(claims->entry[i].token, claims->entry[i - 1].token) != 0;
    return count;
}

size_t rog_claim_name(char name[ROG_CLAIM_NAME_BYTES], const struct rog_claim_entry *entry,
                      unsigned part, const char *text)
{
    int head = snprintf(name, ROG_CLAIM_NAME_BYTES, ROG_CLAIM_MARK "%013" PRIu64 "/%s/%07ld/%u/",
                        entry->at_ms, entry->token, entry->pid, part % 10);
    size_t room = ROG_CLAIM_NAME_BYTES - 1 - (size_t)head, bytes = strlen(text);
    bytes = bytes < room ? bytes : room;
    memcpy(name + head, text, bytes);
    name[head + (int)bytes] = '\0';
    return bytes;
}
