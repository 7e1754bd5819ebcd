/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the rows sent of each layer, and writes the event for them. */
#include <librog/events/layers.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <rog/events.h>

struct layer {
    char *name;
    uint32_t rows;
};

struct rog_layers {
    const struct rog_rows *rows;
    uint32_t count;
    struct layer *layer; /* [count] */
    uint32_t *of_tensor; /* [tensor]: its layer */
    uint32_t *sums;      /* [count]: for the event being written */
};

/* Returns the part of a tensor's name that is its layer's name, in heap memory. */
static char *layer_name(const struct rog_rows *rows, uint32_t tensor)
{
    const char *name = rows->tensors[tensor].name;
    if (!name)
        return rog_format("tensor %u", tensor);
    const char *dot = strrchr(name, '.');
    return strndup(name, dot ? (size_t)(dot - name) : strlen(name));
}

int rog_layers_new(struct rog_layers **out, const struct rog_rows *rows, struct rog_error *err)
{
    *out = NULL;
    uint32_t tensors = rows->tensor_count;
    struct rog_layers *layers = calloc(1, sizeof *layers);
    if (!layers)
        return rog_fail_nomem(err);
    layers->rows = rows;
    layers->layer = calloc(tensors + 1u, sizeof *layers->layer);
    layers->of_tensor = calloc(tensors + 1u, sizeof *layers->of_tensor);
    layers->sums = calloc(tensors + 1u, sizeof *layers->sums);
    bool whole = layers->layer && layers->of_tensor && layers->sums;
    for (uint32_t i = 0; whole && i < tensors; i++) {
        char *name = layer_name(rows, i);
        struct layer *last = layers->count ? &layers->layer[layers->count - 1] : NULL;
        whole = name != NULL;
        if (whole && (!last || strcmp(last->name, name) != 0))
            layers->layer[layers->count++].name = name;
        else
            free(name);
        if (!whole)
            break;
        layers->of_tensor[i] = layers->count - 1;
        layers->layer[layers->count - 1].rows += rows->tensors[i].rows;
    }
    if (!whole) {
        rog_layers_free(layers);
        return rog_fail_nomem(err);
    }
    *out = layers;
    return ROG_OK;
}

void rog_layers_free(struct rog_layers *layers)
{
    if (!layers)
        return;
    for (uint32_t i = 0; i < layers->count; i++)
        free(layers->layer[i].name);
    free(layers->sums);
    free(layers->of_tensor);
    free(layers->layer);
    free(layers);
}

struct rog_json *rog_layers_json(const struct rog_layers *layers)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct layer *layer = &layers->layer[i];
        struct rog_json *pair = rog_json_array();
        rog_json_append(pair, rog_json_new_string(layer->name));
        rog_json_append(pair, rog_json_new_integer(layer->rows));
        rog_json_append(list, pair);
    }
    return list;
}

static void put_counts(struct rog_layers *layers, struct rog_events *events, const char *key,
                       const uint32_t *tensor_rows)
{
    memset(layers->sums, 0, layers->count * sizeof *layers->sums);
    for (uint32_t i = 0; i < layers->rows->tensor_count; i++)
        layers->sums[layers->of_tensor[i]] += tensor_rows[i];
    rog_event_integers(events, key, layers->sums, layers->count);
}

int rog_layers_report(struct rog_layers *layers, struct rog_events *events, double t_s,
                      int64_t rank, uint32_t iteration, const struct rog_worker *worker,
                      struct rog_error *err)
{
    struct rog_worker_status status;
    rog_worker_status(worker, &status);
    uint32_t all = layers->rows->row_count;
    if (status.rows_pushed == all && status.rows_pulled == all)
        return ROG_OK;
    rog_event_begin(events, ROG_EVENT_ROWS, t_s, rank);
    rog_event_integer(events, "iteration", iteration);
    put_counts(layers, events, "pushed", rog_worker_pushed_rows(worker));
    put_counts(layers, events, "pulled", rog_worker_pulled_rows(worker));
    return rog_event_end(events, err);
}
