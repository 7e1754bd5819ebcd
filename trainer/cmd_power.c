/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer power: lists power sensors and measures with them. */
#include <trainer/commands.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <trainer/power/power.h>

/* Sleeps until moment_s of rog_clock_s. */
static void sleep_until(double moment_s)
{
    struct timespec moment = {.tv_sec = (time_t)floor(moment_s)};
    moment.tv_nsec = (long)(1e9 * (moment_s - floor(moment_s)));
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
        continue;
}

/* Samples once per period for `seconds`, and once more at the end. */
static int measure(struct rog_power *power, double seconds, struct rog_error *err)
{
    double start_s = rog_clock_s();
    int code = rog_power_sample(power, start_s, err);
    for (double at_s = 0; !code && at_s < seconds;) {
        at_s = fmin(at_s + ROG_POWER_PERIOD_S, seconds);
        sleep_until(start_s + at_s);
        code = rog_power_sample(power, rog_clock_s(), err);
    }
    return code;
}

static int print_json(const struct rog_power *power, double seconds, struct rog_error *err)
{
    struct rog_json *result = rog_json_object(), *sensors = rog_json_array();
    rog_json_put_string(result, "source", rog_power_source(power));
    rog_json_put_number(result, "seconds", seconds);
    rog_json_put_number(result, "joules", rog_power_joules(power));
    rog_json_put_number(result, "watts", rog_power_watts(power));
    for (size_t i = 0; i < rog_power_sensor_count(power); i++) {
        const struct rog_power_sensor *sensor = rog_power_sensor(power, i);
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "name", sensor->name);
        rog_json_put_bool(row, "counts", sensor->counts);
        rog_json_put_number(row, "watts", sensor->watts);
        rog_json_put_number(row, "joules", sensor->joules);
        rog_json_append(sensors, row);
    }
    rog_json_put(result, "sensors", sensors);
    char *text = rog_json_text(result);
    rog_json_free(result);
    if (!text)
        return rog_fail_nomem(err);
    printf("%s\n", text);
    free(text);
    return ROG_OK;
}

static void print_table(const struct rog_power *power, double seconds)
{
    printf("%-24s  %-8s  %10s  %12s\n", "sensor", "in total", "W", "J");
    for (size_t i = 0; i < rog_power_sensor_count(power); i++) {
        const struct rog_power_sensor *sensor = rog_power_sensor(power, i);
        printf("%-24s  %-8s  %10.3f  %12.3f\n", sensor->name, sensor->counts ? "yes" : "no",
               sensor->watts, sensor->joules);
    }
    printf("%.3f J in %g s, by %s\n", rog_power_joules(power), seconds, rog_power_source(power));
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    double seconds = rog_cli_real(cli, "seconds");
    struct rog_power *power = NULL;
    int code = rog_power_open(&power, rog_cli_string(cli, "sysfs"), err);
    if (code == ROG_ENOTFOUND)
        rog_fail_prefix(err, "energy will be computed by the profile's power model");
    if (!code)
        code = measure(power, seconds, err);
    if (!code && rog_cli_flag(cli, "json"))
        code = print_json(power, seconds, err);
    else if (!code)
        print_table(power, seconds);
    rog_power_free(power);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "sysfs", .type = ROG_SETTING_STRING, .fallback = "/sys", .help = "root of sysfs"},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "1",
     .max = 1e7,
     .unit = "s",
     .help = "duration of the measurement"},
    {.name = "json", .type = ROG_SETTING_FLAG, .help = "print one JSON object"},
    {.name = NULL},
};

const struct rog_command rog_cmd_power = {
    .name = "power",
    .usage = "[--sysfs DIR] [--seconds S] [--json]",
    .summary = "List the power sensors of this host and measure with them",
    .details = "Sampled every 0.5 s. The host's total power is read from the rails of an INA3221, "
               "else from other\n"
               "hwmon chips with power (such as INA238), else from a discharging battery, else "
               "from RAPL.\n"
               "Exit status 3: there is no sensor; the profile's power model is used instead.",
    .options = options,
    .run = run,
};
