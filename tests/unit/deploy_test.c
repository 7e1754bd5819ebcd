/* SPDX-License-Identifier: Apache-2.0 */
/* Deployment to the real sshd of a lab: which files are sent, which are not, and damage in transit
 * or later. The result is checked by sha256sum and by running it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/deploy/bundle.h>
#include <orchestrator/deploy/deploy.h>

#include "lab_bench_support.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Hash of the eight bytes "precious", by sha256sum. */
static const char hash_of_precious[] =
    "157fc55121ab2c59852c35d78aca98d840047e5d9668c423e4d3b146e1577901";

/* The item in every tree. */
#define UNPACKER                                                               \
    {                                                                          \
        .source = ROG_TEST_UNPACKER, .name = ROG_DEPLOY_UNPACKER, .mode = 0755 \
    }
/* Files of a tree without it. */
#define FIND "find . -type f ! -path ./" ROG_DEPLOY_UNPACKER

static const struct rog_bundle_programs programs = {.trainer = ROG_TEST_TRAINER};

static struct lab_bench *bench_of(void **state)
{
    lab_bench_need(*state);
    return *state;
}

static int set_up(void **state)
{
    struct lab_bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    int code = lab_bench_open(bench, "rog-deploy");
    setenv("XDG_CACHE_HOME", bench->folder, 1); /* this machine's cache of packed files */
    return code;
}

static int tear_down(void **state)
{
    struct lab_bench *bench = *state;
    int code = lab_bench_close(bench);
    free(bench);
    return code;
}

static struct rog_connection *connect_to(const struct lab_bench *bench, unsigned host)
{
    const struct rog_ssh_options options = lab_bench_options(bench->address[host]);
    return lab_bench_connect(&options);
}

/* Returns the output of a command on the host. Heap memory. */
static char *say(struct rog_connection *ssh, const char *script, const char *folder)
{
    char *output = NULL;
    struct rog_error err = {0};
    if (rog_connection_command(ssh, ARGV("sh", "-c", script, "sh", folder), 60, &output, &err))
        fail_msg("%s", err.message);
    return output;
}

static void expect(struct rog_connection *ssh, const char *script, const char *folder,
                   const char *words)
{
    char *output = say(ssh, script, folder);
    assert_string_equal(output, words);
    free(output);
}

static char *put(const struct lab_bench *bench, const char *name, const void *data, size_t size)
{
    struct rog_error err = {0};
    char *path = rog_path_join(bench->folder, name);
    if (rog_file_write(path, data, size, &err))
        fail_msg("%s", err.message);
    return path;
}

/* Deploys, and expects `files` files to be sent. Heap memory: the folder. */
static char *deploy(struct rog_connection *ssh, const struct rog_deploy_item *items, size_t count,
                    size_t files, struct rog_deploy_report *report)
{
    char *folder = NULL;
    struct rog_error err = {0};
    struct rog_deploy_report own;
    report = report ? report : &own;
    if (rog_deploy_tree(ssh, items, count, &folder, report, &err))
        fail_msg("%s", err.message);
    assert_int_equal(report->files, files);
    return folder;
}

/* --- tests --- */

static void only_missing_files_are_sent(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 1);
    size_t size = 3000001; /* more than a window, not a multiple of a block */
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    char *big = put(bench, "big", data, size);
    char *program = put(bench, "program", "#!/bin/sh\necho hello\n", 21);
    char *empty = put(bench, "empty", "", 0);
    const struct rog_deploy_item items[] = {
        {.source = program, .name = "bin/it's a $program", .mode = 0755},
        {.source = big, .name = "data/deep/er/big", .mode = 0644},
        {.source = big, .name = "data/same", .mode = 0644},
        {.source = empty, .name = "empty", .mode = 0600},
        {.source = program, .name = "text", .mode = 0644},
        UNPACKER,
    };
    struct rog_deploy_report report;
    struct stat unpacker;
    assert_int_equal(stat(ROG_TEST_UNPACKER, &unpacker), 0);
    char *folder = deploy(ssh, items, 6, 5, &report);
    assert_int_equal(report.bytes, size + 2 * 21 + (size_t)unpacker.st_size);
    assert_true(report.bytes_on_link > (uint64_t)unpacker.st_size);
    expect(ssh, "cd \"$1\" && \"bin/it's a \\$program\" && " FIND " -printf '%m %p\\n' | sort",
           folder,
           "hello\n400 ./empty\n444 ./data/deep/er/big\n444 ./data/same\n444 ./text\n"
           "555 ./bin/it's a $program\n");
    expect(ssh, "cmp \"$1/data/same\" \"$1/data/deep/er/big\" && stat -c %h \"$1/data/same\"",
           folder, "3\n"); /* two names and the object */
    char *sum = say(ssh, "sha256sum <\"$1/data/deep/er/big\"", folder);
    char *sum_here = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_process_run(ARGV("sha256sum", big), 60, &sum_here, &err), ROG_OK);
    assert_memory_equal(sum, sum_here, 64);
    free(sum_here);
    free(sum);

    char *again = deploy(ssh, items, 6, 0, &report);
    assert_string_equal(again, folder);
    assert_int_equal(report.bytes_on_link, 0);
    free(again);

    char *other = put(bench, "other", "other", 5);
    struct rog_deploy_item changed[6];
    memcpy(changed, items, sizeof items);
    changed[3].source = other;
    again = deploy(ssh, changed, 6, 1, &report);
    assert_string_not_equal(again, folder);
    assert_int_equal(report.bytes, 5);
    free(again);
    changed[3] = items[3];
    changed[4].name = "renamed"; /* needs only a new tree */
    again = deploy(ssh, changed, 6, 0, &report);
    expect(ssh, "cat \"$1/renamed\"", again, "#!/bin/sh\necho hello\n");
    free(again);
    expect(ssh, "ls -d \"$1\"/../../part-* 2>/dev/null || echo none", folder, "none\n");
    free(other);
    free(folder);
    free(empty);
    free(program);
    free(big);
    free(data);
    rog_connection_free(ssh);
}

static void damage_on_the_host_is_repaired(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 1);
    char *one = put(bench, "one", "one", 3), *two = put(bench, "two", "two", 3);
    const struct rog_deploy_item items[] = {
        {.source = one, .name = "a/one", .mode = 0644},
        {.source = two, .name = "a/two", .mode = 0644},
        UNPACKER,
    };
    char *folder = deploy(ssh, items, 3, 2, NULL); /* the unpacker is already there */
    static const struct {
        const char *harm;
        size_t files; /* files that are sent again */
    } cases[] = {
        /* Content of the same length, with the old time of modification. */
        {"touch -r \"$1/a/one\" \"$1.ref\"; chmod u+w \"$1/a/one\"; printf 0ne >\"$1/a/one\"; "
         "touch -r \"$1.ref\" \"$1/a/one\"",
         1},
        {"rm -f \"$1/a/two\"", 0}, /* the object is still there */
        {"rm -rf \"$1\"/../../manifests", 0},
        {"rm -rf \"$1\"/../../marks", 0},
        {"rm -rf \"$1\"/../../objects", 0}, /* the tree still has them */
        {"rm -rf \"${1%/*/*}\"", 3},
        /* The unpacker: missing, other bytes, truncated, and not a program. */
        {"rm -f \"$1/" ROG_DEPLOY_UNPACKER "\" \"$1\"/../../objects/*-555", 1},
        {"chmod u+w \"$1/" ROG_DEPLOY_UNPACKER "\"; printf x >>\"$1/" ROG_DEPLOY_UNPACKER "\"", 1},
        {"chmod u+w \"$1/" ROG_DEPLOY_UNPACKER "\"; : >\"$1/" ROG_DEPLOY_UNPACKER "\"", 1},
        {"chmod u+w \"$1/" ROG_DEPLOY_UNPACKER "\"; echo exit 0 >\"$1/" ROG_DEPLOY_UNPACKER
         "\"; rm -f \"$1/a/two\"",
         1},
        /* Damaged before the host was booted. */
        {"chmod u+w \"$1/a/one\"; : >\"$1/a/one\"; echo another >\"$1/../../marks/${1##*/}\"", 1},
        {"echo another >\"$1/../../marks/${1##*/}\"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        free(say(ssh, cases[i].harm, folder));
        char *again = deploy(ssh, items, 3, cases[i].files, NULL);
        assert_string_equal(again, folder);
        expect(ssh, "cat \"$1/a/one\" \"$1/a/two\"", folder, "onetwo");
        free(again);
    }
    free(folder);
    free(two);
    free(one);
    rog_connection_free(ssh);
}

/* Files compressed here for sending: another content, truncated, longer, not Zstandard. */
static void damaged_local_files_are_not_sent(void **state)
{
    static const char *const harms[] = {
        "zstd -dc $f | sed s/precious/preciouS/ | zstd -qc >new",
        "head -c 10 $f >new",
        ": >new",
        "cat $f $f >new",
        "{ cat $f; echo; } >new",
        "{ echo; cat $f; } >new",
        "gzip -c <$f >new",
        /* A window that is too large for a robot's memory. */
        "head -c 20000000 /dev/zero | zstd -q --long=24 >new",
    };
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 1);
    struct rog_error err = {0};
    char *one = put(bench, "precious", "precious", 8), *folder = NULL;
    const struct rog_deploy_item items[] = {{.source = one, .name = "one", .mode = 0644}, UNPACKER};
    const struct rog_deploy_item changed = {ROG_TEST_UNPACKER, ROG_DEPLOY_UNPACKER, 0755,
                                            hash_of_precious}; /* changed since it was hashed */
    const struct rog_deploy_item twice[] = {
        UNPACKER, {.source = ROG_TEST_UNPACKER, .name = "a copy of it", .mode = 0755}};
    if (rog_process_run(ARGV("zstd", "--version"), 60, NULL, &err)) {
        printf("skipped: %s\n", err.message);
        skip();
    }
    assert_int_equal(rog_deploy_clean(ssh, NULL, &err), ROG_OK);
    assert_int_equal(rog_deploy_tree(ssh, &changed, 1, &folder, NULL, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "arrived damaged"));
    expect(ssh, "cd \"$XDG_CACHE_HOME/rogctl\" && ls objects trees part-* 2>&1 | grep -c .", "",
           "3\n"); /* the two folders, and the message that there is no part */
    free(deploy(ssh, twice, 2, 1, NULL));
    free(deploy(ssh, items, 2, 1, NULL));
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        assert_int_equal(rog_deploy_clean(ssh, NULL, &err), ROG_OK);
        char *script = rog_format("cd %s/rogctl/packed && f=%s.zst && zstd -dc $f | "
                                  "grep -q '^precious$' && %s && mv new $f",
                                  bench->folder, hash_of_precious, harms[i]);
        assert_int_equal(rog_process_run(ARGV("sh", "-c", script), 60, NULL, &err), ROG_OK);
        assert_int_equal(rog_deploy_tree(ssh, items, 2, &folder, NULL, &err), ROG_EFAILED);
        assert_null(folder);
        if (!strstr(err.message, "arrived damaged"))
            fail_msg("%s: %s", harms[i], err.message);
        /* Only the unpacker. */
        expect(ssh, "cd \"$XDG_CACHE_HOME/rogctl\" && ls objects trees part-* 2>&1 | grep -c .", "",
               "4\n");
        free(deploy(ssh, items, 2, 1, NULL)); /* packed again */
        free(script);
    }
    free(one);
    rog_connection_free(ssh);
}

static void bad_items_are_refused(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 1);
    struct rog_error err = {0};
    char *one = put(bench, "one", "one", 3), *folder = NULL;
    static const char *const names[] = {"",     "/etc/x", "..", "a/../b", "./a",  "a//b",
                                        "a\nb", "a/",     " a", "a ",     "a\\b", NULL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct rog_deploy_item item = {.source = one, .name = names[i], .mode = 0644};
        assert_int_equal(rog_deploy_tree(ssh, &item, 1, &folder, NULL, &err), ROG_EINVAL);
        assert_non_null(strstr(err.message, "cannot be the name"));
    }
    const struct rog_deploy_item alone = {.source = one, .name = "a", .mode = 0644};
    assert_int_equal(rog_deploy_tree(ssh, &alone, 1, &folder, NULL, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "bin/rog-unpack"));
    const struct rog_deploy_item clash[] = {{.source = one, .name = "a", .mode = 0644},
                                            {.source = one, .name = "a-b", .mode = 0644},
                                            {.source = one, .name = "a/c", .mode = 0644},
                                            UNPACKER};
    assert_int_equal(rog_deploy_tree(ssh, clash, 4, &folder, NULL, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "have the name a"));
    const struct rog_deploy_item hash = {one, "a", 0644, "xyz"};
    assert_int_equal(rog_deploy_tree(ssh, &hash, 1, &folder, NULL, &err), ROG_EINVAL);
    const struct rog_deploy_item lie[] = {
        {one, "a", 0644, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
        UNPACKER};
    assert_int_equal(rog_deploy_tree(ssh, lie, 2, &folder, NULL, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "was changed while"));
    const struct rog_deploy_item gone = {.source = "/no/such", .name = "a", .mode = 0644};
    assert_int_equal(rog_deploy_tree(ssh, &gone, 1, &folder, NULL, &err), ROG_ENOTFOUND);
    assert_int_equal(rog_deploy_tree(ssh, NULL, 0, &folder, NULL, &err), ROG_EINVAL);
    free(one);
    rog_connection_free(ssh);
}

/* Full before the unpacker is written, and before the file is. */
static void a_full_disk_is_named(void **state)
{
    static const char *const sizes[] = {"128k", "1m"};
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 2);
    struct rog_error err = {0};
    size_t size = (size_t)8 << 20;
    char *data = calloc(1, size), *folder = NULL;
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    char *big = put(bench, "full", data, size);
    const struct rog_deploy_item items[] = {{.source = big, .name = "big", .mode = 0644}, UNPACKER};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *mount = rog_format("mount -t tmpfs -o size=%s none \"$XDG_CACHE_HOME\"", sizes[i]);
        if (rog_connection_command(ssh, ARGV("sh", "-c", mount), 10, NULL, &err)) {
            printf("skipped: %s\n", err.message);
            rog_connection_free(ssh);
            skip();
        }
        int code = rog_deploy_tree(ssh, items, 2, &folder, NULL, &err);
        char *left = say(ssh,
                         "cd \"$XDG_CACHE_HOME/rogctl\" && find objects trees part-* -type f "
                         "-size +2047 2>/dev/null; cd /; umount \"$XDG_CACHE_HOME\"",
                         "");
        assert_int_equal(code, ROG_EFAILED);
        if (!strstr(err.message, "KiB left") || !strstr(err.message, bench->address[2]))
            fail_msg("%s", err.message);
        assert_string_equal(left, ""); /* at most the unpacker */
        free(left);
        free(mount);
    }
    free(deploy(ssh, items, 2, 2, NULL));
    free(big);
    free(data);
    rog_connection_free(ssh);
}

static void a_folder_without_programs_is_named(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(bench, 2);
    struct rog_error err = {0};
    char *folder = NULL;
    const struct rog_deploy_item items[] = {UNPACKER};
    static const char mount[] = "mount -t tmpfs -o noexec none \"$XDG_CACHE_HOME\"";
    if (rog_connection_command(ssh, ARGV("sh", "-c", mount), 10, NULL, &err)) {
        printf("skipped: %s\n", err.message);
        rog_connection_free(ssh);
        skip();
    }
    int code = rog_deploy_tree(ssh, items, 1, &folder, NULL, &err);
    free(say(ssh, "umount \"$XDG_CACHE_HOME\"", ""));
    assert_int_equal(code, ROG_EFAILED);
    if (!strstr(err.message, "noexec"))
        fail_msg("%s", err.message);
    rog_connection_free(ssh);
}

struct job {
    const struct lab_bench *bench;
    const struct rog_deploy_item *items;
    size_t count;
    unsigned host;
    char problem[1200];
};

static void *work(void *user)
{
    struct job *job = user;
    struct rog_error err = {0};
    struct rog_connection *ssh = NULL;
    char *folder = NULL, *output = NULL;
    const struct rog_ssh_options options = lab_bench_options(job->bench->address[job->host]);
    int code = rog_ssh_connect(&ssh, &options, &err);
    if (!code)
        code = rog_deploy_tree(ssh, job->items, job->count, &folder, NULL, &err);
    if (!code)
        code = rog_connection_command(ssh, ARGV("sh", "-c", "cat \"$1\"/?", "sh", folder), 60,
                                      &output, &err);
    if (!code && strcmp(output, "ABCDE") != 0)
        code = rog_fail(&err, ROG_EFAILED, "got %s", output);
    if (code)
        snprintf(job->problem, sizeof job->problem, "%s", err.message);
    free(output);
    free(folder);
    rog_connection_free(ssh);
    return NULL;
}

/* Several at once to each of several hosts, as by two rogctl processes. */
static void deployments_in_parallel(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    enum { JOBS = 9, FILES = 5 };
    static const char *const names[FILES] = {"A", "B", "C", "D", "E"};
    struct rog_deploy_item items[FILES + 1] = {[FILES] = UNPACKER};
    char *source[FILES];
    pthread_t thread[JOBS];
    struct job *job = calloc(JOBS, sizeof *job);
    for (size_t i = 0; i < FILES; i++) {
        source[i] = put(bench, names[i], names[i], 1);
        items[i] = (struct rog_deploy_item){.source = source[i], .name = names[i], .mode = 0644};
    }
    for (unsigned i = 0; i < JOBS; i++) {
        job[i] = (struct job){
            .bench = bench, .items = items, .count = FILES + 1, .host = i % LAB_BENCH_HOSTS};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &job[i]), 0);
    }
    for (unsigned i = 0; i < JOBS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < JOBS; i++)
        assert_string_equal(job[i].problem, "");
    for (size_t i = 0; i < FILES; i++)
        free(source[i]);
    free(job);
}

/* Runs a program of the deployed tree alone: without libraries of this machine except the C
 * library. */
static void expect_to_run(struct rog_connection *ssh, const char *folder, const char *name,
                          const char *says)
{
    char *program = rog_path_join(folder, name);
    char *version = say(ssh, "\"$1\" --version", program);
    assert_int_equal(strncmp(version, says, strlen(says)), 0);
    char *libraries = say(ssh,
                          "ldd \"$1\" | sed -n 's/^\\t\\(.*\\) => \\(.*\\) (.*/\\1 \\2/p' |"
                          " grep -v '^lib\\(c\\|m\\|resolv\\)\\.so' |"
                          " grep -v \"^[^ ]* ${1%/*}/../lib/\"; :",
                          program);
    assert_string_equal(libraries, "");
    free(libraries);
    free(version);
    free(program);
}

static void a_bundle_runs_from_where_it_is(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    const struct rog_bundle_programs both = {ROG_TEST_TRAINER, ROG_TEST_CONTROLLER};
    struct rog_connection *ssh = connect_to(bench, 1);
    struct rog_error err = {0};
    struct rog_bundle *bundle = NULL;
    struct utsname here;
    size_t count;
    assert_int_equal(uname(&here), 0);
    if (rog_bundle_open(&bundle, &both, here.machine, &err))
        fail_msg("%s", err.message);
    const struct rog_deploy_item *items = rog_bundle_items(bundle, &count);
    char *folder = deploy(ssh, items, count, count - 1, NULL); /* the unpacker is already there */
    expect_to_run(ssh, folder, ROG_BUNDLE_PROGRAM, "rog-trainer ");
    expect_to_run(ssh, folder, ROG_BUNDLE_CONTROLLER, "rogctl ");
    expect(ssh, "cd \"$1/lib/rog/plugins\" && ls bsp.so rog.so ssp.so", folder,
           "bsp.so\nrog.so\nssp.so\n");
    free(folder);
    rog_bundle_free(bundle);
    rog_connection_free(ssh);
}

static void bundles_of_other_machines(void **state)
{
    const struct lab_bench *bench = *state;
    struct rog_error err = {0};
    struct rog_bundle *bundle = NULL;
    size_t count = 0;
    setenv("ROG_BUNDLE_PATH", bench->folder, 1);
    assert_int_equal(rog_bundle_open(&bundle, &programs, "riscv64", &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "there is no bundle for riscv64"));
    assert_int_equal(rog_bundle_open(&bundle, &programs, "../x", &err), ROG_EINVAL);
    assert_int_equal(rog_bundle_open(&bundle, &programs, "x; reboot", &err), ROG_EINVAL);

    char elf[64] = "\177ELF";
    elf[18] = (char)243; /* e_machine */
    free(put(bench, "riscv64/bin/rog-trainer", elf, sizeof elf));
    free(put(bench, "riscv64/lib/rog/plugins/rog.so", elf, sizeof elf));
    free(put(bench, "riscv64/lib/.hidden", "", 0));
    assert_int_equal(rog_bundle_open(&bundle, &programs, "riscv64", &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "has no bin/rog-unpack"));
    free(put(bench, "riscv64/bin/rog-unpack", elf, sizeof elf));
    assert_int_equal(rog_bundle_open(&bundle, &programs, "riscv64", &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "has no bin/rog-claim"));
    free(put(bench, "riscv64/bin/rog-claim", elf, sizeof elf));
    if (rog_bundle_open(&bundle, &programs, "riscv64", &err))
        fail_msg("%s", err.message);
    const struct rog_deploy_item *items = rog_bundle_items(bundle, &count);
    struct rog_deploy_item small[ROG_BUNDLE_CLAIM_ITEMS];
    assert_int_equal(count, 4);
    assert_string_equal(items[0].name, "bin/rog-claim");
    assert_string_equal(items[1].name, "bin/rog-trainer");
    assert_string_equal(items[2].name, "bin/rog-unpack");
    assert_string_equal(items[3].name, "lib/rog/plugins/rog.so");
    assert_int_equal(strlen(items[3].hash), 64);
    assert_int_equal(rog_bundle_claim_items(bundle, small), 2);
    assert_string_equal(small[0].name, "bin/rog-claim");
    assert_string_equal(small[1].name, "bin/rog-unpack");
    rog_bundle_free(bundle);
    const struct rog_bundle_programs both = {ROG_TEST_TRAINER, ROG_TEST_CONTROLLER};
    assert_int_equal(rog_bundle_open(&bundle, &both, "riscv64", &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "has no bin/rogctl"));

    elf[18] = 62;
    free(put(bench, "riscv64/bin/rog-trainer", elf, sizeof elf));
    assert_int_equal(rog_bundle_open(&bundle, &programs, "riscv64", &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "is not for riscv64 machines"));
    free(put(bench, "riscv64/bin/rog-trainer", "#!/bin/sh\n", 10));
    assert_int_equal(rog_bundle_open(&bundle, &programs, "riscv64", &err), ROG_EFORMAT);
    unsetenv("ROG_BUNDLE_PATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_missing_files_are_sent),
        cmocka_unit_test(damage_on_the_host_is_repaired),
        cmocka_unit_test(damaged_local_files_are_not_sent),
        cmocka_unit_test(bad_items_are_refused),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(a_folder_without_programs_is_named),
        cmocka_unit_test(deployments_in_parallel),
        cmocka_unit_test(a_bundle_runs_from_where_it_is),
        cmocka_unit_test(bundles_of_other_machines),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
