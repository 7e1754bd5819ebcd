/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a server optimizer: sums, steps, and its state as bytes. */
#include <librog/sync/server_update.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <librog/optimizers/optimizers.h>

/* ---- creation and release ---- */

static int make_floats(float **floats, uint64_t count, struct rog_error *err)
{
    *floats = rog_floats(count);
    if (!*floats)
        return rog_fail_nomem(err);
    memset(*floats, 0, count * sizeof **floats);
    return 0;
}

static uint32_t longest_row(const struct rog_rows *rows)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++)
        longest = rows->tensors[i].row_size > longest ? rows->tensors[i].row_size : longest;
    return longest;
}

static int make_round(struct rog_server_update *update, bool values, struct rog_error *err)
{
    const struct rog_server_optimizer *optimizer = update->optimizer;
    int code = rog_set_init(&update->in_round, update->rows->row_count, err);
    if (code)
        return code;
    update->row_steps = calloc(update->rows->row_count, sizeof *update->row_steps);
    if (!update->row_steps)
        return rog_fail_nomem(err);
    if (values && optimizer->votes && optimizer->votes(&update->config))
        code = make_floats(&update->votes, longest_row(update->rows), err);
    return code || !values ? code : make_floats(&update->sum, update->rows->params, err);
}

int rog_server_update_init(struct rog_server_update *update,
                           const struct rog_server_optimizer *optimizer, const void *parameters,
                           const struct rog_rows *rows, uint32_t workers, bool values,
                           struct rog_error *err)
{
    if (!optimizer)
        optimizer = rog_server_optimizers[0];
    assert(optimizer->memory <= ROG_SERVER_OPTIMIZER_MEMORY);
    *update = (struct rog_server_update){
        .optimizer = optimizer,
        .rows = rows,
        .config = {.parameters = parameters, .workers = workers, .share = 1.0f / (float)workers}};
    if (optimizer->parameters && !parameters)
        return rog_fail(err, ROG_EINVAL, "the server optimizer %s was given no parameters",
                        optimizer->name);
    int code = 0;
    for (uint32_t i = 0; i < optimizer->memory && values && !code; i++)
        code = make_floats(&update->memory[i], rows->params, err);
    if (!code && rog_server_update_in_rounds(update))
        code = make_round(update, values, err);
    if (code)
        rog_server_update_release(update);
    return code;
}

void rog_server_update_release(struct rog_server_update *update)
{
    for (uint32_t i = 0; i < ROG_SERVER_OPTIMIZER_MEMORY; i++) {
        free(update->memory[i]);
        update->memory[i] = NULL;
    }
    free(update->sum);
    free(update->votes);
    free(update->row_steps);
    rog_set_release(&update->in_round);
    update->sum = update->votes = NULL;
    update->row_steps = NULL;
}

/* ---- arrivals ---- */

/* Sets memory[] to the optimizer's memory of a row. */
static void memory_of(const struct rog_server_update *update, uint64_t offset, float **memory)
{
    for (uint32_t i = 0; i < update->optimizer->memory; i++)
        memory[i] = update->memory[i] + offset;
}

void rog_server_update_arrived(struct rog_server_update *update, const uint32_t *list,
                               uint32_t count, uint32_t *merged)
{
    bool in_rounds = rog_server_update_in_rounds(update);
    for (uint32_t i = 0; i < count; i++) {
        if (in_rounds)
            rog_set_add(&update->in_round, list[i]);
        else
            merged[list[i]]++;
    }
}

static ROG_KERNEL_WIDE void add_signs(float weight, const float *restrict x, float *restrict sum,
                                      size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] += weight * (float)((x[i] > 0) - (x[i] < 0));
}

static void add_votes(struct rog_server_update *update, const struct rog_arrival *arrival,
                      float *sum)
{
    uint32_t elements = arrival->coded.elements;
    memset(update->votes, 0, elements * sizeof *update->votes);
    rog_arrival_subtract(arrival, -1, update->votes);
    add_signs(arrival->weight, update->votes, sum, elements);
}

void rog_server_update_apply(struct rog_server_update *update, const struct rog_arrival *arrival,
                             float *change)
{
    uint64_t offset = rog_rows_offset(update->rows, arrival->row);
    if (update->votes) {
        add_votes(update, arrival, update->sum + offset);
    } else if (update->sum) {
        rog_arrival_subtract(arrival, -arrival->weight, update->sum + offset);
    } else {
        float *memory[ROG_SERVER_OPTIMIZER_MEMORY];
        memory_of(update, offset, memory);
        update->optimizer->apply(&update->config, arrival, memory, change + offset);
    }
}

/* ---- steps ---- */

void rog_server_update_push_begins(struct rog_server_update *update)
{
    update->steps += !rog_server_update_in_rounds(update);
}

void rog_server_update_push_ends(struct rog_server_update *update)
{
    update->contributions += rog_server_update_in_rounds(update);
}

void rog_server_update_left(struct rog_server_update *update, uint32_t contributions)
{
    uint32_t rest = update->contributions - update->gone;
    update->gone += contributions < rest ? contributions : rest;
}

static void step_row(struct rog_server_update *update, uint32_t row, float *change)
{
    uint64_t offset = rog_rows_offset(update->rows, row);
    uint32_t elements = rog_rows_size(update->rows, row);
    const struct rog_round round = {.contributions = update->contributions,
                                    .steps = update->row_steps[row]};
    float *memory[ROG_SERVER_OPTIMIZER_MEMORY], *sum = update->sum + offset;
    memory_of(update, offset, memory);
    update->optimizer->step(&update->config, &round, sum, memory, change + offset, elements);
    memset(sum, 0, elements * sizeof *sum);
}

void rog_server_update_settle(struct rog_server_update *update, uint32_t active, float *change,
                              uint32_t *merged)
{
    if (!rog_server_update_in_rounds(update) || update->contributions == 0 ||
        update->contributions < update->optimizer->round(&update->config, active + update->gone))
        return;
    for (uint32_t row = rog_set_next(&update->in_round, 0); row < update->in_round.size;
         row = rog_set_next(&update->in_round, row + 1)) {
        merged[row]++;
        update->row_steps[row] += update->row_steps[row] < UINT32_MAX;
        if (change)
            step_row(update, row, change);
    }
    rog_set_clear(&update->in_round);
    update->contributions = update->gone = 0;
    update->steps++;
}

/* ---- state beside a checkpoint, and archive ---- */

/*
 * u64 steps; u32 contributions; u32 steps of each row; u8 of each row, whether it is in the round;
 * then, for the whole model, the sum and the optimizer's memory. Optimizers at once have only the
 * last. Little-endian.
 */
#define STEPS_BYTES 8
#define COUNT_BYTES 4
#define ROW_BYTES (COUNT_BYTES + 1)

/* Lists the arrays of the model's size, with NULL at the end. */
static void arrays_of(const struct rog_server_update *update,
                      float *arrays[ROG_SERVER_OPTIMIZER_MEMORY + 2])
{
    uint32_t count = 0;
    if (update->sum)
        arrays[count++] = update->sum;
    for (uint32_t i = 0; i < ROG_SERVER_OPTIMIZER_MEMORY && update->memory[i]; i++)
        arrays[count++] = update->memory[i];
    arrays[count] = NULL;
}

size_t rog_server_update_bytes(const struct rog_server_update *update)
{
    float *arrays[ROG_SERVER_OPTIMIZER_MEMORY + 2];
    size_t bytes = 0;
    arrays_of(update, arrays);
    if (rog_server_update_in_rounds(update))
        bytes = STEPS_BYTES + COUNT_BYTES + ROW_BYTES * (size_t)update->rows->row_count;
    for (uint32_t i = 0; arrays[i]; i++)
        bytes += update->rows->params * sizeof(float);
    return bytes;
}

static uint8_t *save_round(const struct rog_server_update *update, uint8_t *at)
{
    rog_put_number(at, update->steps, STEPS_BYTES);
    rog_put_number(at + STEPS_BYTES, update->contributions, COUNT_BYTES);
    at += STEPS_BYTES + COUNT_BYTES;
    for (uint32_t row = 0; row < update->rows->row_count; row++, at += ROW_BYTES) {
        rog_put_number(at, update->row_steps[row], COUNT_BYTES);
        at[COUNT_BYTES] = rog_set_has(&update->in_round, row);
    }
    return at;
}

static const uint8_t *load_round(struct rog_server_update *update, const uint8_t *at)
{
    update->steps = rog_get_number(at, STEPS_BYTES);
    update->contributions = (uint32_t)rog_get_number(at + STEPS_BYTES, COUNT_BYTES);
    update->gone = update->contributions; /* no worker is present */
    at += STEPS_BYTES + COUNT_BYTES;
    rog_set_clear(&update->in_round);
    for (uint32_t row = 0; row < update->rows->row_count; row++, at += ROW_BYTES) {
        update->row_steps[row] = (uint32_t)rog_get_number(at, COUNT_BYTES);
        if (at[COUNT_BYTES])
            rog_set_add(&update->in_round, row);
    }
    return at;
}

void rog_server_update_save(const struct rog_server_update *update, uint8_t *bytes)
{
    float *arrays[ROG_SERVER_OPTIMIZER_MEMORY + 2];
    arrays_of(update, arrays);
    if (rog_server_update_in_rounds(update))
        bytes = save_round(update, bytes);
    for (uint32_t i = 0; arrays[i]; i++)
        for (uint64_t k = 0; k < update->rows->params; k++, bytes += sizeof(float))
            rog_put_float(bytes, arrays[i][k]);
}

int rog_server_update_load(struct rog_server_update *update, const uint8_t *bytes, size_t size,
                           struct rog_error *err)
{
    float *arrays[ROG_SERVER_OPTIMIZER_MEMORY + 2];
    if (size != rog_server_update_bytes(update))
        return rog_fail(err, ROG_EFORMAT, "%zu bytes of server optimizer state, but %s has %zu",
                        size, update->optimizer->name, rog_server_update_bytes(update));
    arrays_of(update, arrays);
    if (rog_server_update_in_rounds(update))
        bytes = load_round(update, bytes);
    for (uint32_t i = 0; arrays[i]; i++)
        for (uint64_t k = 0; k < update->rows->params; k++, bytes += sizeof(float))
            arrays[i][k] = rog_get_float(bytes);
    return 0;
}

void rog_server_update_archive(struct rog_server_update *update, struct rog_archive *archive)
{
    float *arrays[ROG_SERVER_OPTIMIZER_MEMORY + 2];
    rog_archive_same(archive, rog_server_update_bytes(update),
                     "the state of the server optimizer differs");
    rog_archive_u64(archive, &update->steps);
    if (rog_archive_failed(archive))
        return;
    if (rog_server_update_in_rounds(update)) {
        rog_archive_u32(archive, &update->contributions);
        rog_archive_number(archive, &update->gone, update->contributions,
                           "workers that have left a round");
        rog_set_archive(&update->in_round, archive);
        rog_archive_bytes(archive, update->row_steps,
                          update->rows->row_count * sizeof *update->row_steps);
    }
    arrays_of(update, arrays);
    for (uint32_t i = 0; arrays[i]; i++)
        rog_archive_bytes(archive, arrays[i], update->rows->params * sizeof(float));
}
