/* SPDX-License-Identifier: Apache-2.0 */

/* Which plugins are found, accepted and rejected, and the messages. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/plugin.h>

static void expect(const char *message, const char *part)
{
    if (!strstr(message, part))
        fail_msg("\"%s\" does not say \"%s\"", message, part);
}

static void test_built_in(void **state)
{
    (void)state;
    static const struct {
        const char *library, *name;
        int32_t min, max, fallback;
    } all[] = {{"BSP", "BSP", 0, 0, 0},
               {"ssp", "SSP", 0, ROG_THRESHOLD_INFINITE, 4},
               {"Rog", "ROG", 1, 1000000, 4},
               {"FLOWN", "FLOWN", 0, ROG_THRESHOLD_INFINITE, 4}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct rog_plugin plugin;
        struct rog_error err;
        assert_int_equal(rog_plugin_load(&plugin, all[i].library, &err), 0);
        assert_string_equal(plugin.strategy->name, all[i].name);
        assert_int_equal(plugin.strategy->threshold_min, all[i].min);
        assert_int_equal(plugin.strategy->threshold_max, all[i].max);
        assert_int_equal(plugin.strategy->threshold_default, all[i].fallback);
        rog_plugin_release(&plugin);
        rog_plugin_release(&plugin);
    }
}

static void test_thresholds(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct rog_error err;
    assert_int_equal(rog_plugin_load(&plugin, "BSP", &err), 0);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 0, &err), 0);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 4, &err), ROG_EINVAL);
    expect(err.message, "BSP");
    expect(err.message, "4");
    rog_plugin_release(&plugin);
    assert_int_equal(rog_plugin_load(&plugin, "ROG", &err), 0);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 1, &err), 0);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 1000, &err), 0);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 0, &err), ROG_EINVAL);
    assert_int_equal(rog_plugin_check_threshold(&plugin, 5000000000, &err), ROG_EINVAL);
    expect(err.message, "5000000000");
    rog_plugin_release(&plugin);
}

static void test_missing(void **state)
{
    (void)state;
    static const char *const names[] = {"ATLAS", "", "..", "b s p"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rog_plugin plugin;
        struct rog_error err = {0};
        assert_true(rog_plugin_load(&plugin, names[i], &err) < 0);
        expect(err.message, names[i]);
        expect(err.message, "BSP");
        expect(err.message, "ROG");
        expect(err.message, "SSP");
        assert_null(plugin.strategy);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *cause;
    } refused[] = {{"old_abi.so", "version 0"},      {"next_abi.so", "version 7"},
                   {"short_struct.so", "bytes"},     {"missing_hook.so", "admit"},
                   {"missing_plan.so", "plan_push"}, {"no_symbol.so", ROG_STRATEGY_SYMBOL},
                   {"garbage.so", "garbage.so"},     {"not_there.so", "not_there.so"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct rog_plugin plugin;
        struct rog_error err = {0};
        char path[4096] = TEST_PLUGINS "/";
        strcat(path, refused[i].file);
        assert_int_equal(rog_plugin_load(&plugin, path, &err), ROG_EABI);
        expect(err.message, refused[i].file);
        expect(err.message, refused[i].cause);
        assert_null(plugin.handle);
    }
}

struct tally {
    int good, bad, three, codecs;
    char last[256];
};

static int count_plugin(const char *path, const struct rog_plugin *plugin, const char *load_error,
                        void *user)
{
    struct tally *tally = user;
    assert_non_null(strrchr(path, '/'));
    if (load_error) {
        tally->bad++;
        return 0;
    }
    tally->good++;
    tally->codecs += plugin->codec != NULL;
    if (plugin->strategy) {
        const char *name = plugin->strategy->name;
        tally->three += !strcmp(name, "BSP") || !strcmp(name, "ROG") || !strcmp(name, "SSP");
    }
    return 0;
}

/* Later members count as omitted, whatever bytes follow the plugin's structure. */
static void test_earlier_version(void **state)
{
    (void)state;
    static const char *const files[] = {TEST_PLUGINS "/version_1.so",
                                        TEST_PLUGINS "/version_1_longer.so"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct rog_plugin plugin;
        struct rog_error err;
        assert_int_equal(rog_plugin_load(&plugin, files[i], &err), 0);
        assert_string_equal(plugin.strategy->name, "VERSION_1");
        assert_non_null(plugin.strategy->plan_pull);
        assert_null(plugin.strategy->staleness_bound);
        assert_null(plugin.strategy->least_share);
        assert_null(plugin.strategy->parameters);
        rog_plugin_release(&plugin);
    }
}

static void test_versions_between(void **state)
{
    (void)state;
    for (int version = 2; version <= 5; version++) {
        struct rog_plugin plugin;
        struct rog_error err;
        char path[4096], name[20];
        snprintf(path, sizeof path, TEST_PLUGINS "/version_%d.so", version);
        snprintf(name, sizeof name, "VERSION_%d", version);
        assert_int_equal(rog_plugin_load(&plugin, path, &err), 0);
        const struct rog_strategy *strategy = plugin.strategy;
        assert_string_equal(strategy->name, name);
        assert_non_null(strategy->staleness_bound);
        assert_int_equal(strategy->save && strategy->load, version >= 3);
        assert_int_equal(strategy->grant && strategy->most_granted, version >= 4);
        assert_int_equal(strategy->weigh != NULL, version >= 5);
        assert_null(strategy->plan_work);
        assert_null(strategy->iteration_bound);
        assert_null(strategy->least_quorum);
        assert_int_equal(strategy->wants, 0);
        assert_null(strategy->failure);
        rog_plugin_release(&plugin);
    }
}

static void test_folders(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct rog_error err;
    struct tally tally = {0};
    const char *before = getenv("ROG_PLUGIN_PATH");
    assert_non_null(before);
    char *keep = strdup(before);
    char path[8192];
    assert_non_null(keep);
    assert_true(strlen(before) + sizeof TEST_PLUGINS < sizeof path - 32);
    strcpy(path, "/nowhere:" TEST_PLUGINS ":");
    strcat(path, before);

    assert_true(rog_plugin_load(&plugin, "SKELETON", &err) < 0);
    setenv("ROG_PLUGIN_PATH", path, 1);
    assert_int_equal(rog_plugin_load(&plugin, "SKELETON", &err), 0);
    expect(plugin.path, TEST_PLUGINS);
    rog_plugin_release(&plugin);
    assert_int_equal(rog_plugin_load(&plugin, "BSP", &err), 0);
    rog_plugin_release(&plugin);
    /* A plugin that is found but rejected is a different error than a missing one. */
    assert_int_equal(rog_plugin_load(&plugin, "OLD_ABI", &err), ROG_EABI);

    assert_int_equal(rog_plugin_each(count_plugin, &tally, &err), 0);
    assert_true(tally.good >= 5);
    assert_true(tally.three >= 3);
    assert_int_equal(tally.bad, 7);
    assert_int_equal(tally.codecs, 1);
    setenv("ROG_PLUGIN_PATH", keep, 1);
    free(keep);
}

/* ---- codecs ---- */

static void test_codec(void **state)
{
    (void)state;
    struct rog_plugin plugin;
    struct rog_error err;
    const char *before = getenv("ROG_PLUGIN_PATH");
    assert_non_null(before);
    char *keep = strdup(before);
    assert_non_null(keep);
    assert_int_equal(rog_plugin_load_codec(&plugin, "codec_skeleton", &err), ROG_ENOTFOUND);
    assert_int_equal(rog_plugin_load_codec(&plugin, "no such name", &err), ROG_ENOTFOUND);
    setenv("ROG_PLUGIN_PATH", TEST_PLUGINS, 1);
    assert_int_equal(rog_plugin_load_codec(&plugin, "Codec_Skeleton", &err), 0);
    assert_string_equal(plugin.codec->name, "codec_skeleton");
    assert_null(plugin.strategy);
    rog_plugin_release(&plugin);

    /* Each kind under the name of the other. */
    assert_int_equal(rog_plugin_load_codec(&plugin, "skeleton", &err), ROG_EABI);
    expect(err.message, "skeleton.so is not a codec plugin: it does not export rog_codec_plugin");
    assert_int_equal(rog_plugin_load(&plugin, "codec_skeleton", &err), ROG_EABI);
    expect(err.message, "is not a strategy plugin: it does not export rog_strategy_plugin");
    setenv("ROG_PLUGIN_PATH", keep, 1);
    free(keep);
}

static void test_refused_codecs(void **state)
{
    (void)state;
    static const struct {
        const char *file, *says;
    } all[] = {
        {"codec_next_abi", "was built for version 2 of the codec interface, this program "
                           "supports versions 1 to 1"},
        {"codec_short", "its codec has 40 bytes, but version 1 of the interface has"},
        {"codec_no_check", "lacks the required hook check of a codec"},
        {"codec_no_scale", "lacks the required hook scale or whole_scale"},
        {"codec_half_pull", "has encode_pull but not decode_pull"},
        {"codec_levels", "the codec has 300 levels, at most 255 are allowed"},
        {"codec_unit", "unknown codec unit 2"},
        {"codec_no_choice", "is_whole but not scale"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct rog_plugin plugin;
        struct rog_error err = {0};
        char path[1024];
        snprintf(path, sizeof path, "%s/%s.so", TEST_CODECS, all[i].file);
        assert_int_equal(rog_plugin_load_codec(&plugin, path, &err), ROG_EABI);
        expect(err.message, all[i].says);
        assert_null(plugin.handle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in),        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_missing),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_earlier_version), cmocka_unit_test(test_versions_between),
        cmocka_unit_test(test_folders),         cmocka_unit_test(test_codec),
        cmocka_unit_test(test_refused_codecs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
