/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_CANDIDATES_H
#define ROG_ORCHESTRATOR_CANDIDATES_H

/*
 * What a word of a command line may be completed to. One candidate a line on standard output: the
 * whole word, and where something can be said of it a tab and that. A line that begins with ':'
 * tells the shell to add what it knows better itself:
 *     :files [PATTERN]   files whose names match, and folders
 *     :folders           folders
 *     :more              no space after a candidate, as more of the word follows
 * Nothing here fails: what cannot be read has no candidates.
 */

#include <common/cli.h>

struct rog_candidates {
    const struct rog_program *program;
    const struct rog_command *command; /* NULL: the word is the command */
    const char *db;                    /* path of the database */
    const char *const *arg;            /* the command's arguments before the word */
    int args;
    const char *lead;  /* what stands before the value: "--cluster=", or "" */
    const char *typed; /* the value so far: only what begins so is a candidate */
};

/* `about` may be NULL. Left out is what does not begin as typed, and what no terminal shows. */
void rog_candidate(const struct rog_candidates *c, const char *value, const char *about);
/* Those of a list with '|' between them. */
void rog_candidates_choices(const struct rog_candidates *c, const char *choices);

/* Values of an option, or of a run's setting. */
void rog_candidates_of_option(const struct rog_candidates *c, const struct rog_setting *option);
/* Arguments of the kind that a usage calls by this name: RUN, CASE, FILE ... */
void rog_candidates_of_kind(const struct rog_candidates *c, const char *kind);

#endif
