/* SPDX-License-Identifier: Apache-2.0 */
/* What an iteration adds to the updates that wait to be sent, and how a pull changes the model. */
#include <librog/sync/contribution.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/kernels/kernels.h>
#include <librog/sync/rule.h>
#include <librog/sync/wire.h>

const struct rog_contribution_config rog_contribution_default = {.error_feedback = 1};

static bool is_delta(const struct rog_contribution *contribution)
{
    return contribution->config.kind == ROG_CONTRIBUTION_DELTA;
}

/* ---- creation and release ---- */

static int check_config(const struct rog_contribution_config *config, struct rog_error *err)
{
    bool delta = config->kind == ROG_CONTRIBUTION_DELTA;
    if (!delta && config->kind != ROG_CONTRIBUTION_GRADIENT)
        return rog_fail(err, ROG_EINVAL, "a contribution of unknown kind %d", (int)config->kind);
    if (!(config->error_feedback >= 0 && config->error_feedback <= 1))
        return rog_fail(err, ROG_EINVAL, "error_feedback is %g: it must be in [0, 1]",
                        config->error_feedback);
    if (!(config->clip_norm >= 0) || !isfinite(config->clip_norm))
        return rog_fail(err, ROG_EINVAL, "clip_norm is %g: it must be a number of at least 0",
                        config->clip_norm);
    if (!(config->merge >= 0 && config->merge <= 1))
        return rog_fail(err, ROG_EINVAL, "merge is %g: it must be in [0, 1]", config->merge);
    if (delta && config->momentum_masking)
        return rog_fail(err, ROG_EINVAL,
                        "momentum_masking requires contribution \"gradient\": deltas have no "
                        "momentum in the core");
    if (!delta && config->merge > 0)
        return rog_fail(err, ROG_EINVAL,
                        "merge requires contribution \"delta\": with gradients a worker has no "
                        "model of its own");
    return 0;
}

/* Allocates `count` floats, all 0. */
static int make(float **array, uint64_t count, struct rog_error *err)
{
    *array = rog_floats(count);
    if (!*array)
        return rog_fail_nomem(err);
    memset(*array, 0, count * sizeof **array);
    return 0;
}

static void copy_values(const struct rog_contribution *contribution, float *to)
{
    const struct rog_rows *rows = contribution->rows;
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        memcpy(to + rows->tensors[i].offset, contribution->values[i],
               rows->tensors[i].size * sizeof *to);
}

static uint32_t longest_row(const struct rog_rows *rows)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        if (rows->tensors[i].row_size > longest)
            longest = rows->tensors[i].row_size;
    return longest;
}

int rog_contribution_init(struct rog_contribution *contribution,
                          const struct rog_contribution_config *config, const struct rog_rows *rows,
                          float *const *tensors, struct rog_error *err)
{
    bool delta = config->kind == ROG_CONTRIBUTION_DELTA;
    *contribution = (struct rog_contribution){.config = *config, .rows = rows};
    int code = check_config(config, err);
    if (code || !tensors)
        return code;
    size_t bytes = rows->tensor_count * sizeof *contribution->values;
    contribution->values = malloc(bytes);
    if (!contribution->values)
        return rog_fail_nomem(err);
    memcpy(contribution->values, tensors, bytes);
    code = make(delta ? &contribution->base : &contribution->momentum, rows->params, err);
    if (!code)
        code = make(&contribution->update, rows->params, err);
    if (!code && (delta || config->overlap))
        code = make(&contribution->aside, rows->params, err);
    if (!code && config->clip_norm > 0 && !delta)
        code = make(&contribution->scaled, longest_row(rows), err);
    if (!code)
        rog_contribution_join(contribution);
    return code;
}

void rog_contribution_release(struct rog_contribution *contribution)
{
    free(contribution->scaled);
    free(contribution->aside);
    free(contribution->base);
    free(contribution->update);
    free(contribution->momentum);
    free(contribution->values);
}

void rog_contribution_join(struct rog_contribution *contribution)
{
    contribution->deferred = false;
    if (!contribution->base)
        return;
    copy_values(contribution, contribution->base);
    copy_values(contribution, contribution->aside);
}

void rog_contribution_archive(struct rog_contribution *contribution, struct rog_archive *archive)
{
    if (!contribution->values)
        return;
    float *const arrays[] = {contribution->momentum, contribution->update, contribution->base,
                             contribution->aside};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i])
            rog_archive_bytes(archive, arrays[i], contribution->rows->params * sizeof **arrays);
    if (contribution->aside)
        rog_archive_flag(archive, &contribution->deferred);
}

/* ---- push ---- */

static const struct rog_rule *rule_of(const struct rog_worker_gradients *given, uint32_t tensor)
{
    return &given->rules[given->rule_count > 1 ? tensor : 0];
}

static int check_rules(const struct rog_contribution *contribution,
                       const struct rog_worker_gradients *given, struct rog_error *err)
{
    uint32_t tensors = contribution->rows->tensor_count;
    if (given->rule_count != 1 && given->rule_count != tensors)
        return rog_fail(err, ROG_EINVAL, "%u rules for %u tensors: one for all, or one for each",
                        given->rule_count, tensors);
    int code = 0;
    for (uint32_t i = 0; i < given->rule_count && !code; i++)
        code = rog_rule_check(&given->rules[i], err);
    return code;
}

int rog_contribution_check(const struct rog_contribution *contribution,
                           const struct rog_worker_gradients *given, uint32_t iteration,
                           struct rog_error *err)
{
    const struct rog_rows *rows = contribution->rows;
    if (is_delta(contribution))
        return given->tensors ? rog_fail(err, ROG_EINVAL,
                                         "gradients were given, but this run pushes deltas: the "
                                         "model must contain the local steps")
                              : 0;
    if (!given->tensors != !contribution->values)
        return rog_fail(err, ROG_EINVAL, "gradients %s a model",
                        contribution->values ? "miss" : "without");
    int code = check_rules(contribution, given, err);
    for (uint32_t i = 0; !code && given->tensors && i < rows->tensor_count; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        if (given->tensors[i] && !rog_kernel_finite(given->tensors[i], tensor->size))
            code = rog_fail(err, ROG_EINVAL,
                            "a gradient of iteration %u is not finite, in tensor %u%s%s: the "
                            "training has diverged; try a learning rate below %g",
                            iteration, i, tensor->name ? ", " : "",
                            tensor->name ? tensor->name : "", rule_of(given, i)->learning_rate);
    }
    return code;
}

/* Deltas: adds the changes of the model since they were last added. */
static void add_steps(struct rog_contribution *contribution)
{
    const struct rog_rows *rows = contribution->rows;
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        uint64_t at = rows->tensors[i].offset;
        rog_kernel_delta(contribution->values[i], contribution->base + at,
                         contribution->update + at, rows->tensors[i].size);
    }
}

/* Returns the factor by which gradients are multiplied (clipping). */
static float share_of(const struct rog_contribution *contribution,
                      const struct rog_worker_gradients *given)
{
    double squares = 0, most = contribution->config.clip_norm;
    if (!contribution->scaled)
        return 1;
    for (uint32_t i = 0; i < contribution->rows->tensor_count; i++)
        if (given->tensors[i])
            squares += rog_kernel_squares(given->tensors[i], contribution->rows->tensors[i].size);
    return squares > most * most ? (float)(most / sqrt(squares)) : 1;
}

/* Adds a row's gradient to its updates; returns sum |u|. If gradient is NULL, nothing is added. */
static double add_row(struct rog_contribution *contribution, const struct rog_kernel_step *step,
                      const float *gradient, const float *w, uint64_t at, uint32_t size,
                      float share)
{
    float *u = contribution->update + at;
    if (!gradient)
        return rog_kernel_absolute(u, size);
    if (share < 1) {
        rog_kernel_scale(contribution->scaled, gradient, share, size);
        gradient = contribution->scaled;
    }
    return rog_kernel_accumulate(step, gradient, w, contribution->momentum + at, u, size);
}

static int diverged(const struct rog_contribution *contribution, uint32_t index, double mean,
                    const struct rog_rule *rule, struct rog_error *err)
{
    const struct rog_rows_tensor *tensor = &contribution->rows->tensors[index];
    const char *comma = tensor->name ? ", " : "", *name = tensor->name ? tensor->name : "";
    if (!rule)
        return rog_fail(err, ROG_EFAILED,
                        "the mean update of tensor %u%s%s is %g: the training has diverged; try a "
                        "smaller learning rate",
                        index, comma, name, mean);
    return rog_fail(err, ROG_EFAILED,
                    "the mean update of tensor %u%s%s is %g: the training has diverged; try a "
                    "learning rate below %g",
                    index, comma, name, mean, rule->learning_rate);
}

/* Adds a tensor's gradient; computes the magnitudes of its rows and their sum in the same pass. */
static int add_tensor(struct rog_contribution *contribution, uint32_t index, const float *gradient,
                      const struct rog_rule *rule, float share, float *magnitude,
                      double *sum_of_all, struct rog_error *err)
{
    const struct rog_rows_tensor *tensor = &contribution->rows->tensors[index];
    const struct rog_kernel_step step =
        rule ? rog_rule_step(rule) : (struct rog_kernel_step){.learning_rate = 0};
    *sum_of_all = 0;
    for (uint32_t k = 0; k < tensor->rows; k++) {
        uint64_t within = (uint64_t)k * tensor->row_size;
        double sum = add_row(contribution, &step, gradient ? gradient + within : NULL,
                             contribution->values[index] + within, tensor->offset + within,
                             tensor->row_size, share);
        magnitude[tensor->first_row + k] = (float)(sum / tensor->row_size);
        *sum_of_all += sum;
    }
    double mean = *sum_of_all / (double)tensor->size;
    return mean <= ROG_WIRE_UPDATE_MAX ? 0 /* false for NAN, too */
                                       : diverged(contribution, index, mean, rule, err);
}

int rog_contribution_add(struct rog_contribution *contribution,
                         const struct rog_worker_gradients *given, const struct rog_way *way,
                         float *magnitude, float *scale, struct rog_error *err)
{
    bool delta = is_delta(contribution);
    int code = 0;
    if (delta)
        add_steps(contribution);
    float share = delta ? 1 : share_of(contribution, given);
    for (uint32_t i = 0; i < contribution->rows->tensor_count && !code; i++) {
        double sum;
        code = add_tensor(contribution, i, delta ? NULL : given->tensors[i],
                          delta ? NULL : rule_of(given, i), share, magnitude, &sum, err);
        if (!code && !way->whole)
            scale[i] = rog_codec_scale(way->codec, sum, contribution->rows->tensors[i].size);
    }
    return code;
}

void rog_contribution_row_sent(struct rog_contribution *contribution, uint32_t row)
{
    uint64_t at = rog_rows_offset(contribution->rows, row);
    uint32_t size = rog_rows_size(contribution->rows, row);
    float *u = contribution->update + at;
    if (contribution->config.momentum_masking)
        rog_kernel_mask(contribution->momentum + at, u, size);
    if (contribution->config.error_feedback < 1)
        rog_kernel_scale(u, u, (float)contribution->config.error_feedback, size);
}

/* ---- pull ---- */

/* Returns the place into which a row of a pull is decoded. Gradients with a deferred merge: a copy
 * of the row; deltas: A, which has all rows. */
float *rog_contribution_room(struct rog_contribution *contribution, uint32_t row)
{
    const struct rog_rows *rows = contribution->rows;
    float *aside = contribution->aside + rog_rows_offset(rows, row);
    float *own = rog_rows_in(rows, contribution->values, row);
    if (contribution->base)
        return aside;
    return contribution->deferred ? memcpy(aside, own, rog_rows_size(rows, row) * sizeof *own)
                                  : own;
}

void rog_contribution_merge_row(struct rog_contribution *contribution, uint32_t row)
{
    const struct rog_rows *rows = contribution->rows;
    uint64_t at = rog_rows_offset(rows, row);
    uint32_t size = rog_rows_size(rows, row);
    float *w = rog_rows_in(rows, contribution->values, row);
    float merge = (float)contribution->config.merge;
    if (!contribution->base && contribution->deferred) {
        memcpy(w, contribution->aside + at, size * sizeof *w);
    } else if (contribution->base && !(merge > 0)) {
        rog_kernel_rebase(w, contribution->base + at, contribution->aside + at, size);
    } else if (contribution->base) {
        rog_kernel_mix(w, contribution->base + at, contribution->aside + at, merge, size);
        rog_kernel_scale(contribution->update + at, contribution->update + at, 1 - merge, size);
    }
}

void rog_contribution_merge(struct rog_contribution *contribution, const struct rog_set *rows)
{
    if (!contribution->deferred)
        return;
    for (uint32_t row = rog_set_next(rows, 0); row < rows->size; row = rog_set_next(rows, row + 1))
        rog_contribution_merge_row(contribution, row);
    contribution->deferred = false;
}
