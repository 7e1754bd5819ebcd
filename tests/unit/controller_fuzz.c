/* SPDX-License-Identifier: Apache-2.0 */

/* Inputs of the controller: files of its users, logs of others, and output of hosts. */

#include "folder_support.h"
#include "fuzz_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/experiment.h>
#include <orchestrator/conf/methods.h>
#include <orchestrator/fetch/sources.h>
#include <orchestrator/text/label.h>
#include <orchestrator/fleet/remote/spec.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/import/artifact.h>
#include <orchestrator/import/artifact_logs.h>
#include <orchestrator/kinds.h>
#include <orchestrator/ui/access.h>
#include <orchestrator/ui/routes.h>

/* Required for the sanitizer: libconfig leaks the text of a string that does not end. */
const char *__lsan_default_suppressions(void) __attribute__((visibility("default")));
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

/* ---- files of users ---- */

static bool take_experiment(const char *text, size_t size)
{
    struct rog_experiment *experiment = NULL;
    (void)size;
    if (rog_experiment_parse(&experiment, text, "fuzz", NULL))
        return false;
    rog_fuzz_check(experiment->run_count > 0 && rog_name_is_plain(experiment->case_name),
                   "an experiment without runs or name");
    rog_experiment_free(experiment);
    return true;
}

static bool take_methods(const char *text, size_t size)
{
    struct rog_methods methods = {0};
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_methods_read(&methods, path, NULL) == 0;
    for (size_t i = 0; i < methods.count; i++) {
        char *shown = rog_method_text(&methods.method[i], "");
        rog_fuzz_check(shown && rog_name_is_plain(methods.method[i].name), "a method of no name");
        free(shown);
    }
    rog_methods_release(&methods);
    close(fd);
    return valid;
}

static bool take_cluster(const char *text, size_t size)
{
    struct rog_cluster *cluster = NULL;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_cluster_read(&cluster, path, NULL, EXPERIMENTS "/profiles.conf",
                                  rog_cluster_kinds, NULL) == 0;
    if (valid)
        rog_fuzz_check(rog_json_size(cluster->workers) > 0, "a cluster without workers");
    rog_cluster_free(cluster);
    close(fd);
    return valid;
}

static bool take_datasets(const char *text, size_t size)
{
    struct rog_sources *sources = NULL;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    bool valid = rog_sources_read(&sources, path, NULL) == 0;
    for (size_t i = 0; valid && i < sources->count; i++)
        rog_fuzz_check(strlen(sources->source[i].sha256) == 64 && sources->source[i].url_count &&
                           !strchr(sources->source[i].files[0], '/'),
                       "a data set that cannot be fetched");
    rog_sources_free(sources);
    close(fd);
    return valid;
}

/* ---- logs of the published artifact ---- */

/* A run of two workers that all began at 2022-01-20 09:16:00; its logs are never an error. */
static void open_run(struct rog_artifact *run)
{
    const double started_s = 1642670160;
    *run = (struct rog_artifact){.workers = 2,
                                 .server_started_s = started_s,
                                 .id = rog_strdup("01-20-09-16-ROG-4-outdoors"),
                                 .worker = calloc(2, sizeof *run->worker),
                                 .energy = calloc(3, sizeof *run->energy),
                                 .bandwidth = calloc(3, sizeof *run->bandwidth),
                                 .notes = rog_json_array(),
                                 .files = rog_json_array()};
    rog_fuzz_check(run->id && run->worker && run->energy && run->bandwidth && run->notes &&
                       run->files,
                   "no memory");
    for (int i = 0; i < 2; i++)
        run->worker[i] =
            (struct rog_artifact_worker){.rank = i + 1, .server_rank = i, .started_s = started_s};
}

/* Each row of the file is stored or rejected, and `stored` of them are in the account. */
static void check_account(const struct rog_artifact *run, size_t stored)
{
    const struct rog_json *account = rog_json_at(run->files, 0);
    int64_t rows = rog_json_get_integer(account, "rows", 0), refused = 0;
    const struct rog_json *refusals = rog_json_get(account, "refusals");
    for (size_t i = 0; i < rog_json_size(refusals); i++)
        refused += rog_json_get_integer(rog_json_at(refusals, i), "count", 0);
    rog_fuzz_check(rog_json_get_integer(account, "stored", 0) == (int64_t)stored,
                   "an account of other rows");
    rog_fuzz_check(rows == (int64_t)stored + refused, "rows that are lost");
    char *text = account ? rog_account_text(account) : NULL;
    rog_fuzz_check(!account || text, "an account that says nothing");
    free(text);
}

static bool take_worker_log(const char *text, size_t size)
{
    struct rog_artifact run;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    open_run(&run);
    run.worker[0].started_s = (double)NAN;
    struct rog_artifact_file file = {"", path};
    rog_fuzz_check(rog_artifact_worker_log(&run, &file, 1, NULL) == 0, "an error");
    check_account(&run, run.worker[0].count);
    bool valid = run.worker[0].count > 0;
    for (size_t i = 1; i < run.worker[0].count; i++)
        rog_fuzz_check(run.worker[0].item[i].iteration > run.worker[0].item[i - 1].iteration,
                       "iterations that do not go on");
    rog_artifact_release(&run);
    close(fd);
    return valid;
}

static bool take_server_log(const char *text, size_t size)
{
    struct rog_artifact run;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    open_run(&run);
    run.server_started_s = run.stall_average_s = (double)NAN;
    struct rog_artifact_iteration item[2] = {{.iteration = 1, .stall_s = (double)NAN},
                                             {.iteration = 2, .stall_s = (double)NAN}};
    run.worker[0].item = item;
    run.worker[0].count = 2;
    struct rog_artifact_file file = {"", path};
    rog_fuzz_check(rog_artifact_server_log(&run, &file, 0, NULL) == 0, "an error");
    run.worker[0].item = NULL;
    check_account(&run, (size_t)(!isnan(item[0].stall_s) + !isnan(item[1].stall_s)));
    bool valid = !isnan(run.server_started_s) && !isnan(run.stall_average_s);
    rog_artifact_release(&run);
    close(fd);
    return valid;
}

static bool take_series(const char *text, size_t size,
                        int (*read)(struct rog_artifact *, const struct rog_artifact_file *,
                                    int64_t, struct rog_error *),
                        bool energy)
{
    struct rog_artifact run;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    open_run(&run);
    const struct rog_artifact_series *series = energy ? &run.energy[1] : &run.bandwidth[1];
    struct rog_artifact_file file = {"", path};
    rog_fuzz_check(read(&run, &file, 1, NULL) == 0, "an error");
    check_account(&run, series->count);
    bool valid = series->count > 1;
    for (size_t i = 0; i < series->count; i++)
        rog_fuzz_check(isfinite(series->point[i].t), "a time that is not finite");
    rog_artifact_release(&run);
    close(fd);
    return valid;
}

static bool take_energy_log(const char *text, size_t size)
{
    return take_series(text, size, rog_artifact_energy_log, true);
}

static bool take_bandwidth_log(const char *text, size_t size)
{
    return take_series(text, size, rog_artifact_bandwidth_log, false);
}

static bool take_accuracy(const char *text, size_t size)
{
    struct rog_artifact run;
    char path[ROG_FUZZ_PATH_BYTES];
    int fd = rog_fuzz_file(text, size, path);
    open_run(&run);
    struct rog_artifact_file file = {"", path};
    rog_fuzz_check(rog_artifact_accuracy(&run, &file, 0, NULL) == 0, "an error");
    check_account(&run, run.checkpoints);
    bool valid = run.checkpoints > 0;
    for (size_t i = 0; i < run.checkpoints; i++)
        rog_fuzz_check(isfinite(run.checkpoint[i].t) && run.checkpoint[i].accuracy >= 0 &&
                           run.checkpoint[i].accuracy <= 100,
                       "an accuracy that is none");
    rog_artifact_release(&run);
    close(fd);
    return valid;
}

/* The run's folder, which contains only the config. */
static bool take_artifact(const char *text, size_t size)
{
    struct rog_artifact run;
    char *folder = NULL;
    rog_fuzz_check(temporary_folder(&folder, "artifact-fuzz") == 0, "no folder");
    char *path = rog_path_join(folder, "config");
    rog_fuzz_check(path && rog_file_write(path, text, size, NULL) == 0, "no file");
    bool valid = rog_artifact_read(&run, folder, NULL) == 0;
    if (valid) {
        rog_fuzz_check(run.workers > 0 && run.workers <= 1024 && run.threshold >= 0,
                       "a run that is none");
        rog_artifact_release(&run);
    }
    rog_dir_remove(folder, NULL);
    free(path);
    free(folder);
    return valid;
}

/* ---- output of hosts ---- */

static bool take_right(const char *text, size_t size)
{
    struct rog_remote_right right;
    (void)size;
    return rog_remote_right_read(&right, text, NULL) == 0;
}

static bool take_log(const char *text, size_t size)
{
    char path[ROG_FUZZ_PATH_BYTES], words[100];
    int fd = rog_fuzz_file(text, size, path);
    rog_run_log_tail(path, words, sizeof words);
    rog_fuzz_check(strlen(words) < sizeof words, "more words than there is room");
    close(fd);
    return strstr(words, "memory") != NULL;
}

/* Any output becomes a label, and text in JSON that can be read again. */
static bool take_words(const char *text, size_t size)
{
    char *label = rog_label_clean(text, 40);
    struct rog_json *words = rog_json_new_string(text), *again = NULL;
    char *json = rog_json_text(words);
    rog_fuzz_check(label && json, "no memory");
    for (const char *c = label; *c; c++)
        rog_fuzz_check((unsigned char)*c >= ' ' && *c != 0x7f, "a control character");
    rog_fuzz_check(rog_json_parse(json, strlen(json), "fuzz", &again, NULL) == 0,
                   "JSON that cannot be read");
    bool same = strlen(text) == size && strcmp(rog_json_string(again, ""), text) == 0;
    rog_json_free(again);
    rog_json_free(words);
    free(json);
    free(label);
    return same;
}

/* ---- requests of browsers, and others, to the live page ---- */

static bool take_target(const char *text, size_t size)
{
    struct rog_target target;
    int64_t number = 3;
    (void)size;
    bool valid = rog_target_parse(&target, text, NULL) == 0;
    const struct rog_route *route = rog_route_find(&target);
    for (size_t i = 0; i < target.parts; i++)
        rog_fuzz_check(strlen(target.part[i]) <= ROG_TARGET_MAX_BYTES, "a part that never ends");
    if (rog_target_int(&target, "limit", 1, 9, &number, NULL) == 0)
        rog_fuzz_check(number >= 1 && number <= 9, "a number beyond its limits");
    rog_target_release(&target);
    return valid && route;
}

/* The text is Host, a cookie and other headers; no part of it is the token. */
static bool take_headers(const char *text, size_t size)
{
    struct rog_access access;
    struct rog_target target;
    (void)size;
    rog_access_init(&access, false, 8264, true, "never-in-a-seed-0123", NULL);
    rog_target_parse(&target, "/api/runs", NULL);
    const struct rog_access_request request = {
        .host = text, .cookie = text, .authorization = text, .fetch_site = text};
    enum rog_access_verdict verdict = rog_access_judge(&access, &request, &target);
    rog_fuzz_check(verdict == ROG_ACCESS_NO_TOKEN || verdict == ROG_ACCESS_UNNAMED ||
                       verdict == ROG_ACCESS_FOREIGN,
                   "let in without the token");
    rog_target_release(&target);
    return verdict == ROG_ACCESS_NO_TOKEN;
}

/* clang-format off */
#define TIME "2022-01-20 09:16:"

const struct rog_fuzz_target rog_fuzz_targets[] = {
    {"experiment", take_experiment, {
        ROG_FUZZ_SEED("# a comment\ncase = \"threshold\"; figure = \"10\"; target_accuracy = 64.0;\n"
                      "library = \"ROG\"; epochs = 8;\nruns = (\n  { threshold = 4; note = \"ROG 4\"; },\n"
                      "  { threshold = 20; note = \"a \\\"b\\\"\"; seed = 0x7fL; lr_halve_at = [1, 2]; }\n);\n"),
        ROG_FUZZ_SEED("case = \"m\"; /* all */ matrix = { library = [\"ROG\"]; threshold = [4, 20];\n"
                      "  seed = [1, 2, 3]; };\n")}},
    {"cluster", take_cluster, {
        ROG_FUZZ_SEED("kind = \"virtual\";\nworkers = ( { profile = \"jetson-nx\"; count = 4; } );\n"),
        ROG_FUZZ_SEED("kind = \"ssh\"; port = 7700; retries = 1; lease = 60.0;\n"
                      "server = { host = \"10.42.0.1\"; user = \"user\"; iface = \"wls1\"; };\n"
                      "workers = ( { host = \"10.42.0.2\"; iface = \"wlan0\"; batch = 24; local_steps = 1; },\n"
                      "  { host = \"b\"; wrap = \"nice\"; environment = \"A=b C=d\"; } );\n")}},
    {"methods", take_methods, {
        ROG_FUZZ_SEED("methods = ( { name = \"mine\"; title = \"Mine\"; source = \"here\";\n"
                      "  published = \"H 500\"; differs = [\"all\", \"of it\"];\n"
                      "  settings = { library = \"ROG\"; threshold = \"inf\"; merge = 0.5; overlap = true;\n"
                      "    lr_halve_at = [8, 9]; parameters = { a = 1; b = true; c = \"d\"; }; }; } );\n")}},
    {"datasets", take_datasets, {
        ROG_FUZZ_SEED("datasets = ( { name = \"a\"; title = \"A\"; archive = \"a.tar.gz\"; size = 168513733L;\n"
                      "  sha256 = \"58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec\";\n"
                      "  files = [ \"train.bin\" ]; urls = [ \"https://example.org/a.tar.gz\" ]; } );\n")}},
    {"worker log", take_worker_log, {
        ROG_FUZZ_SEED(TIME "00,100 Worker started\n" TIME "00,200 rows number: 1497\n"
                      TIME "01,000 GPU running time: 0.5\n" TIME "02,000 Send size 100\n"
                      "Finally transmitted 1234.0\n" TIME "03,000 Recv size 100\n"
                      TIME "03,100 push 0.25; avg 1\n" TIME "03,200 pull transmission rate 0.5\n"
                      TIME "03,500 communication: 1.5; avg 1.0; sum 2.0 compress: 0.1 decompress: 0.2\n"
                      TIME "04,000 Iteration 1 worker0\n" TIME "04,100 loss: 2.5\n"
                      TIME "05,000 Iteration 2 worker0\n" TIME "05,100 loss: 2.25\n")}},
    {"server log", take_server_log, {
        ROG_FUZZ_SEED(TIME "00,000 begin\n" TIME "04,000 0, stall waiting, 14.76\n"
                      TIME "05,000 1 stall waiting 0.5\n"
                      TIME "09,000 IMPORTANT stall time avg:, [7.78, 7.68], 7.41, sum:, [1, 2]\n")}},
    {"energy log", take_energy_log, {
        ROG_FUZZ_SEED("2022-01-20 09:15:59,500 energy (J): TOTAL 10.5\n"
                      TIME "00,500 energy (J): TOTAL 20.5\n" TIME "01,500 energy (J): TOTAL 31\n")}},
    {"bandwidth log", take_bandwidth_log, {
        ROG_FUZZ_SEED("2022-01-20 09:15:59,900 12.5\n" TIME "00,000 13\n" TIME "00,100 0\n"
                      "stopped\n" TIME "00,200 1e2\n")}},
    {"accuracy", take_accuracy, {
        ROG_FUZZ_SEED("/home/user/result/01-20-09-16-ROG-4-outdoors\n60.5,12,10.25\n120.5,25,64\n")}},
    {"artifact", take_artifact, {
        ROG_FUZZ_SEED("ROG:\n\tworld_size: 5\nworld_size: 5\nthreshold: 4\nepoch: 4\n"
                      "bw control: outdoors\nnote: ROG 4\n")}},
    {"shaping", take_right, {
        ROG_FUZZ_SEED("{\"exists\":true,\"tools\":true,\"permitted\":true,\"egress\":true,\"ingress\":true,"
                      "\"downlink\":true,\"obstacle\":\"\"}")}},
    {"log", take_log, {
        ROG_FUZZ_SEED("one\ntwo\nthree\nno memory\n"),
        ROG_FUZZ_SEED("a\n\nrog-trainer: out of memory\n\n")}},
    {"words", take_words, {
        ROG_FUZZ_SEED("worker 1: gest\xc3\xb6rt, \xe2\x82\xac \xf0\x9f\xa4\x96 \"x\""),
        ROG_FUZZ_SEED("plain")}},
    {"address", take_target, {
        ROG_FUZZ_SEED("/api/runs?case=a%20b&limit=5&sort=seed&order=desc&text=x+y"),
        ROG_FUZZ_SEED("/figure/microevents/01-20%2F4/1/0/300.5.svg?rows=1")}},
    {"headers", take_headers, {
        ROG_FUZZ_SEED("127.0.0.1:8264"), ROG_FUZZ_SEED("[::1]:80")}},
    {0},
};
