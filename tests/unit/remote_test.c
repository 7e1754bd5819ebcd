/* SPDX-License-Identifier: Apache-2.0 */

/* What hosts get for a run: files, configuration, the supervisor's instructions; needs no
 * connection. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <orchestrator/fleet/remote/files.h>
#include <orchestrator/fleet/remote/place.h>
#include <orchestrator/fleet/remote/spec.h>

struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "remote-test-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    rog_dir_remove(folder->path, NULL);
    free(folder);
    return 0;
}

static void put(const struct folder *folder, const char *name)
{
    char *path = rog_path_join(folder->path, name);
    assert_int_equal(rog_file_write(path, name, strlen(name), NULL), 0);
    free(path);
}

static struct rog_json *parse(const char *text)
{
    struct rog_json *json = NULL;
    struct rog_error err = {0};
    if (rog_json_parse(text, strlen(text), "test", &json, &err))
        fail_msg("%s in %s", err.message, text);
    return json;
}

/* Returns the source of the item with this name; NULL: none. */
static const char *source_of(const struct rog_remote_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->item[i].name, name) == 0)
            return files->item[i].source;
    return NULL;
}

static void files_travel_and_are_pointed_at(void **state)
{
    const struct folder *f = *state;
    static const char *const names[] = {"t-1.csv",       "t-2.csv",    "own.csv",
                                        "d/train.bin",   "d/test.bin", "d/cifar.tar.gz",
                                        "m.safetensors", "p/my.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(f, names[i]);
    char *config_text = rog_format(
        "{\"library\":\"%s/p/my.so\",\"trace\":\"%s/t-{rank}.csv\",\"data\":\"cifar100:%s/d\","
        "\"seed\":7,\"workers\":[{\"rank\":1},{\"rank\":2},{\"rank\":3,\"trace\":\"%s/own.csv\"},"
        "{\"rank\":4,\"trace\":\"synth:indoors\"}]}",
        f->path, f->path, f->path, f->path);
    char *model = rog_path_join(f->path, "m.safetensors");
    struct rog_json *config = parse(config_text);
    struct rog_remote_files *files = NULL;
    struct rog_error err = {0};
    if (rog_remote_files_new(&files, config, NULL, model, &err))
        fail_msg("%s", err.message);

    /* The first two workers use the run's trace; t-3.csv and the archive are not needed. */
    static const char *const wanted[] = {"trace/0/t-1.csv",   "trace/0/t-2.csv",
                                         "trace/3/own.csv",   "data/0/d/train.bin",
                                         "data/0/d/test.bin", "initial_model/0/m.safetensors",
                                         "library/0/my.so"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!source_of(files, wanted[i]))
            fail_msg("%s does not travel", wanted[i]);
    assert_int_equal(files->count, sizeof wanted / sizeof *wanted);
    assert_non_null(strstr(source_of(files, "trace/0/t-2.csv"), "/t-2.csv"));

    char *there = rog_remote_config(files, "/cache/tree");
    struct rog_json *pointed = parse(there);
    assert_string_equal(rog_json_get_string(pointed, "trace", ""),
                        "/cache/tree/trace/0/t-{rank}.csv");
    assert_string_equal(rog_json_get_string(pointed, "data", ""), "cifar100:/cache/tree/data/0/d");
    assert_string_equal(rog_json_get_string(pointed, "library", ""), "/cache/tree/library/0/my.so");
    assert_string_equal(rog_json_get_string(pointed, "initial_model", ""),
                        "/cache/tree/initial_model/0/m.safetensors");
    const struct rog_json *workers = rog_json_get(pointed, "workers");
    assert_null(rog_json_get(rog_json_at(workers, 0), "trace"));
    assert_string_equal(rog_json_get_string(rog_json_at(workers, 2), "trace", ""),
                        "/cache/tree/trace/3/own.csv");
    assert_string_equal(rog_json_get_string(rog_json_at(workers, 3), "trace", ""), "synth:indoors");
    rog_json_free(pointed);
    free(there);
    rog_remote_files_free(files);
    rog_json_free(config);
    free(model);
    free(config_text);
}

/* All files sent are in the list of what a run reads, and are sent by the hash in this list, even
 * if a file has changed since. */
static void files_are_sent_by_the_hashes_of_the_plan(void **state)
{
    const struct folder *f = *state;
    static const char *const names[] = {"t-1.csv",    "t-2.csv",    "own.csv", "d/train.bin",
                                        "d/test.bin", "d/read.txt", "p/my.so"};
    struct rog_error err = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(f, names[i]);
    char *text = rog_format("{\"library\":\"%s/p/my.so\",\"trace\":\"%s/t-{rank}.csv\","
                            "\"data\":\"cifar100:%s/d\",\"workers\":[{\"rank\":1},"
                            "{\"rank\":2},{\"rank\":3,\"trace\":\"%s/own.csv\"}]}",
                            f->path, f->path, f->path, f->path);
    char *changed = rog_path_join(f->path, "own.csv");
    struct rog_json *config = parse(text), *identity = NULL;
    struct rog_contents *contents = NULL;
    struct rog_inputs inputs;
    struct rog_remote_files *files = NULL;
    assert_int_equal(rog_contents_new(&contents, &err), 0);
    if (rog_inputs_find(&inputs, config, config, contents, &identity, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(rog_file_write(changed, "changed", 7, &err), 0);
    if (rog_remote_files_new(&files, config, &inputs, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(files->count, 6);
    assert_int_equal(inputs.count, 6);
    for (size_t i = 0; i < files->count; i++) {
        char *setting =
            rog_format("%.*s", (int)strcspn(files->item[i].name, "/"), files->item[i].name);
        const char *hash = rog_inputs_hash(&inputs, setting, files->item[i].source);
        if (!hash || strcmp(hash, files->item[i].hash) != 0)
            fail_msg("%s travels, and not as it was planned", files->item[i].source);
        free(setting);
    }
    assert_int_equal(rog_inputs_check(&inputs, NULL, "then", contents, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "own.csv has changed since then"));
    assert_int_equal(rog_inputs_check(&inputs, "data", "then", contents, &err), 0);
    rog_remote_files_free(files);
    rog_inputs_release(&inputs);
    rog_contents_free(contents);
    rog_json_free(identity);
    rog_json_free(config);
    free(changed);
    free(text);
}

static struct rog_remote_files *files_of(const char *config_text, const char *start_model)
{
    struct rog_json *config = parse(config_text);
    struct rog_remote_files *files = NULL;
    struct rog_error err = {0};
    if (rog_remote_files_new(&files, config, NULL, start_model, &err))
        fail_msg("%s", err.message);
    rog_json_free(config);
    return files;
}

/* Files with the same name, in a folder for each worker. */
static void each_worker_gets_the_trace_of_its_folder(void **state)
{
    const struct folder *f = *state;
    put(f, "worker1/t.csv");
    put(f, "worker2/t.csv");
    char *text = rog_format("{\"library\":\"ROG\",\"trace\":\"%s/worker{rank}/t.csv\","
                            "\"workload\":\"none\",\"workers\":[{\"rank\":1},{\"rank\":2}]}",
                            f->path);
    struct rog_remote_files *files = files_of(text, NULL);
    assert_int_equal(files->count, 2);
    assert_non_null(strstr(source_of(files, "trace/0-1/t.csv"), "worker1/"));
    assert_non_null(strstr(source_of(files, "trace/0-2/t.csv"), "worker2/"));
    assert_string_equal(rog_json_get_string(files->config, "trace", ""),
                        ROG_REMOTE_TREE "/trace/0-{rank}/t.csv");
    rog_remote_files_free(files);
    free(text);
}

/* Only traces differ between workers: elsewhere the mark is a part of the name. A folder without a
 * name gets one. */
static void data_may_be_in_any_folder(void **state)
{
    const struct folder *f = *state;
    static const char *const folders[][2] = {
        {"d", "d"}, {"d/", "d"}, {"d/.", "data"}, {"d/x/..", "data"}, {"{rank}", "{rank}"}};
    put(f, "d/x/none.txt");
    put(f, "d/train.bin");
    put(f, "{rank}/train.bin");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *text = rog_format("{\"library\":\"ROG\",\"trace\":\"constant:1\",\"data\":"
                                "\"cifar100:%s/%s\",\"workers\":[{\"rank\":1},{\"rank\":2}]}",
                                f->path, folders[i][0]);
        char *wanted = rog_format("data/0/%s/train.bin", folders[i][1]);
        struct rog_remote_files *files = files_of(text, NULL);
        assert_int_equal(files->count, 1);
        assert_string_equal(files->item[0].name, wanted);
        rog_remote_files_free(files);
        free(wanted);
        free(text);
    }
}

static void a_test_needs_no_starting_model(void **state)
{
    (void)state;
    struct rog_remote_files *files =
        files_of("{\"library\":\"ROG\",\"trace\":\"constant:1\",\"data\":\"synth100\","
                 "\"initial_model\":\"/gone/m.safetensors\",\"workers\":[{\"rank\":1}]}",
                 NULL);
    assert_int_equal(files->count, 0);
    assert_null(rog_json_get(files->config, "initial_model"));
    rog_remote_files_free(files);
}

static void what_is_drawn_needs_no_files(void **state)
{
    (void)state;
    struct rog_json *config = parse("{\"library\":\"ROG\",\"trace\":\"synth:outdoors\","
                                    "\"workload\":\"none\",\"data\":\"cifar100:/nowhere\","
                                    "\"workers\":[{\"rank\":1}]}");
    struct rog_remote_files *files = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_remote_files_new(&files, config, NULL, NULL, &err), 0);
    assert_int_equal(files->count, 0);
    char *there = rog_remote_config(files, "/t");
    assert_null(strstr(there, "/t/"));
    free(there);
    rog_remote_files_free(files);
    rog_json_free(config);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct rog_json *config = parse("{\"library\":\"ROG\",\"trace\":\"gone-{rank}.csv\","
                                    "\"workload\":\"none\",\"workers\":[{\"rank\":1}]}");
    struct rog_remote_files *files = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_remote_files_new(&files, config, NULL, NULL, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "gone-1.csv"));
    assert_null(files);
    rog_json_free(config);
}

/* ---- connections ---- */

static int connect_in_vain(struct rog_connection **connection,
                           const struct rog_connect_options *options, struct rog_error *err)
{
    *connection = NULL;
    return rog_fail(err, ROG_EFAILED, "%s is away", options->host);
}

/* The error is that of the interruption, not of the attempt before, even if that has used all of
 * the time. */
static void an_interrupted_connect_reports_it(void **state)
{
    (void)state;
    static const struct rog_cluster_kind kind = {.name = "away", .connect = connect_in_vain};
    struct rog_cluster cluster = {.kind = &kind};
    const struct rog_attempt attempt = {.cluster = &cluster};
    struct rog_remote remote = {.stop = true};
    struct rog_remote_host host = {.remote = &remote, .name = "a", .title = "worker 1 (a)"};
    struct rog_error err = {0};
    rog_remote_init(&remote, &attempt);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rog_remote_connect_within(&host, i ? 0 : 60, false, &err), ROG_EINTR);
        assert_int_equal(err.code, ROG_EINTR);
        assert_string_equal(err.message, "interrupted");
    }
    rog_remote_release(&remote);
}

/* ---- shaping ---- */

static struct rog_remote_right right(const char *answer)
{
    struct rog_remote_right made;
    struct rog_error err = {0};
    if (rog_remote_right_read(&made, answer, &err))
        fail_msg("%s", err.message);
    return made;
}

#define ALL "{\"permitted\":true,\"egress\":true,\"ingress\":true,\"downlink\":true}"
#define NO_IFB "{\"permitted\":true,\"egress\":true,\"ingress\":false,\"downlink\":true}"
#define NO_HTB "{\"permitted\":true,\"egress\":true,\"htb\":false,\"downlink\":false}"
#define NO_RIGHT "{\"interface\":true,\"tools\":true,\"permitted\":false,\"egress\":false}"

static void all_workers_replay_in_the_same_way(void **state)
{
    (void)state;
    static const struct {
        const char *server, *first, *second;
        int how;
        const char *why;
        bool at_server;
        unsigned needless; /* bits: 2 for the first worker, 4 for the second */
    } cases[] = {
        {NULL, ALL, ALL, ROG_REMOTE_BOTH, "", false, 0},
        {ALL, ALL, NO_IFB, ROG_REMOTE_DOWNLINK, "", false, 0},
        {NULL, NO_IFB, ALL, ROG_REMOTE_PACE, "nor the server what it sends: the cluster file gives",
         false, 0},
        {ALL, ALL, NO_RIGHT, ROG_REMOTE_PACE, "worker 2 cannot be shaped: the user is not", false,
         0},
        {ALL, NULL, ALL, ROG_REMOTE_PACE, "worker 1 cannot be shaped: the cluster file gives no",
         false, 0},
        {ALL, ALL, ALL, ROG_REMOTE_DOWNLINK, "", true, 0},
        {NO_HTB, ALL, NO_IFB, ROG_REMOTE_PACE,
         "nor the server what it sends: the kernel has no htb", false, 0},
        {NULL, ALL, ALL, ROG_REMOTE_PACE, "the server cannot shape what it sends", true, 0},
        {NULL, NO_IFB, ALL, ROG_REMOTE_PACE, "the server cannot shape what it sends", true, 0},
        {NULL, NULL, ALL, ROG_REMOTE_BOTH, "", false, 2},
        {NULL, NULL, NO_RIGHT, ROG_REMOTE_PACE, "worker 2 cannot be shaped", false, 2},
        {NULL, NULL, NULL, ROG_REMOTE_BOTH, "", true, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_remote_right rights[] = {right(cases[i].server), right(cases[i].first),
                                            right(cases[i].second)};
        rights[1].needless = cases[i].needless & 2;
        rights[2].needless = cases[i].needless & 4;
        struct rog_remote_shaping shaping;
        rog_remote_shaping_choose(&shaping, rights, 3, cases[i].at_server);
        if ((int)shaping.how != cases[i].how || !strstr(shaping.why, cases[i].why))
            fail_msg("case %zu: %d, \"%s\"", i, (int)shaping.how, shaping.why);
        assert_true((shaping.how == ROG_REMOTE_PACE) == (shaping.why[0] != '\0'));
    }
    struct rog_remote_right none;
    assert_int_equal(rog_remote_right_read(&none, "{\"interface\":false}", NULL), ROG_EINVAL);
}

/* ---- host.json ---- */

/* Joins a list of words. */
static const char *words(const struct rog_json *list, char *text, size_t bytes)
{
    text[0] = '\0';
    for (size_t i = 0; i < rog_json_size(list); i++) {
        size_t used = strlen(text);
        snprintf(text + used, bytes - used, "%s%s", i ? " " : "",
                 rog_json_string(rog_json_at(list, i), "?"));
    }
    return text;
}

static struct rog_json *spec_of(const struct rog_cluster *cluster, int how, size_t rank,
                                const char *settings)
{
    struct rog_json *config = parse(settings);
    const struct rog_remote_shaping shaping = {.how = how};
    struct rog_error err = {0};
    char *text = NULL;
    /* The names as resolved by ssh; an address in the cluster file has priority. */
    static const rog_remote_address known[4] = {"10.0.0.9", "", "10.0.0.12"};
    const struct rog_remote_claim claim = {"00000000000000aa", "alice@desk, sweep a"};
    if (rog_remote_spec(config, cluster, known, &shaping, rank, 3, rank ? &claim : NULL, &text,
                        &err))
        fail_msg("%s", err.message);
    struct rog_json *made = parse(text);
    free(text);
    rog_json_free(config);
    return made;
}

static struct rog_json *spec(const struct rog_cluster *cluster, int how, size_t rank)
{
    return spec_of(
        cluster, how, rank,
        "{\"trace\":\"a.csv\",\"seed\":5,\"trace_start\":\"seed\","
        "\"trace_blocks\":60.0,\"trace_blocks_by\":\"worker\",\"workers\":["
        "{\"rank\":1,\"trace_offset\":30.0,\"trace\":\"synth:outdoors\"},{\"rank\":2}]}");
}

/* A rogctl that resumes a run reads from the server's instructions how bandwidth is replayed. */
static void expect_read_back(const struct rog_json *server, int how)
{
    struct rog_remote_shaping shaping;
    rog_remote_shaping_read(&shaping, server);
    assert_int_equal(shaping.how, how);
}

static void aliases_become_addresses(void **state)
{
    (void)state;
    char text[512];
    struct rog_cluster cluster = {
        .server = parse("{\"host\":\"lab\",\"iface\":\"wlan9\"}"),
        .workers = parse("[{\"host\":\"a\",\"iface\":\"wlan0\"},{\"host\":\"b\"}]"),
        .port = 7700,
    };
    struct rog_json *made = spec(&cluster, ROG_REMOTE_BOTH, 1);
    assert_non_null(strstr(words(rog_json_get(made, "arguments"), text, sizeof text),
                           "--server 10.0.0.9:7700 "));
    rog_json_free(made);
    made = spec_of(&cluster, ROG_REMOTE_DOWNLINK, 0,
                   "{\"trace\":\"a.csv\",\"seed\":5,\"workers\":[{\"rank\":1},{\"rank\":2}]}");
    const struct rog_json *peers = rog_json_get(rog_json_get(made, "shape"), "peers");
    assert_string_equal(rog_json_get_string(rog_json_at(peers, 0), "address", ""), "a");
    assert_string_equal(rog_json_get_string(rog_json_at(peers, 1), "address", ""), "10.0.0.12");
    rog_json_free(made);
    rog_json_free(cluster.server);
    rog_json_free(cluster.workers);
}

static void supervisors_get_their_instructions(void **state)
{
    (void)state;
    char text[512];
    struct rog_cluster cluster = {
        .server = parse("{\"host\":\"lab\",\"address\":\"fd00::1\",\"iface\":\"wlan9\"}"),
        .workers = parse("[{\"host\":\"a\",\"iface\":\"wlan0\",\"wrap\":\" docker  exec rog \","
                         "\"environment\":\"A=1 B=x=y\"},{\"host\":\"b\",\"address\":\"10.0.0.2\","
                         "\"iface\":\"wlan1\"}]"),
        .port = 7701,
        .stall_limit_s = 300,
        .worker_timeout_s = 60,
        .state_period_s = 7,
        .min_workers = 2,
        .restarts = 3,
        .lease_s = 90,
    };
    struct rog_json *first = spec(&cluster, ROG_REMOTE_BOTH, 1);
    assert_string_equal(words(rog_json_get(first, "arguments"), text, sizeof text),
                        "--server [fd00::1]:7701 --server-timeout 1000000");
    assert_string_equal(words(rog_json_get(first, "wrap"), text, sizeof text), "docker exec rog");
    const struct rog_json *environment = rog_json_get(first, "environment");
    assert_string_equal(rog_json_get_string(environment, "B", ""), "x=y");
    const struct rog_json *shape = rog_json_get(first, "shape");
    assert_string_equal(rog_json_get_string(shape, "iface", ""), "wlan0");
    assert_string_equal(rog_json_get_string(shape, "direction", ""), "both");
    assert_string_equal(rog_json_get_string(shape, "trace", ""), "synth:outdoors");
    assert_true(rog_json_get_number(shape, "offset_s", 0) == 30);
    assert_int_equal(rog_json_get_integer(shape, "seed", 0), 5);
    assert_true(rog_json_get_number(shape, "block_s", 0) == 60);
    assert_true(rog_json_get_bool(shape, "own_blocks", false));
    assert_true(rog_json_get_number(first, "lease_s", 0) == 90);
    assert_string_equal(rog_json_get_string(first, "claim", ""), "00000000000000aa");
    assert_string_equal(rog_json_get_string(first, "holder", ""), "alice@desk, sweep a");
    rog_json_free(first);

    struct rog_json *server = spec(&cluster, ROG_REMOTE_BOTH, 0);
    assert_string_equal(words(rog_json_get(server, "arguments"), text, sizeof text),
                        "--listen :7701 --worker-timeout 60 --state-period 7 --join-timeout 300 "
                        "--min-workers 2 --awaited 3");
    assert_null(rog_json_get(server, "shape"));
    assert_null(rog_json_get(server, "claim"));
    expect_read_back(server, ROG_REMOTE_BOTH);
    rog_json_free(server);
    server = spec(&cluster, ROG_REMOTE_PACE, 0);
    expect_read_back(server, ROG_REMOTE_PACE);
    rog_json_free(server);

    server = spec(&cluster, ROG_REMOTE_DOWNLINK, 0);
    expect_read_back(server, ROG_REMOTE_DOWNLINK);
    const struct rog_json *peers = rog_json_get(rog_json_get(server, "shape"), "peers");
    assert_int_equal(rog_json_size(peers), 2);
    assert_string_equal(rog_json_get_string(rog_json_at(peers, 0), "address", ""), "a");
    assert_string_equal(rog_json_get_string(rog_json_at(peers, 1), "address", ""), "10.0.0.2");
    assert_string_equal(rog_json_get_string(rog_json_at(peers, 1), "trace", ""), "a.csv");
    assert_true(rog_json_get_number(rog_json_at(peers, 0), "phase", -1) == 0);
    assert_true(rog_json_get_number(rog_json_at(peers, 1), "phase", 0) > 0);
    rog_json_free(server);

    static const char mixed[] = "{\"trace\":\"a.csv\",\"workers\":[{\"rank\":1,\"trace\":"
                                "\"unlimited\"},{\"rank\":2}]}";
    server = spec_of(&cluster, ROG_REMOTE_DOWNLINK, 0, mixed);
    peers = rog_json_get(rog_json_get(server, "shape"), "peers");
    assert_int_equal(rog_json_size(peers), 1);
    assert_int_equal(rog_json_get_integer(rog_json_at(peers, 0), "rank", 0), 2);
    rog_json_free(server);
    for (size_t rank = 1; rank <= 2; rank++) {
        struct rog_json *worker = spec_of(&cluster, ROG_REMOTE_BOTH, rank, mixed);
        assert_true((rog_json_get(worker, "shape") == NULL) == (rank == 1));
        rog_json_free(worker);
    }

    struct rog_json *second = spec(&cluster, ROG_REMOTE_PACE, 2);
    assert_null(rog_json_get(second, "shape"));
    assert_non_null(strstr(words(rog_json_get(second, "arguments"), text, sizeof text), "--pace"));
    rog_json_free(second);
    rog_json_free(cluster.server);
    rog_json_free(cluster.workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_travel_and_are_pointed_at, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(files_are_sent_by_the_hashes_of_the_plan, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(each_worker_gets_the_trace_of_its_folder, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(data_may_be_in_any_folder, make_folder, remove_folder),
        cmocka_unit_test(a_test_needs_no_starting_model),
        cmocka_unit_test(what_is_drawn_needs_no_files),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(an_interrupted_connect_reports_it),
        cmocka_unit_test(all_workers_replay_in_the_same_way),
        cmocka_unit_test(supervisors_get_their_instructions),
        cmocka_unit_test(aliases_become_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
