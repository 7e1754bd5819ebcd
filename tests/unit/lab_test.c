/* SPDX-License-Identifier: Apache-2.0 */
/* The namespace lab: started, used with the ssh client, damaged, stopped, nothing left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/lab/lab.h>
#include <orchestrator/kinds.h>

#include "lab_support.h"

static void up(unsigned workers)
{
    struct rog_error err = {0};
    if (rog_lab_up(workers, &err))
        fail_msg("%s", err.message);
}

static struct rog_lab_status look(void)
{
    struct rog_lab_status status;
    struct rog_error err = {0};
    if (rog_lab_status(&status, &err))
        fail_msg("%s", err.message);
    return status;
}

static void nothing_is_left(void)
{
    struct rog_lab_status status = look();
    assert_int_equal(status.count, 0);
    assert_int_equal(if_nametoindex("roglab-br"), 0);
    for (unsigned k = 0; k < 8; k++) {
        char veth[IF_NAMESIZE];
        snprintf(veth, sizeof veth, "roglab-v%u", k);
        assert_int_equal(if_nametoindex(veth), 0);
    }
    assert_false(rog_file_exists(ROG_LAB_DIR));
    assert_false(rog_file_exists(ROG_LAB_CACHE_DIR));
}

static void down(bool expected)
{
    bool found = !expected;
    struct rog_error err = {0};
    if (rog_lab_down(&found, &err))
        fail_msg("%s", err.message);
    assert_int_equal(found, expected);
    nothing_is_left();
}

/* Returns whether a process has ended, or is only a zombie. */
static bool is_gone(long pid)
{
    char *text = NULL, *path = rog_format("/proc/%ld/cmdline", pid);
    size_t size = 0;
    bool gone = rog_file_read(path, 65536, &text, &size, NULL) != ROG_OK || size == 0;
    free(text);
    free(path);
    return gone;
}

/* Returns a command's output on a host. Heap memory. */
static char *say(const char *host, const char *command)
{
    char *output = NULL;
    struct rog_error err = {0};
    const char *const argv[] = {"ssh",   "-F", ROG_LAB_SSH_CONFIG, "-o", "BatchMode=yes", host,
                                command, NULL};
    if (rog_process_run(argv, 30, &output, &err))
        fail_msg("%s", err.message);
    return output;
}

static void hosts_have_their_own_keys(void **state)
{
    need_lab(state);
    up(2);
    struct rog_lab_status status = look();
    assert_int_equal(status.count, 3);
    assert_true(status.complete);
    for (unsigned i = 0; i < status.count; i++) {
        const struct rog_lab_host *host = &status.host[i];
        assert_true(host->sshd > 1);
        char *addresses = say(host->address, "ip -o -4 address show dev eth0");
        assert_non_null(strstr(addresses, host->address));
        free(addresses);
        char *by_name = say(host->space, "echo $SSH_CONNECTION");
        assert_non_null(strstr(by_name, host->address));
        free(by_name);
    }
    struct stat info;
    assert_int_equal(stat(ROG_LAB_DIR, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);

    /* Another host's key is rejected: each host has its own. */
    const char *const as_other[] = {"ssh",
                                    "-F",
                                    ROG_LAB_SSH_CONFIG,
                                    "-o",
                                    "BatchMode=yes",
                                    "-o",
                                    "HostName=10.213.77.1",
                                    "-o",
                                    "HostKeyAlias=10.213.77.2",
                                    "roglab0",
                                    "true",
                                    NULL};
    struct rog_error err = {0};
    if (strcmp(status.host[0].address, "10.213.77.1") == 0) {
        assert_int_equal(rog_process_run(as_other, 30, NULL, &err), ROG_EFAILED);
        assert_non_null(strstr(err.message, "Host key verification failed"));
    }
    down(true);
    down(false);
}

static void cluster_file_is_one(void **state)
{
    need_lab(state);
    up(3);
    struct rog_cluster *cluster = NULL;
    struct rog_error err = {0};
    char *profiles = rog_path_join(getenv("ROG_TEST_DATA"), "../../experiments/profiles.conf");
    if (rog_cluster_read(&cluster, "lab", NULL, profiles, rog_cluster_kinds, &err))
        fail_msg("%s", err.message);
    free(profiles);
    assert_string_equal(cluster->kind->name, "ssh");
    assert_string_equal(rog_json_get_string(cluster->own, "ssh_config", ""), ROG_LAB_SSH_CONFIG);
    assert_int_equal(rog_json_size(cluster->workers), 3);
    const struct rog_json *second = rog_json_at(cluster->workers, 1);
    assert_string_equal(rog_json_get_string(second, "iface", ""), "eth0");
    assert_string_equal(rog_json_get_string(second, "user", ""), "root");
    assert_string_equal(rog_json_get_string(second, "host", ""), look().host[2].address);
    rog_cluster_free(cluster);
    down(true);
}

static void a_second_up_keeps_or_repairs(void **state)
{
    need_lab(state);
    struct rog_error err = {0};
    up(1);
    struct rog_lab_status first = look();
    up(1);
    assert_int_equal(look().host[1].sshd, first.host[1].sshd); /* nothing was changed */
    assert_int_equal(rog_lab_up(2, &err), ROG_EBUSY);
    assert_non_null(strstr(err.message, "rogctl lab down"));

    kill(first.host[1].sshd, SIGKILL);
    for (int i = 0; i < 6000 && look().complete; i++)
        usleep(20000);
    assert_false(look().complete);
    up(2); /* incomplete: recreated, in any size */
    assert_true(look().complete);
    assert_int_equal(look().count, 3);

    pid_t third = look().host[2].sshd;
    const char *const cut[] = {"ip", "netns", "del", "roglab2", NULL};
    assert_int_equal(rog_process_run(cut, 20, NULL, &err), ROG_OK);
    assert_false(look().complete);
    assert_false(is_gone(third)); /* it is still running, without a name */
    down(true);
    assert_true(is_gone(third));
}

/* A process left running on a host, and an incomplete `up`. */
static void down_removes_processes_and_incomplete_labs(void **state)
{
    need_lab(state);
    struct rog_error err = {0};
    up(1);
    free(say("roglab1", "trap '' TERM; sleep 1000 >/dev/null 2>&1 </dev/null & true"));
    char *pids = NULL;
    const char *const list[] = {"ip", "netns", "pids", "roglab1", NULL};
    assert_int_equal(rog_process_run(list, 20, &pids, &err), ROG_OK);
    assert_true(strlen(pids) > 0);
    long sleeper = strtol(pids, NULL, 10);
    free(pids);
    unlink(ROG_LAB_CLUSTER); /* as if `up` had been killed before its last step */
    assert_false(look().complete);
    down(true);
    assert_true(is_gone(sleeper));

    const char *const half[] = {"ip", "netns", "add", "roglab0", NULL};
    const char *const bridge[] = {"ip", "link", "add", "name", "roglab-br", "type", "bridge", NULL};
    assert_int_equal(rog_process_run(half, 20, NULL, &err), ROG_OK);
    assert_int_equal(rog_process_run(bridge, 20, NULL, &err), ROG_OK);
    down(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hosts_have_their_own_keys, lab_tear_down),
        cmocka_unit_test_teardown(cluster_file_is_one, lab_tear_down),
        cmocka_unit_test_teardown(a_second_up_keeps_or_repairs, lab_tear_down),
        cmocka_unit_test_teardown(down_removes_processes_and_incomplete_labs, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, lab_group_set_up, lab_group_tear_down);
}
