/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_LIBROG_RUN_H
#define ROG_TEST_LIBROG_RUN_H

/* A server of a run in a process of its own, for tests of librog from outside. */

#include <sys/types.h>

struct run {
    char folder[64], server[32];
    pid_t process;
    double seconds;       /* that it is limited to; 0: it is not */
    const char *settings; /* more of its configuration, "\"merge\":0.5,"; NULL: none */
};

/* What it and its workers share. */
extern const unsigned char run_key[32];

/* Starts the server, and waits until workers can come. */
void open_run(struct run *run, const char *library, const char *compression, unsigned workers);
/* Waits until it has ended, with this code. */
void close_run(struct run *run, int expected);

#endif
