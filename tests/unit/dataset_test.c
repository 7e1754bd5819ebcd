/* SPDX-License-Identifier: Apache-2.0 */
/* Shards, and the cache of data sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/data/cache.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>

/* ---- shards ---- */

static struct rog_dataset *labelled(uint32_t count, uint32_t classes)
{
    struct rog_dataset *d = NULL;
    struct rog_error err;
    assert_int_equal(rog_dataset_new(&d, count, classes, 1, 1, &err), 0);
    for (uint32_t i = 0; i < count; i++)
        d->labels[i] = (uint16_t)(i * 7 % classes);
    return d;
}

static void test_shards_are_non_iid(void **state)
{
    (void)state;
    struct rog_dataset *d = labelled(50000, 100);
    uint8_t *owners = calloc(d->count, 1);
    assert_non_null(owners);
    for (uint32_t w = 0; w < 4; w++) {
        uint32_t *indices = NULL, count = 0;
        struct rog_error err;
        assert_int_equal(rog_dataset_shard(d, 4, w, &indices, &count, &err), 0);
        assert_int_equal(count, 12500);
        for (uint32_t i = 0; i < count; i++) {
            owners[indices[i]]++;
            assert_in_range(d->labels[indices[i]], 25 * w, 25 * w + 24);
            if (i && d->labels[indices[i]] == d->labels[indices[i - 1]])
                assert_true(indices[i] > indices[i - 1]); /* stable */
        }
        free(indices);
    }
    for (uint32_t i = 0; i < d->count; i++)
        assert_int_equal(owners[i], 1);
    free(owners);
    rog_dataset_free(d);
}

static void test_shards_with_a_rest(void **state)
{
    (void)state;
    struct rog_dataset *d = labelled(11, 3);
    uint32_t *indices = NULL, count = 0, seen = 0;
    struct rog_error err;
    for (uint32_t w = 0; w < 4; w++) {
        assert_int_equal(rog_dataset_shard(d, 4, w, &indices, &count, &err), 0);
        assert_int_equal(count, 2);
        for (uint32_t i = 0; i < count; i++)
            seen |= 1u << indices[i];
        free(indices);
    }
    assert_int_equal(__builtin_popcount(seen), 8);
    assert_int_equal(rog_dataset_shard(d, 4, 4, &indices, &count, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_shard(d, 12, 0, &indices, &count, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_shard(d, 0, 0, &indices, &count, &err), ROG_EINVAL);
    rog_dataset_free(d);
}

static void test_impossible_sizes(void **state)
{
    (void)state;
    struct rog_dataset *d = NULL;
    struct rog_error err;
    assert_int_equal(rog_dataset_new(&d, 0, 10, 32, 32, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_new(&d, 10, 0, 32, 32, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_new(&d, 10, 70000, 32, 32, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_new(&d, 10, 10, 0, 32, &err), ROG_EINVAL);
    assert_int_equal(rog_dataset_new(&d, 4294967295u, 10, 65536, 65536, &err), ROG_EINVAL);
    assert_null(d);
}

/* ---- cache ---- */

struct fixture {
    char folder[64];
    int made; /* how often the data set was created */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    *state = f;
    strcpy(f->folder, "/tmp/rog-cache-XXXXXX");
    return mkdtemp(f->folder) ? setenv("XDG_CACHE_HOME", f->folder, 1) : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_dir_remove(f->folder, NULL);
    free(f);
    return 0;
}

static int make(void *user, struct rog_dataset **made, struct rog_error *err)
{
    struct fixture *f = user;
    f->made++;
    int code = rog_dataset_new(made, 6, 300, 2, 3, err);
    if (code)
        return code;
    for (uint32_t i = 0; i < 6; i++)
        (*made)->labels[i] = (uint16_t)(i * 55);
    for (uint32_t i = 0; i < rog_dataset_bytes(*made); i++)
        (*made)->pixels[i] = (uint8_t)(i * 3);
    return rog_dataset_seal(*made, err);
}

static int refuse(void *user, struct rog_dataset **made, struct rog_error *err)
{
    (void)user;
    *made = NULL;
    return rog_fail(err, ROG_EFAILED, "cannot be made");
}

static void open_and_check(struct fixture *f, int made)
{
    struct rog_dataset *d = NULL;
    struct rog_error err;
    int code = rog_cache_dataset(&d, "six small images", make, f, &err);
    if (code)
        fail_msg("%s", err.message);
    assert_int_equal(f->made, made);
    assert_int_equal(d->count, 6);
    assert_int_equal(d->classes, 300);
    assert_int_equal(d->height, 2);
    assert_int_equal(d->width, 3);
    assert_int_equal(d->labels[5], 275);
    assert_int_equal(d->pixels[107], (uint8_t)(107 * 3));
    rog_dataset_free(d);
}

static char *entry(void)
{
    char *path = NULL;
    struct rog_error err;
    assert_int_equal(rog_cache_path(&path, "data", "six small images", "images", &err), 0);
    return path;
}

static void test_cache_makes_once(void **state)
{
    struct fixture *f = *state;
    open_and_check(f, 1);
    open_and_check(f, 1);
    char *path = entry();
    assert_int_equal(strncmp(path, f->folder, strlen(f->folder)), 0);
    assert_int_equal(unlink(path), 0);
    open_and_check(f, 2);
    free(path);
}

/* Any change of the file is detected, and the file is created again. */
static void test_cache_notices_damage(void **state)
{
    struct fixture *f = *state;
    open_and_check(f, 1);
    char *path = entry(), *sound = NULL;
    size_t size = 0;
    struct rog_error err;
    assert_int_equal(rog_file_read(path, 1 << 20, &sound, &size, &err), 0);
    for (size_t i = 0; i < size; i++) {
        sound[i] ^= 0x10;
        assert_int_equal(rog_file_write(path, sound, size, &err), 0);
        sound[i] ^= 0x10;
        open_and_check(f, 2 + (int)i);
    }
    int made = f->made;
    for (size_t length = 0; length < size; length += 7) {
        assert_int_equal(rog_file_write(path, sound, length, &err), 0);
        open_and_check(f, ++made);
    }
    char *longer = calloc(size + 1, 1);
    assert_non_null(longer);
    memcpy(longer, sound, size);
    assert_int_equal(rog_file_write(path, longer, size + 1, &err), 0);
    open_and_check(f, ++made);
    open_and_check(f, made);
    free(longer);
    free(sound);
    free(path);
}

static void test_cache_removes_leftovers(void **state)
{
    struct fixture *f = *state;
    char *path = entry(), *leftover = rog_format("%s.rogpart-a1B2c3", path);
    struct rog_error err;
    assert_int_equal(rog_file_write(leftover, "half", 4, &err), 0);
    open_and_check(f, 1);
    assert_false(rog_file_exists(leftover));
    assert_true(rog_file_exists(path));
    free(leftover);
    free(path);
}

static void test_cache_passes_errors_on(void **state)
{
    struct fixture *f = *state;
    struct rog_dataset *d = NULL;
    struct rog_error err;
    assert_int_equal(rog_cache_dataset(&d, "nothing", refuse, f, &err), ROG_EFAILED);
    assert_null(d);
    assert_string_equal(err.message, "cannot be made");

    char *blocked = rog_format("%s/rogctl", f->folder);
    rog_dir_remove(blocked, NULL);
    assert_int_equal(rog_file_write(blocked, "x", 1, &err), 0);
    assert_int_equal(rog_cache_dataset(&d, "six small images", make, f, &err), ROG_EIO);
    assert_non_null(strstr(err.message, blocked));
    free(blocked);
}

/* Several processes at once: one creates the file, the others use it. */
static void test_cache_of_several_processes(void **state)
{
    struct fixture *f = *state;
    enum { PROCESSES = 6 };
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (!children[i]) {
            struct rog_dataset *d = NULL;
            int code = rog_cache_dataset(&d, "six small images", make, f, NULL);
            rog_dataset_free(d);
            _exit(code ? 100 : f->made);
        }
    }
    int made = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        made += WEXITSTATUS(status);
    }
    assert_int_equal(made, 1);
}

static void test_noise_is_cached_and_described(void **state)
{
    (void)state;
    struct rog_error err;
    struct rog_dataset *a = NULL, *b = NULL, *clean = NULL;
    assert_int_equal(rog_dataset_open(&a, "synth100", ROG_SPLIT_TEST, "rotation", 1, &err), 0);
    assert_int_equal(rog_dataset_open(&b, "synth100", ROG_SPLIT_TEST, "rotation", 1, &err), 0);
    assert_int_equal(rog_dataset_open(&clean, "synth100", ROG_SPLIT_TEST, "none", 1, &err), 0);
    assert_string_equal(a->sha256, b->sha256);
    assert_string_not_equal(a->sha256, clean->sha256);
    assert_memory_equal(a->labels, clean->labels, a->count * sizeof *a->labels);
    rog_dataset_free(a);
    rog_dataset_free(b);
    rog_dataset_free(clean);

    static const struct {
        const char *noise;
        enum rog_split split;
        uint64_t seed;
    } requests[] = {{"none", ROG_SPLIT_TEST, 1},     {"none", ROG_SPLIT_TRAIN, 1},
                    {"rotation", ROG_SPLIT_TEST, 1}, {"mixed", ROG_SPLIT_TEST, 1},
                    {"mixed", ROG_SPLIT_TEST, 2},    {"mixed", ROG_SPLIT_TRAIN, 1}};
    char texts[6][1024];
    for (int i = 0; i < 6; i++) {
        assert_int_equal(rog_dataset_describe("synth100", requests[i].split, requests[i].noise,
                                              requests[i].seed, texts[i], sizeof texts[i], &err),
                         0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
    assert_int_equal(
        rog_dataset_describe("synth100", ROG_SPLIT_TEST, "fog", 1, texts[0], 1024, &err),
        ROG_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shards_are_non_iid),
        cmocka_unit_test(test_shards_with_a_rest),
        cmocka_unit_test(test_impossible_sizes),
        cmocka_unit_test_setup_teardown(test_cache_makes_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_notices_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_removes_leftovers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_passes_errors_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache_of_several_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise_is_cached_and_described, setup, teardown),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
