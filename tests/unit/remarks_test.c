/* SPDX-License-Identifier: Apache-2.0 */
/* Remarks on plans. Needs the plugins (ROG_PLUGIN_PATH). */
#include "plan_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/kinds.h>
#include <orchestrator/plan/remarks.h>

static struct rog_json *remarks_of(const struct rog_plan *plan)
{
    struct rog_json *texts = rog_json_array();
    struct rog_error err = {0};
    assert_int_equal(rog_plan_remarks(plan, texts, &err), 0);
    return texts;
}

/* A program with the step times of another model: remarked once for all runs. */
static void times_of_the_default_profile_are_remarked(void **state)
{
    const struct fixture *f = *state;
    struct rog_error err = {0};
    static const char two[] = "case = \"a\"; runs = ( { library = \"BSP\"; note = \"BSP\"; }, "
                              "{ library = \"ROG\"; threshold = 4; } );",
                      program[] = "workload = { command = \"true\"; test = \"true\"; };";
    char *text = rog_format("%s seconds = 60.0; %s", program, two);
    char *cluster = rog_path_join(f->folder, "own.conf");
    char *profiles = rog_path_join(f->folder, "default.conf");
    struct fixture own = *f;
    write_text(profiles, "jetson-nx = { step_s = 1.5; compress_s = 0.5; decompress_s = 0.75; };");
    write_text(cluster, "kind = \"virtual\"; workers = ( { count = 3; }, { step_s = 0.1; "
                        "compress_s = 0.0; decompress_s = 0.0; } );");
    assert_int_equal(
        rog_cluster_read(&own.cluster, cluster, NULL, profiles, rog_cluster_kinds, &err), 0);
    struct rog_plan *plan = plan_of(&own, text, &once);
    struct rog_json *texts = remarks_of(plan);
    assert_int_equal(rog_json_size(texts), 1);
    const char *remark = rog_json_string(rog_json_at(texts, 0), "");
    if (!strstr(remark,
                "the program of 3 workers has the times of the default profile jetson-nx, ") ||
        !strstr(remark,
                ": 1.5 s a local step, 0.5 s to compress a push, 0.75 s to decompress a pull;"))
        fail_msg("%s", remark);
    rog_json_free(texts);
    const struct rog_json *first = plan->run[0].resolved.config;
    assert_true(rog_json_get_bool(first, ROG_NOTE_GIVEN, false));
    assert_false(rog_json_get_bool(plan->run[1].resolved.config, ROG_NOTE_GIVEN, false));
    rog_plan_free(plan);
    plan = plan_of(&own, two, &once); /* the built-in network */
    texts = remarks_of(plan);
    assert_int_equal(rog_json_size(texts), 0);
    rog_json_free(texts);
    rog_plan_free(plan);
    rog_cluster_free(own.cluster);
    plan = plan_of(f, text, &once); /* a profile that the cluster names */
    texts = remarks_of(plan);
    assert_int_equal(rog_json_size(texts), 0);
    rog_json_free(texts);
    rog_plan_free(plan);
    free(profiles);
    free(cluster);
    free(text);
}

static void programs_that_nothing_ends_are_remarked(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "case = \"a\"; workload = { command = \"true\"; test = \"true\"; }; "
        "runs = ( { library = \"BSP\"; seconds = 1.0; }, { library = \"SSP\"; } );";
    use_cluster(f, "fast.conf",
                "kind = \"virtual\"; workers = ( { profile = \"nx\"; step_s = 0.1; } );");
    struct rog_plan *plan = plan_of(f, text, &once);
    struct rog_json *texts = remarks_of(plan);
    assert_int_equal(rog_json_size(texts), 1);
    const char *remark = rog_json_string(rog_json_at(texts, 0), "");
    if (!strstr(remark, "seconds is not set: 1 of the 2 runs end"))
        fail_msg("%s", remark);
    rog_json_free(texts);
    rog_plan_free(plan);
}

static void runs_that_end_too_early_are_remarked(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "case = \"a\"; workload = \"none\"; batchsize = 2; seconds = 5.0; "
        "runs = ( { library = \"BSP\"; }, { library = \"BSP\"; seed = 2; } );";
    use_cluster(f, "slow.conf",
                "kind = \"virtual\"; workers = ( { profile = \"nx\"; local_steps = 3; }, "
                "{ profile = \"nx\"; } );");
    struct rog_plan *plan = plan_of(f, text, &once);
    struct rog_json *texts = remarks_of(plan);
    const char *remark = rog_json_string(rog_json_at(texts, 0), "");
    if (!strstr(remark,
                "in 2 of the 2 runs, such as BSP, 1 of 2 workers finish no iteration: 6 local "
                "steps of 1.5 s take 9 s, and the run ends at 5 s;"))
        fail_msg("%s", remark);
    rog_json_free(texts);
    rog_plan_free(plan);
}

/* A word that consists of a script's ending is no script. */
static void scripts_that_do_not_exist_are_remarked(void **state)
{
    const struct fixture *f = *state;
    static const char text[] =
        "case = \"a\"; seconds = 60.0; workload = { command = \"./run .py .sh; python3 train.py\"; "
        "files = [\"trains.py\"]; test = \"true\"; }; runs = ( { library = \"BSP\"; } );";
    put(f, "trains.py", "print()\n");
    struct rog_plan *plan = plan_of(f, text, &once);
    struct rog_json *texts = remarks_of(plan);
    assert_int_equal(rog_json_size(texts), 1);
    assert_string_equal(
        rog_json_string(rog_json_at(texts, 0), ""),
        "command names train.py, which is not among files (did you mean trains.py?)");
    rog_json_free(texts);
    rog_plan_free(plan);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(times_of_the_default_profile_are_remarked),
        TEST(programs_that_nothing_ends_are_remarked),
        TEST(runs_that_end_too_early_are_remarked),
        TEST(scripts_that_do_not_exist_are_remarked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
