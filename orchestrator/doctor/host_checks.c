/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a host: connection, machine, trainer, disk, clock, sensors, bandwidth. */
#include <orchestrator/doctor/host_probe.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <orchestrator/doctor/facts.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/ssh/quote.h>

#define CONNECT_TIMEOUT_S 10
#define COMMAND_TIMEOUT_S 30.0
#define FREE_KIB_WANTED (512 * 1024) /* a bundle, a data set, events and checkpoints of a run */
#define CLOCK_SAMPLES 3
#define CLOCK_OFF_S 1.0
/* Share of the lease for which it counts as fresh; it is renewed twice in that time. */
#define GRACE_PART 4
#define MAX_NAMED 3
#define PORTABLE_LIBC "glibc 2.31" /* what cmake/portable-bundle is built with */
#define STATUS_NOTHING 3           /* exit status of rog-trainer power without a sensor */

static double now_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double rog_host_probe_grace_s(const struct rog_host_probe *probe)
{
    return probe->options->cluster->lease_s / GRACE_PART;
}

/* Returns the trainer's own message about its failure, which may be preceded by output of the
 * shell's start-up files; or that of its dynamic linker, if it could not start. */
static const char *trainer_message(const char *errors)
{
    static const char mark[] = "rog-trainer: ";
    const char *last = "";
    for (const char *line = errors; *line; line += strspn(line, "\n")) {
        last = line;
        if (strncmp(line, mark, strlen(mark)) == 0)
            return line + strlen(mark);
        line += strcspn(line, "\n");
    }
    return *last ? last : "the trainer exited without output";
}

int rog_host_probe_trainer(struct rog_host_probe *probe, const char *const *arguments,
                           double timeout_s, char **output, int *status, struct rog_error *err)
{
    const char *argv[16] = {NULL};
    struct rog_command_result result;
    *output = NULL;
    char *program = rog_format("%s/" ROG_BUNDLE_PROGRAM, probe->tree);
    if (!program)
        return rog_fail_nomem(err);
    argv[0] = program;
    for (size_t i = 0; i < 14 && arguments[i]; i++)
        argv[i + 1] = arguments[i];
    int code = rog_connection_run(probe->connection, argv, timeout_s, &result, err);
    if (!code) {
        *status = result.status;
        *output = result.output;
        result.output = NULL;
        if (result.status != 0) {
            const char *said = trainer_message(result.errors ? result.errors : "");
            code = rog_fail(err, ROG_EFAILED, "%.*s", (int)strcspn(said, "\n"), said);
        }
        rog_command_result_release(&result);
    }
    free(program);
    return code;
}

/* --- the connection --- */

char *rog_host_probe_ssh(const struct rog_host_probe *probe)
{
    const char *file = rog_json_get_string(probe->options->cluster->own, "ssh_config", NULL);
    const char *user = rog_json_get_string(probe->settings, "user", NULL);
    char *flag = file ? rog_ssh_quote_word(file) : rog_strdup("");
    char *login = flag ? rog_format("ssh%s%s %s%s%s", file ? " -F " : "", flag, user ? user : "",
                                    user ? "@" : "", probe->host)
                       : NULL;
    free(flag);
    return login;
}

static void advise_to_try(struct rog_host_probe *probe)
{
    char *login = rog_host_probe_ssh(probe);
    if (login)
        ROG_ADVISE(probe,
                   "check that it is switched on, connected and running sshd: ping %s; %s true",
                   probe->host, login);
    free(login);
}

void rog_check_reach(struct rog_host_probe *probe)
{
    struct rog_error why = {0};
    const struct rog_cluster *cluster = probe->options->cluster;
    const struct rog_connect_options options = {
        .host = probe->host,
        .host_settings = probe->settings,
        .kind_settings = cluster->own,
        .timeout_s = CONNECT_TIMEOUT_S,
        .ask = rog_credentials_ask,
        .ask_user = probe->options->credentials,
    };
    double begin_s = now_s(CLOCK_MONOTONIC);
    int code = cluster->kind->connect(&probe->connection, &options, &why);
    probe->connect_s = now_s(CLOCK_MONOTONIC) - begin_s;
    if (!code)
        code = rog_facts_ask(probe->connection, &probe->facts, &why);
    if (!code) {
        probe->root = rog_strdup(rog_json_get_string(probe->facts, "root", ""));
        ROG_FOUND(probe, "reach", ROG_FINDING_GOOD, "logged in as %s within %.2f s",
                  rog_json_get_string(probe->facts, "user", "?"), probe->connect_s);
        return;
    }
    ROG_FOUND(probe, "reach", ROG_FINDING_BAD, "%s", why.message);
    if (strstr(why.message, ROG_CONNECTION_NO_SUCH_HOST))
        ROG_ADVISE(probe, "correct host in the cluster file, or set its address in /etc/hosts on "
                          "this machine or as HostName in ~/.ssh/config");
    else if (strstr(why.message, "cannot connect"))
        advise_to_try(probe);
    rog_connection_free(probe->connection);
    probe->connection = NULL;
}

void rog_check_machine(struct rog_host_probe *probe)
{
    const struct rog_json *lacks = rog_json_get(probe->facts, "lacks");
    char missing[256] = "";
    for (size_t i = 0; i < rog_json_size(lacks); i++) {
        size_t used = strlen(missing);
        snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                 rog_json_string(rog_json_at(lacks, i), ""));
    }
    const char *machine = rog_json_get_string(probe->facts, "machine", "unknown machine");
    const char *system = rog_json_get_string(probe->facts, "system", "unknown system");
    const char *libc = rog_json_get_string(probe->facts, "libc", NULL);
    const char *other = libc ? NULL : rog_json_get_string(probe->facts, "other_libc", NULL);
    const char *tools = rog_json_get_string(probe->facts, "tools", NULL);
    bool good = !missing[0] && !other;
    ROG_FOUND(probe, "machine", good ? ROG_FINDING_GOOD : ROG_FINDING_BAD, "%s, %s, %s%s%s%s%s",
              machine, system,
              libc    ? libc
              : other ? other
                      : "C library unknown",
              tools ? ", tools of " : "", tools ? tools : "", missing[0] ? "; missing: " : "",
              missing);
    if (other)
        ROG_ADVISE(probe, "the trainer needs the GNU C library, which this system lacks: use a "
                          "container there as the host (docs/containers.md)");
    else if (missing[0])
        ROG_ADVISE(probe,
                   "install the tools that deployment needs there: coreutils, findutils, sed, "
                   "util-linux%s",
                   tools ? " (busybox lacks some of them)" : "");
}

/* --- the trainer --- */

/* Reports why the trainer cannot be deployed, or does not run there. */
static void found_no_trainer(struct rog_host_probe *probe, const char *what, struct rog_error *why)
{
    bool old = rog_bundle_explain(why);
    ROG_FOUND(probe, "trainer", ROG_FINDING_BAD, "%s%s", old ? "" : what, why->message);
    if (!old)
        return;
    if (strverscmp(rog_json_get_string(probe->facts, "libc", ""), PORTABLE_LIBC) >= 0)
        ROG_ADVISE(
            probe,
            "run `sudo cmake/portable-bundle %s` in rogctl's source folder and set the variable "
            "that it prints (docs/cluster-setup.md, Older hosts and other architectures)",
            rog_json_get_string(probe->facts, "machine", ""));
    else
        ROG_ADVISE(probe, "there are bundles for " PORTABLE_LIBC " (Ubuntu 20.04, Debian 11) and "
                          "later: install a newer system there");
}

/* Checks whether the deployed copy runs. */
static void try_trainer(struct rog_host_probe *probe, const struct rog_deploy_report *report,
                        double took_s)
{
    const char *const arguments[] = {"--version", NULL};
    char *said = NULL, wanted[128];
    struct rog_error why = {0};
    int status = 0;
    snprintf(wanted, sizeof wanted, "rog-trainer %s\n", probe->options->version);
    int code = rog_host_probe_trainer(probe, arguments, COMMAND_TIMEOUT_S, &said, &status, &why);
    if (code) {
        found_no_trainer(probe, "the trainer does not run there: ", &why);
    } else if (strcmp(said ? said : "", wanted) != 0) {
        ROG_FOUND(probe, "trainer", ROG_FINDING_BAD, "its bundle is %.*s, this is rogctl %s",
                  said ? (int)strcspn(said, "\n") : 0, said ? said : "", probe->options->version);
        ROG_ADVISE(probe, "rebuild the bundle for %s machines",
                   rog_json_get_string(probe->facts, "machine", "its"));
    } else if (report->files) {
        ROG_FOUND(probe, "trainer", ROG_FINDING_GOOD,
                  "deployed in %.2f s: %zu files, %.1f MB, %.1f MB of them on the link", took_s,
                  report->files, 1e-6 * (double)report->bytes,
                  1e-6 * (double)report->bytes_on_link);
        free(said);
        return;
    } else {
        ROG_FOUND(probe, "trainer", ROG_FINDING_GOOD, "already deployed, checked in %.2f s",
                  took_s);
        free(said);
        return;
    }
    free(said);
    free(probe->tree);
    probe->tree = NULL;
}

void rog_check_trainer(struct rog_host_probe *probe)
{
    struct rog_error why = {0};
    struct rog_deploy_report report = {0};
    size_t count = 0;
    const char *machine = rog_json_get_string(probe->facts, "machine", "unknown");
    const struct rog_bundle *bundle;
    if (rog_bundle_cache_take(probe->cache, machine, &bundle, &why) != ROG_OK) {
        ROG_FOUND(probe, "trainer", ROG_FINDING_BAD, "%s", why.message);
        return;
    }
    const struct rog_deploy_item *items = rog_bundle_items(bundle, &count);
    double begin_s = now_s(CLOCK_MONOTONIC);
    if (rog_deploy_tree(probe->connection, items, count, &probe->tree, &report, &why) == ROG_OK) {
        try_trainer(probe, &report, now_s(CLOCK_MONOTONIC) - begin_s);
    } else {
        found_no_trainer(probe, "", &why);
    }
}

/* --- resources --- */

void rog_check_disk(struct rog_host_probe *probe)
{
    long long kib = strtoll(rog_json_get_string(probe->facts, "free_kib", "0"), NULL, 10);
    bool writable = strcmp(rog_json_get_string(probe->facts, "writable", "no"), "yes") == 0;
    bool good = writable && kib >= FREE_KIB_WANTED;
    ROG_FOUND(probe, "disk", good ? ROG_FINDING_GOOD : ROG_FINDING_BAD, "%.1f GiB free for %s%s",
              (double)kib / 1048576, probe->root, writable ? "" : ", which is not writable");
    if (!writable)
        ROG_ADVISE(probe, "make %s writable for %s, or set XDG_CACHE_HOME there", probe->root,
                   rog_json_get_string(probe->facts, "user", "the user"));
    else if (!good)
        ROG_ADVISE(probe, "free disk space; a run needs %d MiB", FREE_KIB_WANTED / 1024);
}

void rog_check_clock(struct rog_host_probe *probe)
{
    const char *const argv[] = {"date", "+%s.%N", NULL};
    double best_s = INFINITY, offset_s = 0;
    struct rog_error why = {0};
    int code = ROG_OK;
    for (int i = 0; i < CLOCK_SAMPLES && !code; i++) {
        char *said = NULL;
        double before_s = now_s(CLOCK_REALTIME);
        code = rog_connection_command(probe->connection, argv, COMMAND_TIMEOUT_S, &said, &why);
        double after_s = now_s(CLOCK_REALTIME);
        const char *point = code ? NULL : strchr(said, '.');
        bool whole = !point || !isdigit((unsigned char)point[1]);
        double span_s = after_s - before_s + whole; /* busybox's date has a resolution of seconds */
        if (!code && span_s < best_s) {
            best_s = span_s;
            offset_s = strtod(said, NULL) + whole / 2.0 - (before_s + after_s) / 2;
        }
        free(said);
    }
    if (code) {
        ROG_FOUND(probe, "clock", ROG_FINDING_BAD, "%s", why.message);
        return;
    }
    double doubt_s = best_s / 2; /* uncertainty of when the host read its clock */
    bool good = fabs(offset_s) <= CLOCK_OFF_S + doubt_s;
    if (fabs(offset_s) <= doubt_s)
        ROG_FOUND(probe, "clock", ROG_FINDING_GOOD, "correct within %.3f s", doubt_s);
    else
        ROG_FOUND(probe, "clock", good ? ROG_FINDING_GOOD : ROG_FINDING_NOTE,
                  "%+.3f s off, within %.3f s", offset_s, doubt_s);
    if (!good)
        ROG_ADVISE(probe, "times in its logs will be off (times of events will not, they count "
                          "from the start of the run): apt-get install chrony, with the server as "
                          "its source if there is no internet");
}

void rog_check_power_mode(struct rog_host_probe *probe)
{
    const char *governor = rog_json_get_string(probe->facts, "governor", NULL);
    const char *mode = rog_json_get_string(probe->facts, "power_mode", NULL);
    bool good = !governor || strcmp(governor, "performance") == 0;
    ROG_FOUND(probe, "power mode", good ? ROG_FINDING_GOOD : ROG_FINDING_NOTE, "%s%s%s%s%s",
              mode ? mode : "", mode ? ", " : "", governor ? "governor " : "",
              governor ? governor : "", governor || mode ? "" : "nothing to set there");
    if (!good)
        ROG_ADVISE(probe, "%s; otherwise the time of a step depends on the load before it",
                   mode ? "sudo nvpmodel -m 0; sudo jetson_clocks"
                        : "echo performance | sudo tee "
                          "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
}

void rog_check_sensors(struct rog_host_probe *probe)
{
    const char *const arguments[] = {"power", "--seconds", "0", "--json", NULL};
    char *said = NULL;
    int status = 0;
    struct rog_error why = {0};
    struct rog_json *answer = NULL;
    if (!probe->tree)
        return;
    int code = rog_host_probe_trainer(probe, arguments, COMMAND_TIMEOUT_S, &said, &status, &why);
    if (!code)
        code = rog_json_parse(said, strlen(said), "the answer of rog-trainer power", &answer, &why);
    if (!code) {
        ROG_FOUND(probe, "sensors", ROG_FINDING_GOOD, "energy is measured by %s",
                  rog_json_get_string(answer, "source", "a sensor"));
    } else {
        ROG_FOUND(probe, "sensors", ROG_FINDING_NOTE, "%s", why.message);
        if (status != STATUS_NOTHING)
            ROG_ADVISE(probe, "energy comes from the profile's power model until this is fixed");
    }
    rog_json_free(answer);
    free(said);
}

/* Returns whether a rogctl is executing the run on this host. */
static bool is_active(const struct rog_host_probe *probe, const struct rog_json *run)
{
    int64_t age_s = rog_json_get_integer(run, "age_s", -1);
    return age_s >= 0 && (double)age_s < rog_host_probe_grace_s(probe);
}

static size_t runs_at_work(const struct rog_host_probe *probe)
{
    const struct rog_json *runs = rog_json_get(probe->facts, "runs");
    size_t count = 0;
    for (size_t i = 0; i < rog_json_size(runs); i++)
        count += is_active(probe, rog_json_at(runs, i));
    return count;
}

/* --- shaping --- */

/* Reports what prevents shaping, and what to do about it. */
static void explain(struct rog_host_probe *probe, const struct rog_json *shaping, const char *iface)
{
    static const char paced[] = "the bandwidth will be paced in user space";
    const char *user = rog_json_get_string(probe->facts, "user", "the user");
    const char *obstacle = rog_json_get_string(shaping, "obstacle", "");
    if (!rog_json_get_bool(shaping, "tools", false)) {
        ROG_FOUND(probe, "shaping", ROG_FINDING_NOTE, "tc or ip is not installed: %s", paced);
        ROG_ADVISE(probe, "apt-get install iproute2");
    } else if (!rog_json_get_bool(shaping, "interface", false)) {
        ROG_FOUND(probe, "shaping", ROG_FINDING_BAD, "there is no interface %s", iface);
        ROG_ADVISE(probe, "`ip -br link` there lists them; correct iface in the cluster file");
    } else if (obstacle[0]) {
        ROG_FOUND(probe, "shaping", ROG_FINDING_NOTE,
                  "%s has a qdisc of another program (%s), which rogctl does not replace: %s",
                  iface, obstacle, paced);
        ROG_ADVISE(probe, "sudo tc qdisc del dev %s root, if it is not needed", iface);
    } else if (!rog_json_get_bool(shaping, "permitted", false)) {
        ROG_FOUND(probe, "shaping", ROG_FINDING_NOTE,
                  "%s is not permitted to use tc and ip on interfaces: %s", user, paced);
        ROG_ADVISE(probe, "let it run both with sudo and no password (docs/cluster-setup.md, The "
                          "right to shape), or log in as root");
    } else {
        ROG_FOUND(probe, "shaping", ROG_FINDING_NOTE, "the kernel cannot shape %s (tbf %s): %s",
                  iface, rog_json_get_bool(shaping, "tbf", false) ? "yes" : "no", paced);
        ROG_ADVISE(probe, "modprobe sch_tbf, or a kernel that has it");
    }
}

static void judge_probe(struct rog_host_probe *probe, const struct rog_json *shaping,
                        const char *iface)
{
    bool egress = rog_json_get_bool(shaping, "egress", false);
    bool ingress = rog_json_get_bool(shaping, "ingress", false);
    bool downlink = rog_json_get_bool(shaping, "downlink", false);
    bool at_server = probe->options->cluster->downlink_at_server;
    if (probe->role == ROG_PROBE_SERVER && downlink)
        ROG_FOUND(probe, "shaping", ROG_FINDING_GOOD,
                  "the traffic that %s sends can be shaped for each worker", iface);
    else if (probe->role == ROG_PROBE_WORKER && egress && at_server)
        ROG_FOUND(
            probe, "shaping", ROG_FINDING_GOOD,
            "traffic that %s sends can be shaped; the server shapes what it receives (downlink)",
            iface);
    else if (probe->role == ROG_PROBE_WORKER && egress && ingress)
        ROG_FOUND(probe, "shaping", ROG_FINDING_GOOD, "%s can be shaped in both directions", iface);
    else if (probe->role == ROG_PROBE_WORKER && egress) {
        ROG_FOUND(probe, "shaping", ROG_FINDING_NOTE,
                  "traffic that %s sends can be shaped, but not what it receives (ifb %s, mirred "
                  "%s, u32 %s): the server shapes that",
                  iface, rog_json_get_bool(shaping, "ifb", false) ? "yes" : "no",
                  rog_json_get_bool(shaping, "mirred", false) ? "yes" : "no",
                  rog_json_get_bool(shaping, "u32", false) ? "yes" : "no");
        ROG_ADVISE(probe, "give the server an iface in the cluster file, too; or modprobe ifb");
    } else
        explain(probe, shaping, iface);
    if (rog_json_get_bool(shaping, "left_over", false) && !runs_at_work(probe)) {
        ROG_FOUND(probe, "left-over shaping", ROG_FINDING_NOTE,
                  "%s is still shaped for a run; the next run restores it", iface);
        ROG_ADVISE(probe, "if no run is active: rogctl doctor --cluster %s --clean",
                   probe->options->cluster->path);
    }
}

void rog_check_shaping(struct rog_host_probe *probe)
{
    const char *iface = rog_json_get_string(probe->settings, "iface", NULL);
    const char *const arguments[] = {"shape", "--iface", iface, "--probe", "--json", NULL};
    char *said = NULL;
    int status = 0;
    struct rog_error why = {0};
    struct rog_json *shaping = NULL;
    if (!probe->tree)
        return;
    if (!iface) {
        bool server = probe->role == ROG_PROBE_SERVER;
        ROG_FOUND(probe, "shaping", server ? ROG_FINDING_GOOD : ROG_FINDING_NOTE, "%s",
                  server ? "the cluster file gives no iface: nothing is shaped here"
                         : "the cluster file gives no iface: the bandwidth will be paced in user "
                           "space");
        if (!server)
            ROG_ADVISE(probe, "iface = \"...\"; `ip -br link` there lists them");
        return;
    }
    int code = rog_host_probe_trainer(probe, arguments, COMMAND_TIMEOUT_S, &said, &status, &why);
    if (!code)
        code =
            rog_json_parse(said, strlen(said), "the answer of rog-trainer shape", &shaping, &why);
    if (!code)
        judge_probe(probe, shaping, iface);
    else
        ROG_FOUND(probe, "shaping", ROG_FINDING_BAD, "%s: %s", iface, why.message);
    if (code && strstr(why.message, "timed out"))
        ROG_ADVISE(probe, "if `time sudo -n tc qdisc` is slow there, sudo is looking up that "
                          "host's own name: add it to /etc/hosts there (127.0.1.1 NAME)");
    rog_json_free(shaping);
    free(said);
}

/* --- remains of earlier runs --- */

struct names {
    char text[3 * 128];
    size_t count;
};

static void add_name(struct names *names, const char *name, const char *remark)
{
    size_t used = strlen(names->text);
    if (names->count++ < MAX_NAMED)
        snprintf(names->text + used, sizeof names->text - used, "%s%.100s%s", used ? ", " : "",
                 name, remark);
}

void rog_check_left_over(struct rog_host_probe *probe)
{
    const struct rog_json *runs = rog_json_get(probe->facts, "runs");
    const struct rog_json *strays = rog_json_get(probe->facts, "strays");
    struct names left = {0};
    for (size_t i = 0; i < rog_json_size(runs); i++) {
        const struct rog_json *run = rog_json_at(runs, i);
        if (!is_active(probe, run))
            add_name(&left, rog_json_get_string(run, "name", ""),
                     rog_json_get_bool(run, "busy", false) ? " (still running)" : "");
    }
    for (size_t i = 0; i < rog_json_size(strays); i++)
        add_name(&left, rog_json_get_string(rog_json_at(strays, i), "what", ""), "");
    if (left.count) {
        ROG_FOUND(probe, "left-overs", ROG_FINDING_NOTE, "of earlier runs: %s%s", left.text,
                  left.count > MAX_NAMED ? ", ..." : "");
        ROG_ADVISE(probe, "rogctl doctor --cluster %s --clean", probe->options->cluster->path);
    } else {
        ROG_FOUND(probe, "left-overs", ROG_FINDING_GOOD, "%s",
                  runs_at_work(probe) ? "none; a run is active" : "none");
    }
}
