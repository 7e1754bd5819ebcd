/* SPDX-License-Identifier: Apache-2.0 */
/* The public API of the library: a worker, for programs in any language. */
#include <librog/rog_state.h>

#include <stdlib.h>
#include <string.h>

#include <common/hash.h>
#include <librog/net/hello.h>
#include <librog/sync/rule.h>

const char *rog_version(void)
{
    return ROG_VERSION;
}

/* ---- the model ---- */

int rog_tensor(struct rog *rog, const char *name, uint32_t dims, const uint32_t *shape,
               float *values, enum rog_tensor_kind kind, struct rog_error *err)
{
    if (rog->work)
        return rog_fail(err, ROG_EINVAL,
                        "tensor %s is registered after rog_start: register it before",
                        name ? name : "(no name)");
    if (!values != rog->without_values)
        return rog_fail(err, ROG_EINVAL, "tensor %s has %s values", name ? name : "(no name)",
                        values ? "values, but the run has none" : "no");
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
    if (rog->rules)
        return rog_fail(err, ROG_EINVAL, "rog_start has already been called");
    if (rog->layout->trained == 0)
        return rog_fail(err, ROG_EINVAL, "no trained tensor is registered");
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

/* Checks that a step has gradients with rules, or neither. */
static int check_step(const struct rog *rog, const struct rog_step *step, struct rog_error *err)
{
    if (step->gradients && (rog->without_values || rog_takes_deltas(rog)))
        return rog_fail(err, ROG_EINVAL, "gradients in a run %s",
                        rog->without_values ? "without values"
                                            : "with contribution \"delta\": the tensors contain "
                                              "the local steps, pass NULL for gradients");
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
        return rog_fail(err, ROG_EINVAL, "the run has not started: call rog_start_wait first");
    code = check_step(rog, step, err);
    if (code)
        return code;
    /* During an exchange the loop uses the rules. */
    if (rog->driver->is_busy(rog->work))
        code = rog_fail(err, ROG_EINVAL, "an exchange is in progress: wait for it first");
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

/* ---- virtual clusters only ---- */

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
        return rog_fail(err, ROG_EINVAL, "nothing is to be saved now: check rog_keep_due");
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
                        "a transfer of %llu bytes: programs can send messages of their own only on "
                        "virtual clusters",
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
                        "an iteration without an exchange: programs can transfer values themselves "
                        "only on virtual clusters");
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
