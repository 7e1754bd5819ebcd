/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up a host's key in files of known hosts. */
#include <orchestrator/ssh/known_hosts.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <orchestrator/ssh/base64.h>
#include <orchestrator/ssh/sha1.h>
#include <orchestrator/ssh/text_file.h>

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define SSH_PORT 22
#define NAME_MAX_BYTES 1024

enum marker { NO_MARKER, REVOKED, AUTHORITY, FOREIGN_MARKER };

/* The fields of a line, each with its length. */
struct entry {
    enum marker marker;
    const char *hosts, *type, *key;
    int hosts_bytes, type_bytes, key_bytes;
};

/* ---- names ---- */

/* Matches a pattern. Each * takes as few characters as possible at first, and more if the rest does
 * not match. Only the last * has to take more, so the time is bounded. */
static bool matches(const char *pattern, size_t bytes, const char *name)
{
    const char *end = pattern + bytes, *behind_star = NULL, *given_to = NULL;
    while (*name) {
        if (pattern < end && *pattern == '*') {
            behind_star = ++pattern;
            given_to = name;
        } else if (pattern < end && (*pattern == '?' || tolower((unsigned char)*pattern) ==
                                                            tolower((unsigned char)*name))) {
            pattern++;
            name++;
        } else if (behind_star) {
            pattern = behind_star;
            name = ++given_to;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

static bool has_name(const char *patterns, size_t bytes, const char *name)
{
    bool found = false;
    while (bytes) {
        const char *comma = memchr(patterns, ',', bytes);
        size_t length = comma ? (size_t)(comma - patterns) : bytes;
        bool negated = length && *patterns == '!';
        if (matches(patterns + negated, length - negated, name)) {
            if (negated)
                return false;
            found = true;
        }
        size_t step = length + (comma != NULL);
        patterns += step;
        bytes -= step;
    }
    return found;
}

bool rog_known_hosts_matches(const char *patterns, const char *name)
{
    return has_name(patterns, strlen(patterns), name);
}

/* Compares |1|SALT|HMAC of the name in lower case, as ssh writes it. */
static bool has_hashed_name(const char *hosts, size_t bytes, const char *name)
{
    unsigned char salt[ROG_SHA1_BYTES], wanted[ROG_SHA1_BYTES], sum[ROG_SHA1_BYTES];
    const char *end = hosts + bytes;
    const char *bar =
        bytes > 3 && strncmp(hosts, "|1|", 3) == 0 ? memchr(hosts + 3, '|', bytes - 3) : NULL;
    if (!bar ||
        rog_base64_decode(hosts + 3, (size_t)(bar - hosts - 3), salt, sizeof salt) != sizeof salt ||
        rog_base64_decode(bar + 1, (size_t)(end - bar - 1), wanted, sizeof wanted) != sizeof wanted)
        return false;
    char lower[NAME_MAX_BYTES];
    size_t length = strlen(name);
    if (length >= sizeof lower)
        return false;
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    return rog_sha1_hmac(salt, lower, sum) && memcmp(sum, wanted, sizeof sum) == 0;
}

static bool is_for(const struct entry *entry, const char *name)
{
    size_t bytes = (size_t)entry->hosts_bytes;
    return entry->hosts[0] == '|' ? has_hashed_name(entry->hosts, bytes, name)
                                  : has_name(entry->hosts, bytes, name);
}

/* ---- lines ---- */

static const char *field(const char **at, int *bytes)
{
    const char *begin = *at + strspn(*at, " \t");
    *bytes = (int)strcspn(begin, " \t\r");
    *at = begin + *bytes;
    return begin;
}

/* Returns false for a line without an entry. */
static bool read_entry(const char *line, struct entry *entry)
{
    *entry = (struct entry){0};
    entry->hosts = field(&line, &entry->hosts_bytes);
    if (entry->hosts_bytes && entry->hosts[0] == '@') {
        entry->marker = !strncmp(entry->hosts, "@revoked", (size_t)entry->hosts_bytes) &&
                                entry->hosts_bytes == sizeof "@revoked" - 1
                            ? REVOKED
                        : !strncmp(entry->hosts, "@cert-authority", (size_t)entry->hosts_bytes) &&
                                entry->hosts_bytes == sizeof "@cert-authority" - 1
                            ? AUTHORITY
                            : FOREIGN_MARKER;
        entry->hosts = field(&line, &entry->hosts_bytes);
    }
    entry->type = field(&line, &entry->type_bytes);
    entry->key = field(&line, &entry->key_bytes);
    return entry->hosts_bytes && entry->hosts[0] != '#' && entry->key_bytes &&
           entry->marker != FOREIGN_MARKER;
}

static bool is_word(const char *text, int bytes, const char *word)
{
    return strlen(word) == (size_t)bytes && memcmp(text, word, (size_t)bytes) == 0;
}

/* Called for all entries of all files that match `name`. */
typedef int (*visitor)(void *user, const struct entry *entry, const char *file, size_t number,
                       struct rog_error *err);

static int visit_text(char *text, const char *file, const char *name, visitor visit, void *user,
                      struct rog_error *err)
{
    int code = ROG_OK;
    size_t number = 0;
    char *rest = text;
    struct entry entry;
    for (char *line; !code && (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (read_entry(line, &entry) && is_for(&entry, name))
            code = visit(user, &entry, file, number, err);
    }
    return code;
}

static int visit_file(const char *file, const char *name, visitor visit, void *user,
                      struct rog_error *err)
{
    char *text = NULL;
    if (!rog_file_exists(file))
        return ROG_OK;
    int code = rog_ssh_text_file_read(file, FILE_MAX_BYTES, &text, err);
    if (!code)
        code = visit_text(text, file, name, visit, user, err);
    free(text);
    return code;
}

static int visit_all(const struct rog_known_hosts *known, const char *name, visitor visit,
                     void *user, struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; !code && known->files[k] && i < known->files[k]->count; i++)
            code = visit_file(known->files[k]->name[i], name, visit, user, err);
    if (code || !known->more)
        return code;
    char *copy = rog_strdup(known->more);
    code =
        copy ? visit_text(copy, ROG_KNOWN_HOSTS_MORE, name, visit, user, err) : rog_fail_nomem(err);
    free(copy);
    return code;
}

/* Returns the number of names that the host is looked up by; name_of returns the k-th of them. */
static size_t names_of(const struct rog_known_hosts *known)
{
    return known->port && known->port != SSH_PORT ? 2 : 1;
}

static char *name_of(const struct rog_known_hosts *known, size_t k)
{
    return names_of(known) == 2 && k == 0 ? rog_format("[%s]:%u", known->name, known->port)
                                          : rog_strdup(known->name);
}

/* ---- results ---- */

struct search {
    const char *type, *key;
    enum rog_known_host answer;
    struct rog_known_line *line;
};

/* The result with the highest rank takes precedence. */
static int rank_of(enum rog_known_host answer)
{
    static const int rank[] = {
        [ROG_HOST_UNKNOWN] = 0, [ROG_HOST_CERTIFIED] = 1, [ROG_HOST_CHANGED] = 2,
        [ROG_HOST_KNOWN] = 3,   [ROG_HOST_REVOKED] = 4,
    };
    return rank[answer];
}

static int look(void *user, const struct entry *entry, const char *file, size_t number,
                struct rog_error *err)
{
    struct search *search = user;
    bool same = is_word(entry->type, entry->type_bytes, search->type) &&
                is_word(entry->key, entry->key_bytes, search->key);
    enum rog_known_host answer = ROG_HOST_UNKNOWN;
    (void)err;
    if (entry->marker == AUTHORITY)
        answer = ROG_HOST_CERTIFIED;
    else if (entry->marker == REVOKED)
        answer = same ? ROG_HOST_REVOKED : ROG_HOST_UNKNOWN;
    else
        answer = same ? ROG_HOST_KNOWN : ROG_HOST_CHANGED;
    if (rank_of(answer) > rank_of(search->answer)) {
        search->answer = answer;
        search->line->file = file;
        search->line->number = number;
    }
    return ROG_OK;
}

int rog_known_hosts_find(const struct rog_known_hosts *known, const char *type, const char *key,
                         enum rog_known_host *answer, struct rog_known_line *line,
                         struct rog_error *err)
{
    int code = ROG_OK;
    *answer = ROG_HOST_UNKNOWN;
    *line = (struct rog_known_line){0};
    for (size_t k = 0; !code && k < names_of(known); k++) {
        struct rog_known_line found = {0};
        struct search search = {.type = type, .key = key, .line = &found};
        char *name = name_of(known, k);
        code = name ? visit_all(known, name, look, &search, err) : rog_fail_nomem(err);
        /* The name without its port is used only if the name with it is unknown, and only to find
         * the key known or revoked, as in ssh. */
        bool counts = k == 0 || search.answer != ROG_HOST_CHANGED;
        if (!code && counts && rank_of(search.answer) > rank_of(*answer)) {
            *answer = search.answer;
            *line = found;
            snprintf(line->name, sizeof line->name, "%s", name);
        }
        free(name);
        if (*answer != ROG_HOST_UNKNOWN && *answer != ROG_HOST_CERTIFIED)
            break;
    }
    return code;
}

static int collect_type(void *user, const struct entry *entry, const char *file, size_t number,
                        struct rog_error *err)
{
    struct rog_ssh_names *types = user;
    (void)file;
    (void)number;
    if (entry->marker != NO_MARKER)
        return ROG_OK;
    for (size_t i = 0; i < types->count; i++)
        if (is_word(entry->type, entry->type_bytes, types->name[i]))
            return ROG_OK;
    return rog_ssh_names_add(types, entry->type, (size_t)entry->type_bytes, err);
}

int rog_known_hosts_types(const struct rog_known_hosts *known, struct rog_ssh_names *types,
                          struct rog_error *err)
{
    int code = ROG_OK;
    for (size_t k = 0; !code && !types->count && k < names_of(known); k++) {
        char *name = name_of(known, k);
        code = name ? visit_all(known, name, collect_type, types, err) : rog_fail_nomem(err);
        free(name);
    }
    return code;
}
