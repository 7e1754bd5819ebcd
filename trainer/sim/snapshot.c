/* SPDX-License-Identifier: Apache-2.0 */
/* Writes, checks and opens snapshots. */
#include <trainer/sim/snapshot.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/hash.h>
#include <common/settings.h>
#include <common/snapshot.h>
#include <librog/sync/sending.h>
#include <librog/sync/server_update.h>
#include <trainer/nn/kernels.h>
#include <trainer/nn/prims.h>

/* The interval between snapshots is at least this many times the time that the last one took, so
 * that they take at most 2% of the time. */
#define COST_FACTOR 50
/* Assumed speed of the first snapshot, that of a slow disk, and bytes that memory buffers at
 * once. */
#define GUESSED_BYTES_A_S 1e8
#define GUESSED_AT_ONCE_BYTES 1e8
#define TRAINER "the trainer"
/* The running executable, even if its file has been replaced since. */
#define OWN_PROGRAM "/proc/self/exe"

/* ---- which run a snapshot belongs to ---- */

static int put_text(struct rog_json *of, const char *name, char *text, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hex);
    rog_json_put_string(of, name, hex);
    free(text);
    return ROG_OK;
}

static int put_file(struct rog_json *of, const char *name, const char *path, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    int code = rog_sha256_file(path, hex, err);
    if (!code)
        rog_json_put_string(of, name, hex);
    return code;
}

/* Adds the hashes of the files that workers read; neighbours that share a file add it once. */
static int put_records(struct rog_json *of, const struct rog_run_config *config,
                       struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct rog_json *hashes = rog_json_array();
    const char *last[2] = {"", ""};
    int code = ROG_OK;
    for (uint32_t i = 0; i < config->worker_count && !code; i++) {
        const struct rog_run_worker *worker = &config->workers[i];
        const char *const files[2] = {worker->trace, worker->step_times};
        for (int k = 0; k < 2 && !code; k++) {
            char *path = files[k] ? rog_path_of_rank(files[k], worker->rank) : NULL;
            bool known = files[k] && !strcmp(files[k], last[k]) && !strstr(files[k], ROG_RANK_MARK);
            if (path && !known && rog_file_exists(path)) {
                code = rog_sha256_file(path, hex, err);
                rog_json_append(hashes, rog_json_new_string(hex));
            }
            last[k] = files[k] ? files[k] : "";
            free(path);
        }
    }
    if (!code)
        code = put_text(of, "traces and times", rog_json_text(hashes), err);
    rog_json_free(hashes);
    return code;
}

/* Gradients differ in their last digits if they are computed by other code. */
static int put_processor(struct rog_json *of, struct rog_error *err)
{
    char prims[ROG_PRIMS_NAME_BYTES];
    rog_prims_name(prims);
    return put_text(of, "the processor or oneDNN",
                    rog_format("%s, kernels %s", prims, rog_kernels()->level), err);
}

/* Adds the configuration without settings that do not affect the run: they may change before it is
 * resumed. */
static int put_config(struct rog_json *of, const struct rog_run_config *config,
                      struct rog_error *err)
{
    struct rog_json *settings = rog_json_copy(config->json);
    rog_settings_remove(rog_run_settings, ROG_SETTING_OF_PROCESSES, settings);
    rog_json_remove(settings, "initial_model"); /* its content is hashed below, so its path does
                                                   not matter */
    int code = put_text(of, "the configuration", rog_json_text_sorted(settings), err);
    rog_json_free(settings);
    return code;
}

/* Adds the measured step times, which are not in the configuration. */
static int put_measured(struct rog_json *of, const struct rog_run_config *config,
                        struct rog_error *err)
{
    struct rog_json *steps = rog_json_array();
    for (uint32_t i = 0; i < config->worker_count; i++)
        if (config->workers[i].step_measured)
            rog_json_append(steps, rog_json_new_number(config->workers[i].step_s));
    int code = rog_json_size(steps) > 0
                   ? put_text(of, "the measured steps", rog_json_text(steps), err)
                   : ROG_OK;
    rog_json_free(steps);
    return code;
}

static int put_all(struct rog_json *of, const struct rog_train *train, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    int code = put_config(of, train->config, err);
    if (!code)
        code = put_measured(of, train->config, err);
    if (!code)
        code = put_file(of, "the strategy's plugin", train->plugin.path, err);
    if (!code)
        code = put_records(of, train->config, err);
    if (!code && train->params) {
        code = rog_train_model_sha256(train, hex, err);
        rog_json_put_string(of, "the starting model", hex);
    }
    if (!code && train->learner)
        code = put_processor(of, err);
    if (!code && train->learner)
        rog_json_put_string(of, "the data", rog_learner_data_sha256(train->learner));
    return code;
}

static double later(double a_s, double b_s)
{
    return a_s > b_s ? a_s : b_s;
}

/* Estimates from the size of the model, four arrays like it for each worker, and those of the
 * server's optimizer. */
static double guessed_s(const struct rog_train *train)
{
    double models = 4.0 * train->config->worker_count + 1 +
                    rog_server_update_arrays(train->parts.server_optimizer);
    if (!train->params)
        return 0;
    double bytes = models * (double)train->rows->params * sizeof *train->params;
    return later(bytes - GUESSED_AT_ONCE_BYTES, 0) / GUESSED_BYTES_A_S;
}

int rog_snapshots_init(struct rog_snapshots *snapshots, const struct rog_train *train,
                       const char *run_folder, const char **why, struct rog_error *err)
{
    double period_s = train->config->snapshot_period;
    *why = NULL;
    *snapshots = (struct rog_snapshots){.train = train, .path = rog_snapshot_path(run_folder)};
    if (!snapshots->path)
        return rog_fail_nomem(err);
    if (period_s <= 0)
        return ROG_OK;
    if (!rog_strategy_saves(train->plugin.strategy)) {
        *why = "the strategy has a state but no hooks to save it (save and load in "
               "<rog/strategy.h>): if this run is interrupted, it must restart from the beginning";
        return ROG_OK;
    }
    snapshots->of = rog_json_object();
    snapshots->due_s = rog_clock_s() + later(period_s, COST_FACTOR * guessed_s(train));
    return put_all(snapshots->of, train, err);
}

void rog_snapshots_release(struct rog_snapshots *snapshots)
{
    rog_json_free(snapshots->of);
    free(snapshots->path);
    *snapshots = (struct rog_snapshots){0};
}

/* ---- writing ---- */

void rog_snapshots_give_up(struct rog_snapshots *snapshots)
{
    rog_json_free(snapshots->of);
    snapshots->of = NULL;
}

bool rog_snapshots_due(const struct rog_snapshots *snapshots)
{
    return snapshots->of && rog_clock_s() >= snapshots->due_s;
}

struct sink {
    FILE *file;
    struct rog_blake2b_stream *hash;
    uint64_t bytes;
};

static int take(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct sink *sink = user;
    sink->bytes += size;
    if (sink->bytes > ROG_SNAPSHOT_MAX_BYTES)
        return rog_fail(err, ROG_EFAILED,
                        "the state of this run has more than %llu GiB, too much to save: if it is "
                        "interrupted, it must restart from the beginning",
                        (unsigned long long)(ROG_SNAPSHOT_MAX_BYTES >> 30));
    rog_blake2b_stream_add(sink->hash, bytes, size);
    if (fwrite(bytes, 1, size, sink->file) != size)
        return rog_fail(err, ROG_EIO, "%s", strerror(errno));
    return ROG_OK;
}

/* Writes the header, or fills its space with blanks if header is NULL. */
static int write_header(FILE *file, const struct rog_json *header, struct rog_error *err)
{
    char text[ROG_SNAPSHOT_HEADER_BYTES];
    char *words = header ? rog_json_text(header) : rog_strdup("");
    size_t length = words ? strlen(words) : 0;
    memset(text, ' ', sizeof text);
    if (length >= sizeof text)
        length = 0; /* the header has some hundred bytes, so this never happens */
    memcpy(text, words, length);
    text[sizeof text - 1] = '\n';
    free(words);
    if (fseek(file, 0, SEEK_SET) || fwrite(text, 1, sizeof text, file) != sizeof text)
        return rog_fail(err, ROG_EIO, "%s", strerror(errno));
    return length || !header ? ROG_OK : rog_fail_nomem(err);
}

static int write_state(FILE *file, void (*archive)(void *user, struct rog_archive *archive),
                       void *user, struct rog_json *header, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct sink sink = {.file = file};
    int code = rog_blake2b_stream_new(&sink.hash, err);
    if (code)
        return code;
    struct rog_archive made;
    rog_archive_save(&made, take, &sink);
    archive(user, &made);
    code = rog_archive_end(&made, err);
    rog_blake2b_stream_end(sink.hash, hex);
    rog_json_put_integer(header, "state_bytes", (int64_t)sink.bytes);
    rog_json_put_string(header, "state_blake2b", hex);
    return code;
}

static int write_file(struct rog_snapshots *snapshots, struct rog_json *header,
                      void (*archive)(void *user, struct rog_archive *archive), void *user,
                      struct rog_error *err)
{
    struct rog_file_writer writer;
    int code = rog_file_writer_open(&writer, snapshots->path, err);
    if (code)
        return code;
    code = write_header(writer.file, NULL, err);
    if (!code)
        code = write_state(writer.file, archive, user, header, err);
    if (!code)
        code = rog_snapshot_seal(header, err);
    if (!code)
        code = write_header(writer.file, header, err);
    if (!code)
        return rog_file_writer_commit(&writer, err);
    rog_file_writer_discard(&writer);
    return code;
}

int rog_snapshots_write(struct rog_snapshots *snapshots, double t_s, uint64_t events_bytes,
                        void (*archive)(void *user, struct rog_archive *archive), void *user,
                        struct rog_error *err)
{
    double began_s = rog_clock_s();
    int code = ROG_OK;
    if (!rog_json_get(snapshots->of, TRAINER))
        code = put_file(snapshots->of, TRAINER, OWN_PROGRAM, err);
    struct rog_json *header = rog_json_object();
    rog_json_put_integer(header, "format", ROG_SNAPSHOT_FORMAT);
    rog_json_put_number(header, "t", t_s);
    rog_json_put_integer(header, "events_bytes", (int64_t)events_bytes);
    rog_json_put(header, "of", rog_json_copy(snapshots->of));
    if (!code)
        code = write_file(snapshots, header, archive, user, err);
    rog_json_free(header);
    double now_s = rog_clock_s(), period_s = snapshots->train->config->snapshot_period;
    snapshots->due_s = now_s + later(period_s, COST_FACTOR * (now_s - began_s));
    if (code == ROG_EFAILED)
        rog_snapshots_give_up(snapshots);
    return code;
}

/* ---- opening ---- */

struct comparison {
    const struct rog_json *other;
    const char *differs;
};

static int compare(const char *name, const struct rog_json *value, void *user)
{
    struct comparison *comparison = user;
    const char *there = rog_json_get_string(comparison->other, name, "");
    if (strcmp(there, rog_json_string(value, "")) != 0)
        comparison->differs = name;
    return comparison->differs != NULL;
}

/* Checks that both headers have the same members, each with the same hash. */
static int check_owner(const struct rog_snapshots *snapshots, const struct rog_json *there,
                       struct rog_error *err)
{
    struct comparison comparison = {.other = there};
    struct rog_json *of = rog_json_copy(snapshots->of);
    int code = put_file(of, TRAINER, OWN_PROGRAM, err);
    if (!code)
        rog_json_each(of, compare, &comparison);
    if (!code && !comparison.differs && rog_json_size(there) != rog_json_size(of))
        comparison.differs = "the run";
    if (comparison.differs)
        code = rog_fail(err, ROG_EINVAL, "cannot resume from %s: %s has changed", snapshots->path,
                        comparison.differs);
    rog_json_free(of);
    return code;
}

static int map(const char *path, struct rog_snapshot *snapshot, struct rog_error *err)
{
    struct stat info;
    int fd = rog_file_open_regular(path);
    bool good = fd >= 0 && !fstat(fd, &info);
    void *bytes =
        good ? mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(cause));
    snapshot->bytes = bytes;
    snapshot->size = (size_t)info.st_size;
    return ROG_OK;
}

/* Checks the hash of the state, which follows the header. */
static int check_hash(const char *path, const struct rog_json *header,
                      const struct rog_snapshot *snapshot, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    size_t size = snapshot->size - ROG_SNAPSHOT_HEADER_BYTES;
    if (rog_json_get_integer(header, "state_bytes", -1) != (int64_t)size)
        return rog_fail(err, ROG_EFORMAT, "%s is damaged: it has %zu bytes of state", path, size);
    struct rog_blake2b_stream *hash = NULL;
    int code = rog_blake2b_stream_new(&hash, err);
    if (code)
        return code;
    rog_blake2b_stream_add(hash, (const char *)snapshot->bytes + ROG_SNAPSHOT_HEADER_BYTES, size);
    rog_blake2b_stream_end(hash, hex);
    if (strcmp(hex, rog_json_get_string(header, "state_blake2b", "")) != 0)
        return rog_fail(err, ROG_EFORMAT, "%s is damaged: its hash does not match", path);
    return ROG_OK;
}

int rog_snapshots_open(const struct rog_snapshots *snapshots, struct rog_snapshot *snapshot,
                       struct rog_error *err)
{
    *snapshot = (struct rog_snapshot){0};
    struct rog_json *header = NULL;
    if (!snapshots->of)
        return rog_fail(err, ROG_EINVAL,
                        "cannot resume from %s: snapshots are now off for this run",
                        snapshots->path);
    int code = rog_snapshot_header(snapshots->path, &header, err);
    if (!code)
        code = check_owner(snapshots, rog_json_get(header, "of"), err);
    if (!code)
        code = map(snapshots->path, snapshot, err);
    if (!code)
        code = check_hash(snapshots->path, header, snapshot, err);
    if (!code) {
        snapshot->events_bytes = (uint64_t)rog_json_get_integer(header, "events_bytes", 0);
        rog_archive_load(&snapshot->archive,
                         (const char *)snapshot->bytes + ROG_SNAPSHOT_HEADER_BYTES,
                         snapshot->size - ROG_SNAPSHOT_HEADER_BYTES);
    }
    rog_json_free(header);
    return code;
}

void rog_snapshot_release(struct rog_snapshot *snapshot)
{
    if (snapshot->bytes)
        munmap(snapshot->bytes, snapshot->size);
    snapshot->bytes = NULL;
}

int rog_snapshots_remove(const char *run_folder, struct rog_error *err)
{
    char *folder = rog_path_join(run_folder, ROG_SNAPSHOT_FOLDER);
    int code = folder ? rog_dir_remove(folder, err) : rog_fail_nomem(err);
    free(folder);
    return code;
}
