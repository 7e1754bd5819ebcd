/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of files: correct whatever the cache contains, and computed once if a file does not
 * change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/inputs/content.h>

struct fixture {
    char folder[64];
    char *cache, *large, *small; /* files */
};

static void write_bytes(const char *path, size_t bytes, int letter)
{
    struct rog_error err = {0};
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    memset(text, letter, bytes);
    if (rog_file_write(path, text, bytes, &err) != 0)
        fail_msg("%s", err.message);
    free(text);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-content-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->cache = rog_path_join(f->folder, "rogctl/hashes");
    f->large = rog_path_join(f->folder, "large");
    f->small = rog_path_join(f->folder, "small");
    write_bytes(f->large, ROG_CONTENT_LARGE_BYTES, 'a');
    write_bytes(f->small, 10, 'a');
    return setenv("XDG_CACHE_HOME", f->folder, 1);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_dir_remove(f->folder, NULL);
    free(f->cache);
    free(f->large);
    free(f->small);
    free(f);
    return 0;
}

static struct rog_contents *contents_of(void)
{
    struct rog_contents *contents = NULL;
    struct rog_error err = {0};
    if (rog_contents_new(&contents, &err) != 0)
        fail_msg("%s", err.message);
    return contents;
}

/* Checks the hash of the file's content. */
static void check(struct rog_contents *contents, const char *path)
{
    char hex[ROG_SHA256_HEX_BYTES], truth[ROG_SHA256_HEX_BYTES];
    struct rog_error err = {0};
    assert_int_equal(rog_sha256_file(path, truth, &err), 0);
    if (rog_contents_file(contents, path, hex, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(hex, truth);
}

/* Waits until another change of the file would change its times. */
static void let_settle(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    while (time(NULL) <= status.st_ctim.tv_sec + ROG_CONTENT_SETTLE_S + 1)
        usleep(50000);
}

static void every_change_is_seen(void **state)
{
    const struct fixture *f = *state;
    struct rog_contents *contents = contents_of();
    struct stat before;
    check(contents, f->small);
    /* With the same size and times. */
    assert_int_equal(stat(f->small, &before), 0);
    int fd = open(f->small, O_WRONLY);
    assert_int_equal(write(fd, "b", 1), 1);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    check(contents, f->small);
    write_bytes(f->small, 10, 'c'); /* another inode */
    check(contents, f->small);
    for (int i = 0; i < 50; i++) {
        fd = open(f->small, O_WRONLY);
        assert_int_equal(pwrite(fd, &(char){(char)('d' + i % 2)}, 1, 3), 1);
        close(fd);
        check(contents, f->small);
    }
    rog_contents_free(contents);
}

static void a_file_is_read_once(void **state)
{
    const struct fixture *f = *state;
    let_settle(f->small);
    struct rog_contents *contents = contents_of();
    check(contents, f->large);
    check(contents, f->large);
    check(contents, f->small);
    check(contents, f->small);
    assert_int_equal(rog_contents_read(contents), ROG_CONTENT_LARGE_BYTES + 10);
    rog_contents_free(contents);
    /* The next process finds the large file in the cache. */
    contents = contents_of();
    check(contents, f->large);
    assert_int_equal(rog_contents_read(contents), 0);
    /* If it was touched, it is read again, with the same result. */
    assert_int_equal(utimensat(AT_FDCWD, f->large, NULL, 0), 0);
    check(contents, f->large);
    assert_int_equal(rog_contents_read(contents), ROG_CONTENT_LARGE_BYTES);
    rog_contents_free(contents);
}

/* Fills the cache and returns its text. */
static char *cached(const struct fixture *f, size_t *bytes)
{
    struct rog_error err = {0};
    char *text = NULL;
    let_settle(f->large);
    struct rog_contents *contents = contents_of();
    check(contents, f->large);
    rog_contents_free(contents);
    assert_int_equal(rog_file_read(f->cache, 1 << 20, &text, bytes, &err), 0);
    return text;
}

static void try_cache(const struct fixture *f)
{
    struct rog_contents *contents = contents_of();
    check(contents, f->large);
    check(contents, f->small);
    assert_true(rog_contents_read(contents) >= ROG_CONTENT_LARGE_BYTES);
    rog_contents_free(contents);
}

static void a_damaged_cache_costs_time_alone(void **state)
{
    const struct fixture *f = *state;
    struct rog_error err = {0};
    size_t bytes = 0;
    char *text = cached(f, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        char before = text[i];
        text[i] = before == '7' ? '8' : '7';
        assert_int_equal(rog_file_write(f->cache, text, bytes, &err), 0);
        chmod(f->cache, 0600);
        try_cache(f);
        text[i] = before;
    }
    for (size_t length = 0; length < bytes; length += 7) {
        assert_int_equal(rog_file_write(f->cache, text, length, &err), 0);
        chmod(f->cache, 0600);
        try_cache(f);
    }
    free(text);
}

static void a_cache_of_others_is_not_believed(void **state)
{
    const struct fixture *f = *state;
    struct rog_error err = {0};
    size_t bytes = 0;
    char *text = cached(f, &bytes), *aside = rog_path_join(f->folder, "aside");
    chmod(f->cache, 0666);
    try_cache(f);
    unlink(f->cache);
    assert_int_equal(rog_file_write(aside, text, bytes, &err), 0);
    assert_int_equal(symlink(aside, f->cache), 0);
    try_cache(f);
    unlink(f->cache);
    assert_int_equal(mkfifo(f->cache, 0600), 0);
    try_cache(f);
    unlink(f->cache);
    assert_int_equal(mkdir(f->cache, 0700), 0);
    try_cache(f);
    rmdir(f->cache);
    write_bytes(f->cache, 3 << 20, '1');
    try_cache(f);
    assert_int_equal(rog_dir_remove(f->cache, NULL), 0);
    char *parent = rog_path_dir(f->cache);
    rmdir(parent);
    write_bytes(parent, 1, 'x'); /* a file where the folder should be */
    try_cache(f);
    free(parent);
    free(aside);
    free(text);
}

static void what_is_no_file_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct rog_contents *contents = contents_of();
    struct rog_error err = {0};
    char hex[ROG_SHA256_HEX_BYTES];
    char *pipe = rog_path_join(f->folder, "pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(rog_contents_file(contents, pipe, hex, &err), ROG_EINVAL);
    assert_int_equal(rog_contents_file(contents, f->folder, hex, &err), ROG_EINVAL);
    assert_int_equal(rog_contents_file(contents, "/dev/zero", hex, &err), ROG_EINVAL);
    assert_int_equal(rog_contents_file(contents, "/no/such/file", hex, &err), ROG_ENOTFOUND);
    free(pipe);
    rog_contents_free(contents);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_change_is_seen),
        TEST(a_file_is_read_once),
        TEST(a_damaged_cache_costs_time_alone),
        TEST(a_cache_of_others_is_not_believed),
        TEST(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
