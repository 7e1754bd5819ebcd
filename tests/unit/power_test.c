/* SPDX-License-Identifier: Apache-2.0 */
/* Power sensors and health, on a fake sysfs tree. */
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
#include <trainer/power/health.h>
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

/* An AGX Xavier: two chips, no rail for the whole board, one channel disabled. */
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

static void monitor(const struct tree *tree, const char *dir, const char *chip, const char *name,
                    const char *microwatts)
{
    char path[128];
    snprintf(path, sizeof path, "%s/name", dir);
    put(tree, path, chip);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    put(tree, path, microwatts);
}

/* As in Documentation/hwmon/ina238.rst of the kernel: the bus voltage is in1, the power is in
 * microwatts. */
static void chips_with_power_add_up(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/hwmon/hwmon0/in0_input", "2");
    put(tree, "class/hwmon/hwmon0/in1_input", "12000");
    put(tree, "class/hwmon/hwmon0/curr1_input", "1500");
    put(tree, "class/hwmon/hwmon0/temp1_input", "36000");
    put(tree, "class/hwmon/hwmon0/label", "compute");
    monitor(tree, "class/hwmon/hwmon0", "ina238", "power1_input", "18000000");
    monitor(tree, "class/hwmon/hwmon1", "ina226", "power1_input", "2000000");
    monitor(tree, "class/hwmon/hwmon2", "amdgpu", "power1_average", "40000000");
    /* A battery, which hwmon shows a second time. */
    monitor(tree, "class/hwmon/hwmon3", "BAT0", "power1_input", "90000000");
    put(tree, "class/hwmon/hwmon3/device/type", "Battery");

    struct rog_power *power = open_power(tree);
    assert_int_equal(rog_power_sensor_count(power), 3);
    assert_string_equal(rog_power_source(power), "hwmon");
    assert_false(find(power, "amdgpu:hwmon2")->counts);
    assert_true(find(power, "ina226:hwmon1")->counts);
    sample(power, 0);
    near(rog_power_watts(power), 20);
    monitor(tree, "class/hwmon/hwmon0", "ina238", "power1_input", "22000000");
    sample(power, 2);
    near(rog_power_joules(power), 44);
    near(find(power, "ina238:compute")->joules, 40);
    rog_power_free(power);
}

static void what_measures_the_machine_counts_alone(void **state)
{
    const struct tree *tree = *state;
    monitor(tree, "class/hwmon/hwmon0", "ina238", "power1_input", "18000000");
    monitor(tree, "class/hwmon/hwmon1", "power_meter", "power1_average", "30000000");
    struct rog_power *power = open_power(tree);
    assert_string_equal(rog_power_source(power), "power_meter:hwmon1");
    sample(power, 0);
    near(rog_power_watts(power), 30);
    rog_power_free(power);

    /* A Jetson's own rails are preferred to added sensors. */
    put(tree, "class/hwmon/hwmon5/name", "ina3221");
    rail(tree, "class/hwmon/hwmon5", 1, "VDD_IN", 5000, 1000);
    power = open_power(tree);
    assert_string_equal(rog_power_source(power), "ina3221:VDD_IN");
    rog_power_free(power);
}

static struct rog_health look(const struct tree *tree)
{
    struct rog_health health;
    struct rog_error err = {0};
    if (rog_health_read(tree->root, &health, &err))
        fail_msg("%s", err.message);
    return health;
}

static void health_is_read(void **state)
{
    const struct tree *tree = *state;
    double sent = 0, received = 0;
    struct rog_health health = look(tree);
    assert_true(isnan(health.battery) && isnan(health.celsius));
    assert_false(health.can_throttle || health.throttled);
    assert_false(rog_health_traffic(tree->root, "wlan0", &sent, &received));

    put(tree, "class/power_supply/AC/type", "Mains");
    put(tree, "class/power_supply/mouse/type", "Battery");
    put(tree, "class/power_supply/mouse/scope", "Device");
    put(tree, "class/power_supply/mouse/capacity", "3");
    put(tree, "class/power_supply/BAT0/type", "Battery");
    put(tree, "class/power_supply/BAT0/energy_now", "30000000");
    put(tree, "class/power_supply/BAT0/energy_full", "40000000");
    put(tree, "class/thermal/thermal_zone0/type", "CPU-therm");
    put(tree, "class/thermal/thermal_zone0/temp", "61500");
    put(tree, "class/thermal/thermal_zone1/type", "GPU-therm");
    put(tree, "class/thermal/thermal_zone1/temp", "58000");
    put(tree, "class/thermal/thermal_zone2/type", "PMIC-Die"); /* always 100 degrees */
    put(tree, "class/thermal/thermal_zone2/temp", "100000");
    put(tree, "class/thermal/thermal_zone3/type", "off");
    put(tree, "class/thermal/thermal_zone3/temp", "-274000");
    put(tree, "class/thermal/cooling_device0/type", "pwm-fan");
    put(tree, "class/thermal/cooling_device0/cur_state", "3");
    put(tree, "class/net/wlan0/statistics/tx_bytes", "1000");
    put(tree, "class/net/wlan0/statistics/rx_bytes", "9000000000");
    health = look(tree);
    near(health.battery, 0.75);
    near(health.celsius, 61.5);
    assert_false(health.can_throttle || health.throttled);
    assert_true(rog_health_traffic(tree->root, "wlan0", &sent, &received));
    near(sent, 1000);
    near(received, 9e9);

    put(tree, "class/power_supply/BAT0/capacity", "50");
    put(tree, "class/thermal/cooling_device1/type", "thermal-cpufreq-0");
    put(tree, "class/thermal/cooling_device1/cur_state", "0");
    health = look(tree);
    near(health.battery, 0.5);
    assert_true(health.can_throttle && !health.throttled);
    put(tree, "class/thermal/cooling_device1/cur_state", "2");
    assert_true(look(tree).throttled);
}

/* The firmware of a Raspberry Pi: only the current state counts, not the past. */
static void a_pi_tells_that_it_is_throttled(void **state)
{
    const struct tree *tree = *state;
    put(tree, "class/hwmon/hwmon0/name", "cpu_thermal");
    put(tree, "class/hwmon/hwmon0/temp1_input", "81200");
    put(tree, "devices/platform/soc/soc:firmware/get_throttled", "50000");
    struct rog_health health = look(tree);
    near(health.celsius, 81.2);
    assert_true(health.can_throttle && !health.throttled);
    put(tree, "devices/platform/soc/soc:firmware/get_throttled", "50005");
    assert_true(look(tree).throttled);
}

static void nothing_found_says_so(void **state)
{
    const struct tree *tree = *state;
    struct rog_power *power = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_power_open(&power, tree->root, &err), ROG_ENOTFOUND);
    assert_null(power);
    assert_non_null(strstr(err.message, "RAPL"));

    /* A sensor that exists but cannot be read is named. */
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
        TEST(board_input_counts_alone),
        TEST(rails_add_up_without_a_board_input),
        TEST(older_layout_gives_milliwatts),
        TEST(rapl_counts_packages_and_dram_and_comes_round),
        TEST(platform_zone_counts_alone),
        TEST(battery_counts_while_it_discharges),
        TEST(nothing_found_says_so),
        TEST(a_sensor_that_goes_away_is_an_error),
        TEST(chips_with_power_add_up),
        TEST(what_measures_the_machine_counts_alone),
        TEST(health_is_read),
        TEST(a_pi_tells_that_it_is_throttled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
