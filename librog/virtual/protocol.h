/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_PROTOCOL_H
#define ROG_VIRTUAL_PROTOCOL_H

/*
 * The protocol between a training program and the simulation in which it is a worker: the program's
 * half is librog/virtual/client.c, the simulation's trainer/programs.
 *
 * ROG_SERVER is "virtual:NAME": NAME is an abstract Unix socket (SOCK_SEQPACKET) of the simulation,
 * which accepts connections only from its own user. Each worker has its own connection, even if
 * several are in one process. Control passes over the socket in messages of type struct
 * rog_virtual_message; the model and the gradients are in a region of shared memory, into which
 * each is written once.
 *
 *     program                              simulation
 *     HELLO, with the region ------------>  maps it, checks it, waits for all workers
 *            <-----------------------------  START: the starting values are in the region
 *     ... computes ...
 *     STEP: gradients are in the region -->  continues until this worker's next iteration begins
 *            <-----------------------------  GO: the model is in the region
 *     ...
 *     FINISH ----------------------------->
 *            <-----------------------------  GO: the run has ended
 *
 * The side that has control may read and write the region: the program from START or GO until STEP
 * or FINISH, otherwise the simulation. It is a memory file of fixed size (sealed), created by the
 * program. Each side computes all positions from the layout and does not trust numbers in the
 * region that the other side could have changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/net/layout.h>
#include <rog/error.h>
#include <rog/rog.h>

#define ROG_VIRTUAL_PROTOCOL 1
#define ROG_VIRTUAL_SCHEME "virtual:" /* prefix of ROG_SERVER; the socket's name follows */
#define ROG_VIRTUAL_TEXT_BYTES 3072

enum rog_virtual_kind {
    /* From the program. */
    ROG_VIRTUAL_HELLO = 1, /* number: ROG_VIRTUAL_PROTOCOL, rank; with the region's descriptor */
    ROG_VIRTUAL_STEP,      /* loss, rule_count as number, seconds: real time of the program's
                              computation since it got control */
    ROG_VIRTUAL_FINISH,    /* this worker has finished; seconds: as in STEP */
    ROG_VIRTUAL_FAIL,      /* text: why the program ends (a traceback) */
    ROG_VIRTUAL_STATE_GET, /* number: tensor, part: enum rog_virtual_part. While the program has
                              control; answered at the virtual time at which its steps end */
    ROG_VIRTUAL_STATE_PUT, /* as STATE_GET: the gradient's memory contains the new value of the
                              part */
    ROG_VIRTUAL_KEPT,      /* before STEP: the program has saved its state, as of when it got
                              control, to the file "kept" in its folder; or text: why it could
                              not */
    ROG_VIRTUAL_TRANSFER, /* bytes (up), bytes_down: a message of the program to the server, and one
                             back when all workers that have not finished have sent theirs. Answered
                             by GO; the model is unchanged */
    ROG_VIRTUAL_APART,    /* the iteration has ended, and its transfers were its exchange: loss;
                             number 1: the model is in the region, and checkpoints contain it from
                             now on. Answered by GO; the model is unchanged */
    ROG_VIRTUAL_SETTLE,   /* if an exchange is in progress while the program computes: the program
                             wants it completed, and its result in the model. Answered by GO for the
                             same iteration, in which no more time passes */
    /* From the simulation. */
    ROG_VIRTUAL_START, /* number: completed iterations (above 0 in a resumed run) */
    ROG_VIRTUAL_GO,    /* statistics, local_steps: in the region */
    ROG_VIRTUAL_STATE, /* answers STATE_GET, with the part in the gradient's memory, and
                          STATE_PUT */
    ROG_VIRTUAL_ERROR, /* text: the run has failed, or this worker is rejected; number: the code of
                          rog/error.h, negated. The last message */
};

enum rog_virtual_part { ROG_VIRTUAL_MOMENTUM, ROG_VIRTUAL_RESIDUAL };

/* Flags of START and GO. */
#define ROG_VIRTUAL_KEEP 1u    /* send KEPT before the next STEP or FINISH */
#define ROG_VIRTUAL_RESUMED 2u /* with START: load the file "kept" in the program's folder */

struct rog_virtual_message {
    uint32_t kind, rank, number, part, flags;
    double loss, seconds;
    uint64_t bytes, bytes_down;
    char text[ROG_VIRTUAL_TEXT_BYTES]; /* "", or ends with NUL */
};

/* The beginning of a region. */
struct rog_virtual_head {
    uint64_t hello_bytes,
        layout_bytes;        /* JSON texts of net/hello.h and net/layout.h, without NUL */
    uint32_t without_values; /* 1: neither model nor gradients follow */
    uint32_t local_steps;    /* of the next iteration, with START and GO */
    uint32_t next_iteration;
    struct rog_statistics statistics; /* with START and GO */
};

/* The positions of everything in a region, offsets in bytes, each a multiple of 64. */
struct rog_virtual_places {
    size_t hello, layout;
    size_t values;    /* float32: the model's trained tensors, in their order */
    size_t constants; /* float32: the constant tensors */
    size_t gradients; /* float32, like values */
    size_t given;     /* [trained] of uint8_t: 1 if the tensor has a gradient */
    size_t rules;     /* [trained] of struct rog_rule */
    size_t bytes;     /* size of the whole region */
};

/* layout NULL: it is in the region and has not been read yet; then only hello and layout are set,
 * and `bytes` to the size needed to read them. ROG_EFORMAT: texts that are too long, or a region
 * that is too large. */
int rog_virtual_plan(struct rog_virtual_places *places, const struct rog_virtual_head *head,
                     const struct rog_layout *layout, struct rog_error *err);

#endif
