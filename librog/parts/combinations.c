/* SPDX-License-Identifier: Apache-2.0 */
/* Rejects settings that have no effect together with others. */
#include <librog/parts/parts.h>

#include <stdlib.h>
#include <string.h>

#include <common/workload.h>

/* Settings that have an effect only with one value of another setting. */
static const struct {
    const char *setting, *needs, *value, *why;
} needs[] = {
    {"local_optimizer", "contribution", "delta",
     "gradients are turned into updates by momentum_kind"},
    {"local_optimizer_parameters", "contribution", "delta",
     "gradients are turned into updates by momentum_kind"},
    {"merge", "contribution", "delta", "with gradients a worker has no model of its own to merge"},
    {"momentum_kind", "contribution", "gradient", "local_optimizer sets how local steps are made"},
    {"momentum_masking", "contribution", "gradient", "deltas are sent without momentum"},
};

/* A user's program makes its local steps itself. A method's preset sets a local optimizer for all
 * kinds of workers, and the program is told of it. */
static int check_program(const struct rog_json *chosen, struct rog_error *err)
{
    bool alone = rog_workload_trains(chosen) && !rog_workload_has_network(chosen);
    if (!alone || rog_json_get(chosen, "method") ||
        (!rog_json_get(chosen, "local_optimizer") &&
         !rog_json_get(chosen, "local_optimizer_parameters")))
        return 0;
    return rog_fail(err, ROG_EINVAL,
                    "local_optimizer = \"%s\" applies only to the built-in network; a training "
                    "program makes its local steps itself",
                    rog_json_get_string(chosen, "local_optimizer", "sgd"));
}

int rog_parts_check_combination(const struct rog_json *chosen, struct rog_error *err)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        const struct rog_json *value = rog_json_get(chosen, needs[i].setting);
        const char *other = rog_json_get_string(
            chosen, needs[i].needs, rog_setting_find(rog_run_settings, needs[i].needs)->fallback);
        if (!value || strcmp(other, needs[i].value) == 0)
            continue;
        char *text = rog_json_text(value);
        int code = rog_fail(err, ROG_EINVAL, "%s = %.100s requires %s = \"%s\" (found \"%s\"): %s",
                            needs[i].setting, text ? text : "", needs[i].needs, needs[i].value,
                            other, needs[i].why);
        free(text);
        return code;
    }
    return check_program(chosen, err);
}
