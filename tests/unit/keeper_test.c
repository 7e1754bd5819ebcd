/* SPDX-License-Identifier: Apache-2.0 */
/* Supervised agents of a machine: started when there are tasks, restarted when they were killed,
 * ended by the lease, the file `over` or a signal, and the pool removed. The agents are shell
 * commands, the keeper a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/pool/keeper.h>
#include <orchestrator/pool/pool.h>

#include "folder_support.h"

#define DEADLINE_S 120.0

struct scene {
    char *folder, *pool, *log;
    pid_t keeper;
};

static char *in_pool(const struct scene *s, const char *name)
{
    return rog_path_join(s->pool, name);
}

static void put(const struct scene *s, const char *name, const char *text)
{
    char *path = in_pool(s, name);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), 0);
    free(path);
}

static bool is_there(const struct scene *s, const char *name)
{
    char *path = in_pool(s, name);
    bool there = rog_file_exists(path);
    free(path);
    return there;
}

/* Returns the number of lines of a kind in the agents' log. */
static int count(const struct scene *s, const char *word)
{
    char *text = NULL;
    size_t size = 0;
    int found = 0;
    if (rog_file_read(s->log, 1 << 20, &text, &size, NULL) != 0)
        return 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        found++;
    free(text);
    return found;
}

static void moment(void)
{
    const struct timespec time = {0, 20000000};
    nanosleep(&time, NULL);
}

static void await(const struct scene *s, const char *word, int wanted)
{
    double until_s = rog_clock_s() + DEADLINE_S;
    while (count(s, word) < wanted) {
        if (rog_clock_s() > until_s)
            fail_msg("%d times %s instead of %d", count(s, word), word, wanted);
        moment();
    }
}

static void set_up_scene(struct scene *s)
{
    struct rog_pool *pool = NULL;
    const struct rog_pool_terms terms = {.lease_s = 60};
    assert_int_equal(temporary_folder(&s->folder, "rog-keeper"), 0);
    s->pool = rog_path_join(s->folder, "pool");
    s->log = rog_path_join(s->folder, "log");
    assert_int_equal(rog_pool_make(&pool, s->pool, &terms, NULL), 0);
    rog_pool_close(pool);
    put(s, ROG_POOL_LEASE_FILE, "1");
}

static void tear_down_scene(struct scene *s)
{
    rog_dir_remove(s->folder, NULL);
    free(s->log);
    free(s->pool);
    free(s->folder);
}

/* $0 is the log. */
static void begin(struct scene *s, const char *script, size_t slots, double lease_s)
{
    fflush(NULL);
    s->keeper = fork();
    assert_true(s->keeper >= 0);
    if (s->keeper > 0)
        return;
    const char *const argv[] = {"sh", "-c", script, s->log, NULL};
    const struct rog_pool_keeper keeper = {argv, s->pool, slots, lease_s};
    struct rog_error err = {0};
    bool left = false;
    int code = rog_pool_keep(&keeper, &left, &err);
    _exit(code ? 1 : left ? 75 : 0);
}

static void expect_end(const struct scene *s, int wanted)
{
    int status = 0;
    assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), wanted);
}

/* ---- tests ---- */

static const char sleeper[] = "trap 'echo asked >>\"$0\"; exit 75' TERM; echo begun:$$: >>\"$0\"; "
                              "while :; do sleep 0.1; done";

static void agents_run_while_there_are_tasks(void **state)
{
    struct scene s;
    (void)state;
    set_up_scene(&s);
    begin(&s, sleeper, 2, 1000);
    for (int i = 0; i < 30; i++)
        moment();
    assert_int_equal(count(&s, "begun"), 0);
    put(&s, "ready/1-x", "{}");
    await(&s, "begun", 2);
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(s.log, 1000, &text, &size, NULL), 0);
    long pid = atol(strchr(text, ':') + 1);
    free(text);
    char *had = rog_format("taken/2-y@my-host-%ld-00ff", pid);
    put(&s, had, "{}");
    put(&s, "taken/3-z@my-host-1-00ff", "{}");
    kill((pid_t)pid, SIGKILL);
    await(&s, "begun", 3);
    assert_false(is_there(&s, had));
    assert_true(is_there(&s, "ready/2-y"));
    assert_true(is_there(&s, "taken/3-z@my-host-1-00ff"));
    free(had);
    assert_true(is_there(&s, ROG_POOL_KEEPER_FILE));
    put(&s, ROG_POOL_OVER_FILE, "");
    expect_end(&s, 75);
    assert_int_equal(count(&s, "asked"), 2);
    assert_false(rog_file_exists(s.pool));
    tear_down_scene(&s);
}

static void a_lease_that_is_not_renewed_ends(void **state)
{
    struct scene s;
    char text[32];
    (void)state;
    set_up_scene(&s);
    put(&s, "ready/1-x", "{}");
    begin(&s, sleeper, 1, 6);
    await(&s, "begun", 1);
    double until_s = rog_clock_s() + 7;
    for (int i = 2; rog_clock_s() < until_s; i++) {
        snprintf(text, sizeof text, "%d", i);
        put(&s, ROG_POOL_LEASE_FILE, text);
        moment();
    }
    assert_int_equal(waitpid(s.keeper, NULL, WNOHANG), 0);
    expect_end(&s, 75);
    assert_int_equal(count(&s, "asked"), 1);
    assert_false(rog_file_exists(s.pool));
    tear_down_scene(&s);
}

static void failed_agents_are_reported(void **state)
{
    struct scene s;
    (void)state;
    set_up_scene(&s);
    put(&s, "ready/1-x", "{}");
    begin(&s, "echo begun >>\"$0\"; exit 1", 1, 1000);
    await(&s, "begun", 3);
    double until_s = rog_clock_s() + DEADLINE_S;
    while (!is_there(&s, ROG_POOL_TROUBLE_FILE) && rog_clock_s() < until_s)
        moment();
    assert_true(is_there(&s, ROG_POOL_TROUBLE_FILE));
    kill(s.keeper, SIGTERM);
    expect_end(&s, 0);
    assert_true(rog_file_exists(s.pool)); /* the next keeper continues */
    tear_down_scene(&s);
}

static void without_a_lease_each_is_started_once(void **state)
{
    struct scene s;
    (void)state;
    set_up_scene(&s);
    begin(&s, "echo begun >>\"$0\"; exit 75", 3, 0);
    expect_end(&s, 75);
    assert_int_equal(count(&s, "begun"), 3);
    assert_true(rog_file_exists(s.pool));
    assert_false(is_there(&s, ROG_POOL_KEEPER_FILE));
    begin(&s, "exit 3", 1, 0);
    expect_end(&s, 1);
    begin(&s, sleeper, 2, 0);
    await(&s, "begun:", 2);
    kill(s.keeper, SIGINT);
    expect_end(&s, 75);
    assert_int_equal(count(&s, "asked"), 2);
    tear_down_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_run_while_there_are_tasks),
        cmocka_unit_test(a_lease_that_is_not_renewed_ends),
        cmocka_unit_test(failed_agents_are_reported),
        cmocka_unit_test(without_a_lease_each_is_started_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
