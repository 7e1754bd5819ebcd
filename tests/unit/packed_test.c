/* SPDX-License-Identifier: Apache-2.0 */
/* Files packed for hosts are reused while they are needed, and removed when they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/deploy/packed.h>

/* Packs a text; heap memory. */
static char *pack(const char *folder, const char *text)
{
    char hash[ROG_SHA256_HEX_BYTES], *path = NULL;
    struct rog_error err = {0};
    char *source = rog_path_join(folder, "source");
    rog_sha256(text, strlen(text), hash);
    assert_int_equal(rog_file_write(source, text, strlen(text), &err), 0);
    if (rog_packed_file(source, hash, NULL, &path, &err) != 0)
        fail_msg("%s", err.message);
    free(source);
    return path;
}

static void set_age(const char *path, int days)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= (time_t)days * 24 * 60 * 60;
    const struct timespec times[] = {now, now};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void unused_files_are_removed(void **state)
{
    (void)state;
    struct rog_error err = {0};
    char folder[] = "/tmp/rog-packed-XXXXXX";
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    char *old = pack(folder, "old"), *used = pack(folder, "used"), *young = pack(folder, "young");
    char *left = rog_format("%s.AbCdEf", old), *foreign = rog_format("%s/rogctl/packed/x", folder);
    assert_int_equal(rog_file_write(left, "", 0, &err), 0);
    assert_int_equal(rog_file_write(foreign, "", 0, &err), 0);
    set_age(old, ROG_PACKED_DAYS + 1);
    set_age(left, ROG_PACKED_DAYS + 1);
    set_age(foreign, ROG_PACKED_DAYS + 1);
    set_age(used, ROG_PACKED_DAYS + 1);
    set_age(young, ROG_PACKED_DAYS - 1);
    free(pack(folder, "used")); /* already packed: old files are not searched */
    assert_true(rog_file_exists(old));
    free(pack(folder, "new"));
    assert_false(rog_file_exists(old));
    assert_false(rog_file_exists(left));
    assert_true(rog_file_exists(used));
    assert_true(rog_file_exists(young));
    assert_true(rog_file_exists(foreign));
    free(foreign);
    free(left);
    free(young);
    free(used);
    free(old);
    rog_dir_remove(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unused_files_are_removed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
