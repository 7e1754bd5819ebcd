/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile configurations, known hosts, agents and ssh programs: each is rejected with the reason,
 * or does no harm, and nothing takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <orchestrator/ssh/agent.h>
#include <orchestrator/ssh/known_hosts.h>
#include <orchestrator/ssh/proxy.h>
#include <orchestrator/ssh/quote.h>
#include <common/clock.h>
#include <orchestrator/ssh/resolve.h>
#include <orchestrator/ssh/ssh.h>

#include "folder_support.h"

#define HUGE_BYTES ((size_t)2 << 20)

static int set_up(void **state)
{
    return folder_open(state, "rog-ssh-hostile", "file");
}

static void put(const char *path, const void *data, size_t size)
{
    struct rog_error err = {0};
    if (rog_file_write(path, data, size, &err))
        fail_msg("%s", err.message);
}

/* Repeats `text`; heap memory. */
static char *repeated(const char *text, size_t bytes)
{
    size_t length = strlen(text), size = bytes / length * length;
    char *all = malloc(size + 1);
    assert_non_null(all);
    for (size_t i = 0; i < size; i++)
        all[i] = text[i % length];
    all[size] = '\0';
    return all;
}

/* Resolves the configuration f->path. `words` NULL: it must be usable. */
static void resolve(const struct folder_fixture *f, const char *path, const char *words,
                    struct rog_ssh_settings *settings)
{
    struct rog_error err = {0};
    const struct rog_ssh_target target = {.host = "srv", .config = f->path};
    char *before = rog_strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", path, 1), 0);
    int code = rog_ssh_settings_read(settings, &target, &err);
    setenv("PATH", before, 1);
    free(before);
    if (!words && code)
        fail_msg("%s", err.message);
    if (words && (!code || !strstr(err.message, words)))
        fail_msg("\"%s\" does not say \"%s\"", code ? err.message : "", words);
}

/* Resolves without an installed ssh. */
static void read_alone(const struct folder_fixture *f, const char *text, size_t size,
                       const char *words)
{
    struct rog_ssh_settings settings;
    put(f->path, text, size);
    resolve(f, "/nowhere", words, &settings);
    rog_ssh_settings_release(&settings);
}

static void configurations(void **state)
{
    const struct folder_fixture *f = *state;
    static const char nul[] = "Host srv\nUser root\0x\n";
    char *many = repeated("IdentityFile a\n", HUGE_BYTES), *text = NULL;
    read_alone(f, nul, sizeof nul - 1, "has a NUL byte");
    read_alone(f, many, strlen(many), "more than 100 of identityfile");
    free(many);
    text = rog_format("Include %s\n", f->path);
    read_alone(f, text, strlen(text), "include each other");
    free(text);
    many = repeated("Include /dev/null\n", HUGE_BYTES);
    read_alone(f, many, strlen(many), "includes more than 1000 files");
    free(many);
    many = repeated("x", HUGE_BYTES / 2);
    text = rog_format("User %s\n%s 1\nHost %s\n", many, many, many);
    read_alone(f, text, strlen(text), NULL);
    free(text);
    free(many);
    many = repeated("x", 5 * HUGE_BYTES);
    read_alone(f, many, strlen(many), "is larger than");
    free(many);
    many = repeated("\"\\", HUGE_BYTES / 2);
    text = rog_format("Host %s\nMatch host \"%s\n", many, many);
    read_alone(f, text, strlen(text), NULL);
    free(text);
    free(many);
    read_alone(f, "Match host\n", 11, "Match host has no pattern");
    read_alone(f, "Port 65536\n", 11, "Port 65536");
    read_alone(f, "HostName %z\n", 12, "variable or token");
    read_alone(f, "Include ~nobody-of-this-name/x\n", 31, "no home folder");
}

/* Unknown words are named, as many as fit into a message. */
static void many_unknown_words(void **state)
{
    const struct folder_fixture *f = *state;
    struct rog_ssh_settings settings;
    char *text = malloc(HUGE_BYTES), *end = text;
    assert_non_null(text);
    end += sprintf(end, "foobar 1\nfoo 1\nfoo 2\n");
    for (unsigned i = 0; end < text + HUGE_BYTES - 32; i++)
        end += sprintf(end, "x%u 1\n", i);
    put(f->path, text, (size_t)(end - text));
    free(text);
    resolve(f, "/nowhere", NULL, &settings);
    assert_memory_equal(settings.not_understood, "foobar, foo, x0, x1, ", 21);
    assert_true(strlen(settings.not_understood) < 320);
    assert_non_null(strstr(settings.not_understood, ", ..."));
    rog_ssh_settings_release(&settings);
}

static void pipes(void **state)
{
    const struct folder_fixture *f = *state;
    struct rog_ssh_settings settings;
    struct rog_known_line line;
    enum rog_known_host answer;
    struct rog_error err = {0};
    char *names[] = {f->path};
    const struct rog_ssh_names files = {names, 1};
    const struct rog_known_hosts known = {.files = {&files}, .name = "srv"};
    assert_int_equal(mkfifo(f->path, 0600), 0);
    resolve(f, "/nowhere", "is not a regular file", &settings);
    rog_ssh_settings_release(&settings);
    assert_int_equal(rog_known_hosts_find(&known, "ssh-ed25519", "AAAA", &answer, &line, &err),
                     ROG_EFORMAT);
}

static void ssh_programs(void **state)
{
    const struct folder_fixture *f = *state;
    static const struct {
        const char *script, *words;
    } programs[] = {
        {"echo 'no such option' >&2; exit 255", "no such option"},
        {"exit 1", "failed without output"},
        {"kill -9 $$", "signal 9"},
        {"true", "does not print a configuration"},
        {"head -c 100000 /dev/urandom", "does not print a configuration"},
        {"echo hostname; echo user; echo port", "does not print a configuration"},
        {"yes hostname x", "wrote more than"},
        {"echo hostname srv; echo user me; echo port 99999999999999999999", "has Port 999"},
    };
    struct rog_ssh_settings settings;
    char *program = rog_path_join(f->folder, "ssh"), path[200];
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", f->folder);
    put(f->path, "", 0);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char *text = rog_format("#!/bin/sh\n%s\n", programs[i].script);
        put(program, text, strlen(text));
        free(text);
        assert_int_equal(chmod(program, 0700), 0);
        resolve(f, path, programs[i].words, &settings);
        rog_ssh_settings_release(&settings);
    }
    free(program);
}

static enum rog_known_host find_in(const char *text, const char *name)
{
    struct rog_known_line line;
    enum rog_known_host answer;
    struct rog_error err = {0};
    const struct rog_known_hosts known = {.more = text, .name = name, .port = 2222};
    if (rog_known_hosts_find(&known, "ssh-ed25519", "AAAA", &answer, &line, &err))
        fail_msg("%s", err.message);
    return answer;
}

static void known_hosts(void **state)
{
    (void)state;
    char *name = repeated("a", 250);
    static const char *const units[] = {"*a", "*a*",       "?*", "|1|",    "a,",
                                        "!",  "@revoked ", "\n", "a b c\n"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        char *many = repeated(units[i], HUGE_BYTES),
             *text = rog_format("%sb ssh-ed25519 AAAA\n", many);
        assert_int_not_equal(find_in(text, name), ROG_HOST_KNOWN);
        free(text);
        free(many);
    }
    assert_int_equal(find_in("*a*a?* ssh-ed25519 AAAA", name), ROG_HOST_KNOWN);
    assert_int_equal(find_in("|1|%%%|AAAA ssh-ed25519 AAAA", name), ROG_HOST_UNKNOWN);
    assert_int_equal(find_in("|1 ssh-ed25519 AAAA\n@\n@revoked\n a", name), ROG_HOST_UNKNOWN);
    char *longest = repeated("a", HUGE_BYTES);
    assert_int_equal(
        find_in("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= ssh-ed25519 AAAA",
                longest),
        ROG_HOST_UNKNOWN);
    free(longest);
    free(name);
}

/* ---- agents ---- */

struct fake_agent {
    int listening;
    const unsigned char *reply;
    size_t bytes;
};

static void *answer_once(void *user)
{
    const struct fake_agent *agent = user;
    unsigned char request[5]; /* its length, and the one byte that requests the keys */
    int fd = accept(agent->listening, NULL, NULL);
    if (fd >= 0 && recv(fd, request, sizeof request, MSG_WAITALL) > 0)
        (void)!send(fd, agent->reply, agent->bytes, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

/* Returns the number of keys of an agent that sends these bytes; -1: unusable. */
static int keys_of(const struct folder_fixture *f, const void *reply, size_t bytes)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct fake_agent fake = {socket(AF_UNIX, SOCK_STREAM, 0), reply, bytes};
    struct rog_agent *agent = NULL;
    struct rog_error err = {0};
    pthread_t thread;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    unlink(f->path);
    assert_int_equal(bind(fake.listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fake.listening, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_once, &fake), 0);
    int code = rog_agent_open(&agent, f->path, NULL, &err);
    pthread_join(thread, NULL);
    close(fake.listening);
    if (code)
        assert_int_equal(code, ROG_ENOTFOUND);
    int count = code ? -1 : (int)rog_agent_count(agent);
    rog_agent_free(agent);
    return count;
}

static void agents(void **state)
{
    const struct folder_fixture *f = *state;
#define KEYS_OF(text) keys_of(f, text, sizeof(text) - 1)
    assert_int_equal(KEYS_OF("\0\0\0\x13\x0c\0\0\0\1\0\0\0\4abcd\0\0\0\2hi"), 1);
    assert_int_equal(KEYS_OF("\0\0\0\5\x0c\xff\xff\xff\xff"), 0);
    assert_int_equal(KEYS_OF("\0\0\0\x0d\x0c\0\0\0\1\xff\xff\xff\xff"
                             "abcd"),
                     0);
    assert_int_equal(KEYS_OF("\0\0\0\x0d\x0c\0\0\0\2\0\0\0\4abcd"), 0);
    assert_int_equal(KEYS_OF("\0\0\0\x0d\x0c\0\0\0\1\0\0\0\0\0\0\0\0"), 1);
    assert_int_equal(KEYS_OF("\0\0\0\1\5"), 0);
    assert_int_equal(KEYS_OF("\0\0\0\1\x0c"), 0);
    assert_int_equal(KEYS_OF("\0\0\0\0"), -1);
    assert_int_equal(KEYS_OF("\xff\xff\xff\xff\x0c\0\0\0\1"), -1);
    assert_int_equal(KEYS_OF("\0\0\0\x40\x0c\0"), -1);
    assert_int_equal(KEYS_OF("GET"), -1);
}

/* ---- hanging hosts ---- */

#define PATIENCE_S 60.0  /* time limit that must not be used up */
#define SOON_S 20.0      /* limit on the slowest machine */
#define ASKED_IN_VAIN 3u /* number of times that `stopped` first returns false */

/* Writes a configuration in which the host srv is a port of this machine. */
static void lead_here(const struct folder_fixture *f, int listening)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 8), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &bytes), 0);
    char *text = rog_format("Host srv\n  HostName 127.0.0.1\n  Port %u\n  User root\n",
                            ntohs(address.sin_port));
    put(f->path, text, strlen(text));
    free(text);
}

static bool is_enough(void *user)
{
    return atomic_fetch_add((atomic_uint *)user, 1) >= ASKED_IN_VAIN;
}

/* Connects and checks the error; this must not take long. `is_stopped`: it is interrupted after a
 * while. */
static void connect_in_vain(const struct folder_fixture *f, double timeout_s, bool is_stopped,
                            int expected, const char *words)
{
    atomic_uint asked = 0;
    struct rog_connection *ssh = NULL;
    struct rog_error err = {0};
    const struct rog_ssh_options options = {.host = "srv",
                                            .config = f->path,
                                            .timeout_s = timeout_s,
                                            .stopped = is_stopped ? is_enough : NULL,
                                            .stopped_user = &asked};
    double began_s = rog_clock_s();
    assert_int_equal(rog_ssh_connect(&ssh, &options, &err), expected);
    assert_true(rog_clock_s() - began_s < SOON_S);
    assert_true(!is_stopped || asked > ASKED_IN_VAIN);
    if (!strstr(err.message, words))
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
}

/* Accepts connections, but sends nothing. */
static void a_silent_host(void **state)
{
    const struct folder_fixture *f = *state;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    lead_here(f, listening);
    connect_in_vain(f, 0.5, false, ROG_EFAILED, "in time");
    connect_in_vain(f, PATIENCE_S, true, ROG_EINTR, "interrupted");
    char *text = rog_format("Host srv\n  HostName 127.0.0.1\n  User root\n  ProxyCommand %s\n",
                            "sleep 1000");
    put(f->path, text, strlen(text));
    free(text);
    connect_in_vain(f, 0.5, false, ROG_EFAILED, "in time");
    connect_in_vain(f, PATIENCE_S, true, ROG_EINTR, "interrupted");
    close(listening);
}

static void an_ssh_that_hangs(void **state)
{
    const struct folder_fixture *f = *state;
    static const char script[] = "#!/bin/sh\nexec sleep 1000\n";
    char *program = rog_path_join(f->folder, "ssh"), *before = rog_strdup(getenv("PATH"));
    char *path = rog_format("%s:/usr/bin:/bin", f->folder);
    put(f->path, "", 0);
    put(program, script, sizeof script - 1);
    assert_int_equal(chmod(program, 0700), 0);
    assert_int_equal(setenv("PATH", path, 1), 0);
    connect_in_vain(f, PATIENCE_S, true, ROG_EINTR, "interrupted");
    setenv("PATH", before, 1);
    free(path);
    free(before);
    free(program);
}

/* ---- names ---- */

static void names(void **state)
{
    (void)state;
    static const char *const hosts[] = {"",    "-x",   "a b", "a;b",      "a`b`",   "$(b)",
                                        "a|b", "a\nb", "a'b", "a\x1b[2J", "a{b,c}", "a\\"};
    static const char *const users[] = {
        "", "-oProxyCommand=x", "a -o", "a;b", "a`b`", "$(b)", "a\n", "a'b", "a\\"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_false(rog_ssh_is_host_name(hosts[i]));
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        assert_false(rog_ssh_is_user_name(users[i]));
    assert_true(rog_ssh_is_host_name("fe80::1%eth0"));
    assert_true(rog_ssh_is_user_name("LAB\\robot"));
    assert_false(rog_ssh_is_user_name(NULL));
    static const char *const words[][2] = {{"/a/b-c.d", "/a/b-c.d"},
                                           {"", "''"},
                                           {"a b", "'a b'"},
                                           {"[a]:1", "'[a]:1'"},
                                           {"it's", "'it'\\''s'"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *word = rog_ssh_quote_word(words[i][0]);
        assert_string_equal(word, words[i][1]);
        free(word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(configurations, set_up, folder_close),
        cmocka_unit_test_setup_teardown(many_unknown_words, set_up, folder_close),
        cmocka_unit_test_setup_teardown(pipes, set_up, folder_close),
        cmocka_unit_test_setup_teardown(ssh_programs, set_up, folder_close),
        cmocka_unit_test(known_hosts),
        cmocka_unit_test_setup_teardown(agents, set_up, folder_close),
        cmocka_unit_test_setup_teardown(a_silent_host, set_up, folder_close),
        cmocka_unit_test_setup_teardown(an_ssh_that_hangs, set_up, folder_close),
        cmocka_unit_test(names),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
