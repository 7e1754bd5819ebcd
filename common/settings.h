/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SETTINGS_H
#define ROG_COMMON_SETTINGS_H

/*
 * Settings as data: the type, unit, range, default and help of a setting are in one row. Experiment
 * and cluster files, the command line, --help, the docs and the trainer all use that row.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

enum rog_setting_type {
    ROG_SETTING_FLAG,   /* true or false; on a command line it has no value */
    ROG_SETTING_INT,    /* integer in [min, max] */
    ROG_SETTING_REAL,   /* number in [min, max] */
    ROG_SETTING_STRING, /* string; restricted to `choices` (separated by '|') unless NULL */
    ROG_SETTING_REALS,  /* list of numbers, each in [min, max] */
    ROG_SETTING_TEXTS,  /* list of strings */
    ROG_SETTING_GROUP,  /* names, each with a number, a string, true or false; the owner decides
                           which are allowed */
};

/* Properties of a setting for code that treats some settings specially. Such code looks for a flag
 * in the whole table; there are no lists of names. */
enum rog_setting_flag {
    /* Paths are relative to the file's folder, and their files are sent to the hosts. */
    ROG_SETTING_PATH = 1 << 0,             /* unless it begins with a word and a colon */
    ROG_SETTING_PATH_AFTER_COLON = 1 << 1, /* after "WORD:", if there is a colon */
    ROG_SETTING_PATH_WITH_SLASH = 1 << 2,  /* path of an existing file, if it contains a slash or
                                              ends in .py */
    ROG_SETTING_IS_PATH = ROG_SETTING_PATH | ROG_SETTING_PATH_AFTER_COLON |
                          ROG_SETTING_PATH_WITH_SLASH, /* any of them */

    ROG_SETTING_FILLED_IN = 1 << 3,      /* set when the run is planned, usually not by users */
    ROG_SETTING_FILE_NAME = 1 << 4,      /* becomes part of file names: rog_name_is_plain */
    ROG_SETTING_ASIDE = 1 << 5,          /* runs that differ only in it are the same */
    ROG_SETTING_NOT_NOTED = 1 << 6,      /* not part of the note that a matrix gives to a run */
    ROG_SETTING_OF_PROGRAMS = 1 << 7,    /* only for workload program */
    ROG_SETTING_OF_START_MODEL = 1 << 8, /* the network's starting model depends on it */
    ROG_SETTING_KEPT_BY_REPLAY = 1 << 9, /* of a run: also used in a replay of it */
    ROG_SETTING_RECORDED = 1 << 10,      /* of a worker: a replay uses what was recorded instead */
    ROG_SETTING_REQUIRED = 1 << 11,      /* required by a simulated device */

    ROG_SETTING_OF_RANK = 1 << 15, /* of a path: ROG_RANK_MARK in it is replaced by the worker's
                                      rank */
    /* It names a file or folder, and the run is a different one if its contents change. */
    ROG_SETTING_CONTENT = 1 << 16,
    ROG_SETTING_OF_SIZE = 1 << 17, /* has the main influence on the duration of a run */
    /* Added after runs had been recorded: a run with the default is the same as one without it. */
    ROG_SETTING_LEFT_OUT = 1 << 18,
    ROG_SETTING_OF_BOTH_ENDS = 1 << 19, /* must be equal at server and workers */
    /* For workers without a run's configuration: allowed in `settings` of struct rog_options. */
    ROG_SETTING_OPTION_OF_LIBRARY = 1 << 20,
    /* Affects values of gradients and models, but not what is sent and when. */
    ROG_SETTING_OF_VALUES = 1 << 21,
    /* Affects how the processes of a run are supervised, but not its results: a resumed run
     * continues with the current value. */
    ROG_SETTING_OF_PROCESSES = 1 << 22,
    ROG_SETTING_OF_STEP = 1 << 23, /* affects how long a program's local step takes */

    /* Also an option of these commands, with the same name. */
    ROG_SETTING_OPTION_OF_RUN = 1 << 12,
    ROG_SETTING_OPTION_OF_REPLAY = 1 << 13,
    ROG_SETTING_OPTION_OF_SERVE = 1 << 14, /* without a configuration file */
};

struct rog_setting {
    const char *name;
    enum rog_setting_type type;
    /* The default as text ("24", "800,1600"); NULL: none, must be given or stays unset. {NAME} is
     * replaced by another setting's value (rog_settings_derive). */
    const char *fallback;
    double min, max;     /* for numbers */
    const char *choices; /* for strings: the allowed words; for integers: a word for max; for other
                            numbers: a word that may replace the number */
    const char *unit;    /* "s", "Mbit/s", or NULL */
    const char *help;    /* one line, no full stop */
    const char *no_path; /* of a path: a value that does not name a file; NULL: any value without
                            WORD: */
    char letter;         /* one-letter form on a command line, or 0 */
    const char *option;  /* the name of the option, if it differs */
    unsigned flags;      /* or-ed, enum rog_setting_flag */
    const struct rog_setting *members; /* of a group: its members; NULL: decided by the owner */
    size_t offset, bytes;              /* the member that rog_settings_store sets; bytes 0: none */
};

/* The name, offset and bytes of a setting that is a member of `type` by the same name. */
#define ROG_SETTING_MEMBER(type, member)                      \
    .name = #member, .offset = offsetof(struct type, member), \
    .bytes = sizeof(((struct type *)NULL)->member)

/* The settings of a run: those allowed in an experiment file (at top level, in a run, in a matrix)
 * and passed to the trainer, with the same names. Ends with a row whose name is NULL. */
extern const struct rog_setting rog_run_settings[];
/* A worker's settings (cluster file, `workers` and profiles). */
extern const struct rog_setting rog_worker_settings[];
#define ROG_NOTE_GIVEN "note_given" /* the name of one of the settings of a run */

const struct rog_setting *rog_setting_find(const struct rog_setting *table, const char *name);
/* Returns the known name nearest to `name` by edit distance, NULL if none is near. `next` returns
 * the index-th name of a list, or NULL at the end. */
const char *rog_nearest_name(const char *name, const char *(*next)(const void *list, size_t index),
                             const void *list);
const char *rog_setting_nearest(const struct rog_setting *table, const char *name);

/* Checks a value against the row; on error the message reads "NAME must be ... (found ...)". */
int rog_setting_check(const struct rog_setting *setting, const struct rog_json *value,
                      struct rog_error *err);
/* Turns text (from a command line or from `fallback`) into a checked value. */
int rog_setting_parse(const struct rog_setting *setting, const char *text, struct rog_json **value,
                      struct rog_error *err);
/* Adds every missing setting that has its own default to `object`, and replaces words that stand
 * for a number by the number. */
int rog_settings_fill(const struct rog_setting *table, struct rog_json *object,
                      struct rog_error *err);
/* Adds every missing setting whose default depends on others: their values are taken from `object`,
 * else from `outer` (may be NULL). If neither has the value, the setting stays unset. */
int rog_settings_derive(const struct rog_setting *table, struct rog_json *object,
                        const struct rog_json *outer, struct rog_error *err);
/* Sets the members of `base` to the values in the checked `object`: flags a bool, integers a
 * uint32_t, int64_t or uint64_t, numbers a double, strings a const char *, lists a const struct
 * rog_json *. Pointers are valid as long as `object`. A member whose setting is unset, or has a
 * word instead of a number, is set to -1 if it has 64 bits, else to 0 or NULL. */
void rog_settings_store(const struct rog_setting *table, const struct rog_json *object, void *base);
/* Checks each key of `object` against the table; keys without a row are an error. `skip` (may be
 * NULL) is a list, separated by '|', of keys that belong to another table. */
int rog_settings_check(const struct rog_setting *table, const struct rog_json *object,
                       const char *skip, struct rog_error *err);
/* Returns whether the setting has one of the flags `with` (0: any setting) and none of
 * `without`. */
bool rog_setting_is(const struct rog_setting *setting, unsigned with, unsigned without);
/* Copies such settings of `from` into `to`. */
void rog_settings_copy(const struct rog_setting *table, unsigned with, unsigned without,
                       const struct rog_json *from, struct rog_json *to);
/* Removes such settings from `object`. */
void rog_settings_remove(const struct rog_setting *table, unsigned with, struct rog_json *object);
/* The same for settings that have their default. */
void rog_settings_leave_out(const struct rog_setting *table, unsigned with,
                            struct rog_json *object);
/* Returns the names of such settings: "command, files, test". Heap memory, NULL if out of
 * memory. */
char *rog_settings_names(const struct rog_setting *table, unsigned with, unsigned without);

/* Returns the position in `value` of the path that the setting names; NULL if this value does not
 * name a file. */
const char *rog_setting_path(const struct rog_setting *setting, const char *value);
/* Replaces the path that the setting names in `object`. */
int rog_setting_put_path(const struct rog_setting *setting, struct rog_json *object,
                         const char *path, struct rog_error *err);
/* Makes the paths in `object`, which are relative to `folder`, absolute. Those that begin with "~/"
 * are left unchanged. */
int rog_settings_anchor(const struct rog_setting *table, struct rog_json *object,
                        const char *folder, struct rog_error *err);

/* Returns whether this is a valid name for a part of file names: letters, digits, '-', '_' and '.',
 * not beginning with '-' or '.', at most 64 bytes. */
bool rog_name_is_plain(const char *name);

/* Writes "whole number, 1 to 64, default 24, images", for help and docs; at most `bytes`. */
void rog_setting_describe(const struct rog_setting *setting, char *text, size_t bytes);

#define ROG_THRESHOLD_TEXT_BYTES 24
/* Writes a threshold for messages and names: "4", or "inf" if unlimited. Writes to `text`, of
 * ROG_THRESHOLD_TEXT_BYTES, and returns it. */
const char *rog_threshold_text(long long threshold, char *text);

#endif
