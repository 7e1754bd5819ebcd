/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_TARGET_H
#define ROG_UI_TARGET_H

/*
 * The target of a request's first line, "/api/runs/x%20y?limit=5", split and decoded. Parts of the
 * path and parameters are UTF-8 texts without control characters; none of them is ever used as the
 * path of a file.
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
    char **part; /* [parts]: of the path, separated by slashes; none: "/" */
    size_t parts;
    struct rog_parameter *parameter; /* in order; a name may occur several times */
    size_t parameters;
};

/* ROG_EINVAL: it exceeds these limits, or has an invalid escape or bytes that are not text. The
 * target is empty then. */
int rog_target_parse(struct rog_target *target, const char *text, struct rog_error *err);
void rog_target_release(struct rog_target *target);

/* Returns whether the path has these parts, "api/runs/?/log"; a question mark stands for any part
 * that is not empty. */
bool rog_target_is(const struct rog_target *target, const char *pattern);
/* ROG_EINVAL for a parameter that is not in `known`, "case,status,text"; "": none is allowed. */
int rog_target_check(const struct rog_target *target, const char *known, struct rog_error *err);

/* The first parameter of that name; NULL: missing or empty. */
const char *rog_target_text(const struct rog_target *target, const char *name);
/* The same for a text to search for in all data; ROG_EINVAL if it is longer than
 * ROG_TARGET_MAX_SEARCH bytes. */
int rog_target_search(const struct rog_target *target, const char *name, const char **text,
                      struct rog_error *err);
/* The values of all parameters of that name, in order. */
size_t rog_target_texts(const struct rog_target *target, const char *name, const char **value,
                        size_t room);
/* *number is unchanged if the parameter is missing; ROG_EINVAL if it is not a number in [min,
 * max]. */
int rog_target_int(const struct rog_target *target, const char *name, int64_t min, int64_t max,
                   int64_t *number, struct rog_error *err);
int rog_target_real(const struct rog_target *target, const char *name, double min, double max,
                    double *number, struct rog_error *err);
/* A number from a text of the user; `what` names it in messages. */
int rog_target_number(const char *what, const char *text, double min, double max, double *number,
                      struct rog_error *err);
/* "1" or "true", "0" or "false". */
int rog_target_flag(const struct rog_target *target, const char *name, bool *flag,
                    struct rog_error *err);
/* The index in `choices`, "asc|desc"; 0 if the parameter is missing. */
int rog_target_choice(const struct rog_target *target, const char *name, const char *choices,
                      int *index, struct rog_error *err);

#endif
