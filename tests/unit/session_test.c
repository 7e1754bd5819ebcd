/* SPDX-License-Identifier: Apache-2.0 */

/* A session over connections that break at any moment: every message arrives once and in order. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>
#include <librog/net/session.h>

#define MESSAGES 500
#define ON_THE_WAY 16

struct wire {
    struct rog_session *from, *to;
    uint64_t number[ON_THE_WAY];
    uint32_t value[ON_THE_WAY];
    uint32_t count;
    uint32_t put, got;
};

static void write_one(struct wire *wire, double now)
{
    struct rog_packet *packet = rog_session_next(wire->from);
    if (!packet || wire->count == ON_THE_WAY)
        return;
    assert_int_equal(packet->size, sizeof(uint32_t));
    memcpy(&wire->value[wire->count], packet->body, sizeof(uint32_t));
    wire->number[wire->count++] = packet->number;
    rog_session_written(wire->from, now);
}

static void read_one(struct wire *wire)
{
    if (wire->count == 0)
        return;
    assert_int_equal(rog_session_receive(wire->to, wire->number[0], NULL), 0);
    assert_int_equal(wire->value[0], wire->got);
    wire->got++;
    wire->count--;
    memmove(wire->number, wire->number + 1, wire->count * sizeof *wire->number);
    memmove(wire->value, wire->value + 1, wire->count * sizeof *wire->value);
}

static void acknowledge(struct wire *wire)
{
    size_t bytes, before = rog_session_unacked(wire->from);
    double written_s;
    assert_int_equal(rog_session_acknowledge(wire->from, rog_session_received(wire->to), &bytes,
                                             &written_s, NULL),
                     0);
    assert_int_equal(rog_session_unacked(wire->from), before - bytes);
    assert_int_equal(rog_session_unacked(wire->from), wire->count * sizeof(uint32_t));
}

static void break_off(struct wire *wire)
{
    wire->count = 0;
    assert_int_equal(rog_session_resume(wire->from, rog_session_received(wire->to), NULL), 0);
    assert_int_equal(rog_session_unacked(wire->from), 0);
}

static void test_breaks(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rog_rng rng;
        struct wire wire = {0};
        rog_rng_init(&rng, seed);
        assert_int_equal(rog_session_new(&wire.from, NULL), 0);
        assert_int_equal(rog_session_new(&wire.to, NULL), 0);
        for (double now = 0; wire.got < MESSAGES; now++) {
            uint32_t what = rog_rng_below(&rng, 40);
            if (what < 10 && wire.put < MESSAGES) {
                assert_int_equal(rog_session_put(wire.from, 1, (const uint8_t *)&wire.put,
                                                 sizeof wire.put, NULL),
                                 0);
                wire.put++;
            } else if (what < 22) {
                write_one(&wire, now);
            } else if (what < 34) {
                read_one(&wire);
            } else if (what < 39) {
                acknowledge(&wire);
            } else {
                break_off(&wire);
            }
        }
        rog_session_free(wire.from);
        rog_session_free(wire.to);
    }
}

static void test_impossible(void **state)
{
    (void)state;
    struct rog_session *session;
    size_t bytes;
    double written_s;
    assert_int_equal(rog_session_new(&session, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rog_session_put(session, 1, NULL, 10, NULL), 0);
    rog_session_written(session, 1);
    rog_session_written(session, 2);
    assert_int_equal(rog_session_acknowledge(session, 3, &bytes, &written_s, NULL), ROG_EFORMAT);
    assert_int_equal(rog_session_acknowledge(session, 2, &bytes, &written_s, NULL), 0);
    assert_int_equal(bytes, 20);
    assert_true(written_s > 1.5);
    assert_int_equal(rog_session_acknowledge(session, 1, &bytes, &written_s, NULL), ROG_EFORMAT);
    assert_int_equal(rog_session_resume(session, 1, NULL), ROG_EFORMAT);
    assert_int_equal(rog_session_resume(session, 4, NULL), ROG_EFORMAT);
    assert_int_equal(rog_session_resume(session, 2, NULL), 0);
    assert_int_equal(rog_session_next(session)->number, 3);
    assert_null(rog_session_next(session)->body);
    assert_int_equal(rog_session_receive(session, 2, NULL), ROG_EFORMAT);
    assert_int_equal(rog_session_receive(session, 1, NULL), 0);
    assert_int_equal(rog_session_receive(session, 1, NULL), ROG_EFORMAT);
    rog_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaks),
        cmocka_unit_test(test_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
