/* SPDX-License-Identifier: Apache-2.0 */
/* Files: written completely or not at all, removed without following links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/scratch.h>

static int make_folder(void **state)
{
    char *folder = strdup("/tmp/rog-file-test-XXXXXX");
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    int code = rog_dir_remove(*state, NULL);
    free(*state);
    return code;
}

static void test_write_and_read(void **state)
{
    char *path = rog_path_join(*state, "a/b/file");
    struct rog_error err;
    assert_int_equal(rog_file_write(path, "abc", 3, &err), 0);
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(path, 3, &data, &size, &err), 0);
    assert_int_equal(size, 3);
    assert_string_equal(data, "abc");
    free(data);
    assert_int_equal(rog_file_read(path, 2, &data, &size, &err), ROG_EFORMAT);

    char hex[ROG_SHA256_HEX_BYTES];
    assert_int_equal(rog_sha256_file(path, hex, &err), 0);
    assert_string_equal(hex, /* FIPS 180-2, appendix B.1 */
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    free(path);
}

static void test_missing_and_in_the_way(void **state)
{
    char *path = rog_path_join(*state, "missing");
    struct rog_error err;
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(path, 10, &data, &size, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, path));

    assert_int_equal(rog_file_write(path, "x", 1, &err), 0);
    char *below = rog_path_join(path, "below");
    assert_int_equal(rog_file_write(below, "x", 1, &err), ROG_EIO);
    free(below);
    free(path);
}

/* A discarded or failed write leaves neither the file nor a temporary one. */
static void test_discard(void **state)
{
    char *path = rog_path_join(*state, "never");
    struct rog_file_writer writer;
    assert_int_equal(rog_file_writer_open(&writer, path, NULL), 0);
    fputs("half", writer.file);
    char *temporary = strdup(writer.temporary);
    assert_true(rog_file_exists(temporary));
    rog_file_writer_discard(&writer);
    assert_false(rog_file_exists(path));
    assert_false(rog_file_exists(temporary));
    free(temporary);
    free(path);
}

/* Returns the number of entries of the folder. */
static int count_entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(dir);
    return count;
}

/* Starts a process that is writing a file and a folder there. */
static pid_t begin_work(const char *folder)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rog_file_writer writer;
        struct rog_scratch scratch;
        char *path = rog_path_join(folder, "file");
        int code = rog_file_writer_open(&writer, path, NULL);
        code = code ? code : rog_scratch_make(&scratch, folder, ".work", NULL);
        char *part = code ? NULL : rog_path_join(scratch.path, "part");
        if (part && rog_file_write(part, "x", 1, NULL) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end_work(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Files of a live process stay; those of a killed one are removed by the next write there. */
static void test_left_over(void **state)
{
    char *other = rog_path_join(*state, "other"), *alike = rog_path_join(*state, "x.rogpart-12345");
    assert_int_equal(rog_file_write(alike, "of a user", 9, NULL), 0);
    int before = count_entries(*state);
    pid_t child = begin_work(*state);
    assert_int_equal(count_entries(*state), before + 2);
    assert_int_equal(rog_file_write(other, "x", 1, NULL), 0);
    assert_int_equal(count_entries(*state), before + 3);
    end_work(child);
    assert_int_equal(rog_file_write(other, "y", 1, NULL), 0);
    assert_int_equal(count_entries(*state), before + 1);
    assert_true(rog_file_exists(alike));

    end_work(begin_work(*state));
    struct rog_scratch scratch;
    assert_int_equal(rog_scratch_make(&scratch, *state, "own", NULL), 0);
    assert_int_equal(count_entries(*state), before + 2);
    assert_int_equal(rog_scratch_remove(&scratch, NULL), 0);
    assert_int_equal(count_entries(*state), before + 1);
    free(alike);
    free(other);
}

static void test_full_disk(void **state)
{
    struct rog_error err = {0};
    struct rog_file_writer writer;
    if (!rog_file_exists("/dev/full"))
        skip();
    char *path = rog_path_join(*state, "full");
    assert_int_equal(rog_file_writer_open(&writer, path, &err), 0);
    assert_non_null(freopen("/dev/full", "wb", writer.file));
    fputs("does not fit", writer.file);
    assert_int_equal(rog_file_writer_commit(&writer, &err), ROG_EIO);
    assert_non_null(strstr(err.message, "No space left on device"));
    assert_false(rog_file_exists(path));
    free(path);
}

static void test_remove_does_not_follow_links(void **state)
{
    char *tree = rog_path_join(*state, "tree"), *kept = rog_path_join(*state, "kept");
    char *file = rog_path_join(kept, "file"), *link = rog_path_join(tree, "link");
    assert_int_equal(rog_dir_make(tree, NULL), 0);
    assert_int_equal(rog_file_write(file, "x", 1, NULL), 0);
    assert_int_equal(symlink(kept, link), 0);
    assert_int_equal(rog_dir_remove(tree, NULL), 0);
    assert_false(rog_file_exists(tree));
    assert_true(rog_file_exists(file));
    assert_int_equal(rog_dir_remove(tree, NULL), 0);
    free(tree);
    free(kept);
    free(file);
    free(link);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *dir;
    } rows[] = {{"a/b", "a"}, {"/a", "/"}, {"a", "."}, {"/a/b/c", "/a/b"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *dir = rog_path_dir(rows[i].path);
        assert_string_equal(dir, rows[i].dir);
        free(dir);
    }
    char *joined = rog_path_join("a/", "b"), *absolute = rog_path_join("a", "/b");
    assert_string_equal(joined, "a/b");
    assert_string_equal(absolute, "/b");
    free(joined);
    free(absolute);
}

/* Replaces the C library's: reading the mask this way changes it for a moment, for all threads. */
mode_t umask(mode_t mask)
{
    fail_msg("the mask was changed to %03o", (unsigned)mask);
    return mask;
}

static void test_mode_is_what_the_mask_says(void **state)
{
    static const mode_t masks[] = {022, 027, 077};
    char *path = rog_path_join(*state, "mode");
    struct stat info;
    mode_t before = (mode_t)syscall(SYS_umask, masks[0]);
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        syscall(SYS_umask, masks[i]);
        assert_int_equal(rog_file_write(path, "x", 1, NULL), 0);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0666 & ~masks[i]);
    }
    syscall(SYS_umask, before);
    free(path);
}

/* The FIFO has no writer: opening it as a file would wait forever. */
static void test_regular_files_only(void **state)
{
    const char *folder = *state;
    char *pipe = rog_path_join(folder, "fifo"), *file = rog_path_join(folder, "regular");
    struct rog_error err = {0};
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(rog_file_write(file, "x", 1, &err), 0);
    const char *const others[] = {pipe, folder, "/dev/zero"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        errno = 0;
        assert_null(rog_file_stream_regular(others[i]));
        assert_int_equal(errno, EINVAL);
    }
    FILE *stream = rog_file_stream_regular(file);
    assert_non_null(stream);
    assert_int_equal(fgetc(stream), 'x');
    fclose(stream);
    unlink(file);
    unlink(pipe);
    free(file);
    free(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_missing_and_in_the_way),
        cmocka_unit_test(test_discard),
        cmocka_unit_test(test_left_over),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_remove_does_not_follow_links),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_regular_files_only),
        cmocka_unit_test(test_mode_is_what_the_mask_says),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
