/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARTS_H
#define ROG_PARTS_H

/*
 * The parts of a run besides its strategy: its settings name codecs, a server optimizer and a local
 * optimizer, each with its own parameters. Only this module looks them up and rejects invalid
 * combinations: for rogctl when it plans a run, for the trainer, and for a worker of librog.
 */

#include <common/json.h>
#include <common/plugin.h>
#include <common/settings.h>
#include <librog/parts/contribution.h>
#include <librog/parts/local.h>
#include <rog/codec.h>
#include <rog/error.h>
#include <rog/server_optimizer.h>

enum rog_part {
    ROG_PART_PUSH_CODEC,
    ROG_PART_PULL_CODEC,
    ROG_PART_SERVER_OPTIMIZER,
    ROG_PART_LOCAL_OPTIMIZER,
    ROG_PARTS
};

/* A chosen part, with its parameters. */
struct rog_part_choice {
    const char *owner;                 /* its name */
    const struct rog_parameter *table; /* NULL: it has none */
    struct rog_json *values;           /* value of each parameter; NULL: it has none */
    void *parameters;                  /* its struct of parameters; NULL: it has none */
};

struct rog_parts {
    const struct rog_codec *push_codec, *pull_codec;
    const struct rog_server_optimizer *server_optimizer;
    const struct rog_local_optimizer *local_optimizer;
    struct rog_contribution_config contribution;
    struct rog_part_choice chosen[ROG_PARTS];
    struct rog_plugin plugin[ROG_PART_PULL_CODEC + 1]; /* the codec, if it is one; otherwise all
                                                        * 0 */
};

/* settings: of a run (rog_run_settings), checked, with or without their defaults. ROG_EINVAL names
 * the setting, what was found and what is allowed. Release it in any case. */
int rog_parts_init(struct rog_parts *parts, const struct rog_json *settings, struct rog_error *err);
void rog_parts_release(struct rog_parts *parts);

/* Puts the value of each parameter into `settings`, in a normal form: groups of parts without
 * parameters, and what pulls share with pushes, are left out; with `only_chosen` also parameters
 * that have their default. */
int rog_parts_put(const struct rog_parts *parts, bool only_chosen, struct rog_json *settings,
                  struct rog_error *err);

/* What a setting may name. */
struct rog_part_kind {
    const char *setting, *parameters; /* "server_optimizer", "server_optimizer_parameters" */
    const char *name, *summary;
    const struct rog_parameter *table; /* NULL: it has no parameters */
};
/* Describes a plugin. */
struct rog_part_kind rog_parts_codec(const struct rog_codec *codec);
/* Calls visit for each built-in part until it returns non-zero, and returns that. */
int rog_parts_each(int (*visit)(const struct rog_part_kind *kind, void *user), void *user);

/* Checks settings, without those that have their default. ROG_EINVAL: one of them has no effect
 * together with another. */
int rog_parts_check_combination(const struct rog_json *chosen, struct rog_error *err);

#endif
