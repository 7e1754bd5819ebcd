/* SPDX-License-Identifier: Apache-2.0 */
/* Files of hosts that execute runs: their meaning, and the messages about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/conf/hosts_file.h>
#include <orchestrator/kinds.h>

#include "folder_support.h"

static int read_hosts(void **state, const char *text, struct rog_hosts **hosts,
                      struct rog_error *err)
{
    const struct folder_fixture *f = *state;
    assert_int_equal(rog_file_write(f->path, text, strlen(text), err), 0);
    return rog_hosts_read(hosts, f->path, rog_cluster_kind_find(rog_cluster_kinds, "ssh"), err);
}

/* Checks host INDEX, as "HOST USER SLOTS NICE". */
static void check_host(const struct rog_hosts *hosts, size_t index, const char *wanted)
{
    const struct rog_json *host = rog_json_at(hosts->host, index);
    char *found = rog_format("%s %s %lld %lld", rog_json_get_string(host, "host", "-"),
                             rog_json_get_string(host, "user", "-"),
                             (long long)rog_json_get_integer(host, "slots", 0),
                             (long long)rog_json_get_integer(host, "nice", -1));
    assert_string_equal(found, wanted);
    free(found);
}

static void hosts_are_read_in_groups(void **state)
{
    struct rog_hosts *hosts = NULL;
    struct rog_error err = {0};
    if (read_hosts(state,
                   "kind = \"hosts\"; ssh_config = \"lab.ssh\"; lease = 60;\n"
                   "host_defaults = { user = \"u\"; slots = 4; nice = 10; };\n"
                   "hosts = ( { host = \"desk{1..3}\"; }, { host = \"big\"; user = \"me\"; "
                   "slots = 24; nice = 0; } );",
                   &hosts, &err))
        fail_msg("%s", err.message);
    assert_int_equal(rog_json_size(hosts->host), 4);
    check_host(hosts, 0, "desk1 u 4 10");
    check_host(hosts, 2, "desk3 u 4 10");
    check_host(hosts, 3, "big me 24 0");
    char *config = rog_path_join(((const struct folder_fixture *)*state)->folder, "lab.ssh");
    assert_string_equal(rog_json_get_string(hosts->own, "ssh_config", ""), config);
    assert_true(hosts->lease_s == 60);
    free(config);
    rog_hosts_free(hosts);
    if (rog_hosts_read(&hosts, ROG_TEST_EXPERIMENTS "/clusters/hosts.conf",
                       rog_cluster_kind_find(rog_cluster_kinds, "ssh"), &err))
        fail_msg("%s", err.message);
    check_host(hosts, 0, "desk1 - 4 10");
    rog_hosts_free(hosts);
}

static void wrong_hosts_are_named(void **state)
{
    static const char list[] = "kind = \"hosts\"; hosts = ";
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"kind = \"ssh\";",
         "line 1: a file of hosts that execute runs needs kind = \"hosts\" (found"},
        {"lease = 10;", "(it has none)"},
        {"kind = \"hosts\";", "hosts is missing"},
        {"kind = \"hosts\"; hosts = ();", "(found an empty one)"},
        {"kind = \"hosts\"; hosts = { host = \"a\"; };", "must be a list of groups"},
        {"kind = \"hosts\"; host = ( { host = \"a\"; } );", "did you mean hosts?"},
        {"( \"a\" );", "a host must be a group"},
        {"( { slots = 2; } );", "this host has no name"},
        {"( { host = \"\"; } );", "host must be a name or an address"},
        {"( { host = \"a\"; slots = 0; } );", "slots must be"},
        {"( { host = \"a\"; slot = 1; } );", "did you mean slots?"},
        {"( { host = \"a\"; environment = \"A=1 B\"; } );", "environment must be NAME=VALUE"},
        {"( { host = \"a\"; }, { host = \"A\"; } );", "host A is listed twice"},
        {"( { host = \"a{1..2000}\"; } );", "stands for more than 1000"},
        {"( { host = \"a\"; } ); host_defaults = { host = \"b\"; };",
         "host belongs to a single host and cannot be in"},
        {"( { host = \"a\"; } ); host_defaults = 3;", "host_defaults must be a group"},
        {"( { host = \"a\"; } ); lease = 1;", "lease must be"},
        {"( { host = \"a\"; } ); workers = ();", "unknown setting workers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rog_hosts *hosts = NULL;
        struct rog_error err = {0};
        bool whole = strstr(cases[i].text, "kind") || strncmp(cases[i].text, "lease", 5) == 0;
        char *text = rog_format("%s%s", whole ? "" : list, cases[i].text);
        assert_int_equal(read_hosts(state, text, &hosts, &err), ROG_EINVAL);
        assert_null(hosts);
        if (!strstr(err.message, cases[i].says) || !strstr(err.message, "hosts.conf"))
            fail_msg("%s: %s", text, err.message);
        free(text);
    }
}

static int open_folder(void **state)
{
    return folder_open(state, "rog-hosts", "hosts.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hosts_are_read_in_groups, open_folder, folder_close),
        cmocka_unit_test_setup_teardown(wrong_hosts_are_named, open_folder, folder_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
