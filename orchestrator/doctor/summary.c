/* SPDX-License-Identifier: Apache-2.0 */
/* Arranges findings under headings, and merges those of workers that are alike. */
#include <orchestrator/doctor/summary.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/doctor/alike.h>

/* Ranks in ascending order. */
struct ranks {
    unsigned *rank;
    size_t count;
};

/* Equal findings of several workers. */
struct group {
    const struct rog_finding *first;
    struct rog_alike *what;
    char *hint;    /* if it is the same for all; NULL: each has one for its own host */
    char *generic; /* hint of the first, with HOST for the host's name */
    struct ranks ranks;
};

/* Findings from `first` up to `end`: those of a host, or of all workers. */
struct section {
    const struct rog_finding *first, *end;
    struct ranks ranks; /* of workers */
    /* Merged names of the workers' hosts; NULL: they have nothing in common. */
    struct rog_alike *title;
    struct group *group;
    size_t groups;
};

/* ---- ranks ---- */

static int add_rank(struct ranks *ranks, unsigned rank, struct rog_error *err)
{
    if (ranks->count && ranks->rank[ranks->count - 1] == rank)
        return ROG_OK;
    unsigned *more = realloc(ranks->rank, (ranks->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    ranks->rank = more;
    more[ranks->count++] = rank;
    return ROG_OK;
}

/* Writes "1-12, 14". */
static void print_ranks(FILE *to, const struct ranks *ranks)
{
    for (size_t i = 0; i < ranks->count;) {
        size_t last = i;
        while (last + 1 < ranks->count && ranks->rank[last + 1] == ranks->rank[last] + 1)
            last++;
        fprintf(to, "%s%u", i ? ", " : "", ranks->rank[i]);
        if (last > i)
            fprintf(to, "-%u", ranks->rank[last]);
        i = last + 1;
    }
}

/* ---- hints ---- */

static bool is_in_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Returns whether the text at this position is a word of its own, and not part of a name. */
static bool stands_alone(const char *text, const char *at, size_t bytes)
{
    bool begins = at == text || !(is_in_word(at[-1]) || at[-1] == '.');
    const char *end = at + bytes;
    return begins && !is_in_word(*end) && !(*end == '.' && is_in_word(end[1]));
}

/* Returns the text in parentheses of "worker 3 (HOST)". Heap memory. */
static char *host_of(const struct rog_finding *finding)
{
    const char *open = strchr(finding->host, '(');
    size_t length = open ? strlen(open + 1) : 0;
    return rog_format("%.*s", length ? (int)length - 1 : 0, open ? open + 1 : "");
}

/* Returns the finding's hint with HOST in place of its host's name, because a command to be copied
 * cannot contain a range of hosts. Heap memory. */
static char *generic_hint(const struct rog_finding *finding)
{
    char *host = host_of(finding), *text = NULL;
    size_t size = 0, bytes = host ? strlen(host) : 0;
    FILE *to = host ? open_memstream(&text, &size) : NULL;
    for (const char *at = finding->hint; to && *at;) {
        if (bytes && strncmp(at, host, bytes) == 0 && stands_alone(finding->hint, at, bytes)) {
            fputs("HOST", to);
            at += bytes;
        } else {
            fputc(*at++, to);
        }
    }
    if (to)
        fclose(to);
    free(host);
    return text;
}

/* ---- groups ---- */

/* Takes ownership of `generic`. */
static int new_group(struct section *section, const struct rog_finding *finding, char *generic,
                     size_t at, struct rog_error *err)
{
    struct group *more = realloc(section->group, (section->groups + 1) * sizeof *more);
    if (!more) {
        free(generic);
        return rog_fail_nomem(err);
    }
    section->group = more;
    memmove(more + at + 1, more + at, (section->groups - at) * sizeof *more);
    section->groups++;
    more[at] = (struct group){.first = finding,
                              .what = rog_alike_new(finding->what),
                              .hint = rog_strdup(finding->hint),
                              .generic = generic};
    return more[at].what && more[at].hint ? add_rank(&more[at].ranks, finding->rank, err)
                                          : rog_fail_nomem(err);
}

/* Adds a finding to the group if it is like the others. */
static bool join(struct group *group, const struct rog_finding *finding, const char *generic)
{
    if (group->first->level != finding->level || strcmp(group->generic, generic) != 0 ||
        !rog_alike_take(group->what, finding->what))
        return false;
    if (group->hint && strcmp(group->hint, finding->hint) != 0) {
        free(group->hint);
        group->hint = NULL;
    }
    return true;
}

/* Adds a finding to a matching group, otherwise to a new group after those of the same check. */
static int add_finding(struct section *section, const struct rog_finding *finding,
                       struct rog_error *err)
{
    size_t at = section->groups;
    char *generic = generic_hint(finding);
    if (!generic)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < section->groups; i++) {
        struct group *group = &section->group[i];
        if (strcmp(group->first->check, finding->check) != 0)
            continue;
        at = i + 1;
        if (join(group, finding, generic)) {
            free(generic);
            return add_rank(&group->ranks, finding->rank, err);
        }
    }
    return new_group(section, finding, generic, at, err);
}

static void release_section(struct section *section)
{
    for (size_t i = 0; i < section->groups; i++) {
        rog_alike_free(section->group[i].what);
        free(section->group[i].hint);
        free(section->group[i].generic);
        free(section->group[i].ranks.rank);
    }
    free(section->group);
    free(section->ranks.rank);
    rog_alike_free(section->title);
}

/* ---- headings ---- */

static int name_workers(struct section *section, struct rog_error *err)
{
    bool alike = true;
    int code = ROG_OK;
    for (const struct rog_finding *f = section->first; f < section->end && !code; f++) {
        char *host = host_of(f);
        if (!host || (!section->title && !(section->title = rog_alike_new(host))))
            code = rog_fail_nomem(err);
        else
            alike = rog_alike_take(section->title, host) && alike;
        free(host);
        if (!code)
            code = add_rank(&section->ranks, f->rank, err);
    }
    if (!alike) {
        rog_alike_free(section->title);
        section->title = NULL;
    }
    return code;
}

static enum rog_finding_level worst_of(const struct section *section, unsigned rank)
{
    enum rog_finding_level worst = ROG_FINDING_GOOD;
    for (const struct rog_finding *f = section->first; f < section->end; f++)
        if (f->rank == rank && f->level > worst)
            worst = f->level;
    return worst;
}

static const char *const verdicts[] = {"good", "good with notes", "BAD"};

/* Writes "all good", "27 good, 1 good with notes (5), 2 BAD (7, 13)". */
static int print_verdict(FILE *to, const struct section *section, struct rog_error *err)
{
    int code = ROG_OK;
    for (int level = ROG_FINDING_GOOD, told = 0; level <= ROG_FINDING_BAD && !code; level++) {
        struct ranks ranks = {0};
        for (size_t i = 0; i < section->ranks.count && !code; i++)
            if ((int)worst_of(section, section->ranks.rank[i]) == level)
                code = add_rank(&ranks, section->ranks.rank[i], err);
        if (ranks.count == section->ranks.count) {
            fprintf(to, "all %s", verdicts[level]);
        } else if (ranks.count) {
            fprintf(to, "%s%zu %s", told++ ? ", " : "", ranks.count, verdicts[level]);
            if (level == ROG_FINDING_BAD || 2 * ranks.count < section->ranks.count) {
                fputs(" (", to);
                print_ranks(to, &ranks);
                fputs(")", to);
            }
        }
        free(ranks.rank);
    }
    return code;
}

/* Makes a heading. Heap memory. */
static int make_heading(struct section *section, bool grouped, char **text, struct rog_error *err)
{
    size_t size = 0;
    int code = ROG_OK;
    FILE *to = open_memstream(text, &size);
    if (!to)
        return rog_fail_nomem(err);
    if (grouped) {
        char *hosts = section->title ? rog_alike_text(section->title) : rog_strdup("");
        fputs("workers ", to);
        print_ranks(to, &section->ranks);
        fprintf(to, "%s%s%s: ", hosts && hosts[0] ? " (" : "", hosts ? hosts : "",
                hosts && hosts[0] ? ")" : "");
        free(hosts);
        code = print_verdict(to, section, err);
    } else {
        const struct rog_finding *first = section->first;
        fprintf(to, "%s: %s", first->host[0] ? first->host : "this machine",
                verdicts[worst_of(section, first->rank)]);
    }
    return fclose(to) == 0 ? code : rog_fail_nomem(err);
}

/* ---- rows ---- */

/* Takes ownership of the texts. */
static int add_row(struct rog_summary *summary, const struct rog_summary_row *row,
                   struct rog_error *err)
{
    struct rog_summary_row *more =
        row->text ? realloc(summary->row, (summary->count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(row->text);
        free(row->hint);
        return rog_fail_nomem(err);
    }
    summary->row = more;
    more[summary->count++] = *row;
    return ROG_OK;
}

/* Returns how many workers the check was made on. */
static size_t checked(const struct section *section, const struct group *group)
{
    size_t count = 0;
    unsigned last = 0;
    for (const struct rog_finding *f = section->first; f < section->end; f++) {
        if (strcmp(f->check, group->first->check) != 0 || f->rank == last)
            continue;
        count++;
        last = f->rank;
    }
    return count;
}

/* Returns the text of a group. Heap memory. */
static char *text_of(const struct section *section, const struct group *group)
{
    char *text = NULL, *what = rog_alike_text(group->what);
    size_t size = 0;
    FILE *to = what ? open_memstream(&text, &size) : NULL;
    if (to && section->ranks.count > 1 && group->ranks.count < checked(section, group)) {
        print_ranks(to, &group->ranks);
        fputs(": ", to);
    }
    if (to)
        fputs(what, to);
    bool good = to && fclose(to) == 0;
    free(what);
    return good ? text : NULL;
}

static int add_section(struct rog_summary *summary, struct section *section, struct rog_error *err)
{
    bool grouped = section->ranks.count > 1;
    struct rog_summary_row heading = {0};
    int code = make_heading(section, grouped, &heading.text, err);
    if (!code)
        code = add_row(summary, &heading, err);
    else
        free(heading.text);
    for (size_t i = 0; i < section->groups && !code; i++) {
        const struct group *group = &section->group[i];
        const struct rog_summary_row row = {
            .check = group->first->check,
            .level = group->first->level,
            .text = text_of(section, group),
            .hint =
                group->generic[0] ? rog_strdup(group->hint ? group->hint : group->generic) : NULL,
        };
        code = add_row(summary, &row, err);
    }
    return code;
}

int rog_summary_make(struct rog_summary *summary, const struct rog_findings *findings, bool each,
                     struct rog_error *err)
{
    int code = ROG_OK;
    *summary = (struct rog_summary){0};
    const struct rog_finding *at = findings->list, *last = at + findings->count;
    while (at < last && !code) {
        struct section section = {.first = at, .end = at};
        while (section.end < last && (strcmp(section.end->host, at->host) == 0 ||
                                      (!each && at->rank && section.end->rank)))
            section.end++;
        if (at->rank && !each)
            code = name_workers(&section, err);
        for (; at < section.end && !code; at++)
            code = add_finding(&section, at, err);
        if (!code)
            code = add_section(summary, &section, err);
        release_section(&section);
    }
    if (code)
        rog_summary_release(summary);
    return code;
}

void rog_summary_release(struct rog_summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        free(summary->row[i].text);
        free(summary->row[i].hint);
    }
    free(summary->row);
    *summary = (struct rog_summary){0};
}
