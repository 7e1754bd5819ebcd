/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cost of storing event streams: microseconds of CPU per line, the median of repeats. Each
 * repeat stores all streams, one after the other, each as a run, into a new database.
 *
 *     bench-ingest DATABASE REPEATS STREAM...
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bench/measure.h>
#include <common/file.h>
#include <orchestrator/store/db.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

#define CHUNK_BYTES ((size_t)4 << 20)
#define MOST_BYTES ((size_t)1 << 30)
#define MOST_REPEATS 100

static int store(struct rog_db *db, const char *run_id, const char *text, size_t size,
                 struct rog_error *err)
{
    struct rog_ingest *ingest = NULL;
    int code = rog_db_run(db, err,
                          "INSERT INTO runs(id, library, threshold, control, batchsize, epochs,"
                          " seed, status, config, config_hash)"
                          " VALUES (?, 'ROG', 4, 'outdoors', 1, 1, 1, 'running', '{}', 'h')",
                          "s", run_id);
    if (code == 0)
        code = rog_ingest_new(&ingest, db, run_id, ROG_STREAM_MAIN, err);
    for (size_t at = 0; code == 0 && at < size; at = rog_ingest_state(ingest)->stored_bytes) {
        size_t bytes = size - at < CHUNK_BYTES ? size - at : CHUNK_BYTES;
        code = rog_ingest_lines(ingest, text + at, bytes, err);
        if (code == 0 && rog_ingest_state(ingest)->stored_bytes == at)
            break;
    }
    rog_ingest_free(ingest);
    return code;
}

static int repeat(const char *path, char **streams, double *us_a_line, struct rog_error *err)
{
    static const char *const files[] = {"", "-wal", "-shm"};
    struct rog_db *db = NULL;
    double seconds = 0;
    size_t lines = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *name = rog_format("%s%s", path, files[i]);
        if (name)
            unlink(name);
        free(name);
    }
    int code = rog_db_open(&db, path, ROG_DB_WRITE, err);
    for (char **stream = streams; code == 0 && *stream; stream++) {
        char *text = NULL, run_id[64];
        size_t size = 0;
        code = rog_file_read(*stream, MOST_BYTES, &text, &size, err);
        for (size_t i = 0; i < size; i++)
            lines += text[i] == '\n';
        snprintf(run_id, sizeof run_id, "11-28-22-54-ROG-4-o-%td", stream - streams);
        double begin_s = rog_bench_cpu_s();
        if (code == 0)
            code = store(db, run_id, text, size, err);
        seconds += rog_bench_cpu_s() - begin_s;
        free(text);
    }
    rog_db_close(db);
    *us_a_line = 1e6 * seconds / (double)(lines ? lines : 1);
    return code;
}

int main(int argc, char **argv)
{
    double us[MOST_REPEATS];
    int repeats = argc > 3 ? atoi(argv[2]) : 0;
    struct rog_error err = {0};
    if (repeats < 1 || repeats > MOST_REPEATS) {
        fprintf(stderr, "usage: bench-ingest DATABASE REPEATS STREAM...\n");
        return 2;
    }
    for (int i = 0; i < repeats; i++) {
        if (repeat(argv[1], argv + 3, &us[i], &err) < 0) {
            fprintf(stderr, "bench-ingest: %s\n", err.message);
            return 1;
        }
    }
    rog_bench_print("store an event", rog_bench_median(us, (size_t)repeats), "us",
                    ROG_BENCH_NO_LIMIT);
    return 0;
}
