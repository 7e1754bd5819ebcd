/* SPDX-License-Identifier: Apache-2.0 */
/* Which settings have no meaning beside others. */
#include <librog/parts/parts.h>

#include <stdlib.h>
#include <string.h>

#include <common/workload.h>

/* Settings that this version has for those who plan ahead, and of which it can only do the default.
 * Whoever builds what one of them stands for takes its row away. */
static const char *const only_default[] = {
    "error_feedback",
    "contribution",
    "momentum_kind",
    "momentum_masking",
    "clip_norm",
    "local_optimizer",
    "local_optimizer_parameters",
    "merge",
    "overlap",
};

/* A setting that only one value of another gives a meaning. */
static const struct {
    const char *setting, *needs, *value, *why;
} needs[] = {
    {"local_optimizer", "contribution", "delta", "with a gradient the server makes the step"},
    {"local_optimizer_parameters", "contribution", "delta",
     "with a gradient the server makes the step"},
    {"merge", "contribution", "delta", "with a gradient a worker has no model of its own to mix"},
    {"momentum_kind", "contribution", "gradient",
     "how local steps are made is said by local_optimizer"},
    {"clip_norm", "contribution", "gradient", "what local steps do with gradients is their own"},
    {"momentum_masking", "contribution", "gradient",
     "a difference of models is sent without momentum"},
};

static int check_needs(const struct rog_json *chosen, struct rog_error *err)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        const struct rog_json *value = rog_json_get(chosen, needs[i].setting);
        const char *other = rog_json_get_string(
            chosen, needs[i].needs, rog_setting_find(rog_run_settings, needs[i].needs)->fallback);
        if (!value || strcmp(other, needs[i].value) == 0)
            continue;
        char *text = rog_json_text(value);
        int code = rog_fail(err, ROG_EINVAL, "%s = %.100s needs %s = \"%s\" (found \"%s\"): %s",
                            needs[i].setting, text ? text : "", needs[i].needs, needs[i].value,
                            other, needs[i].why);
        free(text);
        return code;
    }
    return 0;
}

static int check_built(const struct rog_json *chosen, struct rog_error *err)
{
    for (size_t i = 0; i < sizeof only_default / sizeof *only_default; i++)
        if (rog_json_get(chosen, only_default[i]))
            return rog_fail(err, ROG_EINVAL, "%s: this version can do its default alone",
                            only_default[i]);
    return 0;
}

int rog_parts_check_combination(const struct rog_json *chosen, struct rog_error *err)
{
    int code = check_needs(chosen, err);
    return code ? code : check_built(chosen, err);
}
