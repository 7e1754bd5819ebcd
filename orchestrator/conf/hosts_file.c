/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files of hosts that execute runs. */
#include <orchestrator/conf/hosts_file.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/conf/file.h>
#include <orchestrator/conf/group.h>

#define DEFAULTS "host_defaults"

const struct rog_setting rog_hosts_settings[] = {
    {.name = "kind",
     .type = ROG_SETTING_STRING,
     .choices = ROG_HOSTS_KIND,
     .help = "kind of the file"},
    {.name = "lease",
     .type = ROG_SETTING_REAL,
     .fallback = "300",
     .min = 10,
     .max = 1e6,
     .unit = "s",
     .help = "runs of a host that has been unreachable for this long are given to others; a host "
             "that has not heard from rogctl for this long stops its runs and removes them"},
    {.name = NULL},
};

const struct rog_setting rog_hosts_host_settings[] = {
    {.name = "user", .type = ROG_SETTING_STRING, .help = "SSH user name"},
    {.name = "slots",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 1024,
     .unit = "runs",
     .help = "at most this many runs at once; default: the number of processors of the host"},
    {.name = "nice",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .min = 0,
     .max = 19,
     .help = "niceness of the runs on the host"},
    {.name = "environment",
     .type = ROG_SETTING_STRING,
     .help = "environment of the agents: NAME=VALUE, separated by spaces"},
    {.name = NULL},
};

/* Settings of a group in addition to rog_hosts_host_settings, and of the file in addition to
 * rog_hosts_settings. */
static const struct rog_setting host_extra[] = {
    {.name = "host", .type = ROG_SETTING_STRING, .help = "host name or address; ranges allowed"},
    {.name = NULL},
};
static const struct rog_setting lists[] = {
    {.name = "hosts", .type = ROG_SETTING_STRING, .help = "list of hosts"},
    {.name = DEFAULTS, .type = ROG_SETTING_STRING, .help = "default settings of all hosts"},
    {.name = NULL},
};

struct reader {
    struct rog_hosts *hosts;
    const struct rog_cluster_kind *reached;
    const struct rog_conf_node *root, *defaults;
    struct rog_json *seen; /* {name of a host: true} */
};

/* ---- hosts ---- */

static int check_member(const struct rog_conf_node *node, struct rog_error *err)
{
    const struct rog_setting *table =
        rog_setting_find(host_extra, node->name) ? host_extra : rog_hosts_host_settings;
    int code = rog_conf_check(node, table, host_extra, err);
    if (code == 0)
        code = rog_group_check_host(node, err);
    return code ? code : rog_group_check_environment(node, err);
}

static int check_group(const struct rog_conf_node *node, const char *what, struct rog_error *err)
{
    int code = node->type == ROG_CONF_GROUP
                   ? 0
                   : rog_conf_fail(node, err, "%s must be a group, { ... } (found %s)", what,
                                   rog_conf_kind(node));
    for (size_t i = 0; code == 0 && i < node->child_count; i++)
        code = check_member(&node->child[i], err);
    return code;
}

/* Records the name of a host, and fails if it is given twice: it would get twice its slots. */
static int note_name(struct reader *reader, const struct rog_conf_node *node, const char *name,
                     struct rog_error *err)
{
    char *folded = rog_strdup(name);
    if (!folded)
        return rog_fail_nomem(err);
    rog_group_fold_host(folded);
    bool known = rog_json_get(reader->seen, folded) != NULL;
    rog_json_put_bool(reader->seen, folded, true);
    free(folded);
    return known ? rog_conf_fail(node, err, "host %s is listed twice", name) : 0;
}

static int append(struct reader *reader, const struct rog_conf_node *node, const char *name,
                  struct rog_error *err)
{
    int code = note_name(reader, node, name, err);
    struct rog_json *host = code == 0 ? rog_json_object() : NULL;
    if (code == 0 && rog_json_size(reader->hosts->host) >= ROG_HOSTS_MOST)
        code = rog_conf_fail(node, err, "more than %d hosts", ROG_HOSTS_MOST);
    if (code == 0)
        code = host ? 0 : rog_fail_nomem(err);
    rog_settings_copy(rog_hosts_host_settings, 0, 0, node->value, host);
    if (code == 0)
        code = rog_settings_fill(rog_hosts_host_settings, host, err);
    rog_json_put_string(host, "host", name);
    if (code == 0)
        rog_json_append(reader->hosts->host, host);
    else
        rog_json_free(host);
    return code;
}

static int take_group(struct reader *reader, const struct rog_conf_node *node,
                      struct rog_error *err)
{
    struct rog_json *names = NULL;
    struct rog_conf_node merged;
    int code = check_group(node, "a host", err);
    if (code < 0)
        return code;
    if (!rog_conf_get(node, "host"))
        return rog_conf_fail(node, err, "this host has no name: host = \"...\"");
    code = rog_group_expand(node, "host", 0, ROG_HOSTS_MOST, &names, err);
    if (code == 0) {
        code = rog_group_merge(node, reader->defaults, &merged, err);
        for (size_t i = 0; code == 0 && i < rog_json_size(names); i++)
            code = append(reader, &merged, rog_json_string(rog_json_at(names, i), ""), err);
        rog_group_release(&merged);
    }
    rog_json_free(names);
    return code;
}

/* ---- the whole file ---- */

static int check_kind(const struct reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *kind = rog_conf_get(reader->root, "kind");
    const char *name = kind ? rog_json_string(kind->value, "") : "";
    return strcmp(name, ROG_HOSTS_KIND) == 0
               ? 0
               : rog_conf_fail(kind ? kind : reader->root, err,
                               "a file of hosts that execute runs needs kind = \"" ROG_HOSTS_KIND
                               "\" (%s%s%s)",
                               kind ? "found \"" : "it has none", name, kind ? "\"" : "");
}

static int check_members(struct reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *root = reader->root;
    const struct rog_setting *own = reader->reached->settings;
    int code = 0;
    for (size_t i = 0; code == 0 && i < root->child_count; i++) {
        const struct rog_conf_node *node = &root->child[i];
        if (rog_setting_find(lists, node->name))
            continue;
        bool is_own = own && rog_setting_find(own, node->name);
        code = rog_conf_check(node, is_own ? own : rog_hosts_settings, lists, err);
    }
    reader->defaults = rog_conf_get(root, DEFAULTS);
    if (code == 0 && reader->defaults)
        code = check_group(reader->defaults, DEFAULTS, err);
    const struct rog_conf_node *name =
        reader->defaults ? rog_conf_get(reader->defaults, "host") : NULL;
    return code == 0 && name
               ? rog_conf_fail(name, err,
                               "host belongs to a single host and cannot be in " DEFAULTS)
               : code;
}

static int take_settings(struct reader *reader, struct rog_error *err)
{
    const struct rog_setting *own = reader->reached->settings;
    struct rog_json *values = rog_json_object();
    char *folder = rog_path_dir(reader->hosts->path);
    int code = values && folder ? 0 : rog_fail_nomem(err);
    rog_settings_copy(rog_hosts_settings, 0, 0, reader->root->value, values);
    if (code == 0)
        code = rog_settings_fill(rog_hosts_settings, values, err);
    reader->hosts->lease_s = rog_json_get_number(values, "lease", 0);
    if (code == 0 && own) {
        rog_settings_copy(own, 0, 0, reader->root->value, reader->hosts->own);
        code = rog_settings_anchor(own, reader->hosts->own, folder, err);
    }
    free(folder);
    rog_json_free(values);
    return code;
}

static int take(struct reader *reader, struct rog_error *err)
{
    const struct rog_conf_node *list = rog_conf_get(reader->root, "hosts");
    int code = check_kind(reader, err);
    if (code == 0)
        code = check_members(reader, err);
    if (code == 0)
        code = take_settings(reader, err);
    if (code == 0 && !list)
        code = rog_conf_fail(reader->root, err, "hosts is missing: hosts = ( { host = ...; } )");
    if (code == 0 && (list->type != ROG_CONF_LIST || list->child_count == 0))
        code = rog_conf_fail(list, err,
                             "hosts must be a list of groups, ( { host = ...; }, ... ) (found %s)",
                             list->type == ROG_CONF_LIST ? "an empty one" : rog_conf_kind(list));
    for (size_t i = 0; code == 0 && i < list->child_count; i++)
        code = take_group(reader, &list->child[i], err);
    return code;
}

int rog_hosts_read(struct rog_hosts **out, const char *given,
                   const struct rog_cluster_kind *reached, struct rog_error *err)
{
    struct rog_conf_node *root = NULL;
    struct reader reader = {
        .hosts = calloc(1, sizeof *reader.hosts), .reached = reached, .seen = rog_json_object()};
    *out = NULL;
    int code = reader.hosts && reader.seen ? 0 : rog_fail_nomem(err);
    if (code == 0) {
        reader.hosts->host = rog_json_array();
        reader.hosts->own = rog_json_object();
        code = reader.hosts->host && reader.hosts->own ? 0 : rog_fail_nomem(err);
    }
    if (code == 0)
        code = rog_cluster_find_file(&reader.hosts->path, given, NULL, err);
    if (code == 0)
        code = rog_conf_read(&root, reader.hosts->path, err);
    reader.root = root;
    if (code == 0)
        code = take(&reader, err);
    rog_conf_free(root);
    rog_json_free(reader.seen);
    if (code < 0)
        rog_hosts_free(reader.hosts);
    else
        *out = reader.hosts;
    return code;
}

void rog_hosts_free(struct rog_hosts *hosts)
{
    if (!hosts)
        return;
    rog_json_free(hosts->host);
    rog_json_free(hosts->own);
    free(hosts->path);
    free(hosts);
}
