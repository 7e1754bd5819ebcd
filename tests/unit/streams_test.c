/* SPDX-License-Identifier: Apache-2.0 */

/* Followed streams: everything is stored, in limited parts. */

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
#include <orchestrator/fleet/streams.h>
#include <orchestrator/store/db.h>

#include "folder_support.h"

#define LINES 40
#define LINE_BYTES 1000000

/* A run in its own database. */
struct world {
    char *folder;
    struct rog_db *db;
    struct rog_streams streams;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (temporary_folder(&world->folder, "streams-test"))
        return -1;
    char *path = rog_path_join(world->folder, "x.db");
    int code = rog_db_open(&world->db, path, ROG_DB_WRITE, NULL);
    free(path);
    if (!code)
        code = rog_db_run(world->db, NULL,
                          "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, "
                          "seed, status, config, config_hash)"
                          " VALUES ('r', 'ROG', 4, 'o', 1, 1, 1, 'running', '{}', 'h')",
                          "");
    const struct rog_streams_options options = {.run_id = "r", .folder = world->folder};
    return code ? code : rog_streams_open(&world->streams, world->db, &options, NULL);
}

static int remove_world(void **state)
{
    struct world *world = *state;
    rog_streams_release(&world->streams);
    rog_db_close(world->db);
    int code = rog_dir_remove(world->folder, NULL);
    free(world->folder);
    free(world);
    return code;
}

/* Many events at once. */
static void write_events(const struct world *world)
{
    char *path = rog_path_join(world->folder, "events.jsonl");
    char *padding = malloc(LINE_BYTES + 1);
    assert_non_null(padding);
    memset(padding, 'x', LINE_BYTES);
    padding[LINE_BYTES] = '\0';
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < LINES; i++)
        fprintf(file, "{\"event\":\"warning\",\"t\":%d,\"message\":\"%s\"}\n", i, padding);
    assert_int_equal(fclose(file), 0);
    free(padding);
    free(path);
}

static int64_t count_events(const struct world *world)
{
    struct rog_query *query = NULL;
    assert_int_equal(rog_query_new(&query, world->db, NULL, "SELECT count(*) FROM events", ""), 0);
    assert_int_equal(rog_query_step(query, NULL), 1);
    int64_t count = rog_query_int(query, 0);
    rog_query_free(query);
    return count;
}

static void a_stream_that_is_far_ahead_is_followed_bit_by_bit(void **state)
{
    struct world *world = *state;
    bool behind = true;
    int64_t before = 0;
    int steps = 0;
    write_events(world);
    for (; behind; steps++) {
        assert_int_equal(rog_streams_follow(&world->streams, &behind, NULL), 0);
        int64_t now = count_events(world);
        assert_true(now > before && now - before <= 17);
        before = now;
    }
    assert_int_equal(before, LINES);
    assert_true(steps >= 3);
    assert_int_equal(rog_streams_follow(&world->streams, &behind, NULL), 0);
    assert_false(behind);
    assert_int_equal(count_events(world), LINES);
}

/* For example because of too many open files; here a link to itself. */
static void a_stream_that_cannot_be_opened_is_not_one_that_is_not_there_yet(void **state)
{
    struct world *world = *state;
    struct rog_error err;
    bool behind = true;
    assert_int_equal(rog_streams_follow(&world->streams, &behind, &err), 0);
    char *path = rog_path_join(world->folder, "events.jsonl");
    assert_int_equal(symlink("events.jsonl", path), 0);
    free(path);
    assert_int_equal(rog_streams_follow(&world->streams, &behind, &err), ROG_EIO);
    assert_non_null(strstr(err.message, "events.jsonl: Too many levels of symbolic links"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)
    const struct CMUnitTest tests[] = {
        TEST(a_stream_that_is_far_ahead_is_followed_bit_by_bit),
        TEST(a_stream_that_cannot_be_opened_is_not_one_that_is_not_there_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
