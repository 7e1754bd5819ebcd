/* SPDX-License-Identifier: Apache-2.0 */
/* The library's public face: a worker's life, for programs in any language. */
#include <librog/open.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/plugin.h>
#include <librog/net/hello.h>
#include <librog/net/work.h>
#include <librog/parts/parts.h>
#include <librog/sync/rule.h>
#include <librog/trace/source.h>
#include <librog/virtual/client.h>
#include <librog/virtual/protocol.h>

#define CONFIG_MAX_BYTES (16u << 20)
#define SERVER_TIMEOUT_S 600

struct rog {
    /* Copies of what the options point to. */
    char *server, *strategy, *out_dir, *workload, *data_id;
    const struct rog_run_config *config; /* NULL: none was given */
    struct rog_run_config *parsed;       /* the same where it was given as text */
    struct rog_run_worker profile;
    struct rog_plugin plugin;
    struct rog_json *settings; /* of the run, as far as the options or the configuration say */
    struct rog_parts parts;    /* what they name */
    struct rog_secret *secret;
    struct rog_trace *trace;
    bool without_values, background;

    struct rog_layout *layout;
    float **tensors; /* [layout->count], the program's */

    struct rog_rows *rows;
    struct rog_json *hello;
    struct rog_rule *rules; /* [layout->trained], copies of the program's */
    struct rog_driver_options how;
    const struct rog_driver *driver; /* that the server's name calls for */
    void *work;                      /* its own; NULL: not started */
    bool begun;                      /* the run, for this worker */
    struct rog_driver_view view;
};

const char *rog_version(void)
{
    return ROG_VERSION;
}

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

/* ---- opening ---- */

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

/* The rest of the name is the simulation's, which needs no secret: it takes its own user's programs
 * alone. */
static bool is_virtual(const char *server)
{
    return strncmp(server, ROG_VIRTUAL_SCHEME, strlen(ROG_VIRTUAL_SCHEME)) == 0;
}

static int check_options(const struct rog_options *options, struct rog_error *err)
{
    if (options->struct_size != sizeof *options)
        return rog_fail(err, ROG_EABI,
                        "options of %u bytes, this library's have %zu: call rog_options_init, and "
                        "compile against the header of this library",
                        options->struct_size, sizeof *options);
    if (!options->server)
        return rog_fail(err, ROG_EINVAL, "no server is given: HOST:PORT of rog-trainer serve");
    if (!is_virtual(options->server) && !options->key_file == !options->key)
        return rog_fail(
            err, ROG_EINVAL, "%s: the server and its workers share a secret of 32 bytes",
            options->key ? "both key and key_file are given" : "neither key nor key_file is given");
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
        return rog_fail(err, ROG_EINVAL, "there is no worker of rank %u among %u", how->rank,
                        how->workers);
    int code = rog_parts_init(&rog->parts, rog->settings, err);
    rog->parts.contribution.overlap |= rog->background;
    return code ? code : rog_parts_put(&rog->parts, false, rog->settings, err);
}

/* What the server alone does is told to it alone. */
static int check_setting(const char *name, const struct rog_json *value, void *user)
{
    (void)value;
    struct rog_error *err = user;
    const struct rog_setting *row = rog_setting_find(rog_run_settings, name);
    if (rog_setting_is(row, ROG_SETTING_OPTION_OF_LIBRARY, 0))
        return ROG_OK;
    char *names = rog_settings_names(rog_run_settings, ROG_SETTING_OPTION_OF_LIBRARY, 0);
    int code = rog_fail(err, ROG_EINVAL, "%s is %s: they may be %s", name,
                        rog_setting_is(row, ROG_SETTING_OPTION_OF_SERVE, 0)
                            ? "an option of rog-trainer serve"
                            : "not of those for a program without a configuration",
                        names ? names : "others");
    free(names);
    return code;
}

static int check_settings(const struct rog_json *settings, struct rog_error *err)
{
    if (!rog_json_is_object(settings))
        return rog_fail(err, ROG_EINVAL, "an object is wanted: {\"NAME\": VALUE, ...}");
    int code = rog_settings_check(rog_run_settings, settings, NULL, err);
    return code ? code : rog_json_each(settings, check_setting, err);
}

static int read_settings(struct rog *rog, const char *text, struct rog_error *err)
{
    if (rog->config)
        return rog_fail(err, ROG_EINVAL,
                        "settings go without a configuration: the run's has all of them");
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

/* What the configuration of a run says goes before the options. */
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
        return rog_fail(err, ROG_EINVAL, "local_steps is %u: it may be up to %u", local_steps,
                        ROG_LOCAL_STEPS_MAX);
    if (rog->config && local_steps != rog->profile.local_steps)
        return rog_fail(err, ROG_EINVAL,
                        "local_steps is %u, in the run's configuration worker %u has %u: leave it "
                        "out, or change local_steps or batchsize there",
                        local_steps, rog->how.rank, rog->profile.local_steps);
    rog->profile.local_steps = local_steps;
    return ROG_OK;
}

/* The worker's profile says from then on where in the trace that is opened the run starts. */
static int open_trace(struct rog *rog, uint32_t rank, struct rog_error *err)
{
    const struct rog_trace_source source = rog_trace_source_of(rog->config, rank - 1);
    return rog_trace_open_run(&rog->trace, &rog->profile.trace_offset, &source, err);
}

static int choose_driver(struct rog *rog, const struct rog_options *options, struct rog_error *err)
{
    rog->driver = is_virtual(options->server) ? &rog_virtual_driver : &rog_net_driver;
    if (options->pace && rog->driver != &rog_net_driver)
        return rog_fail(err, ROG_EINVAL, "pace is for links of its own: %s has virtual ones",
                        options->server);
    if (options->pace && !rog->config)
        return rog_fail(err, ROG_EINVAL, "pace needs config, which names the trace");
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

/* What is read and written here has a point in its numbers, whatever the program's language has. */
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
        return rog_fail(err, ROG_EINVAL, "%s is \"%s\": it must be a number from 1 on", name,
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
                        "ROG_SERVER is not set: this program was not started by a run of rogctl");
    if (!path || (!options.key_file && !is_virtual(options.server)))
        return rog_fail(err, ROG_EINVAL, "%s is not set, ROG_SERVER is",
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

/* ---- the model ---- */

int rog_tensor(struct rog *rog, const char *name, uint32_t dims, const uint32_t *shape,
               float *values, enum rog_tensor_kind kind, struct rog_error *err)
{
    if (rog->work)
        return rog_fail(err, ROG_EINVAL, "tensor %s comes after rog_start: register it before",
                        name ? name : "(no name)");
    if (!values != rog->without_values)
        return rog_fail(err, ROG_EINVAL, "tensor %s has %s values", name ? name : "(no name)",
                        values ? "values in a run without" : "no");
    float **tensors = realloc(rog->tensors, (rog->layout->count + 1u) * sizeof *tensors);
    if (!tensors)
        return rog_fail_nomem(err);
    rog->tensors = tensors;
    rog->tensors[rog->layout->count] = values;
    return rog_layout_add(rog->layout, name, dims, shape, kind == ROG_TENSOR_CONSTANT, err);
}

static int hash_values(const struct rog *rog, char hex[ROG_SHA256_HEX_BYTES], struct rog_error *err)
{
    struct rog_sha256_stream *stream = NULL;
    if (rog->without_values) {
        strcpy(hex, "none");
        return ROG_OK;
    }
    int code = rog_sha256_stream_new(&stream, err);
    if (code)
        return code;
    for (uint32_t i = 0; i < rog->layout->count; i++)
        rog_sha256_stream_add(stream, rog->tensors[i],
                              rog->layout->tensors[i].size * sizeof(float));
    rog_sha256_stream_end(stream, hex);
    return ROG_OK;
}

static int make_hello(struct rog *rog, struct rog_error *err)
{
    char model[ROG_SHA256_HEX_BYTES];
    const struct rog_hello hello = {
        .strategy = rog->plugin.strategy,
        .threshold = rog->how.threshold,
        .parameters = rog->plugin.values,
        .workers = rog->how.workers,
        .workload = rog->workload,
        .settings = rog->settings,
        .wire_model = rog->config ? rog->config->wire_model : "same",
        .data_sha256 = rog->data_id,
        .model_sha256 = model,
        .seed = rog->config ? rog->config->seed : 0,
        .library_file = rog->plugin.path,
        .compression_file = rog->parts.plugin[ROG_PART_PUSH_CODEC].path,
        .pull_compression_file = rog->parts.plugin[ROG_PART_PULL_CODEC].path,
    };
    int code = hash_values(rog, model, err);
    return code ? code : rog_hello_make(&hello, &rog->hello, err);
}

/* ---- running ---- */

int rog_start_begin(struct rog *rog, struct rog_error *err)
{
    if (rog->work)
        return rog_fail(err, ROG_EINVAL, "rog_start has been called before");
    if (rog->layout->trained == 0)
        return rog_fail(err, ROG_EINVAL, "no tensor is registered that is trained");
    rog->rules = calloc(rog->layout->trained, sizeof *rog->rules);
    if (!rog->rules)
        return rog_fail_nomem(err);
    const struct rog_parts *parts = &rog->parts;
    const struct rog_rows_codecs codecs = {
        .push = parts->push_codec,
        .push_parameters = parts->chosen[ROG_PART_PUSH_CODEC].parameters,
        .pull = parts->pull_codec,
        .pull_parameters = parts->chosen[ROG_PART_PULL_CODEC].parameters,
        .warmup = (uint32_t)rog_json_get_integer(rog->settings, "compression_warmup", 0),
        .seed = rog->config ? rog->config->seed : 0};
    int code = rog_layout_rows(rog->layout, &codecs, &rog->rows, err);
    if (!code)
        code = make_hello(rog, err);
    if (code)
        return code;
    rog->how.profile = &rog->profile;
    rog->how.seed = rog->config ? rog->config->seed : 0;
    rog->how.hello = rog->hello;
    rog->how.layout = rog->layout;
    rog->how.rows = rog->rows;
    rog->how.contribution = &rog->parts.contribution;
    rog->how.tensors = rog->without_values ? NULL : rog->tensors;
    rog->how.secret = rog->secret;
    rog->how.trace = rog->trace;
    rog->how.server = rog->server;
    rog->how.out_dir = rog->out_dir;
    rog->how.upload = strcmp(rog->workload, "program") == 0;
    code = rog->driver->new (&rog->work, &rog->how, err);
    return code ? code : rog->driver->start(rog->work, err);
}

static int check_started(const struct rog *rog, struct rog_error *err)
{
    return rog->work ? ROG_OK : rog_fail(err, ROG_EINVAL, "rog_start has not been called");
}

int rog_exchange_wait(struct rog *rog, double timeout_s, struct rog_error *err)
{
    int code = check_started(rog, err);
    if (!code)
        code = rog->driver->settle(rog->work, timeout_s, err);
    if (!code) {
        rog->begun = true;
        rog->driver->look(rog->work, &rog->view);
    }
    return code;
}

int rog_start_wait(struct rog *rog, double timeout_s, struct rog_error *err)
{
    return rog_exchange_wait(rog, timeout_s, err);
}

int rog_start(struct rog *rog, struct rog_error *err)
{
    int code = rog_start_begin(rog, err);
    return code ? code : rog_start_wait(rog, -1, err);
}

bool rog_takes_deltas(const struct rog *rog)
{
    return rog->parts.contribution.kind == ROG_CONTRIBUTION_DELTA;
}

/* Gradients with rules, or neither. */
static int check_step(const struct rog *rog, const struct rog_step *step, struct rog_error *err)
{
    if (step->gradients && (rog->without_values || rog_takes_deltas(rog)))
        return rog_fail(err, ROG_EINVAL, "gradients in a run %s",
                        rog->without_values ? "without values"
                                            : "of contribution \"delta\": the tensors have the "
                                              "local steps, and NULL is given for gradients");
    if (!step->gradients && !rog->without_values && !rog_takes_deltas(rog))
        return rog_fail(err, ROG_EINVAL, "no gradients are given");
    uint32_t trained = rog->layout->trained;
    if (rog_takes_deltas(rog) ? step->rule_count > 0
                              : step->rule_count != 1 && step->rule_count != trained)
        return rog_fail(err, ROG_EINVAL, "%u rules for %u tensors: %s", step->rule_count, trained,
                        rog_takes_deltas(rog) ? "a delta has none"
                                              : "one for all, or one for each");
    return ROG_OK;
}

int rog_exchange_begin(struct rog *rog, const struct rog_step *step, struct rog_error *err)
{
    int code = check_started(rog, err);
    if (code)
        return code;
    if (!rog->begun)
        return rog_fail(err, ROG_EINVAL, "the run has not begun: rog_start_wait comes first");
    code = check_step(rog, step, err);
    if (code)
        return code;
    /* While an exchange goes on the rules are the loop's. */
    if (rog->driver->is_going_on(rog->work))
        code = rog_fail(err, ROG_EINVAL, "an exchange is going on: wait for it first");
    for (uint32_t i = 0; i < step->rule_count && !code; i++)
        code = rog_rule_check(&step->rules[i], err);
    if (code)
        return code;
    if (step->rule_count)
        memcpy(rog->rules, step->rules, step->rule_count * sizeof *rog->rules);
    const struct rog_worker_gradients gradients = {
        .tensors = step->gradients, .rules = rog->rules, .rule_count = step->rule_count};
    return rog->driver->push(rog->work, &gradients, step->loss, err);
}

int rog_exchange(struct rog *rog, const struct rog_step *step, struct rog_error *err)
{
    int code = rog_exchange_begin(rog, step, err);
    return code ? code : rog_exchange_wait(rog, -1, err);
}

bool rog_over(const struct rog *rog)
{
    return rog->view.statistics.over;
}

int rog_finish_begin(struct rog *rog, struct rog_error *err)
{
    int code = check_started(rog, err);
    return code ? code : rog->driver->finish(rog->work, err);
}

int rog_finish(struct rog *rog, struct rog_error *err)
{
    if (rog_over(rog))
        return ROG_OK;
    int code = rog_finish_begin(rog, err);
    return code ? code : rog_exchange_wait(rog, -1, err);
}

uint32_t rog_next_iteration(const struct rog *rog)
{
    return rog->view.next;
}

uint32_t rog_local_steps(const struct rog *rog)
{
    return rog->view.local_steps;
}

void rog_statistics(const struct rog *rog, struct rog_statistics *statistics)
{
    *statistics = rog->view.statistics;
}

int rog_state(struct rog *rog, uint32_t tensor, float **momentum, float **residual,
              struct rog_error *err)
{
    int code = check_started(rog, err);
    if (!code && (tensor >= rog->layout->trained || rog->without_values))
        code = rog_fail(err, ROG_EINVAL, "tensor %u of %u has no momentum", tensor,
                        rog->without_values ? 0 : rog->layout->trained);
    return code ? code : rog->driver->state(rog->work, tensor, momentum, residual, err);
}

void rog_leave(struct rog *rog, const char *why)
{
    if (rog->work)
        rog->driver->leave(rog->work, why);
}

/* ---- of virtual clusters alone ---- */

bool rog_resumed(const struct rog *rog)
{
    return rog->view.resumed;
}

bool rog_keep_due(const struct rog *rog)
{
    return rog->view.keep_due;
}

int rog_kept(struct rog *rog, const char *why_not, struct rog_error *err)
{
    if (!rog_keep_due(rog))
        return rog_fail(err, ROG_EINVAL, "nothing is to be kept now: look at rog_keep_due");
    int code = rog->driver->kept(rog->work, why_not, err);
    if (!code)
        rog->driver->look(rog->work, &rog->view);
    return code;
}

int rog_transfer_begin(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                       struct rog_error *err)
{
    int code = check_started(rog, err);
    if (code)
        return code;
    if (!rog->driver->transfer)
        return rog_fail(err, ROG_EINVAL,
                        "a transfer of %llu bytes: messages of a program's own travel on virtual "
                        "clusters alone",
                        (unsigned long long)bytes_up);
    return rog->driver->transfer(rog->work, bytes_up, bytes_down, err);
}

int rog_end_iteration_begin(struct rog *rog, double loss, bool is_model, struct rog_error *err)
{
    int code = check_started(rog, err);
    if (code)
        return code;
    if (!rog->driver->end_iteration)
        return rog_fail(err, ROG_EINVAL,
                        "an iteration that ends without an exchange: programs move values by "
                        "themselves on virtual clusters alone");
    return rog->driver->end_iteration(rog->work, loss, is_model, err);
}

int rog_end_iteration(struct rog *rog, double loss, bool is_model, struct rog_error *err)
{
    int code = rog_end_iteration_begin(rog, loss, is_model, err);
    return code ? code : rog_exchange_wait(rog, -1, err);
}

int rog_transfer(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down, struct rog_error *err)
{
    int code = rog_transfer_begin(rog, bytes_up, bytes_down, err);
    return code ? code : rog_exchange_wait(rog, -1, err);
}
