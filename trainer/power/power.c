/* SPDX-License-Identifier: Apache-2.0 */
/* Finds power sensors, reads them and sums up energy. */
#include <trainer/power/power.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <common/file.h>
#include <trainer/power/sysfs.h>

#define MAX_SENSORS 256
#define MAX_RAILS 16

enum kind { INA3221, HWMON, BATTERY, RAPL, KINDS };
static const char *const kind_names[] = {"ina3221", "hwmon", "battery", "rapl"};

/* A sensor and how it is read. A reading is in watts, or in joules for a counter. */
struct source {
    struct rog_power_sensor shown;
    enum kind kind;
    bool eligible; /* may be part of the total */
    char *dir;
    unsigned channel;
    bool average;     /* it has only a mean power, no current one */
    const char *chip; /* during the search: its name in labels, unless that is its kind */
    int (*read)(const struct source *source, double *value, struct rog_error *err);
    double counter_range_j; /* 0 for a sensor of power */
    double last;            /* the last reading */
};

struct rog_power {
    struct source sources[MAX_SENSORS];
    size_t count;
    bool sampled;
    double last_s;
    char name[64];              /* rog_power_source */
    struct rog_error complaint; /* error of the first sensor that could not be read */
};

/* --- reading a sensor of each kind --- */

static int read_hwmon(const struct source *source, double *watts, struct rog_error *err)
{
    char name[32];
    double millivolts, milliamperes;
    snprintf(name, sizeof name, "in%u_input", source->channel);
    int code = rog_sysfs_number(source->dir, name, &millivolts, err);
    snprintf(name, sizeof name, "curr%u_input", source->channel);
    if (!code)
        code = rog_sysfs_number(source->dir, name, &milliamperes, err);
    if (!code)
        *watts = millivolts * milliamperes * 1e-6;
    return code;
}

static int read_power(const struct source *source, double *watts, struct rog_error *err)
{
    char name[32];
    double microwatts;
    snprintf(name, sizeof name, "power%u_%s", source->channel,
             source->average ? "average" : "input");
    int code = rog_sysfs_number(source->dir, name, &microwatts, err);
    if (!code)
        *watts = microwatts * 1e-6;
    return code;
}

static int read_iio(const struct source *source, double *watts, struct rog_error *err)
{
    char name[32];
    double milliwatts;
    snprintf(name, sizeof name, "in_power%u_input", source->channel);
    int code = rog_sysfs_number(source->dir, name, &milliwatts, err);
    if (!code)
        *watts = milliwatts * 1e-3;
    return code;
}

static int read_battery(const struct source *source, double *watts, struct rog_error *err)
{
    double microwatts, microvolts, microamperes;
    char status[ROG_SYSFS_TEXT_BYTES];
    if (source->shown.counts && rog_sysfs_text(source->dir, "status", status) &&
        strcmp(status, "Discharging") != 0)
        return rog_fail(err, ROG_EFAILED,
                        "%s is not discharging (its status is %s), so it does not measure what the "
                        "host draws; hint: unplug the charger during the measurement",
                        source->shown.name, status);
    struct rog_error ignored;
    if (rog_sysfs_number(source->dir, "power_now", &microwatts, &ignored) == ROG_OK) {
        *watts = fabs(microwatts) * 1e-6;
        return ROG_OK;
    }
    int code = rog_sysfs_number(source->dir, "voltage_now", &microvolts, err);
    if (!code)
        code = rog_sysfs_number(source->dir, "current_now", &microamperes, err);
    if (!code)
        *watts = fabs(microvolts * microamperes) * 1e-12;
    return code;
}

static int read_rapl(const struct source *source, double *joules, struct rog_error *err)
{
    double microjoules;
    int code = rog_sysfs_number(source->dir, "energy_uj", &microjoules, err);
    if (!code)
        *joules = microjoules * 1e-6;
    return code;
}

/* --- finding sensors --- */

/* Adds a sensor if it can be read. The first error is kept for the message. */
static int add(struct rog_power *power, const struct source *found, const char *label,
               struct rog_error *err)
{
    if (power->count == MAX_SENSORS)
        return ROG_OK;
    struct source *source = &power->sources[power->count];
    *source = *found;
    snprintf(source->shown.name, sizeof source->shown.name, "%.15s:%.46s",
             found->chip ? found->chip : kind_names[found->kind], label);
    source->chip = NULL;
    struct rog_error why = {0};
    double value;
    if (source->read(source, &value, &why) != ROG_OK) {
        if (!power->complaint.code)
            power->complaint = why;
        return ROG_OK;
    }
    source->dir = rog_strdup(found->dir);
    if (!source->dir)
        return rog_fail_nomem(err);
    power->count++;
    return ROG_OK;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(word, words) is_one_of(word, words, sizeof words / sizeof *words)

/* Returns whether the sensor measures the supply of the whole board, by the labels of Jetson boards
 * and power supplies. */
static bool feeds_the_board(const char *label)
{
    static const char *const names[] = {"VDD_IN",     "POM_5V_IN", "VIN",
                                        "VDD_SYS_IN", "SYS_VIN",   "power total"};
    return IS_ONE_OF(label, names);
}

static int add_rail(struct rog_power *power, char *dir, unsigned channel, const char *label,
                    int (*read)(const struct source *, double *, struct rog_error *),
                    struct rog_error *err)
{
    struct source rail = {.kind = INA3221, .dir = dir, .channel = channel, .read = read};
    rail.shown.whole_board = feeds_the_board(label);
    rail.eligible = true;
    return add(power, &rail, label, err);
}

/* Channels 1 to 3 are rails; from 4 on there are shunt voltages and their sum. */
static int add_rails(struct rog_power *power, char *dir, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES], name[32];
    int code = ROG_OK;
    for (unsigned channel = 1; channel <= 3 && !code; channel++) {
        snprintf(name, sizeof name, "in%u_enable", channel);
        if (rog_sysfs_text(dir, name, text) && strcmp(text, "0") == 0)
            continue;
        snprintf(name, sizeof name, "curr%u_input", channel);
        if (!rog_sysfs_text(dir, name, text))
            continue;
        snprintf(name, sizeof name, "in%u_label", channel);
        if (!rog_sysfs_text(dir, name, text))
            snprintf(text, sizeof text, "rail%u", channel);
        if (strcmp(text, "NC") != 0)
            code = add_rail(power, dir, channel, text, read_hwmon, err);
    }
    return code;
}

/* Returns a name that distinguishes chips of a kind and is the same after each boot: the device's
 * address on its bus. */
static void device_name(const char *dir, char *name, size_t bytes)
{
    char *device = rog_path_join(dir, "device"), *target = device ? rog_path_real(device) : NULL;
    const char *from = target ? target : dir;
    const char *slash = strrchr(from, '/');
    snprintf(name, bytes, "%.32s", slash ? slash + 1 : from);
    free(target);
    free(device);
}

/* Returns "BATTERY" if the chip has a label, otherwise "1-0040", or "1-0040.2" for its second
 * power. */
static void name_monitor(const char *dir, unsigned channel, char label[ROG_SYSFS_TEXT_BYTES])
{
    char text[ROG_SYSFS_TEXT_BYTES], name[32];
    snprintf(name, sizeof name, "power%u_label", channel);
    if (rog_sysfs_text(dir, name, label) && label[0])
        return;
    if (!rog_sysfs_text(dir, "label", text) || !text[0])
        device_name(dir, text, sizeof text);
    if (channel == 1)
        snprintf(label, ROG_SYSFS_TEXT_BYTES, "%s", text);
    else
        snprintf(label, ROG_SYSFS_TEXT_BYTES, "%.40s.%u", text, channel);
}

static int add_monitor(struct rog_power *power, char *dir, const char *chip, struct rog_error *err)
{
    static const char *const parts[] = {"amdgpu", "radeon",  "nouveau",  "i915",
                                        "xe",     "k10temp", "zenpower", "fam15h_power"};
    char text[ROG_SYSFS_TEXT_BYTES], label[ROG_SYSFS_TEXT_BYTES], name[32];
    struct source source = {.kind = HWMON, .dir = dir, .read = read_power, .chip = chip};
    int code = ROG_OK;
    source.eligible = !IS_ONE_OF(chip, parts);
    for (unsigned channel = 1; channel <= MAX_RAILS && !code; channel++) {
        snprintf(name, sizeof name, "power%u_input", channel);
        source.average = !rog_sysfs_text(dir, name, text);
        snprintf(name, sizeof name, "power%u_average", channel);
        if (source.average && !rog_sysfs_text(dir, name, text))
            continue;
        source.channel = channel;
        name_monitor(dir, channel, label);
        source.shown.whole_board = feeds_the_board(label) || strcmp(chip, "power_meter") == 0;
        code = add(power, &source, label, err);
    }
    return code;
}

/* Returns whether it is a device of power_supply, which hwmon shows a second time. */
static bool is_power_supply(const char *dir)
{
    char text[ROG_SYSFS_TEXT_BYTES];
    return rog_sysfs_text(dir, "device/type", text);
}

static int visit_hwmon(const char *path, void *user, struct rog_error *err)
{
    char chip[ROG_SYSFS_TEXT_BYTES];
    /* Kernels before 4.9 have the attributes in the device's own folder. */
    bool here = rog_sysfs_text(path, "name", chip);
    char *dir = here ? rog_strdup(path) : rog_path_join(path, "device");
    if (!dir)
        return rog_fail_nomem(err);
    int code = ROG_OK;
    bool known = here || rog_sysfs_text(dir, "name", chip);
    if (known && strncmp(chip, "ina3221", 7) == 0)
        code = add_rails(user, dir, err);
    else if (known && !is_power_supply(dir))
        code = add_monitor(user, dir, chip, err);
    free(dir);
    return code;
}

static int visit_iio(const char *path, void *user, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES], name[32];
    int code = ROG_OK;
    char *dir = rog_strdup(path);
    if (!dir)
        return rog_fail_nomem(err);
    for (unsigned channel = 0; channel < MAX_RAILS && !code; channel++) {
        snprintf(name, sizeof name, "rail_name_%u", channel);
        if (rog_sysfs_text(dir, name, text) && strcmp(text, "NC") != 0)
            code = add_rail(user, dir, channel, text, read_iio, err);
    }
    free(dir);
    return code;
}

/* .../ina3221x/1-0040, which contains iio:device0. */
static int visit_i2c(const char *path, void *user, struct rog_error *err)
{
    return rog_sysfs_each(path, ".", "iio:device", visit_iio, user, err);
}

static int visit_battery(const char *path, void *user, struct rog_error *err)
{
    char text[ROG_SYSFS_TEXT_BYTES];
    if (!rog_sysfs_text(path, "type", text) || strcmp(text, "Battery") != 0)
        return ROG_OK;
    if (rog_sysfs_text(path, "scope", text) && strcmp(text, "Device") == 0)
        return ROG_OK; /* the battery of a mouse or headset */
    struct source battery = {.kind = BATTERY, .read = read_battery};
    battery.eligible = rog_sysfs_text(path, "status", text) && strcmp(text, "Discharging") == 0;
    battery.dir = rog_strdup(path);
    if (!battery.dir)
        return rog_fail_nomem(err);
    int code = add(user, &battery, strrchr(path, '/') + 1, err);
    free(battery.dir);
    return code;
}

static int visit_rapl(const char *path, void *user, struct rog_error *err)
{
    char name[ROG_SYSFS_TEXT_BYTES], label[ROG_SYSFS_TEXT_BYTES];
    const char *zone = strchr(strrchr(path, '/'), ':');
    if (!zone || !rog_sysfs_text(path, "name", name))
        return ROG_OK;
    bool part = strchr(zone + 1, ':') != NULL;
    bool psys = strcmp(name, "psys") == 0;
    struct source source = {.kind = RAPL, .read = read_rapl};
    source.shown.whole_board = psys;
    source.eligible = psys || !part || strcmp(name, "dram") == 0;
    if (part) /* "dram" of package 0 and of package 1 */
        snprintf(label, sizeof label, "%.30s.%.*s", name, (int)strcspn(zone + 1, ":"), zone + 1);
    else
        snprintf(label, sizeof label, "%.60s", name);
    struct rog_power *power = user;
    struct rog_error why = {0};
    if (rog_sysfs_number(path, "max_energy_range_uj", &source.counter_range_j, &why) != ROG_OK ||
        source.counter_range_j <= 0) {
        if (!power->complaint.code)
            power->complaint = why;
        return ROG_OK;
    }
    source.counter_range_j *= 1e-6;
    source.dir = rog_strdup(path);
    if (!source.dir)
        return rog_fail_nomem(err);
    int code = add(power, &source, label, err);
    free(source.dir);
    return code;
}

static bool has_kind(const struct rog_power *power, enum kind kind)
{
    for (size_t i = 0; i < power->count; i++)
        if (power->sources[i].kind == kind)
            return true;
    return false;
}

/* Places of sensors. Rails may appear under several paths: later places of a kind are only used on
 * kernels without the earlier ones. */
static const struct place {
    enum kind kind;
    const char *dir, *prefix;
    int (*visit)(const char *path, void *user, struct rog_error *err);
} places[] = {
    {INA3221, "class/hwmon", "hwmon", visit_hwmon},
    {INA3221, "bus/iio/devices", "iio:device", visit_iio},
    {INA3221, "bus/i2c/drivers/ina3221x", "", visit_i2c},
    {BATTERY, "class/power_supply", "", visit_battery},
    {RAPL, "class/powercap", "intel-rapl:", visit_rapl},
};

/* Chooses the sensors that make up the total, and its name. */
static void choose(struct rog_power *power)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        bool whole = false;
        size_t counting = 0;
        for (size_t i = 0; i < power->count; i++)
            whole |= power->sources[i].kind == kind && power->sources[i].eligible &&
                     power->sources[i].shown.whole_board;
        for (size_t i = 0; i < power->count; i++) {
            struct source *source = &power->sources[i];
            source->shown.counts =
                source->kind == kind && source->eligible && source->shown.whole_board == whole;
            if (source->shown.counts && counting++ == 0)
                snprintf(power->name, sizeof power->name, "%s", source->shown.name);
        }
        if (counting > 1)
            snprintf(power->name, sizeof power->name, "%s", kind_names[kind]);
        if (counting)
            return;
    }
}

int rog_power_open(struct rog_power **out, const char *sysfs, struct rog_error *err)
{
    *out = NULL;
    int code = ROG_OK;
    struct rog_power *power = calloc(1, sizeof *power);
    if (!power)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < sizeof places / sizeof *places && !code; i++)
        if (places[i].kind != INA3221 || !has_kind(power, INA3221))
            code =
                rog_sysfs_each(sysfs, places[i].dir, places[i].prefix, places[i].visit, power, err);
    if (!code)
        choose(power);
    if (!code && !power->name[0]) {
        const char *why = power->complaint.message;
        code = rog_fail(err, ROG_ENOTFOUND,
                        "no power sensor found under %s (looked for INA3221 rails, other hwmon "
                        "chips with power, a discharging battery and RAPL)%s%s",
                        sysfs, why[0] ? ": " : "", why);
    }
    if (code)
        rog_power_free(power);
    else
        *out = power;
    return code;
}

void rog_power_free(struct rog_power *power)
{
    if (!power)
        return;
    for (size_t i = 0; i < power->count; i++)
        free(power->sources[i].dir);
    free(power);
}

/* --- sampling --- */

static void integrate(struct source *source, double value, double elapsed_s, bool first)
{
    double joules = 0;
    if (!source->counter_range_j) {
        source->shown.watts = value;
        joules = 0.5 * (source->last + value) * elapsed_s;
    } else if (!first) {
        joules = value - source->last;
        if (joules < 0) /* it has wrapped around */
            joules += source->counter_range_j;
        if (joules < 0) /* it was reset below its last value */
            joules = 0;
        source->shown.watts = elapsed_s > 0 ? joules / elapsed_s : 0;
    }
    if (!first)
        source->shown.joules += joules;
    source->last = value;
}

int rog_power_sample(struct rog_power *power, double t_s, struct rog_error *err)
{
    double values[MAX_SENSORS];
    for (size_t i = 0; i < power->count; i++) {
        struct source *source = &power->sources[i];
        struct rog_error why = {0};
        values[i] = source->last;
        int code = source->read(source, &values[i], &why);
        if (code && source->shown.counts)
            return rog_fail_again(err, &why);
    }
    double elapsed_s = power->sampled ? t_s - power->last_s : 0;
    for (size_t i = 0; i < power->count; i++)
        integrate(&power->sources[i], values[i], elapsed_s > 0 ? elapsed_s : 0, !power->sampled);
    power->sampled = true;
    power->last_s = t_s;
    return ROG_OK;
}

double rog_power_joules(const struct rog_power *power)
{
    double sum = 0;
    for (size_t i = 0; i < power->count; i++)
        sum += power->sources[i].shown.counts ? power->sources[i].shown.joules : 0;
    return sum;
}

double rog_power_watts(const struct rog_power *power)
{
    double sum = 0;
    for (size_t i = 0; i < power->count; i++)
        sum += power->sources[i].shown.counts ? power->sources[i].shown.watts : 0;
    return sum;
}

const char *rog_power_source(const struct rog_power *power)
{
    return power->name;
}

size_t rog_power_sensor_count(const struct rog_power *power)
{
    return power->count;
}

const struct rog_power_sensor *rog_power_sensor(const struct rog_power *power, size_t index)
{
    return index < power->count ? &power->sources[index].shown : NULL;
}
