/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a strategy in Python into a plugin: the description of its file becomes a const struct of
 * hooks. */
#include <common/plugin_python.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/python_state.h>

#define ENDING ".py"
#define SOURCE_MAX_BYTES (1u << 20)

bool rog_python_is_file(const char *path)
{
    size_t length = strlen(path), ending = strlen(ENDING);
    return length > ending && strcmp(path + length - ending, ENDING) == 0;
}

bool rog_python_has_strategy(const char *path)
{
    char *text = NULL;
    size_t size;
    bool has = rog_file_read(path, SOURCE_MAX_BYTES, &text, &size, NULL) == 0 &&
               strstr(text, "Strategy") && (strstr(text, "import rog") || strstr(text, "from rog"));
    free(text);
    return has;
}

/* ---- parameters ---- */

static const struct {
    const char *name;
    enum rog_parameter_type type;
} types[] = {
    {"integer", ROG_PARAMETER_INTEGER},
    {"number", ROG_PARAMETER_NUMBER},
    {"boolean", ROG_PARAMETER_BOOLEAN},
    {"choice", ROG_PARAMETER_CHOICE},
};

static uint32_t type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return UINT32_MAX; /* rejected by the check of the table */
}

/* Members have eight bytes each, after the head. */
static int make_table(struct rog_python *python, struct rog_error *err)
{
    const struct rog_json *rows = rog_json_get(python->description, "parameters");
    size_t count = rog_json_size(rows);
    python->parameters = calloc(count + 1, sizeof *python->parameters);
    if (!python->parameters)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const struct rog_json *row = rog_json_at(rows, i);
        python->parameters[i] = (struct rog_parameter){
            .name = rog_json_get_string(row, "name", ""),
            .type = type_of(rog_json_get_string(row, "type", "")),
            .offset = (uint32_t)(sizeof(struct rog_python_head) + 8 * i),
            .fallback = rog_json_get_string(row, "default", ""),
            .min = rog_json_get_number(row, "min", 0),
            .max = rog_json_get_number(row, "max", 0),
            .choices = rog_json_get_string(row, "choices", NULL),
            .unit = rog_json_get_string(row, "unit", NULL),
            .help = rog_json_get_string(row, "help", NULL),
        };
    }
    if (count > 0)
        python->strategy.parameters = python->parameters;
    python->strategy.parameter_bytes = (uint32_t)(sizeof(struct rog_python_head) + 8 * count);
    return 0;
}

int rog_python_attach(struct rog_python *python, void **parameters, struct rog_error *err)
{
    if (!*parameters)
        *parameters = calloc(1, sizeof(struct rog_python_head));
    if (!*parameters)
        return rog_fail_nomem(err);
    *(struct rog_python_head *)*parameters = (struct rog_python_head){python};
    return 0;
}

/* ---- the strategy ---- */

static int threshold(const struct rog_python *python, const char *name, int32_t *value,
                     const char *path, struct rog_error *err)
{
    int64_t number = rog_json_get_integer(python->description, name, -1);
    if (number < 0 || number > ROG_THRESHOLD_INFINITE)
        return rog_fail(err, ROG_EABI, "%s: %s must be a whole number from 0 to %d", path, name,
                        ROG_THRESHOLD_INFINITE);
    *value = (int32_t)number;
    return 0;
}

static int describe(struct rog_python *python, const char *path, struct rog_error *err)
{
    const struct rog_json *said = python->description;
    struct rog_strategy *strategy = &python->strategy;
    *strategy = (struct rog_strategy){
        .abi_version = ROG_STRATEGY_ABI,
        .struct_size = sizeof *strategy,
        .name = rog_json_get_string(said, "name", NULL),
        .version = rog_json_get_string(said, "version", NULL),
        .summary = rog_json_get_string(said, "summary", NULL),
        .threshold_help = rog_json_get_string(said, "threshold_help", NULL),
        .wants = (uint32_t)rog_json_get_integer(said, "wants", 0),
    };
    rog_python_set_hooks(strategy, said);
    int code = threshold(python, "threshold_min", &strategy->threshold_min, path, err);
    if (!code)
        code = threshold(python, "threshold_max", &strategy->threshold_max, path, err);
    if (!code)
        code = threshold(python, "threshold_default", &strategy->threshold_default, path, err);
    return code ? code : make_table(python, err);
}

int rog_python_new(struct rog_python **out, const char *path, const struct rog_strategy **strategy,
                   struct rog_error *err)
{
    struct rog_python *python = *out = calloc(1, sizeof *python);
    if (!python)
        return rog_fail_nomem(err);
    int code = rog_python_link_start(&python->link, path, &python->description, err);
    if (!code)
        code = describe(python, path, err);
    *strategy = &python->strategy;
    if (!code)
        return 0;
    rog_python_free(python);
    *out = NULL;
    return code;
}

void rog_python_free(struct rog_python *python)
{
    if (!python)
        return;
    rog_python_link_end(&python->link);
    free(python->parameters);
    rog_json_free(python->description);
    free(python);
}

const char *rog_python_version(const struct rog_python *python)
{
    return rog_json_get_string(python->description, "python", "");
}
