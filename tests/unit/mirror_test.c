/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hosts have written, fetched through the real sshd of a lab. Its hosts see this
 * machine's files, so that "there" is a folder beside "here". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/fleet/remote/mirror.h>

#include "lab_bench_support.h"

struct bench {
    struct lab_bench lab;
    char there[80], here[80];
    struct rog_connection *connection;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct rog_error err = {0};
    *state = bench;
    if (lab_bench_open(&bench->lab, "rog-mirror"))
        return -1;
    snprintf(bench->there, sizeof bench->there, "%s/there", bench->lab.folder);
    snprintf(bench->here, sizeof bench->here, "%s/here", bench->lab.folder);
    bool good = !rog_dir_make(bench->there, &err) && !rog_dir_make(bench->here, &err);
    if (good && !bench->lab.group->why_not[0]) {
        const struct rog_ssh_options options = lab_bench_options("roglab1");
        good = !rog_ssh_connect(&bench->connection, &options, &err);
    }
    if (!good)
        printf("%s\n", err.message);
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    rog_connection_free(bench->connection);
    int code = lab_bench_close(&bench->lab);
    free(bench);
    return code;
}

static struct bench *bench_of(void **state)
{
    struct bench *bench = *state;
    lab_bench_need(&bench->lab);
    return bench;
}

static void put(const char *folder, const char *name, const char *text)
{
    char *path = rog_path_join(folder, name);
    struct rog_error err;
    if (rog_file_write(path, text, strlen(text), &err))
        fail_msg("%s", err.message);
    free(path);
}

static void assert_here(const struct bench *bench, const char *name, const char *wanted)
{
    char *path = rog_path_join(bench->here, name), *text = NULL;
    size_t size = 0;
    bool there = rog_file_exists(path);
    if (there)
        assert_int_equal(rog_file_read(path, 1 << 20, &text, &size, NULL), 0);
    if (!wanted)
        assert_false(there);
    else
        assert_string_equal(text ? text : "(no file)", wanted);
    free(text);
    free(path);
}

static int pull(const struct bench *bench, const char *name, struct rog_error *err)
{
    uint64_t most = 0;
    return rog_mirror_pull(bench->connection, bench->there, bench->here, name, &most, err);
}

static void streams_come_line_by_line(void **state)
{
    const struct bench *bench = bench_of(state);
    struct rog_error err = {0};
    assert_int_equal(pull(bench, "e", &err), 0);
    assert_here(bench, "e", NULL);
    put(bench->there, "e", "{\"a\":1}\n{\"b\":");
    assert_int_equal(pull(bench, "e", &err), 0);
    assert_here(bench, "e", "{\"a\":1}\n");
    put(bench->there, "e", "{\"a\":1}\n{\"b\":2}\n");
    for (int again = 0; again < 2; again++)
        assert_int_equal(pull(bench, "e", &err), 0);
    assert_here(bench, "e", "{\"a\":1}\n{\"b\":2}\n");
    put(bench->there, "e", "{\"a\":1}\n");
    assert_int_equal(pull(bench, "e", &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "is shorter than"));
}

static int pull_checkpoint(const struct bench *bench, const char *path, const char *sha256,
                           struct rog_error *err)
{
    char *line = rog_format(
        "{\"event\":\"checkpoint\",\"t\":1,\"path\":\"%s\",\"sha256\":\"%s\"}\n", path, sha256);
    put(bench->there, "c", line);
    int code = pull(bench, "c", err);
    assert_here(bench, "c", code ? NULL : line);
    free(line);
    return code;
}

static void a_checkpoint_comes_before_its_event(void **state)
{
    const struct bench *bench = bench_of(state);
    struct rog_error err = {0};
    char sha256[ROG_SHA256_HEX_BYTES], wrong[ROG_SHA256_HEX_BYTES];
    rog_sha256("weights", 7, sha256);
    rog_sha256("others", 6, wrong);
    char *folder = rog_path_join(bench->there, "chkpt");
    assert_int_equal(rog_dir_make(folder, &err), 0);
    put(folder, "0.safetensors", "weights");
    free(folder);
    put(bench->lab.folder, "outside", "weights");

    char long_name[4000] = "chkpt/";
    memset(long_name + 6, 'x', sizeof long_name - 7);
    long_name[sizeof long_name - 1] = '\0';
    const char *const bad[] = {"../outside", "/etc/hostname", "chkpt/../../outside",
                               "",           "config.json",   "events.jsonl",
                               "chkpt",      "chkptx/1",      "chkpt/",
                               "chkpt/a/b",  "chkpt/.hidden", "chkpt/a\\u0007b",
                               long_name};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pull_checkpoint(bench, bad[i], sha256, &err), ROG_EFORMAT);
        assert_non_null(strstr(err.message, "not in the run's folder"));
    }
    assert_int_equal(pull_checkpoint(bench, "chkpt/1.safetensors", sha256, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "is gone"));
    assert_int_equal(pull_checkpoint(bench, "chkpt/0.safetensors", wrong, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "is not the checkpoint that was saved"));
    assert_here(bench, "chkpt/0.safetensors", NULL);
    if (pull_checkpoint(bench, "chkpt/0.safetensors", sha256, &err))
        fail_msg("%s", err.message);
    assert_here(bench, "chkpt/0.safetensors", "weights");
}

static int pull_saved(const struct bench *bench, struct rog_error *err)
{
    uint64_t most = 100;
    return rog_mirror_saved(bench->connection, bench->there, bench->here, &most, err);
}

/* server.json and the files that it names, and the state of a killed server. */
static void the_last_saved_state_is_fetched(void **state)
{
    const struct bench *bench = bench_of(state);
    struct rog_error err = {0};
    char sha256[ROG_SHA256_HEX_BYTES];
    char *folder = rog_path_join(bench->there, "state"), *large = rog_format("%07000d", 0);
    if (pull_saved(bench, &err)) /* nothing exists */
        fail_msg("%s", err.message);
    assert_here(bench, "server.json", NULL);
    rog_sha256("round", 5, sha256);
    put(bench->there, "server-7.state", "round");
    put(bench->there, "layout.json", "[]");
    char *saved =
        rog_format("{\"t\":9,\"state\":\"server-7.state\",\"state_sha256\":\"%s\"}", sha256);
    put(bench->there, "server.json", saved);
    assert_int_equal(rog_dir_make(folder, &err), 0);
    put(folder, "1", "slot");
    if (pull_saved(bench, &err))
        fail_msg("%s", err.message);
    assert_here(bench, "server-7.state", "round");
    assert_here(bench, "layout.json", "[]");
    assert_here(bench, "state/0", NULL);
    assert_here(bench, "state/1", "slot");
    put(folder, "0", large);
    assert_int_equal(pull_saved(bench, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "state/0 has 7000 bytes"));
    assert_here(bench, "state/0", NULL);
    put(bench->there, "server.json", "{\"path\":\"../outside\",\"sha256\":\"\"}");
    assert_int_equal(pull_saved(bench, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "not in the run's folder"));
    free(saved);
    free(large);
    free(folder);
}

/* Files without an end or without content are not read, whatever the event contains: the disk would
 * fill up, or the call would wait forever. */
static void only_regular_files_come(void **state)
{
    const struct bench *bench = bench_of(state);
    struct rog_error err = {0};
    struct rog_json *json = NULL;
    char *zero = rog_path_join(bench->there, "chkpt/zero"),
         *pipe = rog_path_join(bench->there, "p");
    char sha256[ROG_SHA256_HEX_BYTES];
    char *folder = rog_path_join(bench->there, "chkpt"), *to = rog_path_join(bench->here, "p.log");
    rog_sha256("", 0, sha256);
    assert_int_equal(rog_dir_make(folder, &err), 0);
    assert_int_equal(symlink("/dev/zero", zero), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(pull_checkpoint(bench, "chkpt/zero", sha256, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "zero is not a regular file"));
    assert_here(bench, "chkpt/zero", NULL);
    assert_int_equal(rog_mirror_json(bench->connection, bench->there, "p", &json, &err),
                     ROG_EFORMAT);
    assert_non_null(strstr(err.message, "p is not a regular file"));
    assert_int_equal(rog_mirror_log(bench->connection, bench->there, "p", to, &err), ROG_EFORMAT);
    free(to);
    free(folder);
    free(pipe);
    free(zero);
}

static void logs_and_states_are_fetched_unchanged(void **state)
{
    const struct bench *bench = bench_of(state);
    struct rog_error err = {0};
    struct rog_json *json = NULL;
    char *to = rog_path_join(bench->here, "kept.log");
    assert_int_equal(rog_mirror_log(bench->connection, bench->there, "none.log", to, &err), 0);
    assert_here(bench, "kept.log", NULL);
    put(bench->there, "some.log", "one\ntwo\n");
    assert_int_equal(rog_mirror_log(bench->connection, bench->there, "some.log", to, &err), 0);
    assert_here(bench, "kept.log", "one\ntwo\n");
    free(to);
    assert_int_equal(rog_mirror_json(bench->connection, bench->there, "state.json", &json, &err),
                     ROG_ENOTFOUND);
    put(bench->there, "state.json", "{\"pid\":7}");
    assert_int_equal(rog_mirror_json(bench->connection, bench->there, "state.json", &json, &err),
                     0);
    assert_int_equal(rog_json_get_integer(json, "pid", 0), 7);
    rog_json_free(json);
    put(bench->there, "state.json", "{\"pid\"");
    assert_int_equal(rog_mirror_json(bench->connection, bench->there, "state.json", &json, &err),
                     ROG_EFORMAT);
    assert_non_null(strstr(err.message, bench->connection->name)); /* names the host */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_come_line_by_line),
        cmocka_unit_test(only_regular_files_come),
        cmocka_unit_test(a_checkpoint_comes_before_its_event),
        cmocka_unit_test(the_last_saved_state_is_fetched),
        cmocka_unit_test(logs_and_states_are_fetched_unchanged),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
