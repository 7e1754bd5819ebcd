/* SPDX-License-Identifier: Apache-2.0 */
/* Experiment and cluster files: their meaning, and the messages about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/conf/experiment.h>
#include <orchestrator/conf/ranges.h>
#include <orchestrator/kinds.h>

static struct rog_experiment *good(const char *text)
{
    struct rog_experiment *experiment = NULL;
    struct rog_error err = {0};
    if (rog_experiment_parse(&experiment, text, "x.conf", &err) != 0)
        fail_msg("%s", err.message);
    return experiment;
}

static void defaults_hold_for_every_run(void **state)
{
    (void)state;
    struct rog_experiment *e = good("case = \"threshold\"; figure = \"10\";\n"
                                    "target_accuracy = 64.5; control = \"indoors\"; epochs = 8;\n"
                                    "runs = ( { library = \"ROG\"; threshold = 4; },\n"
                                    "         { library = \"BSP\"; epochs = 3;\n"
                                    "           lr_halve_at = [ 10, 20 ]; } );\n");
    assert_string_equal(e->case_name, "threshold");
    assert_string_equal(e->figure, "10");
    assert_true(e->target_accuracy == 64.5);
    assert_int_equal(e->run_count, 2);
    const struct rog_json *one = e->run[0].settings, *two = e->run[1].settings;
    assert_string_equal(rog_json_get_string(one, "control", ""), "indoors");
    assert_int_equal(rog_json_get_integer(one, "epochs", 0), 8);
    assert_int_equal(rog_json_get_integer(one, "threshold", 0), 4);
    assert_int_equal(rog_json_get_integer(two, "epochs", 0), 3);
    assert_null(rog_json_get(two, "threshold"));
    assert_int_equal(rog_json_size(rog_json_get(two, "lr_halve_at")), 2);
    assert_null(rog_json_get(one, "case"));
    assert_int_equal(e->run[0].line, 3);
    assert_int_equal(e->run[1].line, 4);
    rog_experiment_free(e);
}

static void assert_note(const struct rog_experiment_run *run, const char *expected)
{
    const char *name = rog_json_get_string(run->settings, "library", "ROG");
    char *note = rog_experiment_note(name, run->settings, run->axes);
    assert_string_equal(note, expected);
    free(note);
}

static void a_matrix_is_a_product(void **state)
{
    (void)state;
    struct rog_experiment *e =
        good("case = \"m\"; batchsize = 1;\n"
             "matrix = { library = [\"ROG\", \"SSP\"]; threshold = [4, 20]; seed = [1, 2, 3]; };");
    assert_int_equal(e->run_count, 12);
    /* The last setting changes fastest. */
    assert_int_equal(rog_json_get_integer(e->run[1].settings, "seed", 0), 2);
    assert_int_equal(rog_json_get_integer(e->run[3].settings, "threshold", 0), 20);
    assert_string_equal(rog_json_get_string(e->run[6].settings, "library", ""), "SSP");
    assert_note(&e->run[5], "ROG 20");
    assert_true(isnan(e->target_accuracy));
    rog_experiment_free(e);

    e = good("case = \"m\"; matrix = { library = [\"BSP\"]; batchsize = [1, 2];\n"
             " lr_halve_at = ([1.0, 2.0], [3.5]); };");
    assert_int_equal(e->run_count, 4);
    assert_note(&e->run[2], "BSP, batchsize 2, lr_halve_at [1.0,2.0]");
    rog_experiment_free(e);
}

/* Settings of a single run are distinguished from those that the file has for many. */
static void matrices_may_be_combined_with_runs(void **state)
{
    (void)state;
    struct rog_experiment *e = good("case = \"m\"; cluster = \"c.conf\"; epochs = 2;\n"
                                    "matrix = ( { threshold = [4, 20]; batchsize = [1]; },\n"
                                    "           { library = [\"SSP\"]; epochs = [1, 2]; } );\n"
                                    "runs = ( { library = \"BSP\"; threshold = 0; } );");
    assert_int_equal(e->run_count, 5);
    assert_string_equal(e->cluster.name, "c.conf");
    assert_int_equal(e->cluster.line, 1);
    assert_null(e->run[0].axes);
    assert_non_null(rog_json_get(e->run[0].own, "threshold"));
    assert_null(rog_json_get(e->run[0].own, "epochs"));
    assert_int_equal(rog_json_get_integer(e->run[0].settings, "epochs", 0), 2);
    assert_note(&e->run[2], "ROG 20");
    assert_null(rog_json_get(e->run[2].own, "threshold"));
    assert_int_equal(e->run[2].line, 2);
    assert_note(&e->run[3], "SSP, epochs 1");
    assert_int_equal(e->run[4].line, 3);
    rog_experiment_free(e);
}

static void large_numbers_are_not_cut(void **state)
{
    (void)state;
    struct rog_experiment *e = good("case = \"a\"; runs = ( { seed = 5000000000L;"
                                    " note = \"a 6000000000 \\\" 7000000000\"; } ); # 8000000000\n"
                                    "/* 9000000000 */ epochs = 2147; learning_rate = 1e-3;");
    assert_true(rog_json_get_integer(e->run[0].settings, "seed", 0) == 5000000000);
    rog_experiment_free(e);
}

struct wrong {
    const char *text;
    const char *said; /* contained in the message */
};

static const struct wrong wrong_experiments[] = {
    {"", "x.conf: case is missing"},
    {"case = \"a\";", "no runs"},
    {"case = \"a b\"; runs = ( { } );", "x.conf, line 1: case becomes part of file names"},
    {"case = \"../a\"; runs = ( { } );", "(found \"../a\")"},
    {"case = 4; runs = ( { } );", "case must be letters, digits, - _ and . (found 4)"},
    {"case = \"a\";\nruns = ();", "x.conf, line 2: runs is empty"},
    {"case = \"a\";\nruns = 4;", "x.conf, line 2: runs must be a list of groups, ( { ... }, ... ) "
                                 "(found a whole number)"},
    {"case = \"a\";\nruns = ( 1 );", "x.conf, line 2: run 1 must be a group"},
    {"case = \"a\";\nruns = ( {\n treshold = 4; } );",
     "x.conf, line 3: unknown setting treshold (did you mean threshold?)"},
    {"case = \"a\";\nepochz = 4;\nruns = ( { } );",
     "x.conf, line 2: unknown setting epochz (did you mean epochs?)"},
    {"case = \"a\";\nfigur = \"1\";\nruns = ( { } );", "(did you mean figure?)"},
    {"case = \"a\";\nruns = ( {\n threshold = \"four\"; } );",
     "x.conf, line 3: threshold must be a whole number from 0 to 2147483647 iterations, or inf "
     "(found "
     "\"four\")"},
    {"case = \"a\"; runs = ( { threshold = 4.5; } );", "threshold must be a whole number"},
    {"case = \"a\"; runs = ( { threshold = -1; } );", "(found -1)"},
    {"case = \"a\"; runs = ( { momentum = 1.5; } );", "momentum must be a number from 0 to 0.9999"},
    {"case = \"a\"; runs = ( { workload = \"trian\"; } );",
     "workload must be one of train, none, program (found \"trian\")"},
    {"case = \"a\"; runs = ( { workload = { rank = [1]; }; } );",
     "unknown setting rank in workload; it has command, files, test, metric, options, ranks"},
    {"case = \"a\"; runs = ( { control = \"out doors\"; } );",
     "control becomes part of file names"},
    {"case = \"a\"; runs = ( { seed = true; } );", "(found true)"},
    {"case = \"a\";\nseed = 1;\nseed = 2;\nruns = ( { } );", "x.conf, line 3:"},
    {"case = \"a\";\nruns = ( {", "x.conf, line 2:"},
    {"case = \"a\"; matrix = ( );", "matrix is empty; it needs at least one group"},
    {"case = \"a\"; matrix = ( { seed = [1]; }, { } );",
     "or a list of such groups (found an empty one)"},
    {"case = \"a\"; matrix = [ 1, 2 ];", "or a list of such groups (found a whole number)"},
    {"case = \"a\"; cluster = 4; runs = ( { } );", "cluster must be text (found 4)"},
    {"case = \"a\"; matrix = { };", "matrix must be a group of lists"},
    {"case = \"a\"; matrix = { seed = []; };", "seed in a matrix is empty"},
    {"case = \"a\"; matrix = { seed = 3; };", "seed in a matrix must be a list of values"},
    {"case = \"a\";\n/*\n*/runs = ( { seed = 5000000000; } );",
     "x.conf, line 3: 5000000000 is too large for a plain number; write 5000000000L"},
    {"case = \"a\"; runs = ( { seed = -5000000000; } );", "5000000000 is too large"},
    {"case = \"a\"; runs = ( { seed = 0x80000001; } );", "0x80000001 is too large"},
    {"case = \"a\";\n@include \"other.conf\"", "x.conf, line 2: @include cannot be used"},
    {"case = \"a\"; matrix = { seed = [1, 2, 1]; };", "has the same value twice"},
    {"case = \"a\"; matrix = { sede = [1]; };", "unknown setting sede (did you mean seed?)"},
    {"case = \"a\"; min_workers = 2;",
     "line 1: min_workers belongs in the cluster file (docs/cluster-files.md), not in"},
    {"case = \"a\";\n\nmatrix = { seed = [\n1, -2]; };", "x.conf, line 4: seed must be"},
    {"case = \"a\"; contender = 4; runs = ( { } );", "contender must be text (found 4)"},
    {"case = \"a\"; runs = ( { baseline = \"BSP\"; } );", "unknown setting baseline"},
    {"case = \"a\"; size = \"3 by 4\"; runs = ( { } );", "size must be WIDTHxHEIGHT"},
    {"case = \"a\"; size = 3.5; runs = ( { } );", "size must be"},
    {"case = \"a\";\nfont = \"A'B\"; runs = ( { } );", "line 2: font must be"},
    {"case = \"a\"; format = \"pdf,gif\"; runs = ( { } );", "format must be pdf, svg or png"},
    {"case = \"a\"; target_accuracy = 1e10; runs = ( { } );", "target_accuracy must be a number"},
};

static void wrong_experiments_are_answered_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_experiments / sizeof *wrong_experiments; i++) {
        struct rog_experiment *experiment = NULL;
        struct rog_error err = {0};
        int code = rog_experiment_parse(&experiment, wrong_experiments[i].text, "x.conf", &err);
        if (code != ROG_EINVAL || !strstr(err.message, wrong_experiments[i].said))
            fail_msg("for %s: code %d, \"%s\"", wrong_experiments[i].text, code, err.message);
        assert_null(experiment);
    }
}

static void a_missing_file_is_bad_usage(void **state)
{
    (void)state;
    struct rog_experiment *experiment = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_experiment_read(&experiment, "/nonexistent/x.conf", &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "/nonexistent/x.conf: No such file"));
    assert_int_equal(rog_experiment_read(&experiment, "/", &err), ROG_EINVAL);
}

/* ---- clusters ---- */

struct folder {
    char path[64];
    char *profiles;
};

static void write_text(const char *path, const char *text)
{
    struct rog_error err = {0};
    if (rog_file_write(path, text, strlen(text), &err) != 0)
        fail_msg("%s", err.message);
}

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->path, "/tmp/rog-conf-XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    f->profiles = rog_path_join(f->path, "profiles.conf");
    write_text(f->profiles, "nx = { step_s = 1.5; watts_compute = 13; };\n"
                            "bad = { step = 1.5; };\n");
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    rog_dir_remove(f->path, NULL);
    free(f->profiles);
    free(f);
    return 0;
}

static int read_cluster(const struct folder *f, const char *text, struct rog_cluster **cluster,
                        struct rog_error *err)
{
    char *path = rog_path_join(f->path, "lab.conf");
    write_text(path, text);
    int code = rog_cluster_read(cluster, path, NULL, f->profiles, rog_cluster_kinds, err);
    free(path);
    return code;
}

/* The hosts that execute its runs are not part of the cluster. */
static void slurm_is_a_virtual_cluster(void **state)
{
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    if (read_cluster(*state,
                     "kind = \"slurm\"; partition = \"p\"; setup = [\"module load x\"];\n"
                     "workers = ( { profile = \"nx\"; count = 3; } );\n",
                     &c, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(c->kind->name, "virtual");
    assert_string_equal(c->on, "slurm");
    assert_int_equal(rog_json_size(c->workers), 3);
    rog_cluster_free(c);
    if (read_cluster(*state, "kind = \"virtual\"; workers = ( { profile = \"nx\"; } );", &c, &err))
        fail_msg("%s", err.message);
    assert_null(c->on);
    rog_cluster_free(c);
}

/* Profiles of a file named by a cluster file have priority; its path is relative to the cluster
 * file. */
static void a_cluster_may_have_its_own_profiles(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    char *own = rog_path_join(f->path, "own.conf");
    write_text(own, "nx = { step_s = 7.5; };\nrobot-1 = { step_s = 0.25; };\n");
    assert_int_equal(
        read_cluster(f,
                     "kind = \"virtual\"; profiles = \"own.conf\";\n"
                     "workers = ( { profile = \"robot-1\"; }, { profile = \"nx\"; } );\n",
                     &c, &err),
        0);
    assert_true(rog_json_get_number(rog_json_at(c->workers, 0), "step_s", 0) == 0.25);
    assert_true(rog_json_get_number(rog_json_at(c->workers, 1), "step_s", 0) == 7.5);
    rog_cluster_free(c);
    assert_int_equal(read_cluster(f,
                                  "kind = \"virtual\"; profiles = \"own.conf\";\n"
                                  "workers = ( { profile = \"robot-2\"; } );\n",
                                  &c, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "line 2: no device profile \"robot-2\" in "));
    assert_non_null(strstr(err.message, "own.conf or "));
    assert_non_null(strstr(err.message, "did you mean robot-1?"));
    assert_int_equal(read_cluster(f, "kind = \"virtual\"; profiles = \"none.conf\";\n", &c, &err),
                     ROG_EINVAL);
    assert_non_null(strstr(err.message, "none.conf"));
    free(own);
}

static void workers_take_their_profile(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    assert_int_equal(read_cluster(f,
                                  "kind = \"virtual\";\n"
                                  "workers = ( { profile = \"nx\"; count = 2; batch = 8; },\n"
                                  "            { profile = \"nx\"; step_s = 2.5; } );\n",
                                  &c, &err),
                     0);
    assert_string_equal(c->name, "lab");
    assert_string_equal(c->kind->name, "virtual");
    assert_int_equal(rog_json_size(c->workers), 3);
    const struct rog_json *second = rog_json_at(c->workers, 1), *third = rog_json_at(c->workers, 2);
    assert_int_equal(rog_json_get_integer(second, "rank", 0), 2);
    assert_int_equal(rog_json_get_integer(second, "batch", 0), 8);
    assert_true(rog_json_get_number(second, "step_s", 0) == 1.5);
    assert_int_equal(rog_json_get_integer(second, "local_steps", 0), 1);
    assert_null(rog_json_get(second, "count"));
    assert_int_equal(rog_json_get_integer(third, "rank", 0), 3);
    assert_true(rog_json_get_number(third, "step_s", 0) == 2.5);
    assert_true(rog_json_get_number(third, "watts_compute", 0) == 13);
    rog_cluster_free(c);
}

static void an_ssh_cluster_is_read_whole(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    assert_int_equal(
        read_cluster(f,
                     "kind = \"ssh\"; tester = { host = \"desk\"; };\n"
                     "server = { host = \"10.42.0.1\"; user = \"u\"; iface = \"wls1\"; };\n"
                     "workers = ( { host = \"10.42.0.2\"; user = \"u\"; iface = \"wlan0\";\n"
                     "  batch = 24; local_steps = 1; profile = \"nx\"; } );\n",
                     &c, &err),
        0);
    assert_string_equal(c->kind->name, "ssh");
    assert_string_equal(rog_json_get_string(c->server, "iface", ""), "wls1");
    assert_string_equal(rog_json_get_string(c->tester, "host", ""), "desk");
    assert_string_equal(rog_json_get_string(rog_json_at(c->workers, 0), "host", ""), "10.42.0.2");
    assert_string_equal(rog_json_get_string(rog_json_at(c->workers, 0), "iface", ""), "wlan0");
    assert_int_equal(c->port, 7700);
    assert_true(c->lease_s == 600);
    rog_cluster_free(c);
}

/* The expanded texts, separated by blanks; or the error. */
static void ranges_are_those_of_shells(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *names;
    } cases[] = {
        {"robot", 0, "robot"},
        {"", 0, ""},
        {"robot{1..3}", 0, "robot1 robot2 robot3"},
        {"robot{1..3}", 9, "robot1 robot2 robot3"},
        {"robot{08..11}.lan", 0, "robot08.lan robot09.lan robot10.lan robot11.lan"},
        {"r{0..2}", 0, "r0 r1 r2"},
        {"r{3..1}", 0, "r3 r2 r1"},
        {"r{5..5}", 0, "r5"},
        {"r{1..2,7,b}", 0, "r1 r2 r7 rb"},
        {"10.42.0.{11..}", 3, "10.42.0.11 10.42.0.12 10.42.0.13"},
        {"{a,b}-{1..2}", 0, "a-1 a-2 b-1 b-2"},
        {"r{1..", 0, "braces must be paired"},
        {"r1..}", 0, "braces must be paired"},
        {"r{1,{2,3}}", 0, "cannot be nested"},
        {"r{}", 0, "an empty item between braces or commas"},
        {"r{1,}", 0, "an empty item between braces or commas"},
        {"r{a..c}", 0, "a range is two whole numbers"},
        {"r{1...3}", 0, "a range is two whole numbers"},
        {"r{-1..3}", 0, "a range is two whole numbers"},
        {"r{1..2..3}", 0, "a range is two whole numbers"},
        {"r{1..9999999999}", 0, "a range is two whole numbers"},
        {"r{..3}", 0, "a range is two whole numbers"},
        {"r{1..}", 0, "the range has no end: write one, or give count"},
        {"r{1..}{a,b}", 3, "has to be the only one"},
        {"r{1..,7}", 3, "has to be the only one"},
        {"r{1..21}", 0, "stands for more than 20"},
        {"r{1..999999999}", 0, "stands for more than 20"},
        {"r{1..5}{1..5}", 0, "stands for more than 20"},
        {"{a}{a}{a}{a}{a}{a}{a}{a}{a}", 0, "too many braces"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *list = rog_json_array();
        struct rog_error err = {0};
        char *names = rog_strdup("");
        int code = rog_ranges_expand(cases[i].text, cases[i].count, 20, list, &err);
        for (size_t k = 0; !code && k < rog_json_size(list); k++) {
            char *more = rog_format("%s%s%s", names, k ? " " : "",
                                    rog_json_string(rog_json_at(list, k), "?"));
            free(names);
            names = more;
        }
        const char *said = code ? err.message : names;
        if (code ? !strstr(said, cases[i].names) : strcmp(said, cases[i].names) != 0)
            fail_msg("%s: %s instead of %s", cases[i].text, said, cases[i].names);
        free(names);
        rog_json_free(list);
    }
}

/* Checks worker INDEX, as "HOST ADDRESS USER PROFILE BATCH STEP_S". */
static void check_worker(const struct rog_cluster *c, size_t index, const char *wanted)
{
    const struct rog_json *worker = rog_json_at(c->workers, index);
    char *found = rog_format("%s %s %s %s %lld %g", rog_json_get_string(worker, "host", "-"),
                             rog_json_get_string(worker, "address", "-"),
                             rog_json_get_string(worker, "user", "-"),
                             rog_json_get_string(worker, "profile", "-"),
                             (long long)rog_json_get_integer(worker, "batch", 0),
                             rog_json_get_number(worker, "step_s", -1));
    assert_int_equal(rog_json_get_integer(worker, "rank", 0), index + 1);
    if (strcmp(found, wanted) != 0)
        fail_msg("worker %zu is %s instead of %s", index + 1, found, wanted);
    free(found);
}

static void many_workers_in_a_few_lines(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    if (read_cluster(f,
                     "kind = \"ssh\"; server = { host = \"a\"; };\n"
                     "worker_defaults = { user = \"robot\"; profile = \"nx\"; batch = 8; };\n"
                     "workers = ( { host = \"r{1..30}\"; address = \"10.0.0.{101..130}\"; },\n"
                     "            { host = \"s{01..}\"; count = 2; user = \"me\"; batch = 4; },\n"
                     "            { host = \"t\"; step_s = 0.25; } );",
                     &c, &err))
        fail_msg("%s", err.message);
    assert_int_equal(rog_json_size(c->workers), 33);
    check_worker(c, 0, "r1 10.0.0.101 robot nx 8 1.5");
    check_worker(c, 29, "r30 10.0.0.130 robot nx 8 1.5");
    check_worker(c, 30, "s01 - me nx 4 1.5");
    check_worker(c, 31, "s02 - me nx 4 1.5");
    check_worker(c, 32, "t - robot nx 8 0.25");
    assert_null(rog_json_get(rog_json_at(c->workers, 30), "count"));
    assert_null(rog_json_get(c->server, "user"));
    assert_int_equal(rog_json_size(c->assumed), 0);
    rog_cluster_free(c);
    if (read_cluster(f,
                     "kind = \"virtual\"; worker_defaults = { profile = \"nx\"; batch = 8; };\n"
                     "workers = ( { count = 40; }, { host = \"r{1..2}\"; } );",
                     &c, &err))
        fail_msg("%s", err.message);
    assert_int_equal(rog_json_size(c->workers), 42);
    check_worker(c, 39, "- - - nx 8 1.5");
    check_worker(c, 41, "r2 - - nx 8 1.5");
    rog_cluster_free(c);
}

/* A folder with the name of a cluster is not a cluster. */
static void check_container(const struct rog_json *host, const char *wanted)
{
    const struct rog_json *container = rog_json_get(host, "container");
    char *found = container ? rog_json_text_sorted(container) : rog_strdup("none");
    assert_string_equal(found, wanted);
    free(found);
}

/* Settings of the cluster's container are used for hosts, unless a host has none. */
static void a_cluster_has_a_container(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    if (read_cluster(f,
                     "kind = \"ssh\"; server = { host = \"a\"; container = { runtime = \"none\"; "
                     "}; };\n"
                     "container = { image = \"i\"; mounts = ( \"/a\", \"v:/b:ro\" ); };\n"
                     "worker_defaults = { profile = \"nx\"; };\n"
                     "workers = ( { host = \"b\"; },\n"
                     "            { host = \"c\"; container = { image = \"j\"; gpu = \"0\"; }; },\n"
                     "            { host = \"d\"; wrap = \"nice\"; } );",
                     &c, &err))
        fail_msg("%s", err.message);
    check_container(c->server, "none");
    check_container(rog_json_at(c->workers, 0),
                    "{\"image\":\"i\",\"mounts\":[\"/a\",\"v:/b:ro\"],\"network\":\"host\","
                    "\"runtime\":\"docker\"}");
    check_container(rog_json_at(c->workers, 1),
                    "{\"gpu\":\"0\",\"image\":\"j\",\"mounts\":[\"/a\",\"v:/b:ro\"],"
                    "\"network\":\"host\",\"runtime\":\"docker\"}");
    check_container(rog_json_at(c->workers, 2), "none");
    rog_cluster_free(c);
}

static void a_folder_is_not_a_cluster_file(void **state)
{
    const struct folder *f = *state;
    struct rog_error err = {0};
    char *path = NULL, *folder = rog_path_join(f->path, "lab");
    assert_int_equal(rog_dir_make(folder, &err), 0);
    assert_int_equal(rog_cluster_find_file(&path, "lab", f->path, &err), 0);
    assert_string_equal(path, ROG_CLUSTER_LAB);
    free(path);
    assert_int_equal(rog_dir_remove(folder, &err), 0);
    write_text(folder, "kind = \"virtual\";");
    assert_int_equal(rog_cluster_find_file(&path, "lab", f->path, &err), 0);
    assert_string_equal(path, folder);
    free(path);
    free(folder);
}

static void check_path(const struct folder *f, const char *found, const char *name)
{
    char *wanted = rog_path_join(f->path, name);
    assert_string_equal(found, wanted);
    free(wanted);
}

/* Whatever the current folder: relative to the cluster file, or to the profiles. */
static void paths_are_relative_to_their_file(void **state)
{
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    char *profiles = rog_path_join(f->path, "sub/profiles.conf");
    char *path = rog_path_join(f->path, "paths.conf");
    write_text(profiles, "nx = { step_s = 1.5; step_times = \"s.csv\"; trace = \"p.csv\"; };");
    write_text(path, "kind = \"ssh\"; ssh_config = \"login\"; server = { host = \"a\"; };\n"
                     "workers = ( { host = \"b\"; profile = \"nx\"; trace = \"t{rank}.csv\"; },\n"
                     " { host = \"c\"; profile = \"nx\"; trace = \"synth:indoors\"; },\n"
                     " { host = \"d\"; profile = \"nx\"; trace = \"/t.csv\"; } );");
    if (rog_cluster_read(&c, path, NULL, profiles, rog_cluster_kinds, &err))
        fail_msg("%s", err.message);
    const struct rog_json *first = rog_json_at(c->workers, 0);
    check_path(f, rog_json_get_string(c->own, "ssh_config", ""), "login");
    check_path(f, rog_json_get_string(first, "trace", ""), "t{rank}.csv");
    check_path(f, rog_json_get_string(first, "step_times", ""), "sub/s.csv");
    assert_string_equal(rog_json_get_string(rog_json_at(c->workers, 1), "trace", ""),
                        "synth:indoors");
    assert_string_equal(rog_json_get_string(rog_json_at(c->workers, 2), "trace", ""), "/t.csv");
    rog_cluster_free(c);
    write_text(path, "kind = \"ssh\"; ssh_config = \"~/login\"; server = { host = \"a\"; };\n"
                     "workers = ( { host = \"b\"; profile = \"nx\"; } );");
    assert_int_equal(rog_cluster_read(&c, path, NULL, profiles, rog_cluster_kinds, &err), 0);
    assert_string_equal(rog_json_get_string(c->own, "ssh_config", ""), "~/login");
    rog_cluster_free(c);
    free(path);
    free(profiles);
}

/* With a measured step, no times of another model are taken from the default profile; defaults
 * taken without naming the profile are recorded. */
static void times_of_the_default_profile_are_recorded(void **state)
{
    static const struct {
        const char *worker;
        double compress_s;
        const char *assumed;
    } cases[] = {
        {"step_s = \"measured\";", 0, "[]"},
        {"step_s = \"measured\"; compress_s = 0.25;", 0.25, "[]"},
        {"step_s = \"measured\"; profile = \"jetson-nx\";", 0.5, "[]"},
        {"profile = \"jetson-nx\";", 0.5, "[]"},
        {"profile = \"nx\"; compress_s = 0.125;", 0.125, "[]"},
        {"step_s = 0.5; compress_s = 0.0; decompress_s = 0.0;", 0, "[]"},
        {"step_s = 0.5; decompress_s = 0.0;", 0.5, "[{\"compress_s\":0.5,\"rank\":1}]"},
        {"", 0.5, "[{\"step_s\":1.5,\"compress_s\":0.5,\"decompress_s\":0.75,\"rank\":1}]"},
    };
    struct folder *f = *state;
    struct rog_error err = {0};
    struct folder own = *f;
    own.profiles = rog_path_join(f->path, "default.conf");
    write_text(own.profiles,
               "nx = { step_s = 2.0; decompress_s = 0.5; watts_compute = 1.0; "
               "watts_communicate = 1.0; watts_stall = 1.0; };\n"
               "jetson-nx = { step_s = 1.5; compress_s = 0.5; decompress_s = 0.75; watts_compute = "
               "1.0; watts_communicate = 1.0; watts_stall = 1.0; };");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_cluster *c = NULL;
        char *text = rog_format("kind = \"virtual\"; workers = ( { %s } );", cases[i].worker);
        if (read_cluster(&own, text, &c, &err))
            fail_msg("%s: %s", text, err.message);
        const struct rog_json *worker = rog_json_at(c->workers, 0);
        assert_true(rog_json_get_number(worker, "compress_s", -1) == cases[i].compress_s);
        char *assumed = rog_json_text(c->assumed);
        if (strcmp(assumed, cases[i].assumed) != 0)
            fail_msg("%s: %s instead of %s", text, assumed, cases[i].assumed);
        free(assumed);
        free(text);
        rog_cluster_free(c);
    }
    free(own.profiles);
}

/* Two kinds may each have a setting of the same name. */
static void a_setting_belongs_to_the_kind_of_file(void **state)
{
    static const struct rog_setting numbers[] = {
        {.name = "size", .type = ROG_SETTING_INT, .min = 1, .max = 9, .help = "a number"},
        {.name = NULL},
    };
    static const struct rog_setting texts[] = {
        {.name = "size", .type = ROG_SETTING_STRING, .help = "a text"},
        {.name = NULL},
    };
    static const struct rog_cluster_kind one = {.name = "one", .settings = numbers};
    static const struct rog_cluster_kind two = {.name = "two", .settings = texts};
    static const struct rog_cluster_kind *const kinds[] = {&one, &two, NULL};
    const struct folder *f = *state;
    struct rog_cluster *c = NULL;
    struct rog_error err = {0};
    char *path = rog_path_join(f->path, "two.conf");
    write_text(path, "kind = \"two\"; size = \"large\"; workers = ( { profile = \"nx\"; } );");
    if (rog_cluster_read(&c, path, NULL, f->profiles, kinds, &err))
        fail_msg("%s", err.message);
    assert_string_equal(rog_json_get_string(c->own, "size", ""), "large");
    rog_cluster_free(c);
    free(path);
}

static const struct wrong wrong_clusters[] = {
    {"workers = ( { profile = \"nx\"; } );", "kind is missing"},
    {"kind = \"cloud\";", "kind must be one of virtual, local, ssh, slurm (found \"cloud\")"},
    {"kind = \"virtual\";", "workers is missing"},
    {"kind = \"virtual\"; workers = ();", "workers must be a list of groups"},
    {"kind = \"virtual\"; workers = ( 4 );", "a worker must be a group"},
    {"kind = \"virtual\";\nworker = ( { } );",
     "line 2: unknown setting worker (did you mean workers"},
    {"kind = \"virtual\";\nworkers = ( {\n profile = \"nxx\"; } );",
     "line 3: no device profile \"nxx\" in"},
    {"kind = \"virtual\"; workers = ( { profile = \"bad\"; } );",
     "profiles.conf, line 2: unknown setting step (did you mean step_s?)"},
    {"kind = \"virtual\"; workers = ( { profile = \"nx\"; batch = 0; } );",
     "batch must be a whole"},
    {"kind = \"virtual\"; workers = ( { profile = \"nx\"; count = 0; } );",
     "count must be a whole"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; } );", "this worker has no host"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; count = 2; } );",
     "count = 2 workers need a host each, as in host = \"robot{1..2}\" (found \"a\")"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a{1..3}\";\ncount = 2; } );",
     "line 2: count = 2, but host = \"a{1..3}\" stands for 3 workers"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a{1..3}\";\naddress = "
     "\"b{1..4}\"; } );",
     "line 2: address stands for 4 workers, and the group has 3"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a{1..3}\";\naddress = \"b\"; } );",
     "line 2: address stands for 1 workers, and the group has 3"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\";\nhost = \"a{1..}\"; } );",
     "line 2: host = \"a{1..}\": the range has no end: write one, or give count"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } ); server = { host = "
     "\"s{1,2}\"; };",
     "server is one host: no {} in its host (found \"s{1,2}\")"},
    {"kind = \"virtual\"; workers = ( { } );\nworker_defaults = 3;",
     "line 2: worker_defaults must be a group, { ... } (found a whole number)"},
    {"kind = \"virtual\"; workers = ( { } );\nworker_defaults = { bathc = 3; };",
     "line 2: unknown setting bathc (did you mean batch?)"},
    {"kind = \"virtual\"; workers = ( { } );\nworker_defaults = { iface = \"wlan0\"; };",
     "line 2: iface is for clusters of kind ssh"},
    {"kind = \"virtual\"; workers = ( { } );\nworker_defaults = { count = 3; };",
     "line 2: count belongs to a single worker and cannot be in worker_defaults"},
    {"kind = \"virtual\"; workers = ( { } );\nworker_defaults = { profile = \"nxx\"; };",
     "line 2: no device profile \"nxx\" in"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } );", "server is missing"},
    {"kind = \"ssh\"; server = { host = \"s\"; };\nworkers = ( { profile = \"nx\"; host = "
     "\"robot{1..3}\"; },"
     " { profile = \"nx\"; host = \"Robot2\"; } );",
     "line 2: workers 2 and 4 have the same host, robot2"},
    {"kind = \"ssh\"; server = { host = \"s\"; };\nworkers = ( { profile = \"nx\"; host = \"S\"; } "
     ");",
     "line 2: worker 1 and the server have the same host, s"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } ); server = { user = \"u\"; "
     "};",
     "server has no host"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\";\nhost = \"\"; } );",
     "line 2: host must be a name or an address (found \"\")"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } );\nserver = { host = \"a "
     "b\"; };",
     "line 2: host must be a name or an address (found \"a b\")"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } ); server = { host = "
     "\"a\"; };\ntester = { host = \"\"; };",
     "line 2: host must be a name or an address (found \"\")"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } ); server = \"a\";",
     "server must be a group, { host = ...; } (found text)"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } );\nserver = { hots = \"a\"; "
     "};",
     "line 2: unknown setting hots (did you mean host?)"},
    {"kind = \"local\";\nserver = { host = \"a\"; }; workers = ( { profile = \"nx\"; } );",
     "line 2: server is for clusters of kind ssh"},
    {"kind = \"local\";\nworkers = ( { profile = \"nx\"; iface = \"wlan0\"; } );",
     "line 2: iface is for clusters of kind ssh"},
    {"kind = \"local\";\nssh_config = \"a\"; workers = ( { profile = \"nx\"; } );",
     "line 2: ssh_config is for clusters of kind ssh"},
    {"kind = \"virtual\";\nretries = 1; workers = ( { profile = \"nx\"; } );",
     "line 2: retries is for clusters of kind local or ssh"},
    {"kind = \"local\";\nworkers = ( { profile = \"nx\";\nstep_s = \"measured\"; } );",
     "line 3: step_s = \"measured\" is for clusters of kind virtual or slurm; on this "
     "cluster a step takes"},
    {"kind = \"virtual\";\nworkers = ( { profile = \"nx\";\nstep_s = \"measure\"; } );",
     "line 3: step_s must be a number from 0 to 1000000 s, or measured (found \"measure\")"},
    {"kind = \"virtual\";\nthrottle = 4; workers = ( { profile = \"nx\"; } );",
     "line 2: throttle is for clusters of kind slurm"},
    {"kind = \"slurm\";\nthrottle = -4; workers = ( { profile = \"nx\"; } );",
     "line 2: throttle must be"},
    {"kind = \"slurm\";\nserver = { host = \"a\"; }; workers = ( { profile = \"nx\"; } );",
     "line 2: server is for clusters of kind ssh"},
    {"kind = \"virtual\";\nlease = 20.0; workers = ( { profile = \"nx\"; } );",
     "line 2: lease is for clusters of kind ssh"},
#define WITH(settings) \
    "kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\";\n" settings " } );"
    {WITH("container = { images = \"i\"; };"),
     "line 2: container: unknown setting images (did you mean image?)"},
    {WITH("container = { runtime = \"rkt\"; };"),
     "line 2: container: runtime must be one of docker, podman, none (found \"rkt\")"},
    {WITH("container = \"i\";"),
     "line 2: container must be a group of image, runtime, network, gpu, mounts, options"},
    {WITH("container = { gpu = \"all\"; };"), "container: image is missing"},
    {WITH("container = { image = \"i\"; mounts = ( \"data\" ); };"),
     "mounts must be FROM, FROM:TO or FROM:TO:ro with absolute paths (found \"data\")"},
    {WITH("container = { image = \"i\"; mounts = ( \"/a:b\" ); };"), "(found \"/a:b\")"},
    {WITH("container = { image = \"i\"; mounts = ( \"../a:/b\" ); };"), "(found \"../a:/b\")"},
    {WITH("container = { image = \"i\"; }; wrap = \"nice\";"),
     "wrap and container cannot be used together"},
    {"kind = \"local\";\ncontainer = { image = \"i\"; }; workers = ( { profile = \"nx\"; } );",
     "line 2: container is for clusters of kind ssh"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; environment = \"A=1 B\"; } );",
     "environment must be NAME=VALUE, separated by spaces (found \"B\")"},
    {"kind = \"ssh\"; workers = ( { profile = \"nx\"; host = \"a\"; } ); server = { host = \"b\"; "
     "};\n"
     "tester = { host = \"c\"; recover = \"reboot\"; };",
     "line 2: recover does not apply to a tester"},
};

static void wrong_clusters_are_answered_exactly(void **state)
{
    const struct folder *f = *state;
    for (size_t i = 0; i < sizeof wrong_clusters / sizeof *wrong_clusters; i++) {
        struct rog_cluster *cluster = NULL;
        struct rog_error err = {0};
        int code = read_cluster(f, wrong_clusters[i].text, &cluster, &err);
        if (code != ROG_EINVAL || !strstr(err.message, wrong_clusters[i].said))
            fail_msg("for %s: code %d, \"%s\"", wrong_clusters[i].text, code, err.message);
        assert_null(cluster);
    }
}

static void names_of_files_are_plain(void **state)
{
    (void)state;
    static const char *const yes[] = {"threshold-case0", "a", "x.y_z-1"};
    static const char *const no[] = {"", "-a", ".", "..", "a/b", "a b", "a;b", "\xc3\xa4", "a\n"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(rog_name_is_plain(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(rog_name_is_plain(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_for_every_run),
        cmocka_unit_test(a_matrix_is_a_product),
        cmocka_unit_test(matrices_may_be_combined_with_runs),
        cmocka_unit_test(wrong_experiments_are_answered_exactly),
        cmocka_unit_test(large_numbers_are_not_cut),
        cmocka_unit_test(a_missing_file_is_bad_usage),
        cmocka_unit_test(names_of_files_are_plain),
        cmocka_unit_test_setup_teardown(workers_take_their_profile, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(slurm_is_a_virtual_cluster, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_cluster_may_have_its_own_profiles, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_ssh_cluster_is_read_whole, make_folder, remove_folder),
        cmocka_unit_test(ranges_are_those_of_shells),
        cmocka_unit_test_setup_teardown(many_workers_in_a_few_lines, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_cluster_has_a_container, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_is_not_a_cluster_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(paths_are_relative_to_their_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(times_of_the_default_profile_are_recorded, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_setting_belongs_to_the_kind_of_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(wrong_clusters_are_answered_exactly, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
