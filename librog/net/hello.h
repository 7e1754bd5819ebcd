/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_HELLO_H
#define ROG_LINK_HELLO_H

/*
 * What nodes tell each other before a session begins or goes on: JSON objects in frames of their
 * own.
 *
 *   HELLO    "rank", "session" (32 hexadecimal digits, drawn by the worker's process), "received"
 *            (messages of that session it has), and what both must have alike: "protocol",
 *            "workers", "workload", "library", "library_version", "threshold", "parameters"
 *            (of a strategy that has any), "library_file" and "compression_file",
 *            "pull_compression_file" (of plugins that do not come with the program: a machine's
 *            architecture and the SHA-256 of the file there; compared where both tell it and are of
 *            one architecture), "compression", other settings of the run that say what
 *            travels where they do not have their default (ROG_SETTING_OF_BOTH_ENDS),
 *            "model_sha256" and "data_sha256" (of the starting weights and the training images),
 *            "wire_model", "seed". A server whose workers bring the model has none of the
 *            last four and compares none of them
 *   WELCOME  "mode", "received", "t" (seconds since the run's start, negative before it); in mode
 *            "join" also "iteration"
 *              start   a new session; the run begins with the message GO
 *              resume  the session goes on
 *              join    a new session; the whole model follows, work goes on after "iteration"
 *   REFUSE   "message", "again" (whether trying again later makes sense)
 *
 * Then messages of the session, kinds below; numbers are little-endian.
 */

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

#include <common/json.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/strategy.h>

#define ROG_LINK_PROTOCOL 1
#define ROG_SESSION_ID_BYTES 33 /* with the NUL */

enum rog_link_kind {
    ROG_KIND_CORE = 1, /* a message of librog/sync */
    ROG_KIND_PAD,      /* zeros: what a message is short of its size on the wire */
    ROG_KIND_GO,       /* server: the run begins now; with a byte 1: the model follows */
    ROG_KIND_ADMITTED, /* server: u32 iteration, u32 largest iteration of any worker, f64 stall, s
                        */
    ROG_KIND_MODEL,    /* either: u64 values altogether, u64 first, float32 each; the tensors that
                          are trained, then the constants. A worker sends it when asked */
    ROG_KIND_DONE,     /* worker: it has made its last iteration */
    ROG_KIND_LEAVE,    /* worker: it ends before that; text says why */
    ROG_KIND_END,      /* server: the run is over; where it failed, text says why */
    ROG_KIND_LAYOUT, /* worker, first in a session with a server whose workers bring the model: u64
                        bytes altogether, u64 first, a piece of the text of layout.h */
    ROG_KIND_UPLOAD, /* server: send me your model, it is what the run starts from */
};

/* The header of MODEL and LAYOUT. */
#define ROG_KIND_PIECE_BYTES 16

/* What must be alike. NULL strings, and with them the seed where workers bring the model, are left
 * out.
 */
struct rog_hello {
    const struct rog_strategy *strategy;
    int32_t threshold;
    const struct rog_json *parameters; /* the strategy's own; NULL: it has none */
    uint32_t workers;
    /* Of the run; those that both ends must have alike are told where they have no default. */
    const struct rog_json *settings;
    const char *workload, *wire_model, *data_sha256, *model_sha256;
    uint64_t seed;
    /* Paths of plugins; NULL: none, or built in. */
    const char *library_file, *compression_file, *pull_compression_file;
};
/* ROG_EINVAL where it is too long for the first frame of a connection. */
int rog_hello_make(const struct rog_hello *given, struct rog_json **hello, struct rog_error *err);
/* ROG_EINVAL names the first that differs, with both values; `who` names the peer. */
int rog_hello_compare(const struct rog_json *own, const struct rog_json *peer, const char *who,
                      struct rog_error *err);

struct rog_link;
/* Puts a message of the core, and as much padding before it as it is short of
 * wire_scale * its size with values. Padding comes in pieces of at most `piece` bytes. */
int rog_link_put_core(struct rog_link *link, const struct rog_rows *rows, const uint8_t *message,
                      size_t size, double wire_scale, size_t piece, struct rog_error *err);

/* How large a message of the core may be so that it occupies about `bytes` on the wire. */
size_t rog_link_core_bytes(const struct rog_rows *rows, double wire_scale, size_t bytes);
/* The longest message that there is of such rows, or that fits one frame. */
size_t rog_link_message_bytes(const struct rog_rows *rows);

/* "HOST:PORT", "[ADDRESS]:PORT" or ":PORT" (any address; only with `passive`). */
int rog_link_resolve(const char *text, bool passive, struct sockaddr_storage *address,
                     socklen_t *address_bytes, struct rog_error *err);

#endif
