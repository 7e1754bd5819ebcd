/* SPDX-License-Identifier: Apache-2.0 */
/* A processor shared by its jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <trainer/sim/processor.h>

static void add(struct rog_processor *processor, double now_s, uint32_t owner, double work_s)
{
    struct rog_error err = {0};
    assert_int_equal(rog_processor_add(processor, now_s, owner, work_s, &err), 0);
}

/* Checks the end and the owner of the next job. */
static void expect(struct rog_processor *processor, double end_s, uint32_t owner)
{
    double found_s = 0;
    assert_true(rog_processor_next(processor, &found_s));
    assert_true(fabs(found_s - end_s) < 1e-9);
    assert_int_equal(rog_processor_take(processor, found_s), owner);
}

static void a_job_alone_takes_its_own_time(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    double end_s;
    assert_false(rog_processor_next(&processor, &end_s));
    add(&processor, 5, 7, 0.25);
    expect(&processor, 5.25, 7);
    add(&processor, 9, 8, 0);
    expect(&processor, 9, 8);
    assert_false(rog_processor_next(&processor, &end_s));
    rog_processor_release(&processor);
}

static void four_at_once_take_four_times_as_long(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    for (uint32_t i = 0; i < 4; i++)
        add(&processor, 1, i, 0.1);
    for (uint32_t i = 0; i < 4; i++)
        expect(&processor, 1.4, i);
    rog_processor_release(&processor);
}

/* 1 s of work; after half of it, another 0.2 s are added: 0.5 + 2 * 0.2 + 0.3. */
static void a_short_job_is_added_later(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    add(&processor, 0, 1, 1);
    uint32_t change = processor.change;
    add(&processor, 0.5, 2, 0.2);
    assert_int_not_equal(change, processor.change);
    expect(&processor, 0.9, 2);
    expect(&processor, 1.2, 1);
    rog_processor_release(&processor);
}

static void work_is_conserved(void **state)
{
    (void)state;
    struct rog_processor processor = {0};
    double work_s = 0, end_s = 0;
    for (uint32_t i = 0; i < 100; i++) {
        work_s += 0.01 * (1 + i % 7);
        add(&processor, 0, i, 0.01 * (1 + i % 7));
    }
    while (rog_processor_next(&processor, &end_s))
        rog_processor_take(&processor, end_s);
    assert_true(fabs(processor.at_s - work_s) < 1e-9);
    rog_processor_release(&processor);
}

/* The jobs end where readable memory ends: taking one must not read beyond. */
static void no_job_is_read_beyond_the_last(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t room = 3;
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    struct rog_processor processor = {.room = room};
    processor.jobs = (struct rog_processor_job *)(void *)(pages + page) - room;
    for (uint32_t i = 0; i < room; i++)
        add(&processor, 0, i, 1 + i);
    expect(&processor, 3, 0);
    expect(&processor, 5, 1);
    expect(&processor, 6, 2);
    assert_int_equal(munmap(pages, 2 * page), 0);
}

struct bytes {
    uint8_t of[1024];
    size_t size;
};

static int keep(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct bytes *kept = user;
    (void)err;
    assert_true(size <= sizeof kept->of - kept->size);
    memcpy(kept->of + kept->size, bytes, size);
    kept->size += size;
    return 0;
}

#define OWNERS 9

static void save(struct rog_processor *processor, struct bytes *kept)
{
    struct rog_archive archive;
    kept->size = 0;
    rog_archive_save(&archive, keep, kept);
    rog_processor_archive(processor, OWNERS, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
}

static int load(struct rog_processor *processor, const struct bytes *kept)
{
    struct rog_archive archive;
    *processor = (struct rog_processor){0};
    rog_archive_load(&archive, kept->of, kept->size);
    rog_processor_archive(processor, OWNERS, &archive);
    return rog_archive_end(&archive, NULL);
}

/* Jobs of less than a second, none and many: after loading they end as before. */
static void loaded_jobs_continue(void **state)
{
    (void)state;
    static const double work_s[] = {0.5, 0, 40, 0.125};
    struct rog_processor processor = {0}, loaded;
    struct bytes kept;
    save(&processor, &kept);
    assert_int_equal(load(&loaded, &kept), 0);
    assert_int_equal(loaded.count, 0);
    for (uint32_t i = 0; i < 4; i++)
        add(&processor, 2, 2 * i, work_s[i]);
    save(&processor, &kept);
    assert_int_equal(load(&loaded, &kept), 0);
    assert_int_equal(loaded.change, processor.change);
    double end_s;
    while (rog_processor_next(&processor, &end_s))
        expect(&loaded, end_s, rog_processor_take(&processor, end_s));
    assert_int_equal(loaded.count, 0);
    rog_processor_release(&loaded);
    rog_processor_release(&processor);
}

static void impossible_jobs_are_rejected(void **state)
{
    (void)state;
    static const struct rog_processor_job odd[] = {{.owner = 0, .left_s = -DBL_MIN},
                                                   {.owner = 0, .left_s = (double)INFINITY},
                                                   {.owner = 0, .left_s = (double)NAN},
                                                   {.owner = OWNERS, .left_s = 1}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct rog_processor_job jobs[] = {{.owner = OWNERS - 1, .left_s = 1}, odd[i]};
        struct rog_processor processor = {.jobs = jobs, .count = 2, .room = 2}, loaded;
        struct bytes kept;
        save(&processor, &kept);
        assert_int_equal(load(&loaded, &kept), ROG_EFORMAT);
        rog_processor_release(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_alone_takes_its_own_time),
        cmocka_unit_test(four_at_once_take_four_times_as_long),
        cmocka_unit_test(a_short_job_is_added_later),
        cmocka_unit_test(work_is_conserved),
        cmocka_unit_test(no_job_is_read_beyond_the_last),
        cmocka_unit_test(loaded_jobs_continue),
        cmocka_unit_test(impossible_jobs_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
