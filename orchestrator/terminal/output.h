/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_OUTPUT_H
#define ROG_ORCHESTRATOR_TERMINAL_OUTPUT_H

/*
 * Everything that rogctl prints: results on standard output, remarks on standard error. With --json
 * standard output gets one JSON value and nothing else.
 */

#include <stdbool.h>

#include <common/cli.h>
#include <common/json.h>
#include <orchestrator/terminal/table.h>

struct rog_output {
    bool json, quiet, verbose;
};

struct rog_output rog_output_of(const struct rog_cli *cli);

/* A remark on standard error, unless quiet. */
void rog_remark(const struct rog_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One for --verbose only. */
void rog_detail(const struct rog_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A warning on standard error, also when quiet. */
void rog_warn(const struct rog_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A text as a terminal may get it (rog_write_harmless), its lines broken at blanks where they are
 * longer than `columns` (0: not at all). Heap memory; NULL when memory ran out. */
char *rog_wrapped(const char *text, size_t columns);

/* A line of the result on standard output, for people. */
void rog_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A text behind `before`. On a terminal it is broken at blanks, and begins at the same column in
 * each line; elsewhere it is one line. */
void rog_print_wrapped(const char *before, const char *text);
/* A line of the result whose text begins at `column`, where it goes on in the next line if it is
 * broken, on a terminal: the value behind a title. */
void rog_print_hanging(size_t column, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The result for machines. Takes over `value`. */
int rog_print_json(struct rog_json *value, struct rog_error *err);

#endif
