/* SPDX-License-Identifier: Apache-2.0 */
/* Control: which worker gets it, and the messages that return it. */
#include <trainer/programs/programs_state.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <librog/virtual/message.h>
#include <rog/events.h>

#define BYTES_MAX (UINT64_C(1) << 50) /* of a transfer */
#define MESSAGES 64                   /* of a worker, handled at once */

/* ---- giving control ---- */

static int tell(struct worker *worker, const struct rog_virtual_message *message,
                struct rog_error *err)
{
    struct rog_error why;
    int code = rog_virtual_send(worker->fd, message, -1, &why);
    /* A closed connection is found when it is read. */
    return !code || code == ROG_EFAILED
               ? ROG_OK
               : rog_fail(err, ROG_EFAILED, "worker %u's program: %s", worker->rank, why.message);
}

static void run(struct rog_programs *programs, struct worker *worker)
{
    worker->standing = STANDING_COMPUTING;
    worker->since_s = rog_clock_s();
    worker->child->computes = true;
    programs->computing++;
}

static void rest(struct rog_programs *programs, struct worker *worker, enum standing standing)
{
    worker->standing = standing;
    worker->child->computes = false;
    programs->computing--;
}

static int hand_over(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    const struct rog_programs_turn *turn = &worker->turn;
    struct rog_virtual_message message = {
        .kind = worker->started ? ROG_VIRTUAL_GO : ROG_VIRTUAL_START,
        .rank = worker->rank,
        .number = turn->iteration - 1,
    };
    int code = programs_ask_to_keep(programs, worker, &message.flags, err);
    if (code)
        return code;
    rog_region_tell(&worker->region, turn->iteration, turn->local_steps, &turn->statistics);
    worker->started = true;
    run(programs, worker);
    return tell(worker, &message, err);
}

/* Answers a request: the momentum or the residual of a tensor, to be read or changed. */
static int answer(const struct rog_programs *programs, struct worker *worker,
                  const struct rog_virtual_message *asked, struct rog_error *err)
{
    const struct rog_programs_options *how = &programs->how;
    const struct rog_layout *layout = programs->layout;
    const struct rog_virtual_message message = {.kind = ROG_VIRTUAL_STATE, .rank = worker->rank};
    size_t bytes = layout->tensors[asked->number].size * sizeof(float);
    float *momentum = NULL, *residual = NULL, *place = rog_region_gradients(&worker->region);
    if (how->state)
        how->state(how->user, worker->rank - 1, asked->number, &momentum, &residual);
    float *part = asked->part == ROG_VIRTUAL_MOMENTUM ? momentum : residual;
    for (uint32_t i = 0; i < asked->number; i++)
        place += layout->tensors[i].size;
    if (asked->kind == ROG_VIRTUAL_STATE_PUT && part)
        memcpy(part, place, bytes);
    else if (asked->kind == ROG_VIRTUAL_STATE_GET && part)
        memcpy(place, part, bytes);
    else if (asked->kind == ROG_VIRTUAL_STATE_GET)
        memset(place, 0, bytes);
    return tell(worker, &message, err);
}

static int answer_and_go_on(struct rog_programs *programs, struct worker *worker,
                            struct rog_error *err)
{
    worker->aside = true;
    run(programs, worker);
    return answer(programs, worker, &worker->message, err);
}

/* Returns the worker that gets control next: the one whose result is awaited, if possible;
 * otherwise the one that has waited longest. After the end of the run all results are awaited.
 * NULL: none. */
static struct worker *choose(struct rog_programs *programs)
{
    struct worker *next = NULL;
    bool helps = false;
    for (uint32_t i = 0; i < programs->count; i++) {
        struct worker *worker = &programs->workers[i];
        bool is_wanted = worker == programs->wanted || programs->ending;
        if (!worker->child || worker->child->computes || worker->fd < 0)
            continue;
        if (is_wanted && worker->standing == STANDING_ASKING)
            return worker;
        if (worker->standing != STANDING_QUEUED)
            continue;
        /* Workers of a process keep their order, so this one gets control only after those before
         * it. */
        bool helps_too = programs->wanted && worker->child == programs->wanted->child &&
                         programs->wanted->standing == STANDING_QUEUED;
        if (!next || (helps_too && !helps) || (helps_too == helps && worker->order < next->order)) {
            next = worker;
            helps = helps_too;
        }
    }
    return next;
}

int programs_dispatch(struct rog_programs *programs, struct rog_error *err)
{
    struct worker *next;
    int code = ROG_OK;
    while (!code && programs->computing < programs->how.at_once && (next = choose(programs)))
        code = next->standing == STANDING_ASKING ? answer_and_go_on(programs, next, err)
                                                 : hand_over(programs, next, err);
    return code;
}

int rog_programs_compute(struct rog_programs *programs, const struct rog_programs_turn *turn,
                         struct rog_error *err)
{
    struct worker *worker = &programs->workers[turn->worker];
    worker->turn = *turn;
    worker->taken = false;
    worker->standing = STANDING_QUEUED;
    worker->order = ++programs->orders;
    return programs_dispatch(programs, err);
}

/* ---- messages ---- */

void programs_hang_up(struct rog_programs *programs, struct worker *worker)
{
    worker->broke_off = worker->standing == STANDING_COMPUTING;
    if (worker->broke_off) {
        rest(programs, worker, STANDING_WAITING);
        worker->child->computes = true; /* no other worker of that process gets control */
    }
    close(worker->fd);
    worker->fd = -1;
    worker->closed_s = rog_clock_s();
    programs->disturbed = true;
}

/* Joins lines, with one blank between words. */
static void join_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool blank = (unsigned char)*from <= ' ';
        if (!blank || (to > text && to[-1] != ' '))
            *to++ = (char)(blank ? ' ' : *from);
    }
    *to = '\0';
}

/* Reports the program's own error: the last line first, which has the cause. */
static int failed(const struct worker *worker, char *text, struct rog_error *err)
{
    size_t length = strlen(text);
    while (length && (unsigned char)text[length - 1] <= ' ')
        text[--length] = '\0';
    char *last = strrchr(text, '\n');
    if (last)
        *last++ = '\0';
    const char *rest = last ? text : "";
    join_lines(last ? last : text);
    if (last)
        join_lines(text);
    return rog_fail(err, ROG_EFAILED, "worker %u's program failed: %s%s%s%s (%s)", worker->rank,
                    last ? last : text, *rest ? " [" : "", rest, *rest ? "]" : "",
                    worker->child->log.path);
}

static int invalid(const struct worker *worker, const char *what, struct rog_error *err)
{
    return rog_fail(err, ROG_EFAILED, "worker %u's program sent an invalid message: %s",
                    worker->rank, what);
}

static int take_step(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    const struct rog_layout *layout = programs->layout;
    struct rog_error why;
    bool is_delta = strcmp(programs->how.config->contribution, "delta") == 0;
    if (is_delta ? worker->message.number != 0 : worker->message.number == 0)
        return invalid(worker, is_delta ? "a rule with a delta" : "gradients without a rule", err);
    if (rog_region_take(&worker->region, worker->message.number, worker->given, worker->rules,
                        &why))
        return invalid(worker, why.message, err);
    const float *place = rog_region_gradients(&worker->region);
    for (uint32_t i = 0; place && i < layout->trained; i++) {
        worker->gradients[i] = worker->given[i] ? place : NULL;
        place += layout->tensors[i].size;
    }
    programs_miss_kept(programs, worker);
    rest(programs, worker, STANDING_BROUGHT);
    return ROG_OK;
}

static int take_finish(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    (void)err;
    worker->finishes = true;
    programs_miss_kept(programs, worker);
    rest(programs, worker, STANDING_BROUGHT);
    return ROG_OK;
}

static int take_settle(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    (void)err;
    rest(programs, worker, STANDING_BROUGHT);
    return ROG_OK;
}

static int take_transfer(struct rog_programs *programs, struct worker *worker,
                         struct rog_error *err)
{
    if (worker->message.bytes > BYTES_MAX || worker->message.bytes_down > BYTES_MAX)
        return invalid(worker, "a message of its own that is too long", err);
    rest(programs, worker, STANDING_BROUGHT);
    return ROG_OK;
}

static int take_apart(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    if (worker->message.number > 1)
        return invalid(worker, "an iteration with an unknown ending", err);
    programs_miss_kept(programs, worker);
    rest(programs, worker, STANDING_BROUGHT);
    return ROG_OK;
}

static int check_question(const struct worker *worker, const struct rog_virtual_message *asked,
                          struct rog_error *err)
{
    if (worker->region.without_values || asked->number >= worker->region.trained ||
        asked->part > ROG_VIRTUAL_RESIDUAL)
        return invalid(worker, "it requested the state of an unknown tensor", err);
    return ROG_OK;
}

static int take_question(struct rog_programs *programs, struct worker *worker,
                         struct rog_error *err)
{
    int code = check_question(worker, &worker->message, err);
    if (code)
        return code;
    rest(programs, worker, STANDING_ASKING);
    return ROG_OK;
}

/* Messages that a program may send while it has control. */
static const struct {
    enum rog_virtual_kind kind;
    enum rog_programs_kind result; /* the kind of result, unless the message is a question */
    int (*take)(struct rog_programs *programs, struct worker *worker, struct rog_error *err);
} messages[] = {
    {ROG_VIRTUAL_STEP, ROG_PROGRAMS_STEP, take_step},
    {ROG_VIRTUAL_FINISH, ROG_PROGRAMS_FINISH, take_finish},
    {ROG_VIRTUAL_TRANSFER, ROG_PROGRAMS_TRANSFER, take_transfer},
    {ROG_VIRTUAL_APART, ROG_PROGRAMS_APART, take_apart},
    {ROG_VIRTUAL_SETTLE, ROG_PROGRAMS_SETTLE, take_settle},
    {ROG_VIRTUAL_STATE_GET, ROG_PROGRAMS_STEP, take_question},
    {ROG_VIRTUAL_STATE_PUT, ROG_PROGRAMS_STEP, take_question},
    {ROG_VIRTUAL_KEPT, ROG_PROGRAMS_STEP, programs_take_kept},
};

/* After the end of the run it may still read its state. */
static int take_late(struct rog_programs *programs, struct worker *worker,
                     const struct rog_virtual_message *message, struct rog_error *err)
{
    if (message->kind != ROG_VIRTUAL_STATE_GET && message->kind != ROG_VIRTUAL_STATE_PUT)
        return invalid(worker, "a message after the end of the run", err);
    int code = check_question(worker, message, err);
    return code ? code : answer(programs, worker, message, err);
}

static int take(struct rog_programs *programs, struct worker *worker,
                struct rog_virtual_message *message, struct rog_error *err)
{
    if (message->kind == ROG_VIRTUAL_FAIL && strcmp(message->text, ROG_CLOSED) == 0) {
        programs_hang_up(programs, worker); /* the exit of its process has more information */
        return ROG_OK;
    }
    if (message->kind == ROG_VIRTUAL_FAIL)
        return failed(worker, message->text, err);
    if (worker->standing == STANDING_TOLD)
        return take_late(programs, worker, message, err);
    if (worker->standing != STANDING_COMPUTING)
        return invalid(worker, "a message while it was not its turn", err);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].kind == message->kind) {
            worker->message = *message;
            worker->result = messages[i].result;
            return messages[i].take(programs, worker, err);
        }
    return invalid(worker, "a message of unknown kind", err);
}

int programs_hear(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    struct rog_virtual_message message;
    struct rog_error why;
    int code = ROG_OK;
    for (int i = 0; i < MESSAGES && worker->fd >= 0 && !code; i++) {
        int got = rog_virtual_receive(worker->fd, &message, NULL, &why);
        if (got == ROG_EBUSY)
            break;
        if (got == ROG_EFORMAT)
            code = invalid(worker, why.message, err);
        else if (got)
            programs_hang_up(programs, worker);
        else
            code = take(programs, worker, &message, err);
    }
    return code;
}

/* ---- the result ---- */

int rog_programs_result(struct rog_programs *programs, uint32_t index,
                        struct rog_programs_result *result, struct rog_error *err)
{
    struct worker *worker = &programs->workers[index];
    const struct rog_virtual_message *message = &worker->message;
    programs->wanted = worker;
    int code = programs_dispatch(programs, err);
    while (!code && worker->standing != STANDING_BROUGHT && !worker->taken)
        code = programs_wait(programs, err);
    programs->wanted = NULL;
    if (code)
        return code;
    bool steps = worker->result == ROG_PROGRAMS_STEP;
    worker->standing = STANDING_WAITING;
    worker->taken = !programs_is_aside(worker->result);
    *result = (struct rog_programs_result){
        .kind = worker->result,
        .gradients = steps && rog_region_gradients(&worker->region) ? worker->gradients : NULL,
        .rules = worker->rules,
        .rule_count = steps ? message->number : 0,
        .model = worker->result == ROG_PROGRAMS_APART && message->number
                     ? rog_region_values(&worker->region)
                     : NULL,
        .loss = message->loss,
        .seconds = message->seconds >= 0 && isfinite(message->seconds) ? message->seconds : 0,
        .bytes_up = message->bytes,
        .bytes_down = message->bytes_down,
    };
    return ROG_OK;
}
