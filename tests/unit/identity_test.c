/* SPDX-License-Identifier: Apache-2.0 */
/* A run is identified by its inputs: by the contents of its files, not their names. Needs the
 * plugins (ROG_PLUGIN_PATH). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/plugin.h>
#include <orchestrator/kinds.h>
#include <orchestrator/plan/match.h>
#include <orchestrator/plan/record.h>
#include <orchestrator/store/identity.h>

struct fixture {
    char folder[64];
    struct rog_db *db;
    const char *workers; /* of the cluster file */
};

/* Writes a file of the test's folder. */
static void put(const struct fixture *f, const char *name, const char *text)
{
    struct rog_error err = {0};
    char *path = rog_path_join(f->folder, name);
    if (rog_file_write(path, text, strlen(text), &err) != 0)
        fail_msg("%s", err.message);
    free(path);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err = {0};
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-identity-XXXXXX");
    if (!mkdtemp(f->folder) || setenv("XDG_CACHE_HOME", f->folder, 1) != 0)
        return -1;
    f->workers = "{ count = 2; }";
    char *path = rog_path_join(f->folder, "results.db");
    int code = rog_db_open(&f->db, path, ROG_DB_WRITE, &err);
    free(path);
    put(f, "profiles.conf", "jetson-nx = { step_s = 1.5; };");
    put(f, "t.csv", "seconds,mbps\n0,1\n");
    put(f, "t1.csv", "seconds,mbps\n0,1\n");
    put(f, "t2.csv", "seconds,mbps\n0,2\n");
    put(f, "steps.csv", "step_s\n1\n");
    put(f, "m.safetensors", "weights");
    put(f, "c/train.bin", "train");
    put(f, "c/test.bin", "test");
    put(f, "c/README.txt", "text");
    return code;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_db_close(f->db);
    rog_dir_remove(f->folder, NULL);
    free(f);
    return 0;
}

static int try_plan(const struct fixture *f, const char *settings, struct rog_plan **plan,
                    struct rog_error *err)
{
    static const struct rog_plan_options once = {.seed = -1, .repeat = 1};
    struct rog_experiment *experiment = NULL;
    struct rog_cluster *cluster = NULL;
    char *text = rog_format("kind = \"virtual\"; workers = ( %s );", f->workers);
    put(f, "cluster.conf", text);
    free(text);
    char *path = rog_path_join(f->folder, "x.conf");
    char *cluster_path = rog_path_join(f->folder, "cluster.conf");
    char *profiles = rog_path_join(f->folder, "profiles.conf");
    text = rog_format("case = \"x\"; library = \"BSP\"; %s", settings);
    int code = rog_cluster_read(&cluster, cluster_path, NULL, profiles, rog_cluster_kinds, err);
    if (code == 0)
        code = rog_experiment_parse(&experiment, text, path, err);
    if (code == 0)
        code = rog_plan_experiment(plan, experiment, cluster, &once, err);
    rog_experiment_free(experiment);
    rog_cluster_free(cluster);
    free(text);
    free(profiles);
    free(cluster_path);
    free(path);
    return code;
}

static struct rog_plan *plan_of(const struct fixture *f, const char *settings)
{
    struct rog_plan *plan = NULL;
    struct rog_error err = {0};
    if (try_plan(f, settings, &plan, &err) != 0)
        fail_msg("%s", err.message);
    return plan;
}

/* Returns the hash of the only run. */
static void hash_of(const struct fixture *f, const char *settings, char hash[ROG_SHA256_HEX_BYTES])
{
    struct rog_plan *plan = plan_of(f, settings);
    strcpy(hash, plan->run[0].resolved.hash);
    rog_plan_free(plan);
}

/* Checks whether the run changes with this text in the file, and is the same again with `back`. */
static void check_counts(const struct fixture *f, const char *settings, const char *name,
                         const char *text, const char *back, bool counts)
{
    char before[ROG_SHA256_HEX_BYTES], after[ROG_SHA256_HEX_BYTES];
    put(f, name, back);
    hash_of(f, settings, before);
    put(f, name, text);
    hash_of(f, settings, after);
    if ((strcmp(before, after) != 0) != counts)
        fail_msg("%s of { %s }: %s", name, settings, counts ? "does not count" : "counts");
    put(f, name, back); /* another inode, and newer */
    hash_of(f, settings, after);
    assert_string_equal(before, after);
}

#define NONE "workload = \"none\"; "
#define ONE " runs = ( { } );"

static void what_is_in_files_counts(void **state)
{
    struct fixture *f = *state;
    check_counts(f, NONE "trace = \"t.csv\";" ONE, "t.csv", "0,3\n", "0,1\n", true);
    check_counts(f, NONE "trace = \"t{rank}.csv\";" ONE, "t2.csv", "0,3\n", "0,1\n", true);
    check_counts(f, NONE "trace = \"t{rank}.csv\";" ONE, "t3.csv", "0,3\n", "0,1\n", false);
    check_counts(f, "initial_model = \"m.safetensors\";" ONE, "m.safetensors", "a", "b", true);
    check_counts(f, "data = \"cifar100:c\";" ONE, "c/test.bin", "a", "b", true);
    check_counts(f, "data = \"cifar100:c\";" ONE, "c/README.txt", "a", "b", false);
    /* Files that a workload never opens need not exist. */
    check_counts(f, NONE "initial_model = \"m.safetensors\";" ONE, "m.safetensors", "a", "b",
                 false);
    hash_of(f, NONE "data = \"cifar100:/no/such\"; initial_model = \"/no/such\";" ONE,
            (char[ROG_SHA256_HEX_BYTES]){0});
    f->workers = "{ trace = \"t1.csv\"; }, { step_times = \"steps.csv\"; }";
    check_counts(f, NONE ONE, "t1.csv", "0,3\n", "0,1\n", true);
    check_counts(f, NONE ONE, "steps.csv", "step_s\n2\n", "step_s\n1\n", true);
    /* The run's trace is that of the second worker. */
    check_counts(f, NONE "trace = \"t{rank}.csv\";" ONE, "t2.csv", "0,3\n", "0,1\n", true);
    f->workers = "{ trace = \"t1.csv\"; }";
    check_counts(f, NONE "trace = \"t2.csv\";" ONE, "t2.csv", "0,3\n", "0,1\n", false);
}

/* Every setting that names files declares whether they count. */
static void every_path_has_its_content(void **state)
{
    (void)state;
    const struct rog_setting *tables[] = {rog_run_settings, rog_worker_settings};
    for (size_t i = 0; i < 2; i++)
        for (const struct rog_setting *row = tables[i]; row->name; row++)
            if (rog_setting_is(row, ROG_SETTING_IS_PATH, 0) !=
                rog_setting_is(row, ROG_SETTING_CONTENT, 0))
                fail_msg("%s is a path, and whether its content counts is not said", row->name);
}

static void copy_plugin(const struct fixture *f, const char *name, bool changed)
{
    struct rog_plugin plugin;
    struct rog_error err = {0};
    char *bytes = NULL, *path = rog_path_join(f->folder, name);
    size_t size = 0;
    assert_int_equal(rog_plugin_load(&plugin, "BSP", &err), 0);
    assert_int_equal(rog_file_read(plugin.path, 1 << 24, &bytes, &size, &err), 0);
    /* Bytes after the sections do not change its behaviour. */
    assert_int_equal(rog_file_write(path, bytes, size + changed, &err), 0);
    rog_plugin_release(&plugin);
    free(bytes);
    free(path);
}

static void what_files_are_called_does_not_count(void **state)
{
    struct fixture *f = *state;
    char a[ROG_SHA256_HEX_BYTES], b[ROG_SHA256_HEX_BYTES];
    hash_of(f, NONE "trace = \"t.csv\";" ONE, a);
    hash_of(f, NONE "trace = \"t1.csv\"; note = \"another label\";" ONE, b);
    assert_string_equal(a, b);
    put(f, "d/train.bin", "train");
    put(f, "d/test.bin", "test");
    hash_of(f, "data = \"cifar100:c\";" ONE, a);
    hash_of(f, "data = \"cifar100:d\";" ONE, b);
    assert_string_equal(a, b);
    put(f, "d/test.bin", "train");
    put(f, "d/train.bin", "test");
    hash_of(f, "data = \"cifar100:d\";" ONE, b);
    assert_string_not_equal(a, b);

    copy_plugin(f, "mine.so", false);
    hash_of(f, NONE ONE, a);
    hash_of(f, NONE "runs = ( { library = \"./mine.so\"; } );", b);
    assert_string_equal(a, b);
    copy_plugin(f, "mine.so", true);
    hash_of(f, NONE "runs = ( { library = \"./mine.so\"; } );", b);
    assert_string_not_equal(a, b);
}

static void a_missing_file_is_answered(void **state)
{
    const struct fixture *f = *state;
    static const char *const wrong[][2] = {
        {NONE "trace = \"no.csv\";" ONE, "x.conf, line 1: trace: cannot open"},
        {NONE "trace = \".\";" ONE, "is not a regular file"},
        {"data = \"cifar100:no\";" ONE, "there is no data set in"},
        {"data = \"cifar100:t.csv\";" ONE, "is not a folder"},
        {"initial_model = \"no\";" ONE, "initial_model: cannot open"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_plan *plan = NULL;
        struct rog_error err = {0};
        int code = try_plan(f, wrong[i][0], &plan, &err);
        if (code != ROG_EINVAL || !strstr(err.message, wrong[i][1]))
            fail_msg("for %s: code %d, \"%s\"", wrong[i][0], code, err.message);
    }
}

/* ---- compared with recorded runs ---- */

static void set(const struct fixture *f, const char *sql, const char *id)
{
    struct rog_error err = {0};
    if (rog_db_run(f->db, &err, sql, "s", id) != 0)
        fail_msg("%s", err.message);
}

/* Records the run as executed. */
static void make(const struct fixture *f, const struct rog_plan_run *run, const char *status)
{
    struct rog_error err = {0};
    struct rog_json *inputs = rog_inputs_json(&run->resolved.inputs);
    char *config = rog_json_text(run->resolved.config);
    const struct rog_identity identity = {.config = config,
                                          .hash = run->resolved.hash,
                                          .settings_hash = run->resolved.settings_hash,
                                          .results = 1,
                                          .inputs = inputs};
    assert_int_equal(rog_identity_begin(f->db, run->id, &identity, &err), 0);
    assert_int_equal(
        rog_db_run(f->db, &err, "UPDATE runs SET status = ? WHERE id = ?", "ss", status, run->id),
        0);
    free(config);
    rog_json_free(inputs);
}

static struct rog_plan *recorded(const struct fixture *f, const char *settings)
{
    struct rog_error err = {0};
    struct rog_plan *plan = plan_of(f, settings);
    if (rog_plan_record(plan, f->db, false, &err) != 0)
        fail_msg("%s", err.message);
    return plan;
}

static struct rog_plan *matched(const struct fixture *f, const char *settings)
{
    struct rog_error err = {0};
    struct rog_plan *plan = plan_of(f, settings);
    if (rog_plan_match(plan, f->db, false, &err) != 0)
        fail_msg("%s", err.message);
    return plan;
}

static int64_t runs_in_case(const struct fixture *f)
{
    struct rog_error err = {0};
    struct rog_query *query = NULL;
    assert_int_equal(rog_query_new(&query, f->db, &err, "SELECT count(*) FROM case_runs", ""), 0);
    assert_int_equal(rog_query_step(query, &err), 1);
    int64_t runs = rog_query_int(query, 0);
    rog_query_free(query);
    return runs;
}

static void check_why(const struct rog_plan_run *run, const char *format, const char *id)
{
    char *wanted = rog_format("%s%s", format, id);
    if (!run->why || strcmp(run->why, wanted) != 0)
        fail_msg("%s instead of %s", run->why ? run->why : "no reason", wanted);
    free(wanted);
}

static void an_edited_file_is_another_run(void **state)
{
    struct fixture *f = *state;
    static const char text[] = NONE "trace = \"t.csv\"; runs = ( { }, { seconds = 60; } );";
    struct rog_plan *first = recorded(f, text);
    check_why(&first->run[0], "never run", "");
    make(f, &first->run[0], "done");
    make(f, &first->run[1], "failed");

    put(f, "t.csv", "seconds,mbps\n0,9\n");
    struct rog_plan *looked = matched(f, text);
    check_why(&looked->run[0], "t.csv differs from the file in ", first->run[0].id);
    assert_string_equal(looked->run[0].before, first->run[0].id);
    assert_null(looked->run[0].id);
    /* An unfinished run is executed with the current file. */
    check_why(&looked->run[1], "failed: unknown cause; t.csv differs from the file in ",
              first->run[1].id);
    assert_int_equal(looked->run[1].action, ROG_PLAN_RETRY);
    assert_string_equal(looked->run[1].id, first->run[1].id);
    rog_plan_free(looked);

    struct rog_plan *second = recorded(f, text);
    assert_int_equal(second->run[0].action, ROG_PLAN_NEW);
    assert_string_not_equal(second->run[0].id, first->run[0].id);
    assert_int_equal(runs_in_case(f), 2);
    make(f, &second->run[0], "done");
    /* It was recorded, but is in no case. */
    put(f, "t.csv", "seconds,mbps\n0,1\n");
    looked = matched(f, text);
    assert_non_null(strstr(looked->run[0].why, first->run[0].id));
    assert_non_null(strstr(looked->run[0].why, "rogctl case add x-case0"));
    rog_plan_free(looked);
    rog_plan_free(second);
    rog_plan_free(first);
}

static void files_that_differ_are_named(void **state)
{
    struct fixture *f = *state;
    /* Each worker's trace is compared with its own. */
    struct rog_plan *first = recorded(f, NONE "trace = \"t{rank}.csv\";" ONE);
    make(f, &first->run[0], "done");
    put(f, "t1.csv", "seconds,mbps\n0,9\n");
    struct rog_plan *second = matched(f, NONE "trace = \"t{rank}.csv\";" ONE);
    check_why(&second->run[0], "t1.csv differs from the file in ", first->run[0].id);
    rog_plan_free(second);
    rog_plan_free(first);

    static const char data[] = "data = \"cifar100:c\"; seed = 2;" ONE;
    first = recorded(f, data);
    make(f, &first->run[0], "done");
    put(f, "c/more.bin", "more");
    char *gone = rog_path_join(f->folder, "c/test.bin");
    assert_int_equal(unlink(gone), 0);
    free(gone);
    second = matched(f, data);
    const char *id = first->run[0].id;
    char *wanted =
        rog_format("more.bin did not exist in %s; test.bin of %s does not exist", id, id);
    check_why(&second->run[0], wanted, "");
    free(wanted);
    rog_plan_free(second);
    rog_plan_free(first);

    /* Another file with the strategy, found under the same name in another folder. */
    first = recorded(f, NONE "seed = 3;" ONE);
    make(f, &first->run[0], "done");
    copy_plugin(f, "bsp.so", true);
    char *path = rog_strdup(getenv("ROG_PLUGIN_PATH"));
    assert_int_equal(setenv("ROG_PLUGIN_PATH", f->folder, 1), 0);
    second = matched(f, NONE "seed = 3;" ONE);
    assert_int_equal(setenv("ROG_PLUGIN_PATH", path, 1), 0);
    free(path);
    check_why(&second->run[0], "plugin bsp.so differs from the file in ", first->run[0].id);
    rog_plan_free(second);
    rog_plan_free(first);
}

/* A run with the same settings added by a user would be beside the new one. */
static void no_outdated_run_stays(void **state)
{
    struct fixture *f = *state;
    static const char text[] = NONE "trace = \"t.csv\"; runs = ( { }, { seconds = 9; } );";
    struct rog_plan *first = recorded(f, text);
    make(f, &first->run[0], "done");
    make(f, &first->run[1], "done");
    set(f,
        "INSERT INTO runs SELECT 'twin', library, threshold, control, batchsize, epochs, note, "
        "seed,"
        " workload, cluster, status, attempt, started_at, ended_at, error, config, config_hash,"
        " versions FROM runs WHERE id = ?",
        first->run[0].id);
    set(f,
        "INSERT INTO identities SELECT 'twin', settings_hash, results FROM identities"
        " WHERE run_id = ?",
        first->run[0].id);
    set(f, "INSERT INTO case_runs SELECT case_name, 9, 'twin' FROM case_runs WHERE run_id = ?",
        first->run[0].id);
    struct rog_plan *same = recorded(f, text);
    assert_int_equal(same->leaving_count, 0);
    put(f, "t.csv", "seconds,mbps\n0,9\n");
    struct rog_plan *second = recorded(f, text);
    assert_int_equal(second->leaving_count, 1);
    assert_string_equal(second->leaving[0].why, "read different files than the new run");
    assert_int_equal(runs_in_case(f), 2);
    rog_plan_free(second);
    rog_plan_free(same);
    rog_plan_free(first);
}

/* Two files are swapped: neither run replaces the other. */
static void swapped_files_are_the_same_runs(void **state)
{
    struct fixture *f = *state;
    static const char text[] = NONE "runs = ( { trace = \"t1.csv\"; }, { trace = \"t2.csv\"; } );";
    struct rog_plan *first = recorded(f, text);
    make(f, &first->run[0], "done");
    make(f, &first->run[1], "done");
    put(f, "t1.csv", "seconds,mbps\n0,2\n");
    put(f, "t2.csv", "seconds,mbps\n0,1\n");
    struct rog_plan *second = recorded(f, text);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(second->run[i].action, ROG_PLAN_DONE);
        assert_null(second->run[i].before);
        assert_string_equal(second->run[i].id, first->run[1 - i].id);
    }
    put(f, "t1.csv", "seconds,mbps\n0,1\n"); /* both are equal now */
    struct rog_plan *plan = NULL;
    struct rog_error err = {0};
    assert_int_equal(try_plan(f, text, &plan, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message,
                           "is the same as the one of line 1, whose files have the same contents"));
    rog_plan_free(second);
    rog_plan_free(first);
}

static void a_changed_setting_is_named(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *first = recorded(f, NONE "seconds = 60;" ONE);
    make(f, &first->run[0], "done");
    struct rog_plan *second = matched(f, NONE "seconds = 70; epochs = 5;" ONE);
    char *wanted = rog_format("epochs is 5, was 4 in %s; seconds is 70", first->run[0].id);
    assert_memory_equal(second->run[0].why, wanted, strlen(wanted));
    free(wanted);
    assert_null(second->run[0].before);
    rog_plan_free(second);
    /* The file still has the first run: it is not an earlier form of the other. */
    second = matched(f, NONE "seconds = 60; runs = ( { }, { epochs = 5; } );");
    assert_null(second->run[0].why);
    check_why(&second->run[1], "never run", "");
    rog_plan_free(second);
    rog_plan_free(first);
}

static void other_results_are_made_again(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *first = recorded(f, NONE ONE);
    make(f, &first->run[0], "done");
    set(f, "UPDATE runs SET config_hash = 'of the older version' WHERE id = ?", first->run[0].id);
    set(f, "UPDATE identities SET results = 0 WHERE run_id = ?", first->run[0].id);
    struct rog_plan *second = matched(f, NONE ONE);
    assert_string_equal(second->run[0].before, first->run[0].id);
    assert_non_null(strstr(second->run[0].why, "results of version 1"));
    rog_plan_free(second);
    rog_plan_free(first);
}

static void runs_of_older_databases_are_known_again(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *first = recorded(f, NONE ONE);
    make(f, &first->run[0], "done");
    struct rog_error err = {0};
    assert_int_equal(rog_db_run(f->db, &err, "UPDATE runs SET config_hash = ? WHERE id = ?", "ss",
                                first->run[0].resolved.older_hash, first->run[0].id),
                     0);
    set(f, "DELETE FROM identities WHERE run_id = ?", first->run[0].id);
    set(f, "DELETE FROM inputs WHERE run_id = ?", first->run[0].id);
    struct rog_plan *second = recorded(f, NONE ONE);
    assert_int_equal(second->run[0].action, ROG_PLAN_DONE);
    assert_true(second->run[0].unproven);
    assert_string_equal(second->run[0].id, first->run[0].id);
    rog_plan_free(second);
    rog_plan_free(first);
}

static void failed_runs_that_nobody_wants_leave(void **state)
{
    struct fixture *f = *state;
    struct rog_plan *first = recorded(f, NONE "runs = ( { seconds = 1; }, { seconds = 2; } );");
    make(f, &first->run[0], "failed");
    make(f, &first->run[1], "done");
    struct rog_plan *second = recorded(f, NONE "runs = ( { seconds = 3; } );");
    assert_int_equal(second->leaving_count, 1);
    assert_string_equal(second->leaving[0].id, first->run[0].id);
    assert_int_equal(runs_in_case(f), 2); /* the finished one and the new one */
    rog_plan_free(second);
    rog_plan_free(first);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_in_files_counts),
        TEST(every_path_has_its_content),
        TEST(what_files_are_called_does_not_count),
        TEST(a_missing_file_is_answered),
        TEST(an_edited_file_is_another_run),
        TEST(files_that_differ_are_named),
        TEST(no_outdated_run_stays),
        TEST(swapped_files_are_the_same_runs),
        TEST(a_changed_setting_is_named),
        TEST(other_results_are_made_again),
        TEST(runs_of_older_databases_are_known_again),
        TEST(failed_runs_that_nobody_wants_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
