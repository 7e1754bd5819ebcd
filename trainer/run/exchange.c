/* SPDX-License-Identifier: Apache-2.0 */
/* The rule, the rows and the size of a run's exchanges. */
#include <trainer/run/exchange.h>

#include <stdlib.h>
#include <string.h>

#include <librog/sync/message.h>
#include <librog/sync/worker.h>
#include <rog/strategy.h>

#define MESSAGES 128
#define LATE_S 1e12 /* later than every budget's end */

/* Values of the setting momentum_kind. */
static enum rog_rule_kind kind_of(const char *name)
{
    static const char *const names[] = {[ROG_RULE_BLOCK] = "block",
                                        [ROG_RULE_NESTEROV] = "nesterov",
                                        [ROG_RULE_HEAVY_BALL] = "heavy_ball"};
    int kind = ROG_RULE_BLOCK;
    while (kind < ROG_RULE_HEAVY_BALL && strcmp(name, names[kind]) != 0)
        kind++;
    return (enum rog_rule_kind)kind;
}

struct rog_rule rog_exchange_rule(const struct rog_run_config *config, uint32_t iteration)
{
    return (struct rog_rule){
        .learning_rate = rog_run_config_learning_rate(config, iteration),
        .momentum = config->momentum,
        .weight_decay = config->weight_decay,
        .kind = kind_of(config->momentum_kind),
    };
}

size_t rog_exchange_message_bytes(const struct rog_rows *rows)
{
    size_t least = rog_message_min_bytes(rows);
    uint64_t push = rows->way[ROG_ROWS_PUSH].wire_bytes, pull = rows->way[ROG_ROWS_PULL].wire_bytes;
    size_t share = (size_t)((push > pull ? push : pull) / MESSAGES);
    return share > least ? share : least;
}

static void admit_everybody(void *state, const struct rog_strategy_config *config,
                            const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

/* Sends a whole push, at a time after every budget's end. */
static int push_once(struct rog_worker *worker, const struct rog_rows *rows, uint64_t *bytes,
                     struct rog_error *err)
{
    size_t room = rog_exchange_message_bytes(rows), size = 0;
    uint8_t *message = malloc(room);
    if (!message)
        return rog_fail_nomem(err);
    *bytes = 0;
    const struct rog_rule rule = {.learning_rate = 0};
    const struct rog_worker_gradients none = {.rules = &rule, .rule_count = 1};
    rog_worker_join(worker, rows->warmup); /* the iterations after the warm-up are those that
                                              matter */
    int code = rog_worker_push(worker, &none, 0, err);
    while (!code) {
        code = rog_worker_send(worker, LATE_S, message, room, &size, err);
        if (code || !size)
            break;
        *bytes += rog_message_wire_bytes(rows, message, size);
    }
    free(message);
    return code;
}

int rog_exchange_bytes(const struct rog_rows *rows, uint64_t *bytes, struct rog_error *err)
{
    static const struct rog_strategy everything = {
        .abi_version = ROG_STRATEGY_ABI,
        .struct_size = sizeof everything,
        .name = "EVERYTHING",
        .admit = admit_everybody,
    };
    const struct rog_worker_config config = {
        .rows = rows,
        .strategy = &everything,
        .policy = {.rows = rows->row_count, .workers = 1},
    };
    struct rog_worker *worker = NULL;
    int code = rog_worker_new(&worker, &config, NULL, err);
    if (!code)
        code = push_once(worker, rows, bytes, err);
    rog_worker_free(worker);
    return code;
}

int rog_exchange_selects(const struct rog_rows *rows, const struct rog_strategy *strategy,
                         const struct rog_strategy_config *policy, bool *selects,
                         struct rog_error *err)
{
    const struct rog_worker_config config = {.rows = rows, .strategy = strategy, .policy = *policy};
    struct rog_worker *worker = NULL;
    struct rog_worker_status status = {0};
    uint64_t bytes;
    int code = rog_worker_new(&worker, &config, NULL, err);
    if (!code)
        code = push_once(worker, rows, &bytes, err);
    if (!code)
        rog_worker_status(worker, &status);
    *selects = status.rows_pushed < rows->row_count;
    rog_worker_free(worker);
    return code;
}
