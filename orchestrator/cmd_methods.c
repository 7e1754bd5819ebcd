/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl methods: lists methods of the literature that runs can use. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <orchestrator/terminal/output.h>

static struct rog_json *method_json(const struct rog_method *method)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "name", method->name);
    rog_json_put_string(object, "title", method->title);
    rog_json_put_string(object, "source", method->source);
    rog_json_put_string(object, "published", method->published);
    rog_json_put(object, "differs", rog_json_copy(method->differs));
    rog_json_put(object, "settings", rog_json_copy(method->settings));
    rog_json_put_string(object, "file", method->file);
    return object;
}

static int print_list(const struct rog_cli *cli, const struct rog_methods *methods,
                      struct rog_error *err)
{
    if (rog_cli_flag(cli, "json")) {
        struct rog_json *list = rog_json_array();
        for (size_t i = 0; i < methods->count; i++)
            rog_json_append(list, method_json(&methods->method[i]));
        return rog_print_json(list, err);
    }
    struct rog_table *table = rog_table_new("method|~title|~source");
    for (size_t i = 0; i < methods->count; i++) {
        rog_table_cell(table, "%s", methods->method[i].name);
        rog_table_cell(table, "%s", methods->method[i].title);
        rog_table_cell(table, "%s", methods->method[i].source);
    }
    return rog_table_print(table, err);
}

static int print_one(const struct rog_cli *cli, const struct rog_method *method,
                     struct rog_error *err)
{
    if (rog_cli_flag(cli, "json"))
        return rog_print_json(method_json(method), err);
    char *text = rog_method_text(method, "    ");
    if (!text)
        return rog_fail_nomem(err);
    rog_print("%s", method->title);
    rog_print_hanging(11, "source     %s", method->source);
    if (method->published)
        rog_print_hanging(11, "published  %s", method->published);
    rog_print("\nsettings of method = \"%s\":\n%s", method->name, text);
    free(text);
    if (rog_json_size(method->differs))
        rog_print("\ndifferences from the publication:");
    for (size_t i = 0; i < rog_json_size(method->differs); i++)
        rog_print_hanging(4, "  - %s", rog_json_string(rog_json_at(method->differs, i), ""));
    return 0;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_methods methods;
    const struct rog_method *method = NULL;
    const char *name = rog_cli_arg(cli, 0);
    int code = rog_command_methods(rog_cli_string(cli, "methods"), &methods, err);
    if (code == 0 && name)
        code = rog_methods_find(&methods, name, &method, err);
    if (code == 0)
        code = name ? print_one(cli, method, err) : print_list(cli, &methods, err);
    rog_methods_release(&methods);
    return code;
}

static const struct rog_setting options[] = {{ROG_OPTION_METHODS}, {.name = NULL}};

const struct rog_command rog_cmd_methods = {
    .name = "methods",
    .usage = "[NAME] [--methods FILE]",
    .summary = "List the published methods that runs can name, with their sources",
    .details = "With NAME, print the default settings of a run with method = \"NAME\", the\n"
               "defaults of the publication, and the differences from it, with reasons.",
    .options = options,
    .max_args = 1,
    .run = run,
};
