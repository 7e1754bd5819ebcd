/* SPDX-License-Identifier: Apache-2.0 */
/* Exports the numbers of a run as a whole. */
#include <orchestrator/export/ends.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct visiting {
    void (*visit)(void *user, const char *key, double value);
    void *user;
};

static int visit_end(const char *key, const struct rog_json *value, void *user)
{
    static const char *const wanted[] = {
        "iterations", "seconds",      "compute_s",    "stall_s",   "energy_j",  "communication_s",
        "workers",    "bytes_pushed", "bytes_pulled", "roughness", "worst_drop"};
    const struct visiting *visiting = user;
    char name[64];
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(key, wanted[i]) == 0 && rog_json_is_number(value)) {
            snprintf(name, sizeof name, "summary/%s", key);
            visiting->visit(visiting->user, name, rog_json_number(value, 0));
        }
    return 0;
}

void rog_ends_each(const struct rog_json *summary, const struct rog_report *report, size_t index,
                   void (*visit)(void *user, const char *key, double value), void *user)
{
    struct visiting visiting = {visit, user};
    rog_json_each(summary, visit_end, &visiting);
    for (size_t m = 0; m < report->measures.count; m++) {
        enum rog_measure_kind kind = report->measures.of[m].kind;
        const struct rog_measured *measured = rog_report_run(report, index, m);
        char name[64];
        if (!rog_measure_is_to_target(kind) || (isnan(measured->value) && !measured->censored))
            continue;
        snprintf(name, sizeof name, "summary/%s%s", rog_measure_facts[kind].json,
                 measured->censored ? "_beyond" : "");
        visit(user, name, measured->censored ? measured->until : measured->value);
    }
}
