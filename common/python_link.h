/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PYTHON_LINK_H
#define ROG_COMMON_PYTHON_LINK_H

/*
 * The connection to the process of a strategy in Python (python/rog/strategy_host.py). One question
 * at a time: a head, and the bytes for the hook; answers have the same form. Numbers have the byte
 * order of this machine.
 *
 * Any failure, an exception, the end of the process or a timeout, is kept as a message, and no
 * further questions are asked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <common/process.h>
#include <rog/error.h>

enum rog_python_hook {
    ROG_PYTHON_CREATE,
    ROG_PYTHON_DESTROY,
    ROG_PYTHON_PROMISES,
    ROG_PYTHON_PLAN_PUSH,
    ROG_PYTHON_ADMIT,
    ROG_PYTHON_PLAN_PULL,
    ROG_PYTHON_GRANT,
    ROG_PYTHON_WEIGH,
    ROG_PYTHON_PLAN_WORK,
    ROG_PYTHON_SAVE,
    ROG_PYTHON_LOAD,
};

struct rog_python_bytes {
    uint8_t *at;
    size_t size, room;
};

struct rog_python_link {
    struct rog_process process;
    double limit_s;                   /* for an answer, s */
    struct rog_python_bytes question; /* begins with space for its head */
    struct rog_python_bytes answer;   /* to the last question */
    char failure[512];                /* "": no failure */
};

/* Starts Python with the strategy's file; *description: the file's description of the strategy, for
 * the caller to free. ROG_EABI: the file is invalid; the message names it and the error. */
int rog_python_link_start(struct rog_python_link *link, const char *path,
                          struct rog_json **description, struct rog_error *err);
/* Ends the process; no effect if it was never started (all zero). */
void rog_python_link_end(struct rog_python_link *link);

/* Begin a question, and append data to it. */
void rog_python_begin(struct rog_python_link *link);
void rog_python_put(struct rog_python_link *link, const void *bytes, size_t size);
/* Asks; returns false if there is no answer, with the reason in link->failure. `table`, of
 * table_bytes, is passed to a hook that requests the table of versions; NULL if there is none. */
bool rog_python_ask(struct rog_python_link *link, enum rog_python_hook hook, uint32_t state,
                    const void *table, size_t table_bytes);

/* Records an error in an answer: "HOOK: ...". Returns false. */
bool rog_python_fail(struct rog_python_link *link, enum rog_python_hook hook, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

#endif
