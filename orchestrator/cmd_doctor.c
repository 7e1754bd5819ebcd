/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl doctor: checks this machine and a cluster's hosts. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/process.h>
#include <orchestrator/doctor/hosts.h>
#include <orchestrator/doctor/summary.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/prompt.h>

/* A sweep of four runs with their checkpoints needs less than this. */
#define FREE_BYTES_WANTED (1024.0 * 1024 * 1024)
#define ANSWER_S 10.0

/* Adds findings about this machine to a check. */
struct finder {
    struct rog_findings *findings;
    const char *check;
};
#define FOUND(finder, good, ...)                                 \
    rog_findings_add((finder)->findings, "", 0, (finder)->check, \
                     (good) ? ROG_FINDING_GOOD : ROG_FINDING_BAD, __VA_ARGS__)
#define ADVISE(finder, ...) rog_findings_advise((finder)->findings, __VA_ARGS__)

/* Gets the first line that `program --version` prints. */
static int ask_version(const char *program, char *answer, size_t bytes, struct rog_error *err)
{
    const char *const argv[] = {program, "--version", NULL};
    char *text = NULL;
    int code = rog_process_run(argv, ANSWER_S, &text, err);
    if (code < 0)
        return code;
    snprintf(answer, bytes, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return answer[0] ? 0 : rog_fail(err, ROG_EFAILED, "%s --version prints nothing", program);
}

static void check_gnuplot(const struct rog_cli *cli, const struct finder *f)
{
    (void)cli;
    char version[128];
    struct rog_error cause;
    char *path = rog_program_path("gnuplot");
    if (!path)
        FOUND(f, false, "gnuplot is not installed: figures cannot be drawn");
    else if (ask_version(path, version, sizeof version, &cause) < 0)
        FOUND(f, false, "%s", cause.message);
    else
        FOUND(f, true, "%s, %s", version, path);
    ADVISE(f, "apt-get install gnuplot-nox");
    free(path);
}

static void check_trainer(const struct rog_cli *cli, const struct finder *f)
{
    char version[128] = "", wanted[128];
    struct rog_error cause = {0};
    const char *ours = rog_cli_program(cli)->version;
    char *path = rog_fleet_trainer_path(&cause);
    snprintf(wanted, sizeof wanted, "rog-trainer %s", ours);
    if (!path || ask_version(path, version, sizeof version, &cause) < 0) {
        FOUND(f, false, "%s", cause.message);
        ADVISE(f, "install rog-trainer beside rogctl, or set ROG_TRAINER to its path");
    } else if (strcmp(version, wanted) != 0) {
        FOUND(f, false, "%s is %s, this is rogctl %s", path, version, ours);
        ADVISE(f, "install both from the same build");
    } else {
        FOUND(f, true, "%s, %s", version, path);
    }
    free(path);
}

struct plugin_count {
    size_t strategies, bad;
    char strategy[256], codec[256], error[512];
};

static void add_name(char names[256], const char *name)
{
    size_t used = strlen(names);
    snprintf(names + used, 256 - used, "%s%s", used ? ", " : "", name);
}

static int count_plugin(const char *path, const struct rog_plugin *plugin, const char *load_error,
                        void *user)
{
    struct plugin_count *count = user;
    (void)path;
    if (load_error) {
        count->bad++;
        snprintf(count->error, sizeof count->error, "%s", load_error);
    } else if (plugin->codec) {
        add_name(count->codec, plugin->codec->name);
    } else {
        add_name(count->strategy, plugin->strategy->name);
        count->strategies++;
    }
    return 0;
}

static void check_plugins(const struct rog_cli *cli, const struct finder *f)
{
    (void)cli;
    struct plugin_count count = {0};
    struct rog_error cause = {0};
    if (rog_plugin_each(count_plugin, &count, &cause) < 0)
        FOUND(f, false, "%s", cause.message);
    else if (count.bad)
        FOUND(f, false, "%s", count.error);
    else if (!count.strategies)
        FOUND(f, false, "no strategy plugins");
    else
        FOUND(f, true, "strategies %s%s%s", count.strategy, count.codec[0] ? "; codecs " : "",
              count.codec);
    ADVISE(f, "rebuild or reinstall the plugins; `rogctl plugins` lists them");
    char *missing = rog_plugin_missing_folder();
    if (missing) {
        FOUND(f, false, "ROG_PLUGIN_PATH names a folder that does not exist: %s", missing);
        ADVISE(f, "correct ROG_PLUGIN_PATH, folders with ':' between them");
    }
    free(missing);
}

static void check_cache(const struct rog_cli *cli, const struct finder *f)
{
    (void)cli;
    struct rog_error cause = {0};
    char *dir = rog_cache_dir(&cause);
    if (dir && rog_dir_make(dir, &cause) == 0 && access(dir, W_OK) == 0)
        FOUND(f, true, "cache folder %s", dir);
    else
        FOUND(f, false, "%s",
              cause.message[0] ? cause.message : "the cache folder is not writable");
    ADVISE(f, "set XDG_CACHE_HOME to a writable folder");
    free(dir);
}

static void check_disk(const struct rog_cli *cli, const struct finder *f)
{
    struct statvfs status;
    char *dir = rog_path_dir(rog_cli_string(cli, "db"));
    if (!dir || statvfs(dir, &status) != 0 || access(dir, W_OK) != 0) {
        FOUND(f, false, "folder of the database %s: %s", dir ? dir : "", strerror(errno));
        ADVISE(f, "choose another path with --db");
    } else {
        double bytes = (double)status.f_bavail * (double)status.f_frsize;
        FOUND(f, bytes >= FREE_BYTES_WANTED, "%.1f GiB free in %s", bytes / FREE_BYTES_WANTED, dir);
        ADVISE(f, "free disk space; a sweep of four runs may take 1 GiB");
    }
    free(dir);
}

static void check_database(const struct rog_cli *cli, const struct finder *f)
{
    struct rog_error cause = {0};
    struct rog_db *db = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, &cause);
    if (code == ROG_ENOTFOUND)
        FOUND(f, true, "no database %s yet; a sweep creates it", rog_cli_string(cli, "db"));
    else if (code < 0)
        FOUND(f, false, "%s", cause.message);
    else
        FOUND(f, true, "database %s", rog_db_path(db));
    rog_db_close(db);
}

static void check_cluster(const struct rog_cli *cli, const struct finder *f)
{
    struct rog_error cause = {0};
    struct rog_cluster *cluster = NULL;
    if (rog_command_cluster(cli, &cluster, &cause) < 0)
        FOUND(f, false, "%s", cause.message);
    else
        FOUND(f, true, "cluster %s: %s, %zu worker%s", cluster->name, cluster->kind->name,
              rog_json_size(cluster->workers), rog_json_size(cluster->workers) == 1 ? "" : "s");
    rog_cluster_free(cluster);
}

static const struct {
    const char *name;
    void (*check)(const struct rog_cli *cli, const struct finder *f);
} checks[] = {
    {"trainer", check_trainer}, {"plugins", check_plugins}, {"gnuplot", check_gnuplot},
    {"cache", check_cache},     {"disk", check_disk},       {"database", check_database},
    {"cluster", check_cluster},
};
#define CHECKS (sizeof checks / sizeof *checks)

/* Checks the hosts of the cluster, if it has any. An error in its file has already been reported as
 * a finding. */
static int visit_hosts(const struct rog_cli *cli, struct rog_findings *findings,
                       struct rog_error *err)
{
    struct rog_error ignored;
    struct rog_cluster *cluster = NULL;
    bool clean = rog_cli_flag(cli, "clean");
    int code = rog_command_cluster(cli, &cluster, clean ? err : &ignored);
    if (code < 0)
        return clean ? code : ROG_OK;
    if (!cluster->kind->has_hosts) {
        code = clean ? rog_fail(err, ROG_EINVAL,
                                "cluster %s has no hosts to clean up: it is of kind %s",
                                cluster->name, cluster->kind->name)
                     : ROG_OK;
        rog_cluster_free(cluster);
        return code;
    }
    struct rog_credentials *credentials = NULL;
    code = rog_credentials_new(&credentials, rog_prompt, NULL, err);
    char *trainer = rog_fleet_trainer_path(&ignored);
    const struct rog_doctor_options options = {.cluster = cluster,
                                               .credentials = credentials,
                                               .trainer = trainer ? trainer : "",
                                               .version = rog_cli_program(cli)->version,
                                               .force = rog_cli_flag(cli, "force")};
    const struct rog_output output = rog_output_of(cli);
    rog_remark(&output, "connecting to the hosts of cluster %s", cluster->name);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* connections to hosts may break */
    if (code == 0 && clean)
        code = rog_doctor_clean(&options, findings, err);
    else if (code == 0 && trainer)
        code = rog_doctor_hosts(&options, findings, err);
    signal(SIGPIPE, before);
    free(trainer);
    rog_credentials_free(credentials);
    rog_cluster_free(cluster);
    return code;
}

static struct rog_json *as_json(const struct rog_findings *findings)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct rog_finding *finding = &findings->list[i];
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "host", finding->host[0] ? finding->host : NULL);
        rog_json_put_string(row, "check", finding->check);
        rog_json_put_bool(row, "good", finding->level != ROG_FINDING_BAD);
        rog_json_put_string(row, "level", rog_finding_level_name(finding->level));
        rog_json_put_string(row, "finding", finding->what);
        rog_json_put_string(row, "hint", finding->hint[0] ? finding->hint : NULL);
        rog_json_append(list, row);
    }
    return list;
}

/* Prints findings under headings, and hints on lines of their own. */
static int print_findings(const struct rog_findings *findings, bool each, struct rog_error *err)
{
    static const char *const states[] = {"good", "note", "BAD"};
    char before[64];
    struct rog_summary summary;
    int code = rog_summary_make(&summary, findings, each, err);
    for (size_t i = 0; i < summary.count && !code; i++) {
        const struct rog_summary_row *row = &summary.row[i];
        if (!row->check) {
            rog_print("%s%s", i ? "\n" : "", row->text);
            continue;
        }
        snprintf(before, sizeof before, "  %-4s  %-17s  ", states[row->level], row->check);
        rog_print_wrapped(before, row->text);
        if (!row->hint)
            continue;
        char *hint = rog_format("hint: %s", row->hint);
        snprintf(before, sizeof before, "  %-4s  %-17s  ", "", "");
        rog_print_wrapped(before, hint ? hint : row->hint);
        free(hint);
    }
    rog_summary_release(&summary);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_findings findings = {0};
    bool clean = rog_cli_flag(cli, "clean");
    if (clean && !rog_cli_given(cli, "cluster"))
        return rog_fail(err, ROG_EINVAL, "--clean needs --cluster FILE");
    if (rog_cli_flag(cli, "force") && !clean)
        return rog_fail(err, ROG_EINVAL, "--force applies only to --clean");
    for (size_t i = 0; i < CHECKS && !clean; i++) {
        const struct finder finder = {&findings, checks[i].name};
        checks[i].check(cli, &finder);
    }
    int code = visit_hosts(cli, &findings, err);
    if (code == 0 && findings.lost)
        code = rog_fail_nomem(err);
    if (code == 0 && rog_cli_flag(cli, "json"))
        code = rog_print_json(as_json(&findings), err);
    else if (code == 0)
        code = print_findings(&findings, rog_cli_flag(cli, "verbose"), err);
    size_t bad = rog_findings_bad(&findings);
    if (code == 0 && bad)
        code = rog_fail(err, ROG_EFAILED, "%zu of %zu findings are bad", bad, findings.count);
    rog_findings_release(&findings);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "cluster",
     .type = ROG_SETTING_STRING,
     .help = "cluster file whose hosts are checked too; default: the one installed with rogctl"},
    {.name = "clean",
     .type = ROG_SETTING_FLAG,
     .help = "instead of checking, stop left-over runs on the cluster's hosts and remove deployed "
             "files; active runs, and hosts that a sweep holds, are left alone"},
    {.name = "force",
     .type = ROG_SETTING_FLAG,
     .help =
         "with --clean, also stop active runs of any user, as far as the SSH user is permitted to"},
    {.name = NULL},
};

const struct rog_command rog_cmd_doctor = {
    .name = "doctor",
    .usage = "[--cluster FILE [--clean [--force]]]",
    .summary = "Check this machine and a cluster's hosts, with a hint for each finding",
    .details =
        "good: nothing to do; note: runs work, but not as well as they could; BAD: runs will "
        "fail,\n"
        "and the exit status is 1. The trainer is deployed to the hosts, as for a run; nothing "
        "else\n"
        "is changed there. Workers with the same finding share a line; with -v each has its own.",
    .options = options,
    .run = run,
};
