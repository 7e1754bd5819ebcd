/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and checks host.json. */
#include <trainer/host/spec.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/container.h>
#include <common/file.h>
#include <common/settings.h>
#include <trainer/shape/shape.h>

#define SPEC_MAX_BYTES ((size_t)1 << 20)
#define RANK_MAX 100000
#define RESTARTS_MAX 1000000
#define LEASE_MAX_S 1e7
#define OFFSET_MAX_S 1e9

static const struct rog_setting host_settings[] = {
    {.name = "role", .type = ROG_SETTING_STRING, .choices = "serve|work"},
    {.name = "rank", .type = ROG_SETTING_INT, .max = RANK_MAX},
    {.name = "arguments", .type = ROG_SETTING_TEXTS},
    {.name = "wrap", .type = ROG_SETTING_TEXTS},
    {.name = "claim", .type = ROG_SETTING_STRING},
    {.name = "holder", .type = ROG_SETTING_STRING},
    {.name = "restarts", .type = ROG_SETTING_INT, .max = RESTARTS_MAX},
    {.name = "lease_s", .type = ROG_SETTING_REAL, .min = 1, .max = LEASE_MAX_S},
    {.name = "sysfs", .type = ROG_SETTING_STRING},
    {.name = "power", .type = ROG_SETTING_FLAG},
    {.name = "iface", .type = ROG_SETTING_STRING},
    {.name = NULL},
};

static const struct rog_setting shape_settings[] = {
    {.name = "iface", .type = ROG_SETTING_STRING},
    {.name = "direction", .type = ROG_SETTING_STRING, .choices = "both|egress"},
    {.name = "trace", .type = ROG_SETTING_STRING},
    {.name = "seed", .type = ROG_SETTING_INT, .max = 9007199254740991.0},
    {.name = "offset_s", .type = ROG_SETTING_REAL, .max = OFFSET_MAX_S},
    {.name = "phase", .type = ROG_SETTING_REAL, .max = 1},
    {.name = "block_s", .type = ROG_SETTING_REAL, .max = OFFSET_MAX_S},
    {.name = "own_blocks", .type = ROG_SETTING_FLAG},
    {.name = "tolerance", .type = ROG_SETTING_REAL, .min = 0.001, .max = 10},
    {.name = NULL},
};

static const struct rog_setting peer_settings[] = {
    {.name = "rank", .type = ROG_SETTING_INT, .min = 1, .max = RANK_MAX},
    {.name = "address", .type = ROG_SETTING_STRING},
    {.name = "trace", .type = ROG_SETTING_STRING},
    {.name = "offset_s", .type = ROG_SETTING_REAL, .max = OFFSET_MAX_S},
    {.name = "phase", .type = ROG_SETTING_REAL, .max = 1},
    {.name = NULL},
};

struct check {
    const char *path;
    struct rog_error *err;
};

/* `skip`: members, separated by '|', that are checked separately. */
static int check_object(const struct rog_json *object, const struct rog_setting *table,
                        const char *skip, const char *path, const char *where,
                        struct rog_error *err)
{
    if (!rog_json_is_object(object))
        return rog_fail(err, ROG_EINVAL, "%s%s: must be an object", path, where);
    int code = rog_settings_check(table, object, skip, err);
    return code ? rog_fail_prefix(err, "%s%s", path, where) : ROG_OK;
}

static int check_text(const char *key, const struct rog_json *value, void *user)
{
    const struct check *check = user;
    if (!rog_json_is_string(value) || !key[0] || strchr(key, '='))
        return rog_fail(check->err, ROG_EINVAL,
                        "%s: \"environment\" must contain strings (found \"%s\")", check->path,
                        key);
    return ROG_OK;
}

static int check_environment(const struct rog_json *environment, const char *path,
                             struct rog_error *err)
{
    struct check check = {path, err};
    if (!environment || rog_json_is_null(environment))
        return ROG_OK;
    if (!rog_json_is_object(environment))
        return rog_fail(err, ROG_EINVAL, "%s: \"environment\" must be an object", path);
    return rog_json_each(environment, check_text, &check);
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
        code = check_object(from, peer_settings, NULL, path, ": a peer", err);
        peer->rank = (uint32_t)rog_json_get_integer(from, "rank", 0);
        peer->address = rog_json_get_string(from, "address", NULL);
        peer->trace = rog_json_get_string(from, "trace", NULL);
        peer->offset_s = rog_json_get_number(from, "offset_s", 0);
        peer->phase = rog_json_get_number(from, "phase", 0);
        if (!code && (!peer->rank || !peer->address || !peer->trace))
            code = rog_fail(err, ROG_EINVAL, "%s: a peer needs rank, address and trace", path);
    }
    return code;
}

static int read_shape(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    const struct rog_json *from = rog_json_get(spec->json, "shape");
    struct rog_host_shape *shape = &spec->shape;
    if (!from || rog_json_is_null(from))
        return ROG_OK;
    int code = check_object(from, shape_settings, "peers", path, ": shape", err);
    const char *direction = rog_json_get_string(from, "direction", "both");
    const struct rog_json *peers = rog_json_get(from, "peers");
    shape->iface = rog_json_get_string(from, "iface", NULL);
    shape->trace = rog_json_get_string(from, "trace", NULL);
    shape->seed = (uint64_t)rog_json_get_integer(from, "seed", 1);
    shape->offset_s = rog_json_get_number(from, "offset_s", 0);
    shape->phase = rog_json_get_number(from, "phase", 0);
    shape->block_s = rog_json_get_number(from, "block_s", 0);
    shape->own_blocks = rog_json_get_bool(from, "own_blocks", false);
    shape->tolerance = rog_json_get_number(from, "tolerance", 0.05);
    shape->egress_only = strcmp(direction, "egress") == 0;
    if (code)
        return code;
    if (!shape->iface)
        return rog_fail(err, ROG_EINVAL, "%s: \"shape\" needs \"iface\"", path);
    if (peers && !rog_json_is_array(peers))
        return rog_fail(err, ROG_EINVAL, "%s: \"peers\" must be an array", path);
    if (rog_json_size(peers))
        code = read_peers(shape, peers, path, err);
    if (!code && !shape->trace == !shape->peer_count)
        code = rog_fail(err, ROG_EINVAL, "%s: \"shape\" needs a trace, or peers with traces", path);
    return code;
}

/* Leaves spec->container NULL if the host has no container. */
static int read_container(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    const struct rog_json *from = rog_json_get(spec->json, "container");
    const char *runtime = rog_json_get_string(from, "runtime", "");
    if (!from || rog_json_is_null(from) || strcmp(runtime, ROG_CONTAINER_NO_RUNTIME) == 0)
        return ROG_OK;
    int code = check_object(from, rog_container_settings, NULL, path, ": container", err);
    if (code)
        return code;
    code = rog_container_check(from, err);
    if (code)
        return rog_fail_prefix(err, "%s", path);
    if (rog_json_size(spec->wrap))
        return rog_fail(err, ROG_EINVAL, "%s: \"wrap\" and \"container\" cannot be used together",
                        path);
    spec->container = from;
    return ROG_OK;
}

static int interpret(struct rog_host_spec *spec, const char *path, struct rog_error *err)
{
    const struct rog_json *json = spec->json;
    int code = check_object(json, host_settings, "environment|container|shape", path, "", err);
    if (code)
        return code;
    const char *role = rog_json_get_string(json, "role", "");
    spec->serves = strcmp(role, "serve") == 0;
    spec->rank = (uint32_t)rog_json_get_integer(json, "rank", spec->serves ? 0 : -1);
    spec->arguments = rog_json_get(json, "arguments");
    spec->wrap = rog_json_get(json, "wrap");
    spec->environment = rog_json_get(json, "environment");
    spec->claim = rog_json_get_string(json, "claim", NULL);
    spec->holder = rog_json_get_string(json, "holder", "");
    spec->restarts = (uint32_t)rog_json_get_integer(json, "restarts", 0);
    spec->lease_s = rog_json_get_number(json, "lease_s", ROG_HOST_LEASE_S);
    spec->sysfs = rog_json_get_string(json, "sysfs", "/sys");
    spec->power = rog_json_get_bool(json, "power", true);
    spec->iface = rog_json_get_string(json, "iface", NULL);
    if (!role[0])
        return rog_fail(err, ROG_EINVAL, "%s: \"role\" must be serve or work", path);
    if (spec->serves != (spec->rank == 0) || spec->rank > RANK_MAX)
        return rog_fail(err, ROG_EINVAL, "%s: \"rank\" is 0 for the server, from 1 on for workers",
                        path);
    code = check_environment(spec->environment, path, err);
    if (!code)
        code = read_container(spec, path, err);
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
