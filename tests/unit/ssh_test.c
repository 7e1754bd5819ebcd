/* SPDX-License-Identifier: Apache-2.0 */
/* Connections by SSH, to the real sshd of a lab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/ssh/quote.h>
#include <orchestrator/ssh/ssh.h>

#include "lab_bench_support.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct lab_bench *bench_of(void **state)
{
    lab_bench_need(*state);
    return *state;
}

static int set_up(void **state)
{
    struct lab_bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    return lab_bench_open(bench, "rog-ssh");
}

static int tear_down(void **state)
{
    struct lab_bench *bench = *state;
    int code = lab_bench_close(bench);
    free(bench);
    return code;
}

/* NULL: the lab's own configuration. */
static struct rog_connection *connect_to(const char *config, const char *host)
{
    struct rog_ssh_options options = lab_bench_options(host);
    options.config = config ? config : options.config;
    return lab_bench_connect(&options);
}

static void refused(const struct rog_ssh_options *options, int expected, const char *words)
{
    struct rog_connection *ssh = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_ssh_connect(&ssh, options, &err), expected);
    assert_null(ssh);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
}

static struct rog_command_result run(struct rog_connection *ssh, const char *const *argv)
{
    struct rog_command_result result;
    struct rog_error err = {0};
    if (rog_connection_run(ssh, argv, 60, &result, &err))
        fail_msg("%s", err.message);
    return result;
}

static char *in_folder(const struct lab_bench *bench, const char *name)
{
    return rog_path_join(bench->folder, name);
}

static void put(const char *path, const void *data, size_t size)
{
    struct rog_error err = {0};
    if (rog_file_write(path, data, size, &err))
        fail_msg("%s", err.message);
}

/* Writes a configuration; %s are filled in. Heap memory: its path. */
static char *write_config(const struct lab_bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static char *write_config(const struct lab_bench *bench, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *path = in_folder(bench, "config");
    put(path, text, strlen(text));
    return path;
}

static int take_nothing(const void *data, size_t size, void *user, struct rog_error *err)
{
    (void)data, (void)size, (void)user, (void)err;
    return ROG_OK;
}

/* --- tests --- */

static void quoting(void **state)
{
    (void)state;
    static const char *const argv[] = {"echo", "", "a b", "it's", "$HOME `id` \\ \"", "'", NULL};
    char *line = rog_ssh_quote(argv);
    assert_string_equal(line, "'echo' '' 'a b' 'it'\\''s' '$HOME `id` \\ \"' ''\\'''");
    free(line);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "-oProxyCommand=touch x", "a b", "$(id)", "a;b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct rog_ssh_options options = {.host = names[i], .timeout_s = 1};
        refused(&options, ROG_EINVAL, "is not a valid host name or address");
    }
}

static void commands_run(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_connection *ssh = connect_to(NULL, bench->address[1]);
    struct rog_command_result result =
        run(ssh, ARGV("sh", "-c", "printf 'a\\0b'; echo oh >&2; exit 7"));
    assert_int_equal(result.status, 7);
    assert_int_equal(result.output_bytes, 3);
    assert_memory_equal(result.output, "a\0b", 3);
    assert_string_equal(result.errors, "oh\n");
    rog_command_result_release(&result);

    static const char nasty[] = "it's \"$HOME\" `id` \\ * ; & | > \n\t {a,b} ~ !x #";
    result = run(ssh, ARGV("printf", "%s", nasty));
    assert_string_equal(result.output, nasty);
    rog_command_result_release(&result);

    result = run(ssh, ARGV("no-such-program-here"));
    assert_int_equal(result.status, 127);
    rog_command_result_release(&result);
    result = run(ssh, ARGV("sh", "-c", "kill -9 $$"));
    assert_true(result.status >= 128);
    rog_command_result_release(&result);
    result = run(ssh, ARGV("cat")); /* its input is empty */
    assert_int_equal(result.status, 0);
    assert_int_equal(result.output_bytes, 0);
    rog_command_result_release(&result);

    /* More than a window on both outputs at once. */
    result = run(
        ssh, ARGV("sh", "-c", "head -c 5000000 /dev/zero >&2 & head -c 6000000 /dev/zero; wait"));
    assert_int_equal(result.output_bytes, 6000000);
    assert_int_equal(result.errors_bytes, 5000000);
    rog_command_result_release(&result);

    struct rog_error err = {0};
    char *output = NULL;
    assert_int_equal(rog_connection_command(ssh, ARGV("sh", "-c", "echo no luck >&2; exit 3"), 10,
                                            &output, &err),
                     ROG_EFAILED);
    assert_null(output);
    assert_non_null(strstr(err.message, "status 3: no luck"));
    assert_int_equal(
        rog_connection_run(ssh, ARGV("head", "-c", "20000000", "/dev/zero"), 60, &result, &err),
        ROG_EFORMAT);
    rog_connection_free(ssh);
}

static void timeouts_hold(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    static const char *const scripts[] = {"sleep 30", "exec >&- 2>&-; sleep 30",
                                          "while :; do echo x; sleep 0.05; done"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct rog_connection *ssh = connect_to(NULL, bench->address[1]);
        struct rog_command_result result;
        struct rog_error err = {0};
        double begin_s = rog_clock_s();
        assert_int_equal(rog_connection_run(ssh, ARGV("sh", "-c", scripts[i]), 0.7, &result, &err),
                         ROG_EFAILED);
        assert_non_null(strstr(err.message, "timed out"));
        assert_true(rog_clock_s() - begin_s < 5);
        assert_int_equal(rog_connection_run(ssh, ARGV("true"), 5, &result, &err), ROG_EFAILED);
        assert_non_null(strstr(err.message, "abandoned"));
        rog_connection_free(ssh);
        assert_true(rog_clock_s() - begin_s < 8);
    }
}

static void a_cut_link_is_detected(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_ssh_options options = lab_bench_options(bench->address[2]);
    struct rog_connection *ssh = NULL;
    struct rog_command_result result;
    struct rog_error err = {0};
    options.timeout_s = 2;
    if (rog_ssh_connect(&ssh, &options, &err))
        fail_msg("%s", err.message);
    assert_int_equal(
        rog_process_run(ARGV("ip", "link", "set", "dev", "roglab-v2", "down"), 10, NULL, &err), 0);
    double begin_s = rog_clock_s();
    int code = rog_connection_run(ssh, ARGV("true"), 4, &result, &err);
    double took_s = rog_clock_s() - begin_s;
    rog_connection_free(ssh);
    refused(&options, ROG_EFAILED, "cannot connect");
    assert_int_equal(
        rog_process_run(ARGV("ip", "link", "set", "dev", "roglab-v2", "up"), 10, NULL, &err), 0);
    assert_int_equal(code, ROG_EFAILED);
    assert_true(took_s < 8);
}

/* ---- hanging hosts ---- */

static int upload_this(struct rog_connection *ssh, const char *path, struct rog_error *err)
{
    char *there = rog_format("%s.copy", path);
    int code = rog_connection_upload(ssh, path, there, 0600, 30, err);
    free(there);
    return code;
}

static int download_this(struct rog_connection *ssh, const char *path, struct rog_error *err)
{
    return rog_connection_download(ssh, path, 0, take_nothing, NULL, NULL, err);
}

static int size_this(struct rog_connection *ssh, const char *path, struct rog_error *err)
{
    uint64_t bytes;
    return rog_connection_size(ssh, path, &bytes, err);
}

static int list_this(struct rog_connection *ssh, const char *path, struct rog_error *err)
{
    return rog_connection_command(ssh, ARGV("ls", path), 30, NULL, err);
}

static bool is_over(void *user)
{
    return *(double *)user > 0 && rog_clock_s() > *(double *)user;
}

/* Each call over a connection whose session on the host is stopped ends in time, or when it is
 * interrupted, and so does closing the connection. */
static void a_host_that_hangs_is_given_up(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    static int (*const calls[])(struct rog_connection *, const char *, struct rog_error *) = {
        size_this, download_this, upload_this, list_this};
    char *path = in_folder(bench, "some file");
    put(path, "some text", 9);
    for (size_t i = 0; i < 2 * sizeof calls / sizeof *calls; i++) {
        struct rog_ssh_options options = lab_bench_options(bench->address[1]);
        struct rog_error err = {0};
        bool stopped = i % 2;
        double until_s = 0;
        options.timeout_s = stopped ? 60 : 1.5;
        options.stopped = is_over;
        options.stopped_user = &until_s;
        struct rog_connection *ssh = lab_bench_connect(&options);
        struct rog_command_result result = run(ssh, ARGV("sh", "-c", "echo $PPID"));
        pid_t session = (pid_t)strtol(result.output, NULL, 10);
        rog_command_result_release(&result);
        assert_int_equal(size_this(ssh, path, &err), 0);
        assert_true(session > 1 && kill(session, SIGSTOP) == 0);
        double began_s = rog_clock_s();
        if (stopped)
            until_s = began_s + 0.3;
        int code = calls[i / 2](ssh, path, &err);
        bool is_lost = rog_connection_lost(ssh);
        rog_connection_free(ssh);
        double took_s = rog_clock_s() - began_s;
        kill(session, SIGKILL);
        assert_int_equal(code, stopped ? ROG_EINTR : ROG_EFAILED);
        assert_non_null(strstr(err.message, stopped ? "interrupted" : "time"));
        assert_true(is_lost);
        assert_true(took_s < 10);
    }
    free(path);
}

static void unknown_hosts_are_rejected(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    char *known = in_folder(bench, "known_hosts"), *text = NULL;
    size_t size;
    struct rog_error err = {0};
    struct rog_ssh_options options = lab_bench_options(bench->address[1]);
    char *config = write_config(bench,
                                "Host *\n  User root\n  IdentityFile %s/id_ed25519\n"
                                "  UserKnownHostsFile %s\n  GlobalKnownHostsFile /dev/null\n"
                                "  StrictHostKeyChecking no\n",
                                ROG_LAB_DIR, known);
    options.config = config;
    refused(&options, ROG_EINVAL, "is not known: SHA256:");
    refused(&options, ROG_EINVAL, "accept it with: ssh -F");
    put(known, "", 0);
    refused(&options, ROG_EINVAL, "is not known");

    /* The key of host 0 under the name of host 1. */
    assert_int_equal(rog_file_read(ROG_LAB_DIR "/host0/key.pub", 4096, &text, &size, &err), ROG_OK);
    char *line = rog_format("%s %s", bench->address[1], text);
    put(known, line, strlen(line));
    refused(&options, ROG_EINVAL, "is not the one in");
    refused(&options, ROG_EINVAL, "ssh-keygen -f");
    free(line);
    free(text);

    assert_int_equal(rog_file_read(ROG_LAB_DIR "/known_hosts", 4096, &text, &size, &err), ROG_OK);
    put(known, text, size);
    rog_connection_free(connect_to(config, bench->address[1]));
    free(text);
    free(config);
    free(known);
}

/* Knows one answer, which it gives three times. */
static bool answer_question(void *user, const char *what, bool echo, unsigned *number, char *answer,
                            size_t bytes)
{
    assert_non_null(strstr(what, "Passphrase of the key /"));
    assert_false(echo);
    snprintf(answer, bytes, "%s", (const char *)user);
    return ++*number <= 3;
}

static void only_the_right_key_opens(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    char *key = in_folder(bench, "key"), *text = NULL;
    size_t size;
    struct rog_error err = {0};
    struct rog_ssh_options options = lab_bench_options(bench->address[1]);
    unsetenv("SSH_AUTH_SOCK");
    char *config = write_config(bench,
                                "Host *\n  User root\n  IdentityFile %s\n"
                                "  UserKnownHostsFile %s/known_hosts\n",
                                key, ROG_LAB_DIR);
    options.config = config;
    assert_int_equal(rog_process_run(ARGV("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key),
                                     60, NULL, &err),
                     ROG_OK);
    refused(&options, ROG_EFAILED, "authentication failed");

    /* The lab's key, now with a passphrase. */
    assert_int_equal(rog_file_read(ROG_LAB_DIR "/id_ed25519", 8192, &text, &size, &err), ROG_OK);
    put(key, text, size);
    free(text);
    chmod(key, 0600);
    char *public_key = rog_format("%s.pub", key);
    unlink(public_key);
    free(public_key);
    assert_int_equal(
        rog_process_run(ARGV("ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", key),
                        60, NULL, &err),
        ROG_OK);
    refused(&options, ROG_EFAILED, "add the key to the agent with: ssh-add /");
    char right[] = "open sesame", wrong[] = "open barley";
    options.ask = answer_question;
    options.ask_user = wrong;
    refused(&options, ROG_EFAILED, "that was not the passphrase of the key /");
    options.ask_user = right;
    struct rog_connection *ssh = NULL;
    if (rog_ssh_connect(&ssh, &options, &err))
        fail_msg("%s", err.message);
    struct rog_command_result result = run(ssh, ARGV("true")); /* the callbacks no longer exist */
    assert_int_equal(result.status, 0);
    rog_command_result_release(&result);
    rog_connection_free(ssh);
    free(config);
    free(key);
}

static void a_jump_is_taken(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    char *config = write_config(bench,
                                "Host far\n  HostName %s\n  ProxyJump roglab0\n"
                                "Host roglab0\n  HostName %s\n"
                                "Host *\n  User root\n  IdentityFile %s/id_ed25519\n"
                                "  UserKnownHostsFile %s/known_hosts\n"
                                "  StrictHostKeyChecking yes\n",
                                bench->address[2], bench->address[0], ROG_LAB_DIR, ROG_LAB_DIR);
    struct rog_connection *ssh = connect_to(config, "far");
    struct rog_command_result result = run(ssh, ARGV("sh", "-c", "echo $SSH_CONNECTION"));
    char *expected = rog_format("%s ", bench->address[0]);
    assert_int_equal(strncmp(result.output, expected, strlen(expected)), 0);
    assert_non_null(strstr(result.output, bench->address[2]));
    assert_string_equal(ssh->name, "root@far");
    free(expected);
    rog_command_result_release(&result);
    rog_connection_free(ssh);
    free(config);
}

struct collected {
    char text[65536];
    size_t used;
};

static int collect(const void *data, size_t size, void *user, struct rog_error *err)
{
    struct collected *collected = user;
    if (collected->used + size >= sizeof collected->text)
        return rog_fail(err, ROG_EFORMAT, "too much");
    memcpy(collected->text + collected->used, data, size);
    collected->used += size;
    collected->text[collected->used] = '\0';
    return ROG_OK;
}

/* What a process writes after the end of the connection that started it is fetched from the end of
 * the last fetch. */
static void a_started_process_outlives_the_connection(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_error err = {0};
    char *log = in_folder(bench, "out.log");
    struct rog_connection *ssh = connect_to(NULL, bench->address[1]);
    long pid = 0;
    if (rog_connection_start(ssh,
                             ARGV("sh", "-c", "echo one; sleep 1; echo two it\\'s; exec sleep 300"),
                             log, &pid, &err))
        fail_msg("%s", err.message);
    rog_connection_free(ssh);

    ssh = connect_to(NULL, bench->address[1]);
    struct collected *collected = calloc(1, sizeof *collected);
    uint64_t offset = 0;
    for (double until_s = rog_clock_s() + 120;
         rog_clock_s() < until_s && !strstr(collected->text, "two");) {
        if (rog_connection_download(ssh, log, offset, collect, collected, &offset, &err))
            fail_msg("%s", err.message);
        assert_int_equal(offset, collected->used);
        usleep(50000);
    }
    assert_string_equal(collected->text, "one\ntwo it's\n");
    char *number = rog_format("%ld", pid), *group = rog_format("-%ld", pid);
    assert_int_equal(rog_connection_command(ssh, ARGV("kill", "-0", number), 10, NULL, &err),
                     ROG_OK);
    assert_int_equal(
        rog_connection_command(ssh, ARGV("kill", "-KILL", "--", group), 10, NULL, &err), ROG_OK);
    assert_int_equal(rog_connection_start(ssh, ARGV("no-such-program"), log, &pid, &err),
                     ROG_EFAILED);
    assert_non_null(strstr(err.message, "program not found: no-such-program"));
    assert_int_equal(rog_connection_start(ssh, ARGV("true"), "/no/such/folder/log", &pid, &err),
                     ROG_EFAILED);
    free(number);
    free(group);
    free(collected);
    free(log);
    rog_connection_free(ssh);
}

static void files_are_transferred_completely(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_error err = {0};
    struct rog_connection *ssh = connect_to(NULL, bench->address[2]);
    char *local = in_folder(bench, "local file"), *remote = in_folder(bench, "new/it's a $file");
    size_t size = 3000001;
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    put(local, data, size);
    if (rog_connection_upload(ssh, local, remote, 0750, 60, &err))
        fail_msg("%s", err.message);
    char *back = NULL;
    size_t got = 0;
    struct stat info;
    assert_int_equal(rog_file_read(remote, 1 << 24, &back, &got, &err), ROG_OK);
    assert_int_equal(got, size);
    assert_memory_equal(back, data, size);
    assert_int_equal(stat(remote, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0750);
    free(back);

    put(local, "shorter", 7); /* replaces the existing file */
    if (rog_connection_upload(ssh, local, remote, 0600, 60, &err))
        fail_msg("%s", err.message);
    assert_int_equal(stat(remote, &info), 0);
    assert_int_equal(info.st_size, 7);

    struct collected *collected = calloc(1, sizeof *collected);
    uint64_t end = 0;
    assert_int_equal(rog_connection_download(ssh, remote, 3, collect, collected, &end, &err),
                     ROG_OK);
    assert_string_equal(collected->text, "rter");
    assert_int_equal(end, 7);
    assert_int_equal(rog_connection_download(ssh, remote, 99, collect, collected, &end, &err),
                     ROG_OK);
    assert_int_equal(end, 99);
    assert_int_equal(rog_connection_download(ssh, "/no/such", 0, collect, collected, &end, &err),
                     ROG_ENOTFOUND);

    put(local, data, 1 << 20);
    assert_int_equal(rog_connection_upload(ssh, local, bench->folder, 0600, 60, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "a folder is in the way"));
    assert_int_equal(rog_connection_upload(ssh, "/no/such", remote, 0600, 60, &err), ROG_ENOTFOUND);
    struct rog_command_result listing = run(ssh, ARGV("ls", bench->folder));
    assert_null(strstr(listing.output, ".part-")); /* nor beside the folder */
    rog_command_result_release(&listing);
    free(collected);
    free(data);
    free(local);
    free(remote);
    rog_connection_free(ssh);
}

static void a_full_disk_leaves_no_partial_file(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    struct rog_error err = {0};
    char *disk = in_folder(bench, "disk"), *local = in_folder(bench, "big");
    char *data = calloc(1, 1 << 20);
    put(local, data, 1 << 20);
    assert_int_equal(mkdir(disk, 0700), 0);
    /* The hosts see this machine's files, but have their own mounts. */
    struct rog_connection *ssh = connect_to(NULL, bench->address[1]);
    if (rog_connection_command(ssh, ARGV("mount", "-t", "tmpfs", "-o", "size=128k", "none", disk),
                               10, NULL, &err)) {
        printf("skipped: %s\n", err.message);
        rog_connection_free(ssh);
        free(data);
        free(local);
        free(disk);
        skip();
    }
    char *remote = rog_path_join(disk, "file");
    int code = rog_connection_upload(ssh, local, remote, 0600, 60, &err);
    struct rog_command_result listing = run(ssh, ARGV("ls", "-A", disk));
    bool empty = listing.output_bytes == 0;
    rog_command_result_release(&listing);
    struct rog_command_result unmounted = run(ssh, ARGV("umount", disk));
    rog_command_result_release(&unmounted);
    rog_connection_free(ssh);
    assert_int_equal(code, ROG_EIO);
    assert_non_null(strstr(err.message, "disk full"));
    assert_true(empty);
    free(remote);
    free(data);
    free(local);
    free(disk);
}

struct job {
    const struct lab_bench *bench;
    unsigned number;
    char problem[1200];
};

static void *work(void *user)
{
    struct job *job = user;
    struct rog_error err = {0};
    struct rog_connection *ssh = NULL;
    const struct rog_ssh_options options = lab_bench_options(job->bench->address[job->number % 3]);
    int code = rog_ssh_connect(&ssh, &options, &err);
    for (unsigned i = 0; i < 5 && !code; i++) {
        char *expected = rog_format("%u-%u\n", job->number, i), *output = NULL;
        char *script = rog_format("sleep 0.05; echo %u-%u", job->number, i);
        code = rog_connection_command(ssh, ARGV("sh", "-c", script), 20, &output, &err);
        if (!code && strcmp(output, expected) != 0)
            code = rog_fail(&err, ROG_EFAILED, "got %s for %s", output, expected);
        free(script);
        free(expected);
        free(output);
    }
    if (code)
        snprintf(job->problem, sizeof job->problem, "%s", err.message);
    rog_connection_free(ssh);
    return NULL;
}

static void connections_in_parallel(void **state)
{
    const struct lab_bench *bench = bench_of(state);
    enum { JOBS = 9 };
    pthread_t thread[JOBS];
    struct job *job = calloc(JOBS, sizeof *job);
    for (unsigned i = 0; i < JOBS; i++) {
        job[i] = (struct job){.bench = bench, .number = i};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &job[i]), 0);
    }
    for (unsigned i = 0; i < JOBS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < JOBS; i++)
        assert_string_equal(job[i].problem, "");
    free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoting),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(commands_run),
        cmocka_unit_test(timeouts_hold),
        cmocka_unit_test(a_host_that_hangs_is_given_up),
        cmocka_unit_test(unknown_hosts_are_rejected),
        cmocka_unit_test(only_the_right_key_opens),
        cmocka_unit_test(a_jump_is_taken),
        cmocka_unit_test(a_started_process_outlives_the_connection),
        cmocka_unit_test(files_are_transferred_completely),
        cmocka_unit_test(a_full_disk_leaves_no_partial_file),
        cmocka_unit_test(connections_in_parallel),
        cmocka_unit_test(a_cut_link_is_detected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
