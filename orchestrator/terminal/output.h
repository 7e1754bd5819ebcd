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
/* A remark that is only printed with --verbose. */
void rog_detail(const struct rog_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A warning on standard error, also when quiet. */
void rog_warn(const struct rog_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns a text that is safe for a terminal (rog_write_harmless), wrapped at spaces if longer than
 * `columns` (0: not wrapped). Heap memory; NULL without memory. */
char *rog_wrapped(const char *text, size_t columns);

/* A line of the result on standard output, for text output. */
void rog_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a text after `before`. On a terminal it is wrapped at spaces, with each line starting at
 * the same column; elsewhere it is one line. */
void rog_print_wrapped(const char *before, const char *text);
/* Prints a line of the result, such as a title and a value. On a terminal it is wrapped, with
 * further lines starting at `column`. */
void rog_print_hanging(size_t column, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints the result as JSON. Takes ownership of `value`. */
int rog_print_json(struct rog_json *value, struct rog_error *err);

#endif
