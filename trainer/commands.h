/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRAINER_COMMANDS_H
#define ROG_TRAINER_COMMANDS_H

/* The commands of rog-trainer, one file cmd_NAME.c each, and their shared code. */

#include <stdint.h>

#include <common/cli.h>
#include <common/run_config.h>
#include <librog/net/seal.h>
#include <trainer/run/pretrain.h>

extern const struct rog_command rog_cmd_check;
extern const struct rog_command rog_cmd_measure;
extern const struct rog_command rog_cmd_data;
extern const struct rog_command rog_cmd_host;
extern const struct rog_command rog_cmd_inside;
extern const struct rog_command rog_cmd_power;
extern const struct rog_command rog_cmd_shape;
extern const struct rog_command rog_cmd_pretrain;
extern const struct rog_command rog_cmd_probe;
extern const struct rog_command rog_cmd_profile;
extern const struct rog_command rog_cmd_reach;
extern const struct rog_command rog_cmd_serve;
extern const struct rog_command rog_cmd_simulate;
extern const struct rog_command rog_cmd_test;
extern const struct rog_command rog_cmd_trace;
extern const struct rog_command rog_cmd_work;

/* Options that several commands have: {ROG_OPTION_CONFIG}. */
#define ROG_OPTION_CONFIG                                        \
    .name = "config", .type = ROG_SETTING_STRING, .letter = 'c', \
    .help = "file with run settings, one JSON object; default: every setting's default"
#define ROG_OPTION_THREADS                                             \
    .name = "threads", .type = ROG_SETTING_INT, .min = 1, .max = 1024, \
    .help = "number of compute threads"

#define ROG_OPTION_KEY                                                                             \
    .name = "key-file", .type = ROG_SETTING_STRING,                                                \
    .help = "file with the run's key, 32 bytes or 64 hexadecimal digits; only its owner may have " \
            "read permission"
#define ROG_OPTION_PACE                       \
    .name = "pace", .type = ROG_SETTING_FLAG, \
    .help = "pace what is sent by the workers' bandwidth traces; for clusters on one machine"

/* Reads --config, or uses the defaults without it. */
int rog_command_config(const struct rog_cli *cli, struct rog_run_config **config,
                       struct rog_error *err);

/* The inputs of both a server and a worker of a run. */
struct rog_command_node {
    struct rog_run_config *config;
    struct rog_secret *secret;
    struct rog_pretrained start; /* its path is NULL if no network is trained */
};
/* Reads --key-file, sets the threads, trains the initial model if it is missing. Takes ownership of
 * `config`, also on failure; release in any case. */
int rog_command_node_init(struct rog_command_node *node, struct rog_run_config *config,
                          const struct rog_cli *cli, struct rog_error *err);
void rog_command_node_release(struct rog_command_node *node);

/* Block signals that ask the process to end from now on; the second function checks for them,
 * between two events, so that every event is written completely. */
void rog_command_hold_signals(void);
bool rog_command_asked_to_end(void *user);

/* Sets the number of threads to --threads or else to `fallback`. */
void rog_command_threads(const struct rog_cli *cli, uint32_t fallback);
/* Returns the number of processors that this process may use. */
uint32_t rog_processors(void);

/* Writes one event (include/rog/events.h) as a line and flushes it: "event" and "t" before the
 * members of `body`, which the function owns. `t_s` is rounded to the microsecond. */
int rog_event_write(FILE *file, const char *event, double t_s, struct rog_json *body,
                    struct rog_error *err);

#endif
