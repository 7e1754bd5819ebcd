/* SPDX-License-Identifier: Apache-2.0 */

/* Who waits for whom, for how long, and the weight of late pushes, from direct calls of the
 * strategies, compared with the rules of their papers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "planned.h"

#define WORKERS 4

/* State of the server and its workers. */
struct scene {
    struct planned planned;
    uint32_t latest[WORKERS], iteration[WORKERS], needed[WORKERS];
    uint8_t active[WORKERS], granted[WORKERS];
    struct rog_node_view nodes[WORKERS];
    struct rog_admission admission;
};

static void scene_init(struct scene *scene, const char *library, int32_t threshold,
                       const char *parameters)
{
    memset(scene, 0, sizeof *scene);
    planned_init_with(&scene->planned, library, threshold, 10, parameters);
    scene->planned.config.workers = WORKERS;
    planned_restart(&scene->planned);
    memset(scene->active, 1, sizeof scene->active);
}

static struct rog_version_view versions_of(const struct scene *scene)
{
    return (struct rog_version_view){.latest = scene->latest, .active = scene->active};
}

/* Completes a worker's push; returns whether it is admitted at once. */
static bool pushes(struct scene *scene, uint32_t worker, double now)
{
    struct rog_admit_view view = {.worker = worker,
                                  .iteration = ++scene->latest[worker],
                                  .now = now,
                                  .versions = versions_of(scene),
                                  .nodes = scene->nodes};
    memset(scene->iteration, 0, sizeof scene->iteration);
    memset(scene->needed, 0, sizeof scene->needed);
    scene->admission = (struct rog_admission){
        .needed = scene->needed, .iteration = scene->iteration, .deadline_s = INFINITY};
    scene->planned.strategy->admit(scene->planned.state, &scene->planned.config, &view,
                                   &scene->admission);
    uint32_t fulfilled = 0, active = 0;
    for (uint32_t i = 0; i < WORKERS; i++) {
        /* All send all rows: a version and an iteration are the same. */
        if (scene->needed[i] > scene->iteration[i])
            scene->iteration[i] = scene->needed[i];
        active += scene->active[i];
        fulfilled += scene->active[i] && scene->iteration[i] <= scene->latest[i];
    }
    uint32_t quorum = scene->admission.quorum ? scene->admission.quorum : active;
    return fulfilled >= (quorum < active ? quorum : active);
}

/* ---- DSSP ---- */

/* Three workers push every second, the slowest every `slow_s`; returns how many iterations beyond
 * s_L worker 0 is granted. */
static uint32_t extra(double slow_s, const char *parameters)
{
    struct scene scene;
    scene_init(&scene, "DSSP", 3, parameters);
    assert_true(pushes(&scene, 3, slow_s));
    assert_true(pushes(&scene, 3, 2 * slow_s));
    scene.latest[1] = scene.latest[2] = 3;
    double now = 2 * slow_s + 0.25 - 5;
    for (uint32_t i = 0; i < 5; i++)
        assert_true(pushes(&scene, 0, ++now)); /* up to three ahead */
    uint32_t granted = 0;
    while (granted < 100 && pushes(&scene, 0, ++now))
        granted++;
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_true(granted == 100 || scene.iteration[i] == scene.latest[0] - 3);
    planned_release(&scene.planned);
    return granted;
}

/* Beyond s_L it continues for as many iterations as end closest to a push of the slowest. The first
 * is requested 1.25 s after that worker's last push: the next one is due in slow_s - 1.25. */
static void test_dssp(void **state)
{
    (void)state;
    assert_int_equal(extra(1.3, "{\"range\": 0}"), 0);
    assert_int_equal(extra(1.3, "{\"range\": 1}"), 0);   /* 0.05, against 0.95 */
    assert_int_equal(extra(3.27, "{\"range\": 12}"), 2); /* 0.02 after two seconds */
    assert_int_equal(extra(6.2, "{\"range\": 12}"), 5);
    assert_int_equal(extra(6.2, "{\"range\": 3}"), 3);
    assert_int_equal(extra(1000, "{\"range\": 7}"), 7);
}

/* A worker that is not the fastest waits as in SSP, and so do all while nothing is known. */
static void test_dssp_waits(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "DSSP", 3, "{}");
    assert_true(pushes(&scene, 3, 50));
    assert_true(pushes(&scene, 3, 100));
    scene.latest[0] = 9;
    scene.latest[2] = 6;
    for (uint32_t i = 1; i < 6; i++)
        assert_true(pushes(&scene, 1, 100 + i));
    assert_false(pushes(&scene, 1, 106));
    assert_int_equal(scene.iteration[3], 3);
    /* The slowest left: no worker is behind by more than three. */
    scene.active[3] = 0;
    scene.latest[1] = 6;
    assert_true(pushes(&scene, 1, 107));
    planned_release(&scene.planned);

    scene_init(&scene, "DSSP", 0, "{\"range\": 1}");
    assert_true(pushes(&scene, 0, 1) == false);
    planned_release(&scene.planned);
}

/* ---- QUORUM ---- */

static void test_quorum(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "QUORUM", 0, "{}");
    assert_false(pushes(&scene, 0, 1));
    assert_false(pushes(&scene, 1, 2));
    assert_true(pushes(&scene, 2, 3));
    assert_int_equal(scene.admission.quorum, 3);
    assert_true(isinf(scene.admission.deadline_s));
    scene.active[0] = 0; /* three are left, and all of them are waited for */
    assert_false(pushes(&scene, 1, 4));
    assert_int_equal(scene.admission.quorum, 3);
    planned_release(&scene.planned);

    scene_init(&scene, "QUORUM", 2, "{\"backups\": 1000, \"deadline\": 2.5}");
    assert_true(pushes(&scene, 0, 1));
    assert_true(pushes(&scene, 0, 2));
    assert_true(pushes(&scene, 0, 3));
    assert_int_equal(scene.admission.quorum, 1);
    assert_int_equal(scene.iteration[1], 1);
    assert_true(scene.admission.deadline_s == 5.5);
    /* Asked again, it no longer waits. */
    struct rog_admit_view again = {.iteration = 3, .again = true, .versions = versions_of(&scene)};
    memset(scene.iteration, 0, sizeof scene.iteration);
    scene.planned.strategy->admit(scene.planned.state, &scene.planned.config, &again,
                                  &scene.admission);
    assert_int_equal(scene.iteration[1], 0);
    planned_release(&scene.planned);
}

static double weight_of(const char *library, const char *parameters, uint32_t lag)
{
    struct scene scene;
    scene_init(&scene, library, 0, parameters);
    struct rog_weigh_view view = {.worker = 1, .lag = lag, .versions = versions_of(&scene)};
    double weight =
        scene.planned.strategy->weigh(scene.planned.state, &scene.planned.config, &view);
    planned_release(&scene.planned);
    return weight;
}

/* Three of four workers make a step. */
static void test_quorum_weights(void **state)
{
    (void)state;
    assert_true(weight_of("QUORUM", "{}", 0) == 4.0 / 3);
    assert_true(weight_of("QUORUM", "{}", 2) == 4.0 / 3);
    assert_true(weight_of("QUORUM", "{}", 3) == 0);
    assert_true(weight_of("QUORUM", "{\"weights\": \"equal\"}", 2) == 1);
    assert_true(weight_of("QUORUM", "{\"weights\": \"equal\"}", 3) == 0);
    assert_true(weight_of("QUORUM", "{\"late\": \"counted\"}", 50) == 1);
    assert_true(weight_of("QUORUM", "{\"backups\": 0}", 3) == 1);
    assert_true(weight_of("FEDAVG", "{\"share\": 0.5}", 9) == 1); /* the first round */
}

/* ---- FEDAVG ---- */

/* Grants to waiting workers until none is named; returns the set of them. */
static uint32_t grants(struct scene *scene, uint32_t waiting)
{
    uint32_t list[WORKERS], set = 0;
    for (;;) {
        struct rog_grant grant = {.next = ROG_NOBODY};
        struct rog_grant_view view = {.waiting = list, .granted = scene->granted};
        view.versions = versions_of(scene);
        for (uint32_t i = 0; i < WORKERS; i++) {
            if ((waiting & ~set) >> i & 1)
                list[view.waiting_count++] = i;
            view.granted_count += scene->granted[i];
        }
        if (view.waiting_count > 0)
            scene->planned.strategy->grant(scene->planned.state, &scene->planned.config, &view,
                                           &grant);
        if (grant.next == ROG_NOBODY)
            return set;
        assert_true((waiting & ~set) >> grant.next & 1);
        set |= UINT32_C(1) << grant.next;
        scene->granted[grant.next] = 1;
    }
}

static uint32_t members(uint32_t set)
{
    uint32_t count = 0;
    for (; set; set >>= 1)
        count += set & 1;
    return count;
}

static void test_fedavg(void **state)
{
    (void)state;
    const uint32_t all = (1u << WORKERS) - 1;
    struct scene scene;
    uint32_t took_part[WORKERS] = {0}, first[WORKERS] = {0};
    for (uint64_t seed = 0; seed < 2; seed++) {
        scene_init(&scene, "FEDAVG", 0, "{\"share\": 0.5}");
        scene.planned.config.seed = seed;
        planned_restart(&scene.planned);
        assert_int_equal(grants(&scene, 7), 0); /* one is still computing */
        for (int round = 0; round < 200; round++) {
            uint32_t drawn = grants(&scene, all);
            assert_int_equal(members(drawn), 2);
            if (round < WORKERS)
                first[round] = seed == 0 ? drawn : first[round] ^ drawn;
            for (uint32_t i = 0; i < WORKERS; i++)
                took_part[i] += drawn >> i & 1;
            assert_int_equal(grants(&scene, all & ~drawn), 0);
            memset(scene.granted, 0, sizeof scene.granted); /* they compute */
            assert_int_equal(grants(&scene, all & ~drawn), 0);
            struct rog_weigh_view view = {.versions = versions_of(&scene)};
            assert_true(scene.planned.strategy->weigh(scene.planned.state, &scene.planned.config,
                                                      &view) == 2);
            assert_int_equal(grants(&scene, all & ~(drawn & (0u - drawn))), 0);
        }
        planned_release(&scene.planned);
    }
    assert_true(first[0] | first[1] | first[2] | first[3]); /* seeds differ */
    for (uint32_t i = 0; i < WORKERS; i++) /* 200 expected, standard deviation 10 */
        assert_true(took_part[i] > 150 && took_part[i] < 250);
}

/* Workers that have left are not waited for, and not drawn. */
static void test_fedavg_leaving(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "FEDAVG", 0, "{}");
    scene.active[2] = 0;
    assert_int_equal(grants(&scene, 1), 0);
    assert_int_equal(grants(&scene, 11), 11);
    struct rog_weigh_view view = {.versions = versions_of(&scene)};
    assert_true(scene.planned.strategy->weigh(scene.planned.state, &scene.planned.config, &view) ==
                4.0 / 3);
    planned_release(&scene.planned);
}

/* ---- all strategies ---- */

/* The state of a strategy is saved and loaded. */
static void test_saved(void **state)
{
    (void)state;
    struct scene scene;
    uint8_t bytes[1000];
    scene_init(&scene, "DSSP", 1, "{}");
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(pushes(&scene, i, 10 + i), true);
    assert_true(pushes(&scene, 0, 14));
    const struct rog_strategy *strategy = scene.planned.strategy;
    uint32_t size = strategy->save(scene.planned.state, &scene.planned.config, NULL, 0);
    assert_true(size > 0 && size <= sizeof bytes);
    assert_int_equal(
        strategy->save(scene.planned.state, &scene.planned.config, bytes, sizeof bytes), size);
    struct scene copy = scene;
    copy.planned.state = NULL;
    planned_restart(&copy.planned);
    assert_int_not_equal(strategy->load(copy.planned.state, &copy.planned.config, bytes, size - 1),
                         0);
    assert_int_equal(strategy->load(copy.planned.state, &copy.planned.config, bytes, size), 0);
    for (double now = 15; now < 25; now++)
        assert_int_equal(pushes(&scene, 0, now), pushes(&copy, 0, now));
    strategy->destroy(copy.planned.state);
    planned_release(&scene.planned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dssp),   cmocka_unit_test(test_dssp_waits),
        cmocka_unit_test(test_quorum), cmocka_unit_test(test_quorum_weights),
        cmocka_unit_test(test_fedavg), cmocka_unit_test(test_fedavg_leaving),
        cmocka_unit_test(test_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
