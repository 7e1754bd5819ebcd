/* SPDX-License-Identifier: Apache-2.0 */

/* What a server that resumes reads: the run's time, whatever happened to the date, the state beside
 * its model, and its state between checkpoints. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <librog/net/checkpointer.h>
#include <librog/net/conn.h>
#include <uv.h>

#include "folder_support.h"

#define YEAR_S 31536000.0

static int make_folder(void **state)
{
    char *folder = NULL;
    int code = temporary_folder(&folder, "resume-test");
    *state = folder;
    return code;
}

static int remove_folder(void **state)
{
    int code = rog_dir_remove(*state, NULL);
    free(*state);
    return code;
}

/* Reads the kernel's id of the boot. */
static void name_boot(char name[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    assert_non_null(file);
    assert_non_null(fgets(name, 64, file));
    name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

/* Checkpoints are due each minute; records the last one requested. */
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

/* The state beside the model. */
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

/* Worker 2 is connected, and has made 16 iterations. */
static struct rog_json *list_workers(void *owner)
{
    struct rog_json *list = rog_json_array(), *worker = rog_json_object();
    (void)owner;
    rog_json_put_integer(worker, "rank", 2);
    rog_json_put_integer(worker, "iteration", 16);
    rog_json_append(list, worker);
    return list;
}

/* Gets this list, or none. */
static int go_on(void *owner, uint32_t iteration, const struct rog_json *workers,
                 struct rog_error *err)
{
    const struct rog_json *worker = rog_json_at(workers, 0);
    (void)owner;
    if (iteration == 0 || (worker && rog_json_get_integer(worker, "iteration", 0) != 16))
        return rog_fail(err, ROG_EFORMAT, "not what was kept");
    return ROG_OK;
}

static const struct rog_state_hooks beside_hooks = {.kind = beside_kind,
                                                    .bytes = beside_bytes,
                                                    .save = beside_save,
                                                    .load = beside_load,
                                                    .workers = list_workers,
                                                    .go_on = go_on};

/* Returns the run's time for a server that finds this state: it began wall_ago_s ago by the date,
 * steady_ago_s by the monotonic clock, and its checkpoint is of t_s. */
static double time_of(const char *folder, const char *boot, double wall_ago_s, double steady_ago_s,
                      double t_s)
{
    const struct rog_checkpoint_hooks hooks = {.due_s = due_s}; /* without values, none is
                                                                   written */
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
    struct rog_moment from;
    struct rog_error err = {0};
    char *path = rog_path_join(folder, "server.json");
    char *text =
        rog_format("{\"started_at\":%.3f,\"boot\":\"%s\",\"origin_s\":%.3f,\"t\":%.3f,"
                   "\"index\":3,\"iteration\":17}",
                   (double)time(NULL) - wall_ago_s, boot, rog_link_now() - steady_ago_s, t_s);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), ROG_OK);
    free(text);
    assert_int_equal(rog_checkpointer_new(&checkpointer, &config, &err), ROG_OK);
    assert_true(due == 0);
    assert_int_equal(rog_checkpointer_restore(checkpointer, &from, &err), ROG_OK);
    assert_int_equal(from.iteration, 17);
    assert_true(fabs(from.t_s - t_s) < 1e-6);
    double now_s = rog_link_now() - from.origin.steady_s;
    assert_true(due > now_s - 1);
    /* The next one has the next number. */
    assert_int_equal(rog_checkpointer_last(checkpointer, &from.origin, now_s, 18, &err), ROG_OK);
    size_t size;
    assert_int_equal(rog_file_read(path, 4096, &text, &size, NULL), ROG_OK);
    assert_non_null(strstr(text, "\"index\": 4"));
    assert_non_null(strstr(text, "\"workers\""));
    assert_null(strstr(text, "state"));
    rog_checkpointer_free(checkpointer);
    free(text);
    free(path);
    return now_s;
}

static void the_monotonic_clock_counts_within_a_boot(void **state)
{
    static const double walls_ago_s[] = {100, 50 * YEAR_S, -50 * YEAR_S};
    char boot[64];
    name_boot(boot);
    for (size_t i = 0; i < sizeof walls_ago_s / sizeof *walls_ago_s; i++)
        assert_float_equal(time_of(*state, boot, walls_ago_s[i], 100, 90), 100, 5);
}

static void the_date_counts_after_another_boot(void **state)
{
    assert_float_equal(time_of(*state, "another", 100, -1000, 90), 100, 5);
    assert_float_equal(time_of(*state, "", 100, -1000, 90), 100, 5);
}

static void a_date_before_the_checkpoint_is_none(void **state)
{
    assert_float_equal(time_of(*state, "another", -50 * YEAR_S, -1000, 90), 90, 5);
}

/* A resumed run records that its time was paused; from then on it continues. */
static void time_may_have_been_paused(void **state)
{
    char boot[64], *path = rog_path_join(*state, "paused");
    name_boot(boot);
    assert_int_equal(rog_file_write(path, "", 0, NULL), ROG_OK);
    assert_float_equal(time_of(*state, boot, 1000, 1000, 90), 90, 5);
    assert_false(rog_file_exists(path)); /* it has saved a later time */
    assert_int_equal(rog_file_write(path, "", 0, NULL), ROG_OK);
    assert_float_equal(time_of(*state, "another", 1000, 1000, 90), 90, 5);
    free(path);
}

/* A server that is killed before it has saved anything does not reset the time. */
static void time_continues_after_a_pause(void **state)
{
    char boot[64], *path = rog_path_join(*state, "paused");
    const struct rog_checkpoint_hooks hooks = {.due_s = due_s};
    double due;
    struct rog_checkpointer *checkpointer;
    const struct rog_checkpointer_config config = {
        .folder = *state, .hooks = &hooks, .user = &due, .failed = not_expected};
    const struct rog_run_origin origin = {.steady_s = rog_link_now() - 120,
                                          .wall_s = (double)time(NULL) - 120};
    name_boot(boot);
    assert_int_equal(rog_file_write(path, "", 0, NULL), ROG_OK);
    assert_int_equal(rog_checkpointer_new(&checkpointer, &config, NULL), ROG_OK);
    assert_int_equal(rog_checkpointer_go_on(checkpointer, &origin, NULL), ROG_OK);
    rog_checkpointer_free(checkpointer);
    assert_float_equal(time_of(*state, boot, 1000, 1000, 90), 120, 5);
    assert_false(rog_file_exists(path));
    free(path);
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
    struct rog_moment from;
    double due;
    const struct rog_checkpointer_config config = {.folder = folder,
                                                   .model = &model,
                                                   .hooks = &hooks,
                                                   .user = &due,
                                                   .failed = not_expected,
                                                   .state = &beside_hooks,
                                                   .owner = beside};
    assert_int_equal(rog_checkpointer_new(&checkpointer, &config, err), ROG_OK);
    int code = rog_checkpointer_restore(checkpointer, &from, err);
    if (!code)
        code = rog_checkpointer_last(checkpointer, &from.origin, 100, from.iteration + 1, err);
    rog_checkpointer_free(checkpointer);
    return code;
}

static void state_beside_the_model_is_restored(void **state)
{
    const char *folder = *state;
    struct beside first = {.bytes = {1, 2, 3, 0, 255}, .size = 5}, again = {.size = 5};
    struct rog_error err = {0};
    time_of(folder, "another", 100, -1000, 90);

    /* A server cannot resume from a checkpoint without this state. */
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
    /* Left by a crash. */
    char *left = rog_path_join(folder, "server-3.state");
    assert_int_equal(rog_file_write(left, "abcd!", 5, NULL), ROG_OK);
    free(left);
    assert_int_equal(restore(folder, &again, &err), ROG_OK);
    assert_memory_equal(again.bytes, "wxyz!", 5);
    assert_false(is_there(folder, "server-3.state"));
    /* The file that it resumed from is removed when the next one exists. */
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

/* The state of another optimizer is rejected, even if its size fits. */
static void another_optimizer_does_not_resume(void **state)
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

/* ---- the state between checkpoints ---- */

#define PARAMS 1000
#define CONSTANTS 3

/* A server's model, and the sum added to it. */
struct served {
    const char *folder;
    struct rog_rows rows;
    float params[PARAMS], constants[CONSTANTS], change[PARAMS];
    struct beside beside;
    struct rog_model model;
    double due;
    uv_loop_t loop;
    struct rog_checkpointer *checkpointer;
};

static const float *change_of(void *owner)
{
    const struct served *served = owner;
    return served->change;
}

static int write_model(void *user, const float *params, struct rog_checkpoint *checkpoint,
                       struct rog_error *err)
{
    const struct served *served = user;
    snprintf(checkpoint->path, sizeof checkpoint->path, "model-%u.bin", checkpoint->index);
    char *path = rog_path_join(served->folder, checkpoint->path);
    int code = rog_file_write(path, params, PARAMS * sizeof *params, err);
    if (!code)
        code = rog_sha256_file(path, checkpoint->sha256, err);
    free(path);
    return code;
}

static int read_model(void *user, const char *path, struct rog_error *err)
{
    struct served *served = user;
    char *bytes = NULL;
    size_t size;
    int code = rog_file_read(path, sizeof served->params, &bytes, &size, err);
    if (!code && size == sizeof served->params)
        memcpy(served->params, bytes, size);
    free(bytes);
    return code;
}

static double served_due_s(void *user, double after_s)
{
    struct served *served = user;
    return due_s(&served->due, after_s);
}

static const char *served_kind(void *owner)
{
    return beside_kind(&((struct served *)owner)->beside);
}
static size_t served_bytes(void *owner)
{
    return beside_bytes(&((struct served *)owner)->beside);
}
static void served_save(void *owner, uint8_t *bytes)
{
    beside_save(&((struct served *)owner)->beside, bytes);
}
static int served_load(void *owner, const uint8_t *bytes, size_t size, struct rog_error *err)
{
    return beside_load(&((struct served *)owner)->beside, bytes, size, err);
}

static void open_served(struct served *served, const char *folder)
{
    static const struct rog_checkpoint_hooks hooks = {
        .due_s = served_due_s, .write = write_model, .read = read_model};
    static const struct rog_state_hooks state = {.kind = served_kind,
                                                 .bytes = served_bytes,
                                                 .save = served_save,
                                                 .load = served_load,
                                                 .workers = list_workers,
                                                 .go_on = go_on};
    struct rog_events *events = NULL;
    *served = (struct served){.folder = folder, .rows = {.params = PARAMS}, .beside = {.size = 5}};
    served->model = (struct rog_model){.rows = &served->rows,
                                       .params = served->params,
                                       .constants = served->constants,
                                       .constant_count = CONSTANTS};
    assert_int_equal(rog_events_open(&events, "/dev/null", NULL), ROG_OK);
    assert_int_equal(uv_loop_init(&served->loop), 0);
    const struct rog_checkpointer_config config = {.loop = &served->loop,
                                                   .folder = folder,
                                                   .state_period_s = 5,
                                                   .model = &served->model,
                                                   .events = events,
                                                   .hooks = &hooks,
                                                   .user = served,
                                                   .change = change_of,
                                                   .failed = not_expected,
                                                   .state = &state,
                                                   .owner = served};
    served->due = 0;
    assert_int_equal(rog_checkpointer_new(&served->checkpointer, &config, NULL), ROG_OK);
}

static void close_served(struct served *served)
{
    rog_checkpointer_free(served->checkpointer);
    assert_int_equal(uv_loop_close(&served->loop), 0);
}

/* Sets the values of a served model at t_s. */
static void set_values(struct served *served, double t_s)
{
    for (size_t i = 0; i < PARAMS; i++) {
        served->params[i] = (float)i;
        served->change[i] = (float)t_s / 3;
    }
    for (size_t i = 0; i < CONSTANTS; i++)
        served->constants[i] = 7 + (float)i;
    memset(served->beside.bytes, (int)t_s, sizeof served->beside.bytes);
}

static void save_at(struct served *served, double t_s)
{
    const struct rog_run_origin origin = {.steady_s = rog_link_now() - t_s, .wall_s = 1};
    set_values(served, t_s);
    rog_checkpointer_if_due(served->checkpointer, &origin, t_s, (uint32_t)t_s + 1);
    memset(served->change, 0, sizeof served->change); /* it was copied */
    uv_run(&served->loop, UV_RUN_DEFAULT);
}

/* Checks that another server resumes from there, with the state of the first one at t_s. */
static void assert_goes_on_from(const char *folder, double t_s, bool with_constants)
{
    struct served again, first = {.beside = {.size = 5}};
    struct rog_moment from;
    struct rog_error err = {0};
    open_served(&again, folder);
    set_values(&first, t_s);
    assert_int_equal(rog_checkpointer_restore(again.checkpointer, &from, &err), ROG_OK);
    assert_true(fabs(from.t_s - t_s) < 1e-9 && from.iteration == (uint32_t)t_s + 1);
    for (size_t i = 0; i < PARAMS; i++)
        assert_true(again.params[i] == first.params[i] + first.change[i]);
    if (with_constants)
        assert_memory_equal(again.constants, first.constants, sizeof first.constants);
    assert_memory_equal(again.beside.bytes, first.beside.bytes, sizeof first.beside.bytes);
    close_served(&again);
}

static void change_byte(const char *folder, const char *name, long at)
{
    char *path = rog_path_join(folder, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    assert_int_equal(fclose(file), 0);
    free(path);
}

/* Between checkpoints too, and from the previous state if the last is incomplete. */
static void it_resumes_from_the_newest_complete_state(void **state)
{
    char *folder = rog_path_join(*state, "state");
    struct served served;
    open_served(&served, folder);
    save_at(&served, 0); /* the first checkpoint */
    assert_goes_on_from(folder, 0, false);
    save_at(&served, 4); /* nothing is due yet */
    assert_goes_on_from(folder, 0, false);
    save_at(&served, 5);
    assert_goes_on_from(folder, 5, true);
    save_at(&served, 10);
    assert_goes_on_from(folder, 10, true);
    assert_true(is_there(folder, "state/0") && is_there(folder, "state/1"));

    change_byte(folder, "state/1", 3000);
    assert_goes_on_from(folder, 5, true);
    save_at(&served, 15); /* into the older slot */
    assert_goes_on_from(folder, 15, true);
    char *slot = rog_path_join(folder, "state/0");
    assert_int_equal(truncate(slot, 2000), 0);
    assert_goes_on_from(folder, 0, false);
    free(slot);

    /* The next checkpoint is newer, and at the end only it remains. */
    save_at(&served, 61);
    assert_goes_on_from(folder, 61, false);
    const struct rog_run_origin origin = {.steady_s = rog_link_now() - 70, .wall_s = 1};
    save_at(&served, 67);
    set_values(&served, 70);
    assert_int_equal(rog_checkpointer_last(served.checkpointer, &origin, 70, 71, NULL), ROG_OK);
    assert_false(is_there(folder, "state"));
    assert_goes_on_from(folder, 70, false);
    close_served(&served);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_counts_within_a_boot),
        cmocka_unit_test(the_date_counts_after_another_boot),
        cmocka_unit_test(a_date_before_the_checkpoint_is_none),
        cmocka_unit_test(time_may_have_been_paused),
        cmocka_unit_test(time_continues_after_a_pause),
        cmocka_unit_test(state_beside_the_model_is_restored),
        cmocka_unit_test(another_optimizer_does_not_resume),
        cmocka_unit_test(it_resumes_from_the_newest_complete_state),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
