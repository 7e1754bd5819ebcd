/* SPDX-License-Identifier: Apache-2.0 */
/* Runs on a host that is reached in another way than by ssh: here a folder of this machine, which
 * fails when it is told to. */
#include <orchestrator/fleet/remote/mirror.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>

struct fake {
    struct rog_connection connection; /* first */
    unsigned calls, fail_at;          /* the call that fails, from 1 on; 0: none */
};

static bool fails(struct rog_connection *connection)
{
    struct fake *fake = (struct fake *)connection;
    return ++fake->calls == fake->fail_at;
}

static int fake_size(struct rog_connection *connection, const char *remote, uint64_t *bytes,
                     struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    if (fails(connection))
        return rog_fail(err, ROG_EIO, "told to fail");
    if (!rog_file_exists(remote))
        return rog_fail(err, ROG_ENOTFOUND, "%s is not there", remote);
    int code = rog_file_read(remote, 1 << 20, &text, &size, err);
    free(text);
    *bytes = size;
    return code;
}

/* In pieces of three bytes; where it fails, after the first of them. */
static int fake_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                         rog_take_data take, void *user, uint64_t *end, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    bool failing = fails(connection);
    int code = rog_file_read(remote, 1 << 20, &text, &size, err);
    for (size_t at = (size_t)offset; !code && at < size;) {
        size_t piece = size - at < 3 ? size - at : 3;
        code = take(text + at, piece, user, err);
        at += piece;
        if (!code && end)
            *end = at;
        if (!code && failing)
            code = rog_fail(err, ROG_EIO, "told to fail");
    }
    free(text);
    return code;
}

static bool fake_lost(const struct rog_connection *connection)
{
    (void)connection;
    return false;
}

static const struct rog_connection_ops operations = {
    .lost = fake_lost, .size = fake_size, .download = fake_download};

static void assert_same(const char *one, const char *other)
{
    char *a = NULL, *b = NULL;
    size_t a_bytes = 0, b_bytes = 0;
    assert_int_equal(rog_file_read(one, 1 << 20, &a, &a_bytes, NULL), 0);
    assert_int_equal(rog_file_read(other, 1 << 20, &b, &b_bytes, NULL), 0);
    assert_int_equal(a_bytes, b_bytes);
    assert_memory_equal(a, b, a_bytes);
    free(a);
    free(b);
}

/* Whichever call fails: what is here is the beginning of what is there, and the next look brings
 * the rest, nothing twice. */
static void test_a_stream_is_followed_over_failures(void **state)
{
    (void)state;
    static const char events[] = "{\"event\":\"start\",\"t\":0,\"rank\":0}\n"
                                 "{\"event\":\"warning\",\"t\":1,\"rank\":1,\"text\":\"a\"}\n"
                                 "{\"event\":\"end\",\"t\":2,\"rank\":0}\n";
    unsigned failed = 0;
    for (unsigned fail_at = 0; fail_at < 4; fail_at++) {
        char folder[] = "/tmp/rog-fake-XXXXXX", there[64], here[64], from[96], to[96];
        struct fake fake = {.connection = {&operations, "fake"}, .fail_at = fail_at};
        struct rog_error err = {0};
        assert_non_null(mkdtemp(folder));
        snprintf(there, sizeof there, "%s/there", folder);
        snprintf(here, sizeof here, "%s/here", folder);
        snprintf(from, sizeof from, "%s/events.jsonl", there);
        snprintf(to, sizeof to, "%s/events.jsonl", here);
        assert_int_equal(rog_dir_make(there, NULL) | rog_dir_make(here, NULL), 0);
        assert_int_equal(rog_file_write(from, events, strlen(events), NULL), 0);
        if (rog_mirror_pull(&fake.connection, there, here, "events.jsonl", &err)) {
            failed++;
            assert_non_null(strstr(err.message, "told to fail"));
            assert_int_equal(rog_mirror_pull(&fake.connection, there, here, "events.jsonl", &err),
                             0);
        }
        assert_same(from, to);
        rog_dir_remove(folder, NULL);
    }
    assert_true(failed >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_is_followed_over_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
