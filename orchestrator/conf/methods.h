/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_METHODS_H
#define ROG_CONF_METHODS_H

/*
 * Methods of the literature: named groups of a run's settings, from files such as
 * experiments/methods.conf.
 *
 *     methods = (
 *         { name = "diloco"; title = "DiLoCo"; source = "Douillard et al., arXiv:2311.08105";
 *           published = "500 local steps, ...";
 *           differs = ["what is other here than there, and why", ...];
 *           settings = { library = "BSP"; batchsize = 500; ... }; },
 *         ... );
 *
 * A run that names one (`method`) has its settings where nothing else is said. What is said wins
 * wherever it stands, at top level, in the run or in a matrix. Of parameters that belong to a
 * strategy, codec or optimizer each is taken for itself; where another strategy, codec or optimizer
 * is said, those of the method's are left out.
 */

#include <stddef.h>

#include <common/json.h>
#include <orchestrator/conf/experiment.h>
#include <rog/error.h>

struct rog_method {
    char *name;               /* as in `method`, a plain name */
    char *title;              /* for labels */
    char *source;             /* publication */
    char *published;          /* its defaults, as text; NULL: none */
    struct rog_json *differs; /* list of texts, may be empty */
    struct rog_json *settings;
    char *file; /* where it stands */
};

/* All 0 to begin with. */
struct rog_methods {
    struct rog_method *method;
    size_t count;
};

/* Adds the methods of a file; existing names are replaced. ROG_EINVAL names file and line. */
int rog_methods_read(struct rog_methods *methods, const char *path, struct rog_error *err);
void rog_methods_release(struct rog_methods *methods);

/* ROG_ENOTFOUND, with the nearest name. */
int rog_methods_find(const struct rog_methods *methods, const char *name,
                     const struct rog_method **method, struct rog_error *err);

/* Adds the settings of the method that `settings` names below theirs. *label: the label of its
 * runs, its title, with the strategy if that is also given; heap. If no method is named nothing
 * changes, and *label is NULL. */
int rog_methods_apply(const struct rog_methods *methods, struct rog_json *settings, char **label,
                      struct rog_error *err);
/* The same for each run of a file. ROG_EINVAL names its line. */
int rog_methods_apply_all(const struct rog_methods *methods, struct rog_experiment *experiment,
                          struct rog_error *err);

/* The settings as in a file, one per line, indented by `indent`. Heap memory, NULL without
 * memory. */
char *rog_method_text(const struct rog_method *method, const char *indent);

#endif
