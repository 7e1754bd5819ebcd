/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_PROTOCOL_H
#define ROG_VIRTUAL_PROTOCOL_H

/*
 * How a training program and the simulation that it is a worker of talk: the program's half is
 * librog/virtual/client.c, the simulation's trainer/programs.
 *
 * ROG_SERVER is "virtual:NAME": NAME is an abstract Unix socket (SOCK_SEQPACKET) of the simulation,
 * which takes connections of its own user alone. A worker has a connection of its own, also where
 * several are in one process. Control passes over the socket in messages of one struct
 * rog_virtual_message; the model and the gradients lie in a region of shared memory, into which
 * each is written once.
 *
 *     program                              simulation
 *     HELLO, with the region ------------>  maps it, checks it, waits for all workers
 *            <-----------------------------  START: the starting values are in the region
 *     ... computes ...
 *     STEP: gradients are in the region -->  goes on to where this worker's next iteration begins
 *            <-----------------------------  GO: the model is in the region
 *     ...
 *     FINISH ----------------------------->
 *            <-----------------------------  GO: the run is over
 *
 * Who has control may read and write the region: the program from START or GO until STEP or FINISH,
 * else the simulation. It is a memory file that cannot shrink or grow (sealed), made by the
 * program. Each side computes from the layout where everything is and believes no number in it that
 * the other could have changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/net/layout.h>
#include <rog/error.h>
#include <rog/rog.h>

#define ROG_VIRTUAL_PROTOCOL 1
#define ROG_VIRTUAL_SCHEME "virtual:" /* of ROG_SERVER; what follows is the socket's name */
#define ROG_VIRTUAL_TEXT_BYTES 3072

enum rog_virtual_kind {
    /* From the program. */
    ROG_VIRTUAL_HELLO = 1, /* number: ROG_VIRTUAL_PROTOCOL, rank; with the region's descriptor */
    ROG_VIRTUAL_STEP,      /* loss, rule_count as number, seconds: what was computed since it had
                              control took in real time */
    ROG_VIRTUAL_FINISH,    /* this worker is through; seconds: the same */
    ROG_VIRTUAL_FAIL,      /* text: why the program ends (a traceback) */
    ROG_VIRTUAL_STATE_GET, /* number: tensor, part: enum rog_virtual_part. While it has control; it
                              is answered at the moment of virtual time when its steps are over */
    ROG_VIRTUAL_STATE_PUT, /* the same: the gradient's place has what the part becomes */
    ROG_VIRTUAL_KEPT,      /* before STEP: what the program keeps is in the file "kept" of its
                              folder, as it was when it was given control; or text: why not */
    ROG_VIRTUAL_TRANSFER, /* bytes up, bytes_down: a message of the program's own to the server, and
                             one back when all workers that are not through have sent theirs.
                             Answered by GO; the model is as it was */
    ROG_VIRTUAL_APART,  /* the iteration is over, and its transfers were its exchange: loss; number
                           1:  the model is in the region, and is what checkpoints have from here on.
                           Answered by GO; the model is as it was */
    ROG_VIRTUAL_SETTLE, /* where an exchange goes on while the program computes: it wants that to
                           be over and in the model. Answered by GO for the same iteration, of
                           which no more time passes */
    /* From the simulation. */
    ROG_VIRTUAL_START, /* number: iterations that are done (above 0 in a run that was taken up) */
    ROG_VIRTUAL_GO,    /* statistics, local_steps: in the region */
    ROG_VIRTUAL_STATE, /* answers STATE_GET: the gradient's place has the part; and STATE_PUT */
    ROG_VIRTUAL_ERROR, /* text: the run has failed, or this worker is refused; number: the code of
                          rog/error.h, negated. Nothing comes after it */
};

enum rog_virtual_part { ROG_VIRTUAL_MOMENTUM, ROG_VIRTUAL_RESIDUAL };

/* Flags of START and GO. */
#define ROG_VIRTUAL_KEEP 1u    /* send KEPT before the next STEP or FINISH */
#define ROG_VIRTUAL_RESUMED 2u /* of START: "kept" in the program's folder is to be loaded */

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

/* Where everything is in a region, offsets in bytes, each a multiple of 64. */
struct rog_virtual_places {
    size_t hello, layout;
    size_t values;    /* float32: the model's tensors that are trained, in their order */
    size_t constants; /* float32: those that are not */
    size_t gradients; /* float32, as values */
    size_t given;     /* [trained] of uint8_t: 1 where there is a gradient */
    size_t rules;     /* [trained] of struct rog_rule */
    size_t bytes;     /* of the whole region */
};

/* layout NULL: it is in the region and not read yet; then only hello and layout are set, and how
 * many bytes there must be to read them. ROG_EFORMAT: texts that are too long, or more bytes than
 * can be counted. */
int rog_virtual_plan(struct rog_virtual_places *places, const struct rog_virtual_head *head,
                     const struct rog_layout *layout, struct rog_error *err);

#endif
