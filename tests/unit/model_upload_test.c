/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker tells of its model, piece by piece: pieces that do not fit break the connection,
 * and models that cannot be are refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/net/bytes.h>
#include <librog/net/serve_state.h>

/* A server that waits for a layout. */
struct world {
    struct rog_serve serve;
    struct rog_serve_peer peer;
};

static void begin(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->serve.upload.wanted = true;
    world->peer.serve = &world->serve;
}

/* `bytes` spaces at `at` of a text of `all`: no layout even when it is whole. */
static int tell(struct world *world, uint64_t all, uint64_t at, size_t bytes)
{
    uint8_t body[ROG_KIND_PIECE_BYTES + 4096];
    assert_true(bytes <= 4096);
    memset(body, ' ', sizeof body);
    rog_put_u64(body, all);
    rog_put_u64(body + 8, at);
    return rog_model_upload_layout(&world->peer, body, ROG_KIND_PIECE_BYTES + bytes, NULL);
}

static void a_layout_comes_in_pieces(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(tell(&world, 100, 0, 60), ROG_OK);
    assert_int_equal(tell(&world, 100, 60, 40), ROG_EFORMAT); /* whole, and no JSON */
    assert_null(world.peer.layout);
}

static void a_layout_does_not_grow(void **state)
{
    (void)state;
    const uint64_t others[] = {99, 101, 4096, 61, 59, 10, 0, ROG_LAYOUT_TEXT_BYTES, UINT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct world world;
        begin(&world);
        assert_int_equal(tell(&world, 100, 0, 60), ROG_OK);
        assert_int_equal(tell(&world, others[i], 60, 1), ROG_EFORMAT);
        assert_int_equal(tell(&world, others[i], 60, 4096), ROG_EFORMAT);
        assert_int_equal(tell(&world, 100, 60, 41), ROG_EFORMAT);
        assert_int_equal(tell(&world, 100, 59, 1), ROG_EFORMAT);
        assert_int_equal(tell(&world, 100, 60, 1), ROG_OK);
        free(world.peer.layout);
    }
}

static int parse(const char *text)
{
    struct rog_layout *layout = NULL;
    int code = rog_layout_parse(&layout, text, strlen(text), NULL);
    rog_layout_free(layout);
    return code;
}

/* A constant of 2^57 elements is one that can be counted; of 32 the bytes would come round to 0. */
static void a_model_is_not_larger_than_can_be_counted(void **state)
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
        cmocka_unit_test(a_model_is_not_larger_than_can_be_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
