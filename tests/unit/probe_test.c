/* SPDX-License-Identifier: Apache-2.0 */
/* Trains of the probe over a simulated link, and its datagrams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <trainer/probe/train.h>
#include <trainer/probe/wire.h>

/* A link with a rate in datagrams per second and a queue before it; datagrams that do not fit are
 * lost. Initially it transmits some at once, like a token bucket. */
struct wire {
    double rate;    /* datagrams per second */
    double delay_s; /* in each direction */
    uint32_t queue, at_once;
    uint32_t lose_each; /* 0: no losses */
};

#define MOST 4096

struct flight {
    uint32_t number;
    double at_s;
};

struct course {
    struct flight there[MOST], back[MOST];
    uint32_t sent, arrived, acked, acks;
    uint64_t came[MOST];
    double free_s; /* time at which the link has transmitted everything given to it */
};

static void give(struct course *course, const struct wire *wire, uint32_t number, double now_s)
{
    double waits_s = fmax(course->free_s - now_s, 0);
    assert_true(course->sent < MOST);
    if (waits_s * wire->rate > wire->queue ||
        (wire->lose_each && number % wire->lose_each == wire->lose_each - 1))
        return;
    bool free_ride = number < wire->at_once;
    course->free_s = free_ride ? now_s : fmax(course->free_s, now_s) + 1 / wire->rate;
    course->there[course->sent++] = (struct flight){number, course->free_s + wire->delay_s};
}

/* Sends a whole train in steps of the clock. Returns the receiver's rate in Mbit/s. */
static double ride(const struct wire *wire, double duration_s, uint32_t window,
                   struct rog_probe_sender *sender)
{
    static struct course course;
    static struct rog_probe_receiver receiver;
    course = (struct course){0};
    rog_probe_sender_begin(sender, 1, duration_s, window, 0);
    rog_probe_receiver_begin(&receiver, 1);
    for (double now_s = 0; now_s < duration_s + 3; now_s += 1e-5) {
        while (rog_probe_sender_may(sender, now_s)) {
            give(&course, wire, sender->next, now_s);
            rog_probe_sender_sent(sender, now_s);
        }
        while (course.arrived < course.sent && course.there[course.arrived].at_s <= now_s) {
            const struct flight *flight = &course.there[course.arrived++];
            if (rog_probe_receiver_take(&receiver, flight->number, flight->at_s)) {
                course.came[course.acks] = receiver.count;
                course.back[course.acks++] =
                    (struct flight){receiver.last, flight->at_s + wire->delay_s};
            }
        }
        while (course.acked < course.acks && course.back[course.acked].at_s <= now_s) {
            rog_probe_sender_acked(sender, course.back[course.acked].number,
                                   course.came[course.acked], now_s);
            course.acked++;
        }
    }
    return rog_probe_receiver_mbps(&receiver);
}

static void rates_are_told(void **state)
{
    (void)state;
    static const struct {
        double mbps, delay_s;
        uint32_t at_once, lose_each;
        double within;
    } cases[] = {
        {0.3, 0.002, 0, 0, 0.02},  {1, 0.002, 2, 0, 0.02},   {5, 0.002, 4, 0, 0.02},
        {20, 0.001, 8, 0, 0.02},   {20, 0.003, 0, 10, 0.12}, {100, 0.0005, 30, 0, 0.02},
        {100, 0.003, 30, 0, 0.06}, {200, 0.001, 0, 0, 0.05},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_probe_sender sender;
        const struct wire wire = {.rate = cases[i].mbps * 1e6 / (8.0 * ROG_PROBE_DATA_BYTES),
                                  .delay_s = cases[i].delay_s,
                                  .queue = 200,
                                  .at_once = cases[i].at_once,
                                  .lose_each = cases[i].lose_each};
        /* As in a recording: the first train finds the window of the second. */
        double first = ride(&wire, 0.02, 0, &sender);
        uint32_t window = (uint32_t)fmin(1e6 * first * 0.005 / (8.0 * ROG_PROBE_DATA_BYTES),
                                         ROG_PROBE_WINDOW_MOST);
        double found = ride(&wire, 0.02, window, &sender);
        if (!(fabs(found / cases[i].mbps - 1) <= cases[i].within))
            fail_msg("%g Mbit/s for %g", found, cases[i].mbps);
    }
}

/* A link that has become slow must not be filled with seconds of datagrams. */
static void slow_links_get_few(void **state)
{
    (void)state;
    struct rog_probe_sender sender;
    const struct wire wire = {.rate = 50, .delay_s = 0.002, .queue = 1000};
    ride(&wire, 0.02, 0, &sender);
    assert_int_equal(sender.next, ROG_PROBE_TRAIN_LEAST);
    ride(&wire, 0.02, 1000000, &sender);
    assert_true(sender.next <= ROG_PROBE_WINDOW_MOST);
}

static void invalid_values_are_ignored(void **state)
{
    (void)state;
    struct rog_probe_sender sender;
    rog_probe_sender_begin(&sender, 1, 1, 0, 0);
    for (int i = 0; i < 4; i++)
        rog_probe_sender_sent(&sender, 0);
    uint32_t window = sender.window;
    rog_probe_sender_acked(&sender, 4, 5, 0.001);          /* was not sent */
    rog_probe_sender_acked(&sender, 2, 9, 0.001);          /* more than were sent */
    rog_probe_sender_acked(&sender, UINT32_MAX, 1, 0.001); /* neither */
    assert_int_equal(sender.window, window);
    assert_int_equal(sender.come, 0);
    rog_probe_sender_acked(&sender, 3, 4, 0.001);
    assert_int_equal(sender.come, 4);
    rog_probe_sender_acked(&sender, 1, 2, 0.002); /* late */
    assert_int_equal(sender.come, 4);

    static struct rog_probe_receiver receiver;
    rog_probe_receiver_begin(&receiver, 1);
    assert_true(isnan(rog_probe_receiver_mbps(&receiver)));
    for (uint32_t i = 0; i < ROG_PROBE_ARRIVALS + 10; i++)
        rog_probe_receiver_take(&receiver, UINT32_MAX - i, 1); /* all at the same time */
    assert_true(isnan(rog_probe_receiver_mbps(&receiver)));
}

static void datagrams_come_back(void **state)
{
    (void)state;
    uint8_t token[ROG_PROBE_TOKEN_BYTES], datagram[ROG_PROBE_HEADER_BYTES];
    const struct rog_probe_packet sent = {.kind = ROG_PROBE_REPORT,
                                          .rank = 517,
                                          .train = 0xfedcba98,
                                          .number = 0x12345678,
                                          .a = 0x0102030405060708,
                                          .b = 0xffffffff};
    struct rog_probe_packet got;
    memset(token, 7, sizeof token);
    rog_probe_encode(&sent, token, datagram);
    assert_true(rog_probe_decode(datagram, sizeof datagram, token, &got));
    assert_true(got.kind == sent.kind && got.rank == sent.rank && got.train == sent.train &&
                got.number == sent.number && got.a == sent.a && got.b == sent.b);
    for (size_t i = 0; i < sizeof datagram; i++)
        assert_false(rog_probe_decode(datagram, i, token, &got)); /* truncated */
    for (size_t i = 0; i < 20; i++) {
        datagram[i] ^= 1; /* of another recording, or other data */
        assert_false(rog_probe_decode(datagram, sizeof datagram, token, &got));
        datagram[i] ^= 1;
    }
    datagram[20] = ROG_PROBE_KINDS;
    assert_false(rog_probe_decode(datagram, sizeof datagram, token, &got));
    datagram[20] = 0;
    assert_false(rog_probe_decode(datagram, sizeof datagram, token, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_told),
        cmocka_unit_test(slow_links_get_few),
        cmocka_unit_test(invalid_values_are_ignored),
        cmocka_unit_test(datagrams_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
