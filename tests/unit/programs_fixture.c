/* SPDX-License-Identifier: Apache-2.0 */
/* A run's folder, its programs, and a small simulation that trains with them. */
#include "programs_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/json.h>

static void check(int code, const struct rog_error *err)
{
    if (code)
        fail_msg("%s", err->message);
}

/* Replaces each "@" and "%" in the command by this file. */
static char *expand(const struct run *run, const char *command)
{
    char self[512];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    char *whole = rog_strdup(""), *python = rog_path_join(run->folder, "python3");
    assert_int_equal(symlink(self, python), 0);
    free(python);
    for (const char *at = command; *at; at++) {
        char *more = *at == '@'   ? rog_format("%s%s peer ", whole, self)
                     : *at == '%' ? rog_format("%s%s/python3", whole, run->folder)
                                  : rog_format("%s%c", whole, *at);
        free(whole);
        whole = more;
    }
    return whole;
}

void run_open(struct run *run, const char *command, const char *settings)
{
    static const char worker[] = "{\"rank\":%u,\"step_s\":1,\"compress_s\":0,\"decompress_s\":0,"
                                 "\"watts_compute\":0,\"watts_communicate\":0,\"watts_stall\":0}";
    struct rog_error err;
    *run = (struct run){.folder = "/tmp/rog-programs-XXXXXX"};
    assert_non_null(mkdtemp(run->folder));
    char *whole = expand(run, command);
    struct rog_json *words = rog_json_new_string(whole);
    char *quoted = rog_json_text(words);
    char *text =
        rog_format("{\"library\":\"BSP\",\"compression\":\"none\",\"workload\":\"program\","
                   "\"wire_model\":\"same\",%s\"files\":[],\"sources\":[],\"command\":%s,"
                   "\"workers\":[",
                   settings, quoted);
    for (unsigned i = 1; i <= TEST_WORKERS; i++) {
        char one[256];
        snprintf(one, sizeof one, worker, i);
        char *more = rog_format("%s%s%s", text, one, i < TEST_WORKERS ? "," : "]}");
        free(text);
        text = more;
    }
    snprintf(run->path, sizeof run->path, "%s/config.json", run->folder);
    check(rog_file_write(run->path, text, strlen(text), &err), &err);
    check(rog_run_config_read(&run->config, run->path, &err), &err);
    rog_json_free(words);
    free(quoted);
    free(whole);
    free(text);
    run->options = (struct rog_programs_options){.config = run->config,
                                                 .config_path = run->path,
                                                 .out_dir = run->folder,
                                                 .at_once = TEST_WORKERS};
}

void run_close(struct run *run)
{
    rog_programs_free(run->programs);
    run->programs = NULL;
    rog_run_config_free(run->config);
    rog_dir_remove(run->folder, NULL);
}

int run_start(struct run *run, struct rog_error *err)
{
    int code = rog_programs_start(&run->programs, &run->options, err);
    if (code)
        return code;
    assert_int_equal(rog_programs_layout(run->programs)->params, TEST_PARAMS);
    rog_programs_starting_values(run->programs, run->params, run->constants);
    for (uint32_t i = 0; i < TEST_WORKERS; i++) {
        memcpy(rog_programs_values(run->programs, i), run->params, sizeof run->params);
        memcpy(rog_programs_constants(run->programs, i), run->constants, sizeof run->constants);
    }
    return ROG_OK;
}

/* Gives control until the result is not a transfer. */
static int step(struct run *run, uint32_t worker, struct rog_programs_result *result,
                const struct rog_programs_turn *turn, struct rog_error *err)
{
    int code;
    do {
        code = rog_programs_result(run->programs, worker, result, err);
        if (!code && result->kind == ROG_PROGRAMS_TRANSFER)
            code = rog_programs_compute(run->programs, turn, err);
    } while (!code && result->kind == ROG_PROGRAMS_TRANSFER);
    return code;
}

static void add(float *sum, const struct rog_programs_result *result)
{
    const struct {
        size_t first, size;
    } tensors[] = {{0, 12}, {12, 3}};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; result->gradients[t] && i < tensors[t].size; i++)
            sum[tensors[t].first + i] += result->gradients[t][i] / TEST_WORKERS;
}

int run_train(struct run *run, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t n = 1; n <= TEST_ITERATIONS && !code; n++) {
        float sum[TEST_PARAMS] = {0};
        struct rog_programs_turn turns[TEST_WORKERS];
        for (uint32_t i = 0; i < TEST_WORKERS && !code; i++) {
            run->statistics[i].iteration = n - 1;
            turns[i] = (struct rog_programs_turn){i, n, 1, run->statistics[i]};
            if (!run->through[i])
                code = rog_programs_compute(run->programs, &turns[i], err);
        }
        for (uint32_t i = 0; i < TEST_WORKERS && !code; i++) {
            struct rog_programs_result result;
            if (run->through[i])
                continue;
            code = step(run, i, &result, &turns[i], err);
            run->through[i] = !code && result.kind == ROG_PROGRAMS_FINISH;
            if (!code && !run->through[i])
                add(sum, &result);
        }
        for (size_t i = 0; i < TEST_PARAMS; i++)
            run->params[i] -= TEST_RATE * sum[i];
        for (uint32_t i = 0; i < TEST_WORKERS; i++)
            memcpy(rog_programs_values(run->programs, i), run->params, sizeof run->params);
    }
    return code;
}

int run_whole(struct run *run, struct rog_error *err)
{
    int code = run_start(run, err);
    if (!code)
        code = run_train(run, err);
    return code ? code : rog_programs_end(run->programs, run->statistics, err);
}

static bool is_of(const struct run *run, const char *pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY);
    char room[65536];
    ssize_t got = fd >= 0 ? read(fd, room, sizeof room) : -1;
    if (fd >= 0)
        close(fd);
    return got > 0 && memmem(room, (size_t)got, run->folder, strlen(run->folder));
}

unsigned run_processes(const struct run *run)
{
    unsigned count = 0;
    DIR *all = opendir("/proc");
    assert_non_null(all);
    for (struct dirent *entry; (entry = readdir(all));)
        count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && is_of(run, entry->d_name);
    closedir(all);
    return count;
}
