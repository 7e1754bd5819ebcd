/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_FILE_H
#define ROG_CONF_FILE_H

/*
 * Configuration files, parsed by libconfig, whose types stay in file.c: a tree of nodes that know
 * their positions, so that every error can name file, line and setting.
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

enum rog_conf_type {
    ROG_CONF_GROUP,  /* { a = 1; b = 2; } */
    ROG_CONF_LIST,   /* ( ... ) or [ ... ] */
    ROG_CONF_SCALAR, /* number, text, true or false */
};

struct rog_conf_node {
    enum rog_conf_type type;
    char *name;             /* NULL for list members and the root */
    char *file;             /* the file that contains it */
    int line;               /* from 1; 0 for the root */
    struct rog_json *value; /* the whole subtree */
    struct rog_conf_node *child;
    size_t child_count;
};

/* The root group of a file. A file that is missing or not well formed is ROG_EINVAL with file and
 * line; so are duplicate settings, and numbers that libconfig would truncate. */
int rog_conf_read(struct rog_conf_node **root, const char *path, struct rog_error *err);
/* The same for text in memory; `origin` names it in errors. */
int rog_conf_parse(struct rog_conf_node **root, const char *text, const char *origin,
                   struct rog_error *err);
void rog_conf_free(struct rog_conf_node *root);

/* The member with that name; NULL if there is none. */
const struct rog_conf_node *rog_conf_get(const struct rog_conf_node *group, const char *name);

/* ROG_EINVAL with "FILE, line N: " before the message. */
int rog_conf_fail(const struct rog_conf_node *node, struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error of another function about a value; ROG_ENOMEM stays ROG_ENOMEM. */
int rog_conf_fail_again(const struct rog_conf_node *node, struct rog_error *err,
                        const struct rog_error *why);

/* Checks a member against the settings tables (the first that has its name); an unknown name is an
 * error that suggests the nearest one. `extra` is a table of other allowed settings (for
 * suggestions; may be NULL). */
int rog_conf_check(const struct rog_conf_node *node, const struct rog_setting *table,
                   const struct rog_setting *extra, struct rog_error *err);

/* "a group", "a list", "text", "a whole number"...: the type of a node, for messages. */
const char *rog_conf_kind(const struct rog_conf_node *node);

#endif
