/* SPDX-License-Identifier: Apache-2.0 */
/* The host's half of deployment, without a host: streams that are valid, damaged, truncated and
 * hostile. Frames are made by libzstd, hashes by libsodium (the tested program uses
 * libcrypto's). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <zstd.h>

#include <common/deployed.h>
#include <common/hash.h>
#include <trainer/unpack/digest.h>
#include <trainer/unpack/unpack.h>

#include "folder_support.h"

#define STREAM_MAX_BYTES 65536

struct stream {
    char bytes[STREAM_MAX_BYTES];
    size_t size;
};

static int set_up(void **state)
{
    static const char *const folders[] = {"objects", "trees", "manifests", "marks"};
    if (folder_open(state, "rog-unpack", "root"))
        return -1;
    const struct folder_fixture *f = *state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = rog_format("%s/%s", f->path, folders[i]);
        if (rog_dir_make(path, NULL))
            return -1;
        free(path);
    }
    return 0;
}

static int tear_down(void **state)
{
    return folder_close(state);
}

static void key_of(const char *content, const char *mode, char key[ROG_DEPLOYED_KEY_BYTES])
{
    char hex[ROG_SHA256_HEX_BYTES];
    rog_sha256(content, strlen(content), hex);
    snprintf(key, ROG_DEPLOYED_KEY_BYTES, "%.64s-%s", hex, mode);
}

static void add_bytes(struct stream *stream, const void *bytes, size_t size)
{
    assert_true(stream->size + size <= sizeof stream->bytes);
    memcpy(stream->bytes + stream->size, bytes, size);
    stream->size += size;
}

/* Adds a member with that first line ("%zu" in it is the size of the frame). */
static void add_member(struct stream *stream, const char *key, const char *content)
{
    char frame[1024];
    size_t size = ZSTD_compress(frame, sizeof frame, content, strlen(content), 3);
    assert_false(ZSTD_isError(size));
    char *line = rog_format("%s %zu\n", key, size);
    add_bytes(stream, line, strlen(line));
    add_bytes(stream, frame, size);
    free(line);
}

static void add_object(struct stream *stream, const char *content)
{
    char key[ROG_DEPLOYED_KEY_BYTES];
    key_of(content, "444", key);
    add_member(stream, key, content);
}

/* Writes a manifest; returns its hash. */
static void write_manifest(const struct folder_fixture *f, const char *text,
                           char hash[ROG_SHA256_HEX_BYTES])
{
    rog_sha256(text, strlen(text), hash);
    char *path = rog_format("%s/manifests/%s", f->path, hash);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), ROG_OK);
    free(path);
}

static int unpack(const struct folder_fixture *f, const char *hash, size_t count,
                  const struct stream *stream, struct rog_error *err)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(stream->bytes, 1, stream->size, file), stream->size);
    rewind(file);
    int code = rog_unpack(f->path, hash, count, fileno(file), err);
    fclose(file);
    return code;
}

/* Returns the number of names in a folder of the root; "" is the root itself. */
static size_t count_names(const struct folder_fixture *f, const char *folder)
{
    char *path = rog_format("%s/%s", f->path, folder);
    DIR *all = opendir(path);
    size_t count = 0;
    assert_non_null(all);
    for (struct dirent *entry; (entry = readdir(all));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(all);
    free(path);
    return count;
}

/* Checks that only `objects` objects are left, and no tree. */
static void expect_left(const struct folder_fixture *f, size_t objects)
{
    assert_int_equal(count_names(f, "objects"), objects);
    assert_int_equal(count_names(f, "trees"), 0);
    assert_int_equal(count_names(f, "marks"), 0);
    assert_int_equal(count_names(f, ""), 4);
    assert_int_equal(count_names(f, ".."), 1);
}

static char *manifest_of_two(void)
{
    char one[ROG_SHA256_HEX_BYTES], two[ROG_SHA256_HEX_BYTES];
    rog_sha256("one", 3, one);
    rog_sha256("two", 3, two);
    return rog_format("%s 444 a/b/one\n%s 444 two\n%s 444 two again\n", one, two, two);
}

/* --- tests --- */

static void digests_are_those_of_sha_256(void **state)
{
    struct rog_digest *digest = rog_digest_new();
    char data[1000], hex[ROG_SHA256_HEX_BYTES], wanted[ROG_SHA256_HEX_BYTES];
    (void)state;
    assert_non_null(digest);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 2654435761u >> 7);
    for (size_t size = 0; size <= sizeof data; size += 37) {
        rog_digest_begin(digest);
        rog_digest_add(digest, data, size / 3);
        rog_digest_add(digest, data + size / 3, size - size / 3);
        rog_digest_end(digest, hex);
        rog_sha256(data, size, wanted);
        assert_string_equal(hex, wanted);
    }
    rog_digest_free(digest);
}

static void a_tree_appears(void **state)
{
    const struct folder_fixture *f = *state;
    struct stream stream = {.size = 0}, nothing = {.size = 0};
    struct rog_error err = {0};
    struct stat info;
    char hash[ROG_SHA256_HEX_BYTES], *text = manifest_of_two(), *data = NULL;
    size_t size;
    write_manifest(f, text, hash);
    add_object(&stream, "one");
    add_object(&stream, "two");
    if (unpack(f, hash, 2, &stream, &err))
        fail_msg("%s", err.message);
    char *path = rog_format("%s/trees/%s/two again", f->path, hash);
    assert_int_equal(rog_file_read(path, 10, &data, &size, &err), ROG_OK);
    assert_string_equal(data, "two");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_nlink, 3);
    assert_int_equal(info.st_mode & 0777, 0444);
    assert_int_equal(count_names(f, "objects"), 2);
    assert_int_equal(count_names(f, "marks"), 1);
    assert_int_equal(count_names(f, ""), 4);
    /* Another process was faster. */
    assert_int_equal(unpack(f, hash, 0, &nothing, &err), ROG_OK);
    assert_int_equal(count_names(f, ""), 4);
    free(data);
    free(path);
    free(text);
}

static void damaged_streams_leave_nothing(void **state)
{
    const struct folder_fixture *f = *state;
    struct stream whole = {.size = 0};
    struct rog_error err = {0};
    char hash[ROG_SHA256_HEX_BYTES], *text = manifest_of_two();
    write_manifest(f, text, hash);
    add_object(&whole, "one");
    size_t first = whole.size;
    add_object(&whole, "two");
    for (size_t cut = 0; cut < whole.size; cut++) {
        struct stream part = whole;
        part.size = cut;
        assert_int_equal(unpack(f, hash, 2, &part, &err), ROG_EFAILED);
        assert_non_null(strstr(err.message, "incomplete"));
        expect_left(f, cut >= first); /* the first is valid, and need not be sent again */
    }
    char *objects = rog_format("%s/objects", f->path);
    for (size_t at = 0; at < whole.size; at++) {
        struct stream changed = whole;
        rog_dir_remove(objects, NULL);
        rog_dir_make(objects, NULL);
        changed.bytes[at] ^= 1;
        int code = unpack(f, hash, 2, &changed, &err);
        /* A changed mode gives another object, which is not needed; a changed length, a stream that
         * is too short. */
        if (code != ROG_EFORMAT && code != ROG_EFAILED && code != ROG_EIO)
            fail_msg("byte %zu: %d", at, code);
        expect_left(f, count_names(f, "objects"));
        assert_true(count_names(f, "objects") <= 2);
    }
    free(objects);
    free(text);
}

/* First lines of members; "%.64s" is a valid hash. */
static void hostile_members_are_refused(void **state)
{
    static const char *const lines[] = {
        "../%.64s-444 12\n",
        "/%.64s-444 12\n",
        "%.64s-644 12\n",
        "%.64s-4755 12\n",
        "%.64s- 12\n",
        "%.64s 12\n",
        "%.64s-444\n",
        "%.64s-444 \n",
        "%.64s-444 -1\n",
        "%.64s-444 1x\n",
        "%.64s-444 0x10\n",
        "%.64s-444 99999999999999999999\n",
        "%.64s-444 12 ../../x\n",
        "%.64s-444/../../x 9\n",
        "%.64s-444-444 12\n",
        "\n",
        "objects 12\n",
        "A%.64s-444 12\n",
        "%.64s-444 0\n",
        "%.64s-444 13\n",
    };
    const struct folder_fixture *f = *state;
    struct rog_error err = {0};
    char hash[ROG_SHA256_HEX_BYTES], hex[ROG_SHA256_HEX_BYTES], *text = manifest_of_two();
    write_manifest(f, text, hash);
    rog_sha256("one", 3, hex);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct stream stream = {.size = 0};
        char line[200];
        const char *at = strstr(lines[i], "%.64s");
        if (at)
            snprintf(line, sizeof line, "%.*s%s%s", (int)(at - lines[i]), lines[i], hex, at + 5);
        else
            snprintf(line, sizeof line, "%s", lines[i]);
        add_bytes(&stream, line, strlen(line));
        add_bytes(&stream, "\x28\xb5\x2f\xfd\x20\x03\x19\0\0onex",
                  13); /* a frame with "one", and more */
        int code = unpack(f, hash, 1, &stream, &err);
        if (code != ROG_EFORMAT)
            fail_msg("%s: %d %s", line, code, err.message);
        expect_left(f, 0);
    }
    /* No line end. */
    struct stream endless = {.size = STREAM_MAX_BYTES};
    memset(endless.bytes, 'a', sizeof endless.bytes);
    assert_int_equal(unpack(f, hash, 1, &endless, &err), ROG_EFORMAT);
    /* The same frame is valid with its own line. */
    struct stream good = {.size = 0};
    char key[ROG_DEPLOYED_KEY_BYTES];
    key_of("one", "444", key);
    snprintf(good.bytes, sizeof good.bytes, "%s 12\n", key);
    good.size = strlen(good.bytes);
    add_bytes(&good, "\x28\xb5\x2f\xfd\x20\x03\x19\0\0one", 12);
    assert_int_equal(unpack(f, hash, 1, &good, &err), ROG_EIO); /* no object "two" to link */
    assert_non_null(strstr(err.message, "cannot link"));
    expect_left(f, 1);
    free(text);
}

static void hostile_manifests_are_refused(void **state)
{
    static const char *const lines[] = {
        "%s 444 ../x",
        "%s 444 /etc/x",
        "%s 444 a/../../x",
        "%s 444 a//x",
        "%s 444 ",
        "%s 444",
        "%s",
        "%s 666 x",
        "%s 4755 x",
        "../%s 444 x",
        "%s-444/../x 444 x",
        "%s 444 x\n%s 444 x/y",
        "%s 444 x\n%s 444 x",
        "%s 444 x\\y",
    };
    const struct folder_fixture *f = *state;
    struct rog_error err = {0};
    char key[ROG_DEPLOYED_KEY_BYTES], hash[ROG_SHA256_HEX_BYTES];
    key_of("one", "444", key);
    char *object = rog_format("%s/objects/%s", f->path, key);
    assert_int_equal(rog_file_write(object, "one", 3, &err), ROG_OK);
    key[ROG_SHA256_HEX_BYTES - 1] = '\0';
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct stream nothing = {.size = 0};
        char text[300] = "";
        for (const char *c = lines[i]; *c; c++) { /* longer than all formats here */
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%.*s", *c == '%' ? 64 : 1,
                     *c == '%' ? key : c);
            c += *c == '%';
        }
        write_manifest(f, text, hash);
        int code = unpack(f, hash, 0, &nothing, &err);
        if (code != ROG_EFORMAT && code != ROG_EIO)
            fail_msg("%s: %d", text, code);
        expect_left(f, 1);
    }
    /* Not with this hash; missing. */
    struct stream nothing = {.size = 0};
    write_manifest(f, "", hash);
    char *path = rog_format("%s/manifests/%s", f->path, hash);
    assert_int_equal(rog_file_write(path, "x", 1, &err), ROG_OK);
    assert_int_equal(unpack(f, hash, 0, &nothing, &err), ROG_EFORMAT);
    unlink(path);
    assert_int_equal(unpack(f, hash, 0, &nothing, &err), ROG_ENOTFOUND);
    assert_int_equal(unpack(f, "../x", 0, &nothing, &err), ROG_EINVAL);
    free(path);
    free(object);
}

static void what_killed_ones_left_is_removed(void **state)
{
    const struct folder_fixture *f = *state;
    struct stream nothing = {.size = 0};
    struct rog_error err = {0};
    char hash[ROG_SHA256_HEX_BYTES];
    const struct utimbuf yesterday = {.actime = time(NULL) - 90000, .modtime = time(NULL) - 90000};
    char *old = rog_format("%s/part-000000", f->path);
    char *inner = rog_format("%s/tree/x", old), *young = rog_format("%s/part-111111", f->path);
    assert_int_equal(rog_file_write(inner, "x", 1, &err), ROG_OK);
    assert_int_equal(rog_dir_make(young, &err), ROG_OK);
    assert_int_equal(utime(old, &yesterday), 0);
    write_manifest(f, "", hash);
    assert_int_equal(unpack(f, hash, 0, &nothing, &err), ROG_EIO); /* an empty tree */
    assert_false(rog_file_exists(old));
    assert_true(rog_file_exists(young));
    free(young);
    free(inner);
    free(old);
}

/* The program, ended while it waits for the rest of an object. */
static void a_signal_leaves_nothing(void **state)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGINT};
    const struct folder_fixture *f = *state;
    struct stream stream = {.size = 0};
    char hash[ROG_SHA256_HEX_BYTES], key[ROG_DEPLOYED_KEY_BYTES], *text = manifest_of_two();
    write_manifest(f, text, hash);
    add_object(&stream, "one");
    key_of("one", "444", key);
    char *object = rog_format("%s/objects/%s", f->path, key);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int ends[2], status = 0;
        rog_dir_remove(object, NULL);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(ends[0], STDIN_FILENO);
            close(ends[0]);
            close(ends[1]);
            close(STDERR_FILENO);
            execl(ROG_TEST_UNPACKER, "rog-unpack", f->path, hash, "2", (char *)NULL);
            _exit(127);
        }
        assert_true(child > 0);
        close(ends[0]);
        assert_int_equal(write(ends[1], stream.bytes, stream.size), (ssize_t)stream.size);
        while (count_names(f, "objects") == 0) /* it has started */
            usleep(1000);
        kill(child, numbers[i]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        close(ends[1]);
        expect_left(f, 1);
    }
    free(object);
    free(text);
}

/* Several processes that store the same files at once do not interfere. */
static void several_at_once(void **state)
{
    enum { CHILDREN = 3, ROUNDS = 400 };
    const struct folder_fixture *f = *state;
    struct stream stream = {.size = 0};
    char hash[ROG_SHA256_HEX_BYTES], *text = manifest_of_two();
    pid_t child[CHILDREN];
    write_manifest(f, text, hash);
    add_object(&stream, "one");
    add_object(&stream, "two");
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        for (int round = 0; child[i] == 0 && round < ROUNDS; round++) {
            struct rog_error err = {0};
            if (unpack(f, hash, 2, &stream, &err)) {
                fprintf(stderr, "round %d: %s\n", round, err.message);
                _exit(1);
            }
        }
        if (child[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = 0;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_sha_256),
        TEST(a_tree_appears),
        TEST(damaged_streams_leave_nothing),
        TEST(hostile_members_are_refused),
        TEST(hostile_manifests_are_refused),
        TEST(what_killed_ones_left_is_removed),
        TEST(a_signal_leaves_nothing),
        TEST(several_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
