/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRAINER_COMMANDS_H
#define ROG_TRAINER_COMMANDS_H

/* The commands of rog-trainer, one file cmd_NAME.c each, and what they share. */

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

/* Rows of options that several commands have: {ROG_OPTION_CONFIG}. */
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

/* Reads --config, or takes the defaults where it is not given. */
int rog_command_config(const struct rog_cli *cli, struct rog_run_config **config,
                       struct rog_error *err);

/* What a server and a worker of a run both begin with. */
struct rog_command_node {
    struct rog_run_config *config;
    struct rog_secret *secret;
    struct rog_pretrained start; /* its path NULL where no network is trained */
};
/* Reads --key-file, sets the threads, makes the starting model where it is missing. `config` is
 * taken over, also where this fails; release in any case. */
int rog_command_node_init(struct rog_command_node *node, struct rog_run_config *config,
                          const struct rog_cli *cli, struct rog_error *err);
void rog_command_node_release(struct rog_command_node *node);

/* Signals that ask for an end are held back from now on and looked for, between two events, so that
 * whatever is being written is written whole. */
void rog_command_hold_signals(void);
bool rog_command_asked_to_end(void *user);

/* Sets the number of threads to --threads or else to `fallback`. */
void rog_command_threads(const struct rog_cli *cli, uint32_t fallback);
/* Processors that this process may use. */
uint32_t rog_processors(void);

/* Writes one event (include/rog/events.h) as a line and flushes it: "event" and "t" in front of the
 * members of `body`, which is taken over. `t_s` is rounded to the microsecond. */
int rog_event_write(FILE *file, const char *event, double t_s, struct rog_json *body,
                    struct rog_error *err);

#endif
