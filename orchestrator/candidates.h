/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_CANDIDATES_H
#define ROG_ORCHESTRATOR_CANDIDATES_H

/*
 * Completions of a word of a command line, one per line on standard output: the whole word, and if
 * there is a description a tab and the description. A line that begins with ':' asks the shell to
 * add its own completions:
 *
 *   :files [PATTERN]   files whose names match, and folders
 *   :folders           folders
 *   :more              no space after a candidate, because more of the word follows
 *
 * Nothing here fails: what cannot be read has no candidates.
 */

#include <common/cli.h>

struct rog_candidates {
    const struct rog_program *program;
    const struct rog_command *command; /* NULL: the word is the command */
    const char *db;                    /* path of the database */
    const char *const *arg;            /* the command's arguments before the word */
    int args;
    const char *lead;  /* the text before the value: "--cluster=", or "" */
    const char *typed; /* the value so far: candidates begin with it */
};

/* `about` may be NULL. Candidates that do not begin as typed, or that no terminal can show, are
 * left out. */
void rog_candidate(const struct rog_candidates *c, const char *value, const char *about);
/* The words of a list separated by '|'. */
void rog_candidates_choices(const struct rog_candidates *c, const char *choices);

/* Values of an option, or of a run's setting. */
void rog_candidates_of_option(const struct rog_candidates *c, const struct rog_setting *option);
/* Arguments that a usage calls by this name: RUN, CASE, FILE ... */
void rog_candidates_of_kind(const struct rog_candidates *c, const char *kind);

#endif
