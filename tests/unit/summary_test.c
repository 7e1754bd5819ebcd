/* SPDX-License-Identifier: Apache-2.0 */

/* How rogctl doctor reports the findings of many workers in few lines. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <orchestrator/doctor/alike.h>
#include <orchestrator/doctor/summary.h>

static void texts_that_differ_in_numbers(void **state)
{
    static const struct {
        const char *first, *second, *both; /* NULL: they differ */
    } cases[] = {
        {"none", "none", "none"},
        {"", "", ""},
        {"none", "some", NULL},
        {"within 0.31 s", "within 0.05 s", "within 0.05-0.31 s"},
        {"9 files", "10 files", "9-10 files"},
        {"robot09", "robot10.", NULL},
        {"robot09.", "robot10.", "robot09-10."},
        {"10.42.0.2:7700", "10.42.0.31:7700", "10.42.0.2-31:7700"},
        {"10.42.0.2", "10.42.1.2", NULL},
        {"Linux 6.1.7-x", "Linux 6.1.12-x", "Linux 6.1.7-12-x"},
        {"1 s", "one s", NULL},
        {"1 and 2", "1", NULL},
        {"+0.5", "-0.5", NULL},
        {"7", "7 files", NULL},
        {"id 123456789012345678901234567890", "id 123456789012345678901234567891", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_alike *alike = rog_alike_new(cases[i].first);
        assert_non_null(alike);
        assert_true(rog_alike_take(alike, cases[i].first));
        assert_int_equal(rog_alike_take(alike, cases[i].second), cases[i].both != NULL);
        char *text = rog_alike_text(alike);
        assert_string_equal(text, cases[i].both ? cases[i].both : cases[i].first);
        free(text);
        rog_alike_free(alike);
    }
}

static void add(struct rog_findings *findings, unsigned rank, const char *host, const char *check,
                enum rog_finding_level level, const char *what)
{
    char title[96];
    snprintf(title, sizeof title, "worker %u (%s)", rank, host);
    rog_findings_add(findings, rank ? title : host, rank, check, level, "%s", what);
}

/* Checks rows as "LEVEL CHECK TEXT", and headings, one per line. */
static void says(const struct rog_findings *findings, bool each, const char *wanted)
{
    struct rog_summary summary;
    struct rog_error err = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_int_equal(rog_summary_make(&summary, findings, each, &err), 0);
    for (size_t i = 0; i < summary.count; i++) {
        const struct rog_summary_row *row = &summary.row[i];
        if (row->check)
            fprintf(to, "%s %s ", rog_finding_level_name(row->level), row->check);
        fprintf(to, "%s%s%s\n", row->text, row->hint ? " -> " : "", row->hint ? row->hint : "");
    }
    fclose(to);
    if (strcmp(text, wanted) != 0)
        fail_msg("it says\n%sinstead of\n%s", text, wanted);
    free(text);
    rog_summary_release(&summary);
}

static void workers_share_lines(void **state)
{
    struct rog_findings findings = {0};
    (void)state;
    add(&findings, 0, "", "disk", ROG_FINDING_GOOD, "room");
    add(&findings, 0, "server (base)", "reach", ROG_FINDING_GOOD, "in 1 s");
    add(&findings, 0, "server (base)", "clock", ROG_FINDING_NOTE, "2 s off");
    for (unsigned rank = 1; rank <= 6; rank++) {
        char host[16], reach[32];
        snprintf(host, sizeof host, "robot%u", rank);
        snprintf(reach, sizeof reach, "in 0.%u s", rank);
        if (rank == 4) {
            add(&findings, rank, host, "reach", ROG_FINDING_BAD, "cannot connect");
            rog_findings_advise(&findings, "ping %s", host);
            continue;
        }
        add(&findings, rank, host, "reach", ROG_FINDING_GOOD, reach);
        add(&findings, rank, host, "clock", rank == 6 ? ROG_FINDING_NOTE : ROG_FINDING_GOOD,
            rank == 6 ? "3 s off" : "right");
        add(&findings, rank, host, "disk", ROG_FINDING_GOOD, "room");
    }
    add(&findings, 0, "tester (desk)", "reach", ROG_FINDING_BAD, "no");
    says(&findings, false,
         "this machine: good\n"
         "good disk room\n"
         "server (base): good with notes\n"
         "good reach in 1 s\n"
         "note clock 2 s off\n"
         "workers 1-6 (robot1-6): 4 good, 1 good with notes (6), 1 BAD (4)\n"
         "good reach 1-3, 5-6: in 0.1-0.6 s\n"
         "bad reach 4: cannot connect -> ping robot4\n"
         "good clock 1-3, 5: right\n"
         "note clock 6: 3 s off\n"
         "good disk room\n"
         "tester (desk): BAD\n"
         "bad reach no\n");
    rog_findings_release(&findings);
}

static void a_worker_by_itself(void **state)
{
    struct rog_findings findings = {0};
    (void)state;
    add(&findings, 1, "alpha", "reach", ROG_FINDING_GOOD, "in 1 s");
    says(&findings, false, "worker 1 (alpha): good\ngood reach in 1 s\n");
    add(&findings, 2, "beta", "reach", ROG_FINDING_GOOD, "in 3 s");
    says(&findings, false, "workers 1-2: all good\ngood reach in 1-3 s\n");
    says(&findings, true,
         "worker 1 (alpha): good\ngood reach in 1 s\nworker 2 (beta): good\ngood reach in 3 s\n");
    rog_findings_release(&findings);
    says(&findings, false, "");
}

static void commands_name_no_range(void **state)
{
    struct rog_findings findings = {0};
    (void)state;
    for (unsigned rank = 1; rank <= 3; rank++) {
        char host[16];
        snprintf(host, sizeof host, "robot%u", rank);
        add(&findings, rank, host, "image", ROG_FINDING_BAD, "is not here");
        rog_findings_advise(&findings, "ssh -F robots root@%s load (not %s.lan, x%s)", host, host,
                            host);
        add(&findings, rank, host, "disk", ROG_FINDING_BAD, "full");
        rog_findings_advise(&findings, "make room in /home/%u", rank < 3 ? 1 : rank);
    }
    says(&findings, false,
         "workers 1-3 (robot1-3): all BAD\n"
         "bad image 1: is not here -> ssh -F robots root@robot1 load (not robot1.lan, xrobot1)\n"
         "bad image 2: is not here -> ssh -F robots root@robot2 load (not robot2.lan, xrobot2)\n"
         "bad image 3: is not here -> ssh -F robots root@robot3 load (not robot3.lan, xrobot3)\n"
         "bad disk 1-2: full -> make room in /home/1\n"
         "bad disk 3: full -> make room in /home/3\n");
    rog_findings_release(&findings);
    findings = (struct rog_findings){0};
    for (unsigned rank = 1; rank <= 3; rank++) {
        char host[16];
        snprintf(host, sizeof host, "10.4.0.%u", rank);
        add(&findings, rank, host, "image", ROG_FINDING_BAD, "is not here");
        rog_findings_advise(&findings, "ping %s. ssh root@%s", host, host);
    }
    says(&findings, false,
         "workers 1-3 (10.4.0.1-3): all BAD\n"
         "bad image is not here -> ping HOST. ssh root@HOST\n");
    rog_findings_release(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_differ_in_numbers),
        cmocka_unit_test(workers_share_lines),
        cmocka_unit_test(a_worker_by_itself),
        cmocka_unit_test(commands_name_no_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
