/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the list of published data sets. */
#include <orchestrator/fetch/sources.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/meant.h>
#include <orchestrator/conf/experiment.h>
#include <orchestrator/conf/file.h>

#define HASH_DIGITS 64

/* Members of a data set; `files` and `urls` are lists of strings. */
static const struct rog_setting settings[] = {
    {.name = "name", .type = ROG_SETTING_STRING, .help = "as in data = \"NAME:FOLDER\""},
    {.name = "title", .type = ROG_SETTING_STRING, .help = "what it is"},
    {.name = "archive", .type = ROG_SETTING_STRING, .help = "the archive's file name"},
    {.name = "size",
     .type = ROG_SETTING_INT,
     .fallback = "0",
     .min = 0,
     .max = 1e12,
     .unit = "bytes",
     .help = "of the archive; 0: not known"},
    {.name = "sha256", .type = ROG_SETTING_STRING, .help = "of the archive"},
    {.name = NULL},
};
static const struct rog_setting lists[] = {
    {.name = "files", .type = ROG_SETTING_STRING, .help = "files to extract from the archive"},
    {.name = "urls", .type = ROG_SETTING_STRING, .help = "URLs of the archive"},
    {.name = NULL},
};

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void rog_sources_free(struct rog_sources *sources)
{
    if (!sources)
        return;
    for (size_t i = 0; i < sources->count; i++) {
        struct rog_source *source = &sources->source[i];
        free(source->name);
        free(source->title);
        free(source->archive);
        free(source->sha256);
        free_texts(source->files, source->file_count);
        free_texts(source->urls, source->url_count);
    }
    free(sources->source);
    free(sources);
}

/* Gets a required member. */
static int need(const struct rog_conf_node *group, const char *name,
                const struct rog_conf_node **member, struct rog_error *err)
{
    *member = rog_conf_get(group, name);
    return *member ? ROG_OK : rog_conf_fail(group, err, "%s is missing", name);
}

static int take_text(const struct rog_conf_node *group, const char *name, char **text,
                     struct rog_error *err)
{
    const struct rog_conf_node *member;
    int code = need(group, name, &member, err);
    if (code)
        return code;
    *text = rog_strdup(rog_json_string(member->value, ""));
    return *text ? ROG_OK : rog_fail_nomem(err);
}

static int take_list(const struct rog_conf_node *group, const char *name, char ***texts,
                     size_t *count, struct rog_error *err)
{
    const struct rog_conf_node *member;
    int code = need(group, name, &member, err);
    if (code)
        return code;
    if (member->type != ROG_CONF_LIST || !member->child_count)
        return rog_conf_fail(member, err, "%s must be a list of texts (found %s)", name,
                             member->type == ROG_CONF_LIST ? "an empty list"
                                                           : rog_conf_kind(member));
    *texts = calloc(member->child_count, sizeof **texts);
    if (!*texts)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < member->child_count; i++) {
        const struct rog_conf_node *child = &member->child[i];
        if (!rog_json_is_string(child->value))
            return rog_conf_fail(child, err, "%s must be a list of texts (found %s)", name,
                                 rog_conf_kind(child));
        (*texts)[*count] = rog_strdup(rog_json_string(child->value, ""));
        if (!(*texts)[*count])
            return rog_fail_nomem(err);
        (*count)++;
    }
    return ROG_OK;
}

/* Checks that a text that becomes a file's name is not a path. */
static int check_plain(const struct rog_conf_node *group, const char *name, const char *text,
                       struct rog_error *err)
{
    if (rog_name_is_plain(text))
        return ROG_OK;
    return rog_conf_fail(rog_conf_get(group, name), err,
                         "%s must consist of letters, digits, '-', '_' and '.' (found \"%s\")",
                         name, text);
}

static int check_source(const struct rog_conf_node *group, const struct rog_source *source,
                        struct rog_error *err)
{
    int code = check_plain(group, "name", source->name, err);
    if (!code)
        code = check_plain(group, "archive", source->archive, err);
    for (size_t i = 0; i < source->file_count && !code; i++)
        code = check_plain(group, "files", source->files[i], err);
    if (!code && (strlen(source->sha256) != HASH_DIGITS ||
                  strspn(source->sha256, "0123456789abcdef") != HASH_DIGITS))
        code = rog_conf_fail(rog_conf_get(group, "sha256"), err,
                             "sha256 must be 64 digits 0 to 9 and a to f (found \"%s\")",
                             source->sha256);
    return code;
}

static int take_source(const struct rog_conf_node *group, struct rog_source *source,
                       struct rog_error *err)
{
    if (group->type != ROG_CONF_GROUP)
        return rog_conf_fail(group, err, "a data set must be a group { ... } (found %s)",
                             rog_conf_kind(group));
    int code = ROG_OK;
    for (size_t i = 0; i < group->child_count && !code; i++)
        if (!rog_setting_find(lists, group->child[i].name))
            code = rog_conf_check(&group->child[i], settings, lists, err);
    if (!code)
        code = take_text(group, "name", &source->name, err);
    if (!code)
        code = take_text(group, "title", &source->title, err);
    if (!code)
        code = take_text(group, "archive", &source->archive, err);
    if (!code)
        code = take_text(group, "sha256", &source->sha256, err);
    if (!code)
        code = take_list(group, "files", &source->files, &source->file_count, err);
    if (!code)
        code = take_list(group, "urls", &source->urls, &source->url_count, err);
    if (code)
        return code;
    const struct rog_conf_node *size = rog_conf_get(group, "size");
    source->size_bytes = size ? rog_json_integer(size->value, 0) : 0;
    return check_source(group, source, err);
}

static int take_all(struct rog_sources *sources, const struct rog_conf_node *root,
                    struct rog_error *err)
{
    for (size_t i = 0; i < root->child_count; i++)
        if (strcmp(root->child[i].name, "datasets") != 0)
            return rog_conf_fail(&root->child[i], err, "unknown setting %s; there is datasets",
                                 root->child[i].name);
    const struct rog_conf_node *list = rog_conf_get(root, "datasets");
    if (!list || list->type != ROG_CONF_LIST || !list->child_count)
        return rog_fail(err, ROG_EINVAL, "%s: datasets must be a list of groups", root->file);
    sources->source = calloc(list->child_count, sizeof *sources->source);
    if (!sources->source)
        return rog_fail_nomem(err);
    int code = ROG_OK;
    for (size_t i = 0; i < list->child_count && !code; i++)
        code = take_source(&list->child[i], &sources->source[sources->count++], err);
    return code;
}

int rog_sources_read(struct rog_sources **sources, const char *path, struct rog_error *err)
{
    *sources = NULL;
    struct rog_conf_node *root = NULL;
    struct rog_sources *made = NULL;
    int code = rog_conf_read(&root, path, err);
    if (code)
        return code;
    made = calloc(1, sizeof *made);
    code = made ? take_all(made, root, err) : rog_fail_nomem(err);
    rog_conf_free(root);
    if (code) {
        rog_sources_free(made);
        made = NULL;
    }
    *sources = made;
    return code;
}

int rog_sources_find(const struct rog_sources *sources, const char *name,
                     const struct rog_source **source, struct rog_error *err)
{
    char known[512] = "", meant[ROG_MEANT_BYTES];
    size_t used = 0;
    *source = NULL;
    for (size_t i = 0; i < sources->count; i++) {
        const struct rog_source *candidate = &sources->source[i];
        if (!strcmp(candidate->name, name)) {
            *source = candidate;
            return ROG_OK;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                     candidate->name);
    }
    char **names = calloc(sources->count + 1, sizeof *names);
    for (size_t i = 0; names && i < sources->count; i++)
        names[i] = sources->source[i].name;
    rog_meant_name(name, names, names ? sources->count : 0, false, meant);
    free(names);
    return rog_fail(err, ROG_EINVAL, "no data set %s is known%s; there are %s", name, meant, known);
}
