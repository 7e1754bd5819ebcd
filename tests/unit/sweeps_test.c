/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of sweeps: IDs, identification of processes, what is kept and what is removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/sweeps/presence.h>
#include <orchestrator/sweeps/registry.h>

static int setup(void **state)
{
    char folder[] = "/tmp/rog-sweeps-XXXXXX";
    if (!mkdtemp(folder) || setenv("XDG_STATE_HOME", folder, 1) != 0)
        return -1;
    unsetenv(ROG_SWEEP_VARIABLE);
    *state = rog_strdup(folder);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    int code = rog_dir_remove(*state, NULL);
    free(*state);
    return code;
}

static const char *state_of(const char *id)
{
    static char text[32];
    struct rog_error err;
    struct rog_json *sweeps = NULL;
    assert_int_equal(rog_sweeps_load(&sweeps, &err), 0);
    const struct rog_json *sweep = rog_sweeps_find(sweeps, id);
    snprintf(text, sizeof text, "%s", sweep ? rog_json_get_string(sweep, "state", "") : "none");
    rog_json_free(sweeps);
    return text;
}

static void a_process_is_identified(void **state)
{
    struct rog_json *me = rog_json_object();
    (void)state;
    rog_presence_put(me);
    assert_int_equal(rog_presence_of(me), ROG_PRESENT);
    int64_t start = rog_json_get_integer(me, "start", 0);
    rog_json_put_integer(me, "start", start + 1); /* the number was reused */
    assert_int_equal(rog_presence_of(me), ROG_GONE);
    rog_json_put_integer(me, "start", start);
    rog_json_put_integer(me, "pid", (int64_t)1 << 30);
    assert_int_equal(rog_presence_of(me), ROG_GONE);
    rog_json_put_integer(me, "pid", getpid());
    rog_json_put_string(me, "space", "pid:[1]"); /* a container's */
    assert_int_equal(rog_presence_of(me), ROG_FOREIGN);
    rog_json_put_string(me, "boot", "another"); /* the machine was restarted */
    assert_int_equal(rog_presence_of(me), ROG_GONE);
    rog_json_put_string(me, "host", "another"); /* with the same home */
    assert_int_equal(rog_presence_of(me), ROG_FOREIGN);
    rog_json_free(me);
}

static void an_entry_is_kept_while_it_is_needed(void **state)
{
    struct rog_error err;
    struct rog_sweep *one = NULL, *two = NULL;
    (void)state;
    assert_int_equal(rog_sweep_open(&one, "a/b", "results.db", &err), 0);
    assert_int_equal(rog_sweep_open(&two, "c", "results.db", &err), 0);
    assert_null(strchr(rog_sweep_id(one), '/'));
    char id[64], other[64];
    snprintf(id, sizeof id, "%s", rog_sweep_id(one));
    snprintf(other, sizeof other, "%s", rog_sweep_id(two));
    assert_string_equal(state_of(id), "running");
    rog_sweep_close(one, 0, NULL); /* its result was shown */
    assert_string_equal(state_of(id), "none");
    rog_sweep_close(two, 1, "1 of 4 runs failed");
    assert_string_equal(state_of(other), "ended");
    /* The same command replaces the earlier sweep. */
    assert_int_equal(rog_sweep_open(&one, "d", "results.db", &err), 0);
    assert_string_equal(state_of(other), "none");
    rog_sweep_close(one, 0, NULL);
    rog_sweep_close(NULL, 0, NULL);
}

static void a_detached_sweep_is_kept_when_done(void **state)
{
    struct rog_error err;
    struct rog_sweep *sweep = NULL;
    char *id = NULL;
    (void)state;
    assert_int_equal(rog_sweep_claim("a", &id, &err), 0);
    assert_string_equal(id, "a-1");
    assert_string_equal(state_of(id), "none"); /* its process has not started yet */
    assert_int_equal(setenv(ROG_SWEEP_VARIABLE, id, 1), 0);
    assert_int_equal(rog_sweep_open(&sweep, "b", "results.db", &err), 0);
    assert_string_equal(rog_sweep_id(sweep), id);
    assert_true(rog_sweep_is_detached(sweep));
    assert_null(getenv(ROG_SWEEP_VARIABLE));
    rog_sweep_close(sweep, 0, NULL);
    assert_string_equal(state_of(id), "ended");
    free(id);
}

static void damage_hides_only_one_entry(void **state)
{
    struct rog_error err;
    struct rog_sweep *sweep = NULL;
    char *path = NULL, *id = NULL;
    (void)state;
    assert_int_equal(rog_sweep_open(&sweep, "a", "results.db", &err), 0);
    assert_int_equal(rog_sweep_claim("broken", &id, &err), 0);
    assert_int_equal(rog_sweep_path(id, ROG_SWEEP_FILE, &path, &err), 0);
    assert_int_equal(rog_file_write(path, "{\"pid\":", 7, &err), 0);
    assert_string_equal(state_of(id), "none");
    assert_int_equal(rog_file_write(path, "{}", 2, &err), 0);
    assert_string_equal(state_of(id), "none");
    assert_string_equal(state_of(rog_sweep_id(sweep)), "running");
    rog_sweep_close(sweep, 0, NULL);
    free(path);
    free(id);
}

static void a_missing_home_is_reported(void **state)
{
    struct rog_error err;
    struct rog_sweep *sweep = NULL;
    struct rog_json *sweeps = NULL;
    char *home = rog_strdup(getenv("HOME"));
    (void)state;
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_int_equal(rog_sweeps_load(&sweeps, &err), ROG_EINVAL);
    rog_json_free(sweeps);
    assert_int_equal(rog_sweep_open(&sweep, "a", "results.db", &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "XDG_STATE_HOME"));
    assert_null(sweep);
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_identified),
        cmocka_unit_test_setup_teardown(an_entry_is_kept_while_it_is_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_detached_sweep_is_kept_when_done, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_hides_only_one_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_home_is_reported, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
