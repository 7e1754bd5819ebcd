/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer profile: measures the times of this device for the parts of an iteration. */
#include <trainer/commands.h>

#include <stdlib.h>
#include <unistd.h>

#include <common/clock.h>
#include <trainer/host/lock.h>
#include <trainer/power/power.h>
#include <trainer/run/device.h>

struct meter {
    struct rog_power *power; /* NULL if there is no sensor */
    double begun_s, last_s;
    bool failed;
};

/* Samples every half second, however long steps take, and once at each end. */
static void sample(void *user)
{
    struct meter *meter = user;
    struct rog_error ignored;
    double now_s = rog_clock_s();
    if (!meter->power || meter->failed || now_s < meter->last_s + ROG_POWER_PERIOD_S)
        return;
    meter->failed = rog_power_sample(meter->power, now_s, &ignored) != ROG_OK;
    meter->begun_s = meter->begun_s > 0 ? meter->begun_s : now_s;
    meter->last_s = now_s;
}

static bool interrupted(void *user)
{
    (void)user;
    return rog_command_asked_to_end(NULL);
}

static void put_time(struct rog_json *to, const char *name, const struct rog_device_time *time)
{
    struct rog_json *row = rog_json_object();
    rog_json_put_number(row, "s", time->median_s);
    rog_json_put_number(row, "spread_s", time->spread_s);
    rog_json_put_integer(row, "count", time->count);
    rog_json_put(to, name, row);
}

/* Measures a local step, and the device's power meanwhile. */
static int measure_step(const struct rog_run_config *config,
                        const struct rog_device_options *options, struct rog_json *result,
                        struct rog_error *err)
{
    struct meter *meter = options->user;
    struct rog_device_time step;
    int code = rog_device_step(config, options, &step, err);
    if (code)
        return code;
    put_time(result, "step", &step);
    double metered_s = meter->last_s - meter->begun_s;
    if (meter->power && !meter->failed && metered_s > 0) {
        rog_json_put_number(result, "watts_compute", rog_power_joules(meter->power) / metered_s);
        rog_json_put_string(result, "sensor", rog_power_source(meter->power));
    }
    return ROG_OK;
}

/* Measures exchanges of the same configuration, one with all rows and one with selected ones. */
static int measure_exchanges(const struct rog_run_config *config,
                             const struct rog_device_options *options, struct rog_json *result,
                             struct rog_error *err)
{
    static const struct {
        const char *name, *library;
        int threshold;
    } kinds[] = {{"all", "SSP", 4}, {"rows", "ROG", 4}};
    int code = ROG_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !code; i++) {
        struct rog_run_config *own = NULL;
        struct rog_device_exchange exchange;
        struct rog_json *json = rog_json_copy(config->json);
        rog_json_put_string(json, "library", kinds[i].library);
        rog_json_put_integer(json, "threshold", kinds[i].threshold);
        rog_json_put_string(json, "workload", "none");
        rog_json_remove(json, "parameters");
        code = rog_run_config_new(&own, json, "the configuration", err);
        if (!code)
            code = rog_device_exchange(own, options, &exchange, err);
        if (!code) {
            struct rog_json *row = rog_json_object();
            put_time(row, "push", &exchange.push);
            put_time(row, "pull", &exchange.pull);
            put_time(row, "server_unpack", &exchange.server_unpack);
            put_time(row, "server_pull", &exchange.server_pull);
            rog_json_put(result, kinds[i].name, row);
        }
        rog_run_config_free(own);
    }
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct meter meter = {0};
    struct rog_error why;
    const struct rog_device_options options = {.seconds = rog_cli_real(cli, "seconds"),
                                               .between = sample,
                                               .interrupted = interrupted,
                                               .user = &meter};
    const char *lock_path = rog_cli_string(cli, "lock");
    pid_t other = 0;
    int lock = -1;
    rog_command_hold_signals();
    struct rog_json *result = rog_json_object();
    int code = result ? rog_command_config(cli, &config, err) : rog_fail_nomem(err);
    if (!code && lock_path)
        code = rog_host_lock(lock_path, &lock, &other, err);
    if (!code && !config->worker_count)
        code = rog_fail(err, ROG_EINVAL, "profile needs a --config FILE with a worker");
    if (!code)
        (void)rog_power_open(&meter.power, rog_cli_string(cli, "sysfs"), &why);
    if (!code && !rog_cli_flag(cli, "exchange"))
        code = measure_step(config, &options, result, err);
    if (!code)
        code = measure_exchanges(config, &options, result, err);
    char *text = code ? NULL : rog_json_text_pretty(result);
    if (!code && !text)
        code = rog_fail_nomem(err);
    if (text)
        printf("%s\n", text);
    if (lock >= 0)
        close(lock);
    free(text);
    rog_json_free(result);
    rog_power_free(meter.power);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "seconds",
     .type = ROG_SETTING_REAL,
     .fallback = "10",
     .max = 3600,
     .unit = "s",
     .help = "time for which each part is repeated"},
    {.name = "exchange",
     .type = ROG_SETTING_FLAG,
     .help = "measure only exchanges, no local steps"},
    {.name = "lock",
     .type = ROG_SETTING_STRING,
     .help = "file to lock meanwhile, containing the process ID, as `host --stop` expects"},
    {.name = "sysfs", .type = ROG_SETTING_STRING, .fallback = "/sys", .help = "root of sysfs"},
    {.name = NULL},
};

const struct rog_command rog_cmd_profile = {
    .name = "profile",
    .usage = "[--config FILE] [--seconds S] [--exchange]",
    .summary = "Measure the time and power of the parts of an iteration on this device",
    .details =
        "Measures a local step of the configuration's model with the batch of worker 1, on one "
        "thread as in\n"
        "workers, and making and applying a push and a pull, with all rows (SSP) and with ranked "
        "rows (ROG 4).\n"
        "Prints one JSON object. `rogctl profile measure` runs it on the hosts of a cluster.",
    .options = options,
    .run = run,
};
