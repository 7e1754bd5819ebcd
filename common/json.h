/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_JSON_H
#define ROG_COMMON_JSON_H

/*
 * JSON values (by jansson, whose types are used only in json.c).
 *
 * A `struct rog_json *` returned by parse, object or array is owned by the caller and freed with
 * rog_json_free. What get and at return is borrowed: it lives as long as its parent. put and append
 * take over the value that they are given, even if they fail.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_json;

/* For the main function of our own programs, before the first value: from then on all allocations
 * of jansson in this process are watched, so that a parse fails when memory runs out. If librog is
 * in another program, jansson belongs to that program and is left as it is; then memory for a parse
 * is checked beforehand. */
void rog_json_watch_memory(void);

/* Parses a text; errors name `origin` (a file or peer), line and column. */
int rog_json_parse(const char *text, size_t size, const char *origin, struct rog_json **value,
                   struct rog_error *err);
/* The same for an object or array of another program, in which keys may be repeated: the last one
 * counts. */
int rog_json_parse_foreign(const char *text, size_t size, const char *origin,
                           struct rog_json **value, struct rog_error *err);
void rog_json_free(struct rog_json *value);
struct rog_json *rog_json_copy(const struct rog_json *value);

/* Reading. The typed getters return the fallback if the key is missing or has another type. */
bool rog_json_is_object(const struct rog_json *value);
bool rog_json_is_array(const struct rog_json *value);
bool rog_json_is_string(const struct rog_json *value);
bool rog_json_is_number(const struct rog_json *value);
bool rog_json_is_integer(const struct rog_json *value);
bool rog_json_is_null(const struct rog_json *value);
bool rog_json_is_bool(const struct rog_json *value);
const struct rog_json *rog_json_get(const struct rog_json *object, const char *key);
size_t rog_json_size(const struct rog_json *array_or_object);
const struct rog_json *rog_json_at(const struct rog_json *array, size_t index);
const char *rog_json_string(const struct rog_json *value, const char *fallback);
double rog_json_number(const struct rog_json *value, double fallback);
int64_t rog_json_integer(const struct rog_json *value, int64_t fallback);
bool rog_json_bool(const struct rog_json *value, bool fallback);
const char *rog_json_get_string(const struct rog_json *object, const char *key,
                                const char *fallback);
double rog_json_get_number(const struct rog_json *object, const char *key, double fallback);
int64_t rog_json_get_integer(const struct rog_json *object, const char *key, int64_t fallback);
bool rog_json_get_bool(const struct rog_json *object, const char *key, bool fallback);
/* Calls visit for each key in insertion order until it returns non-zero, and returns that. */
int rog_json_each(const struct rog_json *object,
                  int (*visit)(const char *key, const struct rog_json *value, void *user),
                  void *user);

/* Writing. If memory runs out, constructors return NULL, put and append ignore a NULL, and all of
 * them note it (common/ran_out.h): no text is made after that, so that nothing incomplete is
 * written, hashed or sent. */
struct rog_json *rog_json_object(void);
struct rog_json *rog_json_array(void);
struct rog_json *rog_json_new_string(const char *text); /* NULL -> null, invalid UTF-8 -> U+FFFD */
struct rog_json *rog_json_new_number(double number);    /* NaN and infinity -> null */
struct rog_json *rog_json_new_integer(int64_t number);
void rog_json_put(struct rog_json *object, const char *key, struct rog_json *value);
/* Members that are equal in `with` share their values with it from now on; these must not be
 * changed any more. */
void rog_json_share(struct rog_json *object, const struct rog_json *with);
/* A missing key is ignored. */
void rog_json_remove(struct rog_json *object, const char *key);
/* Copies all members of another object; existing keys are replaced. */
void rog_json_put_all(struct rog_json *object, const struct rog_json *from);
void rog_json_put_string(struct rog_json *object, const char *key, const char *text);
void rog_json_put_number(struct rog_json *object, const char *key, double number);
void rog_json_put_integer(struct rog_json *object, const char *key, int64_t number);
void rog_json_put_bool(struct rog_json *object, const char *key, bool truth);
void rog_json_append(struct rog_json *array, struct rog_json *value);

/* Returns one line of text, keys in insertion order; numbers as short as possible while reading
 * back the same (at most 12 significant digits). Heap memory, NULL if memory ran out. */
char *rog_json_text(const struct rog_json *value);
/* The same with keys sorted (for hashing), and indented (for people). */
char *rog_json_text_sorted(const struct rog_json *value);
char *rog_json_text_pretty(const struct rog_json *value);

#endif
