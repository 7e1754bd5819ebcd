/* SPDX-License-Identifier: Apache-2.0 */
/* Compares JSON values. */
#include <orchestrator/ui/differ.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define DEPTH_MAX 12

struct comparing {
    struct rog_json *differs;
    int64_t same;
    const char *name; /* name of the object that contains the members */
    const struct rog_json *other;
    bool only_missing; /* visit only members that the other object lacks */
    int depth;
};

static void compare(struct comparing *c, const char *name, const struct rog_json *one,
                    const struct rog_json *other);

static struct rog_json *copy_of(const struct rog_json *value)
{
    return value ? rog_json_copy(value) : rog_json_new_string(NULL);
}

static void compare_values(struct comparing *c, const char *name, const struct rog_json *one,
                           const struct rog_json *other)
{
    char *text = one ? rog_json_text_sorted(one) : NULL;
    char *other_text = other ? rog_json_text_sorted(other) : NULL;
    bool is_same = text && other_text ? strcmp(text, other_text) == 0 : !one && !other;
    free(text);
    free(other_text);
    c->same += is_same;
    if (is_same)
        return;
    struct rog_json *row = rog_json_object();
    rog_json_put_string(row, "name", name);
    rog_json_put(row, "value", copy_of(one));
    rog_json_put(row, "other", copy_of(other));
    rog_json_append(c->differs, row);
}

static int compare_member(const char *key, const struct rog_json *value, void *user)
{
    struct comparing *c = user;
    const struct rog_json *other = rog_json_get(c->other, key);
    const char *outer = c->name;
    if (c->only_missing && other)
        return 0;
    char *name = outer[0] ? rog_format("%s.%s", outer, key) : rog_strdup(key);
    if (!name)
        return 0; /* the error is recorded where the text is made */
    struct comparing own = *c;
    if (c->only_missing)
        compare(&own, name, NULL, value);
    else
        compare(&own, name, value, other);
    c->same = own.same;
    free(name);
    return 0;
}

static void compare_objects(struct comparing *c, const char *name, const struct rog_json *one,
                            const struct rog_json *other)
{
    struct comparing own = *c;
    own.name = name;
    own.depth++;
    own.other = other;
    own.only_missing = false;
    rog_json_each(one, compare_member, &own);
    own.other = one;
    own.only_missing = true;
    rog_json_each(other, compare_member, &own);
    c->same = own.same;
}

static void compare_arrays(struct comparing *c, const char *name, const struct rog_json *one,
                           const struct rog_json *other)
{
    size_t count =
        rog_json_size(one) > rog_json_size(other) ? rog_json_size(one) : rog_json_size(other);
    c->depth++;
    for (size_t i = 0; i < count; i++) {
        char *item = rog_format("%s[%zu]", name, i);
        if (item)
            compare(c, item, rog_json_at(one, i), rog_json_at(other, i));
        free(item);
    }
    c->depth--;
}

static void compare(struct comparing *c, const char *name, const struct rog_json *one,
                    const struct rog_json *other)
{
    if (c->depth < DEPTH_MAX && rog_json_is_object(one) && rog_json_is_object(other))
        compare_objects(c, name, one, other);
    else if (c->depth < DEPTH_MAX && rog_json_is_array(one) && rog_json_is_array(other))
        compare_arrays(c, name, one, other);
    else
        compare_values(c, name, one, other);
}

int64_t rog_differ(const char *name, const struct rog_json *one, const struct rog_json *other,
                   struct rog_json *differs)
{
    struct comparing comparing = {.differs = differs};
    compare(&comparing, name, one, other);
    return comparing.same;
}
