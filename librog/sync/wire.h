/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WIRE_H
#define ROG_SYNC_WIRE_H

/*
 * The complete format of messages. Numbers are little-endian; varint is unsigned LEB128 of at most
 * 5 bytes; f32 and f64 are IEEE 754.
 *
 *   every message   u8 version (1), u8 kind, u8 stream, u8 flags (bit 0: the message has values;
 *                   bit 1, at the end of a push: a report follows), u32 iteration
 *   BEGIN           tensors, f32 scale of each of these tensors (>= 0, finite);
 *                   then, on a pull: u64 own, u64 slowest, f64 recent_max_s, f64 mean_s
 *   ROWS            rows, then each of these rows as the table's codec encodes it (rog/codec.h)
 *   END             u32 rows sent in this stream, f64 seconds since the stream's beginning; a
 *                   report is f64 compute_s, f64 loss, f64 energy_j, each NaN if unknown, u32 local
 *                   steps
 *   REQUEST         rows; `iteration` is the version that they must reach
 *
 * `tensors` and `rows` are ascending numbers as runs: varint runs, then for each run varint
 * 2 gap + m, where gap is how many numbers are left out after the previous run (0 only in the
 * first run) and m is 1 for a run of more than one number; its length - 2 follows as a varint.
 *
 * A stream is BEGIN, ROWS any number of times, END. A push and a pull list every tensor, or none if
 * they have no rows. Demanded rows, which a worker sends between two pushes, list the tensors that
 * they need. Without values (no model, only its shape) scales and rows are left out; if the codec
 * has levels, the level of each row replaces it, u8. Everything else is the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/node.h>
#include <librog/sync/rows.h>
#include <librog/sync/set.h>
#include <rog/error.h>
#include <rog/strategy.h>

#define ROG_WIRE_VERSION 1
#define ROG_WIRE_HEADER_BYTES 8
#define ROG_WIRE_VARINT_BYTES 5

/* The largest scale and the largest value that a worker may send: what is subtracted from a weight,
 * including the learning rate. A training that takes such a step has diverged. Larger values are
 * rejected before any part of their message is applied, so that no number of pushes makes a model
 * that floats cannot hold. A pull may have any finite value. */
#define ROG_WIRE_UPDATE_MAX 1e6f

enum rog_wire_kind { ROG_WIRE_BEGIN = 1, ROG_WIRE_ROWS, ROG_WIRE_END, ROG_WIRE_REQUEST };

enum rog_wire_stream {
    ROG_WIRE_NONE = 0, /* for REQUEST */
    ROG_WIRE_PUSH,
    ROG_WIRE_DEMANDED,
    ROG_WIRE_PULL,
};

struct rog_wire_header {
    enum rog_wire_kind kind;
    enum rog_wire_stream stream;
    bool values;
    bool reports; /* END of a push: a report follows */
    uint32_t iteration;
};

/* Numbers still encoded in their message; iterate over a copy with rog_wire_run. */
struct rog_wire_numbers {
    const uint8_t *at;
    uint32_t runs;  /* runs left */
    uint32_t next;  /* end of the previous run */
    uint32_t count; /* count of all numbers */
};

/* Sets *first and *length to the next run; returns false at the end. rog_wire_parse has checked the
 * numbers. */
bool rog_wire_run(struct rog_wire_numbers *numbers, uint32_t *first, uint32_t *length);

struct rog_wire;
/* Writes all numbers of a message, ascending, to `list`, which must have room for them; returns
 * their number. */
uint32_t rog_wire_list(const struct rog_wire *wire, uint32_t *list);

/* A parsed message. Its pointers point into the message. */
struct rog_wire {
    const uint8_t *message; /* the whole message, `size` bytes */
    size_t size;
    struct rog_wire_header header;
    struct rog_wire_numbers numbers; /* BEGIN: tensors; ROWS, REQUEST: rows */
    const uint8_t *payload;          /* scales or rows, in the order of the numbers */
    size_t payload_bytes;            /* of rows; without values, of their levels */
    struct rog_history history;      /* BEGIN of a pull */
    uint32_t rows;                   /* END */
    double duration_s;               /* END */
    struct rog_report report;        /* END with a report */
    size_t wire_bytes;               /* its length, or without values the maximum that it would have
                                        with them */
};

/* Checks everything that does not depend on the receiver's state: version, kinds, numbers ascending
 * and in range, exact length, scales and durations finite and >= 0, rows by the codec. ROG_EFORMAT:
 * a check failed; the message says which. */
int rog_wire_parse(const struct rog_rows *rows, const uint8_t *message, size_t size,
                   struct rog_wire *wire, struct rog_error *err);

/* Returns scale number `index` of a BEGIN with values. */
float rog_wire_scale(const struct rog_wire *wire, uint32_t index);

/* Writers; each returns the number of bytes written. The caller must have made sure that they
 * fit. */
size_t rog_wire_put_begin(uint8_t *buffer, const struct rog_wire_header *header,
                          const struct rog_set *tensors, const float *scales,
                          const struct rog_history *history);
/* report NULL: none. */
size_t rog_wire_put_end(uint8_t *buffer, const struct rog_wire_header *header, uint32_t rows,
                        double duration_s, const struct rog_report *report);
/* Writes the header and numbers of ROWS or REQUEST; the rows follow. */
size_t rog_wire_put_numbers(uint8_t *buffer, const struct rog_wire_header *header,
                            const struct rog_set *numbers);

/* Tracks how full a message of at most `bytes` is, counting each row with its maximum length, even
 * without values. Rows may be added in any order. */
struct rog_wire_room {
    const struct rog_rows *rows;
    const struct rog_way *way; /* how the rows are encoded */
    size_t bytes, used;
    size_t run_bytes; /* additional bytes of a row that does not follow the previous row */
    uint32_t last;    /* the previous row; UINT32_MAX at first */
};
void rog_wire_room_init(struct rog_wire_room *room, const struct rog_rows *rows,
                        const struct rog_way *way, size_t bytes);
/* Returns false, and adds nothing, if the row does not fit. */
bool rog_wire_room_row(struct rog_wire_room *room, uint32_t row);
/* The same for a number without its row. */
bool rog_wire_room_number(struct rog_wire_room *room, uint32_t number);

#endif
