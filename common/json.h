/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_JSON_H
#define ROG_COMMON_JSON_H

/*
 * JSON values (jansson behind it; its types stay in json.c).
 *
 * A `struct rog_json *` returned by parse, object or array is owned by the caller and freed with
 * rog_json_free. What get and at return is borrowed: it lives as long as its parent. put and
 * append take over the value they are given, also when they fail.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_json;

/* For the main function of a program of ours, before its first value: whatever jansson allocates in
 * this process is watched from then on, so that a parse ends where memory runs out. Where librog is
 * in a program of somebody else, jansson is that program's, and is left as it is; memory for a
 * parse is then looked for before it. */
void rog_json_watch_memory(void);

/* Errors name `origin` (a file or peer), line and column. */
int rog_json_parse(const char *text, size_t size, const char *origin, struct rog_json **value,
                   struct rog_error *err);
/* The same for an object or array of another program, which may say a key twice: the last counts.
 */
int rog_json_parse_foreign(const char *text, size_t size, const char *origin,
                           struct rog_json **value, struct rog_error *err);
void rog_json_free(struct rog_json *value);
struct rog_json *rog_json_copy(const struct rog_json *value);

/* Reading. The typed getters return the fallback when the key is missing or of another type. */
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

/* Writing. Where memory runs out the constructors give NULL, put and append leave out a NULL, and
 * all of them note it (common/ran_out.h): no text is made then, so that nothing is written, hashed
 * or sent that lacks something. */
struct rog_json *rog_json_object(void);
struct rog_json *rog_json_array(void);
struct rog_json *
rog_json_new_string(const char *text);               /* NULL or invalid UTF-8 -> null / escaped */
struct rog_json *rog_json_new_number(double number); /* NaN and infinity -> null */
struct rog_json *rog_json_new_integer(int64_t number);
void rog_json_put(struct rog_json *object, const char *key, struct rog_json *value);
/* Members that are the same in `with` become one value with those, of which nothing may be changed
 * any more. */
void rog_json_share(struct rog_json *object, const struct rog_json *with);
/* A key that is not there is none to remove. */
void rog_json_remove(struct rog_json *object, const char *key);
/* Copies of all members of another object; what has the same key is replaced. */
void rog_json_put_all(struct rog_json *object, const struct rog_json *from);
void rog_json_put_string(struct rog_json *object, const char *key, const char *text);
void rog_json_put_number(struct rog_json *object, const char *key, double number);
void rog_json_put_integer(struct rog_json *object, const char *key, int64_t number);
void rog_json_put_bool(struct rog_json *object, const char *key, bool truth);
void rog_json_append(struct rog_json *array, struct rog_json *value);

/* One line of text, keys in insertion order; numbers as short as they can be while reading back
 * the same (at most 12 significant digits). Heap memory, NULL when memory ran out. */
char *rog_json_text(const struct rog_json *value);
/* The same with keys sorted (for hashing), and indented (for people). */
char *rog_json_text_sorted(const struct rog_json *value);
char *rog_json_text_pretty(const struct rog_json *value);

#endif
