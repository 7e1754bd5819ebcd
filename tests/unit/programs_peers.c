/* SPDX-License-Identifier: Apache-2.0 */
/* Training programs that the tests of trainer/programs start. */
#include "programs_peers.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <librog/virtual/message.h>
#include <rog/rog.h>
#include "programs_fixture.h"

/* The rank of a thread that is a worker; 0: the process is one. */
static _Thread_local unsigned own_rank;
static pthread_mutex_t environment = PTHREAD_MUTEX_INITIALIZER;

static unsigned rank(void)
{
    const char *text = getenv("ROG_RANK");
    return own_rank ? own_rank : text ? (unsigned)atoi(text) : 0;
}

static void nap(double s)
{
    const struct timespec time = {(time_t)s, (long)(1e9 * (s - (double)(time_t)s))};
    nanosleep(&time, NULL);
}

/* ---- programs that use librog ---- */

struct model {
    struct rog *rog;
    float params[TEST_PARAMS], constants[TEST_CONSTANTS], gradients[TEST_PARAMS];
    struct rog_error err;
};

static int complain(const struct model *model)
{
    fprintf(stderr, "%s\n", model->err.message);
    return 1;
}

static int open_with_rank(struct model *model)
{
    char text[16];
    snprintf(text, sizeof text, "%u", rank());
    pthread_mutex_lock(&environment);
    setenv("ROG_RANK", text, 1);
    int code = rog_open_from_environment(&model->rog, &model->err);
    pthread_mutex_unlock(&environment);
    return code;
}

/* columns: of the first tensor. */
static int open_model(struct model *model, uint32_t columns)
{
    const uint32_t shape[] = {4, columns}, bias[] = {3}, fixed[] = {TEST_CONSTANTS};
    for (int i = 0; i < TEST_PARAMS; i++)
        model->params[i] = (float)i + (float)rank() / 4;
    for (int i = 0; i < TEST_CONSTANTS; i++)
        model->constants[i] = (float)rank() * 10 + (float)i;
    int code = open_with_rank(model);
    if (!code)
        code = rog_tensor(model->rog, "weight", 2, shape, model->params, ROG_TENSOR_TRAINED,
                          &model->err);
    if (!code)
        code = rog_tensor(model->rog, "bias", 1, bias, model->params + 12, ROG_TENSOR_TRAINED,
                          &model->err);
    if (!code)
        code = rog_tensor(model->rog, "fixed", 1, fixed, model->constants, ROG_TENSOR_CONSTANT,
                          &model->err);
    return code ? code : rog_start(model->rog, &model->err);
}

/* Exchanges with one gradient replaced. */
static int exchange_of(struct model *model, uint32_t iteration, int index, float gradient)
{
    static const struct rog_rule rule = {TEST_RATE, 0, 0, ROG_RULE_HEAVY_BALL};
    const float *list[] = {model->gradients, iteration == 2 ? NULL : model->gradients + 12};
    const struct rog_step step = {
        .gradients = list, .rules = &rule, .rule_count = 1, .loss = iteration};
    for (int i = 0; i < TEST_PARAMS; i++)
        model->gradients[i] = i == index ? gradient : 0.25f * model->params[i] + (float)rank();
    return rog_exchange(model->rog, &step, &model->err);
}

static int exchange(struct model *model, uint32_t iteration)
{
    return exchange_of(model, iteration, -1, 0);
}

/* Trains until the run is over, or for this many iterations. */
static int train(struct model *model, uint32_t iterations)
{
    int code = ROG_OK;
    for (uint32_t n = 1; n <= iterations && !rog_over(model->rog) && !code; n++)
        code = exchange(model, n);
    return code;
}

static int finish(struct model *model)
{
    int code = rog_finish(model->rog, &model->err);
    printf("constants %g %g, values %.9g\n", (double)model->constants[0],
           (double)model->constants[1], (double)model->params[3]);
    rog_close(model->rog);
    return code ? complain(model) : 0;
}

static int good(void)
{
    struct model model;
    return open_model(&model, 3) || train(&model, 1000) ? complain(&model) : finish(&model);
}

/* Takes some time for an iteration. */
static int slow(void)
{
    struct model model;
    if (open_model(&model, 3))
        return complain(&model);
    nap(1.1);
    return train(&model, 1000) ? complain(&model) : finish(&model);
}

/* Finishes before the others. */
static int early(void)
{
    struct model model;
    return open_model(&model, 3) || train(&model, 1 + rank()) ? complain(&model) : finish(&model);
}

static int sends_messages(void)
{
    struct model model;
    if (open_model(&model, 3) || rog_transfer(model.rog, 1000, 2000, &model.err) ||
        rog_end_iteration(model.rog, 0.25, rank() == 2, &model.err) || train(&model, 1000))
        return complain(&model);
    return finish(&model);
}

/* Adds 1 to each momentum, and checks it later. */
static int looks_at_its_state(void)
{
    struct model model;
    float *momentum, *residual;
    if (open_model(&model, 3))
        return complain(&model);
    for (uint32_t n = 1; n <= 3 && !rog_over(model.rog); n++) {
        if (rog_state(model.rog, 1, &momentum, &residual, &model.err))
            return complain(&model);
        if (momentum[2] != (float)n - 1 || residual[2] != 7)
            return 9;
        momentum[2] += 1;
        if (exchange(&model, n))
            return complain(&model);
    }
    return train(&model, 1000) ? complain(&model) : finish(&model);
}

/* Its gradients depend on earlier ones, which are its kept state. */
static int keeper(void)
{
    struct model model;
    char path[512];
    float seen = 0;
    snprintf(path, sizeof path, "%s/kept", getenv("ROG_OUT"));
    if (open_model(&model, 3))
        return complain(&model);
    FILE *file = rog_resumed(model.rog) ? fopen(path, "r") : NULL;
    if (file && fread(&seen, sizeof seen, 1, file) != 1)
        return 8;
    if (file)
        fclose(file);
    while (!rog_over(model.rog)) {
        if (rog_keep_due(model.rog)) {
            file = fopen(path, "w");
            if (!file || fwrite(&seen, sizeof seen, 1, file) != 1 || fclose(file) ||
                rog_kept(model.rog, NULL, &model.err))
                return complain(&model);
        }
        seen += model.params[4];
        if (exchange_of(&model, 1, 4, seen))
            return complain(&model);
    }
    return finish(&model);
}

/* ---- programs of which the second is faulty ---- */

static bool is_bad(void)
{
    return rank() == 2;
}

/* Correct for an iteration, then calls `deed`. */
static int good_but(void (*deed)(struct model *model))
{
    struct model model;
    if (open_model(&model, 3) || train(&model, 1))
        return complain(&model);
    if (is_bad())
        deed(&model);
    return train(&model, 1000) ? complain(&model) : finish(&model);
}

static void do_crash(struct model *model)
{
    (void)model;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

static void do_fail(struct model *model)
{
    (void)model;
    fprintf(stderr, "Traceback of it\n\nValueError: no such thing\n\n");
    exit(3);
}

static void do_say_why(struct model *model)
{
    rog_leave(model->rog,
              "Traceback (most recent call last):\n  File \"train.py\", line 7, in step\n"
              "    raise ValueError(x)\nValueError: no such thing\n");
    nap(100);
}

static void do_end(struct model *model)
{
    (void)model;
    printf("that is all\n");
    exit(0);
}

static void do_close_and_end(struct model *model)
{
    rog_close(model->rog);
    exit(0);
}

static void do_close_and_stay(struct model *model)
{
    rog_close(model->rog);
    nap(100);
}

static void do_hang(struct model *model)
{
    (void)model;
    nap(100);
}

static void do_change_parameters(struct model *model)
{
    model->params[13] += 1;
}

static void do_grow(struct model *model)
{
    const size_t size = (size_t)300 << 20;
    char *memory = malloc(size);
    (void)model;
    for (size_t i = 0; memory && i < size; i += 4096)
        memory[i] = 1;
    nap(100);
}

static void do_print(struct model *model)
{
    (void)model;
    printf("begins\n");
    for (int i = 0; i < 1 << 20; i++)
        printf("line %050d\n", i);
    printf("ends\n");
    fflush(stdout);
}

static void do_print_garbage(struct model *model)
{
    (void)model;
    for (int i = 0; i < 100000; i++)
        putchar(i * 7919 % 256);
    printf("\n\x1b[31mred\xff\n");
    exit(5);
}

/* Leaves processes behind: one in its group, one in its own session. */
static void leave_behind(bool with_environment)
{
    char sleep_word[] = "sleep", *const words[] = {sleep_word, getenv("SLEEP_S"), NULL};
    char *const none[] = {NULL};
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            execve("/bin/sleep", words, with_environment ? environ : none);
        _exit(0);
    }
    if (fork() == 0) {
        execv("/bin/sleep", words);
        _exit(0);
    }
    nap(0.05);
}

static void do_fork(struct model *model)
{
    (void)model;
    leave_behind(true);
}

static void do_hide(struct model *model)
{
    (void)model;
    leave_behind(false);
}

static void do_use_a_fork(struct model *model)
{
    pid_t child = fork();
    if (child == 0) {
        int code = exchange(model, 2);
        fprintf(stderr, "%s\n", code ? model->err.message : "it could");
        _exit(code ? 0 : 1);
    }
    waitpid(child, NULL, 0);
}

/* ---- programs that implement the protocol themselves ---- */

#define HELLO_TEXT \
    "{\"protocol\":1,\"library\":\"BSP\",\"library_version\":\"\",\"threshold\":0,\"workers\":3}"
#define LAYOUT_TEXT                                                             \
    "[{\"name\":\"weight\",\"shape\":[4,3]},{\"name\":\"bias\",\"shape\":[3]}," \
    "{\"name\":\"fixed\",\"shape\":[2],\"constant\":true}]"

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = getenv("ROG_SERVER") + strlen(ROG_VIRTUAL_SCHEME);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    memcpy(address.sun_path + 1, name, strlen(name));
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    return connect(fd, (struct sockaddr *)&address, size) == 0 ? fd : -1;
}

struct raw {
    struct rog_virtual_message hello;
    struct rog_virtual_head head;
    const char *hello_text, *layout_text;
    size_t bytes; /* of the region; 0: enough */
    int seals;
    bool no_region;
};

static struct raw raw_worker(void)
{
    return (struct raw){
        .hello = {.kind = ROG_VIRTUAL_HELLO, .number = ROG_VIRTUAL_PROTOCOL, .rank = rank()},
        .hello_text = HELLO_TEXT,
        .layout_text = LAYOUT_TEXT,
        .bytes = 65536,
        .seals = F_SEAL_SHRINK | F_SEAL_GROW};
}

static int make_region(const struct raw *raw)
{
    int fd = memfd_create("peer", MFD_ALLOW_SEALING);
    struct rog_virtual_head head = raw->head;
    size_t hello = strlen(raw->hello_text), layout = strlen(raw->layout_text);
    if (!head.hello_bytes)
        head.hello_bytes = hello;
    if (!head.layout_bytes)
        head.layout_bytes = layout;
    off_t first = (sizeof head + 63) / 64 * 64, second = first + (off_t)(hello + 63) / 64 * 64;
    if (fd < 0 || pwrite(fd, &head, sizeof head, 0) < 0 ||
        pwrite(fd, raw->hello_text, hello, first) < 0 ||
        pwrite(fd, raw->layout_text, layout, second) < 0 || ftruncate(fd, (off_t)raw->bytes) ||
        fcntl(fd, F_ADD_SEALS, raw->seals))
        exit(99);
    return fd;
}

/* Joins, and waits for a message; returns the socket. */
static int join(const struct raw *raw)
{
    int fd = dial(), region = raw->no_region ? -1 : make_region(raw);
    if (fd < 0 || rog_virtual_send(fd, &raw->hello, region, NULL))
        exit(98);
    return fd;
}

static void await(int fd)
{
    struct rog_virtual_message message;
    while (rog_virtual_receive(fd, &message, NULL, NULL) == ROG_EBUSY)
        nap(0.01);
}

/* Faults in the first message of a bad one, by number. */
static int bad_hello(int which)
{
    struct raw raw = raw_worker();
    if (!is_bad())
        return good();
    switch (which) {
    case 0:
        raw.hello.rank = 3;
        break;
    case 1:
        raw.hello.rank = 0;
        break;
    case 2:
        raw.hello.rank = UINT32_MAX;
        break;
    case 3:
        raw.hello.number = 77;
        break;
    case 4:
        raw.hello.kind = ROG_VIRTUAL_STEP;
        break;
    case 5:
        raw.no_region = true;
        break;
    case 6:
        raw.seals = 0;
        break;
    case 7:
        raw.bytes = 100;
        break;
    case 8:
        raw.bytes = 0;
        break;
    case 9:
        raw.bytes = 600; /* space for the texts, but not for values */
        break;
    case 10:
        raw.head.hello_bytes = UINT64_MAX;
        break;
    case 11:
        raw.head.layout_bytes = 8 << 20;
        break;
    case 12:
        raw.hello_text = "[1, 2";
        break;
    case 13:
        raw.hello_text = "[1, 2]";
        break;
    case 14:
        raw.layout_text = "[{\"name\":\"a\",\"shape\":[4294967295,4294967295,4294967295]}]";
        break;
    case 15:
        raw.layout_text = "[{\"name\":\"a\",\"shape\":[4294967295]}]";
        break;
    case 16:
        raw.layout_text = "[]";
        break;
    case 17:
        raw.hello_text = "{\"protocol\":1,\"library\":\"SSP\"}";
        break;
    default:
        break;
    }
    join(&raw);
    nap(100);
    return 0;
}

static int joins_twice(void)
{
    const struct raw raw = raw_worker();
    join(&raw);
    if (is_bad())
        join(&raw);
    nap(100);
    return 0;
}

/* Invalid messages; a descriptor of something else. */
static int bad_bytes(int which)
{
    char bytes[8192] = {0};
    int fd = is_bad() ? dial() : -1;
    if (!is_bad())
        return good();
    if (which == 2) {
        struct raw raw = raw_worker();
        rog_virtual_send(fd, &raw.hello, STDOUT_FILENO, NULL);
    } else if (send(fd, bytes, which ? sizeof bytes : 3, 0) < 0) {
        return 97;
    }
    nap(100);
    return 0;
}

/* All join correctly, and the bad one then sends one message; NULL: closes the connection. */
static int joins_and_says(const struct rog_virtual_message *message)
{
    struct raw raw = raw_worker();
    int fd = join(&raw);
    await(fd);
    if (is_bad() && message)
        rog_virtual_send(fd, message, -1, NULL);
    else if (is_bad())
        close(fd);
    nap(100);
    return 0;
}

/* Random messages, after the first ones of a correct program. */
static int says_anything(unsigned seed)
{
    struct raw raw = raw_worker();
    int fd = join(&raw);
    await(fd);
    srand(seed);
    for (int i = 0; is_bad() && i < 1000; i++) {
        struct rog_virtual_message message = {.kind = (uint32_t)rand() % 16,
                                              .number = (uint32_t)rand() % 4,
                                              .part = (uint32_t)rand() % 3,
                                              .bytes = (uint64_t)rand()};
        memset(message.text, rand() % 2 ? 0 : rand(), sizeof message.text - 1);
        if (rand() % 8 == 0)
            memset(&message, rand(), sizeof message);
        rog_virtual_send(fd, &message, -1, NULL);
        nap(0.001);
    }
    nap(100);
    return 0;
}

static const struct rog_virtual_message said[] = {
    {.kind = 99},
    {.kind = ROG_VIRTUAL_GO},
    {.kind = ROG_VIRTUAL_HELLO},
    {.kind = ROG_VIRTUAL_STEP, .number = 0},
    {.kind = ROG_VIRTUAL_STEP, .number = 3},
    {.kind = ROG_VIRTUAL_STEP, .number = UINT32_MAX},
    {.kind = ROG_VIRTUAL_STATE_GET, .number = 2},
    {.kind = ROG_VIRTUAL_STATE_PUT, .number = UINT32_MAX},
    {.kind = ROG_VIRTUAL_STATE_GET, .part = 7},
    {.kind = ROG_VIRTUAL_KEPT},
    {.kind = ROG_VIRTUAL_TRANSFER, .bytes = UINT64_MAX},
};

/* A process that is not a child of the run claims to be worker 1. */
static void do_knock(struct model *model)
{
    int ends[2];
    char byte;
    (void)model;
    if (pipe(ends))
        exit(96);
    if (fork() == 0) {
        const struct raw raw = raw_worker();
        struct rog_virtual_message answer = {0};
        if (setsid() < 0 || fork() > 0)
            _exit(0);
        nap(0.1); /* its parent is gone */
        int fd = join(&raw);
        while (rog_virtual_receive(fd, &answer, NULL, NULL) == ROG_EBUSY)
            nap(0.01);
        printf("%s\n", answer.text);
        fflush(stdout);
        _exit(0);
    }
    close(ends[1]);
    (void)!read(ends[0], &byte, 1); /* it has ended */
}

#define BUT(deed)                   \
    static int but_##deed(void)     \
    {                               \
        return good_but(do_##deed); \
    }
BUT(crash)
BUT(fail)
BUT(say_why)
BUT(end)
BUT(close_and_end)
BUT(close_and_stay)
BUT(hang)
BUT(change_parameters)
BUT(grow)
BUT(print)
BUT(print_garbage)
BUT(fork)
BUT(knock)
BUT(hide)
BUT(use_a_fork)

/* Hangs before it joins. */
static int never_joins(void)
{
    if (is_bad())
        nap(100);
    return good();
}

static int has_no_part(void)
{
    return is_bad() ? 0 : good();
}

static int other_shape(void)
{
    struct model model;
    return open_model(&model, is_bad() ? 2 : 3) || train(&model, 1000) ? complain(&model)
                                                                       : finish(&model);
}

/* Fails after the run. */
static int ends_badly(void)
{
    int code = good();
    fflush(stdout);
    if (!code && is_bad())
        fprintf(stderr, "the figures cannot be written\n");
    return !code && is_bad() ? 4 : code;
}

static int does_not_end(void)
{
    int code = good();
    nap(is_bad() ? 100 : 0);
    return code;
}

static const struct {
    const char *name;
    int (*run)(void);
} peers[] = {
    {"keeper", keeper},
    {"good", good},
    {"early", early},
    {"slow", slow},
    {"messages", sends_messages},
    {"state", looks_at_its_state},
    {"crash", but_crash},
    {"fail", but_fail},
    {"says-why", but_say_why},
    {"ends", but_end},
    {"closes-and-ends", but_close_and_end},
    {"closes-and-stays", but_close_and_stay},
    {"hangs", but_hang},
    {"changes-parameters", but_change_parameters},
    {"grows", but_grow},
    {"prints", but_print},
    {"prints-garbage", but_print_garbage},
    {"forks", but_fork},
    {"hides", but_hide},
    {"knocks", but_knock},
    {"uses-a-fork", but_use_a_fork},
    {"never-joins", never_joins},
    {"has-no-part", has_no_part},
    {"other-shape", other_shape},
    {"ends-badly", ends_badly},
    {"does-not-end", does_not_end},
    {"joins-twice", joins_twice},
};

/* Runs the peers with a number after their name. */
static int run_numbered(const char *name)
{
    int number = atoi(name + strcspn(name, "0123456789"));
    if (strncmp(name, "hello-", 6) == 0)
        return bad_hello(number);
    if (strncmp(name, "bytes-", 6) == 0)
        return bad_bytes(number);
    if (strncmp(name, "says-", 5) == 0)
        return joins_and_says((size_t)number < sizeof said / sizeof *said ? &said[number] : NULL);
    if (strncmp(name, "anything-", 9) == 0)
        return says_anything((unsigned)number);
    fprintf(stderr, "there is no peer %s\n", name);
    return 127;
}

static int run_peer(const char *name)
{
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
        if (strcmp(peers[i].name, name) == 0)
            return peers[i].run();
    return run_numbered(name);
}

/* ---- a process of several workers ---- */

#define HOSTED_MAX 4

struct hosted {
    const char *name;
    unsigned rank;
    int status;
    pthread_t thread;
};

static void *run_hosted(void *user)
{
    struct hosted *hosted = user;
    own_rank = hosted->rank;
    hosted->status = run_peer(hosted->name);
    return NULL;
}

static int host(unsigned count, const char *name)
{
    struct hosted hosted[HOSTED_MAX];
    unsigned first = rank();
    int status = count > HOSTED_MAX;
    for (unsigned i = 0; i < count && count <= HOSTED_MAX; i++) {
        hosted[i] = (struct hosted){.name = name, .rank = first + i};
        pthread_create(&hosted[i].thread, NULL, run_hosted, &hosted[i]);
    }
    for (unsigned i = 0; i < count && count <= HOSTED_MAX; i++) {
        pthread_join(hosted[i].thread, NULL);
        status |= hosted[i].status;
    }
    return status;
}

bool is_peer(int argc, char **argv, int *status)
{
    bool alone = argc == 3 && strcmp(argv[1], "peer") == 0, script = argc == 2;
    bool hosts = argc == 6 && strcmp(argv[2], "rog.worker_host") == 0;
    if (alone || script)
        *status = run_peer(argv[argc - 1]);
    else if (hosts)
        *status = host((unsigned)atoi(argv[4]), argv[5]);
    return alone || script || hosts;
}
