/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of plugins. */
#include <common/plugin_kinds.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/parameters.h>
#include <rog/codec.h>
#include <rog/strategy.h>

/* ---- strategies ---- */

/* Version since which a strategy may have no plans */
#define PLANS_OPTIONAL 4

/* Returns the name of a required hook that a strategy lacks. */
static const char *missing_hook(const struct rog_strategy *strategy)
{
    bool plans = strategy->abi_version < PLANS_OPTIONAL;
    const struct {
        const char *name;
        bool present;
    } required[] = {
        {"name", strategy->name && strategy->name[0]},
        {"version", strategy->version != NULL},
        {"summary", strategy->summary != NULL},
        {"threshold_help", strategy->threshold_help != NULL},
        {"plan_push", strategy->plan_push || !plans},
        {"admit", strategy->admit != NULL},
        {"plan_pull", strategy->plan_pull || !plans},
    };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!required[i].present)
            return required[i].name;
    return NULL;
}

/* The size of a strategy in each version of the interface. */
static const size_t strategy_bytes[] = {
    [1] = offsetof(struct rog_strategy, staleness_bound),
    [2] = offsetof(struct rog_strategy, save),
    [3] = offsetof(struct rog_strategy, grant),
    [4] = offsetof(struct rog_strategy, weigh),
    [5] = offsetof(struct rog_strategy, failure),
    [ROG_STRATEGY_ABI] = sizeof(struct rog_strategy),
};

static int check_strategy(const void *copy, const char *path, struct rog_error *err)
{
    const struct rog_strategy *strategy = copy;
    const char *missing = missing_hook(strategy);
    if (missing)
        return rog_fail(err, ROG_EABI, "plugin %s lacks the required hook %s of a strategy", path,
                        missing);
    if (strategy->threshold_min > strategy->threshold_max ||
        strategy->threshold_default < strategy->threshold_min ||
        strategy->threshold_default > strategy->threshold_max)
        return rog_fail(err, ROG_EABI, "plugin %s: its default threshold is outside its own range",
                        path);
    if (!strategy->save != !strategy->load)
        return rog_fail(err, ROG_EABI,
                        "plugin %s has %s but not %s: a strategy needs both or neither", path,
                        strategy->save ? "save" : "load", strategy->save ? "load" : "save");
    int code = rog_parameters_check_table(strategy->parameters, strategy->parameter_bytes,
                                          strategy->name, err);
    if (code)
        rog_fail_prefix(err, "plugin %s", path);
    return code;
}

/* ---- codecs ---- */

static const char *missing_of_codec(const struct rog_codec *codec)
{
    const struct {
        const char *name;
        bool present;
    } required[] = {
        {"name", codec->name && codec->name[0]},
        {"summary", codec->summary != NULL},
        {"bytes", codec->bytes != NULL},
        {"scale or whole_scale", codec->scale || codec->whole_scale},
        {"encode", codec->encode != NULL},
        {"decode", codec->decode != NULL},
        {"check", codec->check != NULL},
    };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!required[i].present)
            return required[i].name;
    return NULL;
}

static const size_t codec_bytes[] = {[ROG_CODEC_ABI] = sizeof(struct rog_codec)};

#define MOST_LEVELS 255u /* a level is stored in a byte */

static int check_codec(const void *copy, const char *path, struct rog_error *err)
{
    const struct rog_codec *codec = copy;
    const char *missing = missing_of_codec(codec);
    if (missing)
        return rog_fail(err, ROG_EABI, "plugin %s lacks the required hook %s of a codec", path,
                        missing);
    if (codec->is_whole && !codec->scale)
        return rog_fail(
            err, ROG_EABI,
            "plugin %s has is_whole but not scale, which is required where is_whole returns false",
            path);
    if (!codec->encode_pull != !codec->decode_pull)
        return rog_fail(err, ROG_EABI, "plugin %s has %s but not %s: a codec needs both or neither",
                        path, codec->encode_pull ? "encode_pull" : "decode_pull",
                        codec->encode_pull ? "decode_pull" : "encode_pull");
    if (codec->unit > ROG_CODEC_TENSORS)
        return rog_fail(err, ROG_EABI, "plugin %s: unknown codec unit %u", path, codec->unit);
    if (codec->levels > MOST_LEVELS)
        return rog_fail(err, ROG_EABI, "plugin %s: the codec has %u levels, at most %u are allowed",
                        path, codec->levels, MOST_LEVELS);
    int code =
        rog_parameters_check_table(codec->parameters, codec->parameter_bytes, codec->name, err);
    if (code)
        rog_fail_prefix(err, "plugin %s", path);
    return code;
}

/* ---- all kinds ---- */

static const struct {
    const char *name, *symbol, *header;
    uint32_t version;            /* the newest version */
    const size_t *version_bytes; /* [version]: size of the struct in that version */
    size_t bytes;
    int (*check)(const void *copy, const char *path, struct rog_error *err);
} kinds[ROG_PLUGIN_KINDS] = {
    [ROG_PLUGIN_STRATEGY] = {.name = "strategy",
                             .symbol = ROG_STRATEGY_SYMBOL,
                             .header = "<rog/strategy.h>",
                             .version = ROG_STRATEGY_ABI,
                             .version_bytes = strategy_bytes,
                             .bytes = sizeof(struct rog_strategy),
                             .check = check_strategy},
    [ROG_PLUGIN_CODEC] = {.name = "codec",
                          .symbol = ROG_CODEC_SYMBOL,
                          .header = "<rog/codec.h>",
                          .version = ROG_CODEC_ABI,
                          .version_bytes = codec_bytes,
                          .bytes = sizeof(struct rog_codec),
                          .check = check_codec},
};

const char *rog_plugin_kind_name(enum rog_plugin_kind kind)
{
    return kinds[kind].name;
}

const char *rog_plugin_kind_symbol(enum rog_plugin_kind kind)
{
    return kinds[kind].symbol;
}

/* The beginning of every plugin's struct. */
struct head {
    uint32_t abi_version, struct_size;
};

/* Checks whether the exported struct can be read; before that, only its head may be read. */
static int check_version(enum rog_plugin_kind kind, const struct head *head, const char *path,
                         struct rog_error *err)
{
    if (head->abi_version < 1 || head->abi_version > kinds[kind].version)
        return rog_fail(err, ROG_EABI,
                        "plugin %s was built for version %u of the %s interface, this program "
                        "supports versions 1 to %u: rebuild it with this version's %s",
                        path, head->abi_version, kinds[kind].name, kinds[kind].version,
                        kinds[kind].header);
    size_t least = kinds[kind].version_bytes[head->abi_version];
    if (head->struct_size < least)
        return rog_fail(err, ROG_EABI,
                        "plugin %s: its %s has %u bytes, but version %u of the interface has %zu: "
                        "rebuild it with this version's %s",
                        path, kinds[kind].name, head->struct_size, head->abi_version, least,
                        kinds[kind].header);
    return 0;
}

int rog_plugin_kind_take(enum rog_plugin_kind kind, const void *exported, const char *path,
                         void **copy, struct rog_error *err)
{
    struct head head;
    *copy = NULL;
    memcpy(&head, exported, sizeof head);
    int code = check_version(kind, &head, path, err);
    if (code)
        return code;
    *copy = calloc(1, kinds[kind].bytes);
    if (!*copy)
        return rog_fail_nomem(err);
    memcpy(*copy, exported, kinds[kind].version_bytes[head.abi_version]);
    return kinds[kind].check(*copy, path, err);
}
