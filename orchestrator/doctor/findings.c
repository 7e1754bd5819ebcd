/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a list of findings, in the order of the output. */
#include <orchestrator/doctor/findings.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rog_findings_add(struct rog_findings *findings, const char *host, unsigned rank,
                      const char *check, enum rog_finding_level level, const char *format, ...)
{
    struct rog_finding *more =
        realloc(findings->list, (findings->count + 1) * sizeof *findings->list);
    if (!more) {
        findings->lost++;
        return;
    }
    findings->list = more;
    struct rog_finding *finding = &more[findings->count++];
    *finding = (struct rog_finding){.rank = rank, .check = check, .level = level};
    snprintf(finding->host, sizeof finding->host, "%s", host);
    va_list args;
    va_start(args, format);
    vsnprintf(finding->what, sizeof finding->what, format, args);
    va_end(args);
}

void rog_findings_advise(struct rog_findings *findings, const char *format, ...)
{
    struct rog_finding *finding = findings->count ? &findings->list[findings->count - 1] : NULL;
    if (!finding || finding->level == ROG_FINDING_GOOD)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(finding->hint, sizeof finding->hint, format, args);
    va_end(args);
}

void rog_findings_move(struct rog_findings *to, struct rog_findings *from)
{
    struct rog_finding *more =
        from->count ? realloc(to->list, (to->count + from->count) * sizeof *to->list) : NULL;
    if (more) {
        to->list = more;
        memcpy(more + to->count, from->list, from->count * sizeof *more);
        to->count += from->count;
    } else {
        to->lost += (int)from->count;
    }
    to->lost += from->lost;
    rog_findings_release(from);
}

size_t rog_findings_bad(const struct rog_findings *findings)
{
    size_t bad = 0;
    for (size_t i = 0; i < findings->count; i++)
        bad += findings->list[i].level == ROG_FINDING_BAD;
    return bad;
}

const char *rog_finding_level_name(enum rog_finding_level level)
{
    static const char *const names[] = {"good", "note", "bad"};
    return names[level];
}

void rog_findings_release(struct rog_findings *findings)
{
    free(findings->list);
    *findings = (struct rog_findings){0};
}
