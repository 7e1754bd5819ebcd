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

/* Returns whether a file with this name is in Python. */
bool rog_python_is_file(const char *path);
/* Returns whether a file is in Python and names the base class of strategies: other files in the
 * same folder, such as training programs, are not run only to be listed. */
bool rog_python_has_strategy(const char *path);

/* Starts Python and requests the file's description; *strategy lives as long as the result.
 * ROG_EABI: the file is not a valid strategy; the message gives the reason. */
int rog_python_new(struct rog_python **python, const char *path,
                   const struct rog_strategy **strategy, struct rog_error *err);
/* Ends the process. No effect on NULL. */
void rog_python_free(struct rog_python *python);

/* Returns the version of Python, such as "3.11.2". */
const char *rog_python_version(const struct rog_python *python);

/* Attaches the process to the strategy's struct of parameters, which may still be NULL: hooks find
 * their process by it. */
int rog_python_attach(struct rog_python *python, void **parameters, struct rog_error *err);

#endif
