/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_LIBROG_RUN_H
#define ROG_TEST_LIBROG_RUN_H

/* The server of a run in its own process, for tests of librog's API. */

#include <sys/types.h>

struct run {
    char folder[64], server[32];
    pid_t process;
    double seconds;       /* its time limit; 0: none */
    const char *settings; /* further members of its configuration, "\"merge\":0.5,"; NULL: none */
};

/* The key of the server and its workers. */
extern const unsigned char run_key[32];

/* Starts the server, and waits until workers can connect. */
void open_run(struct run *run, const char *library, const char *compression, unsigned workers);
/* Waits until it has ended; checks its code. */
void close_run(struct run *run, int expected);

#endif
