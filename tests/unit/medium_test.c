/* SPDX-License-Identifier: Apache-2.0 */
/* Laws that every medium of the table obeys, whatever the shares; and how a medium is opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>
#include <trainer/sim/medium.h>

#define STATIONS 4
#define LINKS (2 * STATIONS)
/* Permitted rounding errors of a time, and of a number of bytes. */
#define NEAR_S 1e-6
#define NEAR_BYTES 1.0

/* Stations with traces that contain zeros, each with another offset. */
struct world {
    struct rog_trace *traces[STATIONS];
    struct rog_medium_station stations[STATIONS];
};

static struct rog_trace *parse(const char *text)
{
    struct rog_trace *trace = NULL;
    assert_int_equal(rog_trace_parse(&trace, text, strlen(text), "test", NULL), 0);
    return trace;
}

static void world_init(struct world *world, uint64_t seed)
{
    struct rog_rng rng;
    rog_rng_init(&rng, seed);
    for (uint32_t i = 0; i < STATIONS; i++) {
        struct rog_trace_builder builder = {0};
        double t_s = 0;
        for (int value = 0; value < 40; value++) {
            double mbps = rog_rng_below(&rng, 3) ? rog_rng_below(&rng, 2000) / 100.0 : 0;
            assert_int_equal(rog_trace_builder_add(&builder, t_s, value ? mbps : 1, NULL), 0);
            t_s += 0.1 + rog_rng_below(&rng, 1000) / 1000.0;
        }
        assert_int_equal(rog_trace_builder_end(&builder, 0, &world->traces[i], NULL), 0);
        rog_trace_builder_release(&builder);
        world->stations[i] =
            (struct rog_medium_station){.trace = world->traces[i], .trace_offset_s = 3.7 * i};
    }
}

static void world_release(struct world *world)
{
    for (uint32_t i = 0; i < STATIONS; i++)
        rog_trace_free(world->traces[i]);
}

/* Returns the bytes that the station could have sent alone. */
static double alone(const struct rog_medium_station *station, double begin_s, double end_s)
{
    double offset_s = station->trace_offset_s;
    return rog_trace_bits(station->trace, begin_s + offset_s, end_s + offset_s) / 8;
}

static struct rog_air open_air(const struct rog_medium *medium,
                               const struct rog_medium_station *stations)
{
    struct rog_air air = {0};
    struct rog_error err = {0};
    if (rog_air_init(&air, medium, stations, STATIONS, NULL, &err))
        fail_msg("%s", err.message);
    return air;
}

static struct rog_medium_link link_at(uint32_t index)
{
    return (struct rog_medium_link){index / 2, index % 2 ? ROG_SIM_DOWN : ROG_SIM_UP};
}

static uint32_t index_of(struct rog_medium_link link)
{
    assert_true(link.station < STATIONS);
    return 2 * link.station + (link.direction == ROG_SIM_DOWN);
}

/* ---- random events ---- */

struct transmission {
    bool on_air;
    double begin_s, bytes;
    uint64_t order;
};

struct walk {
    struct world world;
    struct rog_air air;
    struct rog_rng rng;
    struct transmission links[LINKS];
    double now_s;
    struct rog_moment last_end; /* order 0: a transmission has begun since */
    uint64_t order;
    uint32_t on_air, sent, ended, cancelled;
};

static struct rog_moment next_moment(const struct walk *walk)
{
    struct rog_moment next = walk->air.medium->next(walk->air.state);
    assert_int_equal(isinf(next.t_s), walk->on_air == 0);
    assert_true(next.t_s >= walk->now_s);
    return next;
}

static void walk_send(struct walk *walk, uint32_t index)
{
    struct transmission *link = &walk->links[index];
    *link = (struct transmission){
        .on_air = true,
        .begin_s = walk->now_s,
        .bytes = rog_rng_below(&walk->rng, 4) ? 1.0 + rog_rng_below(&walk->rng, 3000000) : 0,
        .order = ++walk->order};
    assert_int_equal(walk->air.medium->send(walk->air.state, link_at(index), walk->now_s,
                                            link->bytes, link->order, NULL),
                     0);
    walk->on_air++;
    walk->sent++;
    walk->last_end.order = 0;
}

static void walk_cancel(struct walk *walk, uint32_t index)
{
    struct transmission *link = &walk->links[index];
    double out = walk->air.medium->cancel(walk->air.state, link_at(index), walk->now_s);
    assert_true(out >= 0 && out <= link->bytes);
    assert_true(out <=
                alone(&walk->world.stations[index / 2], link->begin_s, walk->now_s) + NEAR_BYTES);
    link->on_air = false;
    walk->on_air--;
    walk->cancelled++;
    walk->last_end.order = 0;
}

static void walk_advance(struct walk *walk, struct rog_moment next)
{
    struct rog_medium_link at;
    walk->now_s = next.t_s;
    bool is_end = walk->air.medium->advance(walk->air.state, walk->now_s, &at);
    assert_int_equal(is_end, next.order != 0);
    if (!is_end)
        return;
    struct transmission *link = &walk->links[index_of(at)];
    assert_true(link->on_air && link->order == next.order);
    assert_true(walk->now_s >= link->begin_s);
    assert_true(alone(&walk->world.stations[at.station], link->begin_s, walk->now_s) >=
                link->bytes - NEAR_BYTES);
    if (walk->last_end.order && walk->last_end.t_s >= walk->now_s)
        assert_true(link->order > walk->last_end.order);
    walk->last_end = next;
    link->on_air = false;
    walk->on_air--;
    walk->ended++;
}

static void walk_step(struct walk *walk)
{
    struct rog_moment next = next_moment(walk);
    uint32_t index = rog_rng_below(&walk->rng, LINKS), choice = rog_rng_below(&walk->rng, 8);
    if (choice < 4 && walk->on_air)
        walk_advance(walk, next);
    if (choice == 4) { /* at some time before it */
        double most_s = walk->on_air ? next.t_s - walk->now_s : 2;
        double to_s = walk->now_s + most_s * rog_rng_below(&walk->rng, 1000) / 1000;
        struct rog_medium_link none;
        if (to_s < next.t_s) {
            walk->now_s = to_s;
            assert_false(walk->air.medium->advance(walk->air.state, to_s, &none));
        }
    }
    if (choice > 4 && !walk->links[index].on_air)
        walk_send(walk, index);
    else if (choice == 7)
        walk_cancel(walk, index);
}

static void each_transmission_ends_once(const struct rog_medium *medium)
{
    struct walk walk = {0};
    world_init(&walk.world, 1);
    rog_rng_init(&walk.rng, 2);
    walk.air = open_air(medium, walk.world.stations);
    for (int step = 0; step < 20000; step++)
        walk_step(&walk);
    while (walk.on_air)
        walk_advance(&walk, next_moment(&walk));
    next_moment(&walk);
    assert_true(walk.cancelled > 100 && walk.ended > 1000);
    assert_int_equal(walk.sent, walk.ended + walk.cancelled);
    rog_air_release(&walk.air);
    world_release(&walk.world);
}

/* ---- bytes transmitted before a cancellation ---- */

/* A transmission on every link, one of which is cancelled and sent again. */
struct scene {
    double begin_s[LINKS], bytes[LINKS];
    uint32_t cancelled;     /* LINKS: none */
    double cancel_s, again; /* bytes that follow immediately; 0: none */
};

struct outcome {
    double end_s[LINKS]; /* infinity: cancelled; if there is a second transmission, its end */
    double out;
};

/* Advances to t_s, and records the ends until then. */
static void pass_until(const struct rog_air *air, double t_s, struct outcome *outcome)
{
    struct rog_moment next;
    struct rog_medium_link link;
    while (next = air->medium->next(air->state), next.t_s <= t_s && !isinf(next.t_s))
        if (air->medium->advance(air->state, next.t_s, &link))
            outcome->end_s[index_of(link)] = next.t_s;
}

static struct outcome play(const struct rog_medium *medium, const struct world *world,
                           const struct scene *scene)
{
    struct rog_air air = open_air(medium, world->stations);
    struct outcome outcome = {.out = NAN};
    uint64_t order = 1;
    bool begun[LINKS] = {false}, has_cancelled = scene->cancelled == LINKS;
    for (uint32_t i = 0; i < LINKS; i++)
        outcome.end_s[i] = INFINITY;
    for (;;) {
        uint32_t first = LINKS;
        for (uint32_t i = 0; i < LINKS; i++)
            if (!begun[i] && (first == LINKS || scene->begin_s[i] < scene->begin_s[first]))
                first = i;
        bool cancels =
            !has_cancelled && (first == LINKS || scene->cancel_s < scene->begin_s[first]);
        if (first == LINKS && !cancels)
            break;
        double now_s = cancels ? scene->cancel_s : scene->begin_s[first];
        pass_until(&air, now_s, &outcome);
        if (!cancels) {
            begun[first] = true;
            assert_int_equal(air.medium->send(air.state, link_at(first), now_s, scene->bytes[first],
                                              order++, NULL),
                             0);
            continue;
        }
        has_cancelled = true;
        if (!isinf(outcome.end_s[scene->cancelled]))
            continue;
        outcome.out = air.medium->cancel(air.state, link_at(scene->cancelled), now_s);
        if (scene->again > 0)
            assert_int_equal(air.medium->send(air.state, link_at(scene->cancelled), now_s,
                                              scene->again, order++, NULL),
                             0);
    }
    pass_until(&air, INFINITY, &outcome);
    rog_air_release(&air);
    return outcome;
}

static void near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.12g, expected %.12g", found, expected);
}

static void cancelled_is_what_was_out(const struct rog_medium *medium)
{
    struct world world;
    struct rog_rng rng;
    rog_rng_init(&rng, 3);
    uint32_t looked_at = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        world_init(&world, 10 + seed);
        struct scene scene = {.cancelled = LINKS};
        for (uint32_t i = 0; i < LINKS; i++) {
            scene.begin_s[i] = rog_rng_below(&rng, 3000) / 1000.0;
            scene.bytes[i] = 1e5 + rog_rng_below(&rng, 4000000);
        }
        struct outcome whole = play(medium, &world, &scene);
        for (uint32_t i = 0; i < LINKS; i++)
            assert_true(whole.end_s[i] >= scene.begin_s[i] && !isinf(whole.end_s[i]));

        uint32_t who = scene.cancelled = rog_rng_below(&rng, LINKS);
        double begin_s = scene.begin_s[who], bytes = scene.bytes[who];
        scene.cancel_s =
            begin_s + (whole.end_s[who] - begin_s) * rog_rng_below(&rng, 1000) / 1000.0;
        double out = play(medium, &world, &scene).out;
        assert_true(out >= 0 && out <= bytes);

        /* Sent again at once, no transmission changes. */
        scene.again = bytes - out;
        struct outcome again = play(medium, &world, &scene);
        for (uint32_t i = 0; i < LINKS; i++)
            near(again.end_s[i], whole.end_s[i], NEAR_S * (1 + whole.end_s[i]));
        scene.again = 0;

        /* This much would have been transmitted by then, and not more. */
        double cancel_s = scene.cancel_s;
        scene.cancelled = LINKS;
        if (out > NEAR_BYTES) {
            scene.bytes[who] = out - NEAR_BYTES;
            assert_true(play(medium, &world, &scene).end_s[who] <= cancel_s + NEAR_S);
            looked_at++;
        }
        scene.bytes[who] = out + NEAR_BYTES;
        assert_true(play(medium, &world, &scene).end_s[who] > cancel_s - NEAR_S);
        world_release(&world);
    }
    assert_true(looked_at > 50);
}

/* ---- no rate ---- */

static void a_rate_of_0_delivers_nothing(const struct rog_medium *medium)
{
    struct rog_trace *trace = parse("seconds,mbps\n0,8\n1,0\n11,8\n");
    struct rog_medium_station stations[STATIONS];
    for (uint32_t i = 0; i < STATIONS; i++)
        stations[i] = (struct rog_medium_station){.trace = trace};
    struct rog_air air = open_air(medium, stations);
    struct outcome outcome = {0};
    for (uint32_t i = 0; i < LINKS; i++)
        assert_int_equal(medium->send(air.state, link_at(i), 1, 1000, i + 1, NULL), 0);
    pass_until(&air, 10.999, &outcome);
    for (uint32_t i = 0; i < LINKS; i++)
        assert_true(outcome.end_s[i] == 0);
    for (uint32_t i = 1; i < LINKS; i++)
        near(medium->cancel(air.state, link_at(i), 10.999), 0, 1e-9);
    pass_until(&air, INFINITY, &outcome);
    assert_true(outcome.end_s[0] >= 11.001 - NEAR_S);
    rog_air_release(&air);
    rog_trace_free(trace);
}

/* ---- the table ---- */

static void every_medium_obeys_the_laws(void **state)
{
    (void)state;
    const struct rog_medium *medium;
    size_t count = 0;
    for (; (medium = rog_medium_at(count)); count++) {
        print_message("%s: %s\n", medium->name, medium->summary);
        assert_ptr_equal(rog_medium_find(medium->name), medium);
        each_transmission_ends_once(medium);
        cancelled_is_what_was_out(medium);
        a_rate_of_0_delivers_nothing(medium);
    }
    assert_true(count > 0);
    assert_null(rog_medium_find("ether"));
}

/* Both directions of independent links, exactly. */
static void independent_links(void **state)
{
    (void)state;
    struct rog_trace *trace = parse("seconds,mbps\n0,8\n1,0\n11,8\n");
    struct rog_medium_station stations[STATIONS];
    for (uint32_t i = 0; i < STATIONS; i++)
        stations[i] = (struct rog_medium_station){.trace = trace, .trace_offset_s = i};
    struct rog_air air = open_air(rog_medium_find("independent"), stations);
    struct outcome outcome = {0};
    for (uint32_t i = 0; i < LINKS; i++)
        assert_int_equal(air.medium->send(air.state, link_at(i), 0, 1.5e6, i + 1, NULL), 0);
    pass_until(&air, INFINITY, &outcome);
    const double expected[STATIONS] = {11.5, 11.5, 10.5, 9.5};
    for (uint32_t i = 0; i < LINKS; i++)
        near(outcome.end_s[i], expected[i / 2], 1e-12);
    rog_air_release(&air);
    rog_trace_free(trace);
}

/* ---- parameters ---- */

static int keep_parameters(void **state, const struct rog_medium_setup *setup,
                           struct rog_error *err)
{
    (void)err;
    double *kept = malloc(sizeof *kept);
    assert_non_null(kept);
    *kept = *(const double *)setup->parameters;
    *state = kept;
    return ROG_OK;
}

static void parameters_are_checked_and_filled(void **state)
{
    (void)state;
    static const struct rog_parameter table[] = {
        {.name = "overhead",
         .type = ROG_PARAMETER_NUMBER,
         .fallback = "0.25",
         .max = 1,
         .help = "of each message"},
        {.name = NULL},
    };
    const struct rog_medium medium = {.name = "kept",
                                      .parameters = table,
                                      .parameter_bytes = sizeof(double),
                                      .new = keep_parameters,
                                      .free = free};
    const struct {
        const char *text;
        double expected;
        const char *part; /* of the error */
    } cases[] = {
        {"{}", 0.25, NULL},
        {"{\"overhead\": 0.5}", 0.5, NULL},
        {"{\"overhead\": 2}", 0, "parameters of kept: overhead must be"},
        {"{\"overhed\": 0.5}", 0, "overhed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_json *given = NULL;
        struct rog_air air = {0};
        struct rog_error err = {0};
        assert_int_equal(rog_json_parse(cases[i].text, strlen(cases[i].text), "test", &given, NULL),
                         0);
        int code = rog_air_init(&air, &medium, NULL, 0, given, &err);
        assert_int_equal(code, cases[i].part ? ROG_EINVAL : ROG_OK);
        if (cases[i].part)
            assert_non_null(strstr(err.message, cases[i].part));
        else
            assert_true(*(const double *)air.state == cases[i].expected);
        rog_air_release(&air);
        rog_json_free(given);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_medium_obeys_the_laws),
        cmocka_unit_test(independent_links),
        cmocka_unit_test(parameters_are_checked_and_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
