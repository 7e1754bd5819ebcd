/* SPDX-License-Identifier: Apache-2.0 */
/* The driver of a worker whose core is in the simulation: passes control and data. */
#include <librog/virtual/client.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/memory.h>
#include <librog/net/signals.h>
#include <librog/virtual/message.h>
#include <librog/virtual/region.h>
#include <rog/events.h>

/* Whether the program has written into its tensors is checked in the first exchanges, and then in
 * every CHECKED_EVERY-th. */
#define CHECKED_FIRST 3
#define CHECKED_EVERY 10

/* The arrays that rog_state has returned. */
struct state {
    float *parts[2]; /* by enum rog_virtual_part; NULL: not requested yet */
    bool handed;     /* since the program got control, so it may have written into them */
};

struct client {
    const struct rog_driver_options *options;
    pid_t process; /* a fork of this process does not take part in the run */
    int socket;    /* -1: not connected */
    struct rog_virtual_region region;
    struct rog_signals *signals; /* NULL: signals are not caught */
    bool deltas, overlaps;

    uint32_t awaits; /* the message that waits for its answer; 0: the program has control */
    bool exchanging; /* an exchange is in progress although the program has control */
    bool apart;      /* the model belongs to the program: it ended its last iteration itself */
    bool ended;      /* no side sends anything any more */
    uint32_t exchanges;
    double control_s; /* when the program got control */
    struct state *states;
    struct rog_driver_view view;
    int code;
    struct rog_error err;
};

/* ---- messages ---- */

/* Every later call fails with the first error. */
static int end_with(struct client *client, const struct rog_error *cause, struct rog_error *err)
{
    if (!client->code) {
        client->code = cause->code;
        client->err = *cause;
    }
    return rog_fail_again(err, &client->err);
}

/* Tells the simulation why this worker does not continue. If this fails, the worker still ends in
 * the same way. */
static int give_up(struct client *client, int code, const char *why, struct rog_error *err)
{
    struct rog_error cause;
    struct rog_virtual_message message = {.kind = ROG_VIRTUAL_FAIL, .rank = client->options->rank};
    rog_virtual_set_text(&message, why);
    if (!client->ended && client->socket >= 0)
        rog_virtual_send(client->socket, &message, -1, NULL);
    client->ended = true;
    rog_fail(&cause, code, "%s", why);
    return end_with(client, &cause, err);
}

static int take_error(struct client *client, const struct rog_virtual_message *message,
                      struct rog_error *err)
{
    struct rog_error cause;
    int code = message->number >= 1 && message->number <= -(int)ROG_EREPORTED
                   ? -(int)message->number
                   : ROG_EFAILED;
    client->ended = true;
    rog_fail(&cause, code, "%s", message->text);
    return end_with(client, &cause, err);
}

static int lost(struct client *client, const struct rog_error *why, struct rog_error *err)
{
    struct rog_error cause;
    client->ended = true;
    if (why->code == ROG_EFAILED)
        rog_fail(&cause, ROG_EFAILED, "the simulation that worker %u is part of (%s) has exited",
                 client->options->rank, client->options->server);
    else
        rog_fail_from(&cause, why, "the simulation that worker %u is part of (%s)",
                      client->options->rank, client->options->server);
    return end_with(client, &cause, err);
}

static uint32_t answer_to(uint32_t kind)
{
    switch (kind) {
    case ROG_VIRTUAL_HELLO:
        return ROG_VIRTUAL_START;
    case ROG_VIRTUAL_STATE_GET:
    case ROG_VIRTUAL_STATE_PUT:
        return ROG_VIRTUAL_STATE;
    default:
        return ROG_VIRTUAL_GO;
    }
}

/* Gives control to the program. */
static void take_control(struct client *client, const struct rog_virtual_message *message)
{
    const struct rog_virtual_head *head = client->region.head;
    bool begins = message->kind == ROG_VIRTUAL_START;
    if (client->awaits != ROG_VIRTUAL_TRANSFER && !client->apart)
        rog_virtual_region_take_model(&client->region, begins);
    client->view = (struct rog_driver_view){
        .statistics = head->statistics,
        .next = head->next_iteration,
        .local_steps = head->local_steps,
        .resumed = begins ? message->flags & ROG_VIRTUAL_RESUMED : client->view.resumed,
        .keep_due = message->flags & ROG_VIRTUAL_KEEP,
    };
    /* In a resumed run, the exchange of the iteration before is in progress. */
    bool pushed = client->awaits == ROG_VIRTUAL_STEP || (begins && message->number > 0);
    if (client->awaits != ROG_VIRTUAL_TRANSFER)
        client->exchanging = pushed && client->overlaps;
    client->control_s = rog_clock_s();
}

/* Receives the answer, if it has arrived. */
static int take(struct client *client, struct rog_error *err)
{
    struct rog_virtual_message message;
    struct rog_error why;
    int code = rog_virtual_receive(client->socket, &message, NULL, &why);
    if (code == ROG_EBUSY)
        return ROG_OK;
    if (!code && message.kind == ROG_VIRTUAL_ERROR)
        return take_error(client, &message, err);
    if (!code && message.kind != answer_to(client->awaits))
        code = rog_fail(&why, ROG_EFORMAT, "an unexpected message of kind %u", message.kind);
    if (code)
        return lost(client, &why, err);
    if (message.kind != ROG_VIRTUAL_STATE)
        take_control(client, &message);
    client->awaits = 0;
    return ROG_OK;
}

/* If the simulation has closed the connection, its last message gives the reason. */
static int send_message(struct client *client, const struct rog_virtual_message *message, int fd,
                        struct rog_error *err)
{
    struct rog_virtual_message last;
    struct rog_error why;
    if (!rog_virtual_send(client->socket, message, fd, &why))
        return ROG_OK;
    if (!rog_virtual_receive(client->socket, &last, NULL, NULL) && last.kind == ROG_VIRTUAL_ERROR)
        return take_error(client, &last, err);
    return lost(client, &why, err);
}

/* ---- waiting ---- */

static int interrupted(struct client *client, struct rog_error *err)
{
    int number = rog_signals_caught(client->signals);
    return number ? give_up(client, ROG_EINTR,
                            number == SIGINT ? ROG_INTERRUPTED "SIGINT" : ROG_INTERRUPTED "SIGTERM",
                            err)
                  : ROG_OK;
}

/* Waits until a message has arrived, and receives it. until_s: by rog_clock_s; INFINITY: no
 * limit. */
static int wait_and_take(struct client *client, double until_s, struct rog_error *err)
{
    struct pollfd polled[] = {
        {.fd = client->socket, .events = POLLIN},
        {.fd = client->signals ? rog_signals_fd(client->signals) : -1, .events = POLLIN}};
    double left_s = fmax(0, until_s - rog_clock_s());
    struct timespec left = {0};
    if (isfinite(until_s)) {
        left.tv_sec = (time_t)fmin(left_s, INT32_MAX);
        left.tv_nsec = (long)(1e9 * (left_s - floor(left_s)));
    }
    int count = ppoll(polled, 2, isfinite(until_s) ? &left : NULL, NULL);
    struct rog_error why;
    if (count < 0 && errno != EINTR) {
        rog_fail(&why, ROG_EIO, "cannot wait for it: %s", strerror(errno));
        return lost(client, &why, err);
    }
    int code = count > 0 && polled[1].revents ? interrupted(client, err) : ROG_OK;
    return !code && count > 0 && polled[0].revents ? take(client, err) : code;
}

static int wait_for_answer(struct client *client, double timeout_s, struct rog_error *err)
{
    double until_s = timeout_s < 0 ? (double)INFINITY : rog_clock_s() + fmax(0, timeout_s);
    int code = ROG_OK;
    bool late = false;
    while (!code && client->awaits && !late) {
        late = !(rog_clock_s() < until_s);
        code = wait_and_take(client, until_s, err);
    }
    return code || !client->awaits
               ? code
               : rog_fail(err, ROG_EBUSY, "the exchange timed out after %g s", timeout_s);
}

/* Requests something while the program has control. */
static int ask(struct client *client, uint32_t kind, uint32_t tensor, uint32_t part,
               struct rog_error *err)
{
    const struct rog_virtual_message message = {
        .kind = kind, .rank = client->options->rank, .number = tensor, .part = part};
    double before_s = rog_clock_s();
    int code = send_message(client, &message, -1, err);
    if (code)
        return code;
    client->awaits = kind;
    code = wait_for_answer(client, -1, err);
    client->control_s += rog_clock_s() - before_s; /* not time for computing */
    return code;
}

/* ---- handing control back ---- */

static int put_back(struct client *client, uint32_t tensor, struct rog_error *err)
{
    struct state *state = &client->states[tensor];
    size_t bytes = client->options->layout->tensors[tensor].size * sizeof(float);
    int code = ROG_OK;
    for (uint32_t part = 0; part < 2 && !code; part++) {
        if (!state->parts[part])
            continue;
        memcpy(client->region.gradients[tensor], state->parts[part], bytes);
        code = ask(client, ROG_VIRTUAL_STATE_PUT, tensor, part, err);
    }
    state->handed = false;
    return code;
}

static int put_states_back(struct client *client, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; client->states && i < client->options->layout->trained && !code; i++)
        if (client->states[i].handed)
            code = put_back(client, i, err);
    return code;
}

/* Checks that this call may communicate with the simulation. */
static int check(const struct client *client, struct rog_error *err)
{
    if (client->process != getpid())
        return rog_fail(err, ROG_EINVAL,
                        "this process is a fork of process %d, which takes part in the run: only "
                        "that process can continue the run",
                        (int)client->process);
    return client->code ? rog_fail_again(err, &client->err) : ROG_OK;
}

/* Checks that the program has control. */
static int check_turn(const struct client *client, struct rog_error *err)
{
    int code = check(client, err);
    if (!code && client->awaits)
        code = rog_fail(err, ROG_EINVAL, "an exchange is in progress: wait for it first");
    if (!code && client->view.statistics.over)
        code = rog_fail(err, ROG_EINVAL,
                        "the run is over: check rog_over after each exchange, and stop");
    return code;
}

/* Call before filling the gradients' memory, which is also used to transfer states. */
static int prepare_to_give(struct client *client, struct rog_error *err)
{
    int code = check_turn(client, err);
    return code ? code : put_states_back(client, err);
}

static int give_control(struct client *client, struct rog_virtual_message *message,
                        struct rog_error *err)
{
    message->rank = client->options->rank;
    message->seconds = rog_clock_s() - client->control_s;
    if (client->deltas && message->kind != ROG_VIRTUAL_TRANSFER && !client->apart)
        rog_virtual_region_put_model(&client->region, false);
    int code = send_message(client, message, -1, err);
    if (!code)
        client->awaits = message->kind;
    return code;
}

/* ---- hooks ---- */

static int make(void **out, const struct rog_driver_options *options, struct rog_error *err)
{
    *out = NULL;
    const char *name = options->server + strlen(ROG_VIRTUAL_SCHEME);
    if (!*name || strlen(name) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return rog_fail(
            err, ROG_EINVAL,
            "\"%s\" is not the address of a simulation: \"%s\" and 1 to %zu bytes expected",
            options->server, ROG_VIRTUAL_SCHEME, sizeof((struct sockaddr_un *)0)->sun_path - 1);
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return rog_fail_nomem(err);
    client->options = options;
    client->process = getpid();
    client->socket = -1;
    if (options->contribution) {
        client->deltas = options->contribution->kind == ROG_CONTRIBUTION_DELTA;
        client->overlaps = options->contribution->overlap;
    }
    *out = client;
    return ROG_OK;
}

static int dial(struct client *client, struct rog_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = client->options->server + strlen(ROG_VIRTUAL_SCHEME);
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name, length); /* an abstract name: it begins with NUL */
    double wait_s = fmin(client->options->server_timeout_s, 1e6);
    const struct timeval most = {.tv_sec = (time_t)wait_s,
                                 .tv_usec = 1 + (suseconds_t)(999998 * (wait_s - floor(wait_s)))};
    client->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (client->socket < 0)
        return rog_fail(err, ROG_EIO, "no socket: %s", strerror(errno));
    setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    int status;
    do
        status = connect(client->socket, (const struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
    while (status < 0 && errno == EINTR);
    if (status < 0)
        return rog_fail(err, ROG_EFAILED, "cannot reach the simulation %s: %s",
                        client->options->server, strerror(errno));
    int code = rog_virtual_check_user(client->socket, NULL, err);
    if (code)
        rog_fail_prefix(err, "%s", client->options->server);
    return code;
}

static int begin(struct client *client, struct rog_error *err)
{
    const struct rog_virtual_message hello = {
        .kind = ROG_VIRTUAL_HELLO, .rank = client->options->rank, .number = ROG_VIRTUAL_PROTOCOL};
    int fd = -1;
    int code = dial(client, err);
    if (!code && client->options->signals)
        code = rog_signals_new(&client->signals, err);
    if (!code)
        code = rog_virtual_region_init(&client->region, client->options, &fd, err);
    if (!code && client->options->tensors) {
        client->states = calloc(client->options->layout->trained, sizeof *client->states);
        code = client->states ? ROG_OK : rog_fail_nomem(err);
    }
    if (!code)
        code = send_message(client, &hello, fd, err);
    if (fd >= 0)
        close(fd);
    if (!code)
        client->awaits = ROG_VIRTUAL_HELLO;
    return code;
}

static int start(void *driver, struct rog_error *err)
{
    struct client *client = driver;
    struct rog_error cause;
    return begin(client, &cause) ? end_with(client, &cause, err) : ROG_OK;
}

static void leave(void *driver, const char *why)
{
    struct client *client = driver;
    if (!check(client, NULL) && !client->ended)
        give_up(client, ROG_EFAILED, why, NULL);
}

static void end(void *driver)
{
    struct client *client = driver;
    if (!client)
        return;
    if (!client->view.statistics.over)
        leave(client, ROG_CLOSED);
    if (client->socket >= 0)
        close(client->socket);
    if (client->process != getpid())
        client->region.memory = NULL; /* a fork does not have it */
    rog_virtual_region_release(&client->region);
    rog_signals_free(client->signals);
    for (uint32_t i = 0; client->states && i < client->options->layout->trained; i++) {
        free(client->states[i].parts[ROG_VIRTUAL_MOMENTUM]);
        free(client->states[i].parts[ROG_VIRTUAL_RESIDUAL]);
    }
    free(client->states);
    free(client);
}

static int settle(void *driver, double timeout_s, struct rog_error *err)
{
    struct client *client = driver;
    int code = check(client, err);
    if (!code && !client->awaits && client->exchanging && !client->view.statistics.over) {
        struct rog_virtual_message message = {.kind = ROG_VIRTUAL_SETTLE};
        code = prepare_to_give(client, err);
        if (!code)
            code = give_control(client, &message, err);
    }
    return code ? code : wait_for_answer(client, timeout_s, err);
}

static bool is_busy(void *driver)
{
    struct client *client = driver;
    return !check(client, NULL) && wait_for_answer(client, 0, NULL) == ROG_EBUSY;
}

static int check_unchanged(struct client *client, struct rog_error *err)
{
    bool due = client->exchanges < CHECKED_FIRST || client->exchanges % CHECKED_EVERY == 0;
    const char *name = due && !client->deltas ? rog_virtual_region_changed(&client->region) : NULL;
    if (!name)
        return ROG_OK;
    char *why = rog_format("tensor %s was changed by the program since the exchange before: the "
                           "server owns the tensors, and the exchange would undo the change",
                           name);
    if (!why)
        return rog_fail_nomem(err);
    int code = give_up(client, ROG_EINVAL, why, err);
    free(why);
    return code;
}

static int push(void *driver, const struct rog_worker_gradients *gradients, double loss,
                struct rog_error *err)
{
    struct client *client = driver;
    struct rog_virtual_message message = {
        .kind = ROG_VIRTUAL_STEP, .number = gradients->rule_count, .loss = loss};
    int code = prepare_to_give(client, err);
    if (!code)
        code = check_unchanged(client, err);
    if (code)
        return code;
    rog_virtual_region_put_step(&client->region, gradients);
    client->exchanges++;
    client->apart = false;
    return give_control(client, &message, err);
}

static int finish(void *driver, struct rog_error *err)
{
    struct client *client = driver;
    struct rog_virtual_message message = {.kind = ROG_VIRTUAL_FINISH};
    int code = prepare_to_give(client, err);
    return code ? code : give_control(client, &message, err);
}

static int transfer(void *driver, uint64_t bytes_up, uint64_t bytes_down, struct rog_error *err)
{
    struct client *client = driver;
    struct rog_virtual_message message = {
        .kind = ROG_VIRTUAL_TRANSFER, .bytes = bytes_up, .bytes_down = bytes_down};
    int code = prepare_to_give(client, err);
    return code ? code : give_control(client, &message, err);
}

static int end_iteration(void *driver, double loss, bool is_model, struct rog_error *err)
{
    struct client *client = driver;
    struct rog_virtual_message message = {
        .kind = ROG_VIRTUAL_APART, .number = is_model, .loss = loss};
    int code = prepare_to_give(client, err);
    if (code)
        return code;
    client->apart = true;
    if (is_model)
        rog_virtual_region_put_model(&client->region, false);
    return give_control(client, &message, err);
}

static int kept(void *driver, const char *why_not, struct rog_error *err)
{
    struct client *client = driver;
    struct rog_virtual_message message = {.kind = ROG_VIRTUAL_KEPT, .rank = client->options->rank};
    int code = check_turn(client, err);
    if (code)
        return code;
    rog_virtual_set_text(&message, why_not ? why_not : "");
    client->view.keep_due = false;
    return send_message(client, &message, -1, err);
}

static int get_part(struct client *client, uint32_t tensor, uint32_t part, struct rog_error *err)
{
    float **memory = &client->states[tensor].parts[part];
    size_t size = client->options->layout->tensors[tensor].size;
    if (!*memory)
        *memory = rog_floats(size);
    if (!*memory)
        return rog_fail_nomem(err);
    int code = ask(client, ROG_VIRTUAL_STATE_GET, tensor, part, err);
    if (!code)
        memcpy(*memory, client->region.gradients[tensor], size * sizeof **memory);
    return code;
}

static int state(void *driver, uint32_t tensor, float **momentum, float **update,
                 struct rog_error *err)
{
    struct client *client = driver;
    struct state *wanted = client->states ? &client->states[tensor] : NULL;
    int code = check(client, err);
    bool over = client->view.statistics.over; /* an exchange that was in progress then is not
                                                 completed */
    if (!code && (client->awaits || (client->exchanging && !over)))
        code = rog_fail(err, ROG_EINVAL, "an exchange is in progress: wait for it first");
    if (code)
        return code;
    if (!wanted->handed && !client->deltas)
        code = get_part(client, tensor, ROG_VIRTUAL_MOMENTUM, err);
    if (!code && !wanted->handed)
        code = get_part(client, tensor, ROG_VIRTUAL_RESIDUAL, err);
    if (code)
        return code;
    wanted->handed = true;
    *momentum = wanted->parts[ROG_VIRTUAL_MOMENTUM];
    *update = wanted->parts[ROG_VIRTUAL_RESIDUAL];
    return ROG_OK;
}

static void look(const void *driver, struct rog_driver_view *view)
{
    const struct client *client = driver;
    *view = client->view;
}

const struct rog_driver rog_virtual_driver = {
    .new = make,
    .free = end,
    .start = start,
    .settle = settle,
    .is_busy = is_busy,
    .push = push,
    .finish = finish,
    .state = state,
    .look = look,
    .leave = leave,
    .kept = kept,
    .transfer = transfer,
    .end_iteration = end_iteration,
};
