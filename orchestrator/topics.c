/* SPDX-License-Identifier: Apache-2.0 */
/* Help topics, printed from the program's own tables and from the files installed with it. */
#include <orchestrator/topics.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/container.h>
#include <common/file.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/experiment.h>
#include <orchestrator/conf/hosts_file.h>
#include <orchestrator/kinds.h>

#define ABOUT_BYTES 1024

struct row {
    const char *name, *text;
};

static void print_rows(const struct row *row)
{
    for (; row->name; row++)
        rog_help_row(row->name, row->text);
}

/* ---- installed files ---- */

static int is_conf(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/* Gets the first sentence of a file's leading comment after the licence. Returns whether the file
 * has a member of that name. */
static bool read_about(const char *path, const char *member, char about[ABOUT_BYTES])
{
    char line[512];
    bool has_member = false, begins = true;
    size_t used = 0, length = strlen(member);
    FILE *file = fopen(path, "re");
    about[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        begins = begins && line[0] == '#';
        line[strcspn(line, "\n")] = '\0';
        if (begins && !strstr(line, "SPDX") && used < ABOUT_BYTES)
            used += (size_t)snprintf(about + used, ABOUT_BYTES - used, "%s%s", used ? " " : "",
                                     line + strspn(line, "# "));
        has_member =
            has_member || (strncmp(line, member, length) == 0 && strcspn(line + length, " =") == 0);
    }
    if (file)
        fclose(file);
    char *end = strstr(about, ". ");
    if (end)
        *end = '\0';
    return has_member;
}

/* Prints the files of a folder that have the member, sorted by name. */
static void print_files(const char *folder, const char *member, bool bare)
{
    char *path = rog_install_path(folder, NULL);
    struct dirent **entries = NULL;
    int count = path ? scandir(path, &entries, is_conf, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        char about[ABOUT_BYTES], *name = entries[i]->d_name;
        char *file = rog_path_join(path, name);
        if (file && read_about(file, member, about)) {
            if (bare)
                name[strlen(name) - 5] = '\0';
            rog_help_row(name, about);
        }
        free(file);
        free(entries[i]);
    }
    free(entries);
    free(path);
}

/* ---- topics ---- */

static void print_experiments(const struct rog_program *program)
{
    (void)program;
    rog_help_text("An experiment file names a case and describes its runs, one by one (`runs`) or "
                  "as lists of values with one run per combination (`matrix`). Settings at top "
                  "level apply to all runs. The syntax is that of libconfig:");
    puts("\n    case = \"mine\";  figure = \"1\";  seconds = 3600.0;\n"
         "    matrix = { library = [\"SSP\", \"ROG\"]; threshold = [4, 20]; };\n");
    rog_help_text(
        "`rogctl sweep -n FILE` shows the runs without starting any; `rogctl help settings` lists "
        "all settings. These files are installed with rogctl and can be given by name:");
    putchar('\n');
    print_files("share/rog", "case", false);
}

static void print_settings(const struct rog_program *program)
{
    (void)program;
    rog_help_text(
        "Settings of experiment files. Most settings of a run are also options of `rogctl run`.");
    rog_help_settings("Only at top level", rog_case_settings, 0);
    rog_help_settings("Of a run", rog_run_settings, ROG_SETTING_FILLED_IN);
    putchar('\n');
    rog_help_text("`rogctl plugins NAME` lists the parameters of a strategy, codec or optimizer.");
}

static void print_clusters(const struct rog_program *program)
{
    (void)program;
    rog_help_text(
        "A cluster file (`--cluster FILE`) describes the server and the workers of a run, and "
        "where they are. These files are installed with rogctl and can be given by name:");
    putchar('\n');
    print_files("share/rog/clusters", "kind", true);
    rog_help_row("lab", "The hosts that `rogctl lab up` created on this machine.");
    printf("\nKinds:\n");
    for (size_t i = 0; rog_cluster_kinds[i]; i++)
        rog_help_row(rog_cluster_kinds[i]->name, rog_cluster_kinds[i]->summary);
    rog_help_settings("Settings at top level", rog_cluster_settings, 0);
    rog_help_settings("At top level, for runs of real processes", rog_cluster_run_settings, 0);
    rog_help_settings("At top level, for hosts", rog_cluster_hosts_settings, 0);
    for (size_t i = 0; rog_cluster_kinds[i]; i++) {
        const struct rog_cluster_kind *kind = rog_cluster_kinds[i];
        char *title = kind->settings ? rog_format("For kind %s", kind->name) : NULL;
        if (title)
            rog_help_settings(title, kind->settings, 0);
        free(title);
    }
    rog_help_settings("For files of kind hosts (sweep --on hosts:FILE)", rog_hosts_settings, 0);
    rog_help_settings("Settings of such a host", rog_hosts_host_settings, 0);
    rog_help_settings("Settings of a worker", rog_worker_settings, ROG_SETTING_FILLED_IN);
    rog_help_settings("Settings of a host", rog_cluster_host_settings, 0);
    rog_help_settings("Settings of a container", rog_container_settings, 0);
}

static void print_names(const struct rog_program *program)
{
    (void)program;
    static const struct row rows[] = {
        {"CONF", "an experiment file, or the name of one that is installed with rogctl (`rogctl "
                 "help experiments`)"},
        {"CASE",
         "the case that a sweep of an experiment file creates: threshold-case0, or threshold-case1 "
         "after a sweep with --fresh or on another cluster (`rogctl cases`)"},
        {"RUN",
         "MM-DD-hh-mm-LIBRARY-THRESHOLD-CONTROL, with -2, -3, ... if that name is taken; any "
         "unambiguous prefix, or a path that ends in the name, is enough (`rogctl runs`)"},
        {"ID", "a sweep, such as threshold-1; any unambiguous prefix is enough (`rogctl status`)"},
        {"RANK", "a worker, from 1; the server is 0"},
        {NULL, NULL},
    };
    print_rows(rows);
}

static void print_environment(const struct rog_program *program)
{
    (void)program;
    static const struct row rows[] = {
        {"ROG_PLUGIN_PATH", "folders with your own plugins, separated by colons, searched before "
                            "those installed with rogctl"},
        {"ROG_TRAINER", "the trainer program, instead of the one beside rogctl"},
        {"XDG_CACHE_HOME",
         "data sets and starting models are stored in its subfolder rogctl; default: ~/.cache"},
        {"ROGCTL_UI_TOKEN", "token of the live page, 16 to 128 letters, digits, hyphens and "
                            "underscores; default: a new one each time"},
        {"NO_COLOR", "if not empty: no colours, regardless of the following"},
        {"CLICOLOR_FORCE", "if neither empty nor 0: colours even if the output is not a terminal"},
        {"CLICOLOR", "if 0: no colours on a terminal"},
        {"TERM", "if unset or dumb: no colours, and progress as plain lines"},
        {"LC_ALL", "otherwise LC_CTYPE, otherwise LANG: if it does not name UTF-8, curves are "
                   "drawn in ASCII characters"},
        {"MLFLOW_TRACKING_URI", "the tracking server that a case is exported to"},
        {"MLFLOW_TRACKING_TOKEN",
         "credentials for it; or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"},
        {"http_proxy", "also https_proxy and no_proxy: proxies, as for other programs"},
        {"CURL_CA_BUNDLE", "or SSL_CERT_FILE: file with the certificate authorities to trust, "
                           "instead of the system's"},
        {NULL, NULL},
    };
    print_rows(rows);
}

static void print_exit_status(const struct rog_program *program)
{
    (void)program;
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {ROG_EXIT_OK, "done"},
        {ROG_EXIT_FAILED,
         "something failed: a run, a host, a file, gnuplot; or doctor or verify found a problem"},
        {ROG_EXIT_USAGE, "bad usage or configuration, such as an experiment or cluster file that "
                         "cannot be read; nothing was started"},
        {ROG_EXIT_NOTHING, "nothing matched: no such run, case, sweep, plugin or method; or a run "
                           "with nothing to check"},
        {ROG_EXIT_LATER, "an agent exited, and runs are left for others"},
        {ROG_EXIT_INTERRUPTED, "interrupted; the same command continues"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char status[16];
        snprintf(status, sizeof status, "%d", rows[i].status);
        rog_help_row(status, rows[i].text);
    }
    rog_help_text(
        "\nIf the reader of standard output exits (`rogctl runs | head`), commands that only "
        "print something end by SIGPIPE, which shells report as 141. Commands that change "
        "something, such as sweep, finish; their exit status is as above.");
}

static void print_topics(const struct rog_program *program)
{
    for (const struct rog_topic *topic = program->topics; topic->name; topic++)
        rog_help_row(topic->name, topic->summary);
}

const struct rog_topic rog_topics[] = {
    {"experiments", "Experiment files, and those installed with rogctl", print_experiments},
    {"settings", "Every setting of experiment files", print_settings},
    {"clusters", "Cluster files and their settings", print_clusters},
    {"names", "Meaning of CASE, RUN and other arguments", print_names},
    {"environment", "Environment variables", print_environment},
    {"exit-status", "Meaning of the exit status", print_exit_status},
    {"topics", "This list", print_topics},
    {NULL, NULL, NULL},
};
