/* SPDX-License-Identifier: Apache-2.0 */
/* Functions shared by groups of hosts and groups of workers. */
#include <orchestrator/conf/group.h>

#include <stdlib.h>
#include <string.h>

#include <orchestrator/conf/ranges.h>

int rog_group_merge(const struct rog_conf_node *own, const struct rog_conf_node *defaults,
                    struct rog_conf_node *merged, struct rog_error *err)
{
    size_t more = defaults ? defaults->child_count : 0;
    *merged = *own;
    merged->value = rog_json_copy(own->value);
    merged->child = calloc(own->child_count + more + 1, sizeof *merged->child);
    if (!merged->value || !merged->child)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < own->child_count; i++)
        merged->child[i] = own->child[i];
    for (size_t i = 0; i < more; i++) {
        const struct rog_conf_node *child = &defaults->child[i];
        if (rog_conf_get(own, child->name))
            continue;
        merged->child[merged->child_count++] = *child;
        rog_json_put(merged->value, child->name, rog_json_copy(child->value));
    }
    return 0;
}

void rog_group_release(struct rog_conf_node *merged)
{
    free(merged->child);
    rog_json_free(merged->value);
}

int rog_group_expand(const struct rog_conf_node *group, const char *name, int64_t count,
                     size_t most, struct rog_json **list, struct rog_error *err)
{
    const struct rog_conf_node *given = rog_conf_get(group, name);
    struct rog_error why = {0};
    if (!given)
        return 0;
    *list = rog_json_array();
    if (!*list)
        return rog_fail_nomem(err);
    int code =
        rog_ranges_expand(rog_json_string(given->value, ""), (size_t)count, most, *list, &why);
    if (code == ROG_ENOMEM)
        return rog_fail_again(err, &why);
    return code ? rog_conf_fail(given, err, "%s = %s", name, why.message) : 0;
}

int rog_group_check_host(const struct rog_conf_node *node, struct rog_error *err)
{
    const char *host = rog_json_string(node->value, "");
    if (strcmp(node->name, "host") != 0 || (host[0] && !strpbrk(host, " \t\r\n")))
        return 0;
    return rog_conf_fail(node, err, "host must be a name or an address (found \"%s\")", host);
}

int rog_group_check_environment(const struct rog_conf_node *node, struct rog_error *err)
{
    if (strcmp(node->name, "environment") != 0)
        return 0;
    for (const char *at = rog_json_string(node->value, ""); *at; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        size_t name = strcspn(at, "= ");
        if (*at && (name == 0 || at[name] != '='))
            return rog_conf_fail(
                node, err, "environment must be NAME=VALUE, separated by spaces (found \"%.*s\")",
                (int)strcspn(at, " "), at);
    }
    return 0;
}

void rog_group_fold_host(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
}
