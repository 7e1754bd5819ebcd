/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes and decodes messages of the protocol, field by field. */
#include <librog/sync/message.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include <librog/sync/wire.h>

#define FLAG_VALUES 1u
#define FLAG_REPORTS 2u
#define HISTORY_BYTES 32
#define END_BYTES 12
#define REPORT_BYTES 28

/* ---- numbers ---- */

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    return put_u32(put_u32(at, (uint32_t)value), (uint32_t)(value >> 32));
}

static uint8_t *put_f32(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_u32(at, bits);
}

static uint8_t *put_f64(uint8_t *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_u64(at, bits);
}

static uint8_t *put_varint(uint8_t *at, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get_u64(const uint8_t *at)
{
    return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

static float get_f32(const uint8_t *at)
{
    uint32_t bits = get_u32(at);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double get_f64(const uint8_t *at)
{
    uint64_t bits = get_u64(at);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Returns false if the message ends too early or the number does not fit 32 bits. */
static bool get_varint(const uint8_t **at, const uint8_t *end, uint32_t *value)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ROG_WIRE_VARINT_BYTES && *at < end; i++) {
        uint8_t byte = *(*at)++;
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *value = (uint32_t)sum;
            return sum <= UINT32_MAX;
        }
    }
    return false;
}

/* Reads a varint that get_varint has accepted before. */
static uint32_t checked_varint(const uint8_t **at)
{
    uint32_t value = 0;
    unsigned shift = 0;
    for (; **at >= 0x80; shift += 7)
        value |= (uint32_t)(*(*at)++ & 0x7f) << shift;
    uint8_t last = *(*at)++;
    return value | (uint32_t)last << shift;
}

bool rog_wire_run(struct rog_wire_numbers *numbers, uint32_t *first, uint32_t *length)
{
    if (numbers->runs == 0)
        return false;
    uint32_t head = checked_varint(&numbers->at);
    *first = numbers->next + head / 2;
    *length = head % 2 ? checked_varint(&numbers->at) + 2 : 1;
    numbers->next = *first + *length;
    numbers->runs--;
    return true;
}

uint32_t rog_wire_list(const struct rog_wire *wire, uint32_t *list)
{
    struct rog_wire_numbers numbers = wire->numbers;
    uint32_t first, length, count = 0;
    while (rog_wire_run(&numbers, &first, &length))
        for (uint32_t i = 0; i < length; i++)
            list[count++] = first + i;
    return count;
}

/* ---- reading ---- */

struct reader {
    const struct rog_rows *rows;
    const struct rog_way *way; /* the way of its rows */
    const uint8_t *at, *end;
    float limit; /* largest magnitude of values */
    struct rog_error *err;
};

static size_t left(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static int parse_numbers(struct reader *reader, uint32_t limit, const char *what,
                         struct rog_wire_numbers *numbers)
{
    uint32_t runs;
    if (!get_varint(&reader->at, reader->end, &runs))
        return rog_fail(reader->err, ROG_EFORMAT, "the message ends within its list of %s", what);
    *numbers = (struct rog_wire_numbers){.at = reader->at, .runs = runs};
    uint64_t next = 0, count = 0;
    for (uint32_t run = 0; run < runs; run++) {
        uint32_t head, more = 0;
        if (!get_varint(&reader->at, reader->end, &head) ||
            (head % 2 && !get_varint(&reader->at, reader->end, &more)))
            return rog_fail(reader->err, ROG_EFORMAT, "the message ends within its list of %s",
                            what);
        if (run > 0 && head < 2)
            return rog_fail(reader->err, ROG_EFORMAT,
                            "run %u of the %s overlaps or touches the one before", run, what);
        uint64_t length = head % 2 ? (uint64_t)more + 2 : 1;
        next += head / 2 + length;
        count += length;
        if (next > limit)
            return rog_fail(reader->err, ROG_EFORMAT,
                            "%s up to %llu are listed, but there are only %u", what,
                            (unsigned long long)next, limit);
    }
    numbers->count = (uint32_t)count;
    return 0;
}

static int check_scales(const struct reader *reader, const struct rog_wire *wire)
{
    struct rog_wire_numbers numbers = wire->numbers;
    uint32_t first, length, index = 0;
    while (rog_wire_run(&numbers, &first, &length)) {
        for (uint32_t tensor = first; tensor < first + length; tensor++, index++) {
            float scale = rog_wire_scale(wire, index);
            const char *name = reader->rows->tensors[tensor].name;
            if (!(scale >= 0) || scale > reader->limit)
                return rog_fail(reader->err, ROG_EFORMAT,
                                "scale %u is %g, of tensor %u%s%s: 0 to %g is allowed", index,
                                (double)scale, tensor, name ? ", " : "", name ? name : "",
                                (double)reader->limit);
        }
    }
    return 0;
}

/* As parse_numbers, for a list that is never empty. */
static int parse_some(struct reader *reader, uint32_t limit, const char *what,
                      struct rog_wire_numbers *numbers)
{
    int code = parse_numbers(reader, limit, what, numbers);
    if (code || numbers->count > 0)
        return code;
    return rog_fail(reader->err, ROG_EFORMAT, "the message lists no %s", what);
}

static int parse_begin(struct reader *reader, struct rog_wire *wire)
{
    bool demanded = wire->header.stream == ROG_WIRE_DEMANDED;
    uint32_t tensors = reader->rows->tensor_count;
    int code = demanded ? parse_some(reader, tensors, "tensors", &wire->numbers)
                        : parse_numbers(reader, tensors, "tensors", &wire->numbers);
    if (code)
        return code;
    if (!demanded && wire->numbers.count > 0 && wire->numbers.count != tensors)
        return rog_fail(reader->err, ROG_EFORMAT, "scales of %u tensors, the model has %u",
                        wire->numbers.count, reader->rows->tensor_count);

    size_t scale_bytes = wire->numbers.count * sizeof(float);
    size_t history_bytes = wire->header.stream == ROG_WIRE_PULL ? HISTORY_BYTES : 0;
    size_t present = wire->header.values ? scale_bytes : 0;
    if (left(reader) != present + history_bytes)
        return rog_fail(reader->err, ROG_EFORMAT, "%zu bytes of scales and history instead of %zu",
                        left(reader), present + history_bytes);
    wire->payload = reader->at;
    wire->wire_bytes += scale_bytes - present;
    code = wire->header.values ? check_scales(reader, wire) : 0;
    if (code || history_bytes == 0)
        return code;

    const uint8_t *at = reader->at + present;
    struct rog_history *history = &wire->history;
    history->own = get_u64(at);
    history->slowest = get_u64(at + 8);
    history->everyone_transmitted = history->slowest > 0;
    history->recent_max_s = get_f64(at + 16);
    history->mean_s = get_f64(at + 24);
    if (!isfinite(history->recent_max_s) || history->recent_max_s < 0 ||
        !isfinite(history->mean_s) || history->mean_s < 0)
        return rog_fail(reader->err, ROG_EFORMAT, "transmission times of %g s at most, %g s mean",
                        history->recent_max_s, history->mean_s);
    return 0;
}

/* The next rows of a list that belong to the same tensor. */
struct stretch {
    uint32_t first, end; /* the remaining part of the current run */
    uint32_t tensor, rows;
};

static bool next_stretch(const struct rog_rows *rows, struct rog_wire_numbers *numbers,
                         struct stretch *stretch)
{
    if (stretch->first == stretch->end) {
        uint32_t length;
        if (!rog_wire_run(numbers, &stretch->first, &length))
            return false;
        stretch->end = stretch->first + length;
    }
    stretch->tensor = rows->row_tensor[stretch->first];
    uint32_t end = rows->first_row[stretch->tensor + 1];
    end = end < stretch->end ? end : stretch->end;
    stretch->rows = end - stretch->first;
    stretch->first = end;
    return true;
}

/* Returns the least and the most bytes of all rows together. */
static struct rog_codec_bytes sum_bytes(const struct reader *reader,
                                        struct rog_wire_numbers numbers)
{
    struct rog_codec_bytes sum = {0};
    struct stretch stretch = {0};
    while (next_stretch(reader->rows, &numbers, &stretch)) {
        const struct rog_codec_bytes *bytes = &reader->way->tensors[stretch.tensor].bytes;
        sum.least += stretch.rows * bytes->least;
        sum.most += stretch.rows * bytes->most;
    }
    return sum;
}

/* Checks each row with its codec; together the rows must fill the message. */
static int check_rows(const struct reader *reader, struct rog_wire_numbers numbers)
{
    const struct rog_rows *rows = reader->rows;
    const struct rog_way *way = reader->way;
    const uint8_t *at = reader->at;
    struct rog_codec_row coded = {.parameters = way->parameters, .limit = reader->limit};
    uint32_t first, length;
    while (rog_wire_run(&numbers, &first, &length)) {
        for (uint32_t row = first; row < first + length; row++) {
            const struct rog_rows_tensor *tensor = &rows->tensors[rows->row_tensor[row]];
            const struct rog_codec_bytes *bytes = rog_rows_bytes(rows, way, row);
            coded.elements = tensor->row_size;
            coded.width = tensor->width;
            const char *why = "fewer bytes than announced";
            size_t size = (size_t)(reader->end - at), took = 0;
            if (size >= bytes->least)
                took = way->codec->check(&coded, at, size, &why);
            if (took == 0 || took > size)
                return rog_fail(reader->err, ROG_EFORMAT, "row %u%s%s has %s", row,
                                tensor->name ? ", of tensor " : "",
                                tensor->name ? tensor->name : "", why);
            if (took < bytes->least || took > bytes->most)
                return rog_fail(reader->err, ROG_EFORMAT, "row %u takes %zu bytes, not %zu to %zu",
                                row, took, bytes->least, bytes->most);
            at += took;
        }
    }
    if (at != reader->end)
        return rog_fail(reader->err, ROG_EFORMAT, "%zu bytes after the last row",
                        (size_t)(reader->end - at));
    return 0;
}

/* For a codec with levels, without values: reads the level of each row instead of the row. */
static int parse_levels(const struct reader *reader, struct rog_wire *wire)
{
    const struct rog_way *way = reader->way;
    const uint8_t *level = reader->at;
    struct rog_wire_numbers numbers = wire->numbers;
    struct stretch stretch = {0};
    if (left(reader) != wire->numbers.count)
        return rog_fail(reader->err, ROG_EFORMAT, "%zu levels of %u rows", left(reader),
                        wire->numbers.count);
    while (next_stretch(reader->rows, &numbers, &stretch)) {
        for (uint32_t i = 0; i < stretch.rows; i++, level++) {
            if (*level >= rog_way_levels(way))
                return rog_fail(reader->err, ROG_EFORMAT, "level %u of a row, %s has %u", *level,
                                way->codec->name, rog_way_levels(way));
            wire->wire_bytes +=
                rog_way_most(way, stretch.tensor, *level, wire->header.iteration) - 1;
        }
    }
    return 0;
}

/* Without values, each row counts as its maximum length. */
static int parse_absent_rows(const struct reader *reader, struct rog_wire *wire)
{
    if (rog_way_levels(reader->way) > 1)
        return parse_levels(reader, wire);
    struct rog_wire_numbers numbers = wire->numbers;
    struct stretch stretch = {0};
    if (left(reader) > 0)
        return rog_fail(reader->err, ROG_EFORMAT, "%zu bytes of rows instead of 0", left(reader));
    while (next_stretch(reader->rows, &numbers, &stretch))
        wire->wire_bytes +=
            stretch.rows * rog_way_most(reader->way, stretch.tensor, 0, wire->header.iteration);
    return 0;
}

static int parse_rows(struct reader *reader, struct rog_wire *wire)
{
    int code = parse_some(reader, reader->rows->row_count, "rows", &wire->numbers);
    if (code)
        return code;
    wire->payload = reader->at;
    wire->payload_bytes = left(reader);
    if (!wire->header.values)
        return parse_absent_rows(reader, wire);
    struct rog_codec_bytes bytes = sum_bytes(reader, wire->numbers);
    if (left(reader) < bytes.least || left(reader) > bytes.most)
        return rog_fail(reader->err, ROG_EFORMAT, "%zu bytes of rows instead of %zu", left(reader),
                        left(reader) < bytes.least ? bytes.least : bytes.most);
    return check_rows(reader, wire->numbers);
}

/* Returns whether a number of a report is valid: finite and at least `least`, or NAN (unknown). */
static bool is_valid(double value, double least)
{
    return isnan(value) || (isfinite(value) && value >= least);
}

static int parse_report(struct reader *reader, struct rog_wire *wire)
{
    const uint8_t *at = reader->at + END_BYTES;
    struct rog_report *report = &wire->report;
    report->compute_s = get_f64(at);
    report->loss = get_f64(at + 8);
    report->energy_j = get_f64(at + 16);
    report->local_steps = get_u32(at + 24);
    if (is_valid(report->compute_s, 0) && is_valid(report->loss, -DBL_MAX) &&
        is_valid(report->energy_j, 0) && report->local_steps <= ROG_LOCAL_STEPS_MAX)
        return 0;
    return rog_fail(reader->err, ROG_EFORMAT,
                    "a report of %g s for %u local steps, a loss of %g and %g J", report->compute_s,
                    report->local_steps, report->loss, report->energy_j);
}

static int parse_end(struct reader *reader, struct rog_wire *wire)
{
    size_t expected = END_BYTES + (wire->header.reports ? REPORT_BYTES : 0);
    if (left(reader) != expected)
        return rog_fail(reader->err, ROG_EFORMAT, "an end record of %zu bytes instead of %zu",
                        left(reader), expected);
    wire->rows = get_u32(reader->at);
    wire->duration_s = get_f64(reader->at + 4);
    if (wire->rows > reader->rows->row_count)
        return rog_fail(reader->err, ROG_EFORMAT, "%u rows announced, but there are only %u",
                        wire->rows, reader->rows->row_count);
    if (!isfinite(wire->duration_s) || wire->duration_s < 0)
        return rog_fail(reader->err, ROG_EFORMAT, "a transmission of %g s", wire->duration_s);
    return wire->header.reports ? parse_report(reader, wire) : 0;
}

static int parse_request(struct reader *reader, struct rog_wire *wire)
{
    int code = parse_some(reader, reader->rows->row_count, "rows", &wire->numbers);
    if (!code && left(reader) > 0)
        code = rog_fail(reader->err, ROG_EFORMAT, "%zu bytes too many", left(reader));
    return code;
}

int rog_wire_parse(const struct rog_rows *rows, const uint8_t *message, size_t size,
                   struct rog_wire *wire, struct rog_error *err)
{
    static int (*const parse[])(struct reader *, struct rog_wire *) = {
        [ROG_WIRE_BEGIN] = parse_begin,
        [ROG_WIRE_ROWS] = parse_rows,
        [ROG_WIRE_END] = parse_end,
        [ROG_WIRE_REQUEST] = parse_request,
    };

    memset(wire, 0, sizeof *wire);
    if (size < ROG_WIRE_HEADER_BYTES)
        return rog_fail(err, ROG_EFORMAT, "a message of %zu bytes is too short", size);
    if (message[0] != ROG_WIRE_VERSION)
        return rog_fail(err, ROG_EFORMAT,
                        "message format %u, but this program uses %d: use the same version of "
                        "rog-trainer on all hosts",
                        message[0], ROG_WIRE_VERSION);
    unsigned kind = message[1], stream = message[2], flags = message[3];
    if (kind < ROG_WIRE_BEGIN || kind > ROG_WIRE_REQUEST)
        return rog_fail(err, ROG_EFORMAT, "unknown kind of message %u", kind);
    if (stream > ROG_WIRE_PULL || (stream == ROG_WIRE_NONE) != (kind == ROG_WIRE_REQUEST))
        return rog_fail(err, ROG_EFORMAT, "unknown stream %u in a message of kind %u", stream,
                        kind);
    bool may_report = kind == ROG_WIRE_END && stream == ROG_WIRE_PUSH;
    if (flags & ~(may_report ? FLAG_VALUES | FLAG_REPORTS : FLAG_VALUES))
        return rog_fail(err, ROG_EFORMAT, "unknown flags %#x", flags);

    wire->header = (struct rog_wire_header){.kind = (enum rog_wire_kind)kind,
                                            .stream = (enum rog_wire_stream)stream,
                                            .values = flags & FLAG_VALUES,
                                            .reports = flags & FLAG_REPORTS,
                                            .iteration = get_u32(message + 4)};
    if (wire->header.iteration == 0)
        return rog_fail(err, ROG_EFORMAT, "iterations are numbered from 1");
    wire->message = message;
    wire->size = wire->wire_bytes = size;
    bool pull = stream == ROG_WIRE_PULL;
    struct reader reader = {
        .rows = rows,
        .way = rog_rows_way(rows, pull ? ROG_ROWS_PULL : ROG_ROWS_PUSH, wire->header.iteration),
        .at = message + ROG_WIRE_HEADER_BYTES,
        .end = message + size,
        .limit = pull ? FLT_MAX : ROG_WIRE_UPDATE_MAX,
        .err = err};
    return parse[kind](&reader, wire);
}

float rog_wire_scale(const struct rog_wire *wire, uint32_t index)
{
    return get_f32(wire->payload + (size_t)index * sizeof(float));
}

/* ---- writing ---- */

static uint8_t *put_header(uint8_t *at, const struct rog_wire_header *header)
{
    *at++ = ROG_WIRE_VERSION;
    *at++ = (uint8_t)header->kind;
    *at++ = (uint8_t)header->stream;
    *at++ = (uint8_t)((header->values ? FLAG_VALUES : 0) | (header->reports ? FLAG_REPORTS : 0));
    return put_u32(at, header->iteration);
}

static uint8_t *put_numbers(uint8_t *at, const struct rog_set *set)
{
    uint32_t end = 0;
    at = put_varint(at, rog_set_runs(set));
    for (uint32_t first = rog_set_next(set, 0); first < set->size; first = rog_set_next(set, end)) {
        uint32_t gap = first - end;
        end = rog_set_next_absent(set, first);
        uint32_t length = end - first;
        at = put_varint(at, 2 * gap + (length > 1));
        if (length > 1)
            at = put_varint(at, length - 2);
    }
    return at;
}

size_t rog_wire_put_begin(uint8_t *buffer, const struct rog_wire_header *header,
                          const struct rog_set *tensors, const float *scales,
                          const struct rog_history *history)
{
    uint8_t *at = put_numbers(put_header(buffer, header), tensors);
    if (header->values)
        for (uint32_t i = rog_set_next(tensors, 0); i < tensors->size;
             i = rog_set_next(tensors, i + 1))
            at = put_f32(at, scales[i]);
    if (header->stream == ROG_WIRE_PULL) {
        at = put_u64(at, history->own);
        at = put_u64(at, history->slowest);
        at = put_f64(at, history->recent_max_s);
        at = put_f64(at, history->mean_s);
    }
    return (size_t)(at - buffer);
}

size_t rog_wire_put_end(uint8_t *buffer, const struct rog_wire_header *header, uint32_t rows,
                        double duration_s, const struct rog_report *report)
{
    struct rog_wire_header reporting = *header;
    reporting.reports = report != NULL;
    uint8_t *at = put_f64(put_u32(put_header(buffer, &reporting), rows), duration_s);
    if (report) {
        at = put_f64(at, report->compute_s);
        at = put_f64(at, report->loss);
        at = put_f64(at, report->energy_j);
        at = put_u32(at, report->local_steps);
    }
    return (size_t)(at - buffer);
}

size_t rog_wire_put_numbers(uint8_t *buffer, const struct rog_wire_header *header,
                            const struct rog_set *numbers)
{
    return (size_t)(put_numbers(put_header(buffer, header), numbers) - buffer);
}

/* ---- sizes ---- */

/* Returns the maximum bytes of a run of numbers below `limit`: one varint of up to 2 limit, one of
 * limit. */
static size_t run_bytes(uint32_t limit)
{
    size_t bytes = 2;
    for (uint64_t number = 2 * (uint64_t)limit; number >= 0x80; number >>= 7)
        bytes++;
    for (uint32_t number = limit; number >= 0x80; number >>= 7)
        bytes++;
    return bytes;
}

void rog_wire_room_init(struct rog_wire_room *room, const struct rog_rows *rows,
                        const struct rog_way *way, size_t bytes)
{
    *room = (struct rog_wire_room){.rows = rows,
                                   .way = way,
                                   .bytes = bytes,
                                   .run_bytes = run_bytes(rows->row_count),
                                   .used = ROG_WIRE_HEADER_BYTES + ROG_WIRE_VARINT_BYTES,
                                   .last = UINT32_MAX};
}

static bool take_room(struct rog_wire_room *room, uint32_t number, size_t payload_bytes)
{
    /* Sorting can only join runs, so the bytes counted here are enough. */
    bool joins = room->last != UINT32_MAX && number == room->last + 1;
    size_t bytes = payload_bytes + (joins ? 0 : room->run_bytes);
    if (room->bytes - room->used < bytes)
        return false;
    room->used += bytes;
    room->last = number;
    return true;
}

bool rog_wire_room_row(struct rog_wire_room *room, uint32_t row)
{
    return take_room(room, row, rog_rows_bytes(room->rows, room->way, row)->most);
}

bool rog_wire_room_number(struct rog_wire_room *room, uint32_t number)
{
    return take_room(room, number, 0);
}

/* Returns the maximum bytes of a row, in any direction and any iteration. */
static size_t longest_row(const struct rog_rows *rows)
{
    size_t longest = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        size_t warm = rows->warmup ? rows->warm.tensors[i].bytes.most : 0;
        longest = warm > longest ? warm : longest;
        for (size_t k = 0; k < ROG_ROWS_DIRECTIONS; k++) {
            size_t most = rows->way[k].tensors[i].bytes.most;
            longest = most > longest ? most : longest;
        }
    }
    return longest;
}

size_t rog_message_min_bytes(const struct rog_rows *rows)
{
    size_t shared = ROG_WIRE_HEADER_BYTES + ROG_WIRE_VARINT_BYTES;
    size_t begin = shared + HISTORY_BYTES + rows->tensor_count * sizeof(float) +
                   ((size_t)rows->tensor_count / 2 + 1) * run_bytes(rows->tensor_count);
    size_t row = shared + run_bytes(rows->row_count) + longest_row(rows);
    return begin > row ? begin : row;
}

size_t rog_message_wire_bytes(const struct rog_rows *rows, const uint8_t *message, size_t size)
{
    struct rog_wire wire;
    if (size < ROG_WIRE_HEADER_BYTES || message[3] & FLAG_VALUES)
        return size;
    return rog_wire_parse(rows, message, size, &wire, NULL) ? size : wire.wire_bytes;
}

bool rog_message_is_request(const uint8_t *message, size_t size)
{
    return size >= ROG_WIRE_HEADER_BYTES && message[1] == ROG_WIRE_REQUEST;
}

bool rog_message_ends(const struct rog_rows *rows, const uint8_t *message, size_t size,
                      uint32_t *count, bool *is_push)
{
    struct rog_wire wire;
    if (size < ROG_WIRE_HEADER_BYTES || message[1] != ROG_WIRE_END ||
        rog_wire_parse(rows, message, size, &wire, NULL))
        return false;
    *count = wire.rows;
    *is_push = wire.header.stream == ROG_WIRE_PUSH;
    return true;
}
