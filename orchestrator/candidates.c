/* SPDX-License-Identifier: Apache-2.0 */
/* Completions of arguments and of option values, looked up by the names that usages and options
 * give them. */
#include <orchestrator/candidates.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/plugin.h>
#include <common/utf8.h>
#include <librog/parts/parts.h>
#include <orchestrator/commands.h>
#include <orchestrator/conf/cluster_path.h>
#include <orchestrator/providers.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/sweeps/registry.h>

#define ABOUT_BYTES 60

static bool is_harmless(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '\177')
            return false;
    return true;
}

void rog_candidate(const struct rog_candidates *c, const char *value, const char *about)
{
    if (!value || strncmp(value, c->typed, strlen(c->typed)) != 0 || !is_harmless(value))
        return;
    printf("%s%s", c->lead, value);
    if (about && about[0] && is_harmless(about)) {
        size_t length = strlen(about);
        if (length > ABOUT_BYTES)
            for (length = ABOUT_BYTES; length && (about[length] & 0xC0) == 0x80; length--)
                continue;
        printf("\t%.*s%s", (int)length, about, about[length] ? "..." : "");
    }
    putchar('\n');
}

void rog_candidates_choices(const struct rog_candidates *c, const char *choices)
{
    while (*choices) {
        char value[128];
        size_t length = strcspn(choices, "|");
        snprintf(value, sizeof value, "%.*s", (int)length, choices);
        rog_candidate(c, value, NULL);
        choices += length;
        choices += *choices == '|';
    }
}

/* --- from the database --- */

static void say_rows(const struct rog_candidates *c,
                     int (*ask)(struct rog_db *db, const char *what, struct rog_query **query,
                                struct rog_error *err),
                     const char *what)
{
    struct rog_error err = {0};
    struct rog_db *db = NULL;
    struct rog_query *query = NULL;
    if (rog_db_open(&db, c->db, ROG_DB_READ, &err) == 0 && ask(db, what, &query, &err) == 0)
        while (rog_query_step(query, &err) == 1)
            rog_candidate(c, rog_query_text(query, 0), rog_query_text(query, 1));
    rog_query_free(query);
    rog_db_close(db);
}

static void say_cases(const struct rog_candidates *c)
{
    say_rows(c, rog_case_names, c->typed);
}

static void say_runs(const struct rog_candidates *c)
{
    say_rows(c, rog_run_names, c->typed);
}

/* Prints completions for OLD of `replace CASE OLD`. */
static void say_replaced(const struct rog_candidates *c)
{
    say_rows(c, rog_case_run_names, c->args ? c->arg[0] : "");
}

/* Prints completions for RUN of `case add CASE RUN...` and `case remove CASE RUN...`. */
static void say_moved(const struct rog_candidates *c)
{
    if (c->args > 1 && strcmp(c->arg[0], "remove") == 0)
        say_rows(c, rog_case_run_names, c->arg[1]);
    else
        say_runs(c);
}

/* --- from files that are installed with the program --- */

static bool has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* Calls visit for each .conf of a folder of the installation. */
static void each_installed(const struct rog_candidates *c, const char *folder,
                           void (*visit)(const struct rog_candidates *c, const char *path,
                                         const char *name))
{
    struct rog_error err = {0};
    char *path = rog_install_path(folder, &err);
    struct dirent **entries = NULL;
    int count = path ? scandir(path, &entries, NULL, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char *file = has_ending(name, ".conf") ? rog_path_join(path, name) : NULL;
        if (file)
            visit(c, file, name);
        free(file);
        free(entries[i]);
    }
    free(entries);
    free(path);
}

/* Prints clusters; a file that describes a pool of hosts (--on hosts:FILE) is not one. */
static void say_cluster(const struct rog_candidates *c, const char *path, const char *name)
{
    char bare[256];
    if (!rog_cluster_is_described(path))
        return;
    snprintf(bare, sizeof bare, "%.*s", (int)(strlen(name) - strlen(".conf")), name);
    rog_candidate(c, bare, "comes with the program");
}

static void say_clusters(const struct rog_candidates *c)
{
    each_installed(c, "share/rog/clusters", say_cluster);
    if (rog_file_exists(ROG_CLUSTER_LAB))
        rog_candidate(c, "lab", ROG_CLUSTER_LAB);
    puts(":files *.conf");
}

/* Prints experiments. Files of methods, profiles and data sets are not experiments, because they do
 * not set `case`. */
static void say_experiment(const struct rog_candidates *c, const char *path, const char *name)
{
    char line[256];
    bool is_experiment = false;
    FILE *file = fopen(path, "re");
    while (file && !is_experiment && fgets(line, sizeof line, file))
        is_experiment = strncmp(line, "case", 4) == 0;
    if (file)
        fclose(file);
    if (is_experiment)
        rog_candidate(c, name, "comes with the program");
}

static void say_experiments(const struct rog_candidates *c)
{
    if (!strchr(c->typed, '/'))
        each_installed(c, "share/rog", say_experiment);
    puts(":files *.conf");
}

static void say_methods(const struct rog_candidates *c)
{
    struct rog_methods methods = {0};
    struct rog_error err = {0};
    if (rog_command_methods(NULL, &methods, &err) == 0)
        for (size_t i = 0; i < methods.count; i++)
            rog_candidate(c, methods.method[i].name, methods.method[i].title);
    rog_methods_release(&methods);
}

/* --- from plugins --- */

struct asked {
    const struct rog_candidates *c;
    const char *setting; /* the setting whose plugins are printed; NULL: all */
    bool strategies, codecs;
};

static int say_plugin(const char *path, const struct rog_plugin *plugin, const char *load_error,
                      void *user)
{
    const struct asked *asked = user;
    (void)path;
    if (!load_error && plugin->strategy && asked->strategies)
        rog_candidate(asked->c, plugin->strategy->name, plugin->strategy->summary);
    if (!load_error && plugin->codec && asked->codecs)
        rog_candidate(asked->c, plugin->codec->name, plugin->codec->summary);
    return 0;
}

static int say_part(const struct rog_part_kind *kind, void *user)
{
    const struct asked *asked = user;
    if (!asked->setting || strcmp(kind->setting, asked->setting) == 0)
        rog_candidate(asked->c, kind->name, kind->summary);
    return 0;
}

static void say_strategies(const struct rog_candidates *c)
{
    struct rog_error err = {0};
    struct asked asked = {.c = c, .strategies = true};
    rog_plugin_each(say_plugin, &asked, &err);
}

static void say_plugins(const struct rog_candidates *c)
{
    struct rog_error err = {0};
    struct asked asked = {.c = c, .strategies = true, .codecs = true};
    rog_plugin_each(say_plugin, &asked, &err);
    rog_parts_each(say_part, &asked);
}

static void say_codecs(const struct rog_candidates *c)
{
    struct rog_error err = {0};
    struct asked asked = {.c = c, .setting = "compression", .codecs = true};
    rog_parts_each(say_part, &asked);
    rog_plugin_each(say_plugin, &asked, &err);
}

/* --- others --- */

static void say_sweeps(const struct rog_candidates *c)
{
    struct rog_error err = {0};
    struct rog_json *sweeps = NULL;
    if (rog_sweeps_load(&sweeps, &err) == 0)
        for (size_t i = 0; i < rog_json_size(sweeps); i++) {
            const struct rog_json *sweep = rog_json_at(sweeps, i);
            rog_candidate(c, rog_json_get_string(sweep, "id", NULL),
                          rog_json_get_string(sweep, "state", NULL));
        }
    rog_json_free(sweeps);
}

static void say_providers(const struct rog_candidates *c)
{
    const struct rog_pool_provider *provider;
    for (size_t i = 0; (provider = rog_provider_at(i)); i++) {
        char value[64];
        snprintf(value, sizeof value, "%s%s", provider->name, provider->needs_file ? ":" : "");
        rog_candidate(c, value, NULL);
    }
    puts(":more");
}

static void say_helped(const struct rog_candidates *c)
{
    for (size_t i = 0; c->program->commands[i]; i++)
        if (!c->program->commands[i]->hidden)
            rog_candidate(c, c->program->commands[i]->name, c->program->commands[i]->summary);
}

static void say_topics(const struct rog_candidates *c)
{
    for (const struct rog_topic *topic = c->program->topics; topic && topic->name; topic++)
        rog_candidate(c, topic->name, topic->summary);
}

static void say_files(const struct rog_candidates *c)
{
    (void)c;
    puts(":files");
}

static void say_configurations(const struct rog_candidates *c)
{
    (void)c;
    puts(":files *.conf");
}

static void say_folders(const struct rog_candidates *c)
{
    (void)c;
    puts(":folders");
}

/* Prints NAME= for settings of a run, and VALUE after NAME=. */
static void say_settings(const struct rog_candidates *c)
{
    const char *equals = strchr(c->typed, '=');
    char name[128];
    if (equals) {
        snprintf(name, sizeof name, "%.*s", (int)(equals - c->typed), c->typed);
        const struct rog_setting *setting = rog_setting_find(rog_run_settings, name);
        char lead[sizeof name + 1];
        snprintf(lead, sizeof lead, "%s=", name);
        struct rog_candidates value = *c;
        value.lead = lead;
        value.typed = equals + 1;
        if (setting)
            rog_candidates_of_option(&value, setting);
        return;
    }
    puts(":more");
    for (const struct rog_setting *row = rog_run_settings; row->name; row++) {
        snprintf(name, sizeof name, "%s=", row->name);
        if (!rog_setting_is(row, ROG_SETTING_FILLED_IN, 0))
            rog_candidate(c, name, row->help);
    }
}

struct kind {
    const char *name;
    const char *command; /* the only command this applies to; NULL: all commands */
    void (*say)(const struct rog_candidates *c);
};

/* Words of usages. Words that are not listed have no candidates. */
static const struct kind kinds[] = {
    {"CASE", NULL, say_cases},
    {"COMMAND", NULL, say_helped},
    {"CONF", NULL, say_experiments},
    {"DIR", NULL, say_folders},
    {"FILE", NULL, say_files},
    {"ID", NULL, say_sweeps},
    {"NAME", "methods", say_methods},
    {"NAME", "plugins", say_plugins},
    {"NAME=VALUE", NULL, say_settings},
    {"NEW", "replace", say_runs},
    {"OLD", "case", say_cases},
    {"OLD", "replace", say_replaced},
    {"POOL", NULL, say_folders},
    {"RUN", "case", say_moved},
    {"RUN", NULL, say_runs},
    {"TOPIC", NULL, say_topics},
};

/* Options and settings by name. Those that are not listed have the choices in their table. */
static const struct kind values[] = {
    {"baseline", NULL, say_strategies},
    {"case", NULL, say_cases},
    {"cluster", NULL, say_clusters},
    {"compression", NULL, say_codecs},
    {"db", NULL, say_files},
    {"library", NULL, say_strategies},
    {"method", NULL, say_methods},
    {"methods", NULL, say_configurations},
    {"on", NULL, say_providers},
    {"plots", NULL, say_folders},
    {"pull_compression", NULL, say_codecs},
    {"to", NULL, say_files},
};

static const struct kind *find(const struct kind *table, size_t count, const char *name,
                               const char *command)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0 &&
            (!table[i].command || (command && strcmp(table[i].command, command) == 0)))
            return &table[i];
    return NULL;
}

void rog_candidates_of_kind(const struct rog_candidates *c, const char *name)
{
    const struct kind *kind =
        find(kinds, sizeof kinds / sizeof *kinds, name, c->command ? c->command->name : NULL);
    if (kind)
        kind->say(c);
}

void rog_candidates_of_option(const struct rog_candidates *c, const struct rog_setting *option)
{
    const struct kind *value = find(values, sizeof values / sizeof *values, option->name, NULL);
    struct asked asked = {.c = c, .setting = option->name};
    if (value)
        value->say(c);
    else if (option->type == ROG_SETTING_FLAG)
        rog_candidates_choices(c, "true|false");
    else if (option->choices)
        rog_candidates_choices(c, option->choices);
    else if (rog_setting_is(option, ROG_SETTING_IS_PATH, 0))
        say_files(c);
    else
        rog_parts_each(say_part, &asked);
}
