/* SPDX-License-Identifier: Apache-2.0 */
/* Reads charge, temperature, throttling and traffic. */
#include <trainer/power/health.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/power/sysfs.h>

/* Plausible temperatures of a running device. */
#define COLDEST_C -40.0
#define HOTTEST_C 150.0
#define PI_THROTTLED_NOW 0xfL

/* ---- battery ---- */

struct batteries {
    double charge; /* sum of shares */
    unsigned count;
};

static bool share_of(const char *path, const char *now_name, const char *full_name, double *share)
{
    double now, full;
    struct rog_error ignored;
    if (rog_sysfs_number(path, now_name, &now, &ignored) ||
        rog_sysfs_number(path, full_name, &full, &ignored) || full <= 0)
        return false;
    *share = now / full;
    return true;
}

static int visit_battery(const char *path, void *user, struct rog_error *err)
{
    struct batteries *batteries = user;
    struct rog_error ignored;
    char text[ROG_SYSFS_TEXT_BYTES];
    double percent, share;
    (void)err;
    if (!rog_sysfs_text(path, "type", text) || strcmp(text, "Battery") != 0)
        return ROG_OK;
    if (rog_sysfs_text(path, "scope", text) && strcmp(text, "Device") == 0)
        return ROG_OK; /* the battery of a mouse or headset */
    if (rog_sysfs_number(path, "capacity", &percent, &ignored) == ROG_OK)
        share = percent / 100;
    else if (!share_of(path, "energy_now", "energy_full", &share) &&
             !share_of(path, "charge_now", "charge_full", &share))
        return ROG_OK;
    batteries->charge += fmin(fmax(share, 0), 1);
    batteries->count++;
    return ROG_OK;
}

/* ---- temperature ---- */

static void take_temperature(const char *path, const char *name, double *hottest)
{
    struct rog_error ignored;
    double millidegrees;
    if (rog_sysfs_number(path, name, &millidegrees, &ignored))
        return;
    double celsius = millidegrees / 1e3;
    if (celsius > COLDEST_C && celsius < HOTTEST_C)
        *hottest = fmax(*hottest, celsius); /* fmax of NaN and a number is the number */
}

static int visit_zone(const char *path, void *user, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES];
    (void)err;
    if (!rog_sysfs_text(path, "type", text) || strcmp(text, "PMIC-Die") != 0)
        take_temperature(path, "temp", user);
    return ROG_OK;
}

#define HWMON_TEMPERATURES 32

static int visit_hwmon(const char *path, void *user, struct rog_error *err)
{
    char name[32];
    (void)err;
    for (unsigned i = 1; i <= HWMON_TEMPERATURES; i++) {
        snprintf(name, sizeof name, "temp%u_input", i);
        take_temperature(path, name, user);
    }
    return ROG_OK;
}

/* ---- throttling ---- */

/* Returns whether a cooling device of this type works by slowing something down. */
static bool slows_down(const char *type)
{
    static const char *const words[] = {"cpufreq", "devfreq", "Processor", "throttle", "balanced"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(type, words[i]))
            return true;
    return false;
}

static int visit_cooling(const char *path, void *user, struct rog_error *err)
{
    struct rog_health *health = user;
    struct rog_error ignored;
    char type[ROG_SYSFS_TEXT_BYTES];
    double state;
    (void)err;
    if (!rog_sysfs_text(path, "type", type) || !slows_down(type) ||
        rog_sysfs_number(path, "cur_state", &state, &ignored))
        return ROG_OK;
    health->can_throttle = true;
    health->throttled |= state > 0;
    return ROG_OK;
}

static int read_pi(const char *sysfs, struct rog_health *health, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES], *end;
    char *folder = rog_path_join(sysfs, "devices/platform/soc/soc:firmware");
    if (!folder)
        return rog_fail_nomem(err);
    if (rog_sysfs_text(folder, "get_throttled", text)) {
        long bits = strtol(text, &end, 16);
        if (end != text && !*end) {
            health->can_throttle = true;
            health->throttled |= (bits & PI_THROTTLED_NOW) != 0;
        }
    }
    free(folder);
    return ROG_OK;
}

int rog_health_read(const char *sysfs, struct rog_health *health, struct rog_error *err)
{
    struct batteries batteries = {0};
    *health = (struct rog_health){.battery = (double)NAN, .celsius = (double)NAN};
    int code = rog_sysfs_each(sysfs, "class/power_supply", "", visit_battery, &batteries, err);
    if (batteries.count)
        health->battery = batteries.charge / batteries.count;
    if (!code)
        code = rog_sysfs_each(sysfs, "class/thermal", "thermal_zone", visit_zone, &health->celsius,
                              err);
    if (!code && isnan(health->celsius))
        code = rog_sysfs_each(sysfs, "class/hwmon", "hwmon", visit_hwmon, &health->celsius, err);
    if (!code)
        code = rog_sysfs_each(sysfs, "class/thermal", "cooling_device", visit_cooling, health, err);
    return code ? code : read_pi(sysfs, health, err);
}

bool rog_health_traffic(const char *sysfs, const char *iface, double *sent, double *received)
{
    struct rog_error ignored;
    char *folder = rog_format("%s/class/net/%s/statistics", sysfs, iface);
    bool known = folder && rog_sysfs_number(folder, "tx_bytes", sent, &ignored) == ROG_OK &&
                 rog_sysfs_number(folder, "rx_bytes", received, &ignored) == ROG_OK;
    free(folder);
    return known;
}
