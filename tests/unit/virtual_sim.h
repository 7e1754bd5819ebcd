/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_VIRTUAL_SIM_H
#define ROG_TEST_VIRTUAL_SIM_H

/* A small simulation in its own process, for tests of the program's half: it sends what a script
 * says, and exits with status 0 if it received what the script expects. */

#include <sys/types.h>

#include <librog/virtual/protocol.h>

struct sim {
    char server[64]; /* for ROG_SERVER */
    pid_t process;
};

/* The simulation's end of one program's connection. */
struct sim_end {
    int listener, socket;
    struct rog_virtual_head *head;
    struct rog_virtual_places places;
    struct rog_layout *layout;
    char *hello;
    uint8_t *memory;
    float *values, *constants, *gradients;
    const uint8_t *given;
    const struct rog_rule *rules;
};

/* Returns a socket that programs of its server can connect to. */
int listen_for(const struct sim *sim);
/* Starts a process, in which `end` has only the listening socket. */
void start_sim(struct sim *sim, void (*script)(struct sim_end *end, const void *user),
               const void *user);
/* Waits until it has ended, and fails unless the script succeeded. */
void end_sim(struct sim *sim);

/* ---- for scripts ---- */

/* Accepts the next program, and maps its region. */
void sim_meet(struct sim_end *end);
/* Receives the next message, which must be of that kind. */
struct rog_virtual_message sim_take(struct sim_end *end, uint32_t kind);
/* Gives control: START or GO, of this iteration; flags of protocol.h. */
void sim_give(struct sim_end *end, uint32_t kind, uint32_t iterations_done, uint32_t flags);
/* The same, with the end of the run. */
void sim_give_over(struct sim_end *end, uint32_t iterations_done);
void sim_say(struct sim_end *end, const struct rog_virtual_message *message);
/* Checks that the program has closed its end. */
void sim_expect_close(struct sim_end *end);
/* Ends the process with a message unless this is true. */
#define sim_expect(true_thing) \
    ((true_thing) ? (void)0 : sim_unexpected(#true_thing, __FILE__, __LINE__))
_Noreturn void sim_unexpected(const char *what, const char *file, int line);

#endif
