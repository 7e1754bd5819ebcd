/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_TARGET_H
#define ROG_UI_TARGET_H

/*
 * What a request asks for: the target of its first line, "/api/runs/x%20y?limit=5", taken apart and
 * decoded. Parts of the path and parameters are texts in UTF-8 without control characters; none of
 * them is ever used as a path of a file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_TARGET_MAX_BYTES 16384
#define ROG_TARGET_MAX_PARTS 16
#define ROG_TARGET_MAX_PARAMETERS 512
#define ROG_TARGET_MAX_SEARCH 200

struct rog_parameter {
    char *name, *value;
};

struct rog_target {
    char **part; /* [parts]: of the path, between slashes; none: "/" */
    size_t parts;
    struct rog_parameter *parameter; /* in their order; a name may be there several times */
    size_t parameters;
};

/* ROG_EINVAL: it is longer than these limits, has a damaged escape or bytes that are no text. An
 * empty target remains then. */
int rog_target_parse(struct rog_target *target, const char *text, struct rog_error *err);
void rog_target_release(struct rog_target *target);

/* Whether the path has these parts, "api/runs/?/log"; a question mark is any part but an empty
 * one. */
bool rog_target_is(const struct rog_target *target, const char *pattern);
/* ROG_EINVAL for a parameter that is none of `known`, "case,status,text", "" being none at all. */
int rog_target_check(const struct rog_target *target, const char *known, struct rog_error *err);

/* Of the first parameter of that name; an empty value is none. NULL: there is none. */
const char *rog_target_text(const struct rog_target *target, const char *name);
/* The same of what is searched for in everything there is; ROG_EINVAL where it is longer than
 * ROG_TARGET_MAX_SEARCH bytes. */
int rog_target_search(const struct rog_target *target, const char *name, const char **text,
                      struct rog_error *err);
/* Values of all parameters of that name, in their order. */
size_t rog_target_texts(const struct rog_target *target, const char *name, const char **value,
                        size_t room);
/* *number stays as it is where the parameter is not there; ROG_EINVAL where it is no number in
 * [min, max]. */
int rog_target_int(const struct rog_target *target, const char *name, int64_t min, int64_t max,
                   int64_t *number, struct rog_error *err);
int rog_target_real(const struct rog_target *target, const char *name, double min, double max,
                    double *number, struct rog_error *err);
/* A number out of a text of a user; `what` is what it is called in messages. */
int rog_target_number(const char *what, const char *text, double min, double max, double *number,
                      struct rog_error *err);
/* "1" or "true", "0" or "false". */
int rog_target_flag(const struct rog_target *target, const char *name, bool *flag,
                    struct rog_error *err);
/* The index in `choices`, "asc|desc"; the first where the parameter is not there. */
int rog_target_choice(const struct rog_target *target, const char *name, const char *choices,
                      int *index, struct rog_error *err);

#endif
