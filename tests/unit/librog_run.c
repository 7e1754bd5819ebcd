/* SPDX-License-Identifier: Apache-2.0 */
/* The server of a run in its own process, for tests of librog's API. */
#include "librog_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/run/serve.h>

const unsigned char run_key[32] = {9, 8, 7};

static void serve(const struct run *run, const char *config, const char *port)
{
    struct rog_run_config *parsed;
    struct rog_secret *secret = NULL;
    struct rog_error err;
    int code = rog_run_config_parse(&parsed, config, strlen(config), "test", &err);
    if (!code)
        code = rog_secret_new(&secret, run_key, &err);
    const struct rog_serve_run options = {.listen = "127.0.0.1:0",
                                          .port_file = port,
                                          .out_dir = run->folder,
                                          .secret = secret,
                                          .worker_timeout_s = 20,
                                          .join_timeout_s = 120};
    if (!code)
        code = rog_serve_run(parsed, &options, &err);
    if (code)
        fprintf(stderr, "the server ends with: %s\n", err.message);
    rog_run_config_free(parsed);
    rog_secret_free(secret);
    exit(-code);
}

void open_run(struct run *run, const char *library, const char *compression, unsigned workers)
{
    static const char worker[] = "{\"rank\":%u,\"step_s\":0,\"compress_s\":0,\"decompress_s\":0,"
                                 "\"watts_compute\":0,\"watts_communicate\":0,\"watts_stall\":0}";
    char config[1024], *text = NULL;
    size_t size, used;
    strcpy(run->folder, "/tmp/rog-lib-XXXXXX");
    assert_non_null(mkdtemp(run->folder));
    used = (size_t)snprintf(config, sizeof config,
                            "{\"library\":\"%s\",\"compression\":\"%s\",\"workload\":\"program\","
                            "\"wire_model\":\"same\",\"seconds\":%g,%s\"workers\":[",
                            library, compression, run->seconds, run->settings ? run->settings : "");
    for (unsigned i = 1; i <= workers; i++) {
        used += (size_t)snprintf(config + used, sizeof config - used, worker, i);
        used += (size_t)snprintf(config + used, sizeof config - used, i < workers ? "," : "]}");
    }
    char *port = rog_path_join(run->folder, "port");
    fflush(NULL);
    run->process = fork();
    if (run->process == 0)
        serve(run, config, port);
    for (int i = 0; i < 4000 && !rog_file_exists(port); i++)
        usleep(5000);
    assert_int_equal(rog_file_read(port, 16, &text, &size, NULL), 0);
    snprintf(run->server, sizeof run->server, "127.0.0.1:%d", atoi(text));
    free(text);
    free(port);
}

void close_run(struct run *run, int expected)
{
    int status = 0;
    waitpid(run->process, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(-WEXITSTATUS(status), expected);
    rog_dir_remove(run->folder, NULL);
}
