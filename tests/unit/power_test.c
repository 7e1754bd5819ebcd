/* SPDX-License-Identifier: Apache-2.0 */
/* Power sensors, on a fake sysfs tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <trainer/power/power.h>

struct tree {
    char root[64];
};

static int set_up(void **state)
{
    struct tree *tree = calloc(1, sizeof *tree);
    strcpy(tree->root, "/tmp/rog-power-XXXXXX");
    if (!mkdtemp(tree->root))
        return -1;
    *state = tree;
    return 0;
}

static int tear_down(void **state)
{
    struct tree *tree = *state;
    struct rog_error err;
    int code = rog_dir_remove(tree->root, &err);
    free(tree);
    return code;
}

static void put(const struct tree *tree, const char *path, const char *text)
{
    struct rog_error err;
    char *full = rog_path_join(tree->root, path);
    char *line = rog_format("%s\n", text);
    if (rog_file_write(full, line, strlen(line), &err))
        fail_msg("%s", err.message);
    free(line);
    free(full);
}

static struct rog_power *open_power(const struct tree *tree)
{
    struct rog_power *power = NULL;
    struct rog_error err = {0};
    if (rog_power_open(&power, tree->root, &err))
        fail_msg("%s", err.message);
    return power;
}

static void sample(struct rog_power *power, double t_s)
{
    struct rog_error err = {0};
    if (rog_power_sample(power, t_s, &err))
        fail_msg("%s", err.message);
}

static void near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.12g, expected %.12g", found, expected);
}

static const struct rog_power_sensor *find(const struct rog_power *power, const char *name)
{
    for (size_t i = 0; i < rog_power_sensor_count(power); i++)
        if (strcmp(rog_power_sensor(power, i)->name, name) == 0)
            return rog_power_sensor(power, i);
    fail_msg("no sensor %s", name);
    return NULL;
}

static void rail(const struct tree *tree, const char *dir, int n, const char *label, int millivolts,
                 int milliamperes)
{
    char path[128], text[32];
    snprintf(path, sizeof path, "%s/in%d_label", dir, n);
    put(tree, path, label);
    snprintf(path, sizeof path, "%s/in%d_input", dir, n);
    snprintf(text, sizeof text, "%d", millivolts);
    put(tree, path, text);
    snprintf(path, sizeof path, "%s/curr%d_input", dir, n);
    snprintf(text, sizeof text, "%d", milliamperes);
    put(tree, path, text);
}

/* A Jetson Orin: VDD_IN contains the other rails, which must not be counted twice. */
static void board_input_counts_alone(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/hwmon/hwmon0/name", "tmp451");
    put(tree, "class/hwmon/hwmon0/in1_input", "999");
    put(tree, "class/hwmon/hwmon3/name", "ina3221");
    rail(tree, "class/hwmon/hwmon3", 1, "VDD_IN", 5000, 1000);
    rail(tree, "class/hwmon/hwmon3", 2, "VDD_CPU_GPU_CV", 5000, 400);
    rail(tree, "class/hwmon/hwmon3", 3, "VDD_SOC", 5000, 300);
    put(tree, "class/hwmon/hwmon3/in7_label", "sum of shunt voltages");
    put(tree, "class/hwmon/hwmon3/in7_input", "3");
    put(tree, "class/hwmon/hwmon3/curr4_input", "1700");

    struct rog_power *power = open_power(tree);
    assert_int_equal(rog_power_sensor_count(power), 3);
    assert_string_equal(rog_power_source(power), "ina3221:VDD_IN");
    sample(power, 100);
    near(rog_power_joules(power), 0);
    near(rog_power_watts(power), 5);
    rail(tree, "class/hwmon/hwmon3", 1, "VDD_IN", 5000, 2000);
    sample(power, 100.5); /* from 5 to 10 W in half a second */
    near(rog_power_joules(power), 3.75);
    sample(power, 102.5); /* a late sample */
    near(rog_power_joules(power), 3.75 + 20);
    near(find(power, "ina3221:VDD_SOC")->joules, 1.5 * 2.5);
    assert_false(find(power, "ina3221:VDD_SOC")->counts);
    rog_power_free(power);
}

/* An AGX Xavier: two chips, no rail for the whole board, one channel switched off. */
static void rails_add_up_without_a_board_input(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/hwmon/hwmon1/name", "ina3221x");
    rail(tree, "class/hwmon/hwmon1", 1, "GPU", 19000, 100);
    rail(tree, "class/hwmon/hwmon1", 2, "CPU", 19000, 200);
    put(tree, "class/hwmon/hwmon2/name", "ina3221x");
    rail(tree, "class/hwmon/hwmon2", 1, "SOC", 19000, 300);
    rail(tree, "class/hwmon/hwmon2", 2, "CV", 19000, 4000);
    put(tree, "class/hwmon/hwmon2/in2_enable", "0");

    struct rog_power *power = open_power(tree);
    assert_string_equal(rog_power_source(power), "ina3221");
    sample(power, 0);
    near(rog_power_watts(power), 19 * 0.6);
    rog_power_free(power);
}

static void older_layout_gives_milliwatts(void **state)
{
    const struct tree *tree = *state;
    const char *dir = "bus/i2c/drivers/ina3221x/1-0040/iio:device0";
    char path[128];
    static const char *const labels[] = {"VDD_IN", "NC", "VDD_SOC"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/rail_name_%d", dir, i);
        put(tree, path, labels[i]);
        snprintf(path, sizeof path, "%s/in_power%d_input", dir, i);
        put(tree, path, i ? "1000" : "12500");
    }
    struct rog_power *power = open_power(tree);
    assert_int_equal(rog_power_sensor_count(power), 2);
    assert_string_equal(rog_power_source(power), "ina3221:VDD_IN");
    sample(power, 1);
    sample(power, 3);
    near(rog_power_joules(power), 25);
    rog_power_free(power);
}

static void zone(const struct tree *tree, const char *name, const char *label, const char *energy)
{
    char path[128];
    snprintf(path, sizeof path, "class/powercap/%s/name", name);
    put(tree, path, label);
    snprintf(path, sizeof path, "class/powercap/%s/max_energy_range_uj", name);
    put(tree, path, "262143328850");
    snprintf(path, sizeof path, "class/powercap/%s/energy_uj", name);
    put(tree, path, energy);
}

static void rapl_counts_packages_and_dram_and_comes_round(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/powercap/intel-rapl/enabled", "1");
    zone(tree, "intel-rapl:0", "package-0", "262143000000");
    zone(tree, "intel-rapl:0:0", "core", "5000000");
    zone(tree, "intel-rapl:0:1", "dram", "1000000");
    zone(tree, "intel-rapl:1", "package-1", "70000000");

    struct rog_power *power = open_power(tree);
    assert_string_equal(rog_power_source(power), "rapl");
    assert_false(find(power, "rapl:core.0")->counts);
    sample(power, 10);
    near(rog_power_joules(power), 0);
    near(rog_power_watts(power), 0);
    zone(tree, "intel-rapl:0", "package-0", "1000000"); /* 0.32885 J to the end, then 1 J */
    zone(tree, "intel-rapl:0:0", "core", "6000000");
    zone(tree, "intel-rapl:0:1", "dram", "1500000");
    zone(tree, "intel-rapl:1", "package-1", "72000000");
    sample(power, 10.5);
    near(rog_power_joules(power), 1.32885 + 0.5 + 2);
    near(rog_power_watts(power), 2 * (1.32885 + 0.5 + 2));
    rog_power_free(power);
}

static void platform_zone_counts_alone(void **state)
{
    const struct tree *tree = *state;
    zone(tree, "intel-rapl:0", "package-0", "0");
    zone(tree, "intel-rapl:1", "psys", "0");
    struct rog_power *power = open_power(tree);
    assert_string_equal(rog_power_source(power), "rapl:psys");
    assert_false(find(power, "rapl:package-0")->counts);
    rog_power_free(power);
}

static void battery_counts_while_it_discharges(void **state)
{
    const struct tree *tree = *state;
    zone(tree, "intel-rapl:0", "package-0", "0");
    put(tree, "class/power_supply/AC/type", "Mains");
    put(tree, "class/power_supply/mouse/type", "Battery");
    put(tree, "class/power_supply/mouse/scope", "Device");
    put(tree, "class/power_supply/mouse/power_now", "77");
    put(tree, "class/power_supply/BAT0/type", "Battery");
    put(tree, "class/power_supply/BAT0/status", "Charging");
    put(tree, "class/power_supply/BAT0/voltage_now", "12000000");
    put(tree, "class/power_supply/BAT0/current_now", "-1500000");
    struct rog_power *power = open_power(tree);
    assert_string_equal(rog_power_source(power), "rapl:package-0");
    rog_power_free(power);

    put(tree, "class/power_supply/BAT0/status", "Discharging");
    power = open_power(tree);
    assert_string_equal(rog_power_source(power), "battery:BAT0");
    sample(power, 0);
    near(rog_power_watts(power), 18);
    put(tree, "class/power_supply/BAT0/power_now", "20000000");
    sample(power, 1);
    near(rog_power_joules(power), 19);

    put(tree, "class/power_supply/BAT0/status", "Charging");
    struct rog_error err = {0};
    assert_int_equal(rog_power_sample(power, 2, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "Charging"));
    near(rog_power_joules(power), 19);
    rog_power_free(power);
}

static void nothing_found_says_so(void **state)
{
    const struct tree *tree = *state;
    struct rog_power *power = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_power_open(&power, tree->root, &err), ROG_ENOTFOUND);
    assert_null(power);
    assert_non_null(strstr(err.message, "RAPL"));

    /* A sensor that is there and cannot be read is named. */
    zone(tree, "intel-rapl:0", "package-0", "soon");
    assert_int_equal(rog_power_open(&power, tree->root, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "intel-rapl:0/energy_uj must be a number"));
}

static void a_sensor_that_goes_away_is_an_error(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/hwmon/hwmon0/name", "ina3221");
    rail(tree, "class/hwmon/hwmon0", 1, "VDD_IN", 5000, 1000);
    struct rog_power *power = open_power(tree);
    sample(power, 0);
    sample(power, 1);
    char *path = rog_path_join(tree->root, "class/hwmon/hwmon0/curr1_input");
    unlink(path);
    free(path);
    struct rog_error err = {0};
    assert_int_equal(rog_power_sample(power, 2, &err), ROG_ENOTFOUND);
    assert_non_null(strstr(err.message, "curr1_input"));
    near(rog_power_joules(power), 5);
    rail(tree, "class/hwmon/hwmon0", 1, "VDD_IN", 5000, 1000);
    sample(power, 3);
    near(rog_power_joules(power), 15);
    rog_power_free(power);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(board_input_counts_alone),      TEST(rails_add_up_without_a_board_input),
        TEST(older_layout_gives_milliwatts), TEST(rapl_counts_packages_and_dram_and_comes_round),
        TEST(platform_zone_counts_alone),    TEST(battery_counts_while_it_discharges),
        TEST(nothing_found_says_so),         TEST(a_sensor_that_goes_away_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
