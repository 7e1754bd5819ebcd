/* SPDX-License-Identifier: Apache-2.0 */

/* A worker's upload of its model, piece by piece: pieces that do not fit break the connection, and
 * impossible models are rejected. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <librog/net/bytes.h>
#include <librog/net/hello.h>
#include <librog/net/model_upload.h>
#include <librog/codecs/codecs.h>

#include "folder_support.h"

/* A server of two workers that waits for their model: two values, one of them constant. */
struct world {
    struct rog_model_upload *upload;
    char *folder;
    struct rog_rows *rows;
    float values[2];
    int asked[2], accepted[2], completed, refused; /* how often; refused: the code */
};

static int adopt(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err)
{
    struct world *world = user;
    *model = (struct rog_model){.params = world->values,
                                .constants = world->values + layout->params,
                                .constant_count = layout->constants,
                                .wire_scale = 1};
    const struct rog_codec *codec;
    int code = rog_codec_find("none", &codec, err);
    if (!code)
        code = rog_layout_rows(layout, &(struct rog_rows_codecs){.push = codec}, &world->rows, err);
    model->rows = world->rows;
    return code;
}

static int ask(void *user, uint32_t worker, struct rog_error *err)
{
    struct world *world = user;
    (void)err;
    world->asked[worker]++;
    return ROG_OK;
}

static void accepted(void *user, uint32_t worker)
{
    struct world *world = user;
    world->accepted[worker]++;
}

static int complete(void *user, struct rog_error *err)
{
    struct world *world = user;
    (void)err;
    world->completed++;
    return ROG_OK;
}

static void refuse(void *user, uint32_t worker, int code, const struct rog_error *err)
{
    struct world *world = user;
    (void)worker;
    (void)err;
    world->refused = code;
}

static const struct rog_model_upload_hooks hooks = {adopt, ask, accepted, complete, refuse};

static void begin(struct world *world)
{
    *world = (struct world){0};
    assert_int_equal(temporary_folder(&world->folder, "upload-test"), 0);
    assert_int_equal(rog_model_upload_new(&world->upload, 2, world->folder, &hooks, world, NULL),
                     0);
    rog_model_upload_enter(world->upload, 0, "first");
    rog_model_upload_enter(world->upload, 1, "second");
}

static void end(struct world *world)
{
    rog_model_upload_free(world->upload);
    rog_rows_free(world->rows);
    rog_dir_remove(world->folder, NULL);
    free(world->folder);
}

/* Sends `bytes` spaces at `at` of a text of `all`: not a layout even when it is complete. */
static int say(struct world *world, uint64_t all, uint64_t at, size_t bytes)
{
    uint8_t body[ROG_KIND_PIECE_BYTES + 4096];
    assert_true(bytes <= 4096);
    memset(body, ' ', sizeof body);
    rog_put_u64(body, all);
    rog_put_u64(body + 8, at);
    return rog_model_upload_layout(world->upload, 0, body, ROG_KIND_PIECE_BYTES + bytes, NULL);
}

static int say_layout(struct world *world, uint32_t worker, const char *text)
{
    uint8_t body[ROG_KIND_PIECE_BYTES + 4096];
    rog_put_u64(body, strlen(text));
    rog_put_u64(body + 8, 0);
    memcpy(body + ROG_KIND_PIECE_BYTES, text, strlen(text));
    return rog_model_upload_layout(world->upload, worker, body, ROG_KIND_PIECE_BYTES + strlen(text),
                                   NULL);
}

static int say_value(struct world *world, uint32_t worker, uint64_t at, float value)
{
    uint8_t body[ROG_KIND_PIECE_BYTES + 4];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    rog_put_u64(body, 2);
    rog_put_u64(body + 8, at);
    rog_put_u32(body + ROG_KIND_PIECE_BYTES, bits);
    return rog_model_upload_values(world->upload, worker, body, sizeof body, NULL);
}

static void a_layout_comes_in_pieces(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(say(&world, 100, 0, 60), ROG_OK);
    assert_int_equal(say(&world, 100, 60, 40), ROG_EFORMAT); /* complete, but not JSON */
    assert_int_equal(say(&world, 100, 0, 60), ROG_OK);       /* nothing of it is kept */
    end(&world);
}

static void a_layout_does_not_grow(void **state)
{
    (void)state;
    const uint64_t others[] = {99, 101, 4096, 61, 59, 10, 0, ROG_LAYOUT_TEXT_BYTES, UINT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct world world;
        begin(&world);
        assert_int_equal(say(&world, 100, 0, 60), ROG_OK);
        assert_int_equal(say(&world, others[i], 60, 1), ROG_EFORMAT);
        assert_int_equal(say(&world, others[i], 60, 4096), ROG_EFORMAT);
        assert_int_equal(say(&world, 100, 60, 41), ROG_EFORMAT);
        assert_int_equal(say(&world, 100, 59, 1), ROG_EFORMAT);
        assert_int_equal(say(&world, 100, 60, 1), ROG_OK);
        end(&world);
    }
}

static const char two_values[] = "[{\"name\":\"w\",\"shape\":[1]},"
                                 "{\"name\":\"c\",\"shape\":[1],\"constant\":true}]";

/* The first worker with a complete layout sends the values; if it leaves, the next one does. */
static void another_worker_replaces_one_that_left(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(say_layout(&world, 1, two_values), ROG_OK);
    assert_int_equal(say_layout(&world, 0, two_values), ROG_OK);
    assert_int_equal(world.asked[1], 1);
    assert_int_equal(world.asked[0], 0);
    assert_int_equal(say_value(&world, 0, 0, 5), ROG_EFORMAT); /* was not asked */
    assert_int_equal(say_value(&world, 1, 0, 5), ROG_OK);
    rog_model_upload_forget(world.upload, 1);
    assert_int_equal(world.asked[0], 1);
    assert_false(rog_model_upload_known(world.upload));
    assert_int_equal(say_value(&world, 0, 1, 7), ROG_EFORMAT); /* must start from the beginning */
    assert_int_equal(say_value(&world, 0, 0, 6), ROG_OK);
    assert_int_equal(say_value(&world, 0, 1, 7), ROG_OK);
    assert_int_equal(world.completed, 1);
    assert_true(rog_model_upload_known(world.upload));
    assert_true(rog_model_upload_agrees(world.upload, 0));
    assert_false(rog_model_upload_agrees(world.upload, 1));
    assert_true(rog_model_upload_differs(world.upload, 0)); /* "first" is not a hash */
    assert_true(world.values[0] == 6 && world.values[1] == 7);
    assert_int_equal(world.refused, ROG_OK);
    end(&world);
}

static void a_model_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(say_layout(&world, 0, two_values), ROG_OK);
    assert_int_equal(say_layout(&world, 1, "[{\"name\":\"w\",\"shape\":[2]}]"), ROG_OK);
    assert_int_equal(world.refused, ROG_EINVAL);
    assert_int_equal(world.accepted[1], 0);
    world.refused = ROG_OK;
    assert_int_equal(say_value(&world, 0, 0, INFINITY), ROG_OK);
    assert_int_equal(world.refused, ROG_EINVAL);
    assert_int_equal(world.completed, 0);
    end(&world);
}

static int parse(const char *text)
{
    struct rog_layout *layout = NULL;
    int code = rog_layout_parse(&layout, text, strlen(text), NULL);
    rog_layout_free(layout);
    return code;
}

/* A constant of 2^57 elements can be counted; with 32 of them the bytes would overflow to 0. */
static void a_model_size_must_not_overflow(void **state)
{
    (void)state;
    char *text = malloc(4096);
    assert_non_null(text);
    for (int constants = 0; constants <= 32; constants++) {
        size_t used = (size_t)sprintf(text, "[{\"name\":\"w\",\"shape\":[4]}");
        for (int i = 0; i < constants; i++)
            used += (size_t)sprintf(text + used,
                                    ",{\"name\":\"c%d\",\"shape\":[2147483648,67108864],"
                                    "\"constant\":true}",
                                    i);
        sprintf(text + used, "]");
        assert_int_equal(parse(text), constants <= 1 ? ROG_OK : ROG_EFORMAT);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layout_comes_in_pieces),
        cmocka_unit_test(a_layout_does_not_grow),
        cmocka_unit_test(another_worker_replaces_one_that_left),
        cmocka_unit_test(a_model_that_does_not_fit_is_refused),
        cmocka_unit_test(a_model_size_must_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
