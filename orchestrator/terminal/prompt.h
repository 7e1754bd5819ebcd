/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROMPT_H
#define ROG_ORCHESTRATOR_TERMINAL_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks on the controlling terminal of this process, whatever its standard input and output are (a
 * rog_credentials_prompt; `user` is not used). Input is displayed only if `echo`. Waits two minutes
 * for an answer. Returns false without an answer: there is no terminal, or this process is in the
 * background there; an empty answer, the end of input (Ctrl-D), or Ctrl-C, which also interrupts
 * the process; a timeout, or `cancel_fd` became readable.
 */
bool rog_prompt(void *user, const char *text, bool echo, int cancel_fd, char *answer, size_t bytes);

#endif
