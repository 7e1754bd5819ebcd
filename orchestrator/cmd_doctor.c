/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/commands.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <common/plugin.h>
#include <orchestrator/figures/label.h>
#include <orchestrator/fleet/fleet.h>
#include <common/process.h>
#include <orchestrator/output.h>

/* A sweep of four runs with their checkpoints takes less than this. */
#define FREE_BYTES_WANTED (1024.0 * 1024 * 1024)
#define ANSWER_STEPS 1000
#define ANSWER_STEP_NS 10000000L

struct finding {
    bool good;
    char what[512];
    char way_out[256]; /* what to do about it, "" when nothing is to be done */
};

static void __attribute__((format(printf, 3, 4)))
found(struct finding *finding, bool good, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(finding->what, sizeof finding->what, format, args);
    va_end(args);
    finding->good = good;
}

static void __attribute__((format(printf, 2, 3)))
advise(struct finding *finding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(finding->way_out, sizeof finding->way_out, format, args);
    va_end(args);
}

/* The path of a program of PATH, NULL when there is none. Heap memory. */
static char *find_program(const char *name)
{
    char *path = rog_strdup(getenv("PATH")), *rest = NULL, *result = NULL;
    for (char *dir = path ? strtok_r(path, ":", &rest) : NULL; dir && !result;
         dir = strtok_r(NULL, ":", &rest)) {
        result = rog_path_join(dir, name);
        if (result && access(result, X_OK) != 0) {
            free(result);
            result = NULL;
        }
    }
    free(path);
    return result;
}

/* The first line that `program --version` prints. */
static int ask_version(const char *program, char *answer, size_t bytes, struct rog_error *err)
{
    const char *const argv[] = {program, "--version", NULL};
    const struct rog_process_options options = {.argv = argv, .log = "/dev/null", .pipes = true};
    const struct timespec step = {0, ANSWER_STEP_NS};
    struct rog_process process;
    struct rog_lines lines = {0};
    int code = rog_process_start(&process, &options, err);
    if (code < 0)
        return code;
    for (int i = 0; i < ANSWER_STEPS && !rog_process_ended(&process); i++)
        nanosleep(&step, NULL);
    code = rog_lines_fill(&lines, &process, err);
    const char *line = code == 0 ? rog_lines_next(&lines) : NULL;
    if (code == 0 && (!rog_process_gone(&process) || process.status != 0 || !line))
        code = rog_fail(err, ROG_EFAILED, "%s --version gives no answer (status %d)", program,
                        process.status);
    else if (code == 0)
        snprintf(answer, bytes, "%s", line);
    rog_process_stop(&process);
    rog_lines_release(&lines);
    return code;
}

static void check_gnuplot(const struct rog_cli *cli, struct finding *f)
{
    (void)cli;
    char version[128];
    struct rog_error cause;
    char *path = find_program("gnuplot");
    if (!path)
        found(f, false, "gnuplot is not installed: figures cannot be drawn");
    else if (ask_version(path, version, sizeof version, &cause) < 0)
        found(f, false, "%s", cause.message);
    else
        found(f, true, "%s, %s", version, path);
    if (!f->good)
        advise(f, "apt-get install gnuplot-nox");
    free(path);
}

static void check_trainer(const struct rog_cli *cli, struct finding *f)
{
    char version[128] = "", wanted[128];
    struct rog_error cause = {0};
    const char *ours = rog_cli_program(cli)->version;
    char *path = rog_fleet_trainer_path(&cause);
    snprintf(wanted, sizeof wanted, "rog-trainer %s", ours);
    if (!path || ask_version(path, version, sizeof version, &cause) < 0) {
        found(f, false, "%s", cause.message);
        advise(f, "install rog-trainer beside rogctl, or name it in ROG_TRAINER");
    } else if (strcmp(version, wanted) != 0) {
        found(f, false, "%s is %s, this is rogctl %s", path, version, ours);
        advise(f, "install both from the same build");
    } else {
        found(f, true, "%s, %s", version, path);
    }
    free(path);
}

struct plugin_count {
    size_t good, bad;
    char names[256], error[512];
};

static int count_plugin(const char *path, const struct rog_strategy *strategy,
                        const char *load_error, void *user)
{
    struct plugin_count *count = user;
    (void)path;
    if (load_error) {
        count->bad++;
        snprintf(count->error, sizeof count->error, "%s", load_error);
    } else {
        size_t used = strlen(count->names);
        snprintf(count->names + used, sizeof count->names - used, "%s%s", used ? ", " : "",
                 strategy->name);
        count->good++;
    }
    return 0;
}

static void check_plugins(const struct rog_cli *cli, struct finding *f)
{
    (void)cli;
    struct plugin_count count = {0};
    struct rog_error cause = {0};
    if (rog_plugin_each(count_plugin, &count, &cause) < 0)
        found(f, false, "%s", cause.message);
    else if (count.bad)
        found(f, false, "%s", count.error);
    else if (!count.good)
        found(f, false, "no strategy plugins");
    else
        found(f, true, "strategies %s", count.names);
    if (!f->good)
        advise(f, "compile or install the plugins anew; `rogctl plugins` lists them");
}

static void check_cache(const struct rog_cli *cli, struct finding *f)
{
    (void)cli;
    struct rog_error cause = {0};
    char *dir = rog_cache_dir(&cause);
    if (dir && rog_dir_make(dir, &cause) == 0 && access(dir, W_OK) == 0)
        found(f, true, "cache folder %s", dir);
    else
        found(f, false, "%s",
              cause.message[0] ? cause.message : "the cache folder is not writable");
    if (!f->good)
        advise(f, "set XDG_CACHE_HOME to a folder that can be written");
    free(dir);
}

static void check_disk(const struct rog_cli *cli, struct finding *f)
{
    struct statvfs status;
    char *dir = rog_path_dir(rog_cli_string(cli, "db"));
    if (!dir || statvfs(dir, &status) != 0 || access(dir, W_OK) != 0) {
        found(f, false, "folder of the database %s: %s", dir ? dir : "", strerror(errno));
        advise(f, "choose another place with --db");
    } else {
        double bytes = (double)status.f_bavail * (double)status.f_frsize;
        found(f, bytes >= FREE_BYTES_WANTED, "%.1f GiB free in %s", bytes / FREE_BYTES_WANTED, dir);
        if (!f->good)
            advise(f, "make room; a sweep of four runs may take 1 GiB");
    }
    free(dir);
}

static void check_database(const struct rog_cli *cli, struct finding *f)
{
    struct rog_error cause = {0};
    struct rog_db *db = NULL;
    int code = rog_command_db(cli, ROG_DB_READ, &db, &cause);
    if (code == ROG_ENOTFOUND)
        found(f, true, "no database %s yet; a sweep makes it", rog_cli_string(cli, "db"));
    else if (code < 0)
        found(f, false, "%s", cause.message);
    else
        found(f, true, "database %s", rog_db_path(db));
    rog_db_close(db);
}

static void check_cluster(const struct rog_cli *cli, struct finding *f)
{
    struct rog_error cause = {0};
    struct rog_cluster *cluster = NULL;
    if (rog_command_cluster(cli, &cluster, &cause) < 0)
        found(f, false, "%s", cause.message);
    else
        found(f, true, "cluster %s: %s, %zu workers", cluster->name,
              rog_cluster_kind_name(cluster->kind), rog_json_size(cluster->workers));
    rog_cluster_free(cluster);
}

static const struct {
    const char *name;
    void (*check)(const struct rog_cli *cli, struct finding *finding);
} checks[] = {
    {"trainer", check_trainer}, {"plugins", check_plugins}, {"gnuplot", check_gnuplot},
    {"cache", check_cache},     {"disk", check_disk},       {"database", check_database},
    {"cluster", check_cluster},
};
#define CHECKS (sizeof checks / sizeof *checks)

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    bool json = rog_cli_flag(cli, "json");
    struct rog_json *list = rog_json_array();
    struct rog_table *table = json ? NULL : rog_table_new("check|state|finding");
    size_t bad = 0;
    for (size_t i = 0; i < CHECKS; i++) {
        struct finding f = {0};
        checks[i].check(cli, &f);
        bad += !f.good;
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "check", checks[i].name);
        rog_json_put_bool(row, "good", f.good);
        rog_json_put_string(row, "finding", f.what);
        rog_json_put_string(row, "way_out", f.way_out[0] ? f.way_out : NULL);
        rog_json_append(list, row);
        rog_table_cell(table, "%s", checks[i].name);
        rog_table_cell(table, "%s", f.good ? "good" : "BAD");
        rog_table_cell(table, "%s%s%s", f.what, f.way_out[0] ? "; way out: " : "", f.way_out);
    }
    int code = json ? rog_print_json(list, err) : rog_table_print(table, err);
    if (!json)
        rog_json_free(list);
    if (code == 0 && bad)
        code = rog_fail(err, ROG_EFAILED, "%zu of %zu checks are bad", bad, CHECKS);
    return code;
}

static const struct rog_setting options[] = {
    {"cluster", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "cluster file to check too; default: the one that comes with the program", 0},
    {NULL, ROG_SETTING_FLAG, NULL, 0, 0, NULL, NULL, NULL, 0},
};

const struct rog_command rog_cmd_doctor = {
    .name = "doctor",
    .usage = "[--cluster FILE]",
    .summary = "Check this machine and say what to do about each finding",
    .options = options,
    .run = run,
};
