/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets from archives made by tar, from servers that sometimes misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/fetch/fetch.h>
#include <orchestrator/fetch/unpack.h>

#include "http_fixture.h"

#define ONE_BYTES 200000

/* A published archive, its two addresses, and their behaviour. */
struct world {
    char folder[64];
    char *archive; /* the archive's content */
    size_t archive_bytes;
    char sha256[ROG_SHA256_HEX_BYTES];
    bool first_is_gone, first_is_damaged, second_is_gone;
    size_t break_after; /* of each connection to the first address */
    int asked[2];
    char remarks[2048];
    bool stop;
    struct http_fixture server;
    char urls[2][128];
};

static char *path_in(const struct world *world, const char *name)
{
    char *path = rog_path_join(world->folder, name);
    assert_non_null(path);
    return path;
}

static void write_in(const struct world *world, const char *name, const void *data, size_t bytes)
{
    struct rog_error err;
    char *path = path_in(world, name);
    assert_int_equal(rog_file_write(path, data, bytes, &err), 0);
    free(path);
}

static bool exists_in(const struct world *world, const char *name)
{
    char *path = path_in(world, name);
    bool exists = rog_file_exists(path);
    free(path);
    return exists;
}

/* Byte k of the file "one.bin": data that gzip cannot compress much. */
static char byte_of(size_t k)
{
    return (char)(k * 2654435761u >> 13 ^ k >> 3);
}

static void shell(const struct world *world, const char *command)
{
    char *line = rog_format("cd '%s' && %s", world->folder, command);
    assert_non_null(line);
    if (system(line) != 0)
        fail_msg("failed: %s", line);
    free(line);
}

static void answer(const struct http_question *question, struct http_reply *reply, void *user)
{
    struct world *world = user;
    bool second = strcmp(question->target, "/second/set.tar.gz") == 0;
    char range[64];
    size_t from = 0;
    world->asked[second]++;
    http_header(question, "Range", range, sizeof range);
    if (second ? world->second_is_gone : world->first_is_gone) {
        reply->status = 404;
        return;
    }
    if (sscanf(range, "bytes=%zu-", &from) == 1 && from < world->archive_bytes) {
        reply->status = 206;
        reply->owned = rog_format("Content-Range: bytes %zu-%zu/%zu\r\n", from,
                                  world->archive_bytes - 1, world->archive_bytes);
        reply->headers = reply->owned;
    }
    reply->body = world->archive + from;
    reply->body_bytes = world->archive_bytes - from;
    if (!second && world->first_is_damaged) {
        reply->body = "an error page instead";
        reply->body_bytes = strlen(reply->body);
    }
    if (!second)
        reply->break_after = world->break_after;
}

static void take_archive(struct world *world, const char *name)
{
    struct rog_error err;
    char *path = path_in(world, name);
    free(world->archive);
    assert_int_equal(rog_file_read(path, 1 << 22, &world->archive, &world->archive_bytes, &err), 0);
    rog_sha256(world->archive, world->archive_bytes, world->sha256);
    free(path);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    char *one = malloc(ONE_BYTES);
    if (!world || !one)
        return -1;
    *state = world;
    strcpy(world->folder, "/tmp/rog-fetch-XXXXXX");
    if (!mkdtemp(world->folder))
        return -1;
    for (size_t k = 0; k < ONE_BYTES; k++)
        one[k] = byte_of(k);
    write_in(world, "made/inner/one.bin", one, ONE_BYTES);
    write_in(world, "made/inner/two.bin", "two", 3);
    write_in(world, "made/inner/notes.txt", "notes", 5);
    free(one);
    shell(world, "tar -czf set.tar.gz -C made inner");
    take_archive(world, "set.tar.gz");
    http_fixture_start(&world->server, answer, world);
    http_fixture_url(&world->server, "/first/set.tar.gz", world->urls[0], sizeof world->urls[0]);
    http_fixture_url(&world->server, "/second/set.tar.gz", world->urls[1], sizeof world->urls[1]);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    http_fixture_stop(&world->server);
    rog_dir_remove(world->folder, NULL);
    free(world->archive);
    free(world);
    return 0;
}

static bool watch(int64_t have_bytes, int64_t total_bytes, void *user)
{
    const struct world *world = user;
    (void)have_bytes;
    (void)total_bytes;
    return !world->stop;
}

static void remark(const char *text, void *user)
{
    struct world *world = user;
    size_t used = strlen(world->remarks);
    snprintf(world->remarks + used, sizeof world->remarks - used, "%s\n", text);
}

static int fetch(struct world *world, struct rog_fetched *fetched, struct rog_error *err)
{
    char name[] = "set", title[] = "a set", archive[] = "set.tar.gz";
    char one[] = "one.bin", two[] = "two.bin", *files[] = {one, two};
    char *urls[] = {world->urls[0], world->urls[1]};
    const struct rog_source source = {
        .name = name,
        .title = title,
        .archive = archive,
        .sha256 = world->sha256,
        .files = files,
        .file_count = 2,
        .urls = urls,
        .url_count = 2,
    };
    const struct rog_fetch_observer observer = {watch, remark, world};
    char *folder = path_in(world, "out");
    int code = rog_fetch(&source, folder, &observer, fetched, err);
    free(folder);
    return code;
}

static void check_files(const struct world *world)
{
    struct rog_error err;
    char *path = path_in(world, "out/one.bin"), *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(path, 1 << 20, &data, &size, &err), 0);
    assert_int_equal(size, ONE_BYTES);
    for (size_t k = 0; k < size; k++)
        assert_int_equal(data[k], byte_of(k));
    free(data);
    free(path);
    assert_true(exists_in(world, "out/two.bin"));
    assert_false(exists_in(world, "out/notes.txt"));
    assert_false(exists_in(world, "out/set.tar.gz"));
    assert_false(exists_in(world, "out/set.tar.gz.part"));
}

static void test_fetches_and_unpacks(void **state)
{
    struct world *world = *state;
    struct rog_fetched fetched;
    struct rog_error err = {0};
    if (fetch(world, &fetched, &err))
        fail_msg("%s", err.message);
    assert_false(fetched.was_there);
    assert_string_equal(fetched.url, world->urls[0]);
    assert_int_equal(world->asked[0], 1);
    check_files(world);

    assert_int_equal(fetch(world, &fetched, &err), 0);
    assert_true(fetched.was_there);
    assert_int_equal(world->asked[0], 1);
    assert_string_equal(world->remarks, "");
}

/* Connections that break: each transfers a part, and nothing is fetched twice. */
static void test_continues(void **state)
{
    struct world *world = *state;
    struct rog_fetched fetched;
    struct rog_error err = {0};
    world->break_after = world->archive_bytes / 3 + 1;
    if (fetch(world, &fetched, &err))
        fail_msg("%s", err.message);
    assert_int_equal(world->asked[0], 3);
    assert_int_equal(world->asked[1], 0);
    check_files(world);
}

static void test_stops_and_resumes(void **state)
{
    struct world *world = *state;
    struct rog_fetched fetched;
    struct rog_error err = {0};
    world->stop = true;
    assert_int_equal(fetch(world, &fetched, &err), ROG_EINTR);
    assert_int_equal(world->asked[1], 0);
    assert_false(exists_in(world, "out/one.bin"));
    world->stop = false;
    assert_int_equal(fetch(world, &fetched, &err), 0);
    check_files(world);
}

static void test_second_address(void **state)
{
    struct world *world = *state;
    for (int way = 0; way < 2; way++) {
        struct rog_fetched fetched;
        struct rog_error err = {0};
        world->first_is_gone = way == 0;
        world->first_is_damaged = way == 1;
        world->remarks[0] = '\0';
        if (fetch(world, &fetched, &err))
            fail_msg("%s", err.message);
        assert_string_equal(fetched.url, world->urls[1]);
        assert_non_null(strstr(world->remarks, way == 0 ? "404 Not Found" : "has the SHA-256 "));
        assert_non_null(strstr(world->remarks, "; trying http://127.0.0.1"));
        check_files(world);
        shell(world, "rm -r out");
    }
}

static void test_no_address_serves(void **state)
{
    struct world *world = *state;
    struct rog_fetched fetched;
    struct rog_error err = {0};
    world->first_is_gone = world->second_is_gone = true;
    assert_int_equal(fetch(world, &fetched, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "set could not be fetched: http://127.0.0.1:"));
    assert_non_null(strstr(err.message, "404 Not Found. Without a connection: download set.tar.gz "
                                        "elsewhere, put it into "));

    /* As the message suggests. */
    shell(world, "mkdir -p out && cp set.tar.gz out");
    if (fetch(world, &fetched, &err))
        fail_msg("%s", err.message);
    assert_null(fetched.url);
    assert_true(exists_in(world, "out/set.tar.gz")); /* the user's file is not removed */
    assert_true(exists_in(world, "out/two.bin"));

    shell(world, "rm out/*.bin && echo x >>out/set.tar.gz");
    assert_int_equal(fetch(world, &fetched, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "of the published archive; hint: remove it"));
    assert_false(exists_in(world, "out/two.bin"));
}

/* Contents of archives that must do no harm. */
static void test_odd_archives(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *make, *archive;
        int code;
        const char *words;
    } cases[] = {
        {"tar -cjf a.tar.bz2 -C made inner", "a.tar.bz2", ROG_OK, NULL},
        {"tar -cJf a.tar.xz -C made inner", "a.tar.xz", ROG_OK, NULL},
        {"tar -cf a.tar -C made inner", "a.tar", ROG_OK, NULL},
        {"mkdir -p up/x && cd up/x && tar -P -cf ../../b.tar ../../made/inner", "b.tar", ROG_OK,
         NULL},
        {"tar -cf c.tar -C made inner/one.bin", "c.tar", ROG_EFORMAT, "does not contain two.bin"},
        {"mkdir l && ln -s /etc/hostname l/two.bin && tar -cf d.tar l -C made inner/one.bin",
         "d.tar", ROG_EFORMAT, "does not contain two.bin"},
        {"tar -cf e.tar -C made inner inner/two.bin && mkdir twice && cp made/inner/two.bin twice "
         "&& tar -rf e.tar twice/two.bin",
         "e.tar", ROG_EFORMAT, "contains two.bin more than once"},
        {"head -c 100000 set.tar.gz >f.tar.gz", "f.tar.gz", ROG_EFORMAT, "f.tar.gz: "},
        {"echo no archive at all >g.tar", "g.tar", ROG_EFORMAT, "g.tar: "},
        {"true", "missing.tar", ROG_EFORMAT, "missing.tar"},
    };
    static const char *const names[] = {"one.bin", "two.bin"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_error err = {0};
        char *folder = path_in(world, "out"), *archive = path_in(world, cases[i].archive);
        shell(world, cases[i].make);
        int code = rog_unpack(archive, names, 2, folder, &err);
        if (code != cases[i].code || (code && !strstr(err.message, cases[i].words)))
            fail_msg("%s: code %d, %s", cases[i].make, code, err.message);
        if (!code)
            check_files(world);
        if (i == 5)
            assert_false(exists_in(world, "out/two.bin"));
        shell(world, "rm -rf out");
        free(archive);
        free(folder);
    }
}

static void expect_refusal(const char *text, const char *words)
{
    struct rog_sources *sources = NULL;
    struct rog_error err = {0};
    char path[] = "/tmp/rog-sources-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(rog_file_write(path, text, strlen(text), &err), 0);
    int code = rog_sources_read(&sources, path, &err);
    unlink(path);
    assert_null(sources);
    if (code != ROG_EINVAL || !strstr(err.message, words))
        fail_msg("code %d, \"%s\" instead of \"%s\"", code, err.message, words);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BEGIN "datasets = ( { name = \"a\"; title = \"b\"; "

static void test_lists(void **state)
{
    (void)state;
    struct rog_sources *sources = NULL;
    const struct rog_source *source = NULL;
    struct rog_error err = {0};
    if (rog_sources_read(&sources, DATASETS, &err))
        fail_msg("%s", err.message);
    assert_int_equal(rog_sources_find(sources, "cifar100", &source, &err), 0);
    assert_int_equal(source->size_bytes, 168513733);
    assert_int_equal(source->file_count, 2);
    assert_true(source->url_count > 1);
    assert_int_equal(rog_sources_find(sources, "fed-cifar100", &source, &err), 0);
    assert_string_equal(source->files[1], "fed_cifar100_test.h5");
    assert_int_equal(rog_sources_find(sources, "mnist", &source, &err), ROG_EINVAL);
    assert_string_equal(err.message,
                        "no data set mnist is known; there are cifar100, fed-cifar100");
    rog_sources_free(sources);

    expect_refusal("", "datasets must be a list of groups");
    expect_refusal("sets = ();", "line 1: unknown setting sets");
    expect_refusal("datasets = ( 1 );", "a data set must be a group");
    expect_refusal("datasets = ( { name = \"a\"; } );", "title is missing");
    expect_refusal(BEGIN "archve = \"c\"; } );", "did you mean archive?");
    expect_refusal(BEGIN "archive = \"../c\"; sha256 = \"" HASH "\"; files = [\"d\"]; "
                         "urls = [\"e\"]; } );",
                   "archive must consist of letters");
    expect_refusal(BEGIN "archive = \"c\"; sha256 = \"" HASH "\"; files = [\"/etc/d\"]; "
                         "urls = [\"e\"]; } );",
                   "files must consist of letters");
    expect_refusal(BEGIN "archive = \"c\"; sha256 = \"12\"; files = [\"d\"]; urls = [\"e\"]; } );",
                   "sha256 must be 64 digits");
    expect_refusal(BEGIN "archive = \"c\"; sha256 = \"" HASH "\"; files = [\"d\"]; urls = []; } );",
                   "urls must be a list of texts (found an empty list)");
    expect_refusal(BEGIN "archive = \"c\"; sha256 = \"" HASH
                         "\"; files = [7]; urls = [\"e\"]; } );",
                   "files must be a list of texts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fetches_and_unpacks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_continues, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stops_and_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_address_serves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_archives, setup, teardown),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
