/* SPDX-License-Identifier: Apache-2.0 */
/* Reads configuration files with libconfig into nodes that know their file and line. */
#include <orchestrator/conf/file.h>

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libconfig.h>

#include <common/file.h>

/* No setting is nested this deeply. */
#define DEPTH_MAX 16
#define FILE_MAX_BYTES (4u << 20)
/* Upper bound for the memory that libconfig's parser uses for a text, including one that consists
 * only of "a=1;". */
#define PARSER_BYTES ((size_t)1 << 18)
#define PARSER_BYTES_A_BYTE ((size_t)64)

static void release(struct rog_conf_node *node)
{
    for (size_t i = 0; i < node->child_count; i++)
        release(&node->child[i]);
    free(node->child);
    free(node->name);
    free(node->file);
    rog_json_free(node->value);
}

void rog_conf_free(struct rog_conf_node *root)
{
    if (!root)
        return;
    release(root);
    free(root);
}

static struct rog_json *truth(bool value)
{
    struct rog_json *holder = rog_json_object();
    rog_json_put_bool(holder, "truth", value);
    struct rog_json *copy = rog_json_copy(rog_json_get(holder, "truth"));
    rog_json_free(holder);
    return copy;
}

static struct rog_json *scalar(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
        return rog_json_new_integer(config_setting_get_int(setting));
    case CONFIG_TYPE_INT64:
        return rog_json_new_integer(config_setting_get_int64(setting));
    case CONFIG_TYPE_FLOAT:
        return rog_json_new_number(config_setting_get_float(setting));
    case CONFIG_TYPE_BOOL:
        return truth(config_setting_get_bool(setting));
    default:
        return rog_json_new_string(config_setting_get_string(setting));
    }
}

static int convert(struct rog_conf_node *node, const config_setting_t *setting, const char *origin,
                   int depth, struct rog_error *err);

static int convert_children(struct rog_conf_node *node, const config_setting_t *setting,
                            const char *origin, int depth, struct rog_error *err)
{
    int length = config_setting_length(setting);
    node->value = node->type == ROG_CONF_GROUP ? rog_json_object() : rog_json_array();
    node->child = calloc((size_t)length + 1, sizeof *node->child);
    if (!node->value || !node->child)
        return rog_fail_nomem(err);
    for (int i = 0; i < length; i++) {
        struct rog_conf_node *child = &node->child[node->child_count++];
        int code =
            convert(child, config_setting_get_elem(setting, (unsigned)i), origin, depth + 1, err);
        if (code < 0)
            return code;
        struct rog_json *copy = rog_json_copy(child->value);
        if (!copy)
            return rog_fail_nomem(err);
        if (node->type == ROG_CONF_GROUP)
            rog_json_put(node->value, child->name, copy);
        else
            rog_json_append(node->value, copy);
    }
    return 0;
}

static int convert(struct rog_conf_node *node, const config_setting_t *setting, const char *origin,
                   int depth, struct rog_error *err)
{
    const char *name = config_setting_name(setting);
    node->name = rog_strdup(name);
    node->file = rog_strdup(origin);
    node->line = config_setting_is_root(setting) ? 0 : (int)config_setting_source_line(setting);
    if (!node->file || (name && !node->name))
        return rog_fail_nomem(err);
    if (depth > DEPTH_MAX)
        return rog_conf_fail(node, err, "nested deeper than %d levels", DEPTH_MAX);
    if (config_setting_is_group(setting)) {
        node->type = ROG_CONF_GROUP;
        return convert_children(node, setting, origin, depth, err);
    }
    if (config_setting_is_aggregate(setting)) {
        node->type = ROG_CONF_LIST;
        return convert_children(node, setting, origin, depth, err);
    }
    node->type = ROG_CONF_SCALAR;
    node->value = scalar(setting);
    return node->value ? 0 : rog_fail_nomem(err);
}

/* Converts the result of the parser. */
static int finish(config_t *config, int parsed, const char *origin, struct rog_conf_node **root,
                  struct rog_error *err)
{
    if (parsed != CONFIG_TRUE) {
        const char *text = config_error_text(config);
        bool is_syntax = text && strcmp(text, "syntax error") == 0;
        return rog_fail(err, ROG_EINVAL, "%s, line %d: %s%s", origin, config_error_line(config),
                        text ? text : "not well formed",
                        is_syntax ? "; hint: text values need quotes, a setting ends with a "
                                    "semicolon, and each bracket must be closed"
                                  : "");
    }
    struct rog_conf_node *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    int code = convert(made, config_root_setting(config), origin, 0, err);
    if (code < 0)
        rog_conf_free(made);
    else
        *root = made;
    return code;
}

/* Returns the end of a comment or string that begins at `at`; `at` itself if neither does. */
static const char *skip_text(const char *at)
{
    if (at[0] == '#' || (at[0] == '/' && at[1] == '/'))
        return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    if (at[0] != '"')
        return at;
    for (at++; *at && *at != '"'; at++)
        if (at[0] == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

/* Returns whether the parser would silently truncate an integer to 32 bits. */
static bool is_cut(const char *at, const char *end)
{
    char *after;
    errno = 0;
    bool hexadecimal = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    unsigned long long number = strtoull(at, &after, hexadecimal ? 16 : 10);
    return after == end && (errno != 0 || number > INT32_MAX);
}

/* Rejects text that the parser accepts but misinterprets. */
static int check_text(const char *text, const char *origin, struct rog_error *err)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_*.-";
    int line = 1;
    for (const char *at = text; *at;) {
        const char *end = skip_text(at);
        if (end == at && *at == '@')
            return rog_fail(err, ROG_EINVAL,
                            "%s, line %d: @include cannot be used; put the settings into this file",
                            origin, line);
        if (end == at && *at != '-')
            end = at + strspn(at, word);
        if (*at >= '0' && *at <= '9' && is_cut(at, end))
            return rog_fail(err, ROG_EINVAL,
                            "%s, line %d: %.*s is too large for a plain number; write %.*sL",
                            origin, line, (int)(end - at), at, (int)(end - at), at);
        if (end == at)
            end++;
        for (; at < end; at++)
            line += *at == '\n';
    }
    return 0;
}

int rog_conf_parse(struct rog_conf_node **root, const char *text, const char *origin,
                   struct rog_error *err)
{
    *root = NULL;
    int code = check_text(text, origin, err);
    if (code < 0)
        return code;
    /* libconfig crashes if an allocation fails, so check first that enough memory is available. */
    void *room = malloc(PARSER_BYTES + PARSER_BYTES_A_BYTE * strlen(text));
    if (!room)
        return rog_fail_nomem(err);
    free(room);
    config_t config;
    config_init(&config);
    code = finish(&config, config_read_string(&config, text), origin, root, err);
    config_destroy(&config);
    return code;
}

int rog_conf_read(struct rog_conf_node **root, const char *path, struct rog_error *err)
{
    *root = NULL;
    struct stat status;
    if (stat(path, &status) != 0)
        return rog_fail(err, ROG_EINVAL, "cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return rog_fail(err, ROG_EINVAL, "cannot read %s: not a file", path);
    char *text = NULL;
    size_t size = 0;
    int code = rog_file_read(path, FILE_MAX_BYTES, &text, &size, err);
    if (code < 0)
        return code;
    if (strlen(text) != size)
        code = rog_fail(err, ROG_EINVAL, "%s: not a text file", path);
    else
        code = rog_conf_parse(root, text, path, err);
    free(text);
    return code;
}

const struct rog_conf_node *rog_conf_get(const struct rog_conf_node *group, const char *name)
{
    for (size_t i = 0; i < group->child_count; i++)
        if (group->child[i].name && strcmp(group->child[i].name, name) == 0)
            return &group->child[i];
    return NULL;
}

int rog_conf_fail(const struct rog_conf_node *node, struct rog_error *err, const char *format, ...)
{
    char message[ROG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (node->line == 0)
        return rog_fail(err, ROG_EINVAL, "%s: %s", node->file, message);
    return rog_fail(err, ROG_EINVAL, "%s, line %d: %s", node->file, node->line, message);
}

int rog_conf_fail_again(const struct rog_conf_node *node, struct rog_error *err,
                        const struct rog_error *why)
{
    int code = rog_conf_fail(node, err, "%s", why->message);
    if (why->code != ROG_ENOMEM)
        return code;
    if (err)
        err->code = why->code;
    return why->code;
}

int rog_conf_check(const struct rog_conf_node *node, const struct rog_setting *table,
                   const struct rog_setting *extra, struct rog_error *err)
{
    const struct rog_setting *setting = rog_setting_find(table, node->name);
    if (!setting && extra)
        setting = rog_setting_find(extra, node->name);
    if (!setting) {
        const char *near = rog_setting_nearest(table, node->name);
        const char *other = extra ? rog_setting_nearest(extra, node->name) : NULL;
        near = near ? near : other;
        return rog_conf_fail(node, err, "unknown setting %s%s%s%s", node->name,
                             near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    }
    struct rog_error cause;
    int code = rog_setting_check(setting, node->value, &cause);
    return code < 0 ? rog_conf_fail_again(node, err, &cause) : 0;
}

const char *rog_conf_kind(const struct rog_conf_node *node)
{
    if (node->type == ROG_CONF_GROUP)
        return "a group";
    if (node->type == ROG_CONF_LIST)
        return "a list";
    if (rog_json_is_string(node->value))
        return "text";
    if (rog_json_is_bool(node->value))
        return "true or false";
    return rog_json_is_integer(node->value) ? "a whole number" : "a number";
}
