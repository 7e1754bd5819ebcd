/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_COMMANDS_H
#define ROG_ORCHESTRATOR_COMMANDS_H

/* The commands of rogctl, one file cmd_NAME.c each, and what several of them need. */

#include <common/cli.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/conf/experiment.h>
#include <orchestrator/conf/methods.h>
#include <orchestrator/store/db.h>

extern const struct rog_command rog_cmd_agent;
extern const struct rog_command rog_cmd_attach;
extern const struct rog_command rog_cmd_case;
extern const struct rog_command rog_cmd_cases;
extern const struct rog_command rog_cmd_bundle;
extern const struct rog_command rog_cmd_bundle_verify;
extern const struct rog_command rog_cmd_complete;
extern const struct rog_command rog_cmd_data;
extern const struct rog_command rog_cmd_data_get;
extern const struct rog_command rog_cmd_doctor;
extern const struct rog_command rog_cmd_export;
extern const struct rog_command rog_cmd_import;
extern const struct rog_command rog_cmd_lab;
extern const struct rog_command rog_cmd_methods;
extern const struct rog_command rog_cmd_microevents;
extern const struct rog_command rog_cmd_plugins;
extern const struct rog_command rog_cmd_profile;
extern const struct rog_command rog_cmd_profile_measure;
extern const struct rog_command rog_cmd_redraw;
extern const struct rog_command rog_cmd_replace;
extern const struct rog_command rog_cmd_replay;
extern const struct rog_command rog_cmd_report;
extern const struct rog_command rog_cmd_run;
extern const struct rog_command rog_cmd_runs;
extern const struct rog_command rog_cmd_show;
extern const struct rog_command rog_cmd_status;
extern const struct rog_command rog_cmd_stop;
extern const struct rog_command rog_cmd_sweep;
extern const struct rog_command rog_cmd_test;
extern const struct rog_command rog_cmd_trace;
extern const struct rog_command rog_cmd_trace_record;
extern const struct rog_command rog_cmd_ui;
extern const struct rog_command rog_cmd_verify;

/* --db, --plots, --json, --quiet, --verbose. */
extern const struct rog_setting rog_common_options[];

/* Opens --db. */
int rog_command_db(const struct rog_cli *cli, enum rog_db_mode mode, struct rog_db **db,
                   struct rog_error *err);

/* Reads --cluster, or the installed default cluster. */
int rog_command_cluster(const struct rog_cli *cli, struct rog_cluster **cluster,
                        struct rog_error *err);
/* The same; without --cluster, the cluster that `file` describes (of --on NAME:FILE; NULL: none),
 * otherwise the one that the experiment file names. */
int rog_command_cluster_of(const struct rog_cli *cli, const struct rog_experiment *experiment,
                           const char *file, struct rog_cluster **cluster, struct rog_error *err);
/* The installed cluster of this name. */
int rog_command_cluster_named(const char *name, struct rog_cluster **cluster,
                              struct rog_error *err);

/* The cluster in this file, which is named as for --cluster. */
int rog_command_cluster_file(const char *path, struct rog_cluster **cluster, struct rog_error *err);

/* Reads an experiment file. If a bare name is not a file here, the installed file of that name is
 * used, with a remark. */
int rog_command_experiment(const struct rog_cli *cli, const char *given,
                           struct rog_experiment **experiment, struct rog_error *err);

#define ROG_OPTION_METHODS                         \
    .name = "methods", .type = ROG_SETTING_STRING, \
    .help = "file of methods, in addition to the built-in ones"

/* Whether to wait for hosts that are in use. */
#define ROG_OPTION_NO_WAIT                       \
    .name = "no-wait", .type = ROG_SETTING_FLAG, \
    .help = "fail immediately if another sweep holds a host of the cluster, instead of waiting"

/* The installed methods, and those of a file (NULL: none). Release them in any case. */
int rog_command_methods(const char *path, struct rog_methods *methods, struct rog_error *err);

/* Executes the trainer with its command `name` and this command's arguments; returns only on
 * failure. */
int rog_command_trainer(const struct rog_cli *cli, const char *name, struct rog_error *err);

/* Processors that this process may use. */
int rog_processors(void);

#endif
