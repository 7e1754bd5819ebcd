/* SPDX-License-Identifier: Apache-2.0 */
/* Runs on a host that is not reached by ssh: here a folder of this machine, with calls that fail on
 * request. */
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
#include <common/hash.h>

struct fake {
    struct rog_connection connection; /* must be first */
    unsigned calls, fail_at;          /* number of the call that fails, from 1; 0: none */
    uint64_t hidden;                  /* bytes by which it understates a checkpoint's size */
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
    if (strstr(remote, "/chkpt/"))
        *bytes -= ((struct fake *)connection)->hidden;
    return code;
}

/* Downloads in pieces of three bytes; a failing call fails after the first piece. */
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

/* Whichever call fails: the local file is a prefix of the remote one, and the next attempt fetches
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
        struct fake fake = {.connection = {.ops = &operations, .name = "fake"}, .fail_at = fail_at};
        struct rog_error err = {0};
        uint64_t most = 0;
        assert_non_null(mkdtemp(folder));
        snprintf(there, sizeof there, "%s/there", folder);
        snprintf(here, sizeof here, "%s/here", folder);
        snprintf(from, sizeof from, "%s/events.jsonl", there);
        snprintf(to, sizeof to, "%s/events.jsonl", here);
        assert_int_equal(rog_dir_make(there, NULL) | rog_dir_make(here, NULL), 0);
        assert_int_equal(rog_file_write(from, events, strlen(events), NULL), 0);
        if (rog_mirror_pull(&fake.connection, there, here, "events.jsonl", &most, &err)) {
            failed++;
            assert_non_null(strstr(err.message, "told to fail"));
            assert_int_equal(
                rog_mirror_pull(&fake.connection, there, here, "events.jsonl", &most, &err), 0);
        }
        assert_same(from, to);
        rog_dir_remove(folder, NULL);
    }
    assert_true(failed >= 2);
}

/* ---- checkpoints ---- */

struct hosted {
    struct fake fake;
    char folder[32], there[64], here[64];
    uint64_t most;
    unsigned events; /* number in the remote stream */
};

static void hosted_open(struct hosted *hosted)
{
    *hosted = (struct hosted){.fake = {.connection = {.ops = &operations, .name = "fake"}}};
    strcpy(hosted->folder, "/tmp/rog-fake-XXXXXX");
    assert_non_null(mkdtemp(hosted->folder));
    snprintf(hosted->there, sizeof hosted->there, "%s/there", hosted->folder);
    snprintf(hosted->here, sizeof hosted->here, "%s/here", hosted->folder);
    char chkpt[80];
    snprintf(chkpt, sizeof chkpt, "%s/chkpt", hosted->there);
    assert_int_equal(rog_dir_make(chkpt, NULL) | rog_dir_make(hosted->here, NULL), 0);
}

/* The host saves a checkpoint of `bytes` bytes and reports it in an event named `name`, as JSON;
 * returns whether the checkpoint is fetched, and its event after it. */
static int save_checkpoint(struct hosted *hosted, const char *name, size_t bytes,
                           struct rog_error *err)
{
    char path[96], stream[96], relative[32], sha256[ROG_SHA256_HEX_BYTES];
    char *content = calloc(1, bytes), *before = NULL;
    size_t size = 0;
    assert_non_null(content);
    snprintf(relative, sizeof relative, "chkpt/%04u", hosted->events++);
    snprintf(path, sizeof path, "%s/%s", hosted->there, relative);
    snprintf(stream, sizeof stream, "%s/e", hosted->there);
    rog_sha256(content, bytes, sha256);
    assert_int_equal(rog_file_write(path, content, bytes, NULL), 0);
    snprintf(path, sizeof path, "%s/e", hosted->here);
    if (rog_file_exists(path))
        assert_int_equal(rog_file_read(path, 1 << 20, &before, &size, NULL), 0);
    char *events = rog_format("%s{\"event\":\"%s\",\"t\":1,\"path\":\"%s\",\"sha256\":\"%s\"}\n",
                              before ? before : "", name, relative, sha256);
    assert_int_equal(rog_file_write(stream, events, strlen(events), NULL), 0);
    int code = rog_mirror_pull(&hosted->fake.connection, hosted->there, hosted->here, "e",
                               &hosted->most, err);
    snprintf(path, sizeof path, "%s/%s", hosted->here, relative);
    assert_true(rog_file_exists(path) == (code == 0));
    free(events);
    free(before);
    free(content);
    return code;
}

static void test_a_checkpoint_is_as_large_as_the_model(void **state)
{
    (void)state;
    struct hosted hosted;
    struct rog_error err = {0};
    hosted_open(&hosted);
    hosted.most = 1000;
    if (save_checkpoint(&hosted, "checkpoint", 1000, &err))
        fail_msg("%s", err.message);
    assert_int_equal(save_checkpoint(&hosted, "checkpoint", 1001, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "has 1001 bytes"));
    assert_non_null(strstr(err.message, "1000: it is not accepted"));
    /* A host that reports fewer bytes than it sends. */
    hosted.fake.hidden = 10;
    assert_int_equal(save_checkpoint(&hosted, "checkpoint", 1001, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "more bytes than the host reported"));
    hosted.fake.hidden = 0;
    /* The size of the model is unknown: it is that of the first checkpoint, plus the maximum of a
     * header. */
    hosted.most = 0;
    assert_int_equal(save_checkpoint(&hosted, "checkpoint", 5, &err), 0);
    assert_int_equal(hosted.most, 5 + (1 << 20));
    assert_int_equal(save_checkpoint(&hosted, "checkpoint", 6, &err), 0);
    assert_int_equal(hosted.most, 5 + (1 << 20));
    rog_dir_remove(hosted.folder, NULL);
}

/* Storing an event and fetching its file both parse it, whatever its spelling. */
static void test_an_event_in_another_spelling_is_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"checkpoint", "\\u0063heckpoint", "checkpoin\\u0074"};
    struct hosted hosted;
    struct rog_error err = {0};
    hosted_open(&hosted);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (save_checkpoint(&hosted, names[i], 7, &err))
            fail_msg("%s", err.message);
    rog_dir_remove(hosted.folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_is_followed_over_failures),
        cmocka_unit_test(test_a_checkpoint_is_as_large_as_the_model),
        cmocka_unit_test(test_an_event_in_another_spelling_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
