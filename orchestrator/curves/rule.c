/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the settings of curves. */
#include <orchestrator/curves/rule.h>

#include <stdint.h>
#include <stdlib.h>

const struct rog_setting rog_curve_settings[] = {ROG_CURVE_SETTINGS, {.name = NULL}};

int rog_curve_rule_make(struct rog_curve_rule *rule, const struct rog_json *options,
                        struct rog_error *err)
{
    struct rog_json *all = rog_json_object();
    *rule = (struct rog_curve_rule){0};
    if (!all)
        return rog_fail_nomem(err);
    if (options)
        rog_settings_copy(rog_curve_settings, 0, 0, options, all);
    int code = rog_settings_check(rog_curve_settings, all, NULL, err);
    if (code == 0)
        code = rog_settings_fill(rog_curve_settings, all, err);
    if (code == 0)
        code = rog_smoothing_parse(&rule->smoothing, rog_json_get_string(all, "smooth", ""), err);
    if (code == 0)
        code = rog_accuracy_rule_parse(&rule->accuracy, rog_json_get_string(all, "accuracy_at", ""),
                                       err);
    if (code == 0)
        rule->sustain = rog_json_get_number(all, "sustain", 0);
    if (code == 0)
        rule->points = rog_json_get_bool(all, "points", false);
    rog_json_free(all);
    return code;
}

struct rog_json *rog_curve_rule_json(const struct rog_curve_rule *rule)
{
    char smoothing[ROG_SMOOTHING_TEXT_BYTES], accuracy[ROG_ACCURACY_RULE_BYTES];
    struct rog_json *object = rog_json_object();
    rog_smoothing_setting(&rule->smoothing, smoothing);
    rog_accuracy_rule_text(&rule->accuracy, accuracy);
    rog_json_put_string(object, "smooth", smoothing);
    rog_json_put_number(object, "sustain", rule->sustain);
    rog_json_put_string(object, "accuracy_at", accuracy);
    return object;
}
