/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts without a shared folder as agents of a pool: exchanges with them while agents there work,
 * return runs and die, connections break at any place, hosts lose all files, and controllers
 * restart. Each run is returned once, with all of its bytes, and nothing remains on the host.
 *
 * A host is a folder here, and its connection runs the commands on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <common/file.h>
#include <common/rng.h>
#include <orchestrator/pool/hosts/hosts_state.h>
#include <orchestrator/pool/task.h>

#include "folder_support.h"

#define HOSTS 3
#define RUNS 40
#define SLOTS 2

/* ---- a host ---- */

enum breaks { HOLDS, REFUSES, LOSES_INPUT, LOSES_ANSWER };

struct fake {
    struct rog_connection connection; /* must be first */
    char *folder;
    enum breaks breaks; /* effect on the next command */
    int downloads;      /* number that succeed; -1: all */
    const char *lie;    /* the answer to the next command; NULL: the real one */
};

static const struct rog_pool_terms terms = {.sweep = "case", .placed_by = "me", .lease_s = 60};

static void fake_free(struct rog_connection *connection)
{
    (void)connection;
}

static bool fake_lost(const struct rog_connection *connection)
{
    (void)connection;
    return false;
}

static void write_input(const struct fake *fake, const char *path,
                        const struct rog_command_input *input)
{
    FILE *file = fopen(path, "w");
    const void *data = NULL;
    size_t size = 0;
    assert_non_null(file);
    while (input && input->give(input->user, &data, &size, NULL) == 0 && size > 0)
        fwrite(data, 1, fake->breaks == LOSES_INPUT ? size / 2 : size, file);
    fclose(file);
}

static int fake_run(struct rog_connection *connection, const char *const *argv,
                    const struct rog_command_input *input, double limit_s,
                    struct rog_command_result *result, struct rog_error *err)
{
    struct fake *fake = (struct fake *)connection;
    char *in = rog_format("%s.in", fake->folder), *out = rog_format("%s.out", fake->folder);
    char *errors = rog_format("%s.err", fake->folder);
    int status = 0;
    (void)limit_s;
    *result = (struct rog_command_result){0};
    if (fake->breaks != REFUSES) {
        write_input(fake, in, input);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(open(in, O_RDONLY), 0);
            dup2(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
            dup2(open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
            union {
                const char *const *given;
                char *const *taken;
            } words = {argv};
            execvp(words.taken[0], words.taken);
            _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        assert_int_equal(rog_file_read(out, 16 << 20, &result->output, &result->output_bytes, err),
                         0);
        assert_int_equal(
            rog_file_read(errors, 1 << 20, &result->errors, &result->errors_bytes, err), 0);
    }
    if (fake->lie) {
        free(result->output);
        result->output = rog_strdup(fake->lie);
        result->output_bytes = strlen(fake->lie);
        fake->lie = NULL;
    }
    bool broken = fake->breaks != HOLDS;
    if (broken)
        rog_command_result_release(result);
    else if (result->status != 0)
        fail_msg("%s", result->errors);
    fake->breaks = HOLDS;
    free(errors);
    free(out);
    free(in);
    return broken ? rog_fail(err, ROG_EFAILED, "the connection was lost") : 0;
}

static int fake_download(struct rog_connection *connection, const char *remote, uint64_t offset,
                         rog_take_data take, void *user, uint64_t *end, struct rog_error *err)
{
    struct fake *fake = (struct fake *)connection;
    char *text = NULL;
    size_t size = 0;
    (void)end;
    int code = rog_file_read(remote, 16 << 20, &text, &size, err);
    bool breaks = fake->downloads == 0;
    fake->downloads -= fake->downloads > 0;
    size_t until = breaks ? (size + (size_t)offset) / 2 : size;
    for (size_t at = (size_t)offset; code == 0 && at < until; at += 10000)
        code = take(text + at, until - at < 10000 ? until - at : 10000, user, err);
    if (code == 0 && breaks)
        code = rog_fail(err, ROG_EFAILED, "the connection was lost");
    free(text);
    return code;
}

static const struct rog_connection_ops operations = {
    .free = fake_free, .lost = fake_lost, .run = fake_run, .download = fake_download};

/* ---- this side ---- */

struct world {
    char *folder;
    struct rog_rng rng;
    struct rog_pool *here; /* the controller's pool */
    struct rog_pool_hosts *hosts;
    struct fake fake[HOSTS];
    struct rog_pool *there[HOSTS]; /* the agents' pools */
    struct rog_bundle *bundle;
    int collected[RUNS];
    size_t count;
};

static size_t draw(struct world *w, size_t bound)
{
    return rog_rng_below(&w->rng, (uint32_t)bound);
}

static void make_there(struct world *w, size_t index)
{
    struct rog_error err = {0};
    rog_pool_close(w->there[index]);
    if (rog_pool_make(&w->there[index], w->fake[index].folder, &terms, &err))
        fail_msg("%s", err.message);
}

/* Starts a controller, without knowledge from before. */
static void begin(struct world *w)
{
    struct rog_error err = {0};
    struct rog_pool_hosts *hosts = calloc(1, sizeof *hosts);
    hosts->host = calloc(HOSTS, sizeof *hosts->host);
    hosts->count = HOSTS;
    pthread_mutex_init(&hosts->mutex, NULL);
    hosts->messages_end = &hosts->messages;
    assert_int_equal(rog_pool_open(&hosts->pool, rog_pool_path(w->here), &err), 0);
    for (size_t i = 0; i < HOSTS; i++) {
        struct rog_pool_host *host = &hosts->host[i];
        host->hosts = hosts;
        host->name = host->key;
        snprintf(host->key, sizeof host->key, "host%zu", i);
        host->connection = &w->fake[i].connection;
        host->bundle = w->bundle;
        host->tree = rog_strdup("/nowhere");
        host->folder = rog_strdup(w->fake[i].folder);
        host->drops = rog_json_array();
        host->alive = rog_json_object();
        host->slots = SLOTS;
        host->ahead = 2 * SLOTS;
        host->up = true;
        assert_int_equal(rog_pool_held_load(host, &err), 0);
    }
    w->hosts = hosts;
}

static void end(struct world *w)
{
    struct rog_pool_hosts *hosts = w->hosts;
    for (size_t i = 0; i < HOSTS; i++) {
        struct rog_pool_host *host = &hosts->host[i];
        while (host->held_count)
            rog_pool_held_forget(host, &host->held[0]);
        free(host->held);
        free(host->tree);
        free(host->folder);
        rog_json_free(host->drops);
        rog_json_free(host->alive);
        rog_pool_host_forget_trees(host);
    }
    rog_pool_list_release(&hosts->ready);
    rog_pool_close(hosts->pool);
    pthread_mutex_destroy(&hosts->mutex);
    free(hosts->host);
    free(hosts);
}

static void place(struct world *w, size_t index)
{
    struct rog_inputs inputs = {0};
    struct rog_json *config = rog_json_object(), *value = NULL;
    struct rog_error err = {0};
    char *id = rog_format("run%zu", index);
    rog_json_put_string(config, "workload", "none");
    rog_json_put_string(config, "note", "a / b \\ \"c\" \xc3\xa4 ");
    rog_json_put(config, "workers", rog_json_array());
    struct rog_fleet_job job = {.run_id = id,
                                .label = "x",
                                .hash = "h",
                                .settings_hash = "s",
                                .config = config,
                                .inputs = &inputs};
    assert_int_equal(rog_pool_task_make(&job, NULL, NULL, &value, &err), 0);
    if (rog_pool_put(w->here, index, id, value, &err))
        fail_msg("%s", err.message);
    rog_json_free(value);
    rog_json_free(config);
    free(id);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct rog_error err = {0};
    const struct rog_bundle_programs programs = {.trainer = "unused"};
    *state = w;
    assert_int_equal(temporary_folder(&w->folder, "rog-hosts"), 0);
    unsigned seed = (unsigned)getpid();
    printf("seed %u\n", seed);
    rog_rng_init(&w->rng, seed);
    char elf[64] = "\177ELF";
    static const char *const names[] = {"trainer", "unpack", "claim"};
    elf[18] = (char)243;
    for (size_t i = 0; i < 3; i++) {
        char *path = rog_format("%s/riscv64/bin/rog-%s", w->folder, names[i]);
        char *dir = rog_path_dir(path);
        assert_int_equal(rog_dir_make(dir, &err), 0);
        assert_int_equal(rog_file_write(path, elf, sizeof elf, &err), 0);
        free(dir);
        free(path);
    }
    char *lib = rog_format("%s/riscv64/lib", w->folder);
    assert_int_equal(rog_dir_make(lib, &err), 0);
    free(lib);
    setenv("ROG_BUNDLE_PATH", w->folder, 1);
    if (rog_bundle_open(&w->bundle, &programs, "riscv64", &err))
        fail_msg("%s", err.message);
    char *here = rog_path_join(w->folder, "here");
    if (rog_pool_make(&w->here, here, &terms, &err))
        fail_msg("%s", err.message);
    free(here);
    for (size_t i = 0; i < HOSTS; i++) {
        w->fake[i] = (struct fake){.connection = {.ops = &operations, .name = "fake"},
                                   .folder = rog_format("%s/there%zu", w->folder, i),
                                   .downloads = -1};
        make_there(w, i);
    }
    begin(w);
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    end(w);
    for (size_t i = 0; i < HOSTS; i++) {
        rog_pool_close(w->there[i]);
        free(w->fake[i].folder);
    }
    rog_pool_close(w->here);
    rog_bundle_free(w->bundle);
    rog_dir_remove(w->folder, NULL);
    free(w->folder);
    free(w);
    return 0;
}

/* ---- agents on hosts ---- */

/* Returns the size of a file of a result: small and large, and around the size of a piece. */
static size_t bytes_of(const char *run, size_t file)
{
    static const size_t sizes[] = {0, 1, 1000, 262144, 262145, 700000};
    return sizes[((size_t)atoi(run + 3) + file) % (sizeof sizes / sizeof *sizes)];
}

static char byte_of(const char *run, size_t file, size_t at)
{
    return (char)((size_t)run[3] * 31 + file * 7 + at * 2654435761u / 65536);
}

static const char *const files[] = {"events.jsonl", "chkpt/0 of 1.bin", "a/b/c"};
#define FILES (sizeof files / sizeof *files)

static void write_result(const char *folder, const char *run)
{
    struct rog_error err = {0};
    for (size_t i = 0; i < FILES; i++) {
        char *path = rog_path_join(folder, files[i]), *dir = rog_path_dir(path);
        size_t size = bytes_of(run, i);
        char *text = malloc(size + 1);
        for (size_t at = 0; at < size; at++)
            text[at] = byte_of(run, i, at);
        assert_int_equal(rog_dir_make(dir, &err), 0);
        assert_int_equal(rog_file_write(path, text, size, &err), 0);
        free(text);
        free(dir);
        free(path);
    }
    char *path = rog_path_join(folder, "result.json");
    assert_int_equal(rog_file_write(path, "{\"hash\":\"h\"}", 12, &err), 0);
    free(path);
}

/* An agent takes a task, or continues one. */
static void work(struct world *w, size_t index)
{
    struct rog_pool *pool = w->there[index];
    struct rog_pool_list ready = {0}, taken = {0};
    struct rog_error err = {0};
    char agent[64];
    snprintf(agent, sizeof agent, "my-host-%zu-%zu", 100 + draw(w, 4), draw(w, 10));
    if (!rog_file_exists(rog_pool_path(pool)))
        return;
    assert_int_equal(rog_pool_list(pool, ROG_POOL_READY, &ready, &err), 0);
    assert_int_equal(rog_pool_list(pool, ROG_POOL_TAKEN, &taken, &err), 0);
    if (ready.count && draw(w, 2))
        rog_pool_take(pool, &ready.task[draw(w, ready.count)], agent, &err);
    struct rog_pool_task *task = taken.count ? &taken.task[draw(w, taken.count)] : NULL;
    size_t does = draw(w, 8);
    if (task && does == 0) {
        rog_pool_hand_back(pool, task, &err);
    } else if (task && does == 1) {
        rog_pool_steal(pool, task, agent, &err);
    } else if (task && does < 6) {
        char *folder = rog_pool_run_folder(pool, rog_pool_task_run(task), task->agent);
        write_result(folder, rog_pool_task_run(task));
        rog_pool_publish(pool, task, &err);
        free(folder);
    }
    rog_pool_list_release(&ready);
    rog_pool_list_release(&taken);
}

/* ---- the controller ---- */

static void check_result(const char *folder, const char *run)
{
    for (size_t i = 0; i < FILES; i++) {
        char *path = rog_path_join(folder, files[i]), *text = NULL;
        struct rog_error err = {0};
        size_t size = 0;
        if (rog_file_read(path, 1 << 20, &text, &size, &err))
            fail_msg("%s", err.message);
        assert_int_equal(size, bytes_of(run, i));
        for (size_t at = 0; at < size; at++)
            if (text[at] != byte_of(run, i, at))
                fail_msg("%s: byte %zu", path, at);
        free(text);
        free(path);
    }
}

static void collect(struct world *w)
{
    struct rog_pool_list done = {0};
    struct rog_error err = {0};
    assert_int_equal(rog_pool_list(w->here, ROG_POOL_DONE, &done, &err), 0);
    for (size_t i = 0; i < done.count; i++) {
        const char *run = rog_pool_task_run(&done.task[i]);
        char *folder = rog_pool_run_folder(w->here, run, done.task[i].agent);
        check_result(folder, run);
        w->collected[atoi(run + 3)]++;
        w->count++;
        assert_int_equal(rog_pool_remove(w->here, ROG_POOL_DONE, &done.task[i], &err), 0);
        assert_int_equal(rog_dir_remove(folder, &err), 0);
        free(folder);
    }
    rog_pool_list_release(&done);
}

static void exchange(struct world *w, size_t index)
{
    struct rog_pool_host *host = &w->hosts->host[index];
    struct rog_error err = {0};
    if (!host->folder) {
        make_there(w, index);
        host->folder = rog_strdup(w->fake[index].folder);
    }
    w->hosts->listed_s = 0;
    int code = rog_pool_host_exchange(host, &err);
    host->is_listed &= code == 0;
    if (code && !strstr(err.message, "the connection was lost"))
        fail_msg("%s", err.message);
    assert_int_equal(w->hosts->failure.code, 0);
}

/* A random event. */
static void strike(struct world *w)
{
    size_t index = draw(w, HOSTS);
    struct rog_error err = {0};
    switch (draw(w, 8)) {
    case 0:
    case 1:
    case 2:
        w->fake[index].breaks = (enum breaks)(1 + draw(w, 3));
        break;
    case 3:
        w->fake[index].downloads = (int)draw(w, 2);
        break;
    case 4: /* it boots without its disk, or its files were removed */
        assert_int_equal(rog_dir_remove(w->fake[index].folder, &err), 0);
        break;
    case 5: /* it is away for too long */
        rog_pool_held_return_all(&w->hosts->host[index]);
        break;
    case 6:
        rog_pool_hosts_balance(w->hosts);
        break;
    default: /* another controller */
        end(w);
        begin(w);
    }
}

static size_t files_there(const struct world *w, size_t index, const char *name)
{
    char *path = rog_path_join(w->fake[index].folder, name);
    DIR *dir = opendir(path);
    size_t count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    free(path);
    return count;
}

static void finish(struct world *w)
{
    for (size_t k = 0; k < HOSTS; k++) {
        exchange(w, k);
        assert_int_equal(rog_dir_remove(w->fake[k].folder, NULL), 0);
    }
    for (int i = 0; i < 400 && w->count < RUNS; i++) {
        for (size_t k = 0; k < HOSTS; k++) {
            w->fake[k].downloads = -1;
            exchange(w, k);
            work(w, k);
            work(w, k);
        }
        collect(w);
    }
    for (size_t i = 0; i < RUNS; i++)
        assert_int_equal(w->collected[i], 1);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < HOSTS; k++)
            exchange(w, k);
    for (size_t k = 0; k < HOSTS; k++) {
        assert_int_equal(w->hosts->host[k].held_count, 0);
        assert_int_equal(
            files_there(w, k, "ready") + files_there(w, k, "taken") + files_there(w, k, "done"), 0);
    }
    assert_int_equal(w->count, RUNS);
}

/* ---- tests ---- */

static void every_run_is_returned_once(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < RUNS; i++)
        place(w, i);
    for (int i = 0; i < 120 && w->count < RUNS / 2; i++) {
        size_t index = draw(w, HOSTS);
        if (draw(w, 3) == 0)
            strike(w);
        exchange(w, index);
        for (size_t k = 0; k < HOSTS; k++)
            work(w, k);
        collect(w);
    }
    printf("%zu of %d runs were done meanwhile\n", w->count, RUNS);
    finish(w);
}

/* Not all runs go to the host that connects first, and those that wait at a slow host are moved to
 * an idle one. */
static void runs_are_spread(void **state)
{
    struct world *w = *state;
    struct rog_error err = {0};
    for (size_t i = 0; i < SLOTS * HOSTS; i++)
        place(w, i);
    for (size_t i = 0; i < HOSTS; i++)
        w->hosts->host[i].is_listed = true;
    exchange(w, 0);
    assert_int_equal(w->hosts->host[0].held_count, SLOTS);
    w->hosts->host[1].up = w->hosts->host[2].up = false;
    exchange(w, 0);
    assert_int_equal(w->hosts->host[0].held_count, SLOTS * HOSTS);
    exchange(w, 0); /* one of two agents works */
    struct rog_pool_list ready = {0};
    assert_int_equal(rog_pool_list(w->there[0], ROG_POOL_READY, &ready, &err), 0);
    assert_int_equal(ready.count, SLOTS * HOSTS);
    assert_int_equal(rog_pool_take(w->there[0], &ready.task[0], "a-1-2", &err), 0);
    rog_pool_list_release(&ready);
    exchange(w, 0);
    w->hosts->host[1].up = true;
    rog_pool_hosts_balance(w->hosts);
    exchange(w, 0);
    assert_int_equal(w->hosts->host[0].held_count, SLOTS * (HOSTS - 1));
    exchange(w, 1);
    assert_int_equal(w->hosts->host[1].held_count, SLOTS);
    /* The agent on the host appears here. */
    struct rog_pool_list taken = {0};
    bool found = false;
    assert_int_equal(rog_pool_list(w->here, ROG_POOL_TAKEN, &taken, &err), 0);
    for (size_t i = 0; i < taken.count; i++)
        found |= strcmp(taken.task[i].agent, "host0_1-2") == 0;
    assert_true(found);
    rog_pool_list_release(&taken);
}

/* ---- a host that sends false answers ---- */

/* Host 0 sends this answer, after it was given some tasks, and another host is no longer waited
 * for. */
static int lie(struct world *w, const char *format, ...)
{
    struct rog_pool_host *host = &w->hosts->host[0];
    struct rog_error err = {0};
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->fake[0].lie = text;
    int code = rog_pool_host_exchange(host, &err);
    printf("%s\n", err.message);
    return code;
}

static void give_one(struct world *w)
{
    place(w, 0);
    w->hosts->host[0].is_listed = true;
    exchange(w, 0);
    assert_int_equal(w->hosts->host[0].held_count, 1);
}

static void a_host_cannot_reach_other_files(void **state)
{
    struct world *w = *state;
    struct rog_error err = {0};
    char *victim = rog_path_join(w->folder, "1-victim"), *name = NULL;
    static const char *const ways[] = {"ready/../../1-victim", "taken/../../1-victim@a-1-2",
                                       "done/../../1-victim@a-1-2", "ready/1-../../../1-victim",
                                       "taken/1-/../../../1-victim@../x-1-2"};
    assert_int_equal(rog_file_write(victim, "{}", 2, &err), 0);
    give_one(w);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        lie(w, "%s\n%s\nlisted/\nend/\n", ways[i], "ready/0000000-run0");
        if (!rog_file_exists(victim))
            fail_msg("moved by: %s", ways[i]);
    }
    name = rog_path_join(rog_pool_path(w->here), "taken/0000000-run0@host0_");
    assert_true(rog_file_exists(name));
    free(name);
    free(victim);
}

/* A result that cannot be stored fails its run, not the host, with the reason. */
static void a_result_that_cannot_be_stored_is_a_failure(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *files, *why;
    } lies[] = {
        {"small/1/../x\nbytes/\nx\n", "a file that cannot be stored"},
        {"small/1/a\\b\nbytes/\nx\n", "a file that cannot be stored"},
        {"large/99999999999999/events.jsonl\nbytes/\n\n", "more than 64 GiB"},
        {"large/60000000000/a\nlarge/60000000000/b\nbytes/\n\n", "more than 64 GiB"},
        {"large/18446744073709551615/b\nbytes/\n\n", "more than 64 GiB"},
        {"small/1/x\nbytes/\nx\n", "no valid result.json"},
        {"small/3/result.json\nbytes/\n[1]\n", "no valid result.json"},
        {"small/12/result.json\nbytes/\n{\"hash\":\"g\"}\n", "the result of another run"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct rog_error err = {0};
        struct rog_pool_list done = {0};
        give_one(w);
        assert_int_equal(
            lie(w, "done/0000000-run0@a-1-2\nlisted/\nresult/0000000-run0@a-1-2\n%send/\n",
                lies[i].files),
            0);
        assert_int_equal(rog_pool_list(w->here, ROG_POOL_DONE, &done, &err), 0);
        assert_int_equal(done.count, 1);
        char *folder = rog_pool_run_folder(w->here, "run0", done.task[0].agent), *text = NULL;
        char *path = rog_path_join(folder, "result.json");
        size_t size = 0;
        assert_int_equal(rog_file_read(path, 4096, &text, &size, &err), 0);
        if (!strstr(text, lies[i].why) || !strstr(text, "\"failed\"") || !strstr(text, "\"h\""))
            fail_msg("%s: %s", lies[i].files, text);
        assert_int_equal(rog_pool_remove(w->here, ROG_POOL_DONE, &done.task[0], &err), 0);
        rog_pool_list_release(&done);
        free(text);
        free(path);
        free(folder);
    }
}

/* Nothing is fetched that would fill the disk, and a host that only sends invalid answers counts as
 * silent. */
static void an_invalid_answer_counts_as_silence(void **state)
{
    struct world *w = *state;
    struct rog_pool_host *host = &w->hosts->host[0];
    static const char *const lies[] = {
        "",
        "x\n",
        "listed/\n",
        "listed/\nresult/\n",
        "listed/\nresult/0000000-run0@../x\n",
        "done/0000000-run0@a-1-2\nlisted/\nresult/0000000-run0@a-1-2\nlarge/60000000000/x\n"
        "bytes/\n\nend/\n"};
    give_one(w);
    assert_true(host->heard_s > 0);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        host->heard_s = 0;
        assert_int_not_equal(lie(w, "%s", lies[i]), 0);
        assert_true(host->heard_s == 0);
    }
}

static void it_names_no_crowd(void **state)
{
    struct world *w = *state;
    struct rog_error err = {0};
    size_t size = 0, agents = 0;
    char *text = NULL, *path = rog_path_join(rog_pool_path(w->here), "agents");
    FILE *file = open_memstream(&text, &size);
    give_one(w);
    for (int i = 0; i < 20000; i++)
        fprintf(file, "beat/a-%d-1/{\"beat\":1}\ndone/%07d-other@a-1-2\n", i, i);
    fputs("listed/\nend/\n", file);
    fclose(file);
    w->fake[0].lie = text;
    assert_int_equal(rog_pool_host_exchange(&w->hosts->host[0], &err), 0);
    assert_true(rog_json_size(w->hosts->host[0].drops) <= 2000);
    DIR *dir = opendir(path);
    while (readdir(dir))
        agents++;
    closedir(dir);
    assert_in_range(agents, 3, 200);
    free(text);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_run_is_returned_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_are_spread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_cannot_reach_other_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_result_that_cannot_be_stored_is_a_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_invalid_answer_counts_as_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_names_no_crowd, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
