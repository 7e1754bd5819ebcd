/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CLI_H
#define ROG_COMMON_CLI_H

/*
 * Command lines as tables. A program is a list of commands, a command is one const struct in its
 * own file (cmd_NAME.c), and its options are rows of settings. Options may be anywhere after the
 * command, as --name VALUE, --name=VALUE or -x VALUE; "--" ends them; any unambiguous prefix of a
 * long name is accepted.
 */

#include <stdbool.h>
#include <stdio.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

enum {
    ROG_EXIT_OK = 0,
    ROG_EXIT_FAILED = 1,
    ROG_EXIT_USAGE = 2,
    ROG_EXIT_NOTHING = 3,
    ROG_EXIT_LATER = 75, /* EX_TEMPFAIL of sysexits.h */
    ROG_EXIT_INTERRUPTED = 130
};

struct rog_cli; /* a parsed command line */
struct rog_program;

struct rog_command {
    const char *name;                  /* of a part: the name of its command, a space and its own
                                        * name */
    const char *usage;                 /* what follows the name: "CONF [options]" */
    const char *summary;               /* one line */
    const char *details;               /* more, for --help; may be NULL */
    const struct rog_setting *options; /* of this command only; may be NULL */
    unsigned settings;      /* settings of a run with this flag are options, too; 0: none */
    int min_args, max_args; /* positional arguments; max -1: any number */
    /* Returns 0 or a rog_code with *err filled; the program prints the message and exits with
     * rog_exit_status(code). */
    int (*run)(const struct rog_cli *cli, struct rog_error *err);
    bool passes_on; /* every word after the name is an argument, even --help: for commands that pass
                       them to another program */
    /* Commands that the first argument names ("data get" is a part of "data"), ends with NULL;
     * anything else is an argument of this one. May be NULL. */
    const struct rog_command *const *parts;
    /* Other commands are killed by SIGPIPE when the reader of their output has closed it. This one
     * continues its work. */
    bool outlives_reader;
    bool hidden; /* not listed by help: for programs, not for people */
};

/* A topic of `help NAME` that is not a command; printed with the functions below. */
struct rog_topic {
    const char *name, *summary;
    void (*print)(const struct rog_program *program);
};

struct rog_program {
    const char *name, *version, *summary;
    const struct rog_setting *common;          /* options of every command */
    const struct rog_command *const *commands; /* ends with NULL */
    const struct rog_topic *topics;            /* ends with a row without a name; may be NULL */
};

/* Parses, runs, prints errors as "NAME: message", returns the exit status. Handles --help,
 * --version and "help COMMAND" itself. */
int rog_program_main(const struct rog_program *program, int argc, char **argv);

/* For topics. They print, as wide as the terminal and at most 80 columns: a paragraph; a name with
 * its description; a table of settings under a title, without settings that have one of the
 * flags. */
void rog_help_text(const char *text);
void rog_help_row(const char *name, const char *text);
void rog_help_settings(const char *title, const struct rog_setting *table, unsigned without);

/* Copies the settings of a run that were given as options into `settings`. */
void rog_cli_settings(const struct rog_cli *cli, struct rog_json *settings);

/* Returns the options of a command, NULL at the end: its own, the settings of a run that it has,
 * the common ones. */
const struct rog_setting *rog_option_at(const struct rog_program *program,
                                        const struct rog_command *command, size_t index);
/* Returns its name without the dashes. */
const char *rog_option_name(const struct rog_setting *option);
/* Returns the option that "--name", "--na", "--name=VALUE", "-x" or "-xVALUE" means; NULL if none,
 * or several (*ambiguous). */
const struct rog_setting *rog_option_meant(const struct rog_program *program,
                                           const struct rog_command *command, const char *word,
                                           bool *ambiguous);

int rog_cli_arg_count(const struct rog_cli *cli);
const char *rog_cli_arg(const struct rog_cli *cli, int index); /* NULL past the end */
bool rog_cli_given(const struct rog_cli *cli, const char *name);
/* Return the given value, else the row's default, else the type's empty value (NULL, 0, false). */
const char *rog_cli_string(const struct rog_cli *cli, const char *name);
long long rog_cli_int(const struct rog_cli *cli, const char *name);
double rog_cli_real(const struct rog_cli *cli, const char *name);
bool rog_cli_flag(const struct rog_cli *cli, const char *name);
const struct rog_program *rog_cli_program(const struct rog_cli *cli);

/* Writes untrusted text so that the terminal shows it and does not interpret it: invisible
 * characters, except line ends and tabs, as by rog_utf8_show, and damaged bytes as U+FFFD. */
void rog_write_harmless(FILE *file, const char *text);

/* Returns the exit status for a rog_code. */
int rog_exit_status(int code);

#endif
