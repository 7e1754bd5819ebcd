/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PYTHON_LINK_H
#define ROG_COMMON_PYTHON_LINK_H

/*
 * The process that a strategy in Python lives in (python/rog/strategy_host.py), and what is said to
 * it. One question at a time: a head, and bytes that the hook is about; so are the answers. What
 * the process is sent and sends is of this machine: numbers have its byte order.
 *
 * Whatever goes wrong, an exception, an end, no answer in time, is a sentence that stays: nothing
 * is asked after it.
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
    double limit_s;                   /* for an answer */
    struct rog_python_bytes question; /* with room for its head */
    struct rog_python_bytes answer;   /* to the last question */
    char failure[512];                /* "": none */
};

/* Starts Python with the strategy's file; *description: what that says of itself, for the caller to
 * free. ROG_EABI names the file and what is wrong with it. */
int rog_python_link_start(struct rog_python_link *link, const char *path,
                          struct rog_json **description, struct rog_error *err);
/* Ends the process; no effect if it was never started (all zero). */
void rog_python_link_end(struct rog_python_link *link);

/* A question: the data put between begin and ask, in order. */
void rog_python_begin(struct rog_python_link *link);
void rog_python_put(struct rog_python_link *link, const void *bytes, size_t size);
/* Asks; false: there is no answer, and link->failure says why. `table`, of table_bytes, is passed
 * to a hook that asks for the table of versions; NULL if there is none. */
bool rog_python_ask(struct rog_python_link *link, enum rog_python_hook hook, uint32_t state,
                    const void *table, size_t table_bytes);

/* Records what is wrong with an answer: "HOOK: ...". Returns false. */
bool rog_python_fail(struct rog_python_link *link, enum rog_python_hook hook, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

#endif
