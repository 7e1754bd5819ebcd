/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl profile measure: measures device profiles of the user's own hosts. */
#include <orchestrator/commands.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/conf/file.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/fleet/signals.h>
#include <orchestrator/survey/profile.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/prompt.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)

struct watching {
    struct rog_output output;
    struct rog_signals signals;
};

static bool stopped(void *user)
{
    const struct watching *watching = user;
    return rog_signals_came(&watching->signals);
}

static void remark(const char *text, void *user)
{
    const struct watching *watching = user;
    rog_remark(&watching->output, "%s", text);
}

/* ---- the file ---- */

/* Returns NAME-RANK, or NAME if only one worker is measured. */
static char *name_of(const struct rog_cli *cli, const struct rog_json *profile)
{
    const char *name = rog_cli_string(cli, "name");
    long long rank = (long long)rog_json_get_integer(profile, "rank", 0);
    return rog_cli_given(cli, "rank") ? rog_strdup(name) : rog_format("%s-%lld", name, rank);
}

/* Checks that NAME is a valid name for a group of a configuration file. */
static int check_name(const struct rog_cli *cli, struct rog_error *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *name = rog_cli_string(cli, "name");
    bool good =
        name[0] && !strchr("0123456789-_", name[0]) && strspn(name, letters) == strlen(name);
    return good ? ROG_OK
                : rog_fail(err, ROG_EINVAL,
                           "--name must be a letter, then letters, digits, - and _ (found \"%s\")",
                           name);
}

/* Reads the existing file; *text is NULL if there is none. ROG_EINVAL if it already has a profile
 * of that name. */
static int read_file(const struct rog_cli *cli, size_t workers, char **text, struct rog_error *err)
{
    const char *path = rog_cli_string(cli, "to");
    struct rog_conf_node *root = NULL;
    size_t size = 0;
    *text = NULL;
    if (!rog_file_exists(path))
        return ROG_OK;
    int code = rog_conf_read(&root, path, err);
    for (size_t rank = 1; rank <= workers && !code; rank++) {
        struct rog_json *of = rog_json_object();
        rog_json_put_integer(of, "rank", (int64_t)rank);
        char *name = name_of(cli, of);
        bool wanted = !rog_cli_given(cli, "rank") || rog_cli_int(cli, "rank") == (int64_t)rank;
        if (wanted && name && rog_conf_get(root, name))
            code = rog_fail(err, ROG_EINVAL,
                            "%s already has a profile %s; hint: use another --name, or remove it",
                            path, name);
        free(name);
        rog_json_free(of);
    }
    rog_conf_free(root);
    return code ? code : rog_file_read(path, FILE_MAX_BYTES, text, &size, err);
}

static int write_file(const struct rog_cli *cli, const char *before,
                      const struct rog_json *profiles, struct rog_error *err)
{
    char *text = rog_strdup(before ? before : "# Device profiles (rogctl profile measure).\n");
    for (size_t i = 0; text && i < rog_json_size(profiles); i++) {
        const struct rog_json *profile = rog_json_at(profiles, i);
        char *name = name_of(cli, profile), *group = name ? rog_profile_text(name, profile) : NULL;
        char *longer = group ? rog_format("%s\n%s", text, group) : NULL;
        free(group);
        free(name);
        free(text);
        text = longer;
    }
    int code = text ? rog_file_write(rog_cli_string(cli, "to"), text, strlen(text), err)
                    : rog_fail_nomem(err);
    free(text);
    return code;
}

/* ---- the result ---- */

static int print_text(const struct rog_cli *cli, const struct rog_json *profiles,
                      struct rog_error *err)
{
    static const char *const columns[] = {"step_s",        "compress_s",        "decompress_s",
                                          "watts_compute", "watts_communicate", "watts_stall"};
    struct rog_table *table =
        rog_table_new("profile|?3host|>step s|>?1compress s|>?1decompress s|>computing W|"
                      ">communicating W|>stalled W|?2sensor");
    for (size_t i = 0; i < rog_json_size(profiles); i++) {
        const struct rog_json *profile = rog_json_at(profiles, i);
        const struct rog_json *settings = rog_json_get(profile, "settings");
        char *name = name_of(cli, profile);
        rog_table_cell(table, "%s", name ? name : "");
        rog_table_cell(table, "%s", rog_json_get_string(profile, "host", ""));
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            if (rog_json_get(settings, columns[k]))
                rog_table_cell(table, "%.4g", rog_json_get_number(settings, columns[k], 0));
            else
                rog_table_cell(table, "-");
        rog_table_cell(table, "%s", rog_json_get_string(profile, "sensor", "none"));
        free(name);
    }
    int code = rog_table_print(table, err);
    if (!code)
        rog_print("in a cluster file: profiles = \"%s\"; and profile = \"...\" for each worker",
                  rog_cli_string(cli, "to"));
    return code;
}

/* ---- the command ---- */

/* Returns the settings of a run that this command's options set. */
static struct rog_json *run_settings(const struct rog_cli *cli)
{
    struct rog_json *settings = rog_json_object();
    if (rog_cli_given(cli, "model"))
        rog_json_put_string(settings, "model", rog_cli_string(cli, "model"));
    if (rog_cli_given(cli, "image"))
        rog_json_put_integer(settings, "image_size", rog_cli_int(cli, "image"));
    if (rog_cli_given(cli, "batch"))
        rog_json_put_integer(settings, "batch", rog_cli_int(cli, "batch"));
    if (rog_cli_given(cli, "compression"))
        rog_json_put_string(settings, "compression", rog_cli_string(cli, "compression"));
    return settings;
}

static int measure(const struct rog_cli *cli, const struct rog_survey_options *where,
                   const char *before, struct rog_error *err)
{
    struct rog_json *settings = run_settings(cli), *profiles = NULL;
    const struct rog_profile_options how = {
        .settings = settings,
        .seconds = rog_cli_real(cli, "seconds"),
        .rank = rog_cli_given(cli, "rank") ? (size_t)rog_cli_int(cli, "rank") : 0,
        .remark = remark,
        .user = where->user,
    };
    struct rog_survey_hosts hosts;
    int code = rog_survey_open(&hosts, where, err);
    if (!code)
        code = rog_profile_measure(&hosts, &how, &profiles, err);
    rog_survey_close(&hosts);
    if (!code)
        code = write_file(cli, before, profiles, err);
    if (!code && rog_cli_flag(cli, "json")) {
        code = rog_print_json(profiles, err);
        profiles = NULL;
    } else if (!code) {
        code = print_text(cli, profiles, err);
    }
    rog_json_free(profiles);
    rog_json_free(settings);
    return code;
}

static int check(const struct rog_cli *cli, const struct rog_cluster *cluster, char **before,
                 struct rog_error *err)
{
    size_t workers = rog_json_size(cluster->workers);
    int code = check_name(cli, err);
    if (!code && rog_cli_given(cli, "rank") && (size_t)rog_cli_int(cli, "rank") > workers)
        code = rog_fail(err, ROG_EINVAL, "%s has workers 1 to %zu (found --rank %lld)",
                        cluster->name, workers, (long long)rog_cli_int(cli, "rank"));
    return code ? code : read_file(cli, workers, before, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct watching watching = {.output = rog_output_of(cli)};
    struct rog_cluster *cluster = NULL;
    struct rog_credentials *people = NULL;
    char *before = NULL;
    if (!rog_cli_given(cli, "cluster"))
        return rog_fail(err, ROG_EINVAL, "profile measure needs --cluster FILE");
    char *trainer = rog_fleet_trainer_path(err);
    int code = trainer ? rog_command_cluster(cli, &cluster, err) : ROG_EFAILED;
    if (!code)
        code = check(cli, cluster, &before, err);
    if (!code)
        code = rog_credentials_new(&people, rog_prompt, NULL, err);
    if (!code)
        code = rog_signals_init(&watching.signals, err);
    if (!code) {
        const struct rog_survey_options where = {.cluster = cluster,
                                                 .credentials = people,
                                                 .trainer = trainer,
                                                 .what = "profile",
                                                 .stopped = stopped,
                                                 .user = &watching};
        code = measure(cli, &where, before, err);
        /* Takes signals that have already been acted upon. */
        (void)rog_signals_wait(&watching.signals, 0);
        rog_signals_release(&watching.signals);
    }
    rog_credentials_free(people);
    rog_cluster_free(cluster);
    free(before);
    free(trainer);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "cluster", .type = ROG_SETTING_STRING, .help = "cluster file of the hosts"},
    {.name = "to",
     .type = ROG_SETTING_STRING,
     .fallback = "profiles.conf",
     .help = "file to which the profiles are added"},
    {.name = "name",
     .type = ROG_SETTING_STRING,
     .fallback = "robot",
     .help = "prefix of the profiles' names: NAME-1, NAME-2 and so on, by rank; with --rank the "
             "whole name"},
    {.name = "rank",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = ROG_CLUSTER_MAX_WORKERS,
     .help = "measure only this worker; enough if all devices are alike"},
    {.name = "model",
     .type = ROG_SETTING_STRING,
     .help = "network to train; default: that of runs"},
    {.name = "image",
     .type = ROG_SETTING_INT,
     .min = 16,
     .max = 1024,
     .unit = "pixels",
     .help = "image size (image_size); default: that of runs"},
    {.name = "batch",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 4096,
     .unit = "images",
     .help = "images per local step, if the cluster file does not set it"},
    {.name = "compression",
     .type = ROG_SETTING_STRING,
     .help = "codec (compression); default: that of runs"},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "10",
     .min = 1,
     .max = 3600,
     .unit = "s",
     .help = "time for which each part is repeated"},
    {.name = NULL},
};

const struct rog_command rog_cmd_profile_measure = {
    .name = "profile measure",
    .usage = "--cluster FILE [--to FILE] [--name NAME] [--rank K]",
    .summary = "Measure times and power of a cluster's devices, and write device profiles",
    .details =
        "Measures a local step of the built-in network, each part of an exchange and, if the "
        "device has a\n"
        "sensor, its power while computing, waiting, and sending and receiving; one worker after "
        "another. The profiles are\n"
        "added to a file that a cluster file of kind virtual can name (profiles = \"FILE\").",
    .options = options,
    .run = run,
    .outlives_reader = true,
};
