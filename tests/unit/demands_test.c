/* SPDX-License-Identifier: Apache-2.0 */

/* Rows that the server demands: when they are sent, and their effect on a simultaneous push. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "protocol_scene.h"

/* Each push has the five rows with large values. */
static void begin(struct scene *scene,
                  void (*admit)(void *, const struct rog_strategy_config *,
                                const struct rog_admit_view *, struct rog_admission *))
{
    struct rog_strategy strategy = scene_strategy();
    strategy.admit = admit;
    scene_init(scene, strategy, 5);
    scene->message_s = 1;
    for (uint32_t row = 0; row < scene->rows->row_count; row++)
        scene_fill_row(scene, row, row < 5 ? 10 : 0.25f);
}

/* A worker that waits answers at once; the scale is the mean over the demanded rows; they have its
 * current version; what is then left is held back. */
static void test_demanded_rows(void **state)
{
    (void)state;
    struct scene scene;
    char text[64];
    begin(&scene, scene_admit_one_ahead);

    /* Worker 1 pushes rows 0..4 of iteration 1; worker 0 makes its first two iterations and is
     * stalled for the other rows of both. */
    scene_push(&scene, 1);
    scene_flow_up(&scene, 1);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_notices(&scene, text);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_string_equal(scene_notices(&scene, text), "b0p0s0d0d1");

    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_DEMANDED);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_DEMANDED);
    assert_int_equal(scene.carried.count, scene.rows->row_count - 5);
    assert_string_equal(scene_notices(&scene, text), "");
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_NOTHING);
    assert_int_equal(scene.messages, 0); /* not demanded twice */

    /* Worker 1 is in the middle of its pull, and still answers. */
    assert_int_equal(scene_flow_down(&scene, 1), ROG_WORKER_PULLED);
    const float *model = rog_server_change(scene.server) + rog_rows_offset(scene.rows, 200);
    float before = *model;
    scene_flow_up(&scene, 1);
    assert_int_equal(scene.carried.count, scene.rows->row_count - 5);
    assert_string_equal(scene_notices(&scene, text), "e1a0");
    struct rog_version_view versions;
    rog_server_versions(scene.server, &versions);
    assert_int_equal(versions.oldest[1], 1);
    assert_int_equal(versions.oldest[0], 2);
    /* The tensor of rows 92.. was never pushed: its scale is 0.25, the exact residual. */
    assert_true(*model == before - 0.25f / SCENE_WORKERS);
    const float *held_back = rog_worker_residual(scene.worker[1]);
    for (uint32_t row = 92; row < scene.rows->row_count; row++)
        assert_true(held_back[rog_rows_offset(scene.rows, row)] == 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_release(&scene);
}

/* Rows demanded during a push are sent first, as mandatory rows. */
static void test_demanded_during_a_push(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    size_t size;
    begin(&scene, scene_strategy().admit);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_push(&scene, 0);
    assert_int_equal(
        rog_worker_send(scene.worker[0], scene.now, scene.buffer, scene.bytes, &size, &err),
        0); /* BEGIN */
    scene_note_message(&scene, size);
    assert_int_equal(rog_server_receive(scene.server, 0, scene.buffer, size, scene.now, &err), 0);

    struct rog_set asked;
    uint8_t request[64];
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_REQUEST, .stream = ROG_WIRE_NONE, .values = true, .iteration = 1};
    enum rog_worker_notice notice;
    assert_int_equal(rog_set_init(&asked, scene.rows->row_count, NULL), 0);
    rog_set_add(&asked, 2); /* version 1 already: in flight */
    rog_set_add(&asked, 100);
    rog_set_add(&asked, 211);
    size = rog_wire_put_numbers(request, &header, &asked);
    assert_int_equal(rog_worker_receive(scene.worker[0], request, size, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_DEMANDED);
    assert_int_equal(rog_worker_receive(scene.worker[0], request, size, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_NOTHING);
    scene.now += 10;
    scene_flow_up(&scene, 0);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_PUSH);
    assert_int_equal(scene.last.rows, 7);
    assert_true(rog_set_has(&scene.carried, 100) && rog_set_has(&scene.carried, 211));
    for (uint32_t row = 0; row < 5; row++)
        assert_true(rog_set_has(&scene.carried, row));
    rog_set_release(&asked);
    scene_release(&scene);
}

/* A push that begins during an answer: the answer ends, the rest of it is sent with the push. */
static void test_push_interrupts_an_answer(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err;
    char text[64];
    begin(&scene, scene_admit_one_ahead);
    scene_push(&scene, 1);
    scene_flow_up(&scene, 1);
    assert_int_equal(scene_flow_down(&scene, 1), ROG_WORKER_PULLED);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_push(&scene, 0);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_DEMANDED);
    scene_flow_up(&scene, 0);
    assert_int_equal(scene_flow_down(&scene, 1), ROG_WORKER_DEMANDED);
    scene_notices(&scene, text);

    uint32_t answered;
    for (int i = 0; i < 2; i++) { /* BEGIN and the first rows of the answer */
        size_t size;
        assert_int_equal(
            rog_worker_send(scene.worker[1], scene.now, scene.buffer, scene.bytes, &size, &err), 0);
        scene_note_message(&scene, size);
        assert_int_equal(rog_server_receive(scene.server, 1, scene.buffer, size, scene.now, &err),
                         0);
    }
    answered = scene.carried.count;
    assert_true(answered > 0 && answered < scene.rows->row_count - 5);

    /* Demanding rows again that are being sent has no effect. */
    struct rog_set again;
    uint8_t request[64];
    const struct rog_wire_header header = {
        .kind = ROG_WIRE_REQUEST, .stream = ROG_WIRE_NONE, .values = true, .iteration = 1};
    enum rog_worker_notice notice;
    assert_int_equal(rog_set_init(&again, scene.rows->row_count, NULL), 0);
    rog_set_fill(&again);
    size_t bytes = rog_wire_put_numbers(request, &header, &again);
    assert_int_equal(rog_worker_receive(scene.worker[1], request, bytes, scene.now, &notice, &err),
                     0);
    assert_int_equal(notice, ROG_WORKER_NOTHING);
    rog_set_release(&again);
    scene_push(&scene, 1);
    scene_flow_up(&scene, 1);
    assert_int_equal(scene.last.header.stream, ROG_WIRE_PUSH);
    assert_true(scene.last.rows >= scene.rows->row_count - 5 - answered);
    struct rog_version_view versions;
    rog_server_versions(scene.server, &versions);
    assert_int_equal(versions.oldest[1], 1);
    assert_int_equal(scene_flow_down(&scene, 0), ROG_WORKER_PULLED);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demanded_rows),
        cmocka_unit_test(test_demanded_during_a_push),
        cmocka_unit_test(test_push_interrupts_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
