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
 *           differs = ["what differs here from the publication, and why", ...];
 *           settings = { library = "BSP"; batchsize = 500; ... }; },
 *         ... );
 *
 * A run that names a method (`method`) gets its settings, unless they are given otherwise: at top
 * level, in the run or in a matrix. Parameters of a strategy, codec or optimizer are overridden one
 * by one; if another strategy, codec or optimizer is given, the method's parameters for it are left
 * out.
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
    char *file; /* the file that contains it */
};

/* Zero-initialize. */
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

/* Adds to `settings` those of the method that they name, without overriding any. *label: the label
 * of its runs: the method's title, with the strategy if that is also given; heap. If no method is
 * named nothing changes, and *label is NULL. */
int rog_methods_apply(const struct rog_methods *methods, struct rog_json *settings, char **label,
                      struct rog_error *err);
/* The same for each run of a file. ROG_EINVAL names its line. */
int rog_methods_apply_all(const struct rog_methods *methods, struct rog_experiment *experiment,
                          struct rog_error *err);

/* The settings as in a file, one per line, indented by `indent`. Heap memory, NULL without
 * memory. */
char *rog_method_text(const struct rog_method *method, const char *indent);

#endif
