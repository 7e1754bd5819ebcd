/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a worker's handle from options, a run's configuration and the environment. */
#include <librog/open.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <librog/net/work.h>
#include <librog/rog_state.h>
#include <librog/trace/source.h>
#include <librog/virtual/client.h>
#include <librog/virtual/protocol.h>

#define CONFIG_MAX_BYTES (16u << 20)
#define SERVER_TIMEOUT_S 600

void rog_options_init(struct rog_options *options)
{
    *options = (struct rog_options){
        .struct_size = sizeof *options,
        .rank = 1,
        .workers = 1,
        .strategy = "ROG",
        .threshold = -1,
        .compression = "sign",
        .server_timeout_s = SERVER_TIMEOUT_S,
        .workload = "program",
        .data_id = "none",
        .wire_scale = 1,
    };
}

static int copy_strings(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    const struct {
        char **to;
        const char *from;
    } strings[] = {
        {&rog->server, options->server},   {&rog->strategy, options->strategy},
        {&rog->out_dir, options->out_dir}, {&rog->workload, options->workload},
        {&rog->data_id, options->data_id},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (!strings[i].from)
            continue;
        *strings[i].to = rog_strdup(strings[i].from);
        if (!*strings[i].to)
            return rog_fail_nomem(err);
    }
    return ROG_OK;
}

/* The rest of the name is that of the simulation. It needs no secret, because it accepts only
 * programs of its own user. */
static bool is_virtual(const char *server)
{
    return strncmp(server, ROG_VIRTUAL_SCHEME, strlen(ROG_VIRTUAL_SCHEME)) == 0;
}

static int check_options(const struct rog_options *options, struct rog_error *err)
{
    if (options->struct_size != sizeof *options)
        return rog_fail(err, ROG_EABI,
                        "options of %u bytes, this library expects %zu: call rog_options_init, and "
                        "compile against the header of this library",
                        options->struct_size, sizeof *options);
    if (!options->server)
        return rog_fail(err, ROG_EINVAL,
                        "no server given: set it to HOST:PORT of rog-trainer serve");
    if (!is_virtual(options->server) && !options->key_file == !options->key)
        return rog_fail(
            err, ROG_EINVAL, "%s: the server and its workers share a secret of 32 bytes",
            options->key ? "key and key_file are both given" : "neither key nor key_file is given");
    if (!options->strategy || !options->compression || !options->workload || !options->data_id)
        return rog_fail(err, ROG_EINVAL,
                        "strategy, compression, workload and data_id must not be NULL");
    if (!(options->wire_scale >= 1) || !isfinite(options->wire_scale))
        return rog_fail(err, ROG_EINVAL, "wire_scale is %g: it must be at least 1",
                        options->wire_scale);
    if (!(options->server_timeout_s > 0))
        return rog_fail(err, ROG_EINVAL, "server_timeout_s is %g: it must be above 0",
                        options->server_timeout_s);
    return ROG_OK;
}

static int check_run(struct rog *rog, struct rog_error *err)
{
    const struct rog_driver_options *how = &rog->how;
    if (how->rank < 1 || how->rank > how->workers)
        return rog_fail(err, ROG_EINVAL, "no worker has rank %u: ranks are 1 to %u", how->rank,
                        how->workers);
    int code = rog_parts_init(&rog->parts, rog->settings, err);
    rog->parts.contribution.overlap |= rog->background;
    return code ? code : rog_parts_put(&rog->parts, false, rog->settings, err);
}

/* Settings that only the server uses must be given to the server. */
static int check_setting(const char *name, const struct rog_json *value, void *user)
{
    (void)value;
    struct rog_error *err = user;
    const struct rog_setting *row = rog_setting_find(rog_run_settings, name);
    if (rog_setting_is(row, ROG_SETTING_OPTION_OF_LIBRARY, 0))
        return ROG_OK;
    char *names = rog_settings_names(rog_run_settings, ROG_SETTING_OPTION_OF_LIBRARY, 0);
    int code = rog_fail(err, ROG_EINVAL, "%s is %s: only %s allowed", name,
                        rog_setting_is(row, ROG_SETTING_OPTION_OF_SERVE, 0)
                            ? "an option of rog-trainer serve"
                            : "not a setting for programs without a configuration",
                        names ? names : "others");
    free(names);
    return code;
}

static int check_settings(const struct rog_json *settings, struct rog_error *err)
{
    if (!rog_json_is_object(settings))
        return rog_fail(err, ROG_EINVAL, "an object is expected: {\"NAME\": VALUE, ...}");
    int code = rog_settings_check(rog_run_settings, settings, NULL, err);
    return code ? code : rog_json_each(settings, check_setting, err);
}

static int read_settings(struct rog *rog, const char *text, struct rog_error *err)
{
    if (rog->config)
        return rog_fail(err, ROG_EINVAL,
                        "settings cannot be given with a configuration: it contains all of them");
    struct rog_json *given = NULL;
    int code = rog_json_parse(text, strlen(text), "settings", &given, err);
    if (code)
        return code;
    code = check_settings(given, err);
    if (code)
        rog_fail_prefix(err, "settings");
    else
        rog_settings_copy(rog_run_settings, 0, 0, given, rog->settings);
    rog_json_free(given);
    return code;
}

static int take_options(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    rog->settings = rog_json_object();
    if (!rog->settings)
        return rog_fail_nomem(err);
    rog_json_put_string(rog->settings, "compression", options->compression);
    int code = options->settings ? read_settings(rog, options->settings, err) : ROG_OK;
    return code ? code : rog_settings_fill(rog_run_settings, rog->settings, err);
}

/* The configuration of a run takes precedence over the options. */
static int take_config(struct rog *rog, int64_t *threshold, struct rog_error *err)
{
    const struct rog_run_config *config = rog->config;
    if (!config)
        return ROG_OK;
    *threshold = config->threshold;
    rog->how.workers = config->worker_count;
    rog->how.record_rows = config->record_rows;
    free(rog->strategy);
    rog->strategy = rog_strdup(config->library);
    rog_settings_copy(rog_run_settings, 0, 0, config->json, rog->settings);
    if (!rog->strategy)
        return rog_fail_nomem(err);
    if (rog->how.rank >= 1 && rog->how.rank <= config->worker_count)
        rog->profile = config->workers[rog->how.rank - 1];
    return ROG_OK;
}

static int load_strategy(struct rog *rog, int64_t threshold, struct rog_error *err)
{
    int code = rog_plugin_load(&rog->plugin, rog->strategy, err);
    if (code)
        return code;
    const struct rog_strategy *strategy = rog->plugin.strategy;
    threshold = threshold < 0 ? strategy->threshold_default : threshold;
    rog->how.strategy = strategy;
    rog->how.threshold = (int32_t)threshold;
    code = rog_plugin_check_threshold(&rog->plugin, threshold, err);
    if (!code)
        code = rog_plugin_configure(&rog->plugin, rog_json_get(rog->settings, "parameters"), err);
    rog->how.parameters = rog->plugin.parameters;
    return code;
}

static int take_local_steps(struct rog *rog, uint32_t local_steps, struct rog_error *err)
{
    if (!local_steps)
        return ROG_OK;
    if (local_steps > ROG_LOCAL_STEPS_MAX)
        return rog_fail(err, ROG_EINVAL, "local_steps is %u: at most %u are allowed", local_steps,
                        ROG_LOCAL_STEPS_MAX);
    if (rog->config && local_steps != rog->profile.local_steps)
        return rog_fail(err, ROG_EINVAL,
                        "local_steps is %u, but worker %u has %u in the run's configuration: do "
                        "not set it here, or change local_steps or batchsize there",
                        local_steps, rog->how.rank, rog->profile.local_steps);
    rog->profile.local_steps = local_steps;
    return ROG_OK;
}

/* From then on the worker's profile tells where in the opened trace the run starts. */
static int open_trace(struct rog *rog, uint32_t rank, struct rog_error *err)
{
    const struct rog_trace_source source = rog_trace_source_of(rog->config, rank - 1);
    return rog_trace_open_run(&rog->trace, &rog->profile.trace_offset, &source, err);
}

static int choose_driver(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    rog->driver = is_virtual(options->server) ? &rog_virtual_driver : &rog_net_driver;
    if (options->pace && rog->driver != &rog_net_driver)
        return rog_fail(err, ROG_EINVAL, "pace applies only to real links: %s has virtual ones",
                        options->server);
    if (options->pace && !rog->config)
        return rog_fail(err, ROG_EINVAL, "pace needs config, which contains the trace");
    return ROG_OK;
}

static int set_up(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    int64_t threshold = options->threshold;
    rog->profile.local_steps = 1;
    rog->without_values = options->without_values;
    rog->background = options->background;
    rog->how = (struct rog_driver_options){
        .rank = options->rank,
        .workers = options->workers,
        .wire_scale = options->wire_scale,
        .server_timeout_s = options->server_timeout_s,
        .record_rows = true,
        .energy = options->energy,
        .signals = options->catch_signals,
    };
    int code = copy_strings(rog, options, err);
    if (!code)
        code = choose_driver(rog, options, err);
    if (!code)
        code = take_options(rog, options, err);
    if (!code)
        code = take_config(rog, &threshold, err);
    if (!code)
        code = check_run(rog, err);
    if (!code)
        code = take_local_steps(rog, options->local_steps, err);
    if (!code)
        code = load_strategy(rog, threshold, err);
    if (!code && rog->driver == &rog_net_driver)
        code = options->key ? rog_secret_new(&rog->secret, options->key, err)
                            : rog_secret_read(&rog->secret, options->key_file, err);
    if (!code && options->pace)
        code = open_trace(rog, options->rank, err);
    if (!code)
        code = rog_layout_new(&rog->layout, err);
    return code;
}

static int parse(struct rog *rog, const char *text, struct rog_error *err)
{
    int code = rog_run_config_parse(&rog->parsed, text, strlen(text), "the configuration", err);
    rog->config = rog->parsed;
    return code;
}

/* Numbers that are read and written here have a decimal point, whatever the locale of the
 * program. */
static int set_up_in_c(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return rog_fail_nomem(err);
    locale_t before = uselocale(c);
    int code = options->config ? parse(rog, options->config, err) : ROG_OK;
    if (!code)
        code = set_up(rog, options, err);
    uselocale(before);
    freelocale(c);
    return code;
}

int rog_open(struct rog **rog, const struct rog_options *options, struct rog_error *err)
{
    return rog_open_configured(rog, options, NULL, err);
}

int rog_open_configured(struct rog **out, const struct rog_options *options,
                        const struct rog_run_config *config, struct rog_error *err)
{
    *out = NULL;
    int code = check_options(options, err);
    if (code)
        return code;
    struct rog *rog = calloc(1, sizeof *rog);
    if (!rog)
        return rog_fail_nomem(err);
    rog->config = config;
    code = set_up_in_c(rog, options, err);
    if (code)
        rog_close(rog);
    else
        *out = rog;
    return code;
}

static int number_from(const char *name, uint32_t *number, struct rog_error *err)
{
    const char *text = getenv(name);
    char *end = NULL;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || !*text || *end || value < 1 || value > UINT32_MAX)
        return rog_fail(err, ROG_EINVAL, "%s is \"%s\": it must be a number of at least 1", name,
                        text ? text : "");
    *number = (uint32_t)value;
    return ROG_OK;
}

int rog_open_from_environment(struct rog **rog, struct rog_error *err)
{
    struct rog_options options;
    const char *pace = getenv("ROG_PACE"), *energy = getenv("ROG_ENERGY");
    const char *timeout = getenv("ROG_SERVER_TIMEOUT"), *path = getenv("ROG_CONFIG");
    char *text = NULL;
    size_t size = 0;
    *rog = NULL;
    rog_options_init(&options);
    options.server = getenv("ROG_SERVER");
    options.key_file = getenv("ROG_KEY_FILE");
    options.out_dir = getenv("ROG_OUT");
    if (!options.server)
        return rog_fail(err, ROG_ENOTFOUND,
                        "ROG_SERVER is not set: rogctl did not start this program");
    if (!path || (!options.key_file && !is_virtual(options.server)))
        return rog_fail(err, ROG_EINVAL, "%s is not set although ROG_SERVER is",
                        path ? "ROG_KEY_FILE" : "ROG_CONFIG");
    int code = number_from("ROG_RANK", &options.rank, err);
    if (!code)
        code = rog_file_read(path, CONFIG_MAX_BYTES, &text, &size, err);
    options.config = text;
    options.pace = pace && strcmp(pace, "1") == 0;
    options.energy = !energy || strcmp(energy, "0") != 0;
    locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (timeout && c != (locale_t)0)
        options.server_timeout_s = strtod_l(timeout, NULL, c);
    if (c != (locale_t)0)
        freelocale(c);
    if (!code)
        code = rog_open(rog, &options, err);
    free(text);
    return code;
}

uint32_t rog_next_iteration(const struct rog *rog)
{
    return rog->view.next;
}

void rog_close(struct rog *rog)
{
    if (!rog)
        return;
    if (rog->driver)
        rog->driver->free(rog->work);
    rog_json_free(rog->hello);
    rog_rows_free(rog->rows);
    rog_parts_release(&rog->parts);
    rog_json_free(rog->settings);
    rog_layout_free(rog->layout);
    rog_trace_free(rog->trace);
    rog_secret_free(rog->secret);
    rog_plugin_release(&rog->plugin);
    rog_run_config_free(rog->parsed);
    free(rog->rules);
    free(rog->tensors);
    free(rog->server);
    free(rog->strategy);
    free(rog->out_dir);
    free(rog->workload);
    free(rog->data_id);
    free(rog);
}
