/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and removes the lab: namespaces, links, a bridge, and an sshd for each host. */
#include <orchestrator/lab/lab.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/json.h>
#include <common/process.h>
#include <orchestrator/lab/keys.h>

#define BRIDGE "roglab-br"
#define SPACE "roglab"  /* namespaces: roglab0 ... */
#define VETH "roglab-v" /* this machine's ends of the links */
#define HERE 254        /* last number of this machine's address on the bridge */
#define FIRST_NET 77    /* 10.213.77.0/24, or the next unused one */
#define LAST_NET 177
#define COMMAND_TIMEOUT_S 60
#define START_PATIENCE_S 10.0
#define END_PATIENCE_S 5.0
#define PRIVSEP_DIR "/run/sshd" /* compiled into sshd */
#define PRIVSEP_MARK ROG_LAB_DIR "/made-run-sshd"
#define MAX_WORDS 24

static void nap(void)
{
    const struct timespec step = {0, 20000000};
    nanosleep(&step, NULL);
}

/* Runs a command given as a line of words. `output` may be NULL. */
static int command(char **output, struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int command(char **output, struct rog_error *err, const char *format, ...)
{
    char line[512];
    const char *argv[MAX_WORDS + 1] = {NULL};
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof line)
        return rog_fail(err, ROG_EINVAL, "a command of more than %zu bytes", sizeof line);
    char *rest = line;
    for (size_t i = 0; rest && i < MAX_WORDS; i++)
        argv[i] = strsep(&rest, " ");
    int code = rog_process_run(argv, COMMAND_TIMEOUT_S, output, err);
    if (code == ROG_ENOTFOUND)
        rog_fail_prefix(err, "install the package %s",
                        strcmp(argv[0], "ip") == 0 ? "iproute2" : "openssh-server");
    return code;
}

static int need_root(struct rog_error *err)
{
    if (geteuid() == 0)
        return ROG_OK;
    return rog_fail(err, ROG_EINVAL,
                    "the lab is made of network namespaces: run this as root or with sudo");
}

/* --- status --- */

static bool is_space(const char *name, unsigned *number)
{
    char *end = NULL;
    if (strncmp(name, SPACE, strlen(SPACE)) != 0 || name[strlen(SPACE)] < '0' ||
        name[strlen(SPACE)] > '9')
        return false;
    unsigned long value = strtoul(name + strlen(SPACE), &end, 10);
    *number = (unsigned)value;
    return *end == '\0' && value <= ROG_LAB_MAX_WORKERS;
}

/* Sets present[k] for each existing namespace of the lab. */
static int find_spaces(bool present[ROG_LAB_MAX_WORKERS + 1], struct rog_error *err)
{
    char *text = NULL;
    memset(present, 0, ROG_LAB_MAX_WORKERS + 1);
    int code = command(&text, err, "ip netns list");
    char *rest = text;
    for (char *line = text ? strsep(&rest, "\n") : NULL; line; line = strsep(&rest, "\n")) {
        unsigned number;
        line[strcspn(line, " ")] = '\0'; /* "name (id: 3)" */
        if (is_space(line, &number))
            present[number] = true;
    }
    free(text);
    return code;
}

/* Reads a host's address from its sshd_config. */
static void read_address(struct rog_lab_host *host)
{
    char *text = NULL, *path = rog_format("%s/host%u/sshd_config", ROG_LAB_DIR, host->number);
    size_t size;
    host->address[0] = '\0';
    if (path && rog_file_read(path, 65536, &text, &size, NULL) == ROG_OK) {
        const char *found = strstr(text, "ListenAddress ");
        found = found ? found + strlen("ListenAddress ") : "";
        snprintf(host->address, sizeof host->address, "%.*s", (int)strcspn(found, ":\n"), found);
    }
    free(text);
    free(path);
}

/* Returns the process in a host's sshd.pid, if it is still an sshd; otherwise 0. */
static pid_t find_sshd(unsigned number)
{
    char *text = NULL, *path = rog_format("%s/host%u/sshd.pid", ROG_LAB_DIR, number);
    char name[64] = "";
    size_t size;
    long pid = 0;
    if (path && rog_file_read(path, 64, &text, &size, NULL) == ROG_OK)
        pid = strtol(text, NULL, 10);
    free(text);
    free(path);
    path = pid > 1 ? rog_format("/proc/%ld/comm", pid) : NULL;
    text = NULL;
    if (path && rog_file_read(path, 64, &text, &size, NULL) == ROG_OK)
        snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    free(path);
    /* A zombie has no program. */
    char exe[64], program[8];
    snprintf(exe, sizeof exe, "/proc/%ld/exe", pid);
    bool runs = pid > 1 && readlink(exe, program, sizeof program) > 0;
    return runs && strcmp(name, "sshd") == 0 ? (pid_t)pid : 0;
}

int rog_lab_status(struct rog_lab_status *status, struct rog_error *err)
{
    bool present[ROG_LAB_MAX_WORKERS + 1];
    *status = (struct rog_lab_status){0};
    int code = find_spaces(present, err);
    if (code)
        return code;
    status->complete = rog_file_exists(ROG_LAB_CLUSTER);
    for (unsigned k = 0; k <= ROG_LAB_MAX_WORKERS; k++) {
        if (!present[k])
            continue;
        struct rog_lab_host *host = &status->host[status->count++];
        host->number = k;
        snprintf(host->space, sizeof host->space, SPACE "%u", k);
        read_address(host);
        host->sshd = find_sshd(k);
        status->complete &= host->sshd != 0 && k + 1 == status->count;
    }
    status->complete &= status->count >= 2;
    char *next = rog_format("%s/host%u", ROG_LAB_DIR, status->count);
    status->complete &= next && !rog_file_exists(next); /* a namespace was deleted */
    free(next);
    return ROG_OK;
}

/* --- down --- */

/* Ends everything that runs in a namespace: sshd, its sessions and what they started. */
static int end_processes(unsigned number, struct rog_error *err)
{
    double begin_s = rog_clock_s();
    int signal = SIGTERM;
    for (;;) {
        char *text = NULL;
        int code = command(&text, err, "ip netns pids " SPACE "%u", number);
        if (code)
            return code;
        bool any = false;
        for (char *at = text; *at; at += strspn(at, " \n")) {
            char *end = at;
            long pid = strtol(at, &end, 10);
            if (end == at)
                break;
            at = end;
            any = true;
            if (pid > 1 && pid != getpid() && signal)
                kill((pid_t)pid, signal);
        }
        free(text);
        if (!any)
            return ROG_OK;
        double waited_s = rog_clock_s() - begin_s;
        signal = waited_s > 1 ? SIGKILL : 0;
        if (waited_s > END_PATIENCE_S)
            return rog_fail(err, ROG_EFAILED, "a process in " SPACE "%u does not exit", number);
        nap();
    }
}

/* Network namespaces, identified by their inodes. */
struct space_set {
    ino_t space[ROG_LAB_MAX_WORKERS + 1];
    unsigned count;
};

static bool in_set(const struct space_set *set, ino_t space)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->space[i] == space)
            return true;
    return false;
}

/* Returns the namespace ("net", "pid") of a process; 0 if unknown. */
static ino_t space_of(const char *pid, const char *kind)
{
    struct stat info = {0};
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/ns/%.8s", pid, kind);
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* Returns whether the process is an sshd with a configuration of the lab. */
static bool is_lab_sshd(const char *pid)
{
    static const char mark[] = ROG_LAB_DIR "/host";
    char path[64], *text = NULL;
    size_t size = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    if (rog_file_read(path, 64, &text, &size, NULL) == ROG_OK && strcmp(text, "sshd\n") == 0) {
        free(text);
        text = NULL;
        snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
        found = rog_file_read(path, 65536, &text, &size, NULL) == ROG_OK &&
                memmem(text, size, mark, strlen(mark)) != NULL;
    }
    free(text);
    return found;
}

/* Adds the namespaces of the lab's sshds to the set, then sends the signal (unless 0) to all
 * processes in them. Returns the number of these processes. */
static unsigned visit_lost(struct space_set *set, int signal)
{
    struct dirent **entries = NULL;
    unsigned running = 0;
    ino_t own = space_of("self", "net"), own_pids = space_of("self", "pid");
    int count = scandir("/proc", &entries, NULL, NULL);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            const char *pid = entries[i]->d_name;
            ino_t space = pid[0] >= '0' && pid[0] <= '9' ? space_of(pid, "net") : 0;
            if (!space || space == own || space_of(pid, "pid") != own_pids)
                continue; /* a container may have its own lab */
            if (pass == 0 && !in_set(set, space) && set->count <= ROG_LAB_MAX_WORKERS &&
                is_lab_sshd(pid))
                set->space[set->count++] = space;
            if (pass == 1 && in_set(set, space)) {
                running++;
                if (signal)
                    kill((pid_t)strtol(pid, NULL, 10), signal);
            }
        }
    }
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return running;
}

/* Ends hosts whose namespace has lost its name (ip netns del) while its sshd kept running. */
static int end_lost_hosts(bool *any, struct rog_error *err)
{
    struct space_set set = {.count = 0};
    double begin_s = rog_clock_s();
    for (int signal = SIGTERM; visit_lost(&set, signal);) {
        double waited_s = rog_clock_s() - begin_s;
        *any = true;
        signal = waited_s > 1 ? SIGKILL : 0;
        if (waited_s > END_PATIENCE_S)
            return rog_fail(err, ROG_EFAILED, "a process of a deleted lab host does not exit");
        nap();
    }
    return ROG_OK;
}

int rog_lab_down(bool *found, struct rog_error *err)
{
    bool present[ROG_LAB_MAX_WORKERS + 1], any = rog_file_exists(ROG_LAB_DIR);
    int code = need_root(err);
    if (!code)
        code = find_spaces(present, err);
    if (code)
        return code;
    /* Continues after an error, to remove as much as possible; the first error is returned. */
    struct rog_error later;
    for (unsigned k = 0; k <= ROG_LAB_MAX_WORKERS; k++) {
        char veth[IF_NAMESIZE];
        snprintf(veth, sizeof veth, VETH "%u", k);
        if (present[k]) {
            any = true;
            int failed = end_processes(k, code ? &later : err);
            code = code ? code : failed;
            failed = command(NULL, code ? &later : err, "ip netns del " SPACE "%u", k);
            code = code ? code : failed;
        }
        /* The link disappears with its namespace, a little later. */
        if (if_nametoindex(veth)) {
            any = true;
            command(NULL, &later, "ip link del dev %s", veth);
        }
    }
    int lost = end_lost_hosts(&any, code ? &later : err);
    code = code ? code : lost;
    if (if_nametoindex(BRIDGE)) {
        any = true;
        int failed = command(NULL, code ? &later : err, "ip link del dev " BRIDGE);
        code = code ? code : failed;
    }
    if (rog_file_exists(PRIVSEP_MARK))
        rmdir(PRIVSEP_DIR);
    int failed = rog_dir_remove(ROG_LAB_CACHE_DIR, code ? &later : err);
    code = code ? code : failed;
    failed = rog_dir_remove(ROG_LAB_DIR, code ? &later : err);
    if (found)
        *found = any;
    return code ? code : failed;
}

/* --- up --- */

/* Chooses a net that no interface and no route of this machine uses: "10.213.77.". */
static int choose_net(char prefix[ROG_LAB_PREFIX_BYTES], struct rog_error *err)
{
    char *routes = NULL;
    int code = command(&routes, err, "ip -4 route show table all");
    for (unsigned net = FIRST_NET; !code && net <= LAST_NET; net++) {
        snprintf(prefix, ROG_LAB_PREFIX_BYTES, "10.213.%u.", net);
        if (!strstr(routes, prefix)) {
            free(routes);
            return ROG_OK;
        }
    }
    free(routes);
    return code ? code
                : rog_fail(err, ROG_EFAILED,
                           "all nets from 10.213.%d.0/24 to 10.213.%d.0/24 are "
                           "in use here",
                           FIRST_NET, LAST_NET);
}

static int make_bridge(const char *prefix, struct rog_error *err)
{
    int code = command(NULL, err, "ip link add name " BRIDGE " type bridge");
    if (!code)
        code = command(NULL, err, "ip address add %s%d/24 dev " BRIDGE, prefix, HERE);
    if (!code)
        code = command(NULL, err, "ip link set dev " BRIDGE " up");
    return code;
}

static int make_space(unsigned k, const char *prefix, struct rog_error *err)
{
    int code = command(NULL, err, "ip netns add " SPACE "%u", k);
    if (!code)
        code =
            command(NULL, err,
                    "ip link add name " VETH "%u type veth peer name eth0 netns " SPACE "%u", k, k);
    if (!code)
        code = command(NULL, err, "ip link set dev " VETH "%u master " BRIDGE " up", k);
    if (!code)
        code = command(NULL, err, "ip -n " SPACE "%u link set dev lo up", k);
    if (!code)
        code =
            command(NULL, err, "ip -n " SPACE "%u address add %s%u/24 dev eth0", k, prefix, k + 1);
    if (!code)
        code = command(NULL, err, "ip -n " SPACE "%u link set dev eth0 up", k);
    if (!code)
        code = command(NULL, err, "ip -n " SPACE "%u route add default via %s%d", k, prefix, HERE);
    return code;
}

/* sshd must be started by its absolute path. */
static int find_sshd_program(const char **path, struct rog_error *err)
{
    static const char *const places[] = {"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        *path = places[i];
        if (access(places[i], X_OK) == 0)
            return ROG_OK;
    }
    return rog_fail(err, ROG_ENOTFOUND,
                    "sshd is not installed: install the package openssh-server (its own service "
                    "need not run)");
}

static int start_sshd(unsigned k, const char *prefix, const char *sshd, struct rog_error *err)
{
    char address[ROG_LAB_ADDRESS_BYTES];
    snprintf(address, sizeof address, "%s%u", prefix, k + 1);
    int code = rog_lab_make_host(k, address, err);
    if (!code)
        code = command(NULL, err,
                       "ip netns exec " SPACE "%u %s -f " ROG_LAB_DIR
                       "/host%u/sshd_config -E " ROG_LAB_DIR "/host%u/sshd.log",
                       k, sshd, k, k);
    return code;
}

/* Waits until sshd accepts connections. */
static int await_sshd(unsigned k, const char *prefix, struct rog_error *err)
{
    char address[ROG_LAB_ADDRESS_BYTES];
    snprintf(address, sizeof address, "%s%u", prefix, k + 1);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(22)};
    inet_pton(AF_INET, address, &to.sin_addr);
    for (double until_s = rog_clock_s() + START_PATIENCE_S; rog_clock_s() < until_s; nap()) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd end = {.fd = fd, .events = POLLOUT};
        int cause = 0;
        socklen_t size = sizeof cause;
        bool open = fd >= 0 &&
                    (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS) &&
                    poll(&end, 1, 1000) == 1 &&
                    getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size) == 0 && cause == 0;
        if (fd >= 0)
            close(fd);
        if (open && find_sshd(k))
            return ROG_OK;
    }
    return rog_fail(err, ROG_EFAILED,
                    "sshd of host %u does not answer at %s:22 (its log is %s/host%u/sshd.log; is a "
                    "firewall in the way of " BRIDGE "?)",
                    k, address, ROG_LAB_DIR, k);
}

static int make_privsep(struct rog_error *err)
{
    if (mkdir(PRIVSEP_DIR, 0755) == 0)
        return rog_file_write(PRIVSEP_MARK, "", 0, err);
    return errno == EEXIST ? ROG_OK
                           : rog_fail(err, ROG_EIO, "cannot create the folder %s: %s", PRIVSEP_DIR,
                                      strerror(errno));
}

static int build(unsigned count, struct rog_error *err)
{
    char prefix[ROG_LAB_PREFIX_BYTES];
    const char *sshd = NULL;
    int code = find_sshd_program(&sshd, err);
    if (!code)
        code = choose_net(prefix, err);
    if (!code)
        code = rog_lab_make_user_key(err);
    if (!code)
        code = make_privsep(err);
    if (!code)
        code = make_bridge(prefix, err);
    for (unsigned k = 0; k < count && !code; k++)
        code = make_space(k, prefix, err);
    for (unsigned k = 0; k < count && !code; k++)
        code = start_sshd(k, prefix, sshd, err);
    for (unsigned k = 0; k < count && !code; k++)
        code = await_sshd(k, prefix, err);
    if (!code)
        code = rog_lab_make_client(count, prefix, err);
    if (!code)
        code = rog_lab_make_cluster(count, prefix, err);
    return code;
}

int rog_lab_up(unsigned workers, struct rog_error *err)
{
    struct rog_lab_status *status = calloc(1, sizeof *status);
    if (!status)
        return rog_fail_nomem(err);
    int code = need_root(err);
    if (!code)
        code = rog_lab_status(status, err);
    if (!code && status->complete) {
        if (status->count != workers + 1)
            code = rog_fail(err, ROG_EBUSY, "a lab of %u workers is up; rogctl lab down removes it",
                            status->count - 1);
        goto out;
    }
    if (!code)
        code = rog_lab_down(NULL, err); /* remains of an earlier lab */
    if (!code)
        code = build(workers + 1, err);
    if (code && geteuid() == 0)
        rog_lab_down(NULL, NULL);
out:
    free(status);
    return code;
}
