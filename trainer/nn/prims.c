/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution and matrix product by oneDNN, versions 2 and 3. */
#include <trainer/nn/prims.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

/*
 * The C interface of oneDNN changed between versions 2 and 3: memory descriptors became opaque
 * handles, and operation descriptors were removed. Only this block depends on the version.
 */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t desc_ref; /* borrowed */

struct desc {
    dnnl_memory_desc_t md;
};

static dnnl_status_t desc_init(struct desc *desc, int dims, const dnnl_dims_t shape,
                               dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(&desc->md, dims, shape, dnnl_f32, tag);
}

static void desc_release(struct desc *desc)
{
    if (desc->md)
        dnnl_memory_desc_destroy(desc->md);
}

static desc_ref desc_get(const struct desc *desc)
{
    return desc->md;
}
#else
typedef const dnnl_memory_desc_t *desc_ref;

struct desc {
    dnnl_memory_desc_t md;
};

static dnnl_status_t desc_init(struct desc *desc, int dims, const dnnl_dims_t shape,
                               dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(&desc->md, dims, shape, dnnl_f32, tag);
}

static void desc_release(struct desc *desc)
{
    (void)desc;
}

static desc_ref desc_get(const struct desc *desc)
{
    return &desc->md;
}
#endif

/* The description of a convolution, for all three directions. */
struct conv_descs {
    struct desc x, y, weights, bias;
    struct desc plain; /* weights as PyTorch has them */
    dnnl_dims_t strides, padding;
};

enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS };

#if DNNL_VERSION_MAJOR >= 3
static dnnl_status_t conv_pd(dnnl_primitive_desc_t *pd, const struct conv_descs *d,
                             enum direction direction, dnnl_prop_kind_t prop, dnnl_engine_t engine,
                             const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t dilates = {0, 0};
    switch (direction) {
    case FORWARD:
        return dnnl_convolution_forward_primitive_desc_create(
            pd, engine, prop, dnnl_convolution_direct, d->x.md, d->weights.md, d->bias.md, d->y.md,
            d->strides, dilates, d->padding, d->padding, attr);
    case BACKWARD_DATA:
        return dnnl_convolution_backward_data_primitive_desc_create(
            pd, engine, dnnl_convolution_direct, d->x.md, d->weights.md, d->y.md, d->strides,
            dilates, d->padding, d->padding, hint, attr);
    default:
        return dnnl_convolution_backward_weights_primitive_desc_create(
            pd, engine, dnnl_convolution_direct, d->x.md, d->weights.md, NULL, d->y.md, d->strides,
            dilates, d->padding, d->padding, hint, attr);
    }
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0.0f, 0.0f);
}
#else
static dnnl_status_t conv_pd(dnnl_primitive_desc_t *pd, const struct conv_descs *d,
                             enum direction direction, dnnl_prop_kind_t prop, dnnl_engine_t engine,
                             const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t op;
    dnnl_status_t status;
    switch (direction) {
    case FORWARD:
        status = dnnl_convolution_forward_desc_init(&op, prop, dnnl_convolution_direct, &d->x.md,
                                                    &d->weights.md, &d->bias.md, &d->y.md,
                                                    d->strides, d->padding, d->padding);
        break;
    case BACKWARD_DATA:
        status = dnnl_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, &d->x.md,
                                                          &d->weights.md, &d->y.md, d->strides,
                                                          d->padding, d->padding);
        break;
    default:
        status = dnnl_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, &d->x.md,
                                                             &d->weights.md, NULL, &d->y.md,
                                                             d->strides, d->padding, d->padding);
        break;
    }
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &op, attr, engine, hint)
                                  : status;
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
}
#endif

/* ---- errors and the context ---- */

static const char *status_text(dnnl_status_t status)
{
    switch (status) {
    case dnnl_out_of_memory:
        return "out of memory";
    case dnnl_invalid_arguments:
        return "invalid arguments";
    case dnnl_unimplemented:
        return "not implemented for this processor or shape";
    default:
        return "runtime error";
    }
}

static int fail(struct rog_error *err, dnnl_status_t status, const char *what)
{
    int code = status == dnnl_out_of_memory ? ROG_ENOMEM : ROG_EFAILED;
    return rog_fail(err, code, "oneDNN %d.%d, %s: %s", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, what,
                    status_text(status));
}

struct rog_prims {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    void *scratch; /* shared by all primitives, as large as the largest needs */
    size_t scratch_bytes;
};

void rog_prims_name(char name[ROG_PRIMS_NAME_BYTES])
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(name, ROG_PRIMS_NAME_BYTES, "oneDNN %d.%d.%d (%.64s), instructions %x", version->major,
             version->minor, version->patch, version->hash ? version->hash : "",
             (unsigned)dnnl_get_effective_cpu_isa());
}

int rog_prims_new(struct rog_prims **prims, struct rog_error *err)
{
    *prims = NULL;
    struct rog_prims *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    dnnl_status_t status = dnnl_engine_create(&made->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        rog_prims_free(made);
        return fail(err, status, "starting");
    }
    *prims = made;
    return 0;
}

void rog_prims_free(struct rog_prims *prims)
{
    if (!prims)
        return;
    if (prims->stream)
        dnnl_stream_destroy(prims->stream);
    if (prims->engine)
        dnnl_engine_destroy(prims->engine);
    free(prims->scratch);
    free(prims);
}

static int reserve_scratch(struct rog_prims *prims, size_t bytes, struct rog_error *err)
{
    if (bytes <= prims->scratch_bytes)
        return 0;
    free(prims->scratch);
    prims->scratch_bytes = 0;
    prims->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!prims->scratch)
        return rog_fail_nomem(err);
    prims->scratch_bytes = bytes;
    return 0;
}

/* ---- one primitive ---- */

/* An argument of a primitive, and the query that returns its layout. */
struct arg {
    int arg;
    dnnl_query_t query;
    int index;
};

#define MAX_ARGS 5

/* A compiled primitive with a memory object for each argument; the data are set at execution. */
struct call {
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    int arg_count;
    dnnl_exec_arg_t args[MAX_ARGS];
};

static void call_release(struct call *call)
{
    for (int i = 0; i < call->arg_count; i++)
        dnnl_memory_destroy(call->args[i].memory);
    if (call->primitive)
        dnnl_primitive_destroy(call->primitive);
    if (call->pd)
        dnnl_primitive_desc_destroy(call->pd);
}

/* Compiles call->pd, with `count` (< MAX_ARGS) arguments and the scratchpad as the last. */
static int call_compile(struct call *call, struct rog_prims *prims, const struct arg *args,
                        int count, const char *what, struct rog_error *err)
{
    static const struct arg scratchpad = {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0};
    dnnl_status_t status = dnnl_primitive_create(&call->primitive, call->pd);
    for (int i = 0; i <= count && status == dnnl_success; i++) {
        const struct arg *arg = i < count ? &args[i] : &scratchpad;
        desc_ref md = dnnl_primitive_desc_query_md(call->pd, arg->query, arg->index);
        call->args[i].arg = arg->arg;
        status = dnnl_memory_create(&call->args[i].memory, md, prims->engine, DNNL_MEMORY_NONE);
        if (status == dnnl_success)
            call->arg_count++;
    }
    if (status != dnnl_success)
        return fail(err, status, what);
    desc_ref scratch_md = dnnl_primitive_desc_query_md(call->pd, dnnl_query_scratchpad_md, 0);
    return reserve_scratch(prims, dnnl_memory_desc_get_size(scratch_md), err);
}

/* Runs with data[i] as argument i. oneDNN's inputs are not const, but it does not write them. */
static int call_run(struct call *call, struct rog_prims *prims, const void *const *data,
                    const char *what, struct rog_error *err)
{
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < call->arg_count && status == dnnl_success; i++) {
        void *handle = i + 1 < call->arg_count ? (void *)data[i] : prims->scratch;
        status = dnnl_memory_set_data_handle(call->args[i].memory, handle);
    }
    if (status == dnnl_success)
        status =
            dnnl_primitive_execute(call->primitive, prims->stream, call->arg_count, call->args);
    if (status == dnnl_success)
        status = dnnl_stream_wait(prims->stream);
    return status == dnnl_success ? 0 : fail(err, status, what);
}

/* Creates attributes: our own scratchpad, and ReLU if `relu`. */
static dnnl_status_t make_attr(dnnl_primitive_attr_t *attr, bool relu)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && relu) {
        status = dnnl_post_ops_create(&ops);
        if (status == dnnl_success)
            status = append_relu(ops);
        if (status == dnnl_success)
            status = dnnl_primitive_attr_set_post_ops(*attr, ops);
        if (ops)
            dnnl_post_ops_destroy(ops);
    }
    return status;
}

/* ---- convolution ---- */

/* Arguments of each direction, in the order in which call_run gets the data. */
static const struct {
    int count;
    struct arg args[4];
    struct arg weights; /* the argument whose layout oneDNN chooses */
} directions[DIRECTIONS] = {
    [FORWARD] = {4,
                 {{DNNL_ARG_SRC, dnnl_query_src_md, 0},
                  {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0},
                  {DNNL_ARG_BIAS, dnnl_query_weights_md, 1},
                  {DNNL_ARG_DST, dnnl_query_dst_md, 0}},
                 {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0}},
    [BACKWARD_DATA] = {3,
                       {{DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0},
                        {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0},
                        {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0}},
                       {DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0}},
    [BACKWARD_WEIGHTS] = {3,
                          {{DNNL_ARG_SRC, dnnl_query_src_md, 0},
                           {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0},
                           {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0}},
                          {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0}},
};

struct rog_conv {
    struct rog_prims *prims;
    struct call calls[DIRECTIONS];
    /* Convert between PyTorch's layout of the weights and the one that each direction uses; without
     * a primitive if they are the same. */
    struct call reorders[DIRECTIONS];
    float *chosen; /* weights in the layout of the current direction */
    size_t chosen_bytes;
    const float *prepared; /* weights of forward calls: `chosen`, or the caller's */
};

static void conv_descs_release(struct conv_descs *d)
{
    desc_release(&d->x);
    desc_release(&d->y);
    desc_release(&d->weights);
    desc_release(&d->bias);
    desc_release(&d->plain);
}

static dnnl_status_t conv_descs_init(struct conv_descs *d, const struct rog_conv_shape *s)
{
    uint32_t pad = s->kernel / 2;
    dnnl_dims_t x = {s->batch, s->in_channels, s->in_height, s->in_width};
    dnnl_dims_t y = {s->batch, s->out_channels,
                     (s->in_height + 2 * pad - s->kernel) / s->stride + 1,
                     (s->in_width + 2 * pad - s->kernel) / s->stride + 1};
    dnnl_dims_t weights = {s->out_channels, s->in_channels, s->kernel, s->kernel};
    dnnl_dims_t bias = {s->out_channels};
    for (int i = 0; i < 2; i++) {
        d->strides[i] = s->stride;
        d->padding[i] = pad;
    }
    dnnl_status_t status = desc_init(&d->x, 4, x, dnnl_nhwc);
    if (status == dnnl_success)
        status = desc_init(&d->y, 4, y, dnnl_nhwc);
    if (status == dnnl_success)
        status = desc_init(&d->weights, 4, weights, dnnl_format_tag_any);
    if (status == dnnl_success)
        status = desc_init(&d->bias, 1, bias, dnnl_x);
    if (status == dnnl_success)
        status = desc_init(&d->plain, 4, weights, dnnl_oihw);
    return status;
}

/* Compiles one direction and, if it needs another layout of the weights, the reorder. */
static int conv_compile(struct rog_conv *conv, const struct conv_descs *descs,
                        enum direction direction, dnnl_prop_kind_t prop, bool relu,
                        struct rog_error *err)
{
    static const struct arg reorder_args[] = {{DNNL_ARG_FROM, dnnl_query_src_md, 0},
                                              {DNNL_ARG_TO, dnnl_query_dst_md, 0}};
    struct call *call = &conv->calls[direction], *reorder = &conv->reorders[direction];
    struct rog_prims *prims = conv->prims;
    dnnl_primitive_attr_t attr = NULL, reorder_attr = NULL;
    int code = 0;

    dnnl_status_t status = make_attr(&attr, relu);
    if (status == dnnl_success)
        status = make_attr(&reorder_attr, false);
    if (status == dnnl_success)
        status = conv_pd(&call->pd, descs, direction, prop, prims->engine,
                         direction == FORWARD ? NULL : conv->calls[FORWARD].pd, attr);
    if (status != dnnl_success) {
        code = fail(err, status, "describing a convolution");
        goto out;
    }
    code = call_compile(call, prims, directions[direction].args, directions[direction].count,
                        "compiling a convolution", err);
    if (code)
        goto out;

    const struct arg *weights = &directions[direction].weights;
    desc_ref chosen = dnnl_primitive_desc_query_md(call->pd, weights->query, weights->index);
    desc_ref plain = desc_get(&descs->plain);
    if (dnnl_memory_desc_equal(chosen, plain))
        goto out;
    if (dnnl_memory_desc_get_size(chosen) > conv->chosen_bytes)
        conv->chosen_bytes = dnnl_memory_desc_get_size(chosen);
    bool back = direction == BACKWARD_WEIGHTS;
    status = dnnl_reorder_primitive_desc_create(&reorder->pd, back ? chosen : plain, prims->engine,
                                                back ? plain : chosen, prims->engine, reorder_attr);
    if (status != dnnl_success)
        code = fail(err, status, "describing a reorder");
    else
        code = call_compile(reorder, prims, reorder_args, 2, "compiling a reorder", err);

out:
    if (reorder_attr)
        dnnl_primitive_attr_destroy(reorder_attr);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return code;
}

int rog_conv_new(struct rog_conv **conv, struct rog_prims *prims,
                 const struct rog_conv_shape *shape, struct rog_error *err)
{
    struct conv_descs descs = {0};
    int code = 0;
    *conv = NULL;
    struct rog_conv *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->prims = prims;

    dnnl_status_t status = conv_descs_init(&descs, shape);
    if (status != dnnl_success) {
        code = fail(err, status, "describing a convolution's memory");
        goto out;
    }
    /* A layer that ends with ReLU can be trained, too: the caller has the mask in y. */
    code = conv_compile(made, &descs, FORWARD,
                        shape->backward ? dnnl_forward_training : dnnl_forward_inference,
                        shape->relu, err);
    if (!code && shape->backward)
        code = conv_compile(made, &descs, BACKWARD_WEIGHTS, dnnl_backward_weights, false, err);
    if (!code && shape->backward && shape->input_gradient)
        code = conv_compile(made, &descs, BACKWARD_DATA, dnnl_backward_data, false, err);
    if (!code && made->chosen_bytes) {
        made->chosen = aligned_alloc(64, (made->chosen_bytes + 63) / 64 * 64);
        if (!made->chosen)
            code = rog_fail_nomem(err);
    }

out:
    conv_descs_release(&descs);
    if (code)
        rog_conv_free(made);
    else
        *conv = made;
    return code;
}

void rog_conv_free(struct rog_conv *conv)
{
    if (!conv)
        return;
    for (int i = 0; i < DIRECTIONS; i++) {
        call_release(&conv->reorders[i]);
        call_release(&conv->calls[i]);
    }
    free(conv->chosen);
    free(conv);
}

/* Converts *weights to the layout of the direction. */
static int choose_layout(struct rog_conv *conv, enum direction direction, const float **weights,
                         struct rog_error *err)
{
    struct call *reorder = &conv->reorders[direction];
    if (!reorder->primitive)
        return 0;
    int code =
        call_run(reorder, conv->prims, (const void *[]){*weights, conv->chosen}, "reorder", err);
    *weights = conv->chosen;
    return code;
}

int rog_conv_prepare(struct rog_conv *conv, const float *weights, struct rog_error *err)
{
    int code = choose_layout(conv, FORWARD, &weights, err);
    conv->prepared = weights;
    return code;
}

int rog_conv_forward(struct rog_conv *conv, const float *x, const float *bias, float *y,
                     struct rog_error *err)
{
    return call_run(&conv->calls[FORWARD], conv->prims,
                    (const void *[]){x, conv->prepared, bias, y}, "convolution", err);
}

int rog_conv_backward(struct rog_conv *conv, const float *x, const float *weights, const float *dy,
                      float *dx, float *dweights, struct rog_error *err)
{
    struct call *reorder = &conv->reorders[BACKWARD_WEIGHTS];
    float *chosen = reorder->primitive ? conv->chosen : dweights;
    int code = call_run(&conv->calls[BACKWARD_WEIGHTS], conv->prims,
                        (const void *[]){x, dy, chosen}, "convolution's weight gradient", err);
    if (!code && reorder->primitive)
        code = call_run(reorder, conv->prims, (const void *[]){chosen, dweights}, "reorder", err);
    if (code || !dx)
        return code;

    code = choose_layout(conv, BACKWARD_DATA, &weights, err);
    if (code)
        return code;
    return call_run(&conv->calls[BACKWARD_DATA], conv->prims, (const void *[]){dy, weights, dx},
                    "convolution's input gradient", err);
}

int rog_gemm(const struct rog_gemm *gemm, const float *a, const float *b, float *c,
             struct rog_error *err)
{
    dnnl_status_t status =
        dnnl_sgemm(gemm->transpose_a ? 'T' : 'N', gemm->transpose_b ? 'T' : 'N', gemm->m, gemm->n,
                   gemm->k, 1.0f, a, gemm->transpose_a ? gemm->m : gemm->k, b,
                   gemm->transpose_b ? gemm->k : gemm->n, gemm->beta, c, gemm->n);
    return status == dnnl_success ? 0 : fail(err, status, "matrix product");
}
