/* SPDX-License-Identifier: Apache-2.0 */

/* What a server that goes on reads of itself: the run's time, whatever was done to the date, and
 * what it kept beside its model. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <common/file.h>
#include <librog/net/checkpointer.h>
#include <librog/net/conn.h>

#define YEAR_S 31536000.0

static int make_folder(void **state)
{
    char *folder = NULL;
    int code = rog_temporary_folder(&folder, "resume-test", NULL);
    *state = folder;
    return code;
}

static int remove_folder(void **state)
{
    int code = rog_dir_remove(*state, NULL);
    free(*state);
    return code;
}

/* The boot's name as the kernel gives it. */
static void name_boot(char name[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    assert_non_null(file);
    assert_non_null(fgets(name, 64, file));
    name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

/* Checkpoints are due each minute; the last that was asked for. */
static double due_s(void *user, double after_s)
{
    double *due = user;
    *due = after_s < 0 ? 0 : 60 * floor(after_s / 60) + 60;
    return *due;
}

static void not_expected(void *owner, int code, const struct rog_error *err)
{
    (void)owner;
    fail_msg("%d: %s", code, err->message);
}

/* What there is beside the model. */
struct beside {
    uint8_t bytes[5];
    size_t size;
    uint32_t loads;
};

static const char *beside_kind(void *owner)
{
    (void)owner;
    return "momentum";
}

static size_t beside_bytes(void *owner)
{
    return ((const struct beside *)owner)->size;
}

static void beside_save(void *owner, uint8_t *bytes)
{
    const struct beside *beside = owner;
    memcpy(bytes, beside->bytes, beside->size);
}

static int beside_load(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err)
{
    struct beside *beside = owner;
    if (size != beside->size)
        return rog_fail(err, ROG_EFORMAT, "%zu bytes", size);
    if (size > 0)
        memcpy(beside->bytes, bytes, size);
    beside->loads++;
    return ROG_OK;
}

static const struct rog_state_hooks beside_hooks = {
    .kind = beside_kind, .bytes = beside_bytes, .save = beside_save, .load = beside_load};

/* The run's time for a server that finds this state: it began wall_ago_s by the date, steady_ago_s
 * by the steady clock, and its checkpoint is of t_s. */
static double time_of(const char *folder, const char *boot, double wall_ago_s, double steady_ago_s,
                      double t_s)
{
    const struct rog_checkpoint_hooks hooks = {.due_s = due_s}; /* no values: none is written */
    const struct rog_model model = {0};
    struct beside nothing = {.size = 0};
    double due = -1;
    const struct rog_checkpointer_config config = {.folder = folder,
                                                   .model = &model,
                                                   .hooks = &hooks,
                                                   .user = &due,
                                                   .failed = not_expected,
                                                   .state = &beside_hooks,
                                                   .owner = &nothing};
    struct rog_checkpointer *checkpointer;
    struct rog_run_origin origin = {0};
    struct rog_error err = {0};
    uint32_t iteration = 0;
    char *path = rog_path_join(folder, "server.json");
    char *text =
        rog_format("{\"started_at\":%.3f,\"boot\":\"%s\",\"origin_s\":%.3f,\"t\":%.3f,"
                   "\"index\":3,\"iteration\":17}",
                   (double)time(NULL) - wall_ago_s, boot, rog_link_now() - steady_ago_s, t_s);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), ROG_OK);
    free(text);
    assert_int_equal(rog_checkpointer_new(&checkpointer, &config, &err), ROG_OK);
    assert_true(due == 0);
    assert_int_equal(rog_checkpointer_restore(checkpointer, &origin, &iteration, &err), ROG_OK);
    assert_int_equal(iteration, 17);
    double now_s = rog_link_now() - origin.steady_s;
    assert_true(due > now_s - 1);
    /* The next one has the next number. */
    assert_int_equal(rog_checkpointer_last(checkpointer, &origin, now_s, 18, &err), ROG_OK);
    size_t size;
    assert_int_equal(rog_file_read(path, 4096, &text, &size, NULL), ROG_OK);
    assert_non_null(strstr(text, "\"index\": 4"));
    assert_null(strstr(text, "state"));
    rog_checkpointer_free(checkpointer);
    free(text);
    free(path);
    return now_s;
}

static void the_steady_clock_tells_within_a_boot(void **state)
{
    static const double walls_ago_s[] = {100, 50 * YEAR_S, -50 * YEAR_S};
    char boot[64];
    name_boot(boot);
    for (size_t i = 0; i < sizeof walls_ago_s / sizeof *walls_ago_s; i++)
        assert_float_equal(time_of(*state, boot, walls_ago_s[i], 100, 90), 100, 5);
}

static void the_date_tells_after_another_boot(void **state)
{
    assert_float_equal(time_of(*state, "another", 100, -1000, 90), 100, 5);
    assert_float_equal(time_of(*state, "", 100, -1000, 90), 100, 5);
}

static void a_date_before_the_checkpoint_is_none(void **state)
{
    assert_float_equal(time_of(*state, "another", -50 * YEAR_S, -1000, 90), 90, 5);
}

static bool is_there(const char *folder, const char *name)
{
    char *path = rog_path_join(folder, name);
    bool there = rog_file_exists(path);
    free(path);
    return there;
}

static int restore(const char *folder, struct beside *beside, struct rog_error *err)
{
    const struct rog_checkpoint_hooks hooks = {.due_s = due_s};
    const struct rog_model model = {0};
    struct rog_checkpointer *checkpointer;
    struct rog_run_origin origin;
    uint32_t iteration;
    double due;
    const struct rog_checkpointer_config config = {.folder = folder,
                                                   .model = &model,
                                                   .hooks = &hooks,
                                                   .user = &due,
                                                   .failed = not_expected,
                                                   .state = &beside_hooks,
                                                   .owner = beside};
    assert_int_equal(rog_checkpointer_new(&checkpointer, &config, err), ROG_OK);
    int code = rog_checkpointer_restore(checkpointer, &origin, &iteration, err);
    if (!code)
        code = rog_checkpointer_last(checkpointer, &origin, 100, iteration + 1, err);
    rog_checkpointer_free(checkpointer);
    return code;
}

static void what_is_beside_the_model_comes_back(void **state)
{
    const char *folder = *state;
    struct beside first = {.bytes = {1, 2, 3, 0, 255}, .size = 5}, again = {.size = 5};
    struct rog_error err = {0};
    time_of(folder, "another", 100, -1000, 90);

    /* A checkpoint without any is not one that this server can go on from. */
    assert_int_equal(restore(folder, &first, &err), ROG_EFORMAT);
    first.size = 0;
    assert_int_equal(restore(folder, &first, &err), ROG_OK);
    assert_false(is_there(folder, "server-5.state"));

    char *path = rog_path_join(folder, "server-9.state"), *json;
    char *json_path = rog_path_join(folder, "server.json"), hex[ROG_SHA256_HEX_BYTES];
    rog_sha256("wxyz!", 5, hex);
    json = rog_format("{\"started_at\":1000,\"boot\":\"\",\"origin_s\":0,\"t\":90,\"index\":9,"
                      "\"iteration\":17,\"optimizer\":\"momentum\",\"state\":\"server-9.state\","
                      "\"state_sha256\":\"%s\"}",
                      hex);
    assert_int_equal(rog_file_write(path, "wxyz!", 5, NULL), ROG_OK);
    assert_int_equal(rog_file_write(json_path, json, strlen(json), NULL), ROG_OK);
    /* One that a crash has left. */
    char *left = rog_path_join(folder, "server-3.state");
    assert_int_equal(rog_file_write(left, "abcd!", 5, NULL), ROG_OK);
    free(left);
    assert_int_equal(restore(folder, &again, &err), ROG_OK);
    assert_memory_equal(again.bytes, "wxyz!", 5);
    assert_false(is_there(folder, "server-3.state"));
    /* The one that it went on from is gone when the next is there. */
    assert_false(is_there(folder, "server-9.state"));
    assert_true(is_there(folder, "server-10.state"));
    memset(again.bytes, 0, sizeof again.bytes);
    assert_int_equal(restore(folder, &again, &err), ROG_OK);
    assert_memory_equal(again.bytes, "wxyz!", 5);
    assert_int_equal(again.loads, 2);

    free(path);
    path = rog_path_join(folder, "server-11.state");
    assert_int_equal(rog_file_write(path, "wxyz?", 5, NULL), ROG_OK);
    assert_int_equal(restore(folder, &again, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "server-11.state is damaged"));
    assert_int_equal(again.loads, 2);
    free(json_path);
    free(json);
    free(path);
}

/* The state of another optimizer is not taken, however well it would fit. */
static void another_optimizer_does_not_go_on(void **state)
{
    const char *folder = *state;
    struct beside beside = {.size = 5};
    struct rog_error err = {0};
    char *path = rog_path_join(folder, "server-9.state"), hex[ROG_SHA256_HEX_BYTES];
    char *json_path = rog_path_join(folder, "server.json");
    rog_sha256("wxyz!", 5, hex);
    char *json = rog_format("{\"started_at\":1000,\"boot\":\"\",\"origin_s\":0,\"t\":90,"
                            "\"index\":9,\"iteration\":17,\"optimizer\":\"adam\","
                            "\"state\":\"server-9.state\",\"state_sha256\":\"%s\"}",
                            hex);
    assert_int_equal(rog_file_write(path, "wxyz!", 5, NULL), ROG_OK);
    assert_int_equal(rog_file_write(json_path, json, strlen(json), NULL), ROG_OK);
    assert_int_equal(restore(folder, &beside, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "server-9.state"));
    assert_non_null(strstr(err.message, "adam"));
    assert_non_null(strstr(err.message, "momentum"));
    assert_int_equal(beside.loads, 0);
    free(json);
    free(json_path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steady_clock_tells_within_a_boot),
        cmocka_unit_test(the_date_tells_after_another_boot),
        cmocka_unit_test(a_date_before_the_checkpoint_is_none),
        cmocka_unit_test(what_is_beside_the_model_comes_back),
        cmocka_unit_test(another_optimizer_does_not_go_on),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
