/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: options, parts, help, exit statuses. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/cli.h>

/* The command under test checks its arguments; the second argument selects the check. */
static int check_values(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_arg_count(cli) != 2 || strcmp(rog_cli_arg(cli, 0), "a.conf") ||
        strcmp(rog_cli_arg(cli, 1), "-b"))
        return rog_fail(err, ROG_EFAILED, "wrong arguments");
    if (rog_cli_int(cli, "jobs") != 3 || rog_cli_real(cli, "span") != 2.5 ||
        strcmp(rog_cli_string(cli, "db"), "x y.db") || !rog_cli_flag(cli, "fresh") ||
        rog_cli_flag(cli, "quiet") || rog_cli_given(cli, "quiet") || !rog_cli_given(cli, "jobs"))
        return rog_fail(err, ROG_EFAILED, "wrong values");
    return 0;
}

static int check_defaults(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_int(cli, "jobs") != 1 || rog_cli_real(cli, "span") != 300.0 ||
        strcmp(rog_cli_string(cli, "db"), "results.db") || rog_cli_string(cli, "only"))
        return rog_fail(err, ROG_EFAILED, "wrong defaults");
    return 0;
}

static int fail_with(const struct rog_cli *cli, struct rog_error *err)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {{"nothing", ROG_ENOTFOUND},
                 {"interrupted", ROG_EINTR},
                 {"io", ROG_EIO},
                 {"usage", ROG_EINVAL},
                 {"abi", ROG_EABI}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i].name, rog_cli_arg(cli, 0)))
            return rog_fail(err, codes[i].code, "as asked");
    return 0;
}

static const struct rog_setting options[] = {
    {.name = "jobs",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = 64,
     .help = "runs at once",
     .letter = 'j'},
    {.name = "span",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 0,
     .max = 1e6,
     .unit = "s",
     .help = "length"},
    {.name = "fresh", .type = ROG_SETTING_FLAG, .help = "new case"},
    {.name = "only", .type = ROG_SETTING_STRING, .help = "filter"},
    {.name = NULL},
};
static const struct rog_setting common[] = {
    {.name = "db", .type = ROG_SETTING_STRING, .fallback = "results.db", .help = "database"},
    {.name = "quiet", .type = ROG_SETTING_FLAG, .help = "less", .letter = 'q'},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "for machines"},
    {.name = NULL},
};
static int count_words(const struct rog_cli *cli, struct rog_error *err)
{
    const char *const wanted[] = {"--help", "--unknown", "--", "-q"};
    assert_int_equal(rog_cli_arg_count(cli), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(rog_cli_arg(cli, i), wanted[i]);
    return rog_fail(err, ROG_EINTR, "seen");
}

/* Settings of a run that are options, under the names of the options. */
static int take_settings(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_json *settings = rog_json_object();
    rog_cli_settings(cli, settings);
    char *text = rog_json_text(settings);
    int code = strcmp(text, rog_cli_arg(cli, 0)) == 0 ? rog_fail(err, ROG_EINTR, "as asked")
                                                      : rog_fail(err, ROG_EIO, "%s", text);
    free(text);
    rog_json_free(settings);
    return code;
}

static const struct rog_command settings = {.name = "settings",
                                            .usage = "JSON",
                                            .summary = "take settings",
                                            .settings = ROG_SETTING_OPTION_OF_RUN,
                                            .min_args = 1,
                                            .max_args = 1,
                                            .run = take_settings};
static const struct rog_command values = {.name = "values",
                                          .usage = "A B",
                                          .summary = "check values",
                                          .options = options,
                                          .min_args = 2,
                                          .max_args = 2,
                                          .run = check_values};
static const struct rog_command defaults = {.name = "defaults",
                                            .usage = "",
                                            .summary = "check defaults",
                                            .options = options,
                                            .run = check_defaults};
static const struct rog_command failing = {.name = "fail",
                                           .usage = "HOW",
                                           .summary = "fail",
                                           .min_args = 1,
                                           .max_args = -1,
                                           .run = fail_with};
static int count_part(const struct rog_cli *cli, struct rog_error *err)
{
    bool right = rog_cli_arg_count(cli) == 1 && !strcmp(rog_cli_arg(cli, 0), "x") &&
                 rog_cli_int(cli, "jobs") == 3;
    return right ? rog_fail(err, ROG_ENOTFOUND, "a part") : 0;
}

static const struct rog_command part = {.name = "pass part",
                                        .usage = "X",
                                        .summary = "a part of pass",
                                        .options = options,
                                        .min_args = 1,
                                        .max_args = 1,
                                        .run = count_part};
static const struct rog_command *const parts[] = {&part, NULL};
static const struct rog_command passing = {.name = "pass",
                                           .usage = "...",
                                           .summary = "hand all words on",
                                           .max_args = -1,
                                           .run = count_words,
                                           .passes_on = true,
                                           .parts = parts};
/* Opens a file, if the caller has closed standard files. */
static int open_file(const struct rog_cli *cli, struct rog_error *err)
{
    (void)cli;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd > 2 ? 0 : rog_fail(err, ROG_EIO, "a file of its own is standard file %d", fd);
}

static const struct rog_command opening = {
    .name = "open", .usage = "", .summary = "open a file", .run = open_file};
static const struct rog_command *const commands[] = {&values,  &defaults, &failing, &passing,
                                                     &opening, &settings, NULL};
static const struct rog_program program = {.name = "prog",
                                           .version = "1.0",
                                           .summary = "a program",
                                           .common = common,
                                           .commands = commands};

#define RUN(...) run((const char *[]){"prog", __VA_ARGS__, NULL})

static int run(const char **words)
{
    char storage[16][64];
    char *argv[17] = {NULL};
    int argc = 0;
    for (; words[argc]; argc++) {
        strncpy(storage[argc], words[argc], sizeof storage[argc] - 1);
        storage[argc][sizeof storage[argc] - 1] = '\0';
        argv[argc] = storage[argc];
    }
    return rog_program_main(&program, argc, argv);
}

static void test_options_anywhere(void **state)
{
    (void)state;
    assert_int_equal(RUN("values", "--jobs", "3", "a.conf", "--span=2.5", "--fresh", "--db",
                         "x y.db", "--", "-b"),
                     0);
    assert_int_equal(RUN("values", "-j3", "--jobs=3", "--sp", "2.5", "--fr", "--db=x y.db",
                         "a.conf", "--", "-b"),
                     0);
    assert_int_equal(RUN("defaults"), 0);
    assert_int_equal(RUN("pass", "--help", "--unknown", "--", "-q"), 130);
}

static void test_wrong_use(void **state)
{
    (void)state;
    assert_int_equal(RUN("valuse"), 2);
    assert_int_equal(RUN("defaults", "--jbos", "3"), 2);
    assert_int_equal(RUN("defaults", "--jobs", "0"), 2);
    assert_int_equal(RUN("defaults", "--jobs", "3x"), 2);
    assert_int_equal(RUN("defaults", "--jobs"), 2);
    assert_int_equal(RUN("defaults", "extra"), 2);
    assert_int_equal(RUN("values", "one"), 2);
    assert_int_equal(RUN("defaults", "--fresh=maybe"), 2);
    assert_int_equal(RUN("defaults", "--only", "a", "--only", "b"), 2);
}

/* A part has its own options, help and errors; other words go to the command. */
static void test_parts(void **state)
{
    (void)state;
    assert_int_equal(RUN("pass", "part", "x", "--jobs", "3"), 3);
    assert_int_equal(RUN("pass", "part"), 2);
    assert_int_equal(RUN("pass", "part", "x", "--unknown"), 2);
    assert_int_equal(RUN("pass", "part", "--help"), 0);
    assert_int_equal(RUN("help", "pass", "part"), 0);
    assert_int_equal(RUN("pass", "--help", "--unknown", "--", "-q"), 130);
}

static void test_settings_as_options(void **state)
{
    (void)state;
    assert_int_equal(RUN("settings", "--epoch", "3", "--note=n", "{\"epochs\":3,\"note\":\"n\"}"),
                     130);
    assert_int_equal(RUN("settings", "--thr", "inf", "{\"threshold\":\"inf\"}"), 130);
    assert_int_equal(RUN("settings", "{}"), 130);
    assert_int_equal(RUN("settings", "--epochs", "3", "{}"), 2);  /* its name is --epoch */
    assert_int_equal(RUN("settings", "--seconds", "3", "{}"), 2); /* not an option of this
                                                                     command */
    assert_int_equal(RUN("defaults", "--epoch", "3"), 2);
    assert_int_equal(RUN("help", "settings"), 0);
}

static void test_exit_status(void **state)
{
    (void)state;
    assert_int_equal(RUN("fail", "nothing"), 3);
    assert_int_equal(RUN("fail", "interrupted"), 130);
    assert_int_equal(RUN("fail", "io"), 1);
    assert_int_equal(RUN("fail", "usage"), 2);
    assert_int_equal(RUN("fail", "abi"), 2);
    assert_int_equal(RUN("fail", "not"), 0);
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(RUN("--help"), 0);
    assert_int_equal(RUN("help", "values"), 0);
    assert_int_equal(RUN("values", "--help"), 0);
    assert_int_equal(RUN("--version"), 0);
    assert_int_equal(RUN("help", "nothing"), 2);
}

/* Help or a result that cannot be written is an error. */
static void test_full_disk(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0) {
        print_message("skipped: there is no /dev/full\n");
        skip();
    }
    fflush(stdout);
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_true(kept >= 10);
    assert_int_equal(dup2(full, STDOUT_FILENO), STDOUT_FILENO);
    const int codes[] = {RUN("help"), RUN("--version"), RUN("help", "values"),
                         RUN("values", "--help"), RUN("values", "--version")};
    assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    clearerr(stdout);
    close(kept);
    close(full);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(codes[i], 1);
}

/* Messages are never written to a file that has the number of a closed standard file. */
static void test_closed_standard_files(void **state)
{
    (void)state;
    for (int closed = 0; closed < 3; closed++) {
        int kept = fcntl(closed, F_DUPFD_CLOEXEC, 10);
        assert_true(kept >= 10);
        fflush(stdout);
        close(closed);
        int code = RUN("open");
        assert_int_equal(dup2(kept, closed), closed);
        close(kept);
        assert_int_equal(code, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_anywhere),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_settings_as_options),
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_closed_standard_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
