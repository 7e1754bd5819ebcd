/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_WIRE_H
#define ROG_SYNC_WIRE_H

/*
 * The format of messages: this header is the whole of it. Numbers are little-endian; varint is
 * unsigned LEB128 of at most 5 bytes; f32 and f64 are IEEE 754.
 *
 *   every message   u8 version (1), u8 kind, u8 stream, u8 flags (bit 0: values travel; bit 1, of
 *                   the end of a push: a report follows), u32 iteration
 *   BEGIN           tensors, f32 scale of each of these tensors (>= 0, finite);
 *                   then, on a pull: u64 own, u64 slowest, f64 recent_max_s, f64 mean_s
 *   ROWS            rows, then each of these rows as the table's codec encodes it (rog/codec.h)
 *   END             u32 rows sent in this stream, f64 seconds since the stream's beginning; a
 *                   report is f64 compute_s, f64 loss, f64 energy_j, each NaN where it is not
 *                   known, u32 local steps
 *   REQUEST         rows; `iteration` is the version they must reach
 *
 * `tensors` and `rows` are ascending numbers as runs: varint runs, then for each run varint
 * 2 gap + m, where gap counts the numbers left out since the run before (0 only in the first run)
 * and m is 1 for a run of more than one number, whose length - 2 follows as a varint.
 *
 * A stream is BEGIN, ROWS any number of times, END. A push and a pull name every tensor, or none:
 * then they have no rows. Demanded rows, which a worker sends between two pushes, name the tensors
 * they need. Without values (no model, only its shape) scales and rows are left out; where the
 * rows' codec has levels, the level of each row is there instead of it, u8. Everything else is the
 * same.
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

/* The largest scale and the largest value that a worker may send: what is to be subtracted from a
 * weight, the learning rate in it. No training takes such a step and is a training after it. What
 * is larger is refused before anything of its message is applied, so that no number of pushes makes
 * a model that floats cannot hold. A pull may have any finite value. */
#define ROG_WIRE_UPDATE_MAX 1e6f

enum rog_wire_kind { ROG_WIRE_BEGIN = 1, ROG_WIRE_ROWS, ROG_WIRE_END, ROG_WIRE_REQUEST };

enum rog_wire_stream {
    ROG_WIRE_NONE = 0, /* in REQUEST */
    ROG_WIRE_PUSH,
    ROG_WIRE_DEMANDED,
    ROG_WIRE_PULL,
};

struct rog_wire_header {
    enum rog_wire_kind kind;
    enum rog_wire_stream stream;
    bool values;
    bool reports; /* END of a push */
    uint32_t iteration;
};

/* Numbers still in their message; walk a copy with rog_wire_run. */
struct rog_wire_numbers {
    const uint8_t *at;
    uint32_t runs;  /* left */
    uint32_t next;  /* end of the run before */
    uint32_t count; /* of all numbers */
};

/* The next run; false at the end. The numbers have been checked by rog_wire_parse. */
bool rog_wire_run(struct rog_wire_numbers *numbers, uint32_t *first, uint32_t *length);

struct rog_wire;
/* All numbers of a message, ascending, to `list`, which has room for them; how many there are. */
uint32_t rog_wire_list(const struct rog_wire *wire, uint32_t *list);

/* A message taken apart. Pointers lead into the message. */
struct rog_wire {
    const uint8_t *message; /* all of it, `size` bytes */
    size_t size;
    struct rog_wire_header header;
    struct rog_wire_numbers numbers; /* BEGIN: tensors; ROWS, REQUEST: rows */
    const uint8_t *payload;          /* scales or rows, in the order of the numbers */
    size_t payload_bytes;            /* of rows; without values of their levels */
    struct rog_history history;      /* BEGIN of a pull */
    uint32_t rows;                   /* END */
    double duration_s;               /* END */
    struct rog_report report;        /* END that reports */
    size_t wire_bytes;               /* length it has, or would have at most with values */
};

/* Checks everything that can be checked without knowing the receiver's state: version, kinds,
 * numbers ascending and in range, exact length, scales and durations finite and >= 0, rows
 * by the codec. ROG_EFORMAT says what is wrong. */
int rog_wire_parse(const struct rog_rows *rows, const uint8_t *message, size_t size,
                   struct rog_wire *wire, struct rog_error *err);

/* The index-th scale of a BEGIN with values. */
float rog_wire_scale(const struct rog_wire *wire, uint32_t index);

/* Writers; each returns the length written. The caller has made sure that it fits. */
size_t rog_wire_put_begin(uint8_t *buffer, const struct rog_wire_header *header,
                          const struct rog_set *tensors, const float *scales,
                          const struct rog_history *history);
/* report: NULL: none. */
size_t rog_wire_put_end(uint8_t *buffer, const struct rog_wire_header *header, uint32_t rows,
                        double duration_s, const struct rog_report *report);
/* Header and numbers of ROWS or REQUEST; the rows follow. */
size_t rog_wire_put_numbers(uint8_t *buffer, const struct rog_wire_header *header,
                            const struct rog_set *numbers);

/* How far a message of at most `bytes` is filled, counting each row as the most that it can take,
 * also where values do not travel. Rows may come in any order. */
struct rog_wire_room {
    const struct rog_rows *rows;
    const struct rog_way *way; /* that rows are to go */
    size_t bytes, used;
    size_t run_bytes; /* a row that does not follow the last takes so many more */
    uint32_t last;    /* row added last, UINT32_MAX at first */
};
void rog_wire_room_init(struct rog_wire_room *room, const struct rog_rows *rows,
                        const struct rog_way *way, size_t bytes);
/* False, and nothing taken, when the row does not fit. */
bool rog_wire_room_row(struct rog_wire_room *room, uint32_t row);
/* The same for a number without its row. */
bool rog_wire_room_number(struct rog_wire_room *room, uint32_t number);

#endif
