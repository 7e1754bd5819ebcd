/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_HELLO_H
#define ROG_LINK_HELLO_H

/*
 * The messages before a session begins or resumes: JSON objects in separate frames.
 *
 *   HELLO    "rank", "session" (32 hexadecimal digits, chosen randomly by the worker's process),
 *            "received" (number of messages of that session that it has), and values that must be
 *            equal at both ends: "protocol", "workers", "workload", "library", "library_version",
 *            "threshold", "parameters" (of a strategy that has any), "library_file" and
 *            "compression_file", "pull_compression_file" (of plugins that do not come with the
 *            program: the machine's architecture and the SHA-256 of the file; compared if both ends
 *            tell it and have the same architecture), "compression", other settings of the run that
 *            affect messages, unless they have their defaults (ROG_SETTING_OF_BOTH_ENDS),
 *            "model_sha256" and "data_sha256" (of the starting weights and the training images),
 *            "wire_model", "seed". A server whose workers provide the model neither has nor
 *            compares the last four
 *   WELCOME  "mode", "received", "t" (seconds since the run's start, negative before it); in mode
 *            "join" also "iteration"
 *              start   a new session; the run begins with the message GO
 *              resume  the session continues
 *              join    a new session; the whole model follows, work continues after "iteration"
 *   REFUSE   "message", "again" (whether trying again later makes sense)
 *
 * Messages of the session follow (kinds: see below). Numbers are little-endian.
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
    ROG_KIND_PAD,      /* padding with zeros up to the size on the wire of the next message */
    ROG_KIND_GO,       /* server: the run starts now; with a byte 1: the model follows */
    ROG_KIND_ADMITTED, /* server: u32 iteration, u32 largest of any worker, f64 stall in s */
    ROG_KIND_MODEL,    /* both: u64 number of all values, u64 first value, float32 each; first the
                          trained tensors, then the constants. A worker sends it on request */
    ROG_KIND_DONE,     /* worker: it has finished its last iteration */
    ROG_KIND_LEAVE,    /* worker: it leaves before that; the text gives the reason */
    ROG_KIND_END,      /* server: the run has ended; the text gives the reason if it failed */
    ROG_KIND_LAYOUT,   /* worker, first in a session with a server whose workers provide the model:
                          u64 number of all bytes, u64 first byte, a part of the text of layout.h */
    ROG_KIND_UPLOAD,   /* server: requests the worker's model, with which the run starts */
};

/* The header of MODEL and LAYOUT. */
#define ROG_KIND_PIECE_BYTES 16

/* Values that must be equal. NULL strings are left out, and so is the seed if workers provide the
 * model. */
struct rog_hello {
    const struct rog_strategy *strategy;
    int32_t threshold;
    const struct rog_json *parameters; /* the strategy's parameters; NULL: it has none */
    uint32_t workers;
    /* Settings of the run; those that must be equal at both ends are sent unless they have their
     * defaults. */
    const struct rog_json *settings;
    const char *workload, *wire_model, *data_sha256, *model_sha256;
    uint64_t seed;
    /* Paths of plugins; NULL: none, or built in. */
    const char *library_file, *compression_file, *pull_compression_file;
};
/* ROG_EINVAL: the hello is too long for the first frame of a connection. */
int rog_hello_make(const struct rog_hello *given, struct rog_json **hello, struct rog_error *err);
/* ROG_EINVAL: names the first value that differs, at both ends; `who` names the peer. */
int rog_hello_compare(const struct rog_json *own, const struct rog_json *peer, const char *who,
                      struct rog_error *err);

struct rog_link;
/* Puts a message of the core, after the padding that it needs to have wire_scale times its size
 * with values. Padding is sent in pieces of at most `piece` bytes. */
int rog_link_put_core(struct rog_link *link, const struct rog_rows *rows, const uint8_t *message,
                      size_t size, double wire_scale, size_t piece, struct rog_error *err);

/* Returns the size of a message of the core that takes about `bytes` on the wire. */
size_t rog_link_core_bytes(const struct rog_rows *rows, double wire_scale, size_t bytes);
/* Returns the maximum size of a message with such rows, and at least that of one frame. */
size_t rog_link_message_bytes(const struct rog_rows *rows);

/* "HOST:PORT", "[ADDRESS]:PORT" or ":PORT" (any address; only with `passive`). */
int rog_link_resolve(const char *text, bool passive, struct sockaddr_storage *address,
                     socklen_t *address_bytes, struct rog_error *err);

#endif
