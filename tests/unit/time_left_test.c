/* SPDX-License-Identifier: Apache-2.0 */
/* The remaining time of one run and of many that share slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <orchestrator/terminal/time_left.h>

#define MOST 12

struct fixture {
    struct rog_json *config; /* of 100 s, two workers */
    struct rog_fleet_job job[MOST];
};

static int setup(void **state)
{
    static struct fixture f;
    static const char text[] = "{\"seconds\":100,\"workers\":[{},{}]}";
    struct rog_error err;
    f = (struct fixture){0};
    for (int i = 0; i < MOST; i++)
        f.job[i].expected_s = (double)NAN;
    *state = &f;
    if (rog_json_parse(text, strlen(text), "config", &f.config, &err) < 0)
        return -1;
    for (int i = 0; i < MOST; i++)
        f.job[i].config = f.config;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_json_free(f->config);
    return 0;
}

/* The run has done `done` in `wall_s`, all by this process. */
static void set_running(struct rog_fleet_job *job, double done, double wall_s)
{
    job->state = ROG_FLEET_RUNNING;
    job->done = done;
    job->t = 100 * done;
    job->wall_s = wall_s;
}

static void assert_near(double found, double wanted)
{
    if (!(fabs(found - wanted) < 0.01 * wanted + 1e-9))
        fail_msg("%g instead of %g", found, wanted);
}

static void a_run_keeps_its_pace(void **state)
{
    struct fixture *f = *state;
    struct rog_fleet_job *job = &f->job[0];
    set_running(job, 0.25, 30);
    assert_near(rog_job_left_s(job), 90);
    job->from_t = 20; /* only a twentieth of it in these 30 s */
    assert_near(rog_job_left_s(job), 450);
    set_running(job, 0, 30);
    assert_true(isnan(rog_job_left_s(job)));
    job->state = ROG_FLEET_DONE;
    assert_true(rog_job_left_s(job) == 0);
}

/* A run of 100 s takes no longer than the rest of them, however long it took to start. */
static void in_real_time_seconds_are_the_limit(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        f->job[i].real_time = true;
        f->job[i].expected_s = 100;
    }
    f->job[0].state = ROG_FLEET_RUNNING;
    f->job[0].wall_s = 7; /* hosts are being prepared */
    assert_true(isnan(rog_job_left_s(&f->job[0])));
    assert_near(rog_jobs_left_s(f->job, 1, 1), 100);
    f->job[0].wall_s = 70;
    assert_near(rog_jobs_left_s(f->job, 2, 1), 200);
    strcpy(f->job[0].waiting, "waiting for worker 2, held by somebody");
    assert_true(isnan(rog_jobs_left_s(f->job, 1, 1)));
    f->job[0].waiting[0] = '\0';
    f->job[0].queued = true; /* other runs have its hosts */
    assert_true(isnan(rog_jobs_left_s(f->job, 1, 1)));
    f->job[0].queued = false;
    set_running(&f->job[0], 0.02, 72);
    assert_near(rog_job_left_s(&f->job[0]), 98);
    assert_near(rog_jobs_left_s(f->job, 2, 1), 198);
    set_running(&f->job[0], 0.5, 120);
    assert_near(rog_jobs_left_s(f->job, 2, 1), 50 + 170); /* the next one starts as slowly */
    f->job[0].done = 0.8;                                 /* its epochs end it earlier */
    assert_near(rog_job_left_s(&f->job[0]), 12.5);
    set_running(&f->job[0], 0.5, 10); /* resumed: how long it took to start is unknown */
    assert_near(rog_jobs_left_s(f->job, 2, 1), 150);
}

static void many_share_slots(void **state)
{
    struct fixture *f = *state;
    set_running(&f->job[0], 0.5, 50); /* 100 s each, then */
    set_running(&f->job[1], 0.25, 25);
    assert_near(rog_jobs_left_s(f->job, 2, 2), 75);
    assert_near(rog_jobs_left_s(f->job, 3, 2), 150);  /* 50 + 100 */
    assert_near(rog_jobs_left_s(f->job, 12, 2), 575); /* ten more: five in each slot */
    assert_near(rog_jobs_left_s(f->job, 12, 12), 100);
    f->job[2].state = ROG_FLEET_DONE;
    f->job[3].state = ROG_FLEET_FAILED;
    assert_near(rog_jobs_left_s(f->job, 12, 2), 475); /* eight: four in each */
}

static void recorded_times_are_corrected(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++)
        f->job[i].expected_s = i < 2 ? 100 : 400;
    assert_near(rog_jobs_left_s(f->job, 4, 1), 1000); /* none has started */
    assert_near(rog_jobs_left_s(f->job, 4, 2), 500);
    f->job[0].state = ROG_FLEET_DONE; /* twice as long as expected */
    f->job[0].wall_s = 200;
    assert_near(rog_jobs_left_s(f->job, 4, 1), 1800);
    f->job[0].by_other = true; /* of unknown progress */
    assert_near(rog_jobs_left_s(f->job, 4, 1), 900);
}

static void unknown_times_stay_unknown(void **state)
{
    struct fixture *f = *state;
    assert_true(isnan(rog_jobs_left_s(f->job, 3, 2)));
    f->job[0].state = ROG_FLEET_RUNNING;
    f->job[0].wall_s = 3;
    assert_true(isnan(rog_jobs_left_s(f->job, 3, 2)));
    assert_true(rog_jobs_left_s(f->job, 0, 2) == 0);
    f->job[0].state = ROG_FLEET_TESTING;
    assert_true(rog_jobs_left_s(f->job, 1, 2) == 0);
}

static void times_are_read_easily(void **state)
{
    static const struct {
        double s;
        const char *text;
    } cases[] = {{0, "0:00"},       {9.6, "0:09"},     {547, "9:07"},        {3599.4, "59:59"},
                 {3600, "1:00:00"}, {4147, "1:09:07"}, {100000, "27:46:40"}, {1e300, "?"}};
    char text[ROG_TIME_LEFT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(rog_time_left_text(cases[i].s, text), cases[i].text);
    assert_string_equal(rog_time_left_text((double)NAN, text), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_keeps_its_pace, setup, teardown),
        cmocka_unit_test_setup_teardown(in_real_time_seconds_are_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(many_share_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(recorded_times_are_corrected, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_times_stay_unknown, setup, teardown),
        cmocka_unit_test(times_are_read_easily),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
