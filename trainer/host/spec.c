/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and checks host.json. */
#include <trainer/host/spec.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/shape/shape.h>

#define SPEC_MAX_BYTES ((size_t)1 << 20)
#define RANK_MAX 100000
#define RESTARTS_MAX 1000000
#define LEASE_MAX_S 1e7
#define OFFSET_MAX_S 1e9

enum type { STRING, NUMBER, INTEGER, TRUTH, OBJECT, ARRAY };

/* A member that there may be, and the range of a number. */
struct member {
    const char *name;
    enum type type;
    double min, max;
};

static const struct member host_members[] = {
    {"role", STRING, 0, 0},
    {"rank", INTEGER, 0, RANK_MAX},
    {"arguments", ARRAY, 0, 0},
    {"wrap", ARRAY, 0, 0},
    {"environment", OBJECT, 0, 0},
    {"restarts", INTEGER, 0, RESTARTS_MAX},
    {"lease_s", NUMBER, 1, LEASE_MAX_S},
    {"sysfs", STRING, 0, 0},
    {"power", TRUTH, 0, 0},
    {"shape", OBJECT, 0, 0},
    {NULL, STRING, 0, 0},
};

static const struct member shape_members[] = {
    {"iface", STRING, 0, 0},
    {"direction", STRING, 0, 0},
    {"trace", STRING, 0, 0},
    {"seed", INTEGER, 0, 9007199254740991.0},
    {"offset_s", NUMBER, 0, OFFSET_MAX_S},
    {"tolerance", NUMBER, 0.001, 10},
    {"peers", ARRAY, 0, 0},
    {NULL, STRING, 0, 0},
};

static const struct member peer_members[] = {
    {"rank", INTEGER, 1, RANK_MAX},        {"address", STRING, 0, 0}, {"trace", STRING, 0, 0},
    {"offset_s", NUMBER, 0, OFFSET_MAX_S}, {NULL, STRING, 0, 0},
};

struct check {
    const struct member *members;
    const char *path, *where;
    struct rog_error *err;
};

static bool has_type(const struct rog_json *value, enum type type)
{
    switch (type) {
    case STRING:
        return rog_json_is_string(value);
    case NUMBER:
        return rog_json_is_number(value);
    case INTEGER:
        return rog_json_is_integer(value);
    case TRUTH:
        return rog_json_is_bool(value);
    case OBJECT:
        return rog_json_is_object(value);
    case ARRAY:
        return rog_json_is_array(value);
    }
    return false;
}

static bool is_null(const struct rog_json *value)
{
    for (enum type type = STRING; type <= ARRAY; type++)
        if (has_type(value, type))
            return false;
    return true;
}

static int check_member(const char *key, const struct rog_json *value, void *user)
{
    static const char *const types[] = {"a string",      "a number",  "a whole number",
                                        "true or false", "an object", "an array"};
    const struct check *check = user;
    const struct member *member = check->members;
    while (member->name && strcmp(member->name, key) != 0)
        member++;
    if (!member->name)
        return rog_fail(check->err, ROG_EINVAL, "%s: unknown member \"%s\"%s", check->path, key,
                        check->where);
    if (member->type == OBJECT && is_null(value))
        return ROG_OK;
    if (!has_type(value, member->type))
        return rog_fail(check->err, ROG_EINVAL, "%s: \"%s\"%s must be %s", check->path, key,
                        check->where, types[member->type]);
    double number = rog_json_number(value, 0);
    if ((member->type == NUMBER || member->type == INTEGER) &&
        !(number >= member->min && number <= member->max))
        return rog_fail(check->err, ROG_EINVAL, "%s: \"%s\"%s must be from %g to %g (found %g)",
                        check->path, key, check->where, member->min, member->max, number);
    return ROG_OK;
}

static int check_object(const struct rog_json *object, const struct member *members,
                        const char *path, const char *where, struct rog_error *err)
{
    struct check check = {members, path, where, err};
    if (!rog_json_is_object(object))
        return rog_fail(err, ROG_EINVAL, "%s: an object is needed%s", path, where);
    return rog_json_each(object, check_member, &check);
}

static int check_text(const char *key, const struct rog_json *value, void *user)
{
    const struct check *check = user;
    if (!rog_json_is_string(value) || !key[0] || strchr(key, '='))
        return rog_fail(check->err, ROG_EINVAL,
                        "%s: \"environment\" holds names with strings (found \"%s\")", check->path,
                        key);
    return ROG_OK;
}

static int check_words(const struct rog_json *words, const char *name, const char *path,
                       struct rog_error *err)
{
    for (size_t i = 0; i < rog_json_size(words); i++)
        if (!rog_json_is_string(rog_json_at(words, i)))
            return rog_fail(err, ROG_EINVAL, "%s: \"%s\" must hold strings", path, name);
    return ROG_OK;
}

static int read_peers(struct rog_host_shape *shape, const struct rog_json *peers, const char *path,
                      struct rog_error *err)
{
    size_t count = rog_json_size(peers);
    if (count > ROG_SHAPE_MAX_PEERS)
        return rog_fail(err, ROG_EINVAL, "%s: at most %d peers", path, ROG_SHAPE_MAX_PEERS);
    shape->peers = calloc(count + 1, sizeof *shape->peers);
    if (!shape->peers)
        return rog_fail_nomem(err);
    shape->peer_count = count;
    int code = ROG_OK;
    for (size_t i = 0; i < count && !code; i++) {
        const struct rog_json *from = rog_json_at(peers, i);
        struct rog_host_peer *peer = &shape->peers[i];
        code = check_object(from, peer_members, path, " of a peer", err);
        peer->rank = (uint32_t)rog_json_get_integer(from, "rank", 0);
        peer->address = rog_json_get_string(from, "address", NULL);
        peer->trace = rog_json_get_string(from, "trace", NULL);
        peer->offset_s = rog_json_get_number(from, "offset_s", 0);
        if (!code && (!peer->rank || !peer->address || !peer->trace))
            code = rog_fail(err, ROG_EINVAL, "%s: a peer needs rank, address and trace", path);
    }
    return code;
}

static int read_shape(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    const struct rog_json *from = rog_json_get(spec->json, "shape");
    struct rog_host_shape *shape = &spec->shape;
    if (!from || is_null(from))
        return ROG_OK;
    int code = check_object(from, shape_members, path, " of \"shape\"", err);
    const char *direction = rog_json_get_string(from, "direction", "both");
    const struct rog_json *peers = rog_json_get(from, "peers");
    shape->iface = rog_json_get_string(from, "iface", NULL);
    shape->trace = rog_json_get_string(from, "trace", NULL);
    shape->seed = (uint64_t)rog_json_get_integer(from, "seed", 1);
    shape->offset_s = rog_json_get_number(from, "offset_s", 0);
    shape->tolerance = rog_json_get_number(from, "tolerance", 0.05);
    shape->egress_only = strcmp(direction, "egress") == 0;
    if (code)
        return code;
    if (!shape->iface)
        return rog_fail(err, ROG_EINVAL, "%s: \"shape\" needs \"iface\"", path);
    if (!shape->egress_only && strcmp(direction, "both") != 0)
        return rog_fail(err, ROG_EINVAL, "%s: \"direction\" must be both or egress (found \"%s\")",
                        path, direction);
    if (rog_json_size(peers))
        code = read_peers(shape, peers, path, err);
    if (!code && !shape->trace == !shape->peer_count)
        code = rog_fail(err, ROG_EINVAL, "%s: \"shape\" needs a trace, or peers with theirs", path);
    return code;
}

static int interpret(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    const struct rog_json *json = spec->json;
    int code = check_object(json, host_members, path, "", err);
    if (code)
        return code;
    const char *role = rog_json_get_string(json, "role", "");
    spec->serves = strcmp(role, "serve") == 0;
    spec->rank = (uint32_t)rog_json_get_integer(json, "rank", spec->serves ? 0 : -1);
    spec->arguments = rog_json_get(json, "arguments");
    spec->wrap = rog_json_get(json, "wrap");
    spec->environment = rog_json_get(json, "environment");
    spec->restarts = (uint32_t)rog_json_get_integer(json, "restarts", 0);
    spec->lease_s = rog_json_get_number(json, "lease_s", ROG_HOST_LEASE_S);
    spec->sysfs = rog_json_get_string(json, "sysfs", "/sys");
    spec->power = rog_json_get_bool(json, "power", true);
    struct check check = {NULL, path, "", err};
    if (!spec->serves && strcmp(role, "work") != 0)
        return rog_fail(err, ROG_EINVAL, "%s: \"role\" must be serve or work (found \"%s\")", path,
                        role);
    if (spec->serves != (spec->rank == 0) || spec->rank > RANK_MAX)
        return rog_fail(err, ROG_EINVAL, "%s: \"rank\" is 0 for the server, from 1 on for workers",
                        path);
    code = check_words(spec->arguments, "arguments", path, err);
    if (!code)
        code = check_words(spec->wrap, "wrap", path, err);
    if (!code && spec->environment && rog_json_is_object(spec->environment))
        code = rog_json_each(spec->environment, check_text, &check);
    return code ? code : read_shape(spec, path, err);
}

int rog_host_spec_read(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    *spec = (struct rog_host_spec){0};
    int code = rog_file_read(path, SPEC_MAX_BYTES, &text, &size, err);
    if (!code)
        code = rog_json_parse(text, size, path, &spec->json, err);
    if (!code)
        code = interpret(spec, path, err);
    free(text);
    return code;
}

void rog_host_spec_release(struct rog_host_spec *spec)
{
    free(spec->shape.peers);
    rog_json_free(spec->json);
    *spec = (struct rog_host_spec){0};
}
