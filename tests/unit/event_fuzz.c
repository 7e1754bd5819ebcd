/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host's event file: lines that are damaged, truncated, repeated or invalid, which are stored in
 * the database. Each call stores complete lines or nothing.
 *
 * With ROG_FUZZ_ENGINE the compiler's fuzzer drives it (clang -fsanitize=fuzzer); otherwise the
 * program generates inputs itself, valid lines with a few bytes changed: [iterations [seed]].
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/rng.h>
#include <orchestrator/store/event_line.h>
#include <orchestrator/store/ingest.h>

#define INPUT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth, const char *what, const struct rog_error *err)
{
    if (truth)
        return;
    fprintf(stderr, "event_fuzz: %s: %s\n", what, err ? err->message : "");
    abort();
}

static int64_t count_rows(struct rog_db *db)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM iterations) + (SELECT count(*) FROM bandwidth) +"
        " (SELECT count(*) FROM energy) + (SELECT count(*) FROM checkpoints) +"
        " (SELECT count(*) FROM events) + (SELECT count(*) FROM workers)";
    struct rog_query *query;
    struct rog_error err = {0};
    check(rog_query_new(&query, db, &err, sql, "") == 0, "query", &err);
    check(rog_query_step(query, &err) == 1, "query", &err);
    int64_t count = rog_query_int(query, 0);
    rog_query_free(query);
    return count;
}

/* Creates one run in its own database. */
static void open_db(struct rog_db **db, char folder[64])
{
    struct rog_error err = {0};
    strcpy(folder, "/tmp/rog-fuzz-XXXXXX");
    check(mkdtemp(folder) != NULL, "no folder", NULL);
    char *path = rog_path_join(folder, "x.db");
    check(rog_db_open(db, path, ROG_DB_WRITE, &err) == 0, "no database", &err);
    check(rog_db_run(*db, &err,
                     "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, seed,"
                     " status, config, config_hash)"
                     " VALUES ('r', 'ROG', 4, 'o', 1, 1, 1, 'running', '{}', 'h')",
                     "") == 0,
          "no run", &err);
    free(path);
}

/* Reading a line in place and parsing it as a tree give the same result. */
static void read_both(const char *text, size_t size)
{
    struct rog_event_line line;
    struct rog_json *tree = NULL;
    struct rog_error err = {0};
    size_t length;
    int code = rog_json_parse(text, size, "event", &tree, &err);
    check(rog_event_line_read(&line, text, size, &err) == code, "not refused alike", &err);
    for (size_t i = 0; code == 0 && line.plain && i < line.count; i++) {
        char *key = rog_format("%.*s", (int)line.member[i].key_length, line.member[i].key);
        double number = rog_json_get_number(tree, key, -7), read;
        read = rog_event_line_number(&line, key, -7);
        check(memcmp(&read, &number, sizeof number) == 0, "another number", NULL);
        free(key);
    }
    if (code == 0) {
        char *whole = rog_json_text(tree);
        const char *read = rog_event_line_json(&line, &length);
        check(strlen(whole) == length && memcmp(read, whole, length) == 0, "other JSON", NULL);
        free(whole);
    }
    rog_event_line_release(&line);
    rog_json_free(tree);
}

static void read_lines(const char *text, size_t size)
{
    const char *end = text + size;
    for (const char *next; (next = memchr(text, '\n', (size_t)(end - text))); text = next + 1)
        read_both(text, (size_t)(next - text));
}

static void store(struct rog_db *db, const char *text, size_t size)
{
    read_lines(text, size);
    struct rog_ingest *ingest;
    struct rog_error err = {0};
    check(rog_ingest_new(&ingest, db, "r", ROG_STREAM_MAIN, &err) == 0, "no stream", &err);
    int64_t before = count_rows(db);
    uint64_t begin = rog_ingest_state(ingest)->stored_bytes;
    int code = rog_ingest_lines(ingest, text, size, &err);
    uint64_t stored = rog_ingest_state(ingest)->stored_bytes - begin;
    const char *last = memrchr(text, '\n', size);
    check(code == 0 || code == ROG_EFORMAT, "neither stored nor refused", &err);
    if (code)
        check(count_rows(db) == before && stored == 0, "refused, but stored in part", &err);
    else
        check(stored == (last ? (uint64_t)(last - text) + 1 : 0), "not all that is whole", NULL);
    rog_ingest_free(ingest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rog_db *db;
    struct rog_error err = {0};
    char folder[64];
    if (size > INPUT_MAX)
        return 0;
    open_db(&db, folder);
    store(db, (const char *)data, size);
    store(db, (const char *)data, size); /* and again */
    rog_db_close(db);
    rog_dir_remove(folder, &err);
    return 0;
}

#ifndef ROG_FUZZ_ENGINE

static const char *const lines[] = {
    "{\"event\":\"start\",\"t\":0,\"version\":\"9\",\"strategy\":{\"library\":\"ROG\"},"
    "\"workers\":[{\"rank\":1,\"host\":\"a\"},{\"rank\":2,\"host\":null}]}",
    "{\"event\":\"bandwidth\",\"t\":0.5,\"rank\":1,\"mbps\":12.5}",
    "{\"event\":\"iteration\",\"t\":3,\"rank\":1,\"iteration\":1,\"compute_s\":1,\"push_s\":0.5,"
    "\"pull_s\":0.25,\"stall_s\":1.25,\"rows_pushed\":7,\"rows_pulled\":8,\"rows_total\":9,"
    "\"bytes_pushed\":5000000000,\"bytes_pulled\":11,\"loss\":2.5,\"staleness\":3}",
    "{\"event\":\"energy\",\"t\":4,\"rank\":1,\"joules\":42,\"source\":\"model\"}",
    "{\"event\":\"checkpoint\",\"t\":60,\"iteration\":5,\"path\":\"chkpt/a\",\"sha256\":\"abc\"}",
    "{\"event\":\"replay-audit\",\"t\":7,\"rank\":1,\"direction\":\"egress\",\"busy\":true}",
    "{\"event\":\"progress\",\"t\":61,\"done\":0.5}",
    "{\"event\":\"error\",\"t\":62,\"message\":\"no\"}",
    "{\"event\":\"end\",\"t\":63,\"iterations\":5,\"seconds\":63}",
};

static const char *const splinters[] = {
    "null",      "-1",     "1e999", "9223372036854775807",
    "\"\"",      "[]",     "{}",    "\\u0000",
    "\xff",      "../../", "0.5",   "\"t\":",
    "1e-400",    "\n",     "}{",    "'",
    "\"rank\":",
};

static size_t append(uint8_t *input, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (size + length > INPUT_MAX)
        return size;
    memcpy(input + size, text, length);
    return size + length;
}

/* Makes lines, some of them damaged. */
static size_t make_input(struct rog_rng *rng, uint8_t *input)
{
    size_t size = 0;
    for (uint32_t count = 1 + rog_rng_below(rng, 5); count > 0; count--) {
        size_t begin = size;
        size = append(input, size, lines[rog_rng_below(rng, sizeof lines / sizeof *lines)]);
        size_t length = size - begin;
        bool damaged = rog_rng_below(rng, 4) == 0;
        for (uint32_t hits = damaged ? rog_rng_below(rng, 3) : 0; hits > 0; hits--)
            input[begin + rog_rng_below(rng, (uint32_t)length)] = (uint8_t)rog_rng_below(rng, 256);
        if (damaged && rog_rng_below(rng, 2)) { /* the rest of the line is replaced */
            size = begin + rog_rng_below(rng, (uint32_t)length);
            size = append(input, size,
                          splinters[rog_rng_below(rng, sizeof splinters / sizeof *splinters)]);
            size = append(input, size, rog_rng_below(rng, 2) ? "}" : ",\"t\":1}");
        }
        if (count > 1 || rog_rng_below(rng, 4))
            size = append(input, size, "\n");
    }
    return size;
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? atol(argv[1]) : 2000;
    struct rog_rng rng;
    rog_rng_init(&rng, argc > 2 ? (uint64_t)atoll(argv[2]) : 1);
    struct rog_db *db;
    struct rog_error err = {0};
    char folder[64];
    open_db(&db, folder);
    for (long i = 0; i < iterations; i++) {
        uint8_t input[INPUT_MAX];
        store(db, (const char *)input, make_input(&rng, input));
    }
    check(count_rows(db) > iterations / 10, "hardly anything was stored", NULL);
    printf("%ld inputs, %lld rows\n", iterations, (long long)count_rows(db));
    rog_db_close(db);
    rog_dir_remove(folder, &err);
    return 0;
}

#endif
