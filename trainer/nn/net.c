/* SPDX-License-Identifier: Apache-2.0 */
/* Passes through all layers, in tiles and by several threads. */
#include <trainer/nn/net.h>

#include <stdlib.h>

#include <omp.h>

#include <common/memory.h>
#include <trainer/nn/layer.h>
#include <trainer/nn/loss.h>

/* Without a backward pass a batch goes through the network in tiles. These limits are chosen so
 * that the activations of a tile stay in the cache (measured: 1.5 times as many images per second),
 * yet the weights of deep layers, which have few positions, are not loaded more often than
 * necessary. */
#define TILE_PIXELS (32 * 32 * 32)
#define TILE_POSITIONS 2048

/* ---- memory ---- */

/* Arrays that are used for several values in turn: planned first, allocated when the plan is
 * complete. */
struct slot {
    size_t floats;
    uint32_t users; /* while planning */
    float *data;
};

struct pool {
    uint32_t count;
    struct slot *slots; /* as many as there are values */
};

/* Returns an unused slot, the largest of them, or a new one, always if `fresh`; grows it if
 * necessary. */
static uint32_t pool_take(struct pool *pool, size_t floats, bool fresh)
{
    uint32_t best = pool->count;
    for (uint32_t i = 0; i < pool->count && !fresh; i++)
        if (pool->slots[i].users == 0 &&
            (best == pool->count || pool->slots[i].floats > pool->slots[best].floats))
            best = i;
    struct slot *slot = &pool->slots[best];
    if (best == pool->count)
        pool->count++;
    if (slot->floats < floats)
        slot->floats = floats;
    slot->users = 1;
    return best;
}

static int pool_allocate(struct pool *pool, struct rog_error *err)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (!(pool->slots[i].data = rog_floats(pool->slots[i].floats)))
            return rog_fail_nomem(err);
    return 0;
}

static void pool_release(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        free(pool->slots[i].data);
    free(pool->slots);
}

/* ---- the network ---- */

/* Slots of a layer: its output among the values, the others among the gradients. */
struct places {
    uint32_t group;
    uint32_t y, dy, dx, dx_add;
};

/* Consecutive layers that handle `tile` images at once: a multiple of the previous group's tile,
 * and a divisor of the next group's, or of the batch. */
struct group {
    uint32_t first, end; /* layers */
    uint32_t tile;
};

struct rog_net {
    const struct rog_arch *arch;
    uint32_t batch, threads, group_count;
    enum rog_net_mode mode;
    struct rog_prims *prims;
    struct rog_layer *layers; /* arch->layer_count, like the arrays places and groups */
    struct places *places;
    struct group *groups;
    struct pool values, gradients;
    float *logits; /* of the whole batch */
};

static size_t layer_positions(const struct rog_arch_layer *layer)
{
    return (size_t)layer->out_height * layer->out_width;
}

static size_t layer_floats(const struct rog_arch_layer *layer)
{
    return layer_positions(layer) * layer->out_channels;
}

/* Returns the floats of a value that the next layer reads at once. */
static size_t value_floats(const struct rog_net *net, uint32_t value)
{
    uint32_t last = net->arch->layer_count - 1, reader = value < last ? value : last;
    return net->groups[net->places[reader].group].tile *
           layer_floats(&net->arch->layers[value - 1]);
}

/* Returns true if no layer from i on reads a value from before the input of layer i. */
static bool may_begin_group(const struct rog_net *net, uint32_t i)
{
    for (uint32_t reader = i; reader < net->arch->layer_count; reader++)
        if (net->arch->layers[reader].skip < i)
            return false;
    return true;
}

/* Returns the largest number of images, at most `most`, that is a multiple of `step` and divides
 * the batch. */
static uint32_t choose_tile(uint32_t batch, uint32_t step, uint64_t most)
{
    uint32_t tile = most < batch ? (uint32_t)most : batch;
    while (tile > step && (batch % tile || tile % step))
        tile--;
    return tile > step ? tile : step;
}

/* Divides the layers into groups. Without a backward pass images are handled in tiles, which may
 * grow after a layer that makes the images smaller. */
static void plan_groups(struct rog_net *net)
{
    const struct rog_arch *arch = net->arch;
    uint64_t pixels = (uint64_t)arch->image_size * arch->image_size;
    bool tiles = net->mode == ROG_NET_INFER;
    struct group *group = net->groups;
    group->tile = tiles ? choose_tile(net->batch, 1, TILE_PIXELS / pixels) : net->batch;
    for (uint32_t i = 0; i < arch->layer_count; i++) {
        const struct rog_arch_layer *layer = &arch->layers[i];
        size_t positions = layer_positions(layer);
        if (i > 0 && tiles && positions < layer_positions(layer - 1) && may_begin_group(net, i)) {
            uint32_t tile = choose_tile(net->batch, group->tile, TILE_POSITIONS / positions);
            if (tile > group->tile)
                *++group = (struct group){.first = i, .tile = tile};
        }
        group->end = i + 1;
        net->places[i].group = (uint32_t)(group - net->groups);
    }
    net->group_count = (uint32_t)(group - net->groups) + 1;
}

/* Assigns slots to values. With a backward pass every value has its own slot; otherwise a slot is
 * free again after its last reader. Between two groups the slot is always a new one, since the
 * first group runs several times, reusing its slots, before the second reads the collected
 * values. */
static void plan_values(struct rog_net *net)
{
    uint32_t count = net->arch->layer_count;
    for (uint32_t i = 0; i + 1 < count; i++) {
        bool last_of_group = net->places[i].group != net->places[i + 1].group;
        net->places[i].y = pool_take(&net->values, value_floats(net, i + 1), last_of_group);
        if (net->mode != ROG_NET_INFER)
            continue;
        /* Frees the slots of values that only layers up to i read. */
        for (uint32_t value = 1; value <= i; value++) {
            uint32_t last = 0;
            for (uint32_t reader = 0; reader < count; reader++)
                if (reader == value || net->arch->layers[reader].skip == value)
                    last = reader;
            if (last == i)
                net->values.slots[net->places[value - 1].y].users = 0;
        }
    }
}

/*
 * Assigns slots to gradients, from the last layer to the first. A value that is used by a skip
 * connection gets its gradient from two readers: the earlier layer adds the gradient of the later
 * one (dx_add). The gradient of an ADD layer's input is that of its output.
 */
static int plan_gradients(struct rog_net *net)
{
    uint32_t count = net->arch->layer_count;
    struct slot *slots = net->gradients.slots;
    uint32_t *gradient = malloc(((size_t)count + 1) * sizeof *gradient); /* of each value */
    if (!gradient)
        return ROG_ENOMEM;
    for (uint32_t value = 0; value <= count; value++)
        gradient[value] = ROG_NO_INDEX;
    gradient[count] = pool_take(&net->gradients, value_floats(net, count), false);

    for (uint32_t i = count; i-- > 0;) {
        const struct rog_arch_layer *layer = &net->arch->layers[i];
        struct places *places = &net->places[i];
        places->dy = gradient[i + 1];
        places->dx_add = gradient[i];
        places->dx = ROG_NO_INDEX;
        if (layer->skip != ROG_NO_INDEX) {
            gradient[layer->skip] = places->dy;
            slots[places->dy].users++;
        }
        if (i > 0 && layer->kind == ROG_LAYER_ADD) {
            places->dx = places->dy;
            slots[places->dy].users++;
        } else if (i > 0) {
            places->dx = pool_take(&net->gradients, value_floats(net, i), false);
        }
        slots[places->dy].users--;
        if (places->dx_add != ROG_NO_INDEX)
            slots[places->dx_add].users--;
        gradient[i] = places->dx;
    }
    free(gradient);
    return 0;
}

static int prepare(struct rog_net *net, struct rog_error *err)
{
    uint32_t count = net->arch->layer_count;
    net->layers = calloc(count, sizeof *net->layers);
    net->places = calloc(count, sizeof *net->places);
    net->groups = calloc(count, sizeof *net->groups);
    net->values.slots = calloc((size_t)count + 1, sizeof *net->values.slots);
    net->gradients.slots = calloc((size_t)count + 1, sizeof *net->gradients.slots);
    if (!net->layers || !net->places || !net->groups || !net->values.slots || !net->gradients.slots)
        return rog_fail_nomem(err);

    plan_groups(net);
    plan_values(net);
    if (net->mode != ROG_NET_INFER && plan_gradients(net))
        return rog_fail_nomem(err);
    net->logits = rog_floats((size_t)net->batch * net->arch->classes);
    if (!net->logits)
        return rog_fail_nomem(err);
    int code = pool_allocate(&net->values, err);
    if (!code)
        code = pool_allocate(&net->gradients, err);
    if (!code)
        code = rog_prims_new(&net->prims, err);
    for (uint32_t i = 0; i < count && !code; i++)
        code = rog_layer_init(&net->layers[i], net->arch, &net->arch->layers[i],
                              net->groups[net->places[i].group].tile, net->mode, i > 0, net->prims,
                              err);
    return code;
}

int rog_net_new_threads(struct rog_net **net, const struct rog_arch *arch, uint32_t batch,
                        enum rog_net_mode mode, uint32_t threads, struct rog_error *err)
{
    *net = NULL;
    uint64_t pixels = (uint64_t)arch->image_size * arch->image_size;
    if (batch < 1 || batch * pixels > INT32_MAX)
        return rog_fail(err, ROG_EINVAL,
                        "network %s: batch must be 1 to %llu at %ux%u pixels (found %u)",
                        arch->name, (unsigned long long)(INT32_MAX / pixels), arch->image_size,
                        arch->image_size, batch);
    if (threads < 1 || threads > 1024)
        return rog_fail(err, ROG_EINVAL, "network %s: threads must be 1 to 1024 (found %u)",
                        arch->name, threads);
    struct rog_net *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->arch = arch;
    made->batch = batch;
    made->mode = mode;
    made->threads = threads;

    int outer_threads = omp_get_max_threads();
    omp_set_num_threads((int)threads);
    int code = prepare(made, err);
    omp_set_num_threads(outer_threads);
    if (code) {
        rog_net_free(made);
        rog_fail_prefix(err, "network %s, batch %u", arch->name, batch);
        return code;
    }
    *net = made;
    return 0;
}

int rog_net_new(struct rog_net **net, const struct rog_arch *arch, uint32_t batch,
                enum rog_net_mode mode, struct rog_error *err)
{
    return rog_net_new_threads(net, arch, batch, mode, 1, err);
}

void rog_net_free(struct rog_net *net)
{
    if (!net)
        return;
    for (uint32_t i = 0; net->layers && i < net->arch->layer_count; i++)
        rog_layer_release(&net->layers[i]);
    rog_prims_free(net->prims);
    pool_release(&net->values);
    pool_release(&net->gradients);
    free(net->logits);
    free(net->layers);
    free(net->places);
    free(net->groups);
    free(net);
}

/* ---- passes ---- */

static float *value_data(const struct rog_net *net, uint32_t value)
{
    return net->values.slots[net->places[value - 1].y].data;
}

static float *gradient_data(const struct rog_net *net, uint32_t slot)
{
    return slot == ROG_NO_INDEX ? NULL : net->gradients.slots[slot].data;
}

/* Sets the arguments of the i-th layer's pass: for the tile whose first image is `first`; the
 * output is the corresponding part of a larger tile whose first image is `outer`. */
static void set_pass(const struct rog_net *net, uint32_t i, uint32_t first, uint32_t outer,
                     const float *images, struct rog_pass *pass)
{
    const struct rog_arch_layer *layer = &net->arch->layers[i];
    bool last = i + 1 == net->arch->layer_count;
    bool last_of_group = i + 1 == net->groups[net->places[i].group].end;
    size_t pixels = (size_t)net->arch->image_size * net->arch->image_size;
    images += first * pixels * 3;
    pass->x = i == 0 ? images : value_data(net, i);
    pass->y = last ? net->logits : value_data(net, i + 1);
    if (last_of_group)
        pass->y += (first - outer) * layer_floats(layer);
    pass->skip = NULL;
    if (layer->skip != ROG_NO_INDEX)
        pass->skip = layer->skip == 0 ? images : value_data(net, layer->skip);
}

/* Runs images [begin, end) up to the end of a group, in its tiles; each tile is collected from
 * tiles of the previous groups. */
static int run_group(struct rog_net *net, uint32_t index, uint32_t begin, uint32_t end,
                     const float *images, struct rog_pass *pass, struct rog_error *err)
{
    const struct group *group = &net->groups[index];
    int code = 0;
    for (uint32_t first = begin; first < end && !code; first += group->tile) {
        if (index > 0)
            code = run_group(net, index - 1, first, first + group->tile, images, pass, err);
        for (uint32_t i = group->first; i < group->end && !code; i++) {
            struct rog_layer *layer = &net->layers[i];
            set_pass(net, i, first, begin, images, pass);
            if (first == 0 && layer->ops->prepare)
                code = layer->ops->prepare(layer, pass, err);
            if (!code)
                code = layer->ops->forward(layer, pass, err);
        }
    }
    return code;
}

static int run_forward(struct rog_net *net, const float *images, struct rog_pass *pass,
                       struct rog_error *err)
{
    return run_group(net, net->group_count - 1, 0, net->batch, images, pass, err);
}

static int run_backward(struct rog_net *net, const float *images, struct rog_pass *pass,
                        struct rog_error *err)
{
    int code = 0;
    for (uint32_t i = net->arch->layer_count; i-- > 0 && !code;) {
        const struct places *places = &net->places[i];
        set_pass(net, i, 0, 0, images, pass);
        pass->dy = gradient_data(net, places->dy);
        pass->dx = gradient_data(net, places->dx);
        pass->dx_add = gradient_data(net, places->dx_add);
        code = net->layers[i].ops->backward(&net->layers[i], pass, err);
    }
    return code;
}

int rog_net_forward(struct rog_net *net, const float *params, const float *buffers,
                    const float *images, const float **logits, struct rog_error *err)
{
    struct rog_pass pass = {.params = params, .buffers = buffers};
    int outer_threads = omp_get_max_threads();
    omp_set_num_threads((int)net->threads);
    int code = run_forward(net, images, &pass, err);
    omp_set_num_threads(outer_threads);
    *logits = code ? NULL : net->logits;
    return code;
}

int rog_net_gradients(struct rog_net *net, const float *params, float *buffers, const float *images,
                      const float *targets, float *loss, float *grads, struct rog_error *err)
{
    uint32_t last = net->arch->layer_count;
    struct rog_pass pass = {.params = params, .buffers = buffers, .grads = grads};
    if (net->mode == ROG_NET_INFER)
        return rog_fail(err, ROG_EINVAL,
                        "network %s was created for inference: it has no gradients",
                        net->arch->name);
    if (net->mode == ROG_NET_TRAIN)
        pass.updated_buffers = buffers;

    int outer_threads = omp_get_max_threads();
    omp_set_num_threads((int)net->threads);
    int code = run_forward(net, images, &pass, err);
    if (!code) {
        *loss = rog_cross_entropy(net->batch, net->arch->classes, net->logits, targets,
                                  gradient_data(net, net->places[last - 1].dy));
        code = run_backward(net, images, &pass, err);
    }
    omp_set_num_threads(outer_threads);
    return code;
}
