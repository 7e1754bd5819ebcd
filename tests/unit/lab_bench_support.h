/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that connect to the sshd of a lab's hosts: a running lab and a folder, as the fixture
 * of a group of tests. */
#ifndef ROG_TESTS_LAB_BENCH_SUPPORT_H
#define ROG_TESTS_LAB_BENCH_SUPPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/ssh/ssh.h>

#include "lab_support.h"

#define LAB_BENCH_HOSTS 3

struct lab_bench {
    struct lab_group *group;
    char folder[64];
    char address[LAB_BENCH_HOSTS][ROG_LAB_ADDRESS_BYTES];
};

/* If no lab can be created the folder still exists; lab_bench_need skips the tests. */
static inline int lab_bench_open(struct lab_bench *bench, const char *name)
{
    struct rog_lab_status *status = calloc(1, sizeof *status);
    void *group = NULL;
    struct rog_error err = {0};
    signal(SIGPIPE, SIG_IGN);
    lab_group_set_up(&group);
    bench->group = group;
    snprintf(bench->folder, sizeof bench->folder, "/tmp/%s-XXXXXX", name);
    bool good = mkdtemp(bench->folder) != NULL;
    if (good && !bench->group->why_not[0]) {
        good = rog_lab_up(LAB_BENCH_HOSTS - 1, &err) == ROG_OK &&
               rog_lab_status(status, &err) == ROG_OK;
        for (unsigned k = 0; good && k < LAB_BENCH_HOSTS; k++)
            memcpy(bench->address[k], status->host[k].address, ROG_LAB_ADDRESS_BYTES);
        if (!good)
            printf("%s\n", err.message);
    }
    free(status);
    return good ? 0 : -1;
}

static inline int lab_bench_close(struct lab_bench *bench)
{
    struct rog_error err = {0};
    int code = bench->group->why_not[0] ? 0 : rog_lab_down(NULL, &err);
    code = code ? code : rog_dir_remove(bench->folder, &err);
    if (code)
        printf("%s\n", err.message);
    free(bench->group);
    return code;
}

/* Call it at the start of every test that needs the lab. */
static inline void lab_bench_need(const struct lab_bench *bench)
{
    void *group = bench->group;
    need_lab(&group);
}

static inline struct rog_ssh_options lab_bench_options(const char *host)
{
    return (struct rog_ssh_options){.host = host, .config = ROG_LAB_SSH_CONFIG, .timeout_s = 10};
}

static inline struct rog_connection *lab_bench_connect(const struct rog_ssh_options *options)
{
    struct rog_connection *ssh = NULL;
    struct rog_error err = {0};
    if (rog_ssh_connect(&ssh, options, &err))
        fail_msg("%s", err.message);
    return ssh;
}

#endif
