/* SPDX-License-Identifier: Apache-2.0 */
/* Handles `wrap` and `container` of hosts, in cluster files and in host.json. */
#include <orchestrator/conf/wrapper.h>

#include <stdlib.h>
#include <string.h>

#include <common/container.h>
#include <common/file.h>

/* ---- cluster files ---- */

int rog_wrapper_resolve(struct rog_json *host, const struct rog_json *cluster,
                        const struct rog_conf_node *node, struct rog_error *err)
{
    const struct rog_json *own = rog_json_get(host, "container");
    bool wraps = rog_json_get_string(host, "wrap", "")[0] != '\0';
    if (wraps && own &&
        strcmp(rog_json_get_string(own, "runtime", ""), ROG_CONTAINER_NO_RUNTIME) != 0)
        return rog_conf_fail(node, err, "wrap and container cannot be used together");
    if (!own && (!cluster || wraps))
        return 0;
    struct rog_json *made = rog_json_object();
    struct rog_error cause;
    rog_json_put_all(made, cluster);
    rog_json_put_all(made, own);
    int code = rog_settings_fill(rog_container_settings, made, &cause);
    if (code == 0)
        code = rog_container_check(made, &cause);
    if (code < 0) {
        rog_json_free(made);
        return rog_conf_fail_again(node, err, &cause);
    }
    if (strcmp(rog_json_get_string(made, "runtime", ""), ROG_CONTAINER_NO_RUNTIME) != 0) {
        rog_json_put(host, "container", made);
    } else {
        rog_json_remove(host, "container");
        rog_json_free(made);
    }
    return 0;
}

bool rog_wrapper_is_there(const struct rog_json *host)
{
    return rog_json_get(host, "container") || rog_json_get_string(host, "wrap", "")[0];
}

/* ---- host.json ---- */

/* Splits a setting into words at spaces. */
static struct rog_json *make_words(const struct rog_json *host, const char *name)
{
    struct rog_json *list = rog_json_array();
    const char *at = rog_json_get_string(host, name, "");
    for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        char *word = rog_format("%.*s", (int)length, at);
        rog_json_append(list, rog_json_new_string(word));
        free(word);
        at += length;
    }
    return list;
}

static struct rog_json *make_environment(const struct rog_json *host)
{
    struct rog_json *words = make_words(host, "environment"), *object = rog_json_object();
    for (size_t i = 0; i < rog_json_size(words); i++) {
        char *name = rog_strdup(rog_json_string(rog_json_at(words, i), ""));
        char *equals = name ? strchr(name, '=') : NULL;
        if (equals) {
            *equals = '\0';
            rog_json_put_string(object, name, equals + 1);
        }
        free(name);
    }
    rog_json_free(words);
    return object;
}

/* Publishes the server's port: in a network namespace of its own, a container is reachable only
 * through ports that the runtime forwards. */
static void publish(struct rog_json *container, unsigned port)
{
    const char *options = rog_json_get_string(container, "options", "");
    char *more = rog_format("--publish %u:%u %s", port, port, options);
    if (more && strcmp(rog_json_get_string(container, "network", ""), "host") != 0)
        rog_json_put_string(container, "options", more);
    free(more);
}

void rog_wrapper_put(struct rog_json *spec, const struct rog_json *host, unsigned port)
{
    struct rog_json *container = rog_json_copy(rog_json_get(host, "container"));
    rog_json_put(spec, "wrap", make_words(host, "wrap"));
    rog_json_put(spec, "environment", make_environment(host));
    if (container && port)
        publish(container, port);
    if (container)
        rog_json_put(spec, "container", container);
}
