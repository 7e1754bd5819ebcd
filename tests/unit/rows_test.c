/* SPDX-License-Identifier: Apache-2.0 */
/* The row table: the published rule, bad shapes, sets of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/rows.h>
#include <librog/sync/set.h>

static struct rog_rows *make(const uint32_t *dims, const uint32_t *shapes, uint32_t count)
{
    struct rog_rows *rows;
    struct rog_error err;
    if (rog_rows_new(&rows, dims, shapes, count, &err))
        fail_msg("%s", err.message);
    return rows;
}

static void test_rule(void **state)
{
    (void)state;
    static const uint32_t dims[] = {1, 2, 2, 4, 1, 4, 2};
    static const uint32_t shapes[] = {
        5000,            /* one-dimensional: one row, however large */
        27,   37,        /* 999 elements: one row */
        25,   40,        /* 1000 elements: 25 rows */
        128,  1,  3, 3,  /* depthwise, 1152 elements: 128 rows of 9 */
        1,               /* the smallest */
        1,    32, 3, 16, /* first dimension 1: one row of 1536 */
        1000, 1,         /* 1000 rows of one element */
    };
    static const uint32_t expected_rows[] = {1, 1, 25, 128, 1, 1, 1000};
    static const uint32_t expected_size[] = {5000, 999, 40, 9, 1, 1536, 1};
    struct rog_rows *rows = make(dims, shapes, 7);

    uint32_t row = 0;
    uint64_t offset = 0, bytes = 0;
    for (uint32_t i = 0; i < 7; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        assert_int_equal(tensor->rows, expected_rows[i]);
        assert_int_equal(tensor->row_size, expected_size[i]);
        assert_int_equal(tensor->first_row, row);
        assert_int_equal(tensor->offset, offset);
        assert_int_equal(tensor->size, (uint64_t)expected_rows[i] * expected_size[i]);
        for (uint32_t k = 0; k < tensor->rows; k++, row++) {
            assert_int_equal(rows->row_tensor[row], i);
            assert_int_equal(rog_rows_offset(rows, row), offset);
            assert_int_equal(rog_rows_size(rows, row), expected_size[i]);
            offset += expected_size[i];
            bytes += (expected_size[i] + 7) / 8;
        }
    }
    assert_int_equal(rows->row_count, row);
    assert_int_equal(rows->params, offset);
    assert_int_equal(rows->way[ROG_ROWS_PUSH].wire_bytes, bytes + 7 * 4);
    rog_rows_free(rows);
}

static void refuse(const uint32_t *dims, const uint32_t *shapes, uint32_t count, const char *cause)
{
    struct rog_rows *rows = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_rows_new(&rows, dims, shapes, count, &err), ROG_EINVAL);
    assert_null(rows);
    if (!strstr(err.message, cause))
        fail_msg("\"%s\" does not say \"%s\"", err.message, cause);
}

static void test_bad_shapes(void **state)
{
    (void)state;
    refuse(NULL, NULL, 0, "at least one tensor");
    refuse((uint32_t[]){0}, (uint32_t[]){1}, 1, "no dimensions");
    refuse((uint32_t[]){1, 2}, (uint32_t[]){4, 3, 0}, 2, "tensor 1 is empty");
    refuse((uint32_t[]){3}, (uint32_t[]){UINT32_MAX, UINT32_MAX, 3}, 1, "too large");
    refuse((uint32_t[]){2}, (uint32_t[]){UINT32_MAX, 1}, 1, "too large");
    refuse((uint32_t[]){3}, (uint32_t[]){1, UINT32_MAX, 2}, 1, "rows of more than");
    refuse((uint32_t[]){3, 3}, (uint32_t[]){1u << 30, 1u << 31, 1, 1u << 30, 1u << 31, 1}, 2,
           "too large");
}

static void test_set(void **state)
{
    (void)state;
    static const uint32_t members[] = {0, 1, 63, 64, 65, 127, 128, 191, 199};
    const uint32_t count = sizeof members / sizeof *members;
    struct rog_set set;
    assert_int_equal(rog_set_init(&set, 200, NULL), 0);
    assert_int_equal(rog_set_next(&set, 0), 200);
    assert_int_equal(rog_set_next_absent(&set, 0), 0);
    assert_int_equal(rog_set_runs(&set), 0);
    for (uint32_t i = count; i-- > 0;) {
        assert_true(rog_set_add(&set, members[i]));
        assert_false(rog_set_add(&set, members[i]));
    }
    assert_int_equal(set.count, count);
    uint32_t found = 0;
    for (uint32_t at = rog_set_next(&set, 0); at < 200; at = rog_set_next(&set, at + 1))
        assert_int_equal(at, members[found++]);
    assert_int_equal(found, count);
    uint32_t list[200];
    assert_int_equal(rog_set_list(&set, list), count);
    assert_memory_equal(list, members, sizeof members);
    assert_int_equal(rog_set_next_absent(&set, 63), 66);
    assert_int_equal(rog_set_next_absent(&set, 199), 200);
    assert_int_equal(rog_set_runs(&set), 5);
    rog_set_remove(&set, 64);
    rog_set_remove(&set, 64);
    assert_int_equal(set.count, count - 1);
    assert_false(rog_set_has(&set, 64));
    assert_int_equal(rog_set_runs(&set), 6);
    rog_set_fill(&set);
    assert_int_equal(set.count, 200);
    assert_int_equal(rog_set_runs(&set), 1);
    assert_int_equal(rog_set_next_absent(&set, 0), 200);
    rog_set_clear(&set);
    assert_int_equal(rog_set_next(&set, 0), 200);
    rog_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_bad_shapes),
        cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
