/* SPDX-License-Identifier: Apache-2.0 */
/* A simulation that follows a script, in its own process. */
#include "virtual_sim.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <librog/virtual/message.h>

#define PATIENCE_MS 60000

void sim_unexpected(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: the simulation expected %s\n", file, line, what);
    _exit(1);
}

int listen_for(const struct sim *sim)
{
    const char *name = sim->server + strlen(ROG_VIRTUAL_SCHEME);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, strlen(name));
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, SOMAXCONN), 0);
    return listener;
}

void start_sim(struct sim *sim, void (*script)(struct sim_end *end, const void *user),
               const void *user)
{
    static int count;
    snprintf(sim->server, sizeof sim->server, ROG_VIRTUAL_SCHEME "rog-test-%d-%d", (int)getpid(),
             count++);
    struct sim_end end = {.socket = -1};
    end.listener = listen_for(sim);
    fflush(NULL);
    sim->process = fork();
    if (sim->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        script(&end, user);
        _exit(0);
    }
    assert_true(sim->process > 0);
    close(end.listener);
}

void end_sim(struct sim *sim)
{
    int status = 0;
    assert_int_equal(waitpid(sim->process, &status, 0), sim->process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void wait_for(int socket)
{
    struct pollfd polled = {.fd = socket, .events = POLLIN};
    sim_expect(poll(&polled, 1, PATIENCE_MS) == 1);
}

static void map(struct sim_end *end, int fd)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    struct stat file;
    sim_expect(fstat(fd, &file) == 0);
    sim_expect((fcntl(fd, F_GET_SEALS) & seals) == seals);
    end->memory = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    sim_expect(end->memory != MAP_FAILED);
    end->head = (void *)end->memory;
    sim_expect(rog_virtual_plan(&end->places, end->head, NULL, NULL) == 0);
    sim_expect(end->places.bytes <= (size_t)file.st_size);
    end->hello = strndup((char *)end->memory + end->places.hello, end->head->hello_bytes);
    sim_expect(rog_layout_parse(&end->layout, (char *)end->memory + end->places.layout,
                                end->head->layout_bytes, NULL) == 0);
    sim_expect(rog_virtual_plan(&end->places, end->head, end->layout, NULL) == 0);
    sim_expect(end->places.bytes == (size_t)file.st_size);
    end->values = (void *)(end->memory + end->places.values);
    end->constants = (void *)(end->memory + end->places.constants);
    end->gradients = (void *)(end->memory + end->places.gradients);
    end->given = end->memory + end->places.given;
    end->rules = (void *)(end->memory + end->places.rules);
}

void sim_meet(struct sim_end *end)
{
    struct rog_virtual_message message;
    int fd, pid;
    wait_for(end->listener);
    end->socket = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC);
    sim_expect(end->socket >= 0);
    sim_expect(rog_virtual_check_user(end->socket, &pid, NULL) == 0);
    sim_expect(pid == getppid());
    wait_for(end->socket);
    sim_expect(rog_virtual_receive(end->socket, &message, &fd, NULL) == 0);
    sim_expect(message.kind == ROG_VIRTUAL_HELLO && message.number == ROG_VIRTUAL_PROTOCOL);
    sim_expect(fd >= 0);
    map(end, fd);
    close(fd);
}

struct rog_virtual_message sim_take(struct sim_end *end, uint32_t kind)
{
    struct rog_virtual_message message;
    struct rog_error err;
    wait_for(end->socket);
    if (rog_virtual_receive(end->socket, &message, NULL, &err)) {
        fprintf(stderr, "instead of kind %u: %s\n", kind, err.message);
        sim_expect(false);
    }
    if (message.kind != kind) {
        fprintf(stderr, "kind %u instead of %u: %s\n", message.kind, kind, message.text);
        sim_expect(false);
    }
    return message;
}

void sim_say(struct sim_end *end, const struct rog_virtual_message *message)
{
    sim_expect(rog_virtual_send(end->socket, message, -1, NULL) == 0);
}

void sim_give(struct sim_end *end, uint32_t kind, uint32_t iterations_done, uint32_t flags)
{
    const struct rog_virtual_message message = {
        .kind = kind, .number = iterations_done, .flags = flags};
    end->head->statistics.iteration = iterations_done;
    end->head->next_iteration = iterations_done + 1;
    end->head->local_steps = 1;
    sim_say(end, &message);
}

void sim_give_over(struct sim_end *end, uint32_t iterations_done)
{
    end->head->statistics.over = true;
    sim_give(end, ROG_VIRTUAL_GO, iterations_done, 0);
}

void sim_expect_close(struct sim_end *end)
{
    struct rog_virtual_message message;
    wait_for(end->socket);
    sim_expect(rog_virtual_receive(end->socket, &message, NULL, NULL) == ROG_EFAILED);
}
