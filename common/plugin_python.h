/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PLUGIN_PYTHON_H
#define ROG_COMMON_PLUGIN_PYTHON_H

/*
 * Strategies in Python, for experiments (python/rog/strategy.py). To the caller, a file NAME.py is
 * a plugin like any other, a const struct of hooks; the hooks ask a Python process.
 */

#include <stdbool.h>

#include <rog/error.h>
#include <rog/strategy.h>

struct rog_python; /* opaque */

/* Whether a file of this name is in Python. */
bool rog_python_is_file(const char *path);
/* The same, and whether the file names the base class of strategies: others in the same folder,
 * such as training programs, are not run just to be listed. */
bool rog_python_has_strategy(const char *path);

/* Starts Python and asks the file for its description; *strategy lives as long as the result.
 * ROG_EABI names what is wrong. */
int rog_python_new(struct rog_python **python, const char *path,
                   const struct rog_strategy **strategy, struct rog_error *err);
/* Ends the process. NULL is harmless. */
void rog_python_free(struct rog_python *python);

/* The version of Python, "3.11.2". */
const char *rog_python_version(const struct rog_python *python);

/* For the strategy's struct of parameters, which may still be NULL: hooks find their process by
 * it. */
int rog_python_attach(struct rog_python *python, void **parameters, struct rog_error *err);

#endif
