/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROMPT_H
#define ROG_ORCHESTRATOR_TERMINAL_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks on the terminal that this process was started on, whatever its standard input and output are
 * (a rog_credentials_prompt; `user` is not used). What is typed is seen only with `echo`. An answer
 * is waited for two minutes. False: there is no terminal, or this process is in the background
 * there; an empty answer, the end of input (Ctrl-D), Ctrl-C, which also interrupts the process;
 * time over, or `cancel_fd` is readable.
 */
bool rog_prompt(void *user, const char *text, bool echo, int cancel_fd, char *answer, size_t bytes);

#endif
