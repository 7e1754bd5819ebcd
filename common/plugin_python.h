/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PLUGIN_PYTHON_H
#define ROG_COMMON_PLUGIN_PYTHON_H

/*
 * Strategies in Python, for trying out (python/rog/strategy.py): a file NAME.py is to who loads it
 * a plugin as any other, a const struct of hooks, which ask a process of Python.
 */

#include <stdbool.h>

#include <rog/error.h>
#include <rog/strategy.h>

struct rog_python; /* opaque */

/* Whether a file of this name is in Python. */
bool rog_python_is_file(const char *path);
/* The same, and whether the file names what strategies are derived from: others in the same folder,
 * training programs for example, are not run only to be listed. */
bool rog_python_has_strategy(const char *path);

/* Starts Python and asks the file what it has; *strategy lives as long as the result. ROG_EABI
 * names what is wrong with it. */
int rog_python_new(struct rog_python **python, const char *path,
                   const struct rog_strategy **strategy, struct rog_error *err);
/* Ends the process. NULL is harmless. */
void rog_python_free(struct rog_python *python);

/* The version of Python, "3.11.2". */
const char *rog_python_version(const struct rog_python *python);

/* Of the strategy's struct of parameters, which may be NULL as yet: hooks find their process by it.
 */
int rog_python_attach(struct rog_python *python, void **parameters, struct rog_error *err);

#endif
