/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, compares and formats the metric that tests measure. */
#include <common/metric.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <common/utf8.h>

static const struct rog_metric accuracy = {.name = "accuracy", .unit = "%"};

/* Names and units are used in axes, headings, file formats of other programs and scripts, so they
 * must not contain hidden characters. */
static bool is_plain(const char *text, size_t most)
{
    size_t size = strlen(text);
    bool plain = size <= most && (size == 0 || (text[0] != ' ' && text[size - 1] != ' '));
    while (plain && *text) {
        uint32_t code = rog_utf8_take(&text);
        bool letter = (code | 32) >= 'a' && (code | 32) <= 'z';
        plain = code < 0x80 ? letter || strchr("0123456789 -_.()/%+@^*", (int)code)
                            : code != ROG_UTF8_REPLACEMENT && !rog_utf8_is_hidden(code) &&
                                  !rog_utf8_is_space(code);
    }
    return plain;
}

struct reading {
    struct rog_metric *metric;
    struct rog_error *err;
};

static int take_member(const char *key, const struct rog_json *value, void *user)
{
    struct reading *r = user;
    struct rog_metric *metric = r->metric;
    const char *text = rog_json_string(value, NULL);
    if (strcmp(key, "name") == 0) {
        if (!text || !*text || !is_plain(text, sizeof metric->name - 1))
            return rog_fail(r->err, ROG_EINVAL,
                            "metric: name must be text of 1 to %zu letters, digits, spaces and "
                            "-_.()/%%+@^*",
                            sizeof metric->name - 1);
        snprintf(metric->name, sizeof metric->name, "%s", text);
    } else if (strcmp(key, "unit") == 0) {
        if (!text || !is_plain(text, sizeof metric->unit - 1))
            return rog_fail(r->err, ROG_EINVAL,
                            "metric: unit must be text of at most %zu letters, digits, spaces and "
                            "-_.()/%%+@^*; \"\" is none",
                            sizeof metric->unit - 1);
        snprintf(metric->unit, sizeof metric->unit, "%s", text);
    } else if (strcmp(key, "better") == 0) {
        if (!text || (strcmp(text, "higher") != 0 && strcmp(text, "lower") != 0))
            return rog_fail(r->err, ROG_EINVAL,
                            "metric: better must be \"higher\" or \"lower\"%s%.40s%s",
                            text ? " (found \"" : "", text ? text : "", text ? "\")" : "");
        metric->less_is_better = strcmp(text, "lower") == 0;
    } else {
        return rog_fail(r->err, ROG_EINVAL,
                        "metric: unknown member %.40s; it has name, unit and better", key);
    }
    return 0;
}

int rog_metric_read(const struct rog_json *config, struct rog_metric *metric, struct rog_error *err)
{
    const struct rog_json *given = config ? rog_json_get(config, "metric") : NULL;
    struct rog_metric read = {0};
    struct reading reading = {&read, err};
    *metric = accuracy;
    if (!given || rog_json_is_null(given))
        return 0;
    int code = rog_json_is_object(given) ? rog_json_each(given, take_member, &reading)
                                         : rog_fail(err, ROG_EINVAL, "metric must be a group");
    if (code == 0 && !read.name[0])
        code = rog_fail(err, ROG_EINVAL,
                        "metric needs a name: metric = { name = \"mIoU\"; unit = \"\"; better = "
                        "\"higher\"; }");
    if (code == 0)
        *metric = read;
    return code;
}

void rog_metric_parse(const char *text, struct rog_metric *metric)
{
    struct rog_json *config = rog_json_object(), *value = NULL;
    if (text && rog_json_parse(text, strlen(text), "metric", &value, NULL) == 0)
        rog_json_put(config, "metric", value);
    rog_metric_read(config, metric, NULL);
    rog_json_free(config);
}

int rog_metric_resolve(struct rog_json *config, struct rog_error *err)
{
    struct rog_metric metric;
    int code = rog_metric_read(config, &metric, err);
    if (code < 0 || !rog_json_get(config, "metric"))
        return code;
    if (rog_metric_is_same(&metric, &accuracy))
        rog_json_remove(config, "metric");
    else
        rog_json_put(config, "metric", rog_metric_json(&metric));
    return 0;
}

bool rog_metric_is_same(const struct rog_metric *one, const struct rog_metric *two)
{
    return strcmp(one->name, two->name) == 0 && strcmp(one->unit, two->unit) == 0 &&
           one->less_is_better == two->less_is_better;
}

bool rog_metric_is_percent(const struct rog_metric *metric)
{
    return strcmp(metric->unit, "%") == 0;
}

bool rog_metric_may_be(const struct rog_metric *metric, double value)
{
    return isfinite(value) && (!rog_metric_is_percent(metric) || (value >= 0 && value <= 100));
}

void rog_metric_range(const struct rog_metric *metric, char text[ROG_METRIC_TEXT_BYTES])
{
    if (rog_metric_is_same(metric, &accuracy))
        snprintf(text, ROG_METRIC_TEXT_BYTES, "an accuracy from 0 to 100 percent");
    else
        snprintf(text, ROG_METRIC_TEXT_BYTES, "a number%s (%s)",
                 rog_metric_is_percent(metric) ? " from 0 to 100 percent" : "", metric->name);
}

void rog_metric_title(const struct rog_metric *metric, char text[ROG_METRIC_TEXT_BYTES])
{
    const char *unit = metric->unit;
    snprintf(text, ROG_METRIC_TEXT_BYTES, "%s%s%s%s", metric->name, *unit ? " (" : "", unit,
             *unit ? ")" : "");
}

void rog_metric_value(const struct rog_metric *metric, double value,
                      char text[ROG_METRIC_TEXT_BYTES])
{
    bool apart = metric->unit[0] && !rog_metric_is_percent(metric);
    snprintf(text, ROG_METRIC_TEXT_BYTES, "%.6g%s%s", value, apart ? " " : "", metric->unit);
}

const char *rog_metric_difference(const struct rog_metric *metric)
{
    return rog_metric_is_percent(metric) ? "points" : metric->unit[0] ? metric->unit : metric->name;
}

int rog_metric_digits(const struct rog_metric *metric, double largest)
{
    if (rog_metric_is_percent(metric) || !isfinite(largest) || largest == 0)
        return 2;
    return (int)fmin(fmax(3 - floor(log10(fabs(largest))), 0), 9);
}

struct rog_json *rog_metric_json(const struct rog_metric *metric)
{
    struct rog_json *object = rog_json_object();
    rog_json_put_string(object, "name", metric->name);
    rog_json_put_string(object, "unit", metric->unit);
    rog_json_put_string(object, "better", metric->less_is_better ? "lower" : "higher");
    return object;
}
