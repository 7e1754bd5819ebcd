/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of a pool: each has one owner, whoever dies, returns, or loses an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/pool/beats.h>
#include <orchestrator/pool/pool.h>
#include "folder_support.h"

static const struct rog_pool_terms terms = {
    .sweep = "case0", .placed_by = "me@here", .lease_s = 10, .results = 7};

/* Error that the next renames report although they succeeded, as NFS may; 0: none. */
static int lost_answer;

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "rename");
    int code = real(from, to);
    if (code == 0 && lost_answer) {
        errno = lost_answer;
        code = -1;
    }
    return code;
}

static int setup(void **state)
{
    return folder_open(state, "rog-pool", "case0");
}

static struct rog_pool *make(const struct folder_fixture *f)
{
    struct rog_pool *pool = NULL;
    struct rog_error err;
    assert_int_equal(rog_pool_make(&pool, f->path, &terms, &err), 0);
    return pool;
}

static void put(struct rog_pool *pool, size_t seq, const char *run)
{
    struct rog_json *task = rog_json_object();
    rog_json_put_string(task, "run_id", run);
    assert_int_equal(rog_pool_put(pool, seq, run, task, NULL), 0);
    rog_json_free(task);
}

static size_t count(const struct rog_pool *pool, enum rog_pool_place place)
{
    struct rog_pool_list list = {0};
    assert_int_equal(rog_pool_list(pool, place, &list, NULL), 0);
    size_t number = list.count;
    rog_pool_list_release(&list);
    return number;
}

static struct rog_pool_task first(const struct rog_pool *pool, enum rog_pool_place place)
{
    struct rog_pool_list list = {0};
    assert_int_equal(rog_pool_list(pool, place, &list, NULL), 0);
    assert_true(list.count > 0);
    struct rog_pool_task task = list.task[0];
    list.task[0] = (struct rog_pool_task){0};
    rog_pool_list_release(&list);
    return task;
}

static void a_task_is_taken_and_published(void **state)
{
    struct rog_pool *pool = make(*state);
    struct rog_json *value = NULL;
    put(pool, 1, "b-run");
    put(pool, 0, "11-29-a");
    struct rog_pool_task task = first(pool, ROG_POOL_READY);
    assert_string_equal(rog_pool_task_run(&task), "11-29-a");
    assert_null(task.agent);
    assert_int_equal(rog_pool_take(pool, &task, "me", NULL), 0);
    assert_string_equal(task.agent, "me");
    assert_int_equal(rog_pool_holds(pool, &task, NULL), 1);
    assert_int_equal(rog_pool_read(pool, ROG_POOL_TAKEN, &task, &value, NULL), 0);
    assert_string_equal(rog_json_get_string(value, "run_id", ""), "11-29-a");
    rog_json_free(value);
    assert_int_equal(rog_pool_hand_back(pool, &task, NULL), 0);
    assert_int_equal(rog_pool_holds(pool, &task, NULL), 0);
    assert_int_equal(count(pool, ROG_POOL_READY), 2);
    rog_pool_task_release(&task);
    task = first(pool, ROG_POOL_READY);
    assert_int_equal(rog_pool_take(pool, &task, "me", NULL), 0);
    assert_int_equal(rog_pool_publish(pool, &task, NULL), 0);
    assert_int_equal(count(pool, ROG_POOL_DONE), 1);
    assert_int_equal(count(pool, ROG_POOL_TAKEN), 0);
    assert_int_equal(rog_pool_remove(pool, ROG_POOL_DONE, &task, NULL), 0);
    assert_int_equal(rog_pool_remove(pool, ROG_POOL_DONE, &task, NULL), ROG_ENOTFOUND);
    rog_pool_task_release(&task);
    rog_pool_close(pool);
}

static void a_late_owner_has_lost_its_task(void **state)
{
    struct rog_pool *pool = make(*state);
    put(pool, 0, "run");
    struct rog_pool_task mine = first(pool, ROG_POOL_READY), other = first(pool, ROG_POOL_READY);
    assert_int_equal(rog_pool_take(pool, &mine, "me", NULL), 0);
    assert_int_equal(rog_pool_take(pool, &other, "other", NULL), ROG_ENOTFOUND);
    assert_null(other.agent);
    rog_pool_task_release(&other);
    other = first(pool, ROG_POOL_TAKEN);
    assert_int_equal(rog_pool_steal(pool, &other, "other", NULL), 0);
    assert_string_equal(other.agent, "other");
    /* The former owner returns. */
    assert_int_equal(rog_pool_holds(pool, &mine, NULL), 0);
    assert_int_equal(rog_pool_publish(pool, &mine, NULL), ROG_ENOTFOUND);
    assert_int_equal(rog_pool_hand_back(pool, &mine, NULL), ROG_ENOTFOUND);
    assert_int_equal(rog_pool_publish(pool, &other, NULL), 0);
    rog_pool_task_release(&mine);
    rog_pool_task_release(&other);
    rog_pool_close(pool);
}

/* The client of a network file system repeats the request and is told that there is no such file;
 * or it has timed out. */
static void a_lost_answer_is_checked(void **state)
{
    static const int answers[] = {ENOENT, EIO, ETIMEDOUT, ESTALE};
    struct rog_pool *pool = make(*state);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        put(pool, i, "run");
        lost_answer = answers[i];
        struct rog_pool_task task = first(pool, ROG_POOL_READY);
        assert_int_equal(rog_pool_take(pool, &task, "me", NULL), 0);
        assert_int_equal(rog_pool_steal(pool, &task, "other", NULL), 0);
        assert_int_equal(rog_pool_hand_back(pool, &task, NULL), 0);
        rog_pool_task_release(&task);
        task = first(pool, ROG_POOL_READY);
        assert_int_equal(rog_pool_take(pool, &task, "me", NULL), 0);
        assert_int_equal(rog_pool_publish(pool, &task, NULL), 0);
        lost_answer = 0;
        assert_int_equal(rog_pool_remove(pool, ROG_POOL_DONE, &task, NULL), 0);
        rog_pool_task_release(&task);
    }
    lost_answer = ENOENT;
    assert_int_equal(rog_pool_beat(pool, "me", 1, NULL, NULL), 0);
    assert_int_equal(rog_pool_beat(pool, "me", 2, NULL, NULL), 0);
    lost_answer = 0;
    rog_pool_close(pool);
}

static void one_of_many_takes_each(void **state)
{
    enum { AGENTS = 4, TASKS = 200 };
    struct rog_pool *pool = make(*state);
    for (size_t i = 0; i < TASKS; i++) {
        char run[16];
        snprintf(run, sizeof run, "run%zu", i);
        put(pool, i, run);
    }
    for (int k = 0; k < AGENTS; k++) {
        if (fork() != 0)
            continue;
        char name[16];
        struct rog_pool_list list = {0};
        snprintf(name, sizeof name, "agent%d", k);
        int code = rog_pool_list(pool, ROG_POOL_READY, &list, NULL);
        for (size_t i = 0; code == 0 && i < list.count; i++) {
            code = rog_pool_take(pool, &list.task[i], name, NULL);
            if (code == 0)
                code = rog_pool_publish(pool, &list.task[i], NULL);
            code = code == ROG_ENOTFOUND ? 0 : code;
        }
        _exit(code ? 1 : 0);
    }
    for (int k = 0; k < AGENTS; k++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count(pool, ROG_POOL_READY), 0);
    assert_int_equal(count(pool, ROG_POOL_TAKEN), 0);
    assert_int_equal(count(pool, ROG_POOL_DONE), TASKS);
    rog_pool_close(pool);
}

static void an_agent_silent_for_a_lease_is_dead(void **state)
{
    struct rog_pool *pool = make(*state);
    struct rog_pool_watch *watch = NULL;
    const struct rog_json *says = NULL;
    struct rog_json *fact = rog_json_object();
    size_t alive = 0;
    rog_json_put_string(fact, "host", "here");
    assert_int_equal(rog_pool_watch_new(&watch, pool, NULL), 0);
    assert_int_equal(rog_pool_beat(pool, "me", 1, fact, NULL), 0);
    assert_int_equal(rog_pool_watch_look(watch, "me", 100, &says, NULL), 1);
    assert_string_equal(rog_json_get_string(says, "host", ""), "here");
    assert_int_equal(rog_pool_watch_look(watch, "me", 110, NULL, NULL), 1);
    assert_int_equal(rog_pool_watch_look(watch, "me", 110.1, NULL, NULL), 0);
    /* It was only away. */
    assert_int_equal(rog_pool_beat(pool, "me", 2, fact, NULL), 0);
    assert_int_equal(rog_pool_watch_look(watch, "me", 120, NULL, NULL), 1);
    /* An agent that has never sent anything. */
    assert_int_equal(rog_pool_watch_look(watch, "mute", 120, &says, NULL), 1);
    assert_null(says);
    assert_int_equal(rog_pool_watch_look(watch, "mute", 131, NULL, NULL), 0);
    assert_int_equal(rog_pool_watch_count(watch, 125, &alive, NULL), 0);
    assert_int_equal(alive, 1);
    rog_pool_end_beats(pool, "me");
    assert_int_equal(rog_pool_watch_count(watch, 125, &alive, NULL), 0);
    assert_int_equal(alive, 0);
    rog_json_free(fact);
    rog_pool_watch_free(watch);
    rog_pool_close(pool);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char *path = rog_path_join(folder, name);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), 0);
    free(path);
}

static void other_files_are_ignored(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_pool *pool = make(f);
    struct rog_json *value = NULL;
    write_file(f->path, "ready/.task", "{}");
    write_file(f->path, "ready/run", "{}");
    write_file(f->path, "ready/0-run@me", "{}");
    write_file(f->path, "ready/0-.run", "{}");
    write_file(f->path, "taken/0-run", "{}");
    write_file(f->path, "taken/0-run@", "{}");
    write_file(f->path, "taken/0-run@../me", "{}");
    write_file(f->path, "taken/0-run@.me", "{}");
    write_file(f->path, "taken/0-run@a b", "{}");
    assert_int_equal(count(pool, ROG_POOL_READY), 0);
    assert_int_equal(count(pool, ROG_POOL_TAKEN), 0);
    assert_int_equal(rog_pool_put(pool, 0, "../run", NULL, NULL), ROG_EINVAL);
    assert_int_equal(rog_pool_put(pool, 0, "a@b", NULL, NULL), ROG_EINVAL);
    assert_int_equal(rog_pool_put(pool, 0, "", NULL, NULL), ROG_EINVAL);
    write_file(f->path, "ready/0-run", "[1]");
    struct rog_pool_task task = first(pool, ROG_POOL_READY);
    assert_int_equal(rog_pool_read(pool, ROG_POOL_READY, &task, &value, NULL), ROG_EFORMAT);
    write_file(f->path, "ready/0-run", "{");
    assert_int_equal(rog_pool_read(pool, ROG_POOL_READY, &task, &value, NULL), ROG_EFORMAT);
    char *pipe = rog_path_join(f->path, "ready/1-pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    rog_pool_task_release(&task);
    assert_int_equal(unlink(pipe), 0);
    free(pipe);
    rog_pool_close(pool);
}

static void others_must_not_write_there(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_pool *pool = make(f);
    struct rog_error err;
    rog_pool_close(pool);
    assert_int_equal(chmod(f->path, 0777), 0);
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "other users can write"));
    assert_int_equal(rog_pool_make(&pool, f->path, &terms, &err), ROG_EINVAL);
    assert_int_equal(chmod(f->path, 0700), 0);
    char *ready = rog_path_join(f->path, "ready");
    assert_int_equal(chmod(ready, 0707), 0);
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EINVAL);
    assert_int_equal(chmod(ready, 0700), 0);
    assert_int_equal(rog_dir_remove(ready, NULL), 0);
    assert_int_equal(symlink("/tmp", ready), 0);
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EFORMAT);
    free(ready);
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EINVAL);
    assert_int_equal(chmod(f->folder, 0700), 0);
}

static void terms_are_read_and_checked(void **state)
{
    struct folder_fixture *f = *state;
    struct rog_pool *pool = make(f);
    struct rog_error err;
    assert_false(rog_pool_is_stopping(pool));
    assert_int_equal(rog_pool_stop_agents(pool, true, NULL), 0);
    assert_true(rog_pool_is_stopping(pool));
    assert_int_equal(rog_pool_stop_agents(pool, false, NULL), 0);
    assert_false(rog_pool_is_stopping(pool));
    rog_pool_close(pool);
    assert_int_equal(rog_pool_open(&pool, f->path, &err), 0);
    assert_string_equal(rog_pool_terms(pool)->sweep, "case0");
    assert_string_equal(rog_pool_terms(pool)->placed_by, "me@here");
    assert_true(rog_pool_terms(pool)->lease_s == 10);
    assert_int_equal(rog_pool_terms(pool)->results, 7);
    rog_pool_close(pool);
    write_file(f->path, "pool.json", "{\"format\": 99}");
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EFORMAT);
    assert_non_null(strstr(err.message, "format 99"));
    write_file(f->path, "pool.json", "{\"format\": 1, \"lease_s\": 0}");
    assert_int_equal(rog_pool_open(&pool, f->path, &err), ROG_EFORMAT);
    assert_int_equal(rog_pool_open(&pool, "/nonexistent", &err), ROG_ENOTFOUND);
    assert_null(pool);
}

static void a_pool_that_was_moved_is_named(void **state)
{
    const struct folder_fixture *f = *state;
    struct rog_pool *pool = make(f);
    struct rog_pool_list list = {0};
    struct rog_error err;
    char elsewhere[4096];
    snprintf(elsewhere, sizeof elsewhere, "%s-elsewhere", f->path);
    put(pool, 1, "run");
    assert_int_equal(rog_pool_list(pool, ROG_POOL_READY, &list, &err), 0);
    assert_int_equal(rog_pool_take(pool, &list.task[0], "me", &err), 0);
    assert_int_equal(rename(f->path, elsewhere), 0);
    /* The owner of a task keeps it, as far as is known. */
    assert_int_equal(rog_pool_holds(pool, &list.task[0], &err), ROG_EIO);
    assert_int_equal(rename(elsewhere, f->path), 0);
    assert_int_equal(rog_pool_holds(pool, &list.task[0], &err), 1);
    assert_int_equal(rename(f->path, elsewhere), 0);
    rog_pool_list_release(&list);
    assert_int_equal(rog_pool_list(pool, ROG_POOL_TAKEN, &list, &err), ROG_EIO);
    assert_non_null(strstr(err.message, "if the pool was moved, move it back"));
    rog_pool_list_release(&list);
    assert_int_equal(rename(elsewhere, f->path), 0);
    rog_pool_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_task_is_taken_and_published, setup, folder_close),
        cmocka_unit_test_setup_teardown(a_late_owner_has_lost_its_task, setup, folder_close),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_checked, setup, folder_close),
        cmocka_unit_test_setup_teardown(one_of_many_takes_each, setup, folder_close),
        cmocka_unit_test_setup_teardown(an_agent_silent_for_a_lease_is_dead, setup, folder_close),
        cmocka_unit_test_setup_teardown(other_files_are_ignored, setup, folder_close),
        cmocka_unit_test_setup_teardown(others_must_not_write_there, setup, folder_close),
        cmocka_unit_test_setup_teardown(terms_are_read_and_checked, setup, folder_close),
        cmocka_unit_test_setup_teardown(a_pool_that_was_moved_is_named, setup, folder_close),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
