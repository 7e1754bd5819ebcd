/* SPDX-License-Identifier: Apache-2.0 */
/* Planned runs compared with recorded ones. Needs the plugins (ROG_PLUGIN_PATH). */
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <orchestrator/plan/match.h>
#include <orchestrator/plan/names.h>
#include <orchestrator/plan/record.h>
#include <orchestrator/store/paths.h>

static void record(struct rog_plan *plan, struct rog_db *db, bool fresh)
{
    struct rog_error err = {0};
    if (rog_plan_record(plan, db, fresh, &err) != 0)
        fail_msg("%s", err.message);
}

static void set_status(struct rog_db *db, const char *id, const char *status)
{
    struct rog_error err = {0};
    assert_int_equal(
        rog_db_run(db, &err, "UPDATE runs SET status = ? WHERE id = ?", "ss", status, id), 0);
}

static int64_t count(struct rog_db *db, const char *sql)
{
    struct rog_query *query = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_query_new(&query, db, &err, sql, ""), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    int64_t number = rog_query_int(query, 0);
    rog_query_free(query);
    return number;
}

static const char four[] =
    "case = \"t\"; figure = \"10\"; target_accuracy = 64.0; seconds = 100; learning_rate = 0.003;\n"
    "contender = \"rog\"; baseline = \"rog 20\";\n"
    "runs = ( { threshold = 4; }, { threshold = 20; },\n"
    "         { library = \"BSP\"; threshold = 0; },\n"
    "         { library = \"SSP\"; threshold = 4; note = \"mine\"; } );";

/* An average is part of what identifies a run; without it, the identity is that of earlier
 * versions. */
static void an_average_makes_another_run(void **state)
{
    const struct fixture *f = *state;
    struct rog_error err = {0};
    static const char *const averages[] = {"50.0", "0.5"};
    char hash[2][ROG_SHA256_HEX_BYTES];
    for (size_t i = 0; i < 2; i++) {
        char text[96];
        snprintf(text, sizeof text, "case = \"a\"; checkpoint_average = %s; runs = ( { } );",
                 averages[i]);
        struct rog_plan *plan = plan_of(f, text, &once);
        strcpy(hash[i], plan->run[0].resolved.hash);
        rog_plan_free(plan);
    }
    assert_string_not_equal(hash[0], hash[1]);
    struct rog_plan *none = plan_of(f, "case = \"a\"; runs = ( { } );", &once);
    assert_string_not_equal(none->run[0].resolved.hash, hash[0]);
    assert_null(rog_json_get(none->run[0].resolved.config, "checkpoint_average"));
    rog_plan_free(none);
    struct rog_plan *plan = NULL;
    assert_int_equal(try_plan(f,
                              "case = \"a\"; workload = \"none\"; checkpoint_average = 50;"
                              " runs = ( { } );",
                              &once, &plan, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "checkpoint_average needs a model"));
}

static void a_run_is_resolved_whole(void **state)
{
    const struct fixture *f = *state;
    struct rog_plan *plan = plan_of(f, four, &once);
    const struct rog_resolved_run *r = &plan->run[0].resolved;
    assert_int_equal(plan->count, 4);
    assert_string_equal(r->library, "ROG");
    assert_int_equal(r->threshold, 4);
    assert_string_equal(r->note, "ROG 4");
    assert_string_equal(plan->run[2].resolved.note, "BSP");
    assert_string_equal(plan->run[3].resolved.note, "mine");
    assert_string_equal(rog_json_get_string(r->config, "trace", ""), "synth:outdoors");
    for (const struct rog_setting *row = rog_run_settings; row->name; row++)
        if (row->fallback &&
            !rog_json_get(r->config, row->name) == !rog_setting_is(row, ROG_SETTING_LEFT_OUT, 0))
            fail_msg("%s has %s value", row->name, rog_json_get(r->config, row->name) ? "a" : "no");
    const struct rog_json *workers = rog_json_get(r->config, "workers");
    assert_int_equal(rog_json_size(workers), 2);
    assert_true(rog_json_get_number(rog_json_at(workers, 1), "step_s", 0) == 1.5);
    rog_plan_free(plan);
}

static void the_hash_is_of_everything_but_the_note(void **state)
{
    const struct fixture *f = *state;
    struct rog_plan *plan =
        plan_of(f,
                "case = \"h\"; runs = ( { note = \"a\"; threshold = 4; }, { threshold = 5; },\n"
                " { seed = 2; }, { seconds = 7; }, { batch = 23; }, { mixup = 0.5; } );",
                &once);
    struct rog_plan *other =
        plan_of(f, "case = \"h2\"; threshold = 4; seed = 1; runs = ( { note = \"b\"; } );", &once);
    assert_string_equal(plan->run[0].resolved.hash, other->run[0].resolved.hash);
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(plan->run[i].resolved.hash, plan->run[j].resolved.hash);
    rog_plan_free(other);
    rog_plan_free(plan);
}

#define PROGRAM                                                                                    \
    "case = \"a\"; workload = { command = \"python3 t.py\"; files = [\"t.py\"]; test = \"true\"; " \
    "%s }; runs = ( { } );"

/* How processes are run is not part of a run; the number of threads is, and so is a measured
 * step. */
static void a_run_is_not_how_its_programs_are_kept(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *settings;
        bool same;
    } cases[] = {
        {"workers_per_process = 2;", true},
        {"step_limit = 7.5; memory_limit = 4.0;", true},
        {"workers_per_process = 1; program_threads = 0;", true},
        {"program_threads = 1;", false},
    };
    char *text = rog_format(PROGRAM, "");
    put(f, "t.py", "print()\n");
    struct rog_plan *plan = plan_of(f, text, &once);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        free(text);
        text = rog_format(PROGRAM, cases[i].settings);
        struct rog_plan *other = plan_of(f, text, &once);
        const char *one = plan->run[0].resolved.hash, *two = other->run[0].resolved.hash;
        if ((strcmp(one, two) == 0) != cases[i].same)
            fail_msg("%s: the run is %s", cases[i].settings,
                     cases[i].same ? "another" : "the same");
        rog_plan_free(other);
    }
    rog_plan_free(plan);
    free(text);
}

static void what_programs_cannot_be_kept_by_is_said(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"workers_per_process = 2;",
         "with workers_per_process = 2 the command must be `PYTHON SCRIPT"},
        {"workers_per_process = 0;", "workers_per_process must be a whole number from 1 to 4096"},
        {"step_limit = 0.0;", "step_limit must be a number from 0.1"},
        {"memory_limit = -1.0;", "memory_limit must be a number from 0"},
        {"program_threads = 257;", "program_threads must be a whole number from 0 to 256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_error err = {0};
        struct rog_plan *plan = NULL;
        char *text = rog_format("case = \"a\"; workload = { command = \"./t\"; test = \"true\"; "
                                "files = []; %s }; runs = ( { } );",
                                cases[i].settings);
        assert_int_equal(try_plan(f, text, &once, &plan, &err), ROG_EINVAL);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s: %s", cases[i].settings, err.message);
        free(text);
    }
    struct rog_error err = {0};
    struct rog_plan *plan = NULL;
    assert_int_equal(
        try_plan(f, "case = \"a\"; step_limit = 7.5; runs = ( { } );", &once, &plan, &err),
        ROG_EINVAL);
    assert_non_null(strstr(err.message, "step_limit is a setting of programs"));
}

static void paths_do_not_depend_on_the_folder_one_stands_in(void **state)
{
    const struct fixture *f = *state;
    put(f, "w1.csv", "seconds,mbps\n0,1\n");
    put(f, "w2.csv", "seconds,mbps\n0,2\n");
    struct rog_plan *plan =
        plan_of(f,
                "case = \"p\"; workload = \"none\";\n"
                "runs = ( { trace = \"w{rank}.csv\"; data = \"cifar100:c\"; },\n"
                " { trace = \"constant:50\"; initial_model = \"/m.safetensors\"; } );",
                &once);
    char *trace = rog_path_join(f->folder, "w{rank}.csv");
    char *data = rog_format("cifar100:%s/c", f->folder);
    const struct rog_json *one = plan->run[0].resolved.config;
    const struct rog_json *two = plan->run[1].resolved.config;
    assert_string_equal(rog_json_get_string(one, "trace", ""), trace);
    assert_string_equal(rog_json_get_string(one, "data", ""), data);
    assert_string_equal(rog_json_get_string(two, "trace", ""), "constant:50");
    assert_string_equal(rog_json_get_string(two, "initial_model", ""), "/m.safetensors");
    assert_string_equal(rog_json_get_string(two, "data", ""), "synth100");
    free(data);
    free(trace);
    rog_plan_free(plan);
}

/* For every setting that is a path, in every form. */
static void every_path_is_relative_to_the_file(void **state)
{
    const struct fixture *f = *state;
    size_t paths = 0;
    put(f, "sub/x", "");
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        static const char *const prefixes[] = {"", "cifar100:", "fed-cifar100:", "another-set:"};
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            bool named = i > 0;
            if (!rog_setting_is(row, named ? ROG_SETTING_PATH_AFTER_COLON : ROG_SETTING_PATH, 0))
                continue;
            char *text =
                rog_format("case = \"p\"; workload = \"none\"; runs = ( { %s = \"%ssub/x\"; } );",
                           row->name, prefixes[i]);
            char *wanted = rog_format("%s%s/sub/x", prefixes[i], f->folder);
            struct rog_plan *plan = plan_of(f, text, &once);
            assert_string_equal(rog_json_get_string(plan->run[0].resolved.config, row->name, ""),
                                wanted);
            rog_plan_free(plan);
            free(wanted);
            free(text);
            paths++;
        }
    }
    assert_true(paths >= 5); /* trace and initial_model, data in three forms */
}

/* The hash of recorded runs: if it changed, every one of them would be repeated. */
static void a_recorded_run_is_known_again(void **state)
{
    const struct fixture *f = *state;
    struct rog_plan *plan = plan_of(f, four, &once);
    static const char *const recorded[] = {
        "03d02560db67372d5df136cedce2bb221acab96f769926c5551d97b617fc2c30",
        "af560a78e5f29d0a26adf438cbdd1b1a7102f3b7d7f177a278a05040b23d1eef",
        "f50823c2029303cc00becb6ac606583afbf61114e3f66f86089a9efab7fc8502",
        "e410bc082cc5be9ee46ae66f7a5bff0b96dac386128531fe29b6ad7eb4c90dc5",
    };
    for (size_t i = 0; i < plan->count; i++)
        assert_string_equal(plan->run[i].resolved.older_hash, recorded[i]);
    rog_plan_free(plan);
}

static void wrong_plans_are_answered(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *text, *said;
        int code;
    } wrong[] = {
        {"case = \"a\";\nruns = (\n { library = \"BSP\"; threshold = 4; } );",
         "x.conf, line 3: BSP takes threshold 0 only, not 4", ROG_EINVAL},
        {"case = \"a\"; runs = ( { threshold = 0; } );", "ROG takes thresholds from 1", ROG_EINVAL},
        {"case = \"a\"; runs = ( { library = \"NOBODY\"; } );", "BSP", ROG_EINVAL},
        {"case = \"a\"; runs = ( { library = \"./no.so\"; } );",
         "library ./no.so: there is no such file", ROG_EINVAL},
        {"case = \"a\";\nruns = ( { threshold = 4; },\n { threshold = 4; note = \"again\"; } );",
         "x.conf, line 3: this run (again) is the same as the one of line 2", ROG_EINVAL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_plan *plan = NULL;
        struct rog_error err = {0};
        int code = try_plan(f, wrong[i].text, &once, &plan, &err);
        if (code != wrong[i].code || !strstr(err.message, wrong[i].said))
            fail_msg("for %s: code %d, \"%s\"", wrong[i].text, code, err.message);
        assert_null(plan);
    }
}

static void what_is_done_is_not_repeated(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *plan = plan_of(f, four, &once);
    record(plan, f->db, false);
    assert_string_equal(plan->case_name, "t-case0");
    for (size_t i = 0; i < plan->count; i++) {
        assert_int_equal(plan->run[i].action, ROG_PLAN_NEW);
        assert_non_null(plan->run[i].id);
    }
    set_status(f->db, plan->run[0].id, "done");
    set_status(f->db, plan->run[1].id, "running");
    set_status(f->db, plan->run[2].id, "failed");

    struct rog_plan *again = plan_of(f, four, &once);
    record(again, f->db, false);
    static const enum rog_plan_action wanted[] = {ROG_PLAN_DONE, ROG_PLAN_CONTINUE, ROG_PLAN_RETRY,
                                                  ROG_PLAN_WAITING};
    for (size_t i = 0; i < again->count; i++) {
        assert_int_equal(again->run[i].action, wanted[i]);
        assert_string_equal(again->run[i].id, plan->run[i].id);
    }
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 4);
    assert_int_equal(count(f->db, "SELECT count(*) FROM case_runs"), 4);
    assert_int_equal(count(f->db, "SELECT count(*) FROM cases WHERE strftime('%Y-%m-%dT%H:%M:%SZ',"
                                  " created_at) = created_at"),
                     1);
    assert_int_equal(count(f->db, "SELECT target_accuracy FROM case_settings"), 64);
    assert_int_equal(count(f->db, "SELECT contender = 'rog' AND baseline = 'rog 20' FROM"
                                  " case_settings"),
                     1);

    struct rog_plan *fresh = plan_of(f, four, &once);
    record(fresh, f->db, true);
    assert_string_equal(fresh->case_name, "t-case1");
    assert_int_equal(fresh->run[0].action, ROG_PLAN_NEW);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 8);
    /* The latest case continues. */
    struct rog_plan *later = plan_of(f, four, &once);
    record(later, f->db, false);
    assert_string_equal(later->case_name, "t-case1");
    assert_int_equal(later->run[0].action, ROG_PLAN_WAITING);
    /* A baseline removed from the file is removed from the case; its contender stays. */
    struct rog_plan *without = plan_of(f, "case = \"t\"; seconds = 100; runs = ( { } );", &once);
    record(without, f->db, false);
    assert_int_equal(count(f->db, "SELECT contender = 'rog' AND baseline IS NULL FROM case_settings"
                                  " WHERE case_name = 't-case1'"),
                     1);
    rog_plan_free(without);
    rog_plan_free(later);
    rog_plan_free(fresh);
    rog_plan_free(again);
    rog_plan_free(plan);
}

static void looking_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    struct rog_plan *plan = plan_of(f, four, &once);
    assert_int_equal(rog_plan_match(plan, f->db, false, &err), 0);
    assert_string_equal(plan->case_name, "t-case0");
    assert_true(plan->case_is_new);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 0);
    assert_int_equal(count(f->db, "SELECT count(*) FROM cases"), 0);
    assert_int_equal(rog_plan_match(plan, NULL, true, &err), 0);
    assert_string_equal(plan->case_name, "t-case0");
    assert_true(plan->case_is_new);
    rog_plan_free(plan);
}

static void a_changed_file_adds_what_is_new(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *plan = plan_of(f, "case = \"t\"; runs = ( { threshold = 4; } );", &once);
    record(plan, f->db, false);
    set_status(f->db, plan->run[0].id, "done");
    struct rog_plan *more = plan_of(f,
                                    "case = \"t\"; runs = ( { threshold = 3; },\n"
                                    " { threshold = 4; note = \"new label\"; } );",
                                    &once);
    record(more, f->db, false);
    assert_int_equal(more->run[0].action, ROG_PLAN_NEW);
    assert_int_equal(more->run[1].action, ROG_PLAN_DONE);
    assert_int_equal(count(f->db, "SELECT position FROM case_runs JOIN runs ON id = run_id"
                                  " WHERE note = 'new label'"),
                     1);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs WHERE"
                                  " json_extract(config, '$.note') = 'new label'"),
                     1);
    rog_plan_free(more);
    rog_plan_free(plan);
}

static void repeats_count_seeds_up(void **state)
{
    const struct fixture *f = *state;
    const struct rog_plan_options thrice = {.seed = -1, .repeat = 3};
    const struct rog_plan_options from_ten = {.seed = 10, .repeat = 2, .only = "SSP"};
    struct rog_plan *plan = plan_of(f, four, &thrice);
    assert_int_equal(plan->count, 12);
    assert_int_equal(plan->run[0].resolved.seed, 1);
    assert_int_equal(plan->run[2].resolved.seed, 3);
    assert_int_equal(plan->run[3].resolved.seed, 1);
    assert_string_equal(plan->run[2].resolved.note, "ROG 4");
    rog_plan_free(plan);

    plan = plan_of(f, four, &from_ten);
    assert_int_equal(plan->count, 2);
    assert_string_equal(plan->run[0].resolved.library, "SSP");
    assert_int_equal(plan->run[1].resolved.seed, 11);
    assert_int_equal(plan->run[1].position, 7);
    rog_plan_free(plan);

    const struct rog_plan_options nothing = {.seed = -1, .repeat = 1, .only = "ROG 21"};
    struct rog_error err = {0};
    assert_int_equal(try_plan(f, four, &nothing, &plan, &err), ROG_ENOTFOUND);
}

static void a_single_run_was_resumed_until_it_is_done(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    struct rog_json *settings = rog_json_object();
    struct rog_plan *first = NULL, *second = NULL, *third = NULL;
    assert_int_equal(rog_plan_single(&first, settings, f->cluster, NULL, &err), 0);
    record(first, f->db, false);
    assert_int_equal(first->run[0].action, ROG_PLAN_NEW);
    assert_int_equal(rog_plan_single(&second, settings, f->cluster, NULL, &err), 0);
    record(second, f->db, false);
    assert_string_equal(second->run[0].id, first->run[0].id);
    set_status(f->db, first->run[0].id, "done");
    assert_int_equal(rog_plan_single(&third, settings, f->cluster, "mine", &err), 0);
    record(third, f->db, false);
    assert_int_equal(third->run[0].action, ROG_PLAN_NEW);
    assert_int_equal(count(f->db, "SELECT count(*) FROM case_runs WHERE case_name = 'mine'"), 1);
    rog_plan_free(third);
    rog_plan_free(second);
    rog_plan_free(first);
    rog_json_free(settings);
}

/* Settings of a replay come from a database, not from a parser. */
static void settings_of_any_origin_are_checked(void **state)
{
    const struct fixture *f = *state;
    static const char *const wrong[][2] = {{"control", "a/../b"}, {"workload", "a"}, {"x", "a"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_error err = {0};
        struct rog_plan *plan = NULL;
        struct rog_json *settings = rog_json_object();
        rog_json_put_string(settings, wrong[i][0], wrong[i][1]);
        assert_int_equal(rog_plan_single(&plan, settings, f->cluster, NULL, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, wrong[i][0]));
        rog_json_free(settings);
    }
}

static void no_parameters_are_as_if_unset(void **state)
{
    const struct fixture *f = *state;
    struct rog_plan *plan = plan_of(
        f, "case = \"p\"; library = \"BSP\"; threshold = 0; runs = ( { parameters = {}; } );",
        &once);
    assert_null(rog_json_get(plan->run[0].resolved.config, "parameters"));
    rog_plan_free(plan);
}

static void take_name(const struct fixture *f, const char *name)
{
    struct rog_error err = {0};
    assert_int_equal(rog_db_run(f->db, &err,
                                "INSERT INTO runs(id, library, threshold, control, batchsize,"
                                " epochs, seed, status, config, config_hash)"
                                " VALUES (?, 'BSP', 0, 'o', 1, 1, 1, 'done', '{}', 'h')",
                                "s", name),
                     0);
}

static void names_are_as_published(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    char *name = NULL;
    struct tm local = {
        .tm_year = 122, .tm_mon = 5, .tm_mday = 3, .tm_hour = 1, .tm_min = 50, .tm_isdst = -1};
    time_t when = mktime(&local);
    assert_int_equal(rog_run_name(f->db, when, "BSP", 0, "outdoors", &name, &err), 0);
    assert_string_equal(name, "06-03-01-50-BSP-0-outdoors");
    take_name(f, name);
    free(name);
    /* An existing folder is not written into either. */
    char *folder = rog_path_join(f->folder, "results.runs/06-03-01-50-BSP-0-outdoors-2");
    assert_int_equal(rog_dir_make(folder, &err), 0);
    free(folder);
    assert_int_equal(rog_run_name(f->db, when, "BSP", 0, "outdoors", &name, &err), 0);
    assert_string_equal(name, "06-03-01-50-BSP-0-outdoors-3");
    free(name);
    for (int copy = 3; copy < 40; copy++) { /* the next number each time */
        char *wanted = rog_format("06-03-01-50-BSP-0-outdoors-%d", copy);
        assert_int_equal(rog_run_name(f->db, when, "BSP", 0, "outdoors", &name, &err), 0);
        assert_string_equal(name, wanted);
        take_name(f, name);
        free(name);
        free(wanted);
    }
}

/* A strategy without a threshold has one run where others have one for each threshold. */
static void what_a_strategy_lacks_makes_no_runs(void **state)
{
    const struct fixture *f = *state;
    struct rog_plan *plan =
        plan_of(f,
                "case = \"t\"; runs = ( { library = \"BSP\"; seed = 3; } );\n"
                "matrix = { library = [\"BSP\", \"SSP\"]; threshold = [4, 20]; seed = [3, 4]; };",
                &once);
    assert_int_equal(plan->count, 6);
    assert_string_equal(plan->run[1].resolved.note, "BSP");
    assert_int_equal(plan->run[1].resolved.seed, 4);
    assert_string_equal(plan->run[2].resolved.note, "SSP 4");
    assert_int_equal(rog_json_size(plan->remarks), 1);
    const char *remark = rog_json_string(rog_json_at(plan->remarks, 0), "");
    if (!strstr(remark, "x.conf, line 2: BSP has no threshold: 3 runs fewer"))
        fail_msg("%s", remark);
    rog_plan_free(plan);

    plan =
        plan_of(f, "case = \"t\"; threshold = 4; runs = ( { library = \"BSP\"; }, { } );", &once);
    assert_int_equal(plan->count, 2);
    assert_int_equal(plan->run[0].resolved.threshold, 0);
    assert_int_equal(plan->run[1].resolved.threshold, 4);
    rog_plan_free(plan);

    struct rog_error err = {0};
    assert_int_equal(try_plan(f, "case = \"t\"; runs = ( { library = \"BSP\"; threshold = 4; } );",
                              &once, &plan, &err),
                     ROG_EINVAL);
}

/* However the file names a strategy, a label has the strategy's own name. */
static void labels_name_the_strategy_of_a_file(void **state)
{
    const struct fixture *f = *state;
    struct rog_plugin plugin;
    struct rog_error err = {0};
    assert_int_equal(rog_plugin_load(&plugin, "SSP", &err), 0);
    char *text = rog_format("case = \"t\"; workload = \"none\";\n"
                            "matrix = { library = [\"%s\", \"BSP\"]; threshold = [4, 5]; };",
                            plugin.path);
    struct rog_plan *plan = plan_of(f, text, &once);
    assert_int_equal(plan->count, 3);
    assert_string_equal(plan->run[0].resolved.note, "SSP 4");
    assert_string_equal(plan->run[2].resolved.note, "BSP");
    rog_plan_free(plan);
    rog_plugin_release(&plugin);
    free(text);
}

static void case_numbers_are_numbers(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    struct rog_plan *plan = plan_of(f, four, &once);
    assert_int_equal(rog_plan_match(plan, f->db, false, &err), 0);
    assert_string_equal(plan->case_name, "t-case0");
    static const char *const names[] = {"t-case9", "t-case10",  "t-case2x",
                                        "t-case",  "tt-case50", "t_case70"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(rog_db_run(f->db, &err,
                                    "INSERT INTO cases(name, created_at)"
                                    " VALUES (?, '')",
                                    "s", names[i]),
                         0);
    assert_int_equal(rog_plan_match(plan, f->db, false, &err), 0);
    assert_string_equal(plan->case_name, "t-case10");
    assert_int_equal(rog_plan_match(plan, f->db, true, &err), 0);
    assert_string_equal(plan->case_name, "t-case11");
    rog_plan_free(plan);
}

static void assert_case(const struct fixture *f, const char *case_name, const char *remark)
{
    struct rog_error err = {0};
    struct rog_plan *plan = plan_of(f, four, &once);
    assert_int_equal(rog_plan_match(plan, f->db, false, &err), 0);
    assert_string_equal(plan->case_name, case_name);
    if (remark)
        assert_non_null(plan->other_cluster);
    else
        assert_null(plan->other_cluster);
    if (remark && !strstr(plan->other_cluster, remark))
        fail_msg("%s", plan->other_cluster);
    record(plan, f->db, false);
    rog_plan_free(plan);
}

/* Each cluster continues its own case; so does one with another name but the same content. */
static void clusters_do_not_mix_in_a_case(void **state)
{
    struct fixture *f = *state;
    static const char three[] =
        "kind = \"virtual\"; workers = ( { profile = \"nx\"; count = 3; } );";
    static const char two[] = "kind = \"virtual\"; workers = ( { profile = \"nx\"; count = 2; } );";
    assert_case(f, "t-case0", NULL);
    use_cluster(f, "three.conf", three);
    assert_case(f, "t-case1", "t-case0 has runs on cluster two; those on three are t-case1");
    assert_case(f, "t-case1", NULL);
    use_cluster(f, "moved.conf", two);
    assert_case(f, "t-case0", "t-case1 has runs on cluster three");
    use_cluster(f, "three.conf", two); /* edited: still the cluster with that name */
    assert_case(f, "t-case1", NULL);

    struct rog_error err = {0};
    struct rog_plan *plan = NULL;
    struct rog_json *settings = rog_json_object();
    use_cluster(f, "moved.conf", three);
    assert_int_equal(rog_plan_single(&plan, settings, f->cluster, "t-case0", &err), 0);
    assert_int_equal(rog_plan_match(plan, f->db, false, &err), 0);
    assert_string_equal(plan->other_cluster,
                        "t-case0 has runs on cluster two; this one is on moved");
    rog_plan_free(plan);
    rog_json_free(settings);
}

/* Runs with different metrics belong to different cases, also with the same cluster. */
static void metrics_do_not_mix_in_a_case(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    assert_case(f, "t-case0", NULL);
    assert_int_equal(rog_db_run(f->db, &err,
                                "UPDATE runs SET config = json_set(config, '$.metric',"
                                " json('{\"name\":\"mIoU\"}'))",
                                ""),
                     0);
    assert_case(f, "t-case1",
                "t-case0 has runs that are tested for mIoU; those for accuracy (%) are t-case1");
    assert_case(f, "t-case1", NULL);
    assert_int_equal(count(f->db, "SELECT count(*) FROM runs"), 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_resolved_whole),
        TEST(an_average_makes_another_run),
        TEST(the_hash_is_of_everything_but_the_note),
        TEST(a_run_is_not_how_its_programs_are_kept),
        TEST(what_programs_cannot_be_kept_by_is_said),
        TEST(paths_do_not_depend_on_the_folder_one_stands_in),
        TEST(every_path_is_relative_to_the_file),
        TEST(a_recorded_run_is_known_again),
        TEST(wrong_plans_are_answered),
        TEST(what_is_done_is_not_repeated),
        TEST(looking_changes_nothing),
        TEST(a_changed_file_adds_what_is_new),
        TEST(repeats_count_seeds_up),
        TEST(a_single_run_was_resumed_until_it_is_done),
        TEST(settings_of_any_origin_are_checked),
        TEST(no_parameters_are_as_if_unset),
        TEST(names_are_as_published),
        TEST(what_a_strategy_lacks_makes_no_runs),
        TEST(labels_name_the_strategy_of_a_file),
        TEST(case_numbers_are_numbers),
        TEST(clusters_do_not_mix_in_a_case),
        TEST(metrics_do_not_mix_in_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
