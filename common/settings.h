/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SETTINGS_H
#define ROG_COMMON_SETTINGS_H

/*
 * Settings as data: a setting's type, unit, range, default and help stand in one row. The parser of
 * experiment and cluster files, the command line, --help, the docs and the trainer read that row.
 */

#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

enum rog_setting_type {
    ROG_SETTING_FLAG,   /* true or false; on a command line it takes no value */
    ROG_SETTING_INT,    /* whole number in [min, max] */
    ROG_SETTING_REAL,   /* number in [min, max] */
    ROG_SETTING_STRING, /* text; `choices` (separated by '|') restricts it where not NULL */
    ROG_SETTING_REALS,  /* list of numbers, each in [min, max] */
    ROG_SETTING_TEXTS,  /* list of texts */
};

struct rog_setting {
    const char *name;
    enum rog_setting_type type;
    const char *fallback; /* the default as text ("24", "800,1600"); NULL: none, must be given or
                             stays unset */
    double min, max;      /* for numbers */
    const char *choices;  /* for strings; for whole numbers: a word that stands for max */
    const char *unit;     /* "s", "Mbit/s", or NULL */
    const char *help;     /* one line, no full stop */
    char letter;          /* one-letter form on a command line, or 0 */
};

/* A run's settings: what may stand in an experiment file (at top level, in a run, in a matrix) and
 * what the trainer gets, all by the same names. Ends with a row whose name is NULL. */
extern const struct rog_setting rog_run_settings[];
/* A worker's settings (cluster file, `workers` and profiles). */
extern const struct rog_setting rog_worker_settings[];

const struct rog_setting *rog_setting_find(const struct rog_setting *table, const char *name);
/* The known name nearest to `name` by edit distance, NULL when none is near. `next` walks any list
 * of names: it returns the index-th name or NULL at the end. */
const char *rog_nearest_name(const char *name, const char *(*next)(const void *list, size_t index),
                             const void *list);
const char *rog_setting_nearest(const struct rog_setting *table, const char *name);

/* Checks a value against the row; on error the message reads "NAME must be ... (found ...)". */
int rog_setting_check(const struct rog_setting *setting, const struct rog_json *value,
                      struct rog_error *err);
/* Turns text (from a command line or from `fallback`) into a checked value. */
int rog_setting_parse(const struct rog_setting *setting, const char *text, struct rog_json **value,
                      struct rog_error *err);
/* Adds every missing setting that has a default to `object`, and puts the number in the place of a
 * word that stands for it. */
int rog_settings_fill(const struct rog_setting *table, struct rog_json *object,
                      struct rog_error *err);
/* Checks each key of `object` against the table; keys without a row are an error. `skip` (may be
 * NULL) is a '|' separated list of keys that are somebody else's. */
int rog_settings_check(const struct rog_setting *table, const struct rog_json *object,
                       const char *skip, struct rog_error *err);
/* "whole number, 1 to 64, default 24, images": for help and docs. Writes at most `bytes`. */
void rog_setting_describe(const struct rog_setting *setting, char *text, size_t bytes);

#define ROG_THRESHOLD_TEXT_BYTES 24
/* A threshold for people and in names: "4", or "inf" where it has no end. Writes to `text`, of
 * ROG_THRESHOLD_TEXT_BYTES, and returns it. */
const char *rog_threshold_text(long long threshold, char *text);

#endif
